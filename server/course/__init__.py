"""Courses and their assignments: when what may be handed in, how often, and what being late costs."""
