"""The rows that count, read once: their codes, the places of responses on the screen, and what else rules look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints
from prefqa.coding import KEYS, Coded, latest, read_rows
from prefqa.keyed import KeyedRows, encode_keyed, key_rows, places_of
from prefqa.preferences import Preferences

#: Columns that rules look at beside the keys and the rank.
MORE = ("position", "created_at", "duration_s")
_RANK_LIMIT = 2**31


class Read(NamedTuple):
    """Coded rows; per row of them the place on the screen from 1, 0 = not known (None without positions).

    `rows` are those that count as they were read; their codes of items and annotators are those of `coded`.
    """

    coded: Coded
    place: Ints | None
    rows: KeyedRows


def read(prefs: Preferences) -> Read:
    """Read the rows that count, where nobody has, and code them; the codes are kept, so that others need not read."""
    more = [name for name in MORE if name in prefs.columns]
    rows, place = prefs.taken(more) or (key_rows(_rows(prefs, more)), None)
    if "position" not in more:
        return Read(prefs.coded_from(lambda: encode_keyed(rows)), None, rows)
    if place is not None:
        return Read(prefs.coded(), place, rows)
    coded, place = _with_places(rows)
    return Read(prefs.coded_from(lambda: coded), place, rows)


def _rows(prefs: Preferences, more: Sequence[str]) -> pl.DataFrame:
    kept = ("created_at",) if "judgment_id" in prefs.columns else ()  # that is read in any case
    names = [name for name in more if name not in kept]
    return read_rows(prefs.usable(), names).rename({f"_by_{name}": name for name in names})


def part(whole: Read, items: Bools) -> Read:
    """Keep some items (by their code); codes stay what they are."""
    coded = whole.coded
    judgments = items[coded.item]
    lengths = coded.lengths
    rows = np.repeat(judgments, lengths)
    starts = np.cumsum(lengths[judgments]) - lengths[judgments]
    listed = np.repeat(items[coded.item[coded.unit_starts]], coded.widths)
    own = replace(
        coded,
        item=coded.item[judgments],
        annotator=coded.annotator[judgments],
        starts=starts,
        slot=coded.slot[rows],
        rank=coded.rank[rows],
        slot_response=coded.slot_response[listed],
    )
    place = None if whole.place is None else whole.place[rows]
    frame = whole.rows.frame
    return Read(own, place, whole.rows._replace(frame=frame.filter(pl.Series(items[frame["item_id"].to_numpy()]))))


def _with_places(rows: KeyedRows) -> tuple[Coded, Ints]:
    """Code the rows; places ride along in the rank's lower part, so that nothing is looked up by its ids."""
    left = latest(rows.frame) if "judgment_id" in rows.frame.columns else rows.frame
    frame = left.select(*KEYS, "rank", place=pl.Series(places_of(left)))
    ranks, places = (int(frame[name].to_numpy().max(initial=0)) for name in ("rank", "place"))
    scale = None
    if (ranks + 1) * (places + 1) >= _RANK_LIMIT:  # then the number of each among those that there are
        scale = frame["rank"].unique().sort().to_numpy()
        order = pl.when(pl.col("place") > 0).then("place").rank("dense").fill_null(0).cast(pl.Int64)
        frame = frame.with_columns(pl.col("rank").rank("dense").cast(pl.Int64), place=order)
        places = int(frame["place"].to_numpy().max(initial=0))
    coded = _packed(rows._replace(frame=frame), places + 1)
    if coded.rank.size < frame.height:
        # Rows that stand twice would contradict each other by their places alone: one place for each response.
        frame = frame.with_columns(pl.col("place").max().over(KEYS))
        coded = _packed(rows._replace(frame=frame), places + 1)
    rank, place_ = coded.rank // (places + 1), coded.rank % (places + 1)
    if scale is not None:
        rank = scale[rank - 1].astype(np.int32)
    return replace(coded, rank=rank), place_.astype(np.min_scalar_type(places))


def _packed(rows: KeyedRows, width: int) -> Coded:
    packed = (pl.col("rank") * width + pl.col("place")).cast(pl.Int32)
    return encode_keyed(rows._replace(frame=rows.frame.select(*KEYS, packed.alias("rank"))))
