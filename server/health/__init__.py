"""Whether the portal and its workers are well: checks, metrics and spans, and where they are asked for."""
