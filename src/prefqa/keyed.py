"""Rows of judgments whose ids are codes already: whoever has read them need not let them be read again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Ints, distinct
from prefqa.coding import KEYS, Coded, RowIds, codes_of, latest, sort_codes, with_slots


class KeyedRows(NamedTuple):
    """Rows as they came, with codes in place of ids; a code is an index into `ids`, which are sorted."""

    frame: pl.DataFrame
    ids: RowIds

    def filter(self, rows: pl.Series) -> KeyedRows:
        """Return some of the rows, with the ids that stand in them."""
        frame = self.frame.filter(rows)
        used = {name: _used(frame[name].to_numpy(), ids) for name, ids in zip(KEYS, self.ids, strict=True)}
        codes = [pl.Series(name, code) for name, (code, _) in used.items()]
        return KeyedRows(frame.with_columns(codes), RowIds(*(ids for _, ids in used.values())))

    def named(self) -> pl.DataFrame:
        """Return the rows with their ids again, of the keys that are there."""
        ids = dict(zip(KEYS, self.ids, strict=True))
        return self.frame.with_columns(
            ids[name].gather(self.frame[name]).alias(name) for name in KEYS if name in self.frame.columns
        )


def places_of(frame: pl.DataFrame) -> Ints:
    """Places on the screen from 1, 0 = not known. Some tools count from 0; only their order matters."""
    position = frame["position"]
    low, high = (int(end) if isinstance(end, int) else -1 for end in (position.min(), position.max()))
    if low >= 0 and high < 2**16 - 1 and not position.null_count():
        few = position.to_numpy().astype(np.min_scalar_type(high + 1))
        few += 1
        return few
    return frame.select((pl.col("position").fill_null(-1) + 1).clip(0)).to_series().to_numpy()


def key_rows(frame: pl.DataFrame) -> KeyedRows:
    """Put codes in place of ids, which are categories and nowhere null."""
    pl.Series(np.zeros(0))  # loads numpy in polars, which two threads that do so at once break
    with ThreadPoolExecutor(pl.thread_pool_size()) as beside:
        coded = dict(zip(KEYS, beside.map(partial(codes_of, frame), KEYS), strict=True))
    codes = [pl.Series(name, code) for name, (code, _) in coded.items()]
    return KeyedRows(frame.with_columns(codes), RowIds(*(ids for _, ids in coded.values())))


def encode_keyed(rows: KeyedRows) -> Coded:
    """Code rows that count, as `coding.encode` does, which says which of them stay."""
    frame = latest(rows.frame) if "judgment_id" in rows.frame.columns else rows.frame
    (item, item_ids), (annotator, annotator_ids), (response, response_ids) = (
        _used(frame[name].to_numpy(), known) for name, known in zip(KEYS, rows.ids, strict=True)
    )
    ids = RowIds(item_ids, annotator_ids, response_ids)
    in_order = sort_codes(np.zeros(0, np.uint32), item, annotator, response, frame["rank"].to_numpy(), ids)
    return with_slots(in_order, ids, pl.DataFrame({"cell": [0]}))


def _used(codes: Ints, ids: pl.Series) -> tuple[Ints, pl.Series]:
    """Codes among the ids that stand in the rows, and these."""
    used, code = distinct(codes)
    return (codes, ids) if used.size == ids.len() else (code.astype(np.uint32), ids.gather(used))
