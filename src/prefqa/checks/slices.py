"""Slices in which some rules are not asked: `batch=pilot`, without PQ105."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from prefqa.checks.rule import Rule
from prefqa.checks.rules import chosen
from prefqa.checks.table import LONG
from prefqa.errors import UsageError
from prefqa.preferences import Preferences


def slices_of(rules: Sequence[Rule], slices: Sequence[Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Return, by the code of a rule, the slices in which it is not asked.

    Raises:
        UsageError: a slice without `where` or `ignore`, or a code that no rule has.
    """
    for one in slices:
        if set(one) != {"where", "ignore"}:
            raise UsageError(f"a slice has the keys where and ignore, not {', '.join(one) or 'none'}")
    unasked = {one["where"]: {rule.code for rule in chosen(one["ignore"], ())} for one in slices if one["ignore"]}
    return {rule.code: tuple(sorted(where for where, codes in unasked.items() if rule.code in codes)) for rule in rules}


def outside(prefs: Preferences, wheres: Sequence[str]) -> Preferences:
    """Return the preferences without the rows, and without the items and responses, of some slices.

    Rows keep their number in the whole. An item stays as long as one of its rows does.

    Raises:
        UsageError: a slice that is not written column=value.
        ColumnNotFoundError: a slice of a column that is not there.
    """
    if not wheres:
        return prefs
    rows = prefs.judgments.with_row_index(LONG)
    for where in wheres:
        column, equals, value = where.partition("=")
        if not equals:
            raise UsageError(f"the slice {where!r} is not written column=value")
        prefs.require(column)
        inside = (pl.col(column).cast(pl.String) == value).fill_null(False)
        if column in prefs.columns or prefs.items is None:
            rows = rows.filter(~inside)
        else:
            items = prefs.items.lazy().filter(inside).select("item_id")
            rows = rows.join(items, on="item_id", how="anti", nulls_equal=True, maintain_order="left")
    left = rows.select("item_id").unique().collect()
    return prefs.with_judgments(rows).of_items(left)
