"""Accuracy and calibration of every consensus method on planted truth: python benchmarks/consensus_accuracy.py.

Annotators draw rankings from a Mallows model around the true order; their share of right pairs is Beta(4, 2), and one
in ten ranks at random. Columns: share of pairs put in the true order (a tie is half), log loss and expected calibration
error (ten bins) of `p_better` against the truth, and the correlation of estimated with true reliabilities. With
crowd-kit, choix and evalica installed (pip install crowd-kit choix evalica), theirs stand beside ours. `--campaigns N`
averages over N seeds.
"""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from itertools import permutations

import numpy as np
import polars as pl

import prefqa
from prefqa._types import Floats

METHODS = (
    "majority", "borda", "kemeny", "bradley-terry", "plackett-luce", "weighted-bradley-terry", "dawid-skene", "mallows",
    "auto",
)  # fmt: skip
#: Packages that must loop over items do so over this many of them.
LOOPED = 500
VARIANTS = {
    "4 responses, 30 annotators": {},
    "few judgments (200 annotators)": {"annotators": 200},
    "very few (600 annotators)": {"annotators": 600},
    "no adversaries": {"adversaries": False},
    "identical annotators": {"reliability": (4000.0, 2000.0), "spammers": 0.0},
    "identical, few judgments": {"reliability": (4000.0, 2000.0), "spammers": 0.0, "annotators": 200},
    "ties (20 %)": {"ties": 0.2},
    "partial rankings (25 %)": {"missing": 0.25},
    "K=2": {"k": 2, "items": 12_000},
    "K=2, few judgments": {"k": 2, "items": 12_000, "annotators": 800},
    "K=6": {"k": 6, "items": 1_000},
}


def campaign(
    seed: int,
    *,
    items: int = 2_000,
    k: int = 4,
    annotators: int = 30,
    per_item: int = 3,
    reliability: tuple[float, float] = (4.0, 2.0),
    spammers: float = 0.1,
    adversaries: bool = True,
    ties: float = 0.0,
    missing: float = 0.0,
) -> tuple[prefqa.Preferences, Floats, Floats]:
    """Draw a campaign; return it, the true position of each response [items, k], and the true shares of right pairs."""
    rng = np.random.default_rng(seed)
    right = rng.beta(*reliability, annotators)
    if not adversaries:
        right = np.maximum(right, 1 - right)
    right[: round(spammers * annotators)] = 0.5
    orders = np.array(list(permutations(range(k))))
    a, b = np.triu_indices(k, 1)
    before = orders[:, a] < orders[:, b]
    distance = (before[:, None] != before[None]).sum(axis=2)
    grid = np.linspace(-12, 12, 4_801)
    weights = np.exp(-grid[:, None] * distance[0])
    mean = (weights @ distance[0]) / weights.sum(axis=1) / a.size
    phi = np.interp(-(1 - right), -mean, grid)
    truth = rng.integers(0, len(orders), items)
    who = np.argsort(rng.random((items, annotators)), axis=1)[:, :per_item]
    p = np.exp(-phi[who][:, :, None] * distance[truth][:, None, :])
    cumulated = p.cumsum(axis=2) / p.sum(axis=2, keepdims=True)
    drawn = (rng.random((items, per_item, 1)) > cumulated).sum(axis=2).clip(max=len(orders) - 1)
    ranks = orders[drawn] + 1
    if ties:  # merge a rank with the next one
        for rank in range(1, k):
            merged = rng.random((items, per_item)) < ties
            ranks = np.where(merged[:, :, None] & (ranks == rank + 1), rank, ranks)
    frame = pl.DataFrame(
        {
            "item_id": np.repeat(np.arange(items), per_item * k),
            "annotator_id": np.repeat(who.ravel(), k),
            "response_id": np.tile(np.arange(k), items * per_item),
            "rank": ranks.ravel(),
        }
    ).with_columns(
        pl.format("i{}", pl.col("item_id").cast(pl.String).str.zfill(6)).alias("item_id"),
        pl.format("a{}", pl.col("annotator_id").cast(pl.String).str.zfill(4)).alias("annotator_id"),
        pl.format("r{}", "response_id").alias("response_id"),
        pl.when(pl.Series(rng.random(ranks.size) >= missing)).then("rank").alias("rank"),
    )
    return prefqa.Preferences.from_long(frame), orders[truth].astype(np.float64), right


def measures(p: Floats, right: Floats) -> tuple[float, float, float]:
    """Log loss and calibration error of probabilities of the chosen side, and accuracy."""
    p = np.clip(p, 1e-6, 1 - 1e-6)
    bins = np.minimum((np.maximum(p, 1 - p) - 0.5) * 20, 9).astype(int)
    loss = -(right * np.log(p) + (1 - right) * np.log1p(-p)).mean()
    error = np.abs(np.bincount(bins, weights=p - right, minlength=10)).sum() / p.size
    return float(right.mean()), float(loss), float(error)


