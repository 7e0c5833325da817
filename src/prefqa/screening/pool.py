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
from prefqa.lookup import looked_up
from prefqa.preferences import Preferences
from prefqa.screening.read import Read, part, read
from prefqa.screening.sample import sampled_items
from prefqa.screening.shown import Shown, as_shown
from prefqa.votes import Bucket, buckets, pair_votes, tallied


@dataclass(frozen=True)
class PairVotes:
    """Votes on pairs of responses, flat: `vote` +1 first preferred, -1 second, 0 a tie.

    `others` is the mean vote of the other annotators on the pair, null (NaN) where nobody else voted; `n_others` how
    many they are. `earlier` is +1 where the first of the pair was shown earlier, -1 where the second was, 0 where
    unknown.
    """

    judgment: Ints
    annotator: Ints
    vote: Ints
    others: Floats
    n_others: Ints
    earlier: Ints


@dataclass(frozen=True)
class Pool:
    """The annotators and what they did; tables are made when a rule asks for them.

    `given` is what was read of the data, where it was; `whole` the pool that this one is a sample of.
    """

    prefs: Preferences
    options: Mapping[str, Mapping[str, Any]]
    given: Read | None = None
    whole: Pool | None = None

    @cached_property
    def read(self) -> Read:
        """The rows that count with their codes and places on the screen."""
        return self.given if self.given is not None else read(self.prefs)

    @property
    def coded(self) -> Coded:
        """One judgment per item and annotator, the latest."""
        return self.prefs.coded() if self.given is None else self.given.coded

    @cached_property
    def sample(self) -> Pool:
        """The pool on a sample of its items where the data are large, else this pool; with the same annotators."""
        items = sampled_items(self.coded)
        if items is None:
            return self
        own = part(self.read, items)
        ids = pl.DataFrame({"item_id": self.coded.item_ids.filter(pl.Series(items))})
        prefs = self.prefs.with_judgments(own.rows.named().lazy()).of_items(ids)
        return Pool(prefs, self.options, own, self)

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
    def positions(self) -> list[Ints] | None:
        """Places on the screen, from 1, in the form of the buckets' ranks, 0 = unknown; None without positions."""
        place = self.read.place
        return None if place is None else self._dense(place)

    @cached_property
    def shown(self) -> list[Shown]:
        """The rankings in the order of the screen, or of the slots without positions, in the form of the buckets."""
        places = self.positions
        return [as_shown(bucket, None if places is None else places[i]) for i, bucket in enumerate(self.buckets)]

    @cached_property
    def lengths(self) -> pl.DataFrame | None:
        """As `Preferences.lengths`; those of a sample are looked up among all."""
        if self.whole is None:
            return self.prefs.lengths
        known, responses = self.whole.lengths, self.prefs.responses
        if known is None or responses is None:
            return None
        return known.join(responses.select("item_id"), on="item_id", how="semi", maintain_order="left")

    @cached_property
    def n_chars(self) -> list[Ints] | None:
        """Lengths of the responses in the form of the buckets' ranks, 0 = unknown; None without texts."""
        known, coded = self.lengths, self.coded
        if known is None:
            return None
        item = np.repeat(coded.item[coded.unit_starts], coded.widths)
        listed = looked_up(known, coded, item, coded.slot_response)["n_chars"].fill_null(0).to_numpy().astype(np.int32)
        return self._dense(listed[np.repeat(coded.listed_from, coded.lengths) + coded.slot])

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
        if self.whole is not None:
            return self.whole.places_are_fixed
        rows = self.read.rows.frame.lazy().select("response_id", "item_id", "position").drop_nulls("position")
        place = pl.col("position")
        one_place = (place.min() == place.max()) & (pl.len() >= 10)
        each = rows.group_by("response_id").agg(n=pl.len(), fixed=one_place).collect(engine="streaming")
        n, fixed = each["n"].sum(), each.filter("fixed")
        if 2 * fixed["n"].sum() <= n:
            return False
        # Only of these is it worth to count the items.
        many = rows.join(fixed.lazy(), on="response_id", how="semi").group_by("response_id")
        items = many.agg(n=pl.len(), items=pl.col("item_id").n_unique()).filter(pl.col("items") >= 10)
        return bool(2 * items.select(pl.col("n").sum()).collect().item() > n)

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
        n_judgments = 0
        for i, votes in enumerate(parts):
            parts[i] = replace(votes, judgment=votes.judgment + n_judgments)
            n_judgments += int(votes.judgment.max(initial=-1)) + 1
        whole = {name: np.concatenate([getattr(votes, name) for votes in parts]) for name in names}
        return PairVotes(**whole)

    @cached_property
    def longer(self) -> Ints | None:
        """For each of `votes` +1 where the first of the pair is longer, -1 where the second is, else 0.

        None without texts.
        """
        if self.n_chars is None:
            return None
        parts: list[Ints] = [np.zeros(0, np.int8)]
        for bucket, lengths in zip(self.buckets, self.n_chars, strict=True):
            columns = np.ascontiguousarray(lengths.T)
            for votes in pair_votes(bucket.ranks):
                both = votes.better | votes.equal | votes.worse
                parts.append(_sign(columns[votes.first], columns[votes.second])[both])
        return np.concatenate(parts)

    def _votes_of(self, i: int) -> PairVotes:
        bucket = self.buckets[i]
        places = self.positions[i] if self.positions is not None else np.zeros_like(bucket.ranks)
        judgment, unit = np.arange(len(bucket.ranks)), bucket.unit
        shown = np.ascontiguousarray(places.T)
        parts = []
        for votes in pair_votes(bucket.ranks):
            tally = tallied(bucket, votes)
            both = votes.better | votes.equal | votes.worse
            vote = votes.better.view(np.int8) - votes.worse.view(np.int8)
            total = (tally.n_first + tally.n_tie + tally.n_second)[:, unit]
            margin = (tally.n_first.astype(np.int64) - tally.n_second)[:, unit]
            n_others = total - 1
            with np.errstate(invalid="ignore", divide="ignore"):
                others = np.where(n_others > 0, (margin - vote) / n_others, np.nan)
            placed = -_sign(shown[tally.first], shown[tally.second])
            columns = (judgment[None], bucket.annotator[None], vote, others, n_others, placed)
            parts.append([np.broadcast_to(column, both.shape)[both] for column in columns])
        return PairVotes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _dense(self, values: Ints) -> list[Ints]:
        return [bucket.ranks for bucket in buckets(replace(self.coded, rank=values))]


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
