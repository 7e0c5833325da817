"""What a consensus gives: the order in each item, pairs to train on, and how the annotators did."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from prefqa.consensus.card import licences_of
from prefqa.consensus.fitted import Fitted
from prefqa.consensus.margins import Margin, with_margin
from prefqa.consensus.pair_set import PairSet, pair_set
from prefqa.consensus.pair_texts import with_texts
from prefqa.consensus.pairs import Select, Ties, select_pairs
from prefqa.consensus.plan import RelabelPlan, relabel_plan
from prefqa.criteria.names import COLUMN
from prefqa.preferences import Preferences
from prefqa.results import Result, records

PAIR_COLUMNS = (
    "item_id", "chosen_id", "rejected_id", "probability", "margin", "p_better", "weight", "entropy", "n_votes",
    "n_annotators", "n_chosen", "n_tie", "n_rejected", "agreement", "tie", "unanimous", "cycle",
)  # fmt: skip


@dataclass(frozen=True)
class ConsensusResult(Result):
    """The consensus of a campaign.

    Attributes:
        items: one row per item, by item_id: k (responses ranked by anybody), winner (the only response in first place,
            null where several share it or nothing was compared), condorcet_winner (beats every other by majority, or
            null), cycle (the strict majorities have a cycle), tie (several responses share first place), unanimous (all
            votes on each pair are equal; null where no pair has two votes), agreement (share of equal
            pairs of votes, over the item's pairs; null likewise), n_annotators, n_votes; and for Kemeny
            cost, n_optima, gap, exact (null elsewhere; see `prefqa.consensus.kemeny`).
        responses: one row per item and response, by both ids: place (1 = best, equal = tied), score (the method's own,
            higher is better), p_best (probability that it stands first; null above 7 responses), n_votes.
        annotators: one row per annotator: n_judgments, n_items, n_votes, n_compared, agreement_with_others, se;
            and, null where the method does not tell, reliability (expected share of right votes), reliability_se,
            position_bias, position_bias_se (two-coin: how much more often than half what is shown first is preferred),
            discrimination, discrimination_se (weighted-bradley-terry; 1 = as the pool is taken to be), below_chance.
        overall: the method, the prior and how it was found, and counts, ready for JSON.
        method: the method used; where "auto" was asked for, the one it took, and `overall["why"]` says why.
        n_items, n_votes: how much there was.
    """

    items: pl.DataFrame
    responses: pl.DataFrame
    annotators: pl.DataFrame
    method: str
    n_items: int
    n_votes: int
    overall: dict[str, Any]
    _codes: pl.DataFrame = field(repr=False)
    _preferences: Preferences = field(repr=False)
    _fitted: Fitted = field(repr=False)

    def pairs(
        self,
        select: Select = "all",
        *,
        min_probability: float | None = None,
        ties: Ties = "keep",
        margin: Margin = "logit",
    ) -> pl.DataFrame:
        """Return consensus pairs, one row per pair, by item_id and then the two ids.

        Args:
            select: "all" pairs; "best-worst": first against last place; "adjacent": neighbouring places;
                "best-vs-rest": first place against all others.
            min_probability: leave out pairs below this probability (a tie has .5).
            ties: "keep" keeps pairs that the method holds equal, marked and with weight 0 (files for trainers do not
                have them); "drop" leaves them out; "half" gives each two rows, one per direction, of weight one half.
                For a logistic loss these two ask for equal rewards, which is what the annotators said, also of a
                trainer that knows no weights (there a tie then counts twice).
            margin: "logit", "theta" or "graded"; see `prefqa.consensus.margins`.

        Returns:
            item_id, chosen_id, rejected_id; probability that a fresh annotator of the same pool prefers chosen (see
            `majority.vote_probability`; below .5 where the item's order goes against this pair's votes, as it must in a
            cycle); margin; p_better: probability that chosen is the one that the pool as a whole prefers, so that the
            label is right; weight in a loss: 1, for a tie 0 or one half; entropy of p_better, in bits;
            n_annotators (of the item); n_votes, and of these n_chosen, n_tie, n_rejected; agreement
            among them (null with one vote); tie (the method holds both equal: which is called chosen
            means nothing, probability is .5); unanimous; cycle (of the item); criterion, where there is that column;
            by the method "graded" strength, that of a fresh vote on average, votes for rejected below 0.
            Then, as far as they are known, the texts prompt (what the two begin with, where they are whole dialogues),
            chosen and rejected, and the item's tools, images, videos and audios. Pairs that nobody compared are not
            made, nor are those of which a text is known to be blank or both are the same, which trainers take without a
            word; `pair_set` counts what is left out.
        """
        return self.pair_set(select, min_probability=min_probability, ties=ties, margin=margin).frame

    def pair_set(
        self,
        select: Select = "all",
        *,
        min_probability: float | None = None,
        ties: Ties = "keep",
        margin: Margin = "logit",
    ) -> PairSet:
        """Return what `pairs` returns, with what was left out, the label-smoothing value, `split` and `write`."""
        selected, others = select_pairs(self._codes, select=select, min_probability=min_probability, ties=ties)
        named = self._with_ids(with_margin(selected, self.items["k"], margin))
        texts = with_texts(named.with_columns(selected["left_out"]), self._preferences)
        found = pair_set(texts, others, self.overall["n_pairs_without_votes"], ties)
        made = {"method": self.method, "select": select, "ties": ties, "min_probability": min_probability}
        made |= {"n_items": self.n_items, "n_votes": self.n_votes, "n_annotators": self.annotators.height}
        return replace(found, made=made | licences_of(found.frame, self._preferences.responses))

    def plan(self, budget: int, *, seed: int = 0) -> RelabelPlan:
        """Rank items by what one more judgment would tell, and say what `budget` of them buy.

        See `prefqa.consensus.plan.relabel_plan`.
        """
        return relabel_plan(self._preferences.coded(), self._fitted, budget, seed)

    def to_dict(self) -> dict[str, Any]:
        """Return {"overall": {...}, "pairs": [...]}, all pairs without their texts."""
        return {"overall": self.overall, "pairs": records(self._with_ids(self._codes))}

    def _with_ids(self, codes: pl.DataFrame) -> pl.DataFrame:
        at_item = codes["_item"]
        first_slot = self.items["k"].cum_sum() - self.items["k"]
        start = first_slot.gather(at_item)
        response_id = self.responses["response_id"]
        named = codes.with_columns(
            self.items["item_id"].gather(at_item),
            self.items["cycle"].gather(at_item),
            self.items["n_annotators"].gather(at_item),
            response_id.gather(start + codes["_chosen"].cast(pl.Int64)).alias("chosen_id"),
            response_id.gather(start + codes["_rejected"].cast(pl.Int64)).alias("rejected_id"),
        )
        graded = ["strength"] if "strength" in named.columns else []
        return _with_criterion(named.select(*PAIR_COLUMNS, *graded), self._preferences)

    def _repr_html_(self) -> str:
        return "".join(frame._repr_html_() for frame in (self.items, self.responses, self.annotators))


def _with_criterion(pairs: pl.DataFrame, preferences: Preferences) -> pl.DataFrame:
    """Mark pairs with the criterion by which their item was judged; null where it has none, or several."""
    if COLUMN not in preferences.columns:
        return pairs
    name = pl.col(COLUMN).drop_nulls()
    named = preferences.usable().group_by("item_id").agg(pl.when(name.n_unique() == 1).then(name.first()).alias(COLUMN))
    return pairs.join(named.collect(), on="item_id", how="left", maintain_order="left")
