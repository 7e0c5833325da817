"""The coefficients there are, by target, as tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from prefqa.agreement import alpha, categorical, concordance, icc, kappa, percent
from prefqa.errors import UsageError, nearest
from prefqa.moments import Coefficient
from prefqa.rating_moments import RatingCoefficient


class Entry(NamedTuple):
    """A coefficient: how it is computed, its range, and why it may be undefined.

    Exactly one of `votes` (a function of the moments of votes and rankings), `ratings` (of the moments of ratings) and
    `route` (one that knows the annotators) is given. `counted` is the moment that tells whether an item counts.
    `usual` tells whether it is in the default suite, `whole` whether it is in "all"; `needs` is "categories",
    "numbers" or "ratio", what it asks of the scale of ratings.
    """

    target: str
    votes: Coefficient | None = None
    ratings: RatingCoefficient | None = None
    route: str = ""
    bounds: tuple[float, float] = (-math.inf, 1.0)
    counted: str = "unit"
    undefined: str = "all votes are the same"
    by_id: Coefficient | None = None
    usual: bool = True
    whole: bool = True
    needs: str = "categories"

    @property
    def carried(self) -> str:
        """Moment of ratings that an annotator who counts takes away: all ratings, or those beside another."""
        return "ratings" if self.counted == "rated" else "paired"


_NO_ORDER = "no two rankings of an item that do not tie all the responses they share"
_INCOMPLETE = "no item with two complete rankings that are not all ties"
_ALIKE = "all ratings are the same"
_SHARE = (0.0, 1.0)
_BOTH = (-1.0, 1.0)

_VOTES = {
    "alpha_nominal": Entry("votes", alpha.alpha_nominal, by_id=alpha.alpha_nominal_by_id),
    "alpha_ordered": Entry("votes", alpha.alpha_ordered, by_id=alpha.alpha_ordered_by_id),
    "symmetric_kappa": Entry("votes", kappa.symmetric_kappa),
    "percent_agreement": Entry("votes", percent.percent_agreement, bounds=_SHARE),
    "percent_agreement_ties_half": Entry("votes", percent.percent_agreement_ties_half, bounds=_SHARE),
    "percent_agreement_no_ties": Entry(
        "votes",
        percent.percent_agreement_no_ties,
        bounds=_SHARE,
        undefined="no two annotators decided the same pair",
    ),
    "fleiss_kappa": Entry("votes", ratings=categorical.fleiss_kappa, counted="rated", usual=False),
    "conger_kappa": Entry("votes", route="conger", usual=False),
    "cohen_kappa": Entry("votes", route="cohen", usual=False),
    "scott_pi": Entry("votes", route="scott", usual=False),
    "gwet_ac1": Entry("votes", ratings=categorical.gwet_ac1, counted="rated", usual=False, whole=False),
    "gwet_ac2": Entry("votes", ratings=categorical.gwet_ac2, counted="rated", usual=False, whole=False),
    "brennan_prediger": Entry("votes", ratings=categorical.brennan_prediger, usual=False, whole=False),
}
_RANKS = {
    "kendall_w": Entry("ranks", concordance.kendall_w, bounds=_SHARE, counted="w_items", undefined=_INCOMPLETE),
    "kendall_w_corrected": Entry(
        "ranks", concordance.kendall_w_corrected, bounds=_BOTH, counted="w_items", undefined=_INCOMPLETE
    ),
    "kendall_tau_x": Entry("ranks", concordance.kendall_tau_x, bounds=_BOTH),
    "kendall_tau_b": Entry("ranks", concordance.kendall_tau_b, bounds=_BOTH, counted="correlated", undefined=_NO_ORDER),
    "spearman": Entry("ranks", concordance.spearman, bounds=_BOTH, counted="correlated", undefined=_NO_ORDER),
    "top_1": Entry("ranks", concordance.top_1, bounds=_SHARE, counted="best_pairs"),
    "kendall_w_incomplete": Entry(
        "ranks",
        concordance.kendall_w_incomplete,
        bounds=_BOTH,
        counted="rho_weight",
        undefined=_NO_ORDER,
        usual=False,
    ),
    "rbo": Entry("ranks", concordance.rbo, bounds=_SHARE, counted="best_pairs", usual=False),
}
_CATEGORIES = {
    "percent_agreement": Entry("", ratings=categorical.percent_agreement, bounds=_SHARE),
    "percent_agreement_weighted": Entry("", ratings=categorical.percent_agreement_weighted, bounds=_SHARE, usual=False),
    "unanimity": Entry("", ratings=categorical.unanimity, bounds=_SHARE, usual=False),
    "alpha_nominal": Entry("", ratings=categorical.alpha_nominal, undefined=_ALIKE),
    "fleiss_kappa": Entry("", ratings=categorical.fleiss_kappa, counted="rated", undefined=_ALIKE),
    "conger_kappa": Entry("", route="conger", undefined=_ALIKE),
    "cohen_kappa": Entry("", route="cohen", undefined=_ALIKE),
    "scott_pi": Entry("", route="scott", undefined=_ALIKE, usual=False),
    "gwet_ac1": Entry("", ratings=categorical.gwet_ac1, counted="rated", undefined="there is one category only"),
    "brennan_prediger": Entry(
        "", ratings=categorical.brennan_prediger, undefined="there is one category only", usual=False
    ),
}
_LABELS = {name: entry._replace(target="labels") for name, entry in _CATEGORIES.items()}
_SCORES = {
    "alpha_ordinal": Entry("scores", ratings=categorical.alpha_ordinal, undefined=_ALIKE),
    "alpha_interval": Entry("scores", ratings=categorical.alpha_interval, undefined=_ALIKE, needs="numbers"),
    "alpha_ratio": Entry("scores", ratings=categorical.alpha_ratio, undefined=_ALIKE, usual=False, needs="ratio"),
    "alpha_weighted": Entry("scores", ratings=categorical.alpha_weighted, undefined=_ALIKE, usual=False),
    "icc_1": Entry("scores", ratings=icc.icc_1, counted="rated", undefined=_ALIKE, bounds=_BOTH, needs="numbers"),
    "icc_2": Entry("scores", route="icc_2", undefined=_ALIKE, needs="numbers"),
    "icc_3": Entry("scores", route="icc_3", undefined=_ALIKE, needs="numbers"),
    "icc_1k": Entry("scores", ratings=icc.icc_1k, counted="rated", undefined=_ALIKE, usual=False, needs="numbers"),
    "icc_2k": Entry("scores", route="icc_2k", undefined=_ALIKE, usual=False, needs="numbers"),
    "icc_3k": Entry("scores", route="icc_3k", undefined=_ALIKE, usual=False, needs="numbers"),
    **{name: entry._replace(target="scores", usual=False) for name, entry in _CATEGORIES.items()},
    "gwet_ac2": Entry(
        "scores", ratings=categorical.gwet_ac2, counted="rated", undefined="there is one category only", usual=False
    ),
}
#: On the strength of votes with their direction: -3 .. 3, a tie 0. The direction alone is what "votes" measures.
_GRADES = {
    "alpha_grades": Entry("grades", ratings=categorical.alpha_ordinal),
    "weighted_kappa": Entry("grades", ratings=categorical.fleiss_kappa, counted="rated"),
    "percent_same_grade": Entry("grades", ratings=categorical.percent_agreement, bounds=_SHARE),
    "percent_agreement_weighted": Entry(
        "grades", ratings=categorical.percent_agreement_weighted, bounds=_SHARE, usual=False
    ),
    "alpha_weighted": Entry("grades", ratings=categorical.alpha_weighted, usual=False),
    "conger_kappa": Entry("grades", route="conger", usual=False),
    "cohen_kappa": Entry("grades", route="cohen", usual=False),
    "scott_pi": Entry("grades", route="scott", usual=False),
    "gwet_ac2": Entry("grades", ratings=categorical.gwet_ac2, counted="rated", usual=False, whole=False),
}
#: Every coefficient of each target.
TARGETS: dict[str, dict[str, Entry]] = {
    "votes": _VOTES, "ranks": _RANKS, "grades": _GRADES, "scores": _SCORES, "labels": _LABELS,
}  # fmt: skip
#: The default suite: on votes and rankings.
COEFFICIENTS = {n: e for target in ("votes", "ranks") for n, e in TARGETS[target].items() if e.usual}
#: `orientation=`: how votes are told into "first" and "second".
ORIENTATIONS = ("symmetric", "id", "position")


def choose(target: str | Sequence[str] | None, coefficients: str | Sequence[str] | None) -> list[tuple[str, Entry]]:
    """Return the coefficients that are asked for, in the order of the tables or as named.

    Without a target, names are looked up in votes, ranks, grades, scores and labels, in that order; without names, the
    usual ones of the target (without both, those of votes and ranks) or all of them.
    """
    targets = ([target] if isinstance(target, str) else list(target)) if target else None
    for name in targets or ():
        if name not in TARGETS:
            raise UsageError(f"no target is called {name!r}", hint=f"there are: {', '.join(TARGETS)}.")
    if coefficients is None or coefficients == "all":
        wanted = "whole" if coefficients else "usual"
        return [(n, e) for t in targets or ("votes", "ranks") for n, e in TARGETS[t].items() if getattr(e, wanted)]
    names = [coefficients] if isinstance(coefficients, str) else list(coefficients)
    return [_lookup(name, targets or list(TARGETS)) for name in names]


def _lookup(name: str, targets: list[str]) -> tuple[str, Entry]:
    for target in targets:
        if name in TARGETS[target]:
            return name, TARGETS[target][name]
    names = [known for target in targets for known in TARGETS[target]]
    elsewhere = [target for target in TARGETS if name in TARGETS[target]]
    close = nearest(name, names)
    hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(dict.fromkeys(names))}."
    if elsewhere:
        hint = f"it is one on {' and '.join(elsewhere)}."
    where = f" on {' or '.join(targets)}" if len(targets) < len(TARGETS) else ""
    raise UsageError(f"no coefficient{where} is called {name!r}", hint=hint)
