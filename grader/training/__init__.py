"""Training checks: data sets, synthetic problems, and the salt that makes what was learned at home worthless."""
