"""Experiments that repeat what the course reports, the record of what came out, and the table of both."""
