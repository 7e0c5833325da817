"""Krippendorff's alpha on votes: agreement beyond chance, whatever the number of annotators per item."""

from __future__ import annotations

from prefqa._types import Floats
from prefqa.agreement.ratio import ratio
from prefqa.moments import Sums


def alpha_nominal(s: Sums) -> Floats:
    """Krippendorff's alpha of votes as unordered categories; "first" and "second" have the same marginal.

    Which response of a pair is called first is arbitrary, so both counts are replaced by their mean. See `_alpha`.
    """
    half = (s.votes - s.ties) / 2
    return _alpha(s, half, half, squared_tie=1.0, squared_reversal=1.0)


def alpha_ordered(s: Sums) -> Floats:
    """Krippendorff's ordinal alpha of votes as first < tie < second, with symmetrised marginals.

    A reversal counts four times a tie against a decision: with h votes each way and t ties, the mid-rank distances
    are (h + t) / 2 and h + t.
    """
    half = (s.votes - s.ties) / 2
    return _alpha(s, half, half, squared_tie=1.0, squared_reversal=4.0)


def alpha_nominal_by_id(s: Sums) -> Floats:
    """`alpha_nominal` with the raw marginals under the order of response_id, as other packages compute it."""
    return _alpha(s, s.firsts, s.votes - s.ties - s.firsts, squared_tie=1.0, squared_reversal=1.0)


def alpha_ordered_by_id(s: Sums) -> Floats:
    """`alpha_ordered` with the raw marginals under the order of response_id (ordinal distances by mid-ranks)."""
    first, second = s.firsts, s.votes - s.ties - s.firsts
    to_first = ((first + s.ties) / 2) ** 2
    to_second = ((second + s.ties) / 2) ** 2
    across = (first / 2 + s.ties + second / 2) ** 2
    observed = 2 * (s.reversal_w * across + s.tie_split_first_w * to_first + s.tie_split_second_w * to_second)
    expected = 2 * (first * second * across + first * s.ties * to_first + second * s.ties * to_second)
    return 1 - ratio((s.votes - 1) * observed, expected)


def _alpha(s: Sums, first: Floats, second: Floats, squared_tie: float, squared_reversal: float) -> Floats:
    r"""Alpha from the coincidences of three categories with fixed squared distances.

    .. math:: \alpha = 1 - (n - 1) \frac{\sum_{ck} O_{ck}\delta^2_{ck}}{\sum_{ck} n_c n_k \delta^2_{ck}}, \quad
              O_{ck} = \sum_u n_{uc} n_{uk} / (m_u - 1)

    A unit u is a response pair of an item with m >= 2 votes; others drop out, which is the whole treatment of missing
    and partial rankings. NaN without variance (all votes in one category). At most 1; can be negative.
    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, section D.
    """
    tie_split_w = s.tie_split_first_w + s.tie_split_second_w
    observed = 2 * (s.reversal_w * squared_reversal + tie_split_w * squared_tie)
    expected = 2 * (first * second * squared_reversal + (first + second) * s.ties * squared_tie)
    return 1 - ratio((s.votes - 1) * observed, expected)
