"""The votes of a campaign as arrays: who said what on which pair, when, and how its responses differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints, distinct
from prefqa.coding import Coded, encode
from prefqa.drift.features import POSITION, response_features
from prefqa.drift.periods import PERIOD, Periods
from prefqa.preferences import Preferences

#: Item columns of at most so many values are strata, as long as their combinations are not more than MAX_STRATA.
MAX_LEVELS, MAX_STRATA = 12, 24
#: Begins the name of a feature that is a confirmed change.
SINCE = "since:"


@dataclass(frozen=True)
class VoteTable:
    """Votes sorted by unit, a unit being one pair of responses of one item.

    Per vote: `unit`, `item`, `annotator`, `judgment`, `period`, `stratum` (codes from 0), `said` (1 first, 0 tie, -1
    second) and `x` [n_votes, n_features], first less second, in units of `scale`. First is the response that comes
    first by id, so that all votes of a unit look at it from one side; "position" is 1 where it was also shown first,
    else -1.
    """

    unit: Ints
    item: Ints
    annotator: Ints
    judgment: Ints
    period: Ints
    stratum: Ints
    said: Ints
    x: Floats
    names: list[str]
    scale: Floats
    periods: list[str]
    strata: list[str]
    annotators: pl.Series

    @property
    def n(self) -> int:
        """Number of votes."""
        return self.unit.size

    @cached_property
    def starts(self) -> Ints:
        """First vote of each unit."""
        return np.flatnonzero(np.append(True, self.unit[1:] != self.unit[:-1])) if self.n else np.zeros(0, np.int64)

    @property
    def is_common(self) -> Bools:
        """Which features weigh the same for all annotators: the indicators of models, and confirmed changes."""
        return np.array([name.startswith(("model:", SINCE)) for name in self.names], bool)

    def with_change(self, column: int, after: Bools, moved: Bools) -> VoteTable:
        """Add a feature that is `column` in the periods after a change, for the annotators who moved."""
        changed = self.x[:, column] * after[self.period] * moved[self.annotator]
        names = [*self.names, f"{SINCE}{self.names[column]}"]
        return replace(self, x=np.column_stack([self.x, changed]), names=names, scale=np.append(self.scale, 1.0))

    def take(self, keep: Bools | Ints | slice) -> VoteTable:
        """Keep some votes, or put them in order; codes stay as they are."""
        per_vote = ("unit", "item", "annotator", "judgment", "period", "stratum", "said", "x")
        return replace(self, **{name: getattr(self, name)[keep] for name in per_vote})

    def sampled(self, n_votes: int, seed: int) -> VoteTable:
        """Keep whole items, drawn by a hash of their number, so that about `n_votes` are left."""
        return self if self.n <= n_votes else self.take(_hash(self.item, seed) < n_votes / self.n)


def vote_table(
    periods: Periods, *, features: Sequence[str] | None = None, strata: Sequence[str] | None = None
) -> VoteTable:
    """Make the votes of all periods; in each period the latest judgment of an annotator and item counts."""
    prefs = periods.prefs
    strata = tuple(strata) if strata is not None else slices(prefs)
    prefs.require(*strata)
    coded, place = _coded(prefs, (PERIOD, *strata))
    names = sorted(set(coded.cells[PERIOD].drop_nulls().to_list()))
    period_of_cell = np.array([names.index(name) for name in coded.cells[PERIOD]], np.int64)
    stratum_of_cell, strata_names = _strata(coded, strata)
    item_of_listed, listed, slot = _listed(coded)
    known = response_features(prefs, coded, item_of_listed, features)
    first, second, judgment = _pairs(coded)
    x = known.values[listed[first]] - known.values[listed[second]]
    column_names = list(known.names)
    if place.any():
        known_place = (place[first] > 0) & (place[second] > 0)
        shown_first = np.where(known_place, np.sign(place[second] - place[first]), 0)
        x = np.column_stack([shown_first.astype(np.float64), x])
        column_names = [POSITION, *column_names]
    x, scale = _scaled(x, column_names)
    low, high = np.minimum(slot[first], slot[second]), np.maximum(slot[first], slot[second])
    width = int(slot.max(initial=0)) + 1
    item = coded.item[judgment].astype(np.int64)
    key = (item * width + low) * width + high
    cell = coded.cell[judgment].astype(np.int64)
    order = np.argsort(key, kind="stable")
    _, unit = distinct(key[order])
    rank = coded.rank
    said = np.sign(rank[second].astype(np.int64) - rank[first])
    table = VoteTable(
        unit, item, coded.annotator[judgment].astype(np.int64), judgment, period_of_cell[cell],
        stratum_of_cell[cell], said.astype(np.int8), x, column_names, scale, names, strata_names, coded.annotator_ids,
    )  # fmt: skip
    ordered = table.take(order)
    return replace(ordered, unit=unit)


def slices(prefs: Preferences) -> tuple[str, ...]:
    """Columns by which votes are split before anything is compared: the criterion, and text columns of items."""
    found = ["criterion"] if "criterion" in prefs.columns else []
    if prefs.items is not None:
        for name, dtype in prefs.items.schema.items():
            if dtype in (pl.String(), pl.Boolean()) and name not in ("item_id", *prefs.columns):
                found += [name] if 1 < prefs.items[name].n_unique() <= MAX_LEVELS else []
    return tuple(found)


def _coded(prefs: Preferences, by: tuple[str, ...]) -> tuple[Coded, Ints]:
    """Code the rows with their places on the screen, 0 = not known: the place rides along in the rank's lower part."""
    rows = prefs._with_slices(by, prefs.usable())
    if POSITION not in prefs.columns:
        coded = encode(rows, by)
        return coded, np.zeros(coded.rank.size, np.int64)
    place = pl.col(POSITION).fill_null(-1) + 1
    most, ranks = (int(one or 0) for one in rows.select(place.max(), pl.col("rank").max()).collect().row(0))
    width = 1 + max(most, 0)
    if ranks * width >= 2**31:
        coded = encode(rows, by)
        return coded, np.zeros(coded.rank.size, np.int64)
    coded = encode(rows.with_columns(rank=pl.col("rank") * width + place.clip(lower_bound=0)), by)
    return replace(coded, rank=coded.rank // width), (coded.rank % width).astype(np.int64)


def _strata(coded: Coded, strata: tuple[str, ...]) -> tuple[Ints, list[str]]:
    """Number of the stratum of each cell; beyond MAX_STRATA combinations, the rarest are one."""
    if not strata:
        return np.zeros(coded.cells.height, np.int64), ["all"]
    name = pl.concat_str([pl.col(one).cast(pl.String).fill_null("none") for one in strata], separator=", ")
    named = coded.cells.select(name.alias("stratum"))["stratum"]
    counts = np.bincount(coded.cell.astype(np.int64), minlength=coded.cells.height)
    sizes = pl.DataFrame({"stratum": named, "n": counts}).group_by("stratum").agg(pl.col("n").sum())
    kept = sizes.sort("n", "stratum", descending=[True, False])["stratum"].head(MAX_STRATA - 1).sort().to_list()
    names = kept if sizes.height < MAX_STRATA else [*kept, "others"]
    return np.array([kept.index(one) if one in kept else len(kept) for one in named], np.int64), names


def _listed(coded: Coded) -> tuple[Ints, Ints, Ints]:
    """Item of each listed response; per row, where its response is listed and its number within the item."""
    units = coded.unit_starts
    if not units.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    sizes = np.diff(np.append(units, coded.item.size))
    widths = np.maximum.reduceat(coded.slot, coded.starts[units]).astype(np.int64) + 1
    first = np.repeat(np.cumsum(widths) - widths, sizes)
    item_of_listed = np.repeat(coded.item[units].astype(np.int64), widths)
    listed = np.repeat(first, coded.lengths) + coded.slot
    if np.unique(coded.item[units]).size == units.size:
        return item_of_listed, listed, coded.slot.astype(np.int64)
    order = np.lexsort((coded.slot_response, item_of_listed))
    item, response = item_of_listed[order], coded.slot_response[order]
    new_item = np.append(True, item[1:] != item[:-1])
    new = new_item | np.append(True, response[1:] != response[:-1])
    running = np.cumsum(new) - 1
    number = np.empty(order.size, np.int64)
    number[order] = running - np.maximum.accumulate(np.where(new_item, running, 0))
    return item_of_listed, listed, number[listed]


def _pairs(coded: Coded) -> tuple[Ints, Ints, Ints]:
    """Rows of the first and second response of every vote, and its judgment."""
    firsts, seconds, judgments = [], [], []
    lengths = coded.lengths
    for k in np.unique(lengths):
        judgment = np.flatnonzero(lengths == k)
        for one in range(int(k)):
            for other in range(one + 1, int(k)):
                firsts.append(coded.starts[judgment] + one)
                seconds.append(coded.starts[judgment] + other)
                judgments.append(judgment)
    empty = np.zeros(0, np.int64)
    first, second, judgment = (np.concatenate([*parts, empty]) for parts in (firsts, seconds, judgments))
    return first.astype(np.int64), second.astype(np.int64), judgment.astype(np.int64)


def _scaled(x: Floats, names: list[str]) -> tuple[Floats, Floats]:
    """Differences in units of their root mean square (models and position as they are); unknown ones are 0."""
    x = np.nan_to_num(x, nan=0.0)
    as_is = np.array([name == POSITION or name.startswith("model:") for name in names], bool)
    scale = np.sqrt((x**2).mean(axis=0)) if len(x) else np.ones(len(names))
    scale = np.where(as_is | (scale == 0), 1.0, scale)
    return np.clip(x / scale, -4, 4), scale


def _hash(code: Ints, seed: int) -> Floats:
    """A number in [0, 1) for each code."""
    return np.asarray(mixed(code, seed + 1) / np.float64(2**64))


def mixed(code: Ints, seed: int = 0) -> Ints:
    """64 bits for each code, by the finaliser of splitmix64."""
    with np.errstate(over="ignore"):
        z = code.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))
