"""Small machine-made mistakes in a reference solution: a suite that lets one live does not check that line.

source ─▶ sites (what may be changed) ─▶ edits (one change each) ─▶ mutants (whole sources)
"""

from grader.mutation.mutant import Mutant, mutate

__all__ = ["Mutant", "mutate"]
