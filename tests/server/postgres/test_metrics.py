"""The line, counted once more."""

from tests.server.test_metrics import (  # noqa: F401
    app,
    test_a_submission_is_counted_on_its_way,
    test_the_line_is_counted_by_device_and_priority,
)