def ours(prefs: prefqa.Preferences, position: Floats, share: Floats, method: str) -> dict[str, object]:
    """Measure one method."""
    found = prefqa.consensus(prefs, method=method)  # type: ignore[arg-type]
    pairs = found.pairs()
    item, chosen, rejected = (
        pairs[name].str.slice(1).cast(pl.Int64).to_numpy() for name in ("item_id", "chosen_id", "rejected_id")
    )
    right = (position[item, chosen] < position[item, rejected]).astype(np.float64)
    right[pairs["tie"].to_numpy()] = 0.5
    accuracy, loss, error = measures(pairs["p_better"].to_numpy(), right)
    reliability = found.annotators["reliability"]
    known = reliability.null_count() == 0
    seen = found.annotators["annotator_id"].str.slice(1).cast(pl.Int64).to_numpy()
    correlation = None
    if known and np.ptp(share) > 0.2:
        correlation = float(np.corrcoef(reliability.to_numpy(), share[seen])[0, 1])
    name = f"auto = {found.method}" if method == "auto" else method
    return {"method": name, "accuracy": accuracy, "log_loss": loss, "ece": error, "reliability": correlation}


def peers(prefs: prefqa.Preferences, position: Floats) -> list[dict[str, object]]:
    """crowd-kit's Dawid-Skene on votes, all items at once; choix and evalica item by item."""
    from prefqa.votes import buckets, pair_counts

    if not all(find_spec(name) for name in ("crowdkit", "choix", "evalica")):
        return []
    import choix
    import evalica
    import pandas as pd
    from crowdkit.aggregation import DawidSkene, MajorityVote

    # Of partial rankings, the items all of whose responses somebody ranked.
    bucket = max(buckets(prefs.coded()), key=lambda each: each.k)
    wins, _ = pair_counts(bucket)
    a, b = np.triu_indices(bucket.k, 1)
    n, rows = len(bucket.item), []
    number = prefs.coded().item_ids.str.slice(1).cast(pl.Int64).to_numpy()[bucket.item]
    position = position[number]
    sign = np.sign(bucket.ranks[:, b] - bucket.ranks[:, a]) * ((bucket.ranks[:, a] > 0) & (bucket.ranks[:, b] > 0))
    judgment, pair = np.nonzero(sign)
    votes = pd.DataFrame(
        {
            "worker": bucket.annotator[judgment],
            "task": bucket.unit[judgment] * a.size + pair,
            "label": (sign[judgment, pair] > 0).astype(int),
        }
    )
    truth = position[:, a] < position[:, b]
    for name, model in (("crowd-kit majority", MajorityVote()), ("crowd-kit DawidSkene", DawidSkene(n_iter=100))):
        probas = model.fit_predict_proba(votes).reindex(range(n * a.size)).fillna(0.5)
        rows.append((name, probas[1].to_numpy().reshape(n, -1)))
    n_looped = min(n, LOOPED)
    p_choix, p_evalica = np.full((n_looped, a.size), 0.5), np.full((n_looped, a.size), 0.5)
    for i in range(n_looped):
        theta = choix.ilsr_pairwise_dense(wins[i].astype(float), alpha=0.1)
        p_choix[i] = 1 / (1 + np.exp(theta[b] - theta[a]))
        s = np.repeat(np.stack(np.nonzero(wins[i])), wins[i][np.nonzero(wins[i])], axis=1)
        score = evalica.bradley_terry(s[0].tolist(), s[1].tolist(), [evalica.Winner.X] * s.shape[1]).scores
        worth = np.array([score.get(j, np.nan) for j in range(bucket.k)])
        p_evalica[i] = np.nan_to_num(worth[a] / (worth[a] + worth[b]), nan=0.5)
    rows += [(f"{name}, {n_looped} items", p) for name, p in (("choix ilsr", p_choix), ("evalica BT", p_evalica))]
    out = []
    for name, p in rows:
        right = np.where(p == 0.5, 0.5, (p > 0.5) == truth[: len(p)]).astype(np.float64)
        accuracy, loss, error = measures(np.maximum(p, 1 - p).ravel(), right.ravel())
        out.append({"method": name, "accuracy": accuracy, "log_loss": loss, "ece": error, "reliability": None})
    return out


def main() -> None:
    """Print one table per variant."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=3)
    n = parser.parse_args().campaigns
    for name, options in VARIANTS.items():
        rows = []
        for seed in range(n):
            prefs, position, share = campaign(seed, **options)  # type: ignore[arg-type]
            each = [ours(prefs, position, share, method) for method in METHODS] + peers(prefs, position)
            rows += [row | {"order": at} for at, row in enumerate(each)]
        table = pl.DataFrame(rows, schema_overrides={"reliability": pl.Float64})
        numbers = [pl.col(c).mean().round(4) for c in ("accuracy", "log_loss", "ece", "reliability")]
        table = table.group_by("order").agg(pl.col("method").unique().sort().str.join(" / "), *numbers).sort("order")
        with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, fmt_str_lengths=60):
            print(f"\n{name}\n{table.drop('order')}", flush=True)


if __name__ == "__main__":
    main()
