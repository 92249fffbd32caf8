"""What a course's submissions tell its staff: figures of assignments and tests, and which solutions are alike."""
