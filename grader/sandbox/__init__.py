"""Isolation of student code: a forked process turns itself into a sandbox, unprivileged, without a container engine."""

from grader.sandbox.cgroup import Cgroup
from grader.sandbox.limits import Layer, Limits, SandboxError
from grader.sandbox.plan import Plan, prepare
from grader.sandbox.probe import probe
from grader.sandbox.spawn import kill, spawn
from grader.sandbox.watchdog import resident_mb

__all__ = ["Cgroup", "Layer", "Limits", "Plan", "SandboxError", "kill", "prepare", "probe", "resident_mb", "spawn"]
