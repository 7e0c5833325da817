"""Rows of judgments whose ids are codes already: whoever has read them need not let them be read again."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Ints, distinct
from prefqa.coding import Coded, RowIds, codes_of, latest, sort_codes, with_slots

KEYS = ("item_id", "annotator_id", "response_id")


class KeyedRows(NamedTuple):
    """Rows as they came, with codes in place of ids; a code is an index into `ids`, which are sorted."""

    frame: pl.DataFrame
    ids: RowIds

    def filter(self, rows: pl.Series) -> KeyedRows:
        """Return some of the rows, with the ids of all."""
        return self._replace(frame=self.frame.filter(rows))


def key_rows(frame: pl.DataFrame) -> KeyedRows:
    """Put codes in place of ids, which are categories and nowhere null."""
    coded = {name: codes_of(frame, name) for name in KEYS}
    codes = [pl.Series(name, code) for name, (code, _) in coded.items()]
    return KeyedRows(frame.with_columns(codes), RowIds(*(ids for _, ids in coded.values())))


def encode_keyed(rows: KeyedRows) -> Coded:
    """Code rows that count, as `coding.encode` does, which says which of them stay."""
    frame = latest(rows.frame) if "judgment_id" in rows.frame.columns else rows.frame
    codes: list[Ints] = []
    ids: list[pl.Series] = []
    for name, known in zip(KEYS, rows.ids, strict=True):
        used, code = distinct(frame[name].to_numpy())
        codes.append(code.astype(np.uint32))
        ids.append(known if used.size == known.len() else known.gather(used))
    left = RowIds(*ids)
    sorted_rows = sort_codes(np.zeros(0, np.uint32), *codes, frame["rank"].to_numpy(), left)
    return with_slots(sorted_rows, left, pl.DataFrame({"cell": [0]}))
