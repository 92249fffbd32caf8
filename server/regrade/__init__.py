"""Regrades: submissions are graded again, aside; staff looks at the difference and publishes it, or not."""
