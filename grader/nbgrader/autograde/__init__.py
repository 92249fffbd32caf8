"""``nbgrader autograde`` with Gradiente's examiner and candidate, in place of nbgrader's kernel.

``exporter`` takes notebooks through nbgrader's passes: ``links``, ``marks`` and ``overwrite`` undo what a student may
have done to the folder and to the cells, and ``preprocessor`` grades. ``run`` has what all notebooks of a run share:
``paper`` makes an exercise of the instructor's source notebook, ``cells`` is what the gradebook says of it, ``desk``
keeps a grader for the process, and ``ahead`` grades what comes next while nbgrader writes. ``book`` opens gradebooks.
``rest`` runs what the grader cannot take in a sandboxed kernel, where a course wants that.
"""
