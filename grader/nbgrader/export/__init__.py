"""Exercises as nbgrader assignments: ``assignment.export`` writes one."""
