"""Judgments coded by period, with the place of each response on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.coding import Coded, encode_rows, read_rows
from prefqa.drift.features import POSITION
from prefqa.preferences import Preferences

_SHIFT = 20


class Placed(NamedTuple):
    """Coded rows, and per row the place on the screen from 1 (0 = not known; empty where no row has one)."""

    coded: Coded
    place: Ints


def coded_with_places(prefs: Preferences, by: tuple[str, ...]) -> Placed:
    """Code the rows that count; the place rides along in the rank's lower part, so that the data are read once."""
    nowhere = np.zeros(0, np.uint8)
    if POSITION not in prefs.columns:
        return Placed(prefs.coded(by), nowhere)
    place = (pl.col(POSITION).fill_null(-1) + 1).clip(0, (1 << _SHIFT) - 1)
    frame = read_rows(prefs.usable().with_columns(rank=pl.col("rank") * (1 << _SHIFT) + place), by)
    both = pl.col("rank")
    place = both & ((1 << _SHIFT) - 1)
    rank = both // (1 << _SHIFT)
    ranks, places = (int(one or 0) for one in frame.select(rank.max().alias("rank"), place.max().alias("place")).row(0))
    width = places + 1
    if not places or ranks * width >= 2**31:
        return Placed(encode_rows(frame.with_columns(rank=rank), by), nowhere)
    frame = frame.with_columns(rank=(rank * width + place).cast(pl.Int32))
    coded = encode_rows(frame, by)
    return Placed(replace(coded, rank=coded.rank // width), (coded.rank % width).astype(np.min_scalar_type(places)))
