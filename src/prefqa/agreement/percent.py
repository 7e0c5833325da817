"""Percent pairwise agreement: the share of comparisons in which two annotators say the same."""

from __future__ import annotations

from prefqa._types import Floats
from prefqa.agreement.ratio import ratio
from prefqa.moments import Sums


def percent_agreement(s: Sums) -> Floats:
    r"""Share of pairs of votes on the same response pair that are equal; a tie equals only a tie.

    .. math:: P = \sum [C(g) + C(e) + C(l)] / \sum C(m), \quad C(x) = x(x-1)/2

    Sums run over all response pairs with m >= 2 votes (pooled), g and l decided each way, e ties. Partial rankings
    count where both responses are ranked. NaN without a pair that two annotators judged.
    Source: Fleiss (1971), eq. 2 for one unit, pooled by comparisons.
    """
    return ratio(s.agree, s.compare)


def percent_agreement_ties_half(s: Sums) -> Floats:
    r"""As `percent_agreement`, with half a point where one annotator ties and the other decides.

    .. math:: P = \sum [C(g) + C(e) + C(l) + e(g+l)/2] / \sum C(m)

    Source: the "relaxed" agreement of Wang et al. (2023), arXiv 2306.04751, human evaluation.
    """
    return ratio(s.agree + s.tie_split / 2, s.compare)


def percent_agreement_no_ties(s: Sums) -> Floats:
    r"""Share of equal votes among pairs of annotators who both decided.

    .. math:: P = \sum [C(g) + C(l)] / \sum C(g + l)

    NaN where no two annotators decided the same pair. Source: Zheng et al. (2023), arXiv 2306.05685, setup S2.
    """
    return ratio(s.agree_decided, s.agree_decided + s.reversal)
