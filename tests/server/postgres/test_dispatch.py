"""The tests of the line, once more."""

from tests.server.test_dispatch import *  # noqa: F403
