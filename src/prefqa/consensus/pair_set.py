"""A training set of pairs: what it holds, what was left out, how noisy its labels are, and its parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.consensus.card import card_facts
from prefqa.consensus.digest import uniform
from prefqa.errors import UsageError
from prefqa.messages import prompt_key
from prefqa.results import records
from prefqa.writers.pair_forms import refuse_several_criteria, several_criteria
from prefqa.writers.registry import write_pairs

PARTS = ("train", "validation", "test")
_SWAPPED = {"chosen": "rejected", "chosen_id": "rejected_id", "n_chosen": "n_rejected"}


#: Reasons of `PairSet.left_out` in words, after their number.
REASONS = {
    "no_votes": "that nobody compared",
    "not_selected": "outside the selection",
    "against_places": "against the order of their item",
    "tie": "ties",
    "below_min_probability": "below min_probability",
    "several_contexts": "of items with several tools or media",
    "no_text": "without text",
    "same_text": "of equal texts",
    "no_prompt": "without prompt",
}
NO_TEXTS = "no text of a response is known, and an id never stands for one"


@dataclass(frozen=True)
class PairSet:
    """Selected pairs, and what was left out.

    `frame`: one row per pair (columns as `ConsensusResult.pairs`); two for a tie under `ties="half"`. `left_out`:
    reason, count of pairs; the reasons are `no_votes` (nobody compared the two), `not_selected` (by `select`),
    `against_places` (the pair is decided otherwise than by the places that `select` asks for, as in a cycle; so what is
    taken has no cycle), `tie`, `below_min_probability`, `several_contexts` (judgments of one item show different tools
    or media), and where texts are known `no_text` (that of a side is missing or blank) and `same_text` (both sides read
    the same, white space around them aside). A pair counts under the first reason that applies, so `n_pairs` and the
    counts add up to all pairs of responses.
    `others`: the rows of the selection that are left out, with the reason in a column `left_out`.
    `made`: how the set was made: method, select, ties, min_probability, the numbers of items, votes and annotators, and
    the licences of the responses.
    """

    frame: pl.DataFrame
    left_out: pl.DataFrame
    made: Mapping[str, Any] = field(default_factory=dict)
    others: pl.DataFrame | None = field(default=None, repr=False)

    @property
    def n_pairs(self) -> int:
        """Number of pairs in `frame`; the two rows of a halved tie are one."""
        return _n_pairs(self.frame)

    @property
    def training(self) -> pl.DataFrame:
        """The rows of a file for trainers: no tie that is only kept, and none without prompt where others have one."""
        return self.frame.filter(self._reasons().is_null())

    @property
    def no_file(self) -> str | None:
        """Why there is no file for trainers; None where there is one."""
        if "chosen" not in self.frame.columns:
            return NO_TEXTS
        several = several_criteria(self.frame)
        return several and f"{several} do not go into one file"

    @property
    def marked(self) -> pl.DataFrame:
        """All pairs of the selection, with `is_tie`, and `left_out`: why a file for trainers has not the pair."""
        rows = self.frame.with_columns(left_out=self._reasons())
        if self.others is not None and self.others.height:
            rows = pl.concat([rows, self.others.select(rows.columns)])
            ids = [pl.min_horizontal("chosen_id", "rejected_id"), pl.max_horizontal("chosen_id", "rejected_id")]
            rows = rows.sort("item_id", *ids, maintain_order=True)
        return rows.with_columns(is_tie="tie")

    @property
    def sentence(self) -> str:
        """How many pairs a file for trainers has, and how many it has not, by reason."""
        return self.sentence_without(("tie", "no_prompt"))

    def sentence_without(self, reasons: Collection[str]) -> str:
        """Return the same of a file that leaves out these pairs of `frame`: "tie", "no_prompt"."""
        left_out = self._counts(reasons)
        n_written = self.n_pairs + int(self.left_out["count"].sum()) - sum(left_out.values())
        whole = f"{n_written + sum(left_out.values()):,} pairs"
        if self.no_file:
            return f"{whole}: none written for trainers, since {self.no_file}"
        counts = [(left_out[reason], words) for reason, words in REASONS.items() if reason in left_out]
        out = [f"{n:,} {'tie' if (n, words) == (1, 'ties') else words} left out" for n, words in counts]
        ids = (
            "; prompts are numbers or names, no texts, and are not written" if "prompt_id" in self.frame.columns else ""
        )
        return f"{whole}: {', '.join([f'{n_written:,} written', *out])}{ids}"

    def _counts(self, reasons: Collection[str]) -> dict[str, int]:
        """Number of pairs left out by reason: `left_out`, and those of `frame` for one of `reasons`."""
        counts = dict(self.left_out.iter_rows())
        marks = self._reasons()
        for reason in reasons:
            n = _n_pairs(self.frame.filter(marks == reason))
            if n:
                counts[reason] = counts.get(reason, 0) + n
        return counts

    def _reasons(self) -> pl.Series:
        """Why a file for trainers does not have a row of `frame`; null where it has it."""
        tied = pl.when(pl.col("weight") == 0).then(pl.lit("tie"))
        missing = pl.lit(None, pl.String)
        if "prompt" in self.frame.columns:
            known = prompt_key("prompt", self.frame.schema["prompt"]) != ""
            missing = pl.when(~known & known.any()).then(pl.lit("no_prompt"))
        return self.frame.select(pl.coalesce(tied, missing).alias("left_out")).to_series()

    @property
    def epsilon(self) -> float | None:
        """The share of wrong labels to expect: the label-smoothing value for the set; None without a row.

        Mean of 1 - `p_better` over the decided pairs. It is `p_better`, not `probability`: a label is wrong where the
        pool as a whole prefers the other response, not where a single annotator does. The two rows of a halved tie are
        left out: they say one half already, and smoothing them changes nothing.

        Source: Mitchell (2023), A note on DPO with noisy preferences, for epsilon as the chance of a flipped label.
        """
        said = self.frame.filter(pl.col("weight") == 1)["p_better"]
        return None if said.is_empty() else 1 - float(said.mean())  # type: ignore[arg-type]

    def split(self, *, test: float = 0.1, validation: float = 0.0, seed: int = 0) -> PairSplit:
        """Cut the rows for trainers into parts; all pairs of an item, and of items with the same prompt, stay together.

        Prompts are the same where their texts are, but for white space and Unicode forms; the prompt may be a text,
        messages, or what both responses begin with. The part of a prompt (of an item, where no prompt is known) follows
        from a hash of its text and the seed alone: neither row order nor other items move it, so a set that grows keeps
        its test part. Only where an item has several prompts, as dialogues that part at different turns, or none, are
        items kept together that share a prompt or the texts of a pair. The shares are therefore those to expect;
        `PairSplit.sizes` has what came out.

        Args:
            test, validation: share of prompts; together below 1.
            seed: another seed, another split.
        """
        if not (test >= 0 and validation >= 0 and test + validation < 1):
            raise UsageError(f"test={test} and validation={validation} are shares that leave something to train on")
        rows = self.training
        group = _group(rows)
        bounds = [1.0, test + validation, test, 0.0]  # train from the top, test from the bottom
        u = pl.col("_u")
        placed = rows.with_columns(group, _u=uniform(group, seed))
        parts = {name: placed.filter((u < bounds[at]) & (u >= bounds[at + 1])) for at, name in enumerate(PARTS)}
        sizes = pl.DataFrame(
            [
                {
                    "part": name,
                    "n_prompts": part["_group"].n_unique(),
                    "n_items": part["item_id"].n_unique(),
                    "n_rows": part.height,
                }
                for name, part in parts.items()
            ]
        )
        train, validated, tested = (part.drop("_group", "_u") for part in parts.values())
        return PairSplit(train, validated, tested, sizes)

    def write(self, path: str | Path, *, layout: str, **limits: Any) -> pl.DataFrame:
        """Write the pairs in a trainer's layout; the card of hugging-face says what was done, agreement and licence.

        Args:
            path, layout, limits: as `prefqa.write_pairs` takes them.

        Returns:
            What the trainer will lose; see `prefqa.write_pairs`.

        Raises:
            UsageError: no text of a response is known, the pairs are of several criteria, or the layout cannot hold
                them.
        """
        self.require_texts()
        return write_pairs(self.frame, path, layout=layout, facts=card_facts(self), **limits)

    def require_texts(self) -> None:
        """Raise UsageError where there is nothing to write for trainers."""
        refuse_several_criteria(self.frame)
        if self.no_file:
            raise UsageError(
                f"there is nothing to train on: {self.no_file}",
                hint="give the texts in a column or a table of responses; ids and figures go into a .parquet file.",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return n_pairs, n_rows, epsilon, left_out, and training_file: what a file for trainers has; not the pairs."""
        rows = self.training
        return {
            "n_pairs": self.n_pairs,
            "n_rows": self.frame.height,
            "epsilon": self.epsilon,
            "left_out": records(self.left_out),
            "training_file": {
                "n_pairs": 0 if self.no_file else _n_pairs(rows),
                "n_rows": 0 if self.no_file else rows.height,
                "left_out": [
                    {"reason": reason, "count": n} for reason, n in self._counts(("tie", "no_prompt")).items()
                ],
                "reason": self.no_file,
            },
        }


