"""Changes that a simulated campaign can have: of the rule that annotators follow, and of all else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.errors import UsageError

RuleKind = Literal["length", "position", "ties", "care", "criterion", "style", "copy"]
OtherKind = Literal[
    "prompts", "models", "arrivals", "improves", "pool", "longer", "spread", "gaps", "alike", "correlation", "topics",
    "workload",
]  # fmt: skip
DriftKind = Literal[RuleKind, OtherKind]

RULE_KINDS: tuple[str, ...] = get_args(RuleKind)
OTHER_KINDS: tuple[str, ...] = get_args(OtherKind)


@dataclass(frozen=True)
class Drift:
    """A planted change, from the start of week `at_week` (the first is week 0); with `gradual`, grown in so many weeks.

    The rule changes, for a share `annotators` of the people (at least one; spammers come last):

    - "length": `size` is added to the length weight; "position": to the position weight; "ties": to the tie threshold.
    - "care": reliabilities are multiplied by 1 - `size`; 1 for people who judge at random from then on.
    - "criterion": quality q gives way to sqrt(1 - size²) q + size v with v ~ N(0, 1) a feature that is not recorded;
      "style": the same with a feature that the responses record as `style`.
    - "copy": with probability `size`, a judgment repeats that of somebody else on the same item in the same week.

    All else changes, and the rule does not:

    - "prompts": the odds of category c in -1 .. 1 are multiplied by exp(`size` c); needs `categories` other than 0.
    - "models": the same for models, from the weakest to the best; needs `n_models`.
    - "arrivals": of the models in their order, a share `size` are not there at first; as they come, as many of the
      first go; needs `n_models`. "improves": the model in the middle becomes better by `size`; needs `n_models`.
    - "pool": a share `size` of the annotators is replaced by new people of the same kind.
    - "longer": all responses are longer by `size` standard deviations of log length.
    - "correlation": `size` is added to the correlation of log length with quality. "topics": `size` is added to the
      share of the items that have it; needs `topics`. "alike": in a share `size` of the items responses are all but
      equal.
    - "spread": lengths vary 1 + `size` times as much. "gaps": quality gaps are 1 + `size` times as wide.
    - "workload": an annotator's share of the work is multiplied by exp(`size` h), h the own length weight in standard
      deviations; needs `habits`.
    """

    kind: DriftKind = "length"
    at_week: int = 6
    size: float = 1.0
    gradual: int = 0
    annotators: float = 1.0

    @property
    def changes_rule(self) -> bool:
        """Whether a drift detector should alarm."""
        return self.kind in RULE_KINDS

    def strength(self, week: Floats | Ints) -> Floats:
        """How far the change has come, 0 to 1, at a time in weeks since the start."""
        if self.gradual:
            return np.clip((week - self.at_week) / self.gradual, 0.0, 1.0)
        return (week >= self.at_week).astype(np.float64)

    def check(self) -> None:
        """Raise UsageError for a change that cannot be planted."""
        if self.kind not in RULE_KINDS + OTHER_KINDS:
            known = ", ".join(map(repr, RULE_KINDS + OTHER_KINDS))
            raise UsageError(f"drift kind {self.kind!r} is not one of {known}")
        if not 0 < self.annotators <= 1:
            raise UsageError(f"annotators is a share above 0, at most 1, not {self.annotators}")
        if self.annotators < 1 and not self.changes_rule:
            raise UsageError(f"drift of kind {self.kind!r} is not a change of people: it takes no annotators=")
        if self.kind == "copy" and self.annotators == 1:
            raise UsageError("where everybody copies nobody can be copied from", hint="give annotators= below 1.")
        if self.kind in ("criterion", "style", "copy", "pool") and not 0 <= self.size <= 1:
            raise UsageError(f"the size of a drift of kind {self.kind!r} is from 0 to 1, not {self.size}")


@dataclass(frozen=True)
class Plan:
    """All planted changes of a campaign; `place` is the order, from 0, in which annotators take part in them."""

    drifts: tuple[Drift, ...]
    place: Ints

    @classmethod
    def of(cls, drift: Drift | Sequence[Drift] | None, seed: int, is_spammer: Bools) -> Plan:
        """Order the annotators by chance, spammers last."""
        drifts = as_drifts(drift)
        order = np.random.default_rng([seed, 1]).permutation(is_spammer.size)
        order = order[np.argsort(is_spammer[order], kind="stable")]
        return cls(drifts, np.argsort(order))

    def has(self, kind: DriftKind) -> bool:
        """Whether a change of this kind is planted."""
        return any(drift.kind == kind for drift in self.drifts)

    def amount(self, kind: DriftKind, week: Floats | Ints, annotator: Ints | None = None) -> Floats:
        """Size of all changes of a kind, at these times; with `annotator`, 0 for those whom they leave out."""
        total = np.zeros(week.size)
        for drift in self.drifts:
            if drift.kind == kind:
                strength = drift.size * drift.strength(week)
                total += strength if annotator is None else strength * self._takes_part(drift)[annotator]
        return total

    def takes_part(self, kind: DriftKind) -> Bools:
        """Whether an annotator takes part in some change of a kind."""
        parts = [self._takes_part(drift) for drift in self.drifts if drift.kind == kind]
        return np.asarray(np.any([np.zeros(self.place.size, bool), *parts], axis=0))

    def _takes_part(self, drift: Drift) -> Bools:
        return np.asarray(self.place < max(1, round(drift.annotators * self.place.size)))

    def frame(self, start: pl.Expr, annotators: pl.Series) -> pl.DataFrame:
        """One row per planted change; annotators is null where it is not a change of people."""
        names = annotators.to_list()
        rows = [
            {
                "kind": drift.kind,
                "since": drift.at_week,
                "size": float(drift.size),
                "gradual": drift.gradual,
                "changes_rule": drift.changes_rule,
                "annotators": [names[k] for k in np.flatnonzero(self._takes_part(drift))]
                if drift.changes_rule
                else None,
            }
            for drift in self.drifts
        ]
        schema: dict[str, Any] = {
            "kind": pl.String,
            "since": pl.Int64,
            "size": pl.Float64,
            "gradual": pl.Int64,
            "changes_rule": pl.Boolean,
            "annotators": pl.List(pl.String),
        }
        return pl.DataFrame(rows, schema=schema, orient="row").with_columns(since=start + pl.duration(weeks="since"))


def as_drifts(drift: Drift | Sequence[Drift] | None) -> tuple[Drift, ...]:
    """One change, several, or none, as a tuple."""
    if drift is None:
        return ()
    return (drift,) if isinstance(drift, Drift) else tuple(drift)
