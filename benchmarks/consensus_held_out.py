"""Held-out log loss of every consensus method on real data: python benchmarks/consensus_held_out.py FOLDER [--seeds N].

FOLDER holds data sets as folders with judgments.parquet. Of each item with two judgments or more one, drawn by the
seed, is held out; each method is fitted to the rest, and `probability` of its pairs, that a fresh annotator prefers
chosen, predicts the held-out votes. Log loss in nats per vote; a tie is half a vote for either side; a pair that
nobody else judged is one half. `majority` is that with the empirical-Bayes prior; `auto` chooses without the held-out
votes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

import prefqa
from prefqa.errors import PrefqaError

METHODS = (
    "majority", "borda", "kemeny", "bradley-terry", "plackett-luce", "weighted-bradley-terry", "dawid-skene",
    "two-coin", "mallows", "auto",
)  # fmt: skip
KEYS = ["item_id", "annotator_id"]


def split(prefs: prefqa.Preferences, seed: int) -> tuple[prefqa.Preferences, pl.DataFrame]:
    """Return the preferences without one judgment of each item, and the votes of these judgments."""
    rows = prefs.usable().collect()
    judgments = rows.select(KEYS).unique().sort(KEYS)
    draw = judgments.with_columns(draw=np.random.default_rng(seed).random(judgments.height))
    several = draw.filter(pl.len().over("item_id") > 1)
    held = several.filter(pl.col("draw") == pl.col("draw").max().over("item_id")).select(KEYS)
    ranked = rows.join(held, on=KEYS).select(*KEYS, "response_id", "rank")
    both = ranked.join(ranked, on=KEYS, suffix="_2").filter(pl.col("response_id") < pl.col("response_id_2"))
    share = (1 + (pl.col("rank_2") - pl.col("rank")).sign()) / 2
    votes = both.select("item_id", a="response_id", b="response_id_2", share=share)
    return prefs.with_judgments(rows.join(held, on=KEYS, how="anti").lazy()), votes


def loss(train: prefqa.Preferences, votes: pl.DataFrame, method: str) -> tuple[float, str]:
    """Return the log loss of a method, and the method that was used."""
    found = prefqa.consensus(train, method=method)  # type: ignore[arg-type]
    swapped = pl.col("chosen_id") > pl.col("rejected_id")
    pairs = pl.DataFrame(found.to_dict()["pairs"]).select(
        "item_id",
        a=pl.min_horizontal("chosen_id", "rejected_id"),
        b=pl.max_horizontal("chosen_id", "rejected_id"),
        p=pl.when(swapped).then(1 - pl.col("probability")).otherwise("probability"),
    )
    joined = votes.join(pairs, on=["item_id", "a", "b"], how="left")
    p = joined["p"].fill_null(0.5).to_numpy().clip(1e-9, 1 - 1e-9)
    share = joined["share"].to_numpy()
    return float(-(share * np.log(p) + (1 - share) * np.log1p(-p)).mean()), found.method


def main() -> None:
    """Print one table: data sets by methods."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    for path in sorted(asked.folder.glob("*/judgments.parquet")):
        prefs = prefqa.check(prefqa.read(path)).preferences
        splits = [split(prefs, seed) for seed in range(asked.seeds)]
        print(f"\n{path.parent.name}: {sum(votes.height for _, votes in splits):,} held-out votes")
        for method in METHODS:
            try:
                losses, used = zip(*(loss(*each, method) for each in splits), strict=True)
            except PrefqaError as error:
                print(f"  {method:24} {error}")
                continue
            chosen = f"  ({', '.join(sorted(set(used)))})" if method == "auto" else ""
            print(f"  {method:24} {np.mean(losses):.4f}{chosen}", flush=True)


if __name__ == "__main__":
    main()
