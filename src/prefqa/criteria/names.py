"""Which criteria were voted on, which of them is the overall vote, and the judgments of one alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import polars as pl

from prefqa.errors import UsageError, nearest
from prefqa.preferences import Preferences

COLUMN = "criterion"
#: Asks for the pairs of each criterion for itself.
EACH = "each"


def criteria_of(prefs: Preferences) -> tuple[str | None, ...]:
    """Return the criteria by which responses were compared, sorted: those with a judgment that ranks two responses.

    None stands last for judgments without a criterion, where others have one. Empty without a column `criterion`, or
    where it has no value: then nothing is told apart.
    """
    if COLUMN not in prefs.columns:
        return ()
    key = [name for name in ("item_id", "annotator_id", "judgment_id", COLUMN) if name in prefs.columns]
    ranked = prefs.usable().group_by(key).agg(n=pl.col("response_id").n_unique()).filter(pl.col("n") > 1)
    names = ranked.select(pl.col(COLUMN).unique().sort(nulls_last=True)).collect(engine="streaming")[COLUMN].to_list()
    return () if names == [None] else tuple(names)


def overall_of(names: Sequence[str | None], asked: str | None = None) -> str | None:
    """Return the criterion that is the overall vote: the one asked for, or the only one whose name has "overall".

    Raises:
        UsageError: nothing was voted on by the criterion that is asked for.
    """
    if asked is not None:
        return required(names, asked, "overall", "criteria")
    named = [name for name in names if name is not None and "overall" in re.split(r"[^a-z]+", name.lower())]
    return named[0] if len(named) == 1 else None


def required(names: Sequence[str | None], asked: str, key: str, table: str) -> str:
    """Return the criterion `asked`, if responses were compared by it.

    Raises:
        UsageError: they were not; the message names the criteria that there are.
    """
    known = [name for name in names if name is not None]
    if asked in known:
        return asked
    close = nearest(asked, known)
    there = f"there are: {', '.join(map(repr, known))}" if known else "the data has no criteria (column criterion)"
    hint = f"did you mean {close!r}? " if close else ""
    raise UsageError(
        f"[{table}] {key} = {asked!r}: no responses were compared by this criterion", hint=f"{hint}{there}."
    )


def of_criterion(prefs: Preferences, criterion: str | None) -> Preferences:
    """Return the judgments by one criterion alone; None: those without one."""
    return prefs.with_judgments(prefs.judgments.filter(pl.col(COLUMN).eq_missing(pl.lit(criterion, pl.String))))


def parts_of(
    names: Sequence[str | None], criterion: str | None, overall: str | None
) -> tuple[str | None, ...] | Literal["all"]:
    """Return the criteria whose pairs are wanted, each for itself; "all" where the data has no several criteria.

    Args:
        names: the criteria, from `criteria_of`.
        criterion: what is asked for: a criterion, "each", or None: the overall vote where it is known, else each.
        overall: the overall vote, as `[criteria] overall` has it; None: the one that is named so.

    Raises:
        UsageError: nothing was voted on by the criterion that is asked for.
    """
    if criterion is not None and (criterion != EACH or EACH in names):
        return (required(names, criterion, "criterion", "consensus"),)
    if len(names) < 2:
        return "all"
    found = None if criterion == EACH else overall_of(names, overall)
    return tuple(names) if found is None else (found,)
