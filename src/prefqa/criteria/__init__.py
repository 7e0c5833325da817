"""Several criteria beside an overall vote: what each weighs, and which votes contradict their criteria."""

from prefqa.criteria.estimate import criteria
from prefqa.criteria.names import EACH, criteria_of, of_criterion, overall_of, parts_of
from prefqa.criteria.result import CriteriaResult
from prefqa.criteria.votes import criteria_votes

__all__ = [
    "EACH",
    "CriteriaResult",
    "criteria",
    "criteria_of",
    "criteria_votes",
    "of_criterion",
    "overall_of",
    "parts_of",
]
