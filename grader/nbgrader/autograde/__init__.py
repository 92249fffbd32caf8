"""``nbgrader autograde`` with Gradiente's examiner and candidate, in place of nbgrader's kernel.

``preprocessor`` is what nbgrader calls for each notebook; ``paper`` makes an exercise of the instructor's source
notebook, ``desk`` keeps a grader for the process, and ``ahead`` grades what comes next while nbgrader writes. ``rest``
runs what the grader cannot take in a sandboxed kernel, where a course wants that; ``links`` and ``marks`` undo
what a student may have done to the folder and to the cells.
"""

from grader.nbgrader.autograde.links import RefuseLinks
from grader.nbgrader.autograde.marks import RestoreMarks
from grader.nbgrader.autograde.preprocessor import ExternalGrade

__all__ = ["ExternalGrade", "RefuseLinks", "RestoreMarks"]
