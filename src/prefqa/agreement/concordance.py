"""Kendall's coefficient of concordance: how alike the whole rankings of an item are."""

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
