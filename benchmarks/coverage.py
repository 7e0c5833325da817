"""How often 95 % intervals cover the truth, in simulated campaigns.

Run: python benchmarks/coverage.py [--quick] [--annotators N]

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
from prefqa.agreement import TARGETS, differences
from prefqa.agreement.estimate import INFERENCE

SIZES = {50: 1_000, 200: 500, 2_000: 600}
RANKED = [name for target in ("votes", "ranks") for name, entry in TARGETS[target].items() if entry.whole]
SAMPLED = ["alpha_nominal", "percent_agreement", "kendall_w_corrected"]
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


def annotator_coverage(
    n_campaigns: int, n_annotators: int, n_items: int, *, uneven: bool
) -> dict[str, dict[str, float]]:
    """Return the coverage of some coefficients for either inference, each campaign with annotators of its own."""

    def estimates(rows: pl.DataFrame, inference: str) -> pl.DataFrame:
        prefs = prefqa.Preferences.from_long(rows)
        return prefqa.agreement(prefs, coefficients=SAMPLED, inference=inference).estimates

    pool = estimates(_rows(30_000, 2_000, 99, uneven), "items")
    truth = dict(pool.select("coefficient", "estimate").iter_rows())
    covered = {inference: dict.fromkeys(SAMPLED, 0.0) for inference in INFERENCE}
    for seed in range(n_campaigns):
        rows = _rows(n_items, n_annotators, seed, uneven)
        for inference, shares in covered.items():
            for name, low, high in estimates(rows, inference).select("coefficient", "ci_low", "ci_high").iter_rows():
                shares[name] += (low <= truth[name] <= high) / n_campaigns
    return covered


def rejections(n_campaigns: int, n_annotators: int, n_items: int, *, uneven: bool, shared: bool) -> dict[str, float]:
    """Return how often two slices without a difference are told apart at level .05, of `n_items` items each.

    `shared`: the same annotators judge both; otherwise each slice has `n_annotators` of its own.
    """
    found = dict.fromkeys(SAMPLED, 0)
    for seed in range(n_campaigns):
        if shared:
            rows = _rows(2 * n_items, n_annotators, seed, uneven)
            rows = rows.with_columns(slice=pl.col("item_id").rank("dense") % 2)
        else:
            parts = [_rows(n_items, n_annotators, 2 * seed + i, uneven).with_columns(slice=pl.lit(i)) for i in (0, 1)]
            own = [pl.format("{}-{}", "slice", name).alias(name) for name in ("item_id", "annotator_id")]
            rows = pl.concat(parts).with_columns(own)
        tested = differences(prefqa.Preferences.from_long(rows), by="slice", coefficients=SAMPLED)
        for name, p in tested.select("coefficient", "p_value").iter_rows():
            found[name] += p < 0.05
    return {name: n / n_campaigns for name, n in found.items()}


def _rows(n_items: int, n_annotators: int, seed: int, uneven: bool) -> pl.DataFrame:
    reliability = (8.0, 2.0) if uneven else (8_000.0, 2_000.0)
    campaign = prefqa.simulate(
        n_items, 3, n_annotators, seed=seed, reliability=reliability, tie_threshold=0.1, spammers=0, texts=False
    )
    return campaign.preferences.judgments.select("item_id", "annotator_id", "response_id", "rank").collect()


def main() -> None:
    """Print one table per kind of data, one row per coefficient, one column per design and number of items."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="a tenth of the campaigns, without 2,000 items")
    options.add_argument("--annotators", type=int, metavar="N", help="only what is over annotators, in N campaigns")
    given = options.parse_args()
    if given.annotators:
        of_annotators(given.annotators)
        return
    quick = given.quick
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
    of_annotators(30 if quick else 300)


def of_annotators(n_campaigns: int) -> None:
    """Print coverage over items and annotators, and how often differences are found where there are none."""
    print(f"\nAnnotators of their own in each of {n_campaigns} campaigns: {', '.join(SAMPLED)}\n")
    print("| annotators | items | skill | over items | over items and annotators |\n| --- | --- | --- | --- | --- |")
    for uneven, n_annotators, n_items in product((True, False), (15, 20, 50), (50, 400, 2_000)):
        found = annotator_coverage(n_campaigns, n_annotators, n_items, uneven=uneven)
        both, items = (" ".join(f"{share:.3f}" for share in found[inference].values()) for inference in INFERENCE)
        skill = "uneven" if uneven else "equal"
        print(f"| {n_annotators} | {n_items:,} | {skill} | {items} | {both} |", flush=True)
    print("\nDifferences found at level .05 where there are none\n")
    print("| annotators | items | skill | annotators of the slices | found |\n| --- | --- | --- | --- | --- |")
    for uneven, shared, (n_annotators, n_items) in product((True, False), (True, False), ((15, 100), (20, 400))):
        found = rejections(n_campaigns, n_annotators, n_items, uneven=uneven, shared=shared)
        skill, whose = "uneven" if uneven else "equal", "the same" if shared else "others"
        shares = " ".join(f"{share:.3f}" for share in found.values())
        print(f"| {n_annotators} | {n_items:,} | {skill} | {whose} | {shares} |", flush=True)


if __name__ == "__main__":
    main()
