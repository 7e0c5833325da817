"""What a reader saw in an export and the judgments themselves do not show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import polars as pl

#: Columns of the rows that a note shows: place in the source, ids, and what is wrong there.
NOTE_ROWS: Mapping[str, pl.DataType] = MappingProxyType(
    {"_row": pl.Int64()} | dict.fromkeys(("item_id", "annotator_id", "response_id", "_value"), pl.String())
)


@dataclass(frozen=True)
class Note:
    """One thing noted; the rule `code` reports it.

    `count` of `of` (rows, judgments or records, as the message says); `rows` has the columns of NOTE_ROWS.
    """

    code: str
    message: str
    count: int
    of: int
    rows: pl.DataFrame = field(repr=False, compare=False)
