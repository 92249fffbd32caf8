"""Grades deep-learning exercises: hidden pytest suites against sandboxed student code.

Imports nothing heavy, so that the portal and the command line start fast.
"""
