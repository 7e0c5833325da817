"""Estimates of coefficients with their uncertainty, over all items and by slice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.agreement.registry import COEFFICIENTS, Entry, lookup
from prefqa.coding import Coded
from prefqa.errors import UsageError
from prefqa.moments import (
    Moments,
    annotator_variance,
    interval,
    item_moments,
    jackknife,
    leave_out_annotators,
    patterns,
)
from prefqa.preferences import Preferences, as_preferences
from prefqa.results import Result, records
from prefqa.unit_moments import AT

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
#: Fewer annotators than this tell little about others like them.
FEW_ANNOTATORS = 15


@dataclass(frozen=True)
class AgreementResult(Result):
    """Estimates, one row per coefficient and slice; a null estimate, error or interval has its `reason`.

    `slice` is null for all items together, else "column=value". `n_items` counts items that carry something to the
    coefficient, `n_votes` the votes on their pairs that at least two annotators judged. `inference` says over what
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


def agreement(
    prefs: Preferences,
    *,
    coefficients: Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    level: float = 0.95,
    orientation: str = "symmetric",
    inference: str = "items+annotators",
) -> AgreementResult:
    r"""Measure inter-annotator agreement on rankings and votes.

    The standard error is that of a sample of items and of annotators,

    .. math:: V = V_{items} + V_{annotators}

    each a delete-one jackknife, with t quantiles at Satterthwaite's degrees of freedom. With annotators of uneven skill
    an interval over items alone is far too narrow for what other annotators would say (`benchmarks/coverage.py`).

    Args:
        prefs: the judgments; where an annotator judged an item several times, the latest judgment counts.
        coefficients: names out of `prefqa.agreement.COEFFICIENTS`; None for all.
        by: one or several columns; the estimates of each slice stand below those of all items. A slice is what one
            would get from the filtered data.
        level: confidence level of the intervals, between 0 and 1.
        orientation: "symmetric" gives the two directions of a vote one marginal, so that naming does not matter;
            "id" takes the order of response_id, as other packages and published tables do.
        inference: "items+annotators", or "items" for these very annotators on further items.

    Raises:
        UsageError: an unknown coefficient, orientation or inference, or a level outside (0, 1).
        ColumnNotFoundError: a column of `by` that is not there.
    """
    prefs = as_preferences(prefs)
    if not 0 < level < 1:
        raise UsageError(f"level must be between 0 and 1, not {level}")
    if inference not in INFERENCE:
        raise UsageError(f"no inference is called {inference!r}", hint=f"there are: {', '.join(INFERENCE)}.")
    entries = {name: lookup(name, orientation) for name in coefficients or COEFFICIENTS}
    by = (by,) if isinstance(by, str) else tuple(by or ())
    rows = _rows(_Cells.of(prefs.coded(), inference), None, 0, entries, level)
    if by:
        cells = _Cells.of(prefs.coded(by), inference)
        for cell, *values in cells.coded.cells.iter_rows():
            label = ", ".join(f"{name}={value}" for name, value in zip(by, values, strict=True))
            rows += _rows(cells, label, cell, entries, level)
    estimates = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    method = f"jackknife over {inference.replace('+', ' and ')}, t quantiles"
    return AgreementResult(estimates, by, level, orientation, method, _warnings(estimates, inference))


@dataclass(frozen=True)
class _Cells:
    """The moments of all cells, and what each cell's sums lose without each annotator (if that is asked for)."""

    coded: Coded
    moments: Moments
    losses: Moments | None

    @classmethod
    def of(cls, coded: Coded, inference: str) -> _Cells:
        return cls(coded, item_moments(coded), leave_out_annotators(coded) if inference == INFERENCE[0] else None)


def _rows(cells: _Cells, label: str | None, cell: int, entries: dict[str, Entry], level: float) -> list[dict[str, Any]]:
    here = cells.moments.of_cell(cell)
    losses = None if cells.losses is None else cells.losses.of_cell(cell).values
    found = patterns(here)
    n_annotators = _n_annotators(cells.coded, cell, here)
    total = found.total()
    n_votes = int(total[AT["votes"]]) if total.size else 0
    rows = []
    for name, entry in entries.items():
        estimate, se, n_items = jackknife(found, entry.function, entry.counted)
        freedom, over = n_items - 1.0, "items"
        if losses is not None and not np.isnan(se):
            variance, n = annotator_variance(total, losses, entry.function)
            if not np.isnan(variance):
                freedom, over = _freedom(se**2, n_items - 1, variance, n - 1), INFERENCE[0]
                se = float(np.sqrt(se**2 + variance))
        low, high = interval(estimate, se, freedom, level, entry.bounds)
        row = {"coefficient": name, "target": entry.target, "slice": label, "estimate": estimate, "se": se}
        row |= {"ci_low": low, "ci_high": high, "n_items": n_items, "n_annotators": n_annotators, "n_votes": n_votes}
        row = {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        reason = _reason(estimate, se, n_items, n_annotators, entry)
        rows.append(row | {"reason": reason, "inference": None if np.isnan(se) else over})
    return rows


def _freedom(items: float, n_items: float, annotators: float, n_annotators: float) -> float:
    """Satterthwaite's degrees of freedom of a sum of two variances."""
    sum_of_shares = items**2 / n_items + annotators**2 / n_annotators
    return (items + annotators) ** 2 / sum_of_shares if sum_of_shares > 0 else n_items


def _warnings(estimates: pl.DataFrame, inference: str) -> tuple[str, ...]:
    """What a reader of the intervals should know."""
    whole = estimates.filter(pl.col("slice").is_null() & pl.col("se").is_not_null())
    if inference != INFERENCE[0] or whole.is_empty():
        return ()
    n = int(whole["n_annotators"].max())  # type: ignore[arg-type]
    if (whole["inference"] == "items").any():
        return (f"{n} annotators are too few to say how others would agree: some intervals speak about items only",)
    if n < FEW_ANNOTATORS:
        return (f"{n} annotators: fewer than {FEW_ANNOTATORS} tell little about others like them",)
    return ()


def _n_annotators(coded: Coded, cell: int, moments: Moments) -> int:
    """Distinct annotators with a vote on an item of the cell that has a pair with two votes."""
    paired = np.zeros(len(coded.item_ids), bool)
    paired[moments.item[moments.values[:, AT["unit"]] > 0]] = True
    annotator, item = _of_cell(coded, cell)
    return int(np.count_nonzero(np.bincount(annotator[paired[item]])))


def _of_cell(coded: Coded, cell: int) -> tuple[Ints, Ints]:
    if not coded.cell.size:
        return coded.annotator, coded.item
    low, high = np.searchsorted(coded.cell, [cell, cell + 1])
    return coded.annotator[low:high], coded.item[low:high]


def _reason(estimate: float, se: float, n_items: int, n_annotators: int, entry: Entry) -> str | None:
    """Why a figure is null; None where nothing is."""
    if n_items == 0:
        none = "no pair of responses was judged by two annotators"
        return none if n_annotators == 0 else entry.undefined
    if np.isnan(estimate):
        return entry.undefined
    if np.isnan(se):
        return "one item: no standard error" if n_items == 1 else "undefined when one item is left out"
    return None
