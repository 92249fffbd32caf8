"""Keeps nbgrader's gradebook and the portal in step: ``run.run`` does it for a course.

portal.py       what stands on the portal, and the two things that are written there: points and comments
course.py       what nbgrader's own settings say of the course
gradebook.py    the gradebook's database, SQLite or PostgreSQL, one transaction at a time
book.py         an assignment of it as it stands;  making.py: what it lacks;  writing.py: what is written
frame.py        which cell of the gradebook is which test of the portal
memory.py       what both sides had after the last run
step.py         a value looked at three ways
merge.py        what is to be carried for one student, and what is a conflict: a decision.py
points.py       of that, points that people gave;  remark.py: comments;  reason.py: what the history says
assignment.py   one assignment from reading to writing;  account.py: what people are told of it
"""
