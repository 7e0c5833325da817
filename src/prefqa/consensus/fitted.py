"""What is fitted to a whole campaign before any item is worked on."""

from __future__ import annotations

from dataclasses import dataclass

from prefqa.consensus.majority import Prior
from prefqa.consensus.reliability import Reliabilities


@dataclass(frozen=True)
class Fitted:
    """The method, the prior of the vote-counting ones, the annotators' reliabilities, the slope of recalibration."""

    method: str
    prior: Prior
    reliabilities: Reliabilities | None
    slope: float
