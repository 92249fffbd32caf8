"""For courses that use nbgrader. Nothing that grades and nothing of the portal imports it."""
