"""Estimates of coefficients with their uncertainty, over all items and by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from prefqa.agreement.by_position import named_by_position
from prefqa.agreement.doubts import warnings
from prefqa.agreement.rating_source import RatingSource
from prefqa.agreement.registry import ORIENTATIONS, Entry, choose
from prefqa.agreement.sources import Source, VoteSource
from prefqa.agreement.weights import WEIGHTS
from prefqa.bootstrap import UNDEFINED, bca, percentile
from prefqa.errors import UsageError
from prefqa.moments import interval
from prefqa.preferences import Preferences, as_preferences
from prefqa.replicates import Replicates
from prefqa.results import Result, records
from prefqa.strengths import STRENGTH, strengths

SCHEMA: dict[str, Any] = {
    "coefficient": pl.String,
    "target": pl.String,
    "slice": pl.String,
    "estimate": pl.Float64,
    "se": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "n_items": pl.Int64,
    "n_annotators": pl.Int64,
    "n_votes": pl.Int64,
    "reason": pl.String,
    "inference": pl.String,
}
#: Over what the data is a sample: items only (these annotators, further items), or items and annotators.
INFERENCE = ("items+annotators", "items")
#: How intervals are made.
METHODS = ("jackknife", "percentile", "bca")


@dataclass(frozen=True)
class AgreementResult(Result):
    """Estimates, one row per coefficient and slice; a null estimate, error or interval has its `reason`.

    `slice` is null for all items together, else "column=value". `n_items` counts items that carry something to the
    coefficient, `n_votes` the votes or ratings on what at least two annotators judged. `inference` says over what
    the standard error speaks: "items+annotators", or "items" where that was asked for or annotators are too few.
    """

    estimates: pl.DataFrame
    by: tuple[str, ...] = ()
    level: float = 0.95
    orientation: str = "symmetric"
    method: str = "jackknife over items and annotators, t quantiles"
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return {"estimates": [...]} beside the settings."""
        return {
            "estimates": records(self.estimates.drop("inference")),
            "by": list(self.by),
            "level": self.level,
            "orientation": self.orientation,
            "method": self.method,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class Options:
    """How estimates are made; see `agreement`."""

    level: float = 0.95
    orientation: str = "symmetric"
    inference: str = "items+annotators"
    weights: str | None = None
    categories: Sequence[object] | None = None
    method: str = "jackknife"
    n_replicates: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not there, and say what is."""
        if not 0 < self.level < 1:
            raise UsageError(f"level must be between 0 and 1, not {self.level}")
        if self.n_replicates < 100:
            raise UsageError(f"n_replicates must be 100 or more, not {self.n_replicates}")
        known = {"orientation": ORIENTATIONS, "inference": INFERENCE, "method": METHODS}
        for name, values in (known | ({"weights": WEIGHTS} if self.weights is not None else {})).items():
            if getattr(self, name) not in values:
                what = f"no {name} is called {getattr(self, name)!r}"
                raise UsageError(what, hint=f"there are: {', '.join(values)}.")

    @property
    def annotators(self) -> bool:
        """Whether annotators are a sample too."""
        return self.inference == INFERENCE[0] and self.method == "jackknife"


def agreement(
    prefs: Preferences,
    *,
    target: str | Sequence[str] | None = None,
    coefficients: str | Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    level: float = 0.95,
    orientation: str = "symmetric",
    inference: str = "items+annotators",
    weights: str | None = None,
    categories: Sequence[object] | None = None,
    method: str = "jackknife",
    n_replicates: int = 1000,
    seed: int = 0,
) -> AgreementResult:
    r"""Measure inter-annotator agreement on votes, rankings, graded votes, scores or labels.

    The standard error is that of a sample of items and of annotators,

    .. math:: V = V_{items} + \max(V_{annotators} - V_{judgments}, 0)

    each a delete-one jackknife, with t quantiles at Satterthwaite's degrees of freedom (see `prefqa.replicates`): the
    chance of single judgments is in both, so it is taken off once. With annotators of uneven skill
    an interval over items alone is far too narrow for what other annotators would say (`benchmarks/coverage.py`). The
    item is the unit of sampling: all pairs, scores and labels of one item stay together.

    Args:
        prefs: the judgments; where an annotator judged an item several times, the latest judgment counts.
        target: "votes" (on pairs of responses), "ranks" (whole rankings), "grades" (votes with their strength, column
            `strength`), "scores" (column `score`) or "labels" (column `label`), or several; None for votes and ranks,
            and grades where there are any, or for where the named coefficients belong.
        coefficients: names out of `prefqa.agreement.TARGETS`; None for the usual ones of the target, "all" for all.
        by: one or several columns; the estimates of each slice stand below those of all items. A slice is what one
            would get from the filtered data, but that categories of scores and labels are those of all the data.
        level: confidence level of the intervals, between 0 and 1.
        orientation: "symmetric" gives the two directions of a vote one marginal, so that naming does not matter;
            "id" takes the order of response_id, as other packages and published tables do; "position" the place on
            the screen, which must be the same for all annotators of an item.
        inference: "items+annotators", or "items" for these very annotators on further items.
        weights: how far apart unlike categories are, for kappas, AC2, Brennan-Prediger and alpha_weighted: one of
            `prefqa.agreement.WEIGHTS`; None for "quadratic" on scores and grades, "identity" otherwise.
        categories: all scores or labels that could be given, where some were never used (chance of AC and
            Brennan-Prediger counts them); None for those there are.
        method: "jackknife"; "percentile" or "bca" for a bootstrap over items (coefficients that know the annotators,
            such as cohen_kappa and icc_2, keep the jackknife over items).
        n_replicates: samples of the bootstrap.
        seed: of the bootstrap's random numbers.

    Raises:
        UsageError: an unknown target, coefficient or option, or a level outside (0, 1).
        ColumnNotFoundError: a column of `by` that is not there, or no scores, labels or positions where they are asked.
    """
    prefs = as_preferences(prefs)
    options = Options(level, orientation, inference, weights, categories, method, n_replicates, seed)
    chosen = choose(target, coefficients)
    if not target and coefficients in (None, "all") and strengths(prefs) is not None:
        chosen += choose("grades", coefficients)
    if weights in (None, "identity") and any(n == "gwet_ac2" and e.target == "votes" for n, e in chosen):
        raise UsageError("gwet_ac2 on votes needs weights", hint='give weights="linear" or "quadratic".')
    by = (by,) if isinstance(by, str) else tuple(by or ())
    if by and orientation != "position" and any(kind_of(entry).startswith("vote") for _, entry in chosen):
        prefs.coded(by, whole=True)
    rows = _all_rows(prefs, (), chosen, options)
    if by:
        rows += _all_rows(prefs, by, chosen, options)
    rows.sort(key=lambda row: row.pop("_place"))
    estimates = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    how = f"jackknife over {inference.replace('+', ' and ')}, t quantiles"
    if method != "jackknife":
        how = f"{method} bootstrap over items, {n_replicates} replicates, seed {seed}"
    doubts = warnings(estimates, prefs, options.annotators, orientation)
    return AgreementResult(estimates, by, level, orientation, how, doubts)


def sources(prefs: Preferences, by: tuple[str, ...], entries: Sequence[Entry], options: Options) -> dict[str, Source]:
    """Return what the coefficients need: "votes", "vote ratings", "grades", "scores" or "labels"."""
    kinds = {kind_of(entry) for entry in entries}
    found: dict[str, Source] = {}
    for kind in ("votes", "vote ratings"):
        if kind not in kinds:
            continue
        coded = (named_by_position(prefs) if options.orientation == "position" else prefs).coded(by)
        if kind == "votes":
            rankings = any(entry.target == "ranks" for entry in entries)
            found[kind] = VoteSource.of(coded, annotators=options.annotators, rankings=rankings)
        else:
            found[kind] = RatingSource.of_votes(
                coded,
                annotators=options.annotators,
                symmetric=options.orientation == "symmetric",
                weights=options.weights or "identity",
            )
    if "grades" in kinds:
        prefs.require(STRENGTH)
        graded = strengths(named_by_position(prefs) if options.orientation == "position" else prefs, by)
        if graded is None:
            raise UsageError("votes on two responses have no two strengths, so there are no grades to compare")
        symmetric, weights = options.orientation == "symmetric", options.weights or "quadratic"
        found["grades"] = RatingSource.of_grades(
            graded, annotators=options.annotators, symmetric=symmetric, weights=weights
        )
    for kind, column, usual in (("scores", "score", "quadratic"), ("labels", "label", "identity")):
        if kind in kinds:
            weights = options.weights or usual
            found[kind] = RatingSource.of_column(
                prefs,
                column,
                by,
                annotators=options.annotators,
                weights=weights,
                categories=options.categories,
            )
    return found


def kind_of(entry: Entry) -> str:
    """Which source an entry reads."""
    return "vote ratings" if entry.target == "votes" and entry.votes is None else _KINDS.get(entry.target, entry.target)


_KINDS = {"ranks": "votes"}


def _all_rows(
    prefs: Preferences, by: tuple[str, ...], chosen: Sequence[tuple[str, Entry]], options: Options
) -> list[dict[str, Any]]:
    """Rows of all coefficients, in all cells of `by`, each with its place in the table."""
    found = sources(prefs, by, [entry for _, entry in chosen], options)
    labels: dict[str, tuple[int, ...]] = {}
    rows = []
    for kind, source in found.items():
        cells = {slice_label(by, values): cell for cell, *values in source.coded.cells.iter_rows()} if by else {None: 0}
        for label, cell in cells.items():
            place = labels.setdefault(str(label), (len(by) > 0, len(labels)))
            counts = source.counts(cell)
            for number, (name, entry) in enumerate(chosen):
                if kind_of(entry) == kind:
                    row: dict[str, Any] = {"coefficient": name, "target": entry.target, "slice": label}
                    row |= _figures(source, cell, _oriented(entry, options.orientation), options)
                    row |= {"n_annotators": counts.n_annotators, "n_votes": counts.n_votes}
                    if row["reason"] is None:
                        row["reason"] = _reason(row, entry)
                    rows.append(row | {"_place": (*place, number)})
    return rows


def slice_label(by: tuple[str, ...], values: Sequence[Any]) -> str:
    """Name a slice by its values; a missing value is told apart from the text "None"."""
    said = ("(missing)" if value is None else value for value in values)
    return ", ".join(f"{name}={value}" for name, value in zip(by, said, strict=True))


def _oriented(entry: Entry, orientation: str) -> Entry:
    return entry._replace(votes=entry.by_id) if orientation != "symmetric" and entry.by_id else entry


def _figures(source: Source, cell: int, entry: Entry, options: Options) -> dict[str, Any]:
    """Estimate, error, interval and n of one coefficient in one cell."""
    impossible = source.reason(entry)
    found = Replicates.undefined(reason=impossible) if impossible else source.replicates(cell, entry)
    reason = found.reason
    variance = found.variance
    over = INFERENCE[int(np.isnan(variance.over_annotators))]
    freedom = variance.freedom(found.n_items, found.annotators.size)
    se = float(np.sqrt(variance.total))
    drawn = None
    if options.method != "jackknife" and not np.isnan(se):
        drawn = source.bootstrap(cell, entry, options.n_replicates, options.seed)
    if drawn is None:
        low, high = interval(found.estimate, se, freedom, options.level, entry.bounds, found.n_items)
    elif np.isnan(drawn).mean() > UNDEFINED:
        se, low, high = np.nan, np.nan, np.nan
        reason = f"undefined in {np.isnan(drawn).mean():.0%} of the bootstrap samples"
    else:
        se = float(np.nanstd(drawn, ddof=1))
        low, high = (
            percentile(drawn, options.level) if options.method == "percentile" else bca(drawn, found, options.level)
        )
    numbers = {"estimate": found.estimate, "se": se, "ci_low": low, "ci_high": high}
    figures: dict[str, Any] = {name: None if np.isnan(value) else value for name, value in numbers.items()}
    inference = None if np.isnan(se) else over
    return figures | {"n_items": found.n_items, "reason": reason, "inference": inference}


def _reason(row: dict[str, Any], entry: Entry) -> str | None:
    """Why a figure is null; None where nothing is."""
    if row["n_items"] == 0:
        of_pairs = entry.target in ("votes", "ranks", "grades")
        what = "no pair of responses was judged" if of_pairs else "nothing was rated"
        return f"{what} by two annotators" if row["n_annotators"] == 0 else entry.undefined
    if row["estimate"] is None:
        return entry.undefined if row["n_annotators"] else "nothing was rated by two annotators"
    if row["se"] is None:
        return "one item: no standard error" if row["n_items"] == 1 else "undefined when one item is left out"
    return None
