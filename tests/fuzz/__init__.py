"""Hostile bytes for everything that reads what a student wrote: ``python -m tests.fuzz [TARGET...] --seconds N``."""