@dataclass(frozen=True)
class PairSplit:
    """Parts of a set of pairs, rows as in `PairSet.frame`; `sizes`: part, n_prompts, n_items, n_rows."""

    train: pl.DataFrame
    validation: pl.DataFrame
    test: pl.DataFrame
    sizes: pl.DataFrame

    @property
    def parts(self) -> dict[str, pl.DataFrame]:
        """The parts that were asked for, by name; validation only where it has a row."""
        found = {name: getattr(self, name) for name in PARTS}
        return {name: part for name, part in found.items() if name != "validation" or part.height}


def pair_set(pairs: pl.DataFrame, outside: pl.DataFrame, n_without_votes: int, ties: str) -> PairSet:
    """Leave out the pairs that are marked, halve ties where wanted, and sum up; `outside` counts those not selected."""
    kept = pairs.filter(pl.col("left_out").is_null()).drop("left_out")
    others = pairs.filter(pl.col("left_out").is_not_null())
    marked = others.group_by(reason="left_out").agg(count=pl.len().cast(pl.Int64))
    none = pl.DataFrame({"reason": ["no_votes"], "count": [n_without_votes]}).filter(pl.col("count") > 0)
    counted = pl.concat([none, outside, marked]).sort("reason")
    return PairSet(_halved(kept) if ties == "half" else kept, counted, others=others)


