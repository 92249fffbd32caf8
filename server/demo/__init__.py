"""``gradiente serve --demo``: a course in full swing, to look at every page with something on it.

Forty students hand in solutions that the exercises' own trees hold, right and wrong ones. No score is made up: the
portal grades them like any others, in the minutes after its start. The choice is the same every time.
"""

from server.demo.course import Login, fill
from server.demo.plan import CODE
from server.demo.work import date_back

__all__ = ["CODE", "Login", "date_back", "fill"]
