"""Concordance of rankings: how alike the whole rankings of an item are."""

from __future__ import annotations

from prefqa._types import Floats
from prefqa.agreement.ratio import ratio
from prefqa.moments import Sums


def kendall_w(s: Sums) -> Floats:
    r"""Kendall's W with correction for ties, averaged over items.

    .. math:: W = 12 S / (m^2 (n^3 - n) - m \sum (t^3 - t))

    S is the sum of squared deviations of the n responses' sums of mid-ranks, over the m annotators who ranked all
    responses of the item (m >= 2; the others are left out). 1 = same ranking, 1/m is expected without agreement, so
    read it beside `kendall_w_corrected`. An item where everyone ties everything has no W and is left out.
    Source: Kendall (1948); Siegel and Castellan (1988), eq. 9.19.
    """
    return ratio(s.w, s.w_items)


def kendall_w_corrected(s: Sums) -> Floats:
    """W with its chance level removed, (m W - 1) / (m - 1), averaged over items: the mean Spearman correlation.

    Equals the mean Spearman correlation of pairs of annotators when there are no ties. Source: Kendall (1948).
    """
    return ratio(s.w_corrected, s.w_items)


def kendall_tau_x(s: Sums) -> Floats:
    r"""Mean extended Kendall correlation of pairs of rankings, in which tying alike is agreeing.

    .. math:: \tau_x = \frac{\sum [C(g) + C(e) + C(l) - g l]}{\sum C(m)}

    Pooled over pairs of responses, so that rankings count by the pairs that both rank; a tie against a decision counts
    0. 1 = all equal; t^2 is expected of coin tosses with a share t of ties. Undefined without a shared pair.
    Source: Emond and Mason (2002), eq. 5; for partial rankings Yoo, Escobedo and Skolfield (2020).
    """
    return ratio(s.agree - s.reversal, s.compare)


def kendall_tau_b(s: Sums) -> Floats:
    r"""Mean Kendall's tau-b over pairs of annotators of an item, on the responses that both rank.

    .. math:: \tau_b = (C - D) / \sqrt{(P - T_1)(P - T_2)}

    with P pairs of responses, of which T are tied in either ranking. A pair of rankings of which one ties all shared
    responses has no tau-b and is left out. Source: Kendall (1945).
    """
    return ratio(s.tau_b, s.correlated)


def spearman(s: Sums) -> Floats:
    """Mean Spearman correlation over pairs of annotators of an item: Pearson's of mid-ranks of shared responses.

    Pairs of rankings of which one ties all shared responses are left out. Source: Kendall (1948), chapter 3.
    """
    return ratio(s.rho, s.correlated)


def top_1(s: Sums) -> Floats:
    """Share of pairs of annotators with the same best response, of those that both rank.

    Where one has several best, the chance that both, each picking one at random, pick the same: no tie is broken by
    row order or name. 1/k is expected at random among k untied responses.
    """
    return ratio(s.same_best, s.best_pairs)
