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


def kendall_w_incomplete(s: Sums) -> Floats:
    r"""Kendall's W of rankings that leave out responses, from the mean Spearman correlation of pairs of annotators.

    .. math:: W = (1 + \bar\rho (\bar k - 1)) / \bar k

    with rho on the n responses that both rank, weighted by n - 1 (0 where a ranking ties all of these), and k the mean
    number of rankings that a response stands in; pooled over items. Source: Taylor (1987); irrNA's kendallNA.
    """
    rankings = ratio(s.ranked, s.responses)
    return ratio(1 + ratio(s.rho_weighted, s.rho_weight) * (rankings - 1), rankings)


def rbo(s: Sums) -> Floats:
    r"""Mean rank-biased overlap of pairs of rankings, which counts agreement at the top most.

    .. math:: RBO = (1 - p) \sum_{d=1}^{n} p^{d-1} X_d / d + p^n, \quad p = 0.9

    X_d is the overlap of both rankings' first d of the n responses that both rank; a tie gives each response its chance
    of standing among the first d (Corsi and Urbano 2024, RBO_a). Between 0 and 1, and never 0 for rankings of the same
    responses: at random it is well above, so compare it with itself only.
    Source: Webber, Moffat and Zobel (2010), eq. 30 (extrapolated).
    """
    return ratio(s.rbo, s.best_pairs)
