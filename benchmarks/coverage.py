"""How often 95 % intervals cover the truth, in simulated campaigns: python benchmarks/coverage.py [--quick].

Over items: one large campaign is the population, samples of its items are the campaigns, with the same annotators
throughout; the truth is the coefficient of the population. Over items and annotators: every campaign has annotators of
its own, of uneven skill; the truth is the coefficient in a pool of two thousand. The tables are Markdown.
"""

from __future__ import annotations

import argparse
from itertools import product

import numpy as np
import polars as pl

import prefqa
from prefqa.agreement import TARGETS

SIZES = {50: 1_000, 200: 500, 2_000: 600}
RANKED = [name for target in ("votes", "ranks") for name, entry in TARGETS[target].items() if entry.whole]
SCORED = [name for name, entry in TARGETS["scores"].items() if name not in ("gwet_ac2", "alpha_weighted")]


def rankings(n_items: int, *, strong: bool, ties: bool, balanced: bool, seed: int = 1) -> prefqa.Preferences:
    """Rankings of three responses by three of twelve annotators; unbalanced: a fifth of the ranks is missing."""
    return prefqa.simulate(
        n_items,
        3,
        12,
        3,
        seed=seed,
        reliability=(20.0, 2.0) if strong else (2.0, 4.0),
        tie_threshold=0.3 if ties else 0.0,
        missing=0.0 if balanced else 0.2,
        texts=False,
    ).preferences


def ratings(n_items: int, *, strong: bool, balanced: bool, seed: int = 1) -> prefqa.Preferences:
    """Scores 1 to 5 of one response by four annotators; unbalanced: by two to four of them."""
    rng = np.random.default_rng(seed)
    bias = rng.normal(scale=0.2, size=4)
    values = 3 + rng.normal(size=(n_items, 1)) + bias + rng.normal(scale=0.5 if strong else 1.5, size=(n_items, 4))
    kept = rng.random((n_items, 4)) < (1.0 if balanced else 0.7)
    item, annotator = np.nonzero(kept)
    frame = pl.DataFrame({"item": item, "annotator": annotator, "score": np.clip(np.round(values[kept]), 1, 5)})
    return prefqa.Preferences.from_long(
        frame.select(
            item_id=pl.format("item-{}", pl.col("item").cast(pl.String).str.zfill(8)),
            annotator_id=pl.format("annotator-{}", "annotator"),
            response_id=pl.lit("response"),
            rank=pl.lit(1, pl.Int64),
            score="score",
        )
    )


def coverage(population: prefqa.Preferences, n_campaigns: int, **options: object) -> pl.DataFrame:
    """Return per coefficient the share of campaigns whose interval covers the truth, and mean error over spread."""
    number = pl.col("item_id").rank("dense") % n_campaigns
    sampled = population.with_judgments(population.judgments.with_columns(number.alias("campaign")))
    estimates = prefqa.agreement(sampled, by="campaign", inference="items", **options).estimates  # type: ignore[arg-type]
    truth = estimates.filter(pl.col("slice").is_null()).select("coefficient", truth="estimate")
    found = estimates.filter(pl.col("slice").is_not_null()).join(truth, on="coefficient")
    return found.group_by("coefficient", maintain_order=True).agg(
        pl.col("truth").first(),
        pl.col("truth").is_between("ci_low", "ci_high").mean().alias("coverage"),
        (pl.col("se").mean() / pl.col("estimate").std()).alias("se_ratio"),
    )


def annotator_coverage(n_campaigns: int, n_annotators: int, n_items: int = 400) -> dict[str, float]:
    """Return the coverage of alpha_nominal for either inference, each campaign with annotators of its own."""
    design = {"n_responses": 3, "texts": False, "tie_threshold": 0.1, "spammers": 0}
    pool = prefqa.simulate(30_000, n_annotators=2_000, seed=99, **design).preferences  # type: ignore[arg-type]
    one = ["alpha_nominal"]
    truth = prefqa.agreement(pool, coefficients=one, inference="items").estimates["estimate"].item()
    covered = dict.fromkeys(("items", "items+annotators"), 0)
    for seed in range(n_campaigns):
        prefs = prefqa.simulate(n_items, n_annotators=n_annotators, seed=seed, **design).preferences  # type: ignore[arg-type]
        for inference in covered:
            row = prefqa.agreement(prefs, coefficients=one, inference=inference).estimates.row(0, named=True)
            covered[inference] += row["ci_low"] <= truth <= row["ci_high"]
    return {inference: count / n_campaigns for inference, count in covered.items()}


def main() -> None:
    """Print one table per kind of data, one row per coefficient, one column per design and number of items."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="a tenth of the campaigns, without 2,000 items")
    quick = options.parse_args().quick
    sizes = {n: m // 10 for n, m in SIZES.items() if n < 2_000} if quick else SIZES
    on_rankings, on_scores = {}, {}
    for strong, ties, balanced, (n, m) in product((True, False), (False, True), (True, False), sizes.items()):
        name = f"{'strong' if strong else 'weak'}{', ties' if ties else ''}{'' if balanced else ', unbalanced'}, {n}"
        population = rankings(n * m, strong=strong, ties=ties, balanced=balanced)
        on_rankings[name] = coverage(population, m, coefficients=RANKED)
        if not ties:
            on_scores[name] = coverage(
                ratings(n * m, strong=strong, balanced=balanced), m, coefficients=SCORED, target="scores"
            )
        print(name, flush=True)
    for title, found in (("Votes and rankings", on_rankings), ("Scores", on_scores)):
        what = f"lowest, mean and highest coverage over {len(found) // len(sizes)} designs, by number of items"
        print(f"\n{title}: {what}\n")
        print("| coefficient | " + " | ".join(f"{n:,} items" for n in sizes) + " | worst design |")
        print("| --- |" + " --- |" * (len(sizes) + 1))
        for name in found[next(iter(found))]["coefficient"]:
            shares = {
                key: frame.filter(pl.col("coefficient") == name)["coverage"].item() for key, frame in found.items()
            }
            cells = []
            for n in sizes:
                here = [share for key, share in shares.items() if key.endswith(f" {n}")]
                cells.append(f"{min(here):.3f} {np.mean(here):.3f} {max(here):.3f}")
            worst = max(shares, key=lambda key: abs(shares[key] - 0.95))
            print(f"| `{name}` | " + " | ".join(cells) + f" | {worst}: {shares[worst]:.3f} |", flush=True)
    print("\nAnnotators of their own in each campaign of 400 items, `alpha_nominal`\n")
    print("| annotators | over items | over items and annotators |\n| --- | --- | --- |")
    for n_annotators in (15, 20, 50):
        shares = annotator_coverage(30 if quick else 300, n_annotators)
        print(f"| {n_annotators} | {shares['items']:.3f} | {shares['items+annotators']:.3f} |", flush=True)


if __name__ == "__main__":
    main()
