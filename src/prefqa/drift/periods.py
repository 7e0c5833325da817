"""Which column or clock cuts a campaign into periods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import polars as pl

from prefqa.coding import Coded
from prefqa.errors import UsageError
from prefqa.preferences import Preferences

#: The column that holds a judgment's period once it is cut.
PERIOD = "prefqa:period"
#: Beyond so many, changes are not looked for: time and memory grow with their square.
MAX_PERIODS = 500


def too_many(periods: Sequence[str], by: str) -> str | None:
    """Why changes between so many periods are not looked for; None where they are few enough."""
    if len(periods) <= MAX_PERIODS:
        return None
    return (
        f"{len(periods):,} periods by {by}, and {MAX_PERIODS:,} are the most that are compared: cut into longer ones "
        "with every=, such as 1mo or 1y, or by another column"
    )


@dataclass(frozen=True)
class Periods:
    """The judgments with their period as text, in the column `PERIOD`; `by` says what made it.

    `coded` are the rows that count, coded by period, where that is done already.
    """

    prefs: Preferences
    by: str
    coded: Coded | None = None


def cut(
    prefs: Preferences, *, time: str | None, every: str | None, version: str | None, batch: str | None
) -> Periods | None:
    """Cut by what was asked for, else by time or guideline version, whichever is there first; None if neither is.

    Batches are periods only where one says so: they are as often a split by task as by time.

    Periods of a clock are named by the day (or the moment, where shorter than a day) on which they begin.
    """
    asked = [name for name in (version, batch) if name]
    if len(asked) + bool(time or every) > 1:
        raise UsageError("periods come from a clock, a version or a batch column: name one of the three")
    if asked:
        prefs.require(asked[0])
        return _by_column(prefs, asked[0])
    if time or every:
        prefs.require(time or "created_at")
        return _by_clock(prefs, time or "created_at", every or "1w")
    if "created_at" in prefs.columns:
        return _by_clock(prefs, "created_at", "1w")
    return _by_column(prefs, "guideline_version") if "guideline_version" in prefs.columns else None


def _by_column(prefs: Preferences, column: str) -> Periods:
    named = prefs.judgments.with_columns(pl.col(column).cast(pl.String).alias(PERIOD))
    return Periods(prefs.with_judgments(named.filter(pl.col(PERIOD).is_not_null())), column)


def _by_clock(prefs: Preferences, column: str, every: str) -> Periods:
    dtype = prefs.judgments.collect_schema()[column]
    if not dtype.is_temporal():
        raise UsageError(f"column {column!r} holds {dtype}, not times", hint="name a time column with time=.")
    try:
        start = pl.col(column).dt.truncate(every)
        pl.select(pl.datetime(2000, 1, 1).dt.truncate(every))
    except pl.exceptions.PolarsError as error:
        raise UsageError(
            f"every={every!r} is not a length of time", hint='write "1d", "1w", "1mo" and the like.'
        ) from error
    whole_days = not any(unit in every for unit in ("h", "s")) and not every.rstrip("0123456789").endswith("m")
    form = "%Y-%m-%d" if whole_days or every.endswith("mo") else "%Y-%m-%dT%H:%M"
    label = start.map_batches(partial(_written, form=form), return_dtype=pl.String, is_elementwise=True)
    named = prefs.judgments.with_columns(label.alias(PERIOD)).filter(pl.col(PERIOD).is_not_null())
    return Periods(prefs.with_judgments(named), f"{column} every {every}")


def _written(start: pl.Series, form: str) -> pl.Series:
    """Write times, of which there are few, each once: that takes a fifth of the time."""
    each = start.unique().drop_nulls()
    return start.replace_strict(each, each.dt.strftime(form), default=None, return_dtype=pl.String)
