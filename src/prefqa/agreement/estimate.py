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
from prefqa.moments import AT, Moments, interval, item_moments, jackknife, patterns
from prefqa.preferences import Preferences, as_preferences
from prefqa.results import Result, records

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
}


@dataclass(frozen=True)
class AgreementResult(Result):
    """Estimates, one row per coefficient and slice; a null estimate, error or interval has its `reason`.

    `slice` is null for all items together, else "column=value". `n_items` counts items that carry something to the
    coefficient, `n_votes` the votes on their pairs that at least two annotators judged.
    """

    estimates: pl.DataFrame
    by: tuple[str, ...] = ()
    level: float = 0.95
    orientation: str = "symmetric"
    method: str = "jackknife over items, t quantiles"

    def to_dict(self) -> dict[str, Any]:
        """Return {"estimates": [...]} beside the settings."""
        return {
            "estimates": records(self.estimates),
            "by": list(self.by),
            "level": self.level,
            "orientation": self.orientation,
            "method": self.method,
        }


def agreement(
    prefs: Preferences,
    *,
    coefficients: Sequence[str] | None = None,
    by: str | Sequence[str] | None = None,
    level: float = 0.95,
    orientation: str = "symmetric",
) -> AgreementResult:
    """Measure inter-annotator agreement on rankings and votes.

    Args:
        prefs: the judgments; where an annotator judged an item several times, the latest judgment counts.
        coefficients: names out of `prefqa.agreement.COEFFICIENTS`; None for all.
        by: one or several columns; the estimates of each slice stand below those of all items. A slice is what one
            would get from the filtered data.
        level: confidence level of the intervals, between 0 and 1.
        orientation: "symmetric" gives the two directions of a vote one marginal, so that naming does not matter;
            "id" takes the order of response_id, as other packages and published tables do.

    Raises:
        UsageError: an unknown coefficient or orientation, or a level outside (0, 1).
        ColumnNotFoundError: a column of `by` that is not there.
    """
    prefs = as_preferences(prefs)
    if not 0 < level < 1:
        raise UsageError(f"level must be between 0 and 1, not {level}")
    entries = {name: lookup(name, orientation) for name in coefficients or COEFFICIENTS}
    by = (by,) if isinstance(by, str) else tuple(by or ())
    rows = _rows(prefs.coded(), None, 0, entries, level)
    if by:
        coded = prefs.coded(by)
        moments = item_moments(coded)
        for cell, *values in coded.cells.iter_rows():
            label = ", ".join(f"{name}={value}" for name, value in zip(by, values, strict=True))
            rows += _rows(coded, label, cell, entries, level, moments)
    return AgreementResult(pl.DataFrame(rows, schema=SCHEMA, orient="row"), by, level, orientation)


def _rows(
    coded: Coded, label: str | None, cell: int, entries: dict[str, Entry], level: float, moments: Moments | None = None
) -> list[dict[str, Any]]:
    here = (moments or item_moments(coded)).of_cell(cell)
    found = patterns(here)
    n_annotators = _n_annotators(coded, cell, here)
    total = found.total()
    n_votes = int(total[AT["votes"]]) if total.size else 0
    rows = []
    for name, entry in entries.items():
        estimate, se, n_items = jackknife(found, entry.function, entry.counted)
        low, high = interval(estimate, se, n_items, level, entry.bounds)
        row = {"coefficient": name, "target": entry.target, "slice": label, "estimate": estimate, "se": se}
        row |= {"ci_low": low, "ci_high": high, "n_items": n_items, "n_annotators": n_annotators, "n_votes": n_votes}
        row = {key: None if isinstance(value, float) and np.isnan(value) else value for key, value in row.items()}
        rows.append(row | {"reason": _reason(estimate, se, n_items, n_annotators, entry)})
    return rows


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
