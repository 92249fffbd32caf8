"""``nbgrader autograde`` with Gradiente's examiner and candidate, in place of nbgrader's kernel.

``preprocessor`` is what nbgrader calls for each notebook; ``paper`` makes an exercise of the instructor's source
notebook, ``desk`` keeps a grader for the process, and ``ahead`` grades what comes next while nbgrader writes.
"""

from grader.nbgrader.autograde.preprocessor import ExternalGrade

__all__ = ["ExternalGrade"]
