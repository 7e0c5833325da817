"""What the default policy of the gate says of sound campaigns and of campaigns with one planted fault.

python benchmarks/gate_policy.py [--campaigns 100] [--seed 700000]

Sound campaigns come from two generators: `prefqa.simulate`, and votes on pairs by Thurstone's model with heavy tails,
in which items differ in difficulty. Each fault is planted into campaigns of the first.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

import prefqa
from prefqa.preferences import Preferences
from prefqa.simulate_defects import CAMPAIGNS, plant

VERDICTS = ("pass", "warn", "inconclusive", "fail")
#: Rules whose defect is planted, with the share of rows, items or annotators that get it.
PLANTED: Mapping[str, float] = {
    "PQ103": 0.05, "PQ104": 0.05, "PQ109": 0.05, "PQ201": 0.05, "PQ203": 0.05,
    "PQ302": 0.2, "PQ303": 0.2, "PQ310": 0.3, "PQ311": 0.2, "PQ312": 0.2, "PQ316": 0.3,
}  # fmt: skip


def sound(seed: int) -> Preferences:
    """Draw a campaign without a fault: nobody clicks at random, nothing changes."""
    rng = np.random.default_rng(seed)
    return prefqa.simulate(
        n_items=int(rng.integers(200, 400)),
        n_responses=int(rng.integers(2, 5)),
        n_annotators=int(rng.integers(12, 30)),
        seed=seed,
        spammers=0.0,
        reliability=(6.0, 2.0),
        tie_threshold=float(rng.uniform(0, 0.1)),
        missing=float(rng.choice([0.0, 0.05])),
        habits=float(rng.choice([0.0, 0.1])),
        categories=float(rng.choice([0.0, 0.3])),
        texts=False,
    ).preferences


def thurstone(seed: int) -> Preferences:
    """Draw votes on pairs: the gap of an item is lognormal, each vote adds noise with the tails of t with 3 d.f."""
    rng = np.random.default_rng(seed)
    n_items, n_annotators = int(rng.integers(200, 400)), int(rng.integers(12, 30))
    gap = rng.choice([-1, 1], n_items) * rng.lognormal(0.3, 0.8, n_items)
    rows = []
    for item in range(n_items):
        for annotator in rng.choice(n_annotators, 3, replace=False):
            first = gap[item] + rng.standard_t(3) * 0.8 > 0
            for response, rank in (("a", 1 if first else 2), ("b", 2 if first else 1)):
                rows.append((f"i{item:04}", f"u{annotator:02}", response, rank))
    columns = ["item_id", "annotator_id", "response_id", "rank"]
    return Preferences.from_long(pl.DataFrame(rows, schema=columns, orient="row"))


def with_defect(code: str, share: float) -> Callable[[int], Preferences]:
    """Draw sound campaigns with texts, into which the defect of a rule is planted."""

    def draw(seed: int) -> Preferences:
        arguments: dict[str, Any] = {"n_items": 200, "n_annotators": 15, "spammers": 0.0, "reliability": (6.0, 2.0)}
        campaign = prefqa.simulate(**arguments, **CAMPAIGNS.get(code, {}), seed=seed)
        return plant(campaign.preferences, code, share=share, seed=seed).preferences

    return draw


def at_random(seed: int) -> Preferences:
    """Draw a campaign in which everybody clicks at random."""
    return prefqa.simulate(n_items=200, seed=seed, spammers=1.0, texts=False).preferences


def with_drift(kind: str, size: float) -> Callable[[int], Preferences]:
    """Draw campaigns in which the rule changes at half-time."""

    def draw(seed: int) -> Preferences:
        drift = prefqa.Drift(kind, 6, size)  # type: ignore[arg-type]
        return prefqa.simulate(
            n_items=1500, n_annotators=20, seed=seed, spammers=0.0, drift=drift, texts=False
        ).preferences

    return draw


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=100)
    parser.add_argument("--seed", type=int, default=700_000)
    given = parser.parse_args()
    faults: dict[str, Callable[[int], Preferences]] = {
        **{f"defect of {code}": with_defect(code, share) for code, share in PLANTED.items()},
        "everybody clicks at random": at_random,
        "ties at wider gaps from half-time": with_drift("ties", 0.25),
        "position counts from half-time": with_drift("position", 0.6),
    }
    each = max(given.campaigns // len(faults), 1)
    worlds = {"sound, simulate": sound, "sound, Thurstone": thurstone}
    print("| campaigns | n | " + " | ".join(VERDICTS) + " |\n|---|---|" + "---|" * len(VERDICTS))
    for name, draw in {**worlds, **faults}.items():
        n = given.campaigns // 2 if name in worlds else each
        seeds = range(given.seed, given.seed + n)
        counts = Counter(prefqa.run(draw(seed)).gate.verdict for seed in seeds)
        print(f"| {name} | {n} | " + " | ".join(str(counts[verdict]) for verdict in VERDICTS) + " |", flush=True)


if __name__ == "__main__":
    main()