def _n_pairs(frame: pl.DataFrame) -> int:
    return frame.height - frame.filter(pl.col("weight") == 0.5).height // 2


def _halved(pairs: pl.DataFrame) -> pl.DataFrame:
    """Give each tie two rows, one per direction, of weight one half; the rest stays as it is."""
    numbered = pairs.with_row_index("_row").with_columns(weight=pl.when("tie").then(0.5).otherwise("weight"))
    there = {one: other for one, other in _SWAPPED.items() if one in pairs.columns}
    turned = numbered.filter("tie").rename(there | {other: one for one, other in there.items()})
    return pl.concat([numbered, turned.select(numbered.columns)]).sort("_row", maintain_order=True).drop("_row")


def _group(pairs: pl.DataFrame) -> pl.Series:
    """What must stay together: the prompt, or the item where it has none; and items without one, of the same texts."""
    item = pl.concat_str(pl.lit("item "), "item_id")
    prompt = next((name for name in ("prompt", "prompt_id") if name in pairs.columns), None)
    key = pl.lit("") if prompt is None else prompt_key(prompt, pairs.schema[prompt])
    named = pl.when(key != "").then(pl.concat_str(pl.lit("prompt "), key)).otherwise(item)
    texts = item
    if "chosen" in pairs.columns:
        sides = pl.concat_list(prompt_key(side, pairs.schema[side]) for side in ("chosen", "rejected"))
        texts = pl.when(key == "").then(sides.list.sort().list.join("\n")).otherwise(item)
    rows = pairs.select("item_id", _group=named, _prompt=named, _texts=texts)
    while True:  # ends, since each turn lowers a name; at once where an item has one prompt and no other has its texts
        least = rows
        for link in ("item_id", "_prompt", "_texts"):
            least = least.with_columns(pl.col("_group").min().over(link))
        if least["_group"].equals(rows["_group"]):
            return rows["_group"]
        rows = least
