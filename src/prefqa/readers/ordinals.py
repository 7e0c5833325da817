"""Ranks that are written with a sign or an ending: 1st, #1, first."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from prefqa.readers.table import Table

_ORDINAL = r"(?i)^\s*(?:#|no\.?|nr\.?|rank)?\s*(\d{1,6})\s*(?:st|nd|rd|th|\.|º|ª)?\s*$"
_WORDS = {word: str(n) for n, word in enumerate(
    ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"), 1)}  # fmt: skip


def with_plain_ranks(table: Table, columns: Sequence[str]) -> Table:
    """Return the table with the number alone in ranks such as `1st`, `#1` and `first`."""
    frame, changed = table.frame, []
    for name in columns:
        dtype = table.schema[name]
        if dtype == pl.String():
            plain = _plain(pl.col(name))
        elif isinstance(dtype, pl.List) and dtype.inner == pl.String():
            plain = pl.col(name).list.eval(_plain(pl.element()))
        else:
            continue
        text, new = (one if dtype == pl.String() else one.list.join(" ") for one in (pl.col(name), plain))
        written = frame.filter(new.ne_missing(text)).select(text.str.head(40)).head(1).collect()
        if not written.is_empty():
            changed.append(f"ranks in {table.shown(name)!r} are read from texts such as {written.item()!r}")
            frame = frame.with_columns(plain)
    return table.with_frame(frame).say(*changed)


def _plain(text: pl.Expr) -> pl.Expr:
    number = text.str.extract(_ORDINAL)
    word = text.str.strip_chars().str.to_lowercase().replace_strict(_WORDS, default=None, return_dtype=pl.String)
    return pl.coalesce(number, word, text)
