"""Integer codes for the keys of judgments, made once; everything after this works on integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from prefqa._types import Ints

_KEYS = ("item_id", "annotator_id", "response_id")


@dataclass(frozen=True)
class Coded:
    """Ranked rows as integers, sorted by (cell, item, annotator, response), one judgment per cell, item, annotator.

    `cell`, `item`, `annotator`, `response`, `rank`: one value per row. `response` is the slot within the item (of the
    cell): 0 .. K-1 in the order of response_id. `item_ids` and `annotator_ids` are sorted; a code is an index
    into them. `response_key` gives per row of `slots` the response's id. `n_repeats` counts rows of a judgment
    that a later one by the same annotator replaced, `n_duplicates` those that stood twice.
    """

    cell: Ints
    item: Ints
    annotator: Ints
    response: Ints
    rank: Ints
    slots: pl.DataFrame
    item_ids: pl.Series
    annotator_ids: pl.Series
    cells: pl.DataFrame
    n_repeats: int
    n_duplicates: int


def encode(usable: pl.LazyFrame, by: Sequence[str] = ()) -> Coded:
    """Code the usable rows of judgments.

    Where one annotator judged an item (of a cell) several times, told apart by judgment_id, the latest judgment
    counts: by created_at, then by judgment_id. Rows that stand twice with one rank count once; with contradicting
    ranks none of them counts.
    """
    frame, n_repeats, cells = _collect(usable, by)
    item, item_ids = _codes(frame, "item_id")
    annotator, annotator_ids = _codes(frame, "annotator_id")
    response, response_ids = _codes(frame, "response_id")
    cell = frame["_cell"].to_numpy() if by else np.zeros(0, np.uint32)
    rank = frame["rank"].to_numpy()
    del frame
    columns = [cell, item, annotator, response, rank]
    sizes = [max(len(cells), 1), len(item_ids), len(annotator_ids), len(response_ids), int(rank.max(initial=0)) + 1]
    columns, n_duplicates = _without_duplicates(_sorted_columns(columns, sizes))
    cell, item, annotator, response, rank = columns
    slot, slots = _slots(cell, item, annotator, response, response_ids)
    return Coded(cell, item, annotator, slot, rank, slots, item_ids, annotator_ids, cells, n_repeats, n_duplicates)


def _collect(usable: pl.LazyFrame, by: Sequence[str]) -> tuple[pl.DataFrame, int, pl.DataFrame]:
    """The needed columns in memory, cells numbered, repeated judgments reduced to the latest."""
    names = usable.collect_schema().names()
    more = [name for name in ("judgment_id", "created_at") if "judgment_id" in names and name in names]
    # One dictionary per key, filled while the rows stream past.
    keys = [pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in _KEYS]
    slices = [pl.col(name).alias(f"_by_{name}") for name in by]
    frame = usable.select(*keys, "rank", *more, *slices).collect(engine="streaming")
    cells = pl.DataFrame({"cell": [0]})
    if by:
        aliases = [f"_by_{name}" for name in by]
        cells = frame.select(aliases).unique().sort(aliases, nulls_last=True).with_row_index("_cell")
        frame = frame.join(cells, on=aliases, how="left", nulls_equal=True).drop(aliases)
        cells = cells.rename({"_cell": "cell"} | dict(zip(aliases, by, strict=True)))
    n_before = frame.height
    if more:
        frame = _latest(frame, by=bool(by))
    return frame, n_before - frame.height, cells


def _latest(frame: pl.DataFrame, *, by: bool) -> pl.DataFrame:
    unit = (["_cell"] if by else []) + ["item_id", "annotator_id"]
    times = [pl.col("created_at").max()] if "created_at" in frame.columns else []
    judgments = frame.lazy().group_by(*unit, "judgment_id").agg(*times)
    repeated = judgments.filter(pl.len().over(unit) > 1).collect()
    if repeated.is_empty():
        return frame
    order = [name for name in ("created_at", "judgment_id") if name in repeated.columns]
    superseded = repeated.sort(*unit, *order, nulls_last=False).filter(
        pl.int_range(pl.len()).over(unit) < pl.len().over(unit) - 1
    )
    return frame.join(superseded, on=[*unit, "judgment_id"], how="anti", nulls_equal=True)


def _codes(frame: pl.DataFrame, name: str) -> tuple[Ints, pl.Series]:
    """Codes of a string column, in the sorted order of its distinct values, and these values."""
    column = frame[name]
    physical = column.to_physical().to_numpy()
    seen = column.unique()
    order = pl.DataFrame({"code": seen.to_physical(), "id": seen.cast(pl.String)}).sort("id")
    codes = np.zeros(int(physical.max(initial=0)) + 1, np.uint32)
    codes[order["code"].to_numpy()] = np.arange(seen.len(), dtype=np.uint32)
    return codes[physical], order["id"].alias(name)


def _sorted_columns(columns: list[Ints], sizes: list[int]) -> list[Ints]:
    """Sort rows by all columns, first to last: as one packed integer where 64 bits hold them, else as a frame."""
    bits = [max(size - 1, 0).bit_length() for size in sizes]
    if sum(bits) > 64:
        frame = pl.DataFrame({f"c{i}": c for i, c in enumerate(columns) if c.size}).sort(pl.all())
        whole = iter(frame.get_columns())
        return [next(whole).to_numpy() if c.size else c for c in columns]
    packed = np.zeros(columns[1].size, np.uint64)
    for column, width in zip(columns, bits, strict=True):
        packed <<= np.uint64(width)
        if column.size:
            packed |= column if column.dtype == np.uint32 else column.astype(np.uint64)
    if not (packed[1:] >= packed[:-1]).all():
        packed = pl.Series(packed).sort().to_numpy()
    unpacked: list[Ints] = []
    shift = 0
    for column, width in zip(reversed(columns), reversed(bits), strict=True):
        one = packed >> np.uint64(shift)
        one &= np.uint64((1 << width) - 1)
        unpacked.append(one.astype(np.uint32) if column.size else column)
        shift += width
    return unpacked[::-1]


def _without_duplicates(columns: list[Ints]) -> tuple[list[Ints], int]:
    """Drop rows that stand twice: all but one where they say the same, all where they contradict each other."""
    *keys, rank = columns
    same = np.ones(max(rank.size - 1, 0), bool)
    for key in keys:
        if key.size:
            same &= key[1:] == key[:-1]
    if not same.any():
        return columns, 0
    first = np.concatenate([[True], ~same])
    group = np.cumsum(first) - 1
    contradicts = np.zeros(int(group[-1]) + 1, bool)
    contradicts[group[1:][same & (rank[1:] != rank[:-1])]] = True
    keep = first & ~contradicts[group]
    return [c[keep] if c.size else c for c in columns], int(rank.size - keep.sum())


def _slots(
    cell: Ints, item: Ints, annotator: Ints, response: Ints, response_ids: pl.Series
) -> tuple[Ints, pl.DataFrame]:
    """Number the responses of each unit from 0, in the order of their ids; rows are sorted by unit and annotator.

    Where all judgments of a unit rank the same responses, as most do, a row's place in its judgment is its slot, and
    the unit's first judgment lists its responses. Only the other units are sorted once more.
    """
    n = item.size
    starts_unit = np.ones(n, bool)
    starts_unit[1:] = item[1:] != item[:-1]
    if cell.size:
        starts_unit[1:] |= cell[1:] != cell[:-1]
    starts_judgment = starts_unit.copy()
    starts_judgment[1:] |= annotator[1:] != annotator[:-1]
    unit_at, judgment_at = np.flatnonzero(starts_unit), np.flatnonzero(starts_judgment)
    judgment_lengths = np.diff(np.append(judgment_at, n))
    unit_lengths = np.diff(np.append(unit_at, n))
    row = np.arange(n)
    slot = row - np.repeat(judgment_at, judgment_lengths)
    first_judgment = np.searchsorted(judgment_at, unit_at)
    n_first = judgment_lengths[first_judgment]
    in_first = row - np.repeat(unit_at, unit_lengths)
    same = response == response[np.minimum(np.repeat(unit_at, unit_lengths) + slot, max(n - 1, 0))]
    listed = in_first < np.repeat(n_first, unit_lengths)
    if n and not (same.all() and _same_lengths(judgment_lengths, first_judgment)):
        alike = np.logical_and.reduceat(same, unit_at)
        lengths = np.repeat(n_first, np.diff(np.append(first_judgment, judgment_lengths.size)))
        alike &= np.logical_and.reduceat(judgment_lengths == lengths, first_judgment)
        mixed = np.flatnonzero(np.repeat(~alike, unit_lengths))
        unit = np.cumsum(starts_unit)[mixed]
        order = np.lexsort((response[mixed], unit))
        rows, unit, ids = mixed[order], unit[order], response[mixed][order]
        new_unit = np.append(True, unit[1:] != unit[:-1])
        new_id = new_unit | np.append(True, ids[1:] != ids[:-1])
        running = np.cumsum(new_id)
        slot[rows] = running - np.maximum.accumulate(np.where(new_unit, running, 0))
        listed[rows] = new_id
    slot = slot.astype(np.uint32)
    at = np.flatnonzero(listed)
    slots = pl.DataFrame(
        {
            "cell": cell[at] if cell.size else np.zeros(at.size, np.uint32),
            "item": item[at],
            "response": slot[at],
            "response_id": response_ids.gather(response[at]),
        }
    )
    return slot, slots.sort("cell", "item", "response")


def _same_lengths(lengths: Ints, first: Ints) -> bool:
    """Whether all judgments of each unit have the length of its first."""
    return bool((lengths == np.repeat(lengths[first], np.diff(np.append(first, lengths.size)))).all())
