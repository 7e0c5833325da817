"""Votes that are spread over columns: one for each annotator, or one for each outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from prefqa.errors import AmbiguousReadingError, Choice
from prefqa.readers.export import VALUES
from prefqa.readers.sides import Pair, is_tie_column
from prefqa.readers.table import Table, Use
from prefqa.readers.vocabulary import Columns, quoted

_ONE_HOT = {"1,0": "first", "0,1": "second"}


_ONE_HOT_TIE = {"1,0,0": "first", "0,1,0": "second", "0,0,1": "tie", "0,0,0": "missing"}


def unpivoted(table: Table, wide: Sequence[str]) -> Table:
    """One row per annotator's answer; an empty cell is none."""
    rest = [name for name in table.schema if name not in wide]
    frame = pl.concat(
        [
            table.frame.select(*rest, pl.lit(name).alias("annotator_id"), pl.col(name).cast(pl.String).alias("_answer"))
            for name in wide
        ]
    ).filter(pl.col("_answer").str.strip_chars().fill_null("") != "")
    table = replace(table, uses=(*table.uses, Use("(names of the columns)", "annotator_id", ", ".join(wide[:8]))))
    return table.with_frame(frame)


def n_empty_cells(table: Table, wide: Sequence[str]) -> int:
    """Count the cells of annotators' columns that hold nothing."""
    empty = [(pl.col(name).cast(pl.String).str.strip_chars().fill_null("") == "").sum().alias(name) for name in wide]
    return int(sum(table.frame.select(empty).collect().row(0)))


def empty_cells(columns: Columns, n: int) -> list[pl.DataFrame]:
    """Return the line of empty cells for the table of values, if there are any."""
    row = (columns.vote, "(empty cells)", "missing", n)
    return [pl.DataFrame([row], schema=VALUES, orient="row")] if n else []


def one_hot(table: Table, pair: Pair, columns: Columns) -> tuple[Table, str, Columns]:
    """Columns of 0 and 1, one for each side and perhaps one for a tie, as one vote."""
    tie = next((name for name in table.names if is_tie_column(name)), None)
    names = [pair.first, pair.second, *([tie] if tie else [])]
    if tie is not None:
        table = table.give(tie, "winner", "a tie", renamed=False)
    truth = {
        "true": "1",
        "yes": "1",
        "x": "1",
        "1.0": "1",
        "false": "0",
        "no": "0",
        "": "0",
        "0.0": "0",
        "nan": "0",
        "null": "0",
    }
    flags = [pl.col(n).cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("").replace(truth) for n in names]
    table = table.with_frame(table.frame.with_columns(pl.concat_str(flags, separator=",").alias("_flags")))
    shown = [table.shown(name) for name in names]
    found = table.frame.select(pl.col("_flags").unique().sort()).collect()["_flags"].to_list()
    known = _ONE_HOT_TIE if tie else _ONE_HOT
    votes = table.options.votes or {}
    odd = [value for value in found if value not in known and value not in votes]
    if any(set(value.split(",")) - {"0", "1"} for value in odd):
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(map(repr, shown))} are read as 1 for the better response and 0 "
            f"otherwise, but "
            f"rows hold {', '.join(odd[:6])}",
            [
                Choice(
                    "they are numbers of votes or points: the response with more is the better one",
                    f"[columns]\nscore_a = {quoted(shown[0])}\nscore_b = {quoted(shown[1])}",
                ),
                Choice("another column holds the votes", '[columns]\nwinner = "…"'),
            ],
        )
    if odd:
        meanings = {"a tie": "tie", "no vote": "missing"}
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(map(repr, shown))} are read as 1 for the better response and 0 "
            f"otherwise, but "
            f"rows hold {', '.join(odd[:6])}",
            [
                Choice(
                    f"these rows are {words}",
                    "[read.votes]\n" + "\n".join(f'"{value}" = "{meaning}"' for value in odd[:6]),
                )
                for words, meaning in meanings.items()
            ],
        )
    options = replace(table.options, votes={**known, **votes})
    return replace(table, options=options), "_flags", replace(columns, vote=",".join(shown))
