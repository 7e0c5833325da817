"""What the rules on annotators share: the coded judgments, their votes on pairs, and what others said on these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.coding import Coded
from prefqa.consensus.reliability import Reliabilities, fit_reliabilities
from prefqa.preferences import Preferences
from prefqa.votes import Bucket, buckets, pair_tallies, tallies


@dataclass(frozen=True)
class PairVotes:
    """Votes on pairs of responses, flat: `vote` +1 first preferred, -1 second, 0 a tie.

    `others` is the mean vote of the other annotators on the pair, null (NaN) where nobody else voted; `n_others` how
    many they are. `earlier` and `longer` are +1 where the first of the pair was shown earlier, or is longer, -1 where
    the second is, 0 where neither or unknown.
    """

    judgment: Ints
    annotator: Ints
    item: Ints
    pair: Ints
    vote: Ints
    others: Floats
    n_others: Ints
    earlier: Ints
    longer: Ints


@dataclass(frozen=True)
class Pool:
    """The annotators and what they did; tables are made when a rule asks for them."""

    prefs: Preferences
    options: Mapping[str, Mapping[str, Any]]

    @cached_property
    def coded(self) -> Coded:
        """One judgment per item and annotator, the latest."""
        return self.prefs.coded()

    @property
    def columns(self) -> list[str]:
        """Names of the judgment columns."""
        return self.prefs.columns

    @property
    def n(self) -> int:
        """Number of annotators."""
        return self.coded.annotator_ids.len()

    @cached_property
    def n_judgments(self) -> Ints:
        """Judgments of each annotator."""
        return np.bincount(self.coded.annotator, minlength=self.n)

    @cached_property
    def buckets(self) -> list[Bucket]:
        """The rankings, by number of responses."""
        return list(buckets(self.coded))

    @cached_property
    def tallies(self) -> pl.DataFrame:
        """Votes on each pair of responses that has any, as `prefqa.votes.tallies`."""
        return tallies(self.coded)

    @cached_property
    def positions(self) -> list[Ints] | None:
        """Places on the screen, from 1, in the form of the buckets' ranks, 0 = unknown; None without positions."""
        if "position" not in self.columns:
            return None
        found = self._aligned(pl.col("position"), ("item_id", "annotator_id", "response_id"), self._latest())
        # Some tools count places from 0; only their order matters here.
        return self._dense(found["position"].fill_null(-1).to_numpy() + 1)

    @cached_property
    def n_chars(self) -> list[Ints] | None:
        """Lengths of the responses in the form of the buckets' ranks, 0 = unknown; None without texts."""
        responses = self.prefs.responses
        if responses is None or responses.schema.get("text") != pl.String():
            return None
        table = responses.lazy().select("item_id", "response_id", n=pl.col("text").str.len_chars())
        found = self._aligned(pl.col("n"), ("item_id", "response_id"), table)
        return self._dense(found["n"].fill_null(0).to_numpy())

    @cached_property
    def positions_vary(self) -> bool:
        """Whether annotators of one item saw its responses in different orders."""
        if self.positions is None:
            return False
        return any(
            bool((places != np.repeat(places[bucket.starts], bucket.lengths, axis=0)).any())
            for bucket, places in zip(self.buckets, self.positions, strict=True)
        )

    @cached_property
    def places_are_fixed(self) -> bool:
        """Whether most rows are of responses that stand in ten items or more, always at one place."""
        rows = self.prefs.usable().filter(pl.col("position").is_not_null())
        each = rows.group_by("response_id").agg(
            n=pl.len(), items=pl.col("item_id").n_unique(), places=pl.col("position").n_unique()
        )
        fixed = (pl.col("items") >= 10) & (pl.col("places") == 1)
        share = each.select(pl.col("n").filter(fixed).sum() / pl.col("n").sum()).collect().item()
        return bool((share or 0.0) > 0.5)

    @cached_property
    def reliabilities(self) -> Reliabilities:
        """What each annotator's votes are worth."""
        return fit_reliabilities(self.buckets, self.n, "mallows")

    @cached_property
    def votes(self) -> PairVotes:
        """All votes on pairs."""
        names = list(PairVotes.__dataclass_fields__)
        parts = [self._votes_of(i) for i in range(len(self.buckets)) if self.buckets[i].k > 1]
        whole: dict[str, Any] = {name: np.zeros(0, np.float64 if name == "others" else np.int64) for name in names}
        if not parts:
            return PairVotes(**whole)
        offset, n_judgments = 0, 0
        for i, part in enumerate(parts):
            parts[i] = replace(part, pair=part.pair + offset, judgment=part.judgment + n_judgments)
            offset += int(part.pair.max(initial=-1)) + 1
            n_judgments += int(part.judgment.max(initial=-1)) + 1
        whole = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        return PairVotes(**whole)

    def _votes_of(self, i: int) -> PairVotes:
        bucket = self.buckets[i]
        places = self.positions[i] if self.positions is not None else np.zeros_like(bucket.ranks)
        lengths = self.n_chars[i] if self.n_chars is not None else np.zeros_like(bucket.ranks)
        judgment = np.arange(len(bucket.ranks))
        parts = []
        for number, tally in enumerate(pair_tallies(bucket)):
            a, b = (bucket.ranks[:, slot].astype(np.int64) for slot in (tally.first, tally.second))
            both = (a > 0) & (b > 0)
            vote = np.sign(b - a)
            total = (tally.n_first + tally.n_tie + tally.n_second)[bucket.unit]
            margin = (tally.n_first.astype(np.int64) - tally.n_second)[bucket.unit]
            n_others = total - 1
            with np.errstate(invalid="ignore", divide="ignore"):
                others = np.where(n_others > 0, (margin - vote) / n_others, np.nan)
            pair = bucket.unit * (bucket.k * (bucket.k - 1) // 2) + number
            columns = (
                judgment,
                bucket.annotator,
                bucket.item[bucket.unit],
                pair,
                vote.astype(np.int8),
                others,
                n_others,
                -_sign(places[:, tally.first], places[:, tally.second]),
                _sign(lengths[:, tally.first], lengths[:, tally.second]),
            )
            parts.append([column[both] for column in columns])
        return PairVotes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _latest(self) -> pl.LazyFrame:
        """The rows that count, one per item, annotator and response: of repeated judgments the latest."""
        order = [
            name for name in ("created_at", "judgment_id") if name in self.columns and "judgment_id" in self.columns
        ]
        keys = ["item_id", "annotator_id", "response_id"]
        rows = self.prefs.usable().select(*keys, "position", *order)
        return rows.sort(*order).unique(keys, keep="last", maintain_order=True) if order else rows.unique(keys)

    def _aligned(self, value: pl.Expr, keys: tuple[str, ...], table: pl.LazyFrame) -> pl.DataFrame:
        """Values of a table in the order of the coded rows."""
        coded = self.coded
        judgment = np.repeat(np.arange(coded.item.size), coded.lengths)
        unit_starts = coded.unit_starts
        sizes = np.diff(np.append(unit_starts, coded.item.size))
        widths = np.maximum.reduceat(coded.slot, coded.starts[unit_starts]) + 1 if unit_starts.size else sizes
        first = np.repeat(np.cumsum(widths, dtype=np.int64) - widths, sizes)
        rows = {
            "item_id": (coded.item_ids, coded.item[judgment]),
            "annotator_id": (coded.annotator_ids, coded.annotator[judgment]),
            "response_id": (coded.response_ids, coded.slot_response[first[judgment] + coded.slot]),
        }
        left = pl.LazyFrame({key: rows[key][0].gather(rows[key][1]) for key in keys})
        return left.join(table.select(*keys, value), on=keys, how="left", maintain_order="left").collect()

    def _dense(self, values: Ints) -> list[Ints]:
        return [bucket.ranks for bucket in buckets(replace(self.coded, rank=values.astype(np.int32)))]


def _sign(first: Ints, second: Ints) -> Ints:
    known = (first > 0) & (second > 0)
    return np.asarray(np.sign(first.astype(np.int64) - second) * known, np.int8)


def by_annotator(pool: Pool, annotator: Ints, weights: Floats | Bools | Ints | None = None) -> Floats:
    """Sum something by annotator."""
    values = None if weights is None else np.asarray(weights, np.float64)
    return np.bincount(annotator, weights=values, minlength=pool.n).astype(np.float64)


def per_annotator(pool: Pool, table: pl.DataFrame, *names: str) -> list[Floats]:
    """Columns of a table by annotator_id, as arrays by annotator; 0 where the table has none."""
    at = pl.DataFrame({"annotator_id": pool.coded.annotator_ids}).with_row_index("at")
    known = table.join(at, on="annotator_id", how="inner")
    out = [np.zeros(pool.n) for _ in names]
    for values, name in zip(out, names, strict=True):
        values[known["at"]] = known[name]
    return out
