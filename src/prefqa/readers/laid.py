"""What a layout makes of a table: long rows, and how its values were read."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from prefqa.notes import Note
from prefqa.readers.table import Table


@dataclass(frozen=True)
class Laid:
    """Long rows of a table, and what is to be said of the reading.

    Attributes:
        table: the table with the roles of its columns and the statements on it.
        long: one row per judgment and response.
        detail: what the layout is, in a sentence.
        values: how each value of a vote was read; see `export.VALUES`.
        notes: what was left out, with counts.
        response_columns: further columns of the long rows that belong to the responses.
    """

    table: Table
    long: pl.LazyFrame
    detail: str
    values: pl.DataFrame | None = None
    notes: tuple[Note, ...] = ()
    response_columns: tuple[str, ...] = ()
