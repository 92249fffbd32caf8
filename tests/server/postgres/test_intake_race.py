"""The tests of people who do the same thing at the same moment, once more."""

from tests.server.test_intake_race import *  # noqa: F403
