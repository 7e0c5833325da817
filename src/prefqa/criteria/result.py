"""What the criteria of a campaign say about its overall vote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from prefqa.results import Result, records

WEIGHTS_SCHEMA: dict[str, Any] = {
    "criterion": pl.String,
    "weight": pl.Float64,
    "se": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "odds": pl.Float64,
    "shrunk": pl.Float64,
    "agreement": pl.Float64,
    "n_decided": pl.Int64,
    "n_votes": pl.Int64,
    "reason": pl.String,
}
CONTRADICTIONS_SCHEMA: dict[str, Any] = {
    "item_id": pl.String,
    "annotator_id": pl.String,
    "chosen_id": pl.String,
    "rejected_id": pl.String,
    "probability": pl.Float64,
    "against_all": pl.Boolean,
    "criteria": pl.List(pl.Struct({"criterion": pl.String, "prefers": pl.String, "difference": pl.Float64})),
    "prompt": pl.String,
}
HELD_OUT_SCHEMA: dict[str, Any] = {
    "model": pl.String,
    "log_loss": pl.Float64,
    "accuracy": pl.Float64,
    "n_votes": pl.Int64,
}


@dataclass(frozen=True)
class CriteriaResult(Result):
    """Weights of the criteria for the overall vote, and overall votes that go against their criteria.

    Attributes:
        overall: the criterion that is the overall vote; None where none is known.
        names: the criteria beside it.
        weights: one row per criterion, by name: weight (log odds that a response wins the overall vote where this
            criterion prefers it, or per point of its score, the others being equal), se, ci_low, ci_high (null with
            `reason`), odds (e to the weight), shrunk (the weight under the penalty that held-out votes choose; without
            interval), agreement (share of equal votes where both this criterion and the overall vote decide),
            n_decided (how many these are), n_votes (overall votes beside which there is one by this criterion).
        contradictions: overall votes that go against their criteria, least probable first: item_id (of the overall
            vote), annotator_id, chosen_id, rejected_id (as the overall vote has it), probability (of this vote by the
            weights of other prompts; null where nothing could be fitted), against_all (every criterion that prefers one
            of the two prefers rejected), criteria (list of criterion, prefers: chosen, rejected or neither, and
            difference), prompt (where it is a text).
        held_out: model, log_loss (nats per vote), accuracy, n_votes on prompts that were not fitted: "weights"; "equal
            weights", where criteria count alike, the majority of the criteria; "coin".
        n_votes: decided overall votes with a vote by every criterion; these are fitted.
        n_ties, n_incomplete: overall votes that are ties; decided ones without a vote by some criterion.
        n_items, n_annotators: of the votes that are fitted.
        n_against_all, n_improbable: contradictions by kind; a vote can be both.
        penalty: of `shrunk`; 1 / penalty is the variance of a normal prior. None where nothing was fitted.
        reason: why there are no weights at all; None where there are.
    """

    overall: str | None
    names: tuple[str, ...]
    weights: pl.DataFrame
    contradictions: pl.DataFrame
    held_out: pl.DataFrame
    n_votes: int
    n_ties: int
    n_incomplete: int
    n_items: int
    n_annotators: int
    n_against_all: int
    n_improbable: int
    penalty: float | None
    method: str
    level: float
    values: str
    max_probability: float
    link: str | None
    reason: str | None
    warnings: tuple[str, ...] = field(default=())

    @classmethod
    def none(cls, reason: str, *, level: float, values: str, max_probability: float) -> CriteriaResult:
        """Return the result where criteria and an overall vote cannot be put side by side."""
        return cls(
            overall=None,
            names=(),
            weights=pl.DataFrame(schema=WEIGHTS_SCHEMA),
            contradictions=pl.DataFrame(schema=CONTRADICTIONS_SCHEMA),
            held_out=pl.DataFrame(schema=HELD_OUT_SCHEMA),
            n_votes=0,
            n_ties=0,
            n_incomplete=0,
            n_items=0,
            n_annotators=0,
            n_against_all=0,
            n_improbable=0,
            penalty=None,
            method="",
            level=level,
            values=values,
            max_probability=max_probability,
            link=None,
            reason=reason,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, frames as lists."""
        return {name: records(v) if isinstance(v, pl.DataFrame) else v for name, v in vars(self).items()}

    @property
    def sentence(self) -> str:
        """What the weights are worth, and how many votes contradict them."""
        if self.reason is not None or self.held_out.is_empty():
            return f"{self.reason or 'too few votes to look at'}"
        loss, right = ({row["model"]: row[key] for row in self.held_out.to_dicts()} for key in ("log_loss", "accuracy"))
        kinds = [(self.n_against_all, "against all their criteria"), (self.n_improbable, "improbable by the weights")]
        listed = ", ".join(f"{n:,} {words}" for n, words in kinds)
        return (
            f"{self.n_votes:,} votes on {self.overall}: on prompts held out the weights predict {right['weights']:.1%} "
            f"(log loss {loss['weights']:.3f}), equal weights {right['equal weights']:.1%} "
            f"({loss['equal weights']:.3f}), a coin 50.0% ({loss['coin']:.3f}); {listed}"
        )
