"""Rules on what is measured: agreement (PQ4), the votes on pairs (PQ5), drift (PQ6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prefqa.checks.frame import Found, NotRun
from prefqa.measured import agreement, criteria, divided, drift, models, pairs
from prefqa.measured.measures import Measures

__all__ = ["DRIFT", "FINDERS", "Measures"]


FINDERS: Mapping[str, Callable[[Measures], Found | NotRun]] = {
    "PQ401": agreement.low_agreement,
    "PQ402": agreement.low_slice,
    "PQ403": agreement.diverging_items,
    "PQ501": divided.conflicting,
    "PQ502": divided.no_majority,
    "PQ503": pairs.cycles,
    "PQ504": pairs.low_confidence,
    "PQ505": pairs.unbalanced_votes,
    "PQ506": models.one_model_wins,
    "PQ507": criteria.overall_against_criteria,
    "PQ601": drift.changed_rule,
    "PQ602": drift.changed_annotator,
    "PQ603": drift.moved_figures,
}
#: The rules that need drift to be measured.
DRIFT = tuple(code for code in FINDERS if code.startswith("PQ6"))
