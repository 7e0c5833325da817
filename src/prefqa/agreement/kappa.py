"""Kappa coefficients on votes."""

from __future__ import annotations

from prefqa._types import Floats
from prefqa.agreement.percent import percent_agreement
from prefqa.agreement.ratio import ratio
from prefqa.moments import Sums


def symmetric_kappa(s: Sums) -> Floats:
    r"""Agreement beyond chance of votes, where chance is a coin for the direction and the pool's share of ties.

    .. math:: \kappa = (P - P_e) / (1 - P_e), \quad t = \sum e / \sum m, \quad P_e = t^2 + (1 - t)^2 / 2

    P as in `percent_agreement`. Does not depend on which response is called first. NaN where all votes are ties.
    Source: Fleiss (1971) with the marginals of first and second made equal.
    """
    t = ratio(s.ties, s.votes)
    chance = t**2 + (1 - t) ** 2 / 2
    return ratio(percent_agreement(s) - chance, 1 - chance)
