"""The tests of the line for GPUs, once more."""

from tests.server.test_devices import *  # noqa: F403
