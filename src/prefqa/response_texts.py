"""The table of responses: its rows by key, and its texts, which may stay in their file and come a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from prefqa.dtypes import as_text, plain_columns, plain_names
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.messages import is_chat

RESPONSE = ("item_id", "response_id")
TEXT, TEXT_RAW = "text", "_text_raw"
#: Columns that name something, one name per row.
_NAMES = ("model", "source", "licence", "license", "language", "split")
#: Rows that are asked for at a time, and the text of a block.
_ROWS, _BYTES = 1 << 15, max((1 << 28) // pl.thread_pool_size(), 1 << 24)


def keyed_table(frame: pl.DataFrame | None, keys: tuple[str, ...]) -> pl.DataFrame | None:
    """One row per key, sorted: the first non-null value of each column in the frame's own order."""
    if frame is None:
        return None
    missing = [name for name in keys if name not in frame.columns]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, frame.columns)
    frame = plain_table(frame.lazy(), keys).collect()
    frame = frame.with_columns(pl.col(name).cast(pl.String) for name in keys)
    if _in_order(frame, keys):  # most tables are, and to look costs a fraction of what sorting takes in memory
        return frame
    if frame.select(pl.struct(keys).is_duplicated().any()).item():
        frame = frame.group_by(keys).agg(pl.all().drop_nulls().first())
    return frame.sort(keys)


def plain_table(table: pl.LazyFrame, keys: Sequence[str]) -> pl.LazyFrame:
    """Return a table of responses or items in plain types and names; what names something as text (lists as JSON).

    Raises:
        UsageError: lists, objects or bytes that are no text as keys.
    """
    table, left_out = plain_columns(table)
    schema = table.collect_schema()
    for name in keys:
        if name in left_out or (name in schema and schema[name].is_nested()):
            held = left_out.get(name) or ("lists" if isinstance(schema[name], pl.List) else "objects")
            table_of = f"{keys[-1].removesuffix('_id')}s"
            raise UsageError(f"column {name!r} of the table of {table_of} holds {held}, where one id is expected")
    named = [name for name in _NAMES if name in schema and schema[name].is_nested()]
    if "prompt" in schema and schema["prompt"].is_nested() and not is_chat(schema["prompt"]):
        named.append("prompt")
    table = table.with_columns(as_text(pl.col(name), schema[name]).alias(name) for name in named)
    return table.rename(plain_names(schema.names()))


def texts_in(columns: Sequence[str]) -> list[str]:
    """Columns that hold the texts, and what could not be read as one."""
    return [name for name in (TEXT, TEXT_RAW) if name in columns]


def without_texts(table: pl.LazyFrame) -> tuple[pl.DataFrame, pl.LazyFrame | None]:
    """Return a table of responses without its texts, and these, lazily; or the whole table, and None.

    Texts can stay where they are if rows are sorted by key, each key once.
    """
    table = plain_table(table, RESPONSE)
    schema = table.collect_schema()
    texts = texts_in(schema.names())
    if set(RESPONSE) <= set(schema.names()) and (schema.get(TEXT) == pl.String() or _is_nested(schema.get(TEXT))):
        table = table.with_columns(pl.col(name).cast(pl.String) for name in RESPONSE)
        rest = table.drop(texts).collect(engine="streaming")
        if _in_order(rest, RESPONSE):
            return rest, table.select(*RESPONSE, *texts)
    return table.collect(), None


def is_plain(texts: pl.LazyFrame) -> bool:
    """Whether texts are strings, not chat messages or what is no text."""
    return texts.collect_schema().get(TEXT) == pl.String()


def lengths_of(texts: pl.LazyFrame | None) -> pl.DataFrame | None:
    """Characters of each text, `n_chars`, by item_id and response_id; None where there are no plain texts."""
    if texts is None or not is_plain(texts):
        return None
    return texts.select(*RESPONSE, n_chars=pl.col(TEXT).str.len_chars()).collect(engine="streaming")


class Lengths:
    """Lengths of the texts of a table of responses, read once; of another table nothing is known.

    A table is told by what it is made of.
    """

    def __init__(self) -> None:
        # One thing, read and set at once: preferences with other tables may share it, in other threads.
        self._known: tuple[tuple[object, ...], pl.DataFrame | None] = ((), None)

    def of(self, table: tuple[object, ...], texts: pl.LazyFrame | None) -> pl.DataFrame | None:
        """Return what is known of a table, or read its texts."""
        made_of, known = self._known
        if not _same(made_of, table):
            known = lengths_of(texts)
            self._known = table, known
        return known

    def know(self, table: tuple[object, ...], lengths: pl.DataFrame) -> None:
        """Take the lengths of a table from who has read its texts."""
        self._known = table, lengths


def _same(table: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(table) == len(other) and all(one is two for one, two in zip(table, other, strict=True))


def blocks(texts: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Rows that are sorted by item, in blocks of whole items: on all threads together about 256 MB of text or more."""
    held: list[pl.DataFrame] = []
    size = 0
    for batch in texts.collect_batches(chunk_size=_ROWS, maintain_order=True):
        held.append(batch)
        size += _n_bytes(batch)
        if size < _BYTES:
            continue
        frame = pl.concat(held)
        whole = int(frame["item_id"].search_sorted(frame["item_id"][-1]))
        if whole:
            yield frame[:whole]
            held = [frame[whole:]]
            size = _n_bytes(held[0])
    if held:
        yield pl.concat(held)


def _in_order(rows: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Whether rows are sorted by keys of one or two columns, each key once and none null."""
    first, last = pl.col(keys[0]), pl.col(keys[-1])
    rises = (first > first.shift()) | ((first == first.shift()) & (last > last.shift()))
    there = pl.all_horizontal(pl.col(name).is_not_null().all() for name in keys)
    return bool(rows.lazy().select(there & rises.slice(1).all()).collect(engine="streaming").item())


def _is_nested(kind: pl.DataType | None) -> bool:
    return kind is not None and kind.is_nested()


def _n_bytes(rows: pl.DataFrame) -> int:
    if rows.schema[TEXT] == pl.String():
        return int(rows[TEXT].str.len_bytes().sum())
    return int(rows[TEXT].estimated_size())
