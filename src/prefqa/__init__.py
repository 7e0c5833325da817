"""prefqa: the quality gate for preference data.

The public names are loaded when first used, so that `import prefqa` costs next to nothing.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prefqa.agreement import AgreementResult, agreement
    from prefqa.checks import CheckResult
    from prefqa.config import Config, load_config
    from prefqa.consensus import ConsensusResult, LabelConsensus, consensus, label_consensus
    from prefqa.consensus.leaderboard import LeaderboardResult, leaderboard
    from prefqa.consensus.plackett_luce import PlackettLuce, plackett_luce
    from prefqa.criteria import CriteriaResult, criteria
    from prefqa.drift import AnchorPlan, DriftResult, WatchResult, drift, plan_anchors, watch
    from prefqa.errors import PrefqaError
    from prefqa.gate import GateResult, gate
    from prefqa.lint import check
    from prefqa.pipeline import RunResult, run
    from prefqa.preferences import Preferences
    from prefqa.readers import read
    from prefqa.report import report
    from prefqa.screening.screen import Screening, screen
    from prefqa.simulate import Drift, Simulation, simulate
    from prefqa.writers import write_pairs

_HOMES = {
    "agreement": "agreement",
    "AgreementResult": "agreement",
    "check": "lint",
    "CheckResult": "checks",
    "Config": "config",
    "load_config": "config",
    "consensus": "consensus",
    "ConsensusResult": "consensus",
    "leaderboard": "consensus.leaderboard",
    "LeaderboardResult": "consensus.leaderboard",
    "criteria": "criteria",
    "CriteriaResult": "criteria",
    "label_consensus": "consensus",
    "LabelConsensus": "consensus",
    "drift": "drift",
    "DriftResult": "drift",
    "AnchorPlan": "drift",
    "plan_anchors": "drift",
    "plackett_luce": "consensus.plackett_luce",
    "PlackettLuce": "consensus.plackett_luce",
    "PrefqaError": "errors",
    "gate": "gate",
    "GateResult": "gate",
    "run": "pipeline",
    "RunResult": "pipeline",
    "Preferences": "preferences",
    "read": "readers",
    "report": "report",
    "screen": "screening",
    "Screening": "screening",
    "Drift": "simulate",
    "Simulation": "simulate",
    "simulate": "simulate",
    "write_pairs": "writers",
    "watch": "drift",
    "WatchResult": "drift",
}

__all__ = [
    "AgreementResult",
    "AnchorPlan",
    "CheckResult",
    "Config",
    "ConsensusResult",
    "CriteriaResult",
    "Drift",
    "DriftResult",
    "GateResult",
    "LabelConsensus",
    "LeaderboardResult",
    "PlackettLuce",
    "Preferences",
    "PrefqaError",
    "RunResult",
    "Screening",
    "Simulation",
    "WatchResult",
    "agreement",
    "check",
    "consensus",
    "criteria",
    "drift",
    "gate",
    "label_consensus",
    "leaderboard",
    "load_config",
    "plackett_luce",
    "plan_anchors",
    "read",
    "report",
    "run",
    "screen",
    "simulate",
    "watch",
    "write_pairs",
]


class _Package(ModuleType):
    def __setattr__(self, name: str, value: Any) -> None:
        # Importing a submodule binds it in the package; it must not hide the function that has its name.
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'prefqa' has no attribute {name!r}")
    return getattr(import_module(f"prefqa.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
