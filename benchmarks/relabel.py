"""Does a relabel plan buy what it promises? python benchmarks/relabel.py [--campaigns N].

Planted truth as in consensus_accuracy.py: 4 annotators judge each of 2,000 items, 3 of them are seen. The plan chooses
items; the fourth judgment of these is bought, the consensus is fitted again, and the share of pairs in the true order
is compared with what was promised, and with buying as many fourth judgments of items at random. `se` is the standard
error over campaigns of gained - promised.
"""

from __future__ import annotations

import argparse

import numpy as np
import polars as pl

import prefqa
from consensus_accuracy import campaign
from prefqa._types import Floats

METHODS = ("majority", "bradley-terry", "dawid-skene", "mallows")
VARIANTS = {
    "4 responses, 30 annotators": {},
    "200 annotators": {"annotators": 200},
    "2 responses": {"k": 2},
    "a fifth of neighbours tied": {"ties": 0.2},
}


def accuracy(found: prefqa.ConsensusResult, position: Floats) -> float:
    """Share of pairs put in the true order; a tie is half."""
    pairs = found.pairs()
    item, chosen, rejected = (
        pairs[name].str.slice(1).cast(pl.Int64).to_numpy() for name in ("item_id", "chosen_id", "rejected_id")
    )
    right = (position[item, chosen] < position[item, rejected]).astype(np.float64)
    right[pairs["tie"].to_numpy()] = 0.5
    k = position.shape[1]
    n_pairs = len(position) * k * (k - 1) // 2
    return float((right.sum() + (n_pairs - right.size) / 2) / n_pairs)


def measure(seed: int, method: str, budget: int, **options: object) -> dict[str, float]:
    """Plan, buy, fit again."""
    prefs, position, _ = campaign(seed, per_item=4, **options)  # type: ignore[arg-type]
    rows = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect()
    judged = rows.select("item_id", "annotator_id").unique().sort("item_id", "annotator_id")
    last = judged.sample(fraction=1, shuffle=True, seed=seed).group_by("item_id", maintain_order=True).first()
    shop = rows.join(last, on=["item_id", "annotator_id"], how="semi")
    seen = rows.join(last, on=["item_id", "annotator_id"], how="anti")

    def fit(frame: pl.DataFrame) -> prefqa.ConsensusResult:
        return prefqa.consensus(prefqa.Preferences.from_long(frame), method=method)  # type: ignore[arg-type]

    before = fit(seen)
    plan = before.plan(budget)
    now = accuracy(before, position)
    at_random = last.sample(plan.n_judgments, seed=seed)
    bought = [fit(pl.concat([seen, shop.join(ids, on="item_id", how="semi")])) for ids in (plan.items, at_random)]
    planned, anywhere = (accuracy(found, position) - now for found in bought)
    return {
        "now": now,
        "now_promised": plan.accuracy_now or 0.0,
        "promised": (plan.accuracy_planned or 0.0) - (plan.accuracy_now or 0.0),
        "gained": planned,
        "random_promised": (plan.accuracy_random or 0.0) - (plan.accuracy_now or 0.0),
        "random_gained": anywhere,
    }


def main() -> None:
    """Print one table per variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=10)
    parser.add_argument("--budget", type=int, default=500)
    given = parser.parse_args()
    for name, options in VARIANTS.items():
        rows = []
        for method in METHODS:
            each = pl.DataFrame([measure(seed, method, given.budget, **options) for seed in range(given.campaigns)])
            rows.append(
                {"method": method}
                | {column: round(float(each[column].mean()), 4) for column in each.columns}  # type: ignore[arg-type]
                | {"se": round(float((each["gained"] - each["promised"]).std()) / given.campaigns**0.5, 4)}  # type: ignore[arg-type]
            )
        with pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
            print(f"\n{name}, {given.budget} judgments\n{pl.DataFrame(rows)}", flush=True)


if __name__ == "__main__":
    main()
