"""Sorted rows of judgments, and the number of each response within its item, its slot."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa._types import Ints, begins


class Rows(NamedTuple):
    """Sorted rows: per judgment its keys and first row, per row response and rank."""

    cell: Ints
    item: Ints
    annotator: Ints
    starts: Ints
    response: Ints
    rank: Ints


def without_duplicates(rows: Rows) -> Rows:
    """Drop rows that stand twice: all but one where they say the same, all where they contradict each other."""
    first = begins(rows.response)
    first[rows.starts] = True
    if first.all():
        return rows
    group = np.cumsum(first) - 1
    contradicts = np.zeros(int(group[-1]) + 1, bool)
    contradicts[group[1:][~first[1:] & (rows.rank[1:] != rows.rank[:-1])]] = True
    keep = first & ~contradicts[group]
    left = np.add.reduceat(keep, rows.starts, dtype=np.int64)
    some = left > 0
    starts = (np.cumsum(left) - left)[some]
    cell = rows.cell[some] if rows.cell.size else rows.cell
    return Rows(cell, rows.item[some], rows.annotator[some], starts, rows.response[keep], rows.rank[keep])


def slots_of(rows: Rows) -> tuple[Ints, Ints]:
    """Number the responses of each unit from 0, in the order of their ids; list them unit by unit.

    Where all judgments of a unit rank the same responses, as most do, a row's place in its judgment is its slot, and
    the unit's first judgment lists its responses. Only the other units are sorted once more.
    """
    n = rows.rank.size
    lengths = np.diff(np.append(rows.starts, n))
    new_units = begins(rows.cell, rows.item)
    unit_at = np.flatnonzero(new_units)
    model = np.repeat(unit_at, np.diff(np.append(unit_at, new_units.size)))  # the first judgment of each one's unit
    if n and (lengths == lengths[0]).all():
        k = int(lengths[0])
        table = rows.response.reshape(-1, k)
        slot = np.tile(np.arange(k, dtype=np.uint32), new_units.size)
        alike = (table == table[model]).all(axis=1)
    else:
        place = np.arange(n) - np.repeat(rows.starts, lengths)
        slot = place.astype(np.uint32)
        twin = np.repeat(rows.starts[model], lengths) + place
        same = rows.response == rows.response[np.minimum(twin, max(n - 1, 0))]
        alike = np.logical_and.reduceat(same, rows.starts) if n else np.zeros(0, bool)
        alike &= lengths == lengths[model]
    if alike.all():
        return slot, rows.response[np.repeat(new_units, lengths)]
    mixed_unit = ~np.logical_and.reduceat(alike, unit_at)
    unit = np.repeat(np.cumsum(new_units) - 1, lengths)
    mixed = np.flatnonzero(mixed_unit[unit])
    order = np.lexsort((rows.response[mixed], unit[mixed]))
    at = mixed[order]
    new_unit, new_id = begins(unit[at]), begins(unit[at], rows.response[at])
    running = np.cumsum(new_id)
    slot[at] = running - np.maximum.accumulate(np.where(new_unit, running, 0))
    listed = np.repeat(new_units, lengths)
    listed[mixed] = False
    listed[at[new_id]] = True
    listing = np.flatnonzero(listed)
    return slot, rows.response[listing[np.lexsort((slot[listing], unit[listing]))]]
