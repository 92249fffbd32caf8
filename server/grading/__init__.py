"""The line of submissions and whoever works it off."""
