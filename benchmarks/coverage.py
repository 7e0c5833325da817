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
    estimates = prefqa.agreement(sampled, by="campaign").estimates
    truth = estimates.filter(pl.col("slice").is_null()).select("coefficient", truth="estimate")
    found = estimates.filter(pl.col("slice").is_not_null()).join(truth, on="coefficient")
    covered = pl.col("truth").is_between("ci_low", "ci_high")
    return found.group_by("coefficient", maintain_order=True).agg(
        pl.col("truth").first(),
        covered.mean().alias("coverage"),
        (pl.col("se").mean() / pl.col("estimate").std()).alias("se_ratio"),
        pl.len().alias("campaigns"),
    )


def main() -> None:
    """Print the coverage under several designs."""
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


if __name__ == "__main__":
    main()
