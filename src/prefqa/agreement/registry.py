"""The coefficients there are, as one table."""

from __future__ import annotations

import math
from typing import NamedTuple

from prefqa.agreement import alpha, concordance, kappa, percent
from prefqa.errors import UsageError, nearest
from prefqa.moments import Coefficient


class Entry(NamedTuple):
    """A coefficient, its target, range, the moment that tells whether an item counts, and why it may be undefined."""

    target: str
    function: Coefficient
    bounds: tuple[float, float] = (-math.inf, 1.0)
    counted: str = "unit"
    undefined: str = "all votes are the same"
    by_id: Coefficient | None = None


_NO_ORDER = "no two rankings of an item that do not tie all the responses they share"

COEFFICIENTS: dict[str, Entry] = {
    "alpha_nominal": Entry("votes", alpha.alpha_nominal, by_id=alpha.alpha_nominal_by_id),
    "alpha_ordered": Entry("votes", alpha.alpha_ordered, by_id=alpha.alpha_ordered_by_id),
    "symmetric_kappa": Entry("votes", kappa.symmetric_kappa),
    "percent_agreement": Entry("votes", percent.percent_agreement, (0.0, 1.0)),
    "percent_agreement_ties_half": Entry("votes", percent.percent_agreement_ties_half, (0.0, 1.0)),
    "percent_agreement_no_ties": Entry(
        "votes", percent.percent_agreement_no_ties, (0.0, 1.0), undefined="no two annotators decided the same pair"
    ),
    "kendall_w": Entry(
        "ranks",
        concordance.kendall_w,
        (0.0, 1.0),
        "w_items",
        "no item with two complete rankings that are not all ties",
    ),
    "kendall_w_corrected": Entry(
        "ranks",
        concordance.kendall_w_corrected,
        (-1.0, 1.0),
        "w_items",
        "no item with two complete rankings that are not all ties",
    ),
    "kendall_tau_x": Entry("ranks", concordance.kendall_tau_x, (-1.0, 1.0)),
    "kendall_tau_b": Entry("ranks", concordance.kendall_tau_b, (-1.0, 1.0), "correlated", _NO_ORDER),
    "spearman": Entry("ranks", concordance.spearman, (-1.0, 1.0), "correlated", _NO_ORDER),
    "top_1": Entry("ranks", concordance.top_1, (0.0, 1.0), "best_pairs"),
}
#: `orientation=`: how votes are told into "first" and "second".
ORIENTATIONS = ("symmetric", "id")


def lookup(name: str, orientation: str = "symmetric") -> Entry:
    """Return the entry of a coefficient in an orientation; say what there is if there is none of that name."""
    if name not in COEFFICIENTS:
        close = nearest(name, COEFFICIENTS)
        hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(COEFFICIENTS)}."
        raise UsageError(f"no coefficient is called {name!r}", hint=hint)
    if orientation not in ORIENTATIONS:
        raise UsageError(f"no orientation is called {orientation!r}", hint=f"there are: {', '.join(ORIENTATIONS)}.")
    entry = COEFFICIENTS[name]
    return entry._replace(function=entry.by_id) if orientation == "id" and entry.by_id else entry
