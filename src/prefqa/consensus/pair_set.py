"""A training set of pairs: what it holds, what was left out, how noisy its labels are, and its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.consensus.card import card_facts
from prefqa.consensus.digest import uniform
from prefqa.consensus.pairs import divide
from prefqa.errors import UsageError
from prefqa.results import records
from prefqa.writers.registry import write_pairs

PARTS = ("train", "validation", "test")
_SWAPPED = {"chosen": "rejected", "chosen_id": "rejected_id", "n_chosen": "n_rejected"}


@dataclass(frozen=True)
class PairSet:
    """Selected pairs, and what was left out.

    `frame`: one row per pair (columns as `ConsensusResult.pairs`); two for a tie under `ties="half"`. `left_out`:
    reason, count of pairs; the reasons are `no_votes` (nobody compared the two), `not_selected` (by `select`),
    `against_places` (the pair is decided otherwise than by the places that `select` asks for, as in a cycle; so what is
    taken has no cycle), `tie`, `below_min_probability`, and where texts are known `no_text` (that of a side is missing
    or blank) and `same_text` (both sides read the same, white space around them aside). A pair counts under the first
    reason that applies, so `n_pairs` and the counts add up to all pairs of responses.
    `made`: how the set was made: method, select, ties, min_probability, the numbers of items, votes and annotators, and
    the licences of the responses.
    """

    frame: pl.DataFrame
    left_out: pl.DataFrame
    made: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_pairs(self) -> int:
        """Number of pairs in `frame`; the two rows of a halved tie are one."""
        return self.frame.height - self.frame.filter(pl.col("weight") == 0.5).height // 2

    @property
    def epsilon(self) -> float | None:
        """The share of wrong labels to expect: the label-smoothing value for the set; None without a row.

        Mean of 1 - `p_better` over the rows as a trainer without weights sees them, a kept tie among them as .5. It is
        `p_better`, not `probability`: a label is wrong where the pool as a whole prefers the other response, not where
        a single annotator does. The two rows of a halved tie are left out: they say one half already, and smoothing
        them changes nothing.

        Source: Mitchell (2023), A note on DPO with noisy preferences, for epsilon as the chance of a flipped label.
        """
        said = self.frame.filter(pl.col("weight") != 0.5)["p_better"]
        return None if said.is_empty() else 1 - float(said.mean())  # type: ignore[arg-type]

    def split(self, *, test: float = 0.1, validation: float = 0.0, seed: int = 0) -> PairSplit:
        """Cut the set into parts; all pairs of an item, and of items with the same prompt, stay together.

        The part of a prompt (of an item, where no prompt is known) follows from a hash of its text and the seed alone:
        neither row order nor other items move it, so a set that grows keeps its test part. The shares are therefore
        those to expect; `PairSplit.sizes` has what came out.

        Args:
            test, validation: share of prompts; together below 1.
            seed: another seed, another split.
        """
        if not (test >= 0 and validation >= 0 and test + validation < 1):
            raise UsageError(f"test={test} and validation={validation} are shares that leave something to train on")
        group = _group(self.frame)
        bounds = [1.0, test + validation, test, 0.0]  # train from the top, test from the bottom
        u = pl.col("_u")
        placed = self.frame.with_columns(group, _u=uniform(group, seed))
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
        """
        return write_pairs(self.frame, path, layout=layout, facts=card_facts(self), **limits)

    def to_dict(self) -> dict[str, Any]:
        """Return n_pairs, n_rows, epsilon and left_out, without the pairs."""
        return {
            "n_pairs": self.n_pairs,
            "n_rows": self.frame.height,
            "epsilon": self.epsilon,
            "left_out": records(self.left_out),
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


def pair_set(pairs: pl.DataFrame, left_out: pl.DataFrame, n_without_votes: int, ties: str) -> PairSet:
    """Leave out pairs that have nothing to tell a trainer, halve ties where wanted, and sum up."""
    kept, by_text = divide(pairs, _text_fault(pairs)) if "chosen" in pairs.columns else (pairs, left_out.clear())
    none = pl.DataFrame({"reason": ["no_votes"], "count": [n_without_votes]}).filter(pl.col("count") > 0)
    counted = pl.concat([none, left_out, by_text]).sort("reason")
    return PairSet(_halved(kept) if ties == "half" else kept, counted)


def _halved(pairs: pl.DataFrame) -> pl.DataFrame:
    """Give each tie two rows, one per direction, of weight one half; the rest stays as it is."""
    numbered = pairs.with_row_index("_row").with_columns(weight=pl.when("tie").then(0.5).otherwise("weight"))
    there = {one: other for one, other in _SWAPPED.items() if one in pairs.columns}
    turned = numbered.filter("tie").rename(there | {other: one for one, other in there.items()})
    return pl.concat([numbered, turned.select(numbered.columns)]).sort("_row", maintain_order=True).drop("_row")


def _text_fault(pairs: pl.DataFrame) -> pl.Expr:
    chosen, rejected = (_plain(side, pairs.schema[side]) for side in ("chosen", "rejected"))
    blank = (chosen.fill_null("") == "") | (rejected.fill_null("") == "")
    last = pl.lit(value=False)
    for side in ("chosen", "rejected"):
        last = last | _says_nothing(side, pairs.schema[side])
    return pl.when(blank | last).then(pl.lit("no_text")).when(chosen == rejected).then(pl.lit("same_text"))


def _plain(column: str, dtype: pl.DataType) -> pl.Expr:
    """Text to compare: chat messages by their JSON form."""
    if dtype == pl.String():
        return pl.col(column).str.strip_chars()
    return pl.when(pl.col(column).is_not_null()).then(
        pl.struct(column).struct.rename_fields(["x"]).struct.json_encode()
    )


def _says_nothing(column: str, dtype: pl.DataType) -> pl.Expr:
    """Chat messages without a last word."""
    if not isinstance(dtype, pl.List):
        return pl.lit(value=False)
    message = pl.col(column).list.last()
    inner = dtype.inner
    if isinstance(inner, pl.Struct) and any(f.name == "content" and f.dtype == pl.String() for f in inner.fields):
        return message.struct.field("content").str.strip_chars().fill_null("") == ""
    return message.is_null()


def _group(pairs: pl.DataFrame) -> pl.Series:
    """What must stay together: the prompt, or the item where it has none."""
    item = pl.concat_str(pl.lit("item "), "item_id")
    if "prompt" not in pairs.columns:
        return pairs.select(_group=item)["_group"]
    prompt = pl.concat_str(pl.lit("prompt "), _plain("prompt", pairs.schema["prompt"]))
    return pairs.select(_group=pl.coalesce(prompt, item))["_group"]
