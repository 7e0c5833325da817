"""Which items are one: the same prompt and responses, judged by several criteria."""

from __future__ import annotations

import polars as pl

from prefqa.criteria.names import COLUMN
from prefqa.preferences import Preferences

#: What all criteria of one prompt share.
BASE = "_base"
_ID, _NAME = pl.col("item_id"), pl.col(COLUMN)
_AROUND = _ID.str.split(pl.lit("/") + _NAME + "/")
#: Where an item_id holds its criterion: how that is said, whether it does, and what is left without it.
_PLACES = (
    ("at its end", _ID.str.ends_with(pl.lit("/") + _NAME), _ID.str.strip_suffix(pl.lit("/") + _NAME)),
    ("at its beginning", _ID.str.starts_with(_NAME + "/"), _ID.str.strip_prefix(_NAME + "/")),
    ("within", _AROUND.list.len() == 2, _AROUND.list.join("/")),
)


def linked(prefs: Preferences, column: str | None) -> tuple[pl.DataFrame | None, str]:
    """Return what each item of a criterion is an item of, as item_id, criterion and `_base`; and how that is known.

    By a column of judgments or items where it is named; by item_id where an item was judged by several criteria; else
    by item_id without its criterion (`p1/helpful` and `p1/honest` are `p1`), if all have it in the same place. Else
    None, and what to do: the prompt does not tell, since one prompt may have several sets of responses.

    Raises:
        ColumnNotFoundError: neither judgments nor items have `column`.
    """
    usable = prefs.usable().filter(_NAME.is_not_null())
    if column is not None:
        prefs.require(column)
        value = pl.col(column).cast(pl.String).alias(BASE)
        if column in prefs.columns or prefs.items is None:
            rows = usable.select("item_id", COLUMN, value)
        else:
            known = prefs.items.lazy().select("item_id", value)
            rows = usable.select("item_id", COLUMN).join(known, on="item_id", how="left")
        return rows.unique().drop_nulls(BASE).collect(), f"items with the same {column} are one"
    items = usable.select("item_id", COLUMN).unique().collect()
    if items["item_id"].n_unique() < items.height:
        return items.with_columns(_ID.alias(BASE)), "an item has several criteria"
    for place, has, without in _PLACES:
        if items.select(has.all()).item():
            return items.with_columns(without.alias(BASE)), f"item_id without the criterion {place}"
    return None, (
        "item_id does not say which items are the same prompt under several criteria: name a column that does under "
        "[criteria] item"
    )
