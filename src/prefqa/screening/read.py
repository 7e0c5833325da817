"""The rows that count, read once: their codes, the places of responses on the screen, and what else rules look at."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Bools, Ints
from prefqa.coding import Coded, encode_rows, latest, read_rows
from prefqa.preferences import Preferences

KEYS = ("item_id", "annotator_id", "response_id")
#: Columns that rules look at beside the keys and the rank.
_MORE = ("position", "created_at", "duration_s")
_RANK_LIMIT = 2**31


class Read(NamedTuple):
    """Coded rows; per row of them the place on the screen from 1, 0 = not known (None without positions).

    `rows` are those that count as they were read, keys as categories.
    """

    coded: Coded
    place: Ints | None
    rows: pl.DataFrame


def read(prefs: Preferences) -> Read:
    """Read the rows that count and code them; the codes are kept, so that others need not read the data again."""
    kept = ("created_at",) if "judgment_id" in prefs.columns else ()  # that is read in any case
    more = tuple(name for name in _MORE if name in prefs.columns and name not in kept)
    rows = read_rows(prefs.usable(), more).rename({f"_by_{name}": name for name in more})
    if "position" not in more:
        return Read(prefs.coded_from(lambda: encode_rows(rows)), None, rows)
    coded, place = _with_places(rows)
    return Read(prefs.coded_from(lambda: coded), place, rows)


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
    return Read(own, place, _of_items(whole.rows, coded.item_ids.filter(pl.Series(items))))


def _of_items(rows: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """Rows of some items, looked up by category: ten times as fast as by the ids of all rows."""
    item = rows["item_id"]
    seen = item.unique()
    known = seen.cast(pl.String).is_in(ids.implode()).to_numpy()
    physical = item.to_physical().to_numpy()
    wanted = np.zeros(int(physical.max(initial=0)) + 1, np.bool_)
    wanted[seen.to_physical().to_numpy()[known]] = True
    return rows.filter(pl.Series(wanted[physical]))


def _with_places(rows: pl.DataFrame) -> tuple[Coded, Ints]:
    """Code the rows; places ride along in the rank's lower part, so that nothing is looked up by its ids."""
    # Some tools count places from 0; only their order matters here.
    place = (pl.col("position").fill_null(-1) + 1).clip(0)
    left = latest(rows) if "judgment_id" in rows.columns else rows
    frame = left.select(*KEYS, "rank", place=place)
    ranks, places = (int(frame[name].to_numpy().max(initial=0)) for name in ("rank", "place"))
    scale = None
    if (ranks + 1) * (places + 1) >= _RANK_LIMIT:  # then the number of each among those that there are
        scale = frame["rank"].unique().sort().to_numpy()
        order = pl.when(pl.col("place") > 0).then("place").rank("dense").fill_null(0).cast(pl.Int64)
        frame = frame.with_columns(pl.col("rank").rank("dense").cast(pl.Int64), place=order)
        places = int(frame["place"].to_numpy().max(initial=0))
    coded = _packed(frame, places + 1)
    if coded.rank.size < frame.height:
        # Rows that stand twice would contradict each other by their places alone: one place for each response.
        frame = frame.with_columns(pl.col("place").max().over(KEYS))
        coded = _packed(frame, places + 1)
    rank, place_ = coded.rank // (places + 1), coded.rank % (places + 1)
    if scale is not None:
        rank = scale[rank - 1].astype(np.int32)
    return replace(coded, rank=rank), place_.astype(np.min_scalar_type(places))


def _packed(frame: pl.DataFrame, width: int) -> Coded:
    return encode_rows(frame.select(*KEYS, (pl.col("rank") * width + pl.col("place")).cast(pl.Int32).alias("rank")))
