"""What is fitted to a whole campaign before any item is worked on."""

from __future__ import annotations

from dataclasses import dataclass

from prefqa.consensus.annotators import AnnotatorModel
from prefqa.consensus.graded import GradedFit
from prefqa.consensus.majority import Prior
from prefqa.consensus.reliability import Reliabilities
from prefqa.strengths import Strengths


@dataclass(frozen=True)
class Fitted:
    """The method, the prior of the vote-counting ones, the slope of recalibration, and what annotators are worth.

    `annotators` is what a method that weighs annotators found of them; `reliabilities` the same for those that weigh
    them by the share of right votes alone; `graded` the same for graded votes, with the `strengths` it was fitted to.
    """

    method: str
    prior: Prior
    slope: float
    annotators: AnnotatorModel | None = None
    reliabilities: Reliabilities | None = None
    graded: GradedFit | None = None
    strengths: Strengths | None = None
