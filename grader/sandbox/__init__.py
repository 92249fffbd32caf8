"""Isolation of student code: a forked process becomes a sandbox around itself, unprivileged, without a container engine."""

from grader.sandbox.limits import Layer, Limits, SandboxError
from grader.sandbox.plan import Plan, prepare
from grader.sandbox.spawn import kill, spawn

__all__ = ["Layer", "Limits", "Plan", "SandboxError", "kill", "prepare", "spawn"]
