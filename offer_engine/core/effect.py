"""Uplift: what offers are worth, as a difference of profit per visit, or of purchase rate, with an interval that holds.

Shoppers, not visits, are drawn into a group, so a shopper's visits are one observation: the mean per visit is a ratio
of totals, its variance that of the linearised residuals (Cochran, *Sampling Techniques*, 3rd ed., 6.4), and the
interval Welch's, with Satterthwaite's degrees of freedom, since the control group is small. The twin run of a simulated
day needs no groups: the same shoppers with and without offers, and the interval of a paired difference.

*Uplift* belongs to an experiment; the *lift* of a pairing in baskets is another thing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, sqrt

from scipy.special import stdtrit

CONFIDENCE = 0.95
LEAST_SHOPPERS = 2  # fewer have no variance


@dataclass(frozen=True, slots=True)
class Total:
    """One shopper: the sum over the visits that count, and how many there were, at least one."""

    amount: float
    visits: int


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference per visit with its interval; infinite ends where there is too little to say."""

    estimate: float
    low: float
    high: float
    treated_mean: float
    control_mean: float
    treated_shoppers: int
    control_shoppers: int

    @property
    def is_told_from_zero(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class _Arm:
    mean: float
    variance: float  # of the mean
    shoppers: int


def _arm(totals: Sequence[Total]) -> _Arm:
    """Ratio of totals per visit, and its variance over shoppers.

    >>> _arm([Total(10.0, 1), Total(20.0, 1)])
    _Arm(mean=15.0, variance=25.0, shoppers=2)
    """
    shoppers = len(totals)
    visits = sum(total.visits for total in totals)
    mean = sum(total.amount for total in totals) / visits if visits else 0.0
    if shoppers < LEAST_SHOPPERS:
        return _Arm(mean, inf, shoppers)
    residuals = sum((total.amount - mean * total.visits) ** 2 for total in totals)
    return _Arm(mean, residuals * shoppers / (shoppers - 1) / visits**2, shoppers)


def uplift(treated: Sequence[Total], controls: Sequence[Total], confidence: float = CONFIDENCE) -> Effect:
    """The difference per visit between treated shoppers and controls.

    >>> effect = uplift([Total(3.0, 1), Total(5.0, 1)] * 50, [Total(1.0, 1), Total(3.0, 1)] * 50)
    >>> round(effect.estimate, 2), round(effect.low, 2), round(effect.high, 2), effect.is_told_from_zero
    (2.0, 1.72, 2.28, True)
    """
    one, other = _arm(treated), _arm(controls)
    half = _half_width([one, other], confidence)
    estimate = one.mean - other.mean
    return Effect(estimate, estimate - half, estimate + half, one.mean, other.mean, one.shoppers, other.shoppers)


def paired(with_offers: Mapping[str, Total], without: Mapping[str, Total], confidence: float = CONFIDENCE) -> Effect:
    """The difference per visit for the same shoppers in two runs of one day; who is missing in a run bought nothing.

    >>> twins = {name: Total(10.0 + number, 1) for number, name in enumerate("abcd")}
    >>> effect = paired({name: Total(total.amount + 1, 1) for name, total in twins.items()}, twins)
    >>> effect.estimate, effect.low, effect.high
    (1.0, 1.0, 1.0)
    """
    shoppers = sorted(with_offers.keys() | without.keys())
    nothing = Total(0.0, 0)
    pairs = [(with_offers.get(who, nothing), without.get(who, nothing)) for who in shoppers]
    gains = _arm([Total(one.amount - other.amount, max(one.visits, other.visits)) for one, other in pairs])
    half = _half_width([gains], confidence)
    visits = sum(max(one.visits, other.visits) for one, other in pairs) or 1
    treated = sum(one.amount for one, _ in pairs) / visits
    control = sum(other.amount for _, other in pairs) / visits
    return Effect(gains.mean, gains.mean - half, gains.mean + half, treated, control, len(shoppers), len(shoppers))


def _half_width(arms: Sequence[_Arm], confidence: float) -> float:
    variance = sum(arm.variance for arm in arms)
    if not isfinite(variance):
        return inf
    if variance == 0:
        return 0.0
    freedom = variance**2 / sum(arm.variance**2 / (arm.shoppers - 1) for arm in arms)
    return float(stdtrit(freedom, (1 + confidence) / 2)) * sqrt(variance)
