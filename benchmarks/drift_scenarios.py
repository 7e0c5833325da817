"""The campaigns of the drift benchmark: what changes in each, and what a detector should say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prefqa.simulate import Drift, Simulation, simulate

ANNOTATORS, PER_ITEM = 20, 3
ONE = 1 / ANNOTATORS
BASE: dict[str, Any] = {
    "n_annotators": ANNOTATORS,
    "annotators_per_item": PER_ITEM,
    "habits": 0.3,
    "length_bias": 0.3,
    "position_bias": 0.1,
    "tie_threshold": 0.1,
    "texts": False,
}


@dataclass(frozen=True)
class Scenario:
    """What is planted. `names`: detectors that name the change rightly; none for a campaign that must stay silent."""

    drifts: tuple[Drift, ...] = ()
    names: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def draw(self, seed: int, judgments: int, responses: int, weeks: int) -> Simulation:
        """Draw the campaign with about so many judgments; changes come at half-time."""
        anchors = self.options.get("anchors", 0)
        n_items = judgments // PER_ITEM - anchors * (weeks - 1)
        drifts = [Drift(d.kind, weeks // 2, d.size, d.gradual * weeks // 12, d.annotators) for d in self.drifts]
        return simulate(n_items, responses, seed=seed, weeks=weeks, drift=drifts, **BASE | self.options)


def _silent(*drifts: Drift, **options: Any) -> Scenario:
    return Scenario(drifts, (), options)


CATEGORIES, MODELS = {"categories": 0.4}, {"n_models": 6}
SILENT = {
    "nothing": _silent(),
    "prompt mix": _silent(Drift("prompts", size=1.0), **CATEGORIES),
    "model mix": _silent(Drift("models", size=1.0), **MODELS),
    "pool replaced": _silent(Drift("pool", size=1.0)),
    "pool and prompt mix": _silent(Drift("pool", size=0.5), Drift("prompts", size=1.0), **CATEGORIES),
    "lengths grow": _silent(Drift("longer", size=1.0)),
    "lengths vary 1.8x": _silent(Drift("spread", size=0.8)),
    "items harder": _silent(Drift("gaps", size=-0.4)),
    "items easier": _silent(Drift("gaps", size=0.6)),
    "workload moves": _silent(Drift("workload", size=1.0)),
}
LENGTH = Drift("length", size=0.8)
ALARMING = {
    "length +0.8": Scenario((LENGTH,), ("length",)),
    "length to +1, 4 weeks": Scenario((Drift("length", size=1.0, gradual=4),), ("length",)),
    "length, new prompt mix": Scenario((LENGTH, Drift("prompts", size=1.0)), ("length",), CATEGORIES),
    "length, half the pool new": Scenario((LENGTH, Drift("pool", size=0.5)), ("length",)),
    "length, items easier": Scenario((LENGTH, Drift("gaps", size=0.6)), ("length",)),
    "length, items harder": Scenario((LENGTH, Drift("gaps", size=-0.4)), ("length",)),
    "position +0.5": Scenario((Drift("position", size=0.5),), ("position",)),
    "ties 0.1 to 0.35": Scenario((Drift("ties", size=0.25),), ("ties", "tie_rate")),
    "half misread: length -0.8": Scenario(
        (Drift("length", size=-0.8, annotators=0.5),), ("length", "annotator"), {"guideline_versions": 2}
    ),
    "one goes random": Scenario((Drift("care", size=1.0, annotators=ONE),), ("annotator",)),
    "one copies": Scenario((Drift("copy", size=1.0, annotators=ONE),), ("annotator",)),
    "criterion, recorded": Scenario((Drift("style", size=0.8),), ("style", "strength", "anchors", "repeats")),
    "criterion, anchors and gold": Scenario(
        (Drift("criterion", size=0.8),),
        ("anchors", "anchors_same_annotators", "gold", "repeats"),
        {"anchors": 8, "gold": 0.1},
    ),
    "all noisier": Scenario((Drift("care", size=0.4),), ("strength", "care", "alpha_nominal", "annotator", "gold")),
}
SCENARIOS = SILENT | ALARMING
