"""How likely a vote is, given the difference of two log worths: three ways to take ties, and unreliable annotators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import expit, log_expit

from prefqa._types import Floats

Ties = Literal["half", "davidson", "rao-kupper"]


class Counts(NamedTuple):
    """Votes on each of n pairs of names: for first, neither, second. Weighted votes need not be whole."""

    first: Floats
    tie: Floats
    second: Floats

    @property
    def total(self) -> Floats:
        """All votes of each pair."""
        return self.first + self.tie + self.second


class Terms(NamedTuple):
    """Log likelihood of each pair's votes, its slopes, and minus its second derivatives.

    By d, the difference of log worths, and by z, the tie parameter or the annotator's; `z` names are 0 where there is
    none.
    """

    value: Floats
    d: Floats
    z: Floats
    dd: Floats
    dz: Floats
    zz: Floats


def half(d: Floats, votes: Counts) -> Terms:
    """A tie is half a vote for either side: P(first) = 1 / (1 + exp(-d)) (Bradley and Terry 1952)."""
    won, lost = votes.first + votes.tie / 2, votes.second + votes.tie / 2
    p = expit(d)
    none = np.zeros_like(d)
    value = won * log_expit(d) + lost * log_expit(-d)
    return Terms(value, won - votes.total * p, none, votes.total * p * (1 - p), none, none)


def davidson(d: Floats, z: float, votes: Counts) -> Terms:
    """P(first) : P(tie) : P(second) = exp(d/2) : nu : exp(-d/2), with z = log nu (Davidson 1970)."""
    n = votes.total
    least = np.maximum(np.abs(d) / 2, z)
    up, level, down = np.exp(d / 2 - least), np.exp(z - least), np.exp(-d / 2 - least)
    whole = up + level + down
    lean, tied = (up - down) / whole, level / whole
    value = (votes.first - votes.second) * d / 2 + votes.tie * z - n * (np.log(whole) + least)
    return Terms(
        value,
        (votes.first - votes.second - n * lean) / 2,
        votes.tie - n * tied,
        n * (1 - tied - lean**2) / 4,
        -n * lean * tied / 2,
        n * tied * (1 - tied),
    )


def rao_kupper(d: Floats, z: float, votes: Counts) -> Terms:
    """P(first) = s(d - z), P(second) = s(-d - z), else a tie; s the logistic curve (Rao and Kupper 1967, theta = e^z).

    P(tie) = (e^2z - 1) s(d - z) s(-d - z), for z > 0.
    """
    if z <= 0:
        return Terms(*(np.full_like(d, np.nan) for _ in Terms._fields))
    one, two = votes.first + votes.tie, votes.second + votes.tie
    p, q = expit(d - z), expit(-d - z)
    value = one * log_expit(d - z) + two * log_expit(-d - z) + votes.tie * np.log(np.expm1(2 * z))
    curved_one, curved_two = one * p * (1 - p), two * q * (1 - q)
    missed_one, missed_two = one * (1 - p), two * (1 - q)
    open_ = -np.expm1(-2 * z)
    return Terms(
        value,
        missed_one - missed_two,
        2 * votes.tie / open_ - missed_one - missed_two,
        curved_one + curved_two,
        curved_two - curved_one,
        curved_one + curved_two + votes.tie * 4 * np.exp(-2 * z) / open_**2,
    )


def unreliable(d: Floats, z: Floats, votes: Counts) -> Terms:
    """P(first) = eta s(d) + (1 - eta) s(-d), with eta = s(z) the annotator's reliability (Chen et al. 2013, eq. 5).

    A tie is half a vote for either side.
    """
    won, lost = votes.first + votes.tie / 2, votes.second + votes.tie / 2
    p, eta = expit(d), expit(z)
    sure, fair = 2 * eta - 1, 2 * p - 1
    right = np.clip((1 + sure * fair) / 2, 1e-300, 1 - 1e-16)
    by_d, by_z = sure * p * (1 - p), eta * (1 - eta) * fair
    slope, bend = won / right - lost / (1 - right), won / right**2 + lost / (1 - right) ** 2
    return Terms(
        won * np.log(right) + lost * np.log1p(-right),
        slope * by_d,
        slope * by_z,
        bend * by_d**2 + slope * by_d * fair,
        bend * by_d * by_z - slope * 2 * eta * (1 - eta) * p * (1 - p),
        bend * by_z**2 + slope * by_z * sure,
    )


@dataclass(frozen=True)
class TieModel:
    """What the fit needs to know of a way to take ties that estimates how common they are."""

    terms: Callable[[Floats, float, Counts], Terms]
    #: What is reported, as a function of z and its derivative.
    name: str
    shown: Callable[[float], float]
    #: Where to start, from the share of ties.
    start: Callable[[float], float]


#: Both report a number that is 0 or 1 where there are no ties: nu, and the threshold theta = e^z.
TIE_MODELS = {
    "davidson": TieModel(davidson, "nu", lambda z: float(np.exp(z)), lambda t: float(np.log(2 * t / (1 - t)))),
    "rao-kupper": TieModel(rao_kupper, "theta", lambda z: float(np.exp(z)), lambda t: float(2 * np.arctanh(t))),
}
WITHOUT_TIES = {"davidson": 0.0, "rao-kupper": 1.0}
