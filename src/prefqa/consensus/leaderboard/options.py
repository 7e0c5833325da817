"""What can be asked of a leaderboard, checked in one place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from prefqa.consensus.leaderboard.models import Ties
from prefqa.errors import UsageError, nearest

Annotators = Literal["equal", "weighted"]
Inference = Literal["items", "items+annotators", "model"]
Method = Literal["sandwich", "bootstrap"]
Kind = Literal["human", "model"]


@dataclass(frozen=True)
class Options:
    """How a leaderboard is made; see `leaderboard`."""

    by: str = "response_id"
    ties: Ties = "half"
    covariates: Sequence[str] = ()
    annotators: Annotators = "equal"
    annotator_kind: Kind | None = None
    prior_sd: float | None = None
    inference: Inference = "items"
    method: Method = "sandwich"
    level: float = 0.95
    n_replicates: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what is not there, and what does not go together."""
        for name, values in {"ties": Ties, "annotators": Annotators, "inference": Inference, "method": Method}.items():
            _check_one_of(name, getattr(self, name), get_args(values))
        if self.annotator_kind is not None:
            _check_one_of("annotator_kind", self.annotator_kind, get_args(Kind))
        if not 0 < self.level < 1:
            raise UsageError(f"level must be between 0 and 1, not {self.level}")
        if self.n_replicates < 100:
            raise UsageError(f"n_replicates must be 100 or more, not {self.n_replicates}")
        if self.prior_sd is not None and not (np.isfinite(self.prior_sd) and self.prior_sd > 0):
            raise UsageError(f"prior_sd must be a positive number, not {self.prior_sd}")
        if isinstance(self.covariates, str):
            raise UsageError(f"covariates is a list of names: covariates=[{self.covariates!r}]")
        if len(set(self.covariates)) < len(self.covariates):
            raise UsageError(f"covariates name a column twice: {', '.join(self.covariates)}")
        if self.annotators == "weighted" and self.ties != "half":
            raise UsageError(
                'annotators="weighted" takes a tie as half a vote for either side', hint='use ties="half".'
            )
        if self.method == "bootstrap" and self.inference != "items":
            raise UsageError(f'method="bootstrap" draws items, so inference is "items", not {self.inference!r}')


def _check_one_of(name: str, value: object, known: Sequence[str]) -> None:
    if value not in known:
        near = nearest(str(value), known)
        hint = f"did you mean {near!r}?" if near else None
        raise UsageError(f"{name}={value!r} is not one of {', '.join(map(repr, known))}", hint=hint)
