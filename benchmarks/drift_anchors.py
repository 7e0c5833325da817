"""Does a plan of anchors keep its word: python benchmarks/drift_anchors.py [--campaigns N].

Campaigns without a change are planned for; then campaigns with as many anchors and a change of the length weight are
drawn. The size of the change in the detector's unit is the mean estimate over these campaigns, the power that the plan
promises for it follows from the plan's smallest change, and beside it stands the share of campaigns in which the length
weight on re-judged items was found (level .05 within the family of re-judged items).
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("POLARS_MAX_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import polars as pl
from scipy.special import ndtr

import prefqa
from drift_scenarios import BASE, PER_ITEM
from prefqa.drift.anchor_need import critical

JUDGMENTS, RESPONSES, WEEKS = 4_000, 4, 12


def draw(seed: int, anchors: int, size: float) -> prefqa.Preferences:
    """A campaign with anchors and a change of the length weight at half-time."""
    n_items = JUDGMENTS // PER_ITEM - anchors * (WEEKS - 1)
    drift = prefqa.Drift("length", WEEKS // 2, size)
    return prefqa.simulate(
        n_items, RESPONSES, seed=seed, weeks=WEEKS, anchors=anchors, drift=drift if size else (), **BASE
    ).preferences


def main() -> None:
    """Print one row per number of anchors and size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=40)
    options = parser.parse_args()
    print("| anchors a week | length weight + | change (log odds) | planned smallest | power promised | power found |")
    print("| --- | --- | --- | --- | --- | --- |")
    for anchors in (20, 40):
        plan = prefqa.plan_anchors(draw(10_000, anchors, 0.0), n_per_period=(anchors,)).plan
        least = plan.filter(detector="length")["min_detectable"].item()
        z = critical(4, 0.05) / 1.35
        for size in (0.05, 0.1, 0.15):
            estimates, found = [], 0
            for seed in range(options.campaigns):
                rows = prefqa.drift(draw(seed, anchors, size)).detectors.filter(detector="length, re-judged")
                middle = rows.filter(pl.col("period") == "2025-02-17")
                estimates.append(middle["difference"].item())
                found += bool((rows["p_adjusted"] < 0.05).any())
            change = float(np.mean(estimates))
            promised = float(ndtr(change / least * z - (z - 0.8416)))
            share = found / options.campaigns
            print(f"| {anchors} | {size} | {change:.2f} | {least:.2f} | {promised:.2f} | {share:.2f} |", flush=True)


if __name__ == "__main__":
    main()
