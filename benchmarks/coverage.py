"""How often 95 % intervals cover the truth, in 1,000 simulated campaigns: python benchmarks/coverage.py.

One large campaign is the population; 1,000 samples of its items are the campaigns, with the same annotators throughout,
as inference over items has it. The truth is the coefficient of the population.
"""

from __future__ import annotations

import argparse

import polars as pl
from rich.console import Console
from rich.table import Table

import prefqa


def coverage(n_campaigns: int = 1_000, n_items: int = 100, seed: int = 1, **campaign: object) -> pl.DataFrame:
    """Return per coefficient: the truth, the share of intervals that cover it, mean error over mean standard error."""
    drawn = prefqa.simulate(n_campaigns * n_items, seed=seed, texts=False, **campaign).preferences  # type: ignore[arg-type]
    number = pl.col("item_id").rank("dense") % n_campaigns
    sampled = drawn.with_judgments(drawn.judgments.with_columns(number.alias("campaign")))
    estimates = prefqa.agreement(sampled, by="campaign", inference="items").estimates
    truth = estimates.filter(pl.col("slice").is_null()).select("coefficient", truth="estimate")
    found = estimates.filter(pl.col("slice").is_not_null()).join(truth, on="coefficient")
    covered = pl.col("truth").is_between("ci_low", "ci_high")
    return found.group_by("coefficient", maintain_order=True).agg(
        pl.col("truth").first(),
        covered.mean().alias("coverage"),
        (pl.col("se").mean() / pl.col("estimate").std()).alias("se_ratio"),
        pl.len().alias("campaigns"),
    )


def annotator_coverage(n_campaigns: int, n_annotators: int, n_items: int = 400) -> dict[str, float]:
    """Return the coverage of alpha_nominal for either inference, each campaign with annotators of its own.

    The truth is the value in a pool of 2,000 annotators of uneven reliability.
    """
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
    """Print the coverage under several designs, and for other annotators."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--campaigns", type=int, default=1_000)
    given = options.parse_args()
    designs: dict[str, dict[str, object]] = {
        "3 annotators, 4 responses, 100 items": {},
        "many ties": {"tie_threshold": 0.5},
        "a third of the ranks missing": {"missing": 0.33},
        "2 responses, 2 annotators": {"n_responses": 2, "annotators_per_item": 2},
        "30 items": {"n_items": 30},
    }
    for name, design in designs.items():
        table = Table("coefficient", "truth", "coverage", "mean s.e. / spread", title=name)
        for coefficient, truth, share, ratio, _ in coverage(given.campaigns, **design).iter_rows():  # type: ignore[arg-type]
            table.add_row(coefficient, f"{truth:.3f}", f"{share:.3f}", f"{ratio:.3f}")
        Console(width=100).print(table)
    table = Table(
        "annotators", "over items", "over items and annotators", title="alpha_nominal, other annotators each time"
    )
    for n_annotators in (10, 20, 50):
        found = annotator_coverage(min(given.campaigns, 300), n_annotators)
        table.add_row(str(n_annotators), f"{found['items']:.3f}", f"{found['items+annotators']:.3f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
