"""When further runs of a training are worth their time: a truncated sequential test with a stated error.

A mean over few runs that lies a little below a rung may be bad luck. So there are more runs before points are refused,
one at a time, until the mean reaches the rung, or the case is hopeless, or there have been ``Plan.most`` runs.

What a run reaches is taken as m + g + e: g is common to all runs of one grading (where a test draws something once for
all of them) and e is the run's own, both normal, with the calibrated standard deviations ``Spread.shared`` and
``Spread.own``.

Given g, the test is Wald's sequential probability ratio test (A. Wald, Sequential Tests of Statistical Hypotheses,
Annals of Mathematical Statistics 16, 1945, pages 117 to 186), truncated and one-sided. Let x be by how much a run
exceeds the rung, s = ``own`` and S the sum of n values of x. Right is a mean of x of at least d, wrong one of -d; the
logarithm of the ratio of the likelihoods, wrong over right, is -2 d S / s^2. Points are refused early when the ratio
exceeds 1 / a, that is at

    S <= -s^2 ln(1 / a) / (2 d).

However often one looks, a right solution gets there with probability a at most: under it the ratio is a nonnegative
martingale that starts at 1, or a supermartingale (J. Ville, Étude critique de la notion de collectif, 1939). After N =
``most`` runs points are refused when S < 0. With d = z s / sqrt(N), z the quantile of the normal distribution at 1 - a,
that happens with probability a at most. To stop when the mean reaches the rung can only spare refusals. With a =
ERROR / 4 both together make ERROR / 2, and ERROR / 2 is left for a g so bad that m + g lies less than d above the
rung. So a solution whose m lies ``needed_lead`` above a rung is refused its points in fewer than ERROR of all checks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev, variance

#: How often a correct solution may be refused full points.
ERROR = 0.001
#: At most so many times the usual number of runs.
_FACTOR = 4


@dataclass(frozen=True)
class Spread:
    """How far apart runs of one solution lie: standard deviations."""

    #: of what is a run's own
    own: float = 0.0
    #: of what all runs of one grading have in common
    shared: float = 0.0


@dataclass(frozen=True)
class Plan:
    """How many runs a check has."""

    #: runs of every check
    seeds: int
    #: standard deviation of what is a run's own; 0 where nobody has measured it, and then there are no further runs
    own: float = 0.0

    @property
    def most(self) -> int:
        """Runs that there can be."""
        return _FACTOR * self.seeds

    @property
    def margin(self) -> float:
        """How far above a rung the mean of infinitely many runs must lie for the stated error: d."""
        return _normal(ERROR / 4) * self.own / math.sqrt(self.most)

    @property
    def deficit(self) -> float:
        """How far the runs together may lie below a rung before it is hopeless."""
        return self.own**2 * math.log(4 / ERROR) / (2 * self.margin) if self.own else 0.0

    def wants_another(self, leads: Sequence[float]) -> bool:
        """Whether to run once more. ``leads``: by how much each run so far exceeds the next rung."""
        if len(leads) < self.seeds:
            return True
        return len(leads) < self.most and -self.deficit < math.fsum(leads) < 0


def needed_lead(seeds: int, spread: Spread) -> float:
    """How far above a rung the true mean of a solution of this spread must lie for the stated error."""
    return Plan(seeds, spread.own).margin + _normal(ERROR / 2) * spread.shared


def needed_lead_of_sample(seeds: int, groups: Sequence[Sequence[float]]) -> float:
    """How far above a rung the mean of a calibration must lie: it is a sample itself, and may have been lucky.

    The larger of two: what is needed were the sample the truth, and the distance t s sqrt(1 + 1 / n) of a prediction
    bound for one more grading like the n that were measured, with s the standard deviation of their means and t the
    quantile of Student's distribution at 1 - ERROR (Meeker, Hahn and Escobar, Statistical Intervals, 2017, chapter 4).
    Further runs are not even needed for that: they can only spare refusals.
    """
    from scipy.special import stdtrit

    student = float(stdtrit(len(groups) - 1, 1 - ERROR))
    distance = student * stdev(map(fmean, groups)) * math.sqrt(1 + 1 / len(groups))
    return max(needed_lead(seeds, estimate(groups)), distance)


def estimate(groups: Sequence[Sequence[float]]) -> Spread:
    """Both standard deviations from gradings of equally many runs, by analysis of variance."""
    count = len(groups[0])
    own = fmean(variance(group) for group in groups) if count > 1 else variance(value for [value] in groups)
    means = variance(map(fmean, groups))
    return Spread(math.sqrt(own), math.sqrt(max(0.0, means - own / count)))


def _normal(error: float) -> float:
    return NormalDist().inv_cdf(1 - error)
