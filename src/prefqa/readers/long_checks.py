"""What long rows must hold before they become judgments: plain values, and ranks and scores that are mostly numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from prefqa.casts import raw_name, whole_rank
from prefqa.dtypes import free_name
from prefqa.errors import AmbiguousReadingError, Choice, UsageError
from prefqa.preferences import JUDGMENT_TYPES
from prefqa.readers.laid import Laid
from prefqa.readers.table import Table
from prefqa.readers.vocabulary import quoted

#: Texts of rows without an answer, which a reader writes itself.
_NO_ANSWER = r"\(empty\)|^\(no vote\)$|^\s*$|^(?i:nan|null|none|n/?a)$|^\d+ ranks for \d+ responses$"


#: Standard columns that hold one value per row in every layout; ranks, scores, labels and responses may be lists.
OF_ONE_VALUE = tuple(name for name in JUDGMENT_TYPES if name not in ("rank", "score", "label", "response_id"))
#: Names that are looked for beside judgments and name something; nobody needs them to read votes.
_NAMES = ("model", "source", "licence", "license", "language")


def names_aside(table: Table) -> Table:
    """Return the table with lists and objects under the names of `_NAMES` set aside: no name can be told from them."""
    schema = table.schema
    for name in _NAMES:
        if name in schema and schema[name].is_nested():
            kind = "lists" if isinstance(schema[name], pl.List) else "objects"
            aside = free_name(f"source_{name}", schema.names())
            names = {**table.source_names, aside: table.shown(name)}
            table = replace(table, frame=table.frame.rename({name: aside}), source_names=names).say(
                f"column {table.shown(name)!r} holds {kind}, not one name per row, and is kept as {aside!r}"
            )
    return table


def refuse_nested(frame: pl.LazyFrame, table: Table, names: Iterable[str] = JUDGMENT_TYPES) -> None:
    """Refuse lists and objects under the names of columns that hold one value per row.

    Raises:
        UsageError: with the configuration that does without the column.
    """
    schema = frame.collect_schema()
    for name in names:
        if name in schema and schema[name].is_nested():
            kind = "lists" if isinstance(schema[name], pl.List) else "objects"
            raise UsageError(
                f"{table.origin}: column {table.shown(name)!r} holds {kind}, where one value per row is "
                f"expected as {name}",
                hint=f"name another column, or do without it:\n[columns]\n{name} = false",
            )


def refuse_most_unread(laid: Laid) -> None:
    """Refuse long rows of which most ranks, or most scores, are no numbers.

    Raises:
        UsageError: with the values, most frequent first.
    """
    long, table = laid.long, laid.table
    schema = long.collect_schema()
    for role in ("rank", "score"):
        raw, dtype = raw_name(role), schema.get(role)
        if dtype is None or dtype == pl.Null():
            continue
        if dtype.is_integer() and raw not in schema:  # PQ104 counts integers that are no ranks
            continue
        if raw in schema:
            value, unread = pl.col(role), pl.col(raw).cast(pl.String)
        else:
            value = (
                whole_rank(pl.col(role), integer=dtype.is_integer())
                if role == "rank"
                else pl.col(role).cast(pl.Float64, strict=False)
            )
            unread = pl.when(value.is_null()).then(pl.col(role).cast(pl.String))
        unread = pl.when(~unread.str.contains(_NO_ANSWER)).then(unread)
        rows = long.select(value=value.is_not_null(), unread=unread)
        n_read, n_unread = rows.select(pl.col("value").sum(), pl.col("unread").count()).collect().row(0)
        if n_unread <= n_read:
            continue
        counts = rows.group_by("unread").len().drop_nulls().sort("len", "unread", descending=[True, False]).head(6)
        shown = ", ".join(f"{value[:40]!r} ({n:,})" for value, n in counts.collect().iter_rows())
        numeric = rows.select(pl.col("unread").drop_nulls().cast(pl.Float64, strict=False).is_not_null().all())
        raise _unread(table, role, shown, numeric=bool(numeric.collect().item()))


def _unread(table: Table, role: str, shown: str, *, numeric: bool) -> UsageError:
    roles = {use.role for use in table.uses}
    role = "score" if "score" in roles and "rank" not in roles else role  # ranks that scores give
    columns = list(dict.fromkeys(table.shown(use.column) for use in table.uses if use.role in (role, f"{role}s")))
    where = f"column{'s' if len(columns) > 1 else ''} {', '.join(map(repr, columns[:6]))}: " if columns else ""
    if role == "rank":
        message = f"{table.origin}: {where}most ranks are no whole numbers from 1: {shown}"
        if len(columns) == 1 and numeric:
            name = quoted(columns[0])
            return AmbiguousReadingError(
                message,
                [
                    Choice(
                        "they are scores, lower is better", f'[columns]\nscore = {name}\n\n[read]\nhigher = "worse"'
                    ),
                    Choice(
                        "they are scores, higher is better", f'[columns]\nscore = {name}\n\n[read]\nhigher = "better"'
                    ),
                    Choice("they rank nothing", "[columns]\nrank = false"),
                ],
            )
        return UsageError(
            message, hint="write each rank as a whole number, 1 for the best; leave the cell empty where there is none."
        )
    hint = (
        "write each score as a number (0.9 for 90%, 4 for 4/5, 4.5 for 4,5); leave the cell empty where there is none."
    )
    return UsageError(f"{table.origin}: {where}most scores are no numbers: {shown}", hint=hint)
