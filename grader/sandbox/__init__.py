"""Isolation of student code: a forked process turns itself into a sandbox, unprivileged, without a container engine."""

from grader.sandbox.cgroup import Cgroup
from grader.sandbox.gpu import with_gpu
from grader.sandbox.limits import Layer, Limits, SandboxError
from grader.sandbox.namespaces import NO_GPU
from grader.sandbox.omission import NOTHING, Omission
from grader.sandbox.plan import Plan, prepare
from grader.sandbox.probe import probe
from grader.sandbox.spawn import kill, spawn
from grader.sandbox.watchdog import resident_mb

__all__ = [
    "NOTHING", "NO_GPU", "Cgroup", "Layer", "Limits", "Omission", "Plan", "SandboxError", "kill", "prepare", "probe",
    "resident_mb", "spawn", "with_gpu",
]  # fmt: skip
