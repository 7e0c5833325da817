"""Which periods are compared with which: each with the reference, or all from a period on with all before it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints
from prefqa.coding import Coded
from prefqa.drift.periods import PERIOD, Periods
from prefqa.preferences import usable_rows

#: What a row calls its reference where that is every period before its own.
BEFORE = "before"
NUMBER = "_period"


class Cut(NamedTuple):
    """`period` against `reference`; `before` and `after` say of each period, by number, on which side it is."""

    period: str
    reference: str
    before: Bools
    after: Bools


def numbered(periods: Periods) -> tuple[pl.LazyFrame, list[str]]:
    """Usable judgment rows with the number of their period, and the periods' names in order."""
    rows = periods.prefs.judgments.filter(usable_rows(periods.prefs.columns))
    names = rows.select(pl.col(PERIOD).unique().sort()).collect()[PERIOD]
    table = pl.LazyFrame({PERIOD: names}).with_row_index(NUMBER)
    return rows.join(table, on=PERIOD, how="left", maintain_order="left"), names.to_list()


def by_period(periods: Periods) -> Coded:
    """The rows that count, coded by period; cells stand in the order of periods."""
    return periods.coded or periods.prefs.coded((PERIOD,))


def cuts(names: list[str], reference: str | None) -> list[Cut]:
    """Every comparison, in order: with a reference one per other period, else one per period from the second on."""
    number = pl.int_range(len(names), eager=True).to_numpy()
    if reference is None:
        return [Cut(name, BEFORE, number < at, number >= at) for at, name in enumerate(names) if at]
    at = names.index(reference)
    return [Cut(name, reference, number == at, number == here) for here, name in enumerate(names) if here != at]


def sides(cut: Cut, period: Ints) -> Ints:
    """Per judgment 1 where its period is after the cut, 0 where before, -1 where it is on neither side."""
    return np.where(cut.after[period], 1, np.where(cut.before[period], 0, -1))
