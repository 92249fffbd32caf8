"""What was handed in: taking it in, its place in the line, its live page, report, history and receipt."""
