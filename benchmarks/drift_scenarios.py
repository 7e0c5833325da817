"""The campaigns of the drift benchmark: what changes in each, and what a detector should say of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import drift_worlds
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

    def draw(
        self, seed: int, judgments: int, responses: int, weeks: int, world: str = "prefqa"
    ) -> Simulation | drift_worlds.World:
        """Draw the campaign with about so many judgments, by a generator; changes come at half-time."""
        anchors = self.options.get("anchors", 0)
        n_items = judgments // PER_ITEM - anchors * (weeks - 1)
        drifts = [Drift(d.kind, weeks // 2, d.size, d.gradual * weeks // 12, d.annotators) for d in self.drifts]
        if world == "thurstone":
            options = {name: value for name, value in (BASE | self.options).items() if name != "texts"}
            return drift_worlds.draw(n_items, responses, seed=seed, weeks=weeks, drifts=drifts, **options)
        return simulate(n_items, responses, seed=seed, weeks=weeks, drift=drifts, **BASE | self.options)


def _silent(*drifts: Drift, **options: Any) -> Scenario:
    return Scenario(drifts, (), options)


CATEGORIES, MODELS = {"categories": 0.4}, {"n_models": 6}
HARDER, EASIER = Drift("gaps", size=-0.6), Drift("gaps", size=1.5)
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
    # Length goes with quality that nothing records, and the answers change.
    "rho .6, items harder x .4": _silent(HARDER, correlation=0.6),
    "rho .6, items easier x 2.5": _silent(EASIER, correlation=0.6),
    "rho 0 to .3": _silent(Drift("correlation", size=0.3)),
    "rho 0 to .6": _silent(Drift("correlation", size=0.6)),
    "topic not recorded, mix moves": _silent(Drift("topics", size=0.6), correlation=0.7, topics=0.2),
    "linear in words, lengths x 2.2": _silent(Drift("longer", size=1.577), linear=True),
    # Models come, go and improve.
    "12 models, 8 early, 8 late": _silent(Drift("arrivals", size=1 / 3), n_models=12),
    "a new model a week": _silent(Drift("arrivals", size=1 / 3, gradual=6), n_models=18),
    "a model improves": _silent(Drift("improves", size=1.0), **MODELS),
    # Against ourselves: more than one thing at a time, and what the identified detectors rest on.
    "items harder, strong position": _silent(HARDER, position_bias=0.5),
    "items easier, strong position": _silent(EASIER, position_bias=0.5),
    "gold items harder": _silent(HARDER, gold=0.1),
    "rho 0 to .6, reward recorded": _silent(Drift("correlation", size=0.6), reward=0.5),
    "rho 0 to .6, half the pool new": _silent(Drift("correlation", size=0.6), Drift("pool", size=0.5)),
    "rho 0 to .6, workload moves": _silent(Drift("correlation", size=0.6), Drift("workload", size=1.0)),
    "rho 0 to .6, order by length": _silent(Drift("correlation", size=0.6), order=0.5),
    "answers alike in .3 of items": _silent(Drift("alike", size=0.3), tie_threshold=0.3),
    "new items harder, anchors": _silent(HARDER, anchors=24, correlation=0.6),
    "uneven people, items easier": _silent(EASIER, reliability=(1.5, 1.0)),
}
LENGTH = Drift("length", size=0.8)
ALARMING = {
    "length +0.8": Scenario((LENGTH,), ("length",)),
    "length +2": Scenario((Drift("length", size=2.0),), ("length",)),
    "length to +1, 4 weeks": Scenario((Drift("length", size=1.0, gradual=4),), ("length",)),
    "length, new prompt mix": Scenario((LENGTH, Drift("prompts", size=1.0)), ("length",), CATEGORIES),
    "length, half the pool new": Scenario((LENGTH, Drift("pool", size=0.5)), ("length",)),
    "length, items easier": Scenario((LENGTH, Drift("gaps", size=0.6)), ("length",)),
    "length, items harder": Scenario((LENGTH, Drift("gaps", size=-0.4)), ("length",)),
    "length, 24 anchors a week": Scenario((LENGTH,), ("length", "anchors"), {"anchors": 24}),
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
