"""Whether the strength of graded votes helps to tell how another annotator votes.

Run: python benchmarks/strength.py [--votes 2000 20000] [--campaigns 12 4] [--annotators 20] [--seed 0]

Each campaign is judged with the strengths of its votes and without them by `prefqa.consensus` with method "auto", from
three judgments of each item; a fourth one, by a further annotator of the pool, nobody sees. Printed is the log loss of
`probability` for the direction of the fourth (nats a vote, a tie is half a vote for either side), the difference with
its standard error over campaigns and its largest value, how often "graded" is taken, and the share of pairs put in
their true order, pairs that the method ties at one half.

Two worlds and three kinds of strengths. "simulate" is `prefqa.simulate(grades=...)`, where each annotator has cut
points of its own. "thurstone" shares nothing with it or with the model: gaps and noise are Student's t with 3 degrees
of freedom, noise is of a size of its own for each annotator, and each has thresholds of its own on either side, so that
some lean to one side, tie often, or never call anything much better. "planted" strengths come from there, "half random"
ones are drawn anew for every other annotator, "random" ones for all.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import numpy as np
import polars as pl
from rich.console import Console
from rich.table import Table

import prefqa
from prefqa import Preferences

STRENGTHS = ("planted", "half random", "random")
PER_ITEM = 3


def simulated(n_items: int, n_annotators: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return judgments and the better response of each item, from `prefqa.simulate`."""
    campaign = prefqa.simulate(
        n_items, 2, n_annotators, PER_ITEM + 1, seed=seed, grades=(0.6, 1.3), grade_habits=0.4, texts=False
    )
    best = campaign.truth.items.filter(pl.col("true_rank") == 1).select("item_id", best="response_id")
    rows = campaign.preferences.judgments.select("item_id", "annotator_id", "response_id", "rank", "strength")
    return rows.collect(), best


def thurstone(n_items: int, n_annotators: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return judgments and the better response of each item, from heavy tails and thresholds of each annotator."""
    rng = np.random.default_rng([seed, 7])
    gap = 1.2 * rng.standard_t(3, n_items)
    noise = rng.gamma(3.0, 0.4, n_annotators)
    # Distances from 0 to a tie's end, to "better" and to "much better", below and above.
    steps = rng.gamma([1.0, 2.0, 2.0], [0.2, 0.4, 0.6], (n_annotators, 2, 3))
    cuts = np.cumsum(steps, axis=2)
    cuts[rng.random(n_annotators) < 0.15, :, 2] = np.inf
    item = np.repeat(np.arange(n_items), PER_ITEM + 1)
    who = np.argsort(rng.random((n_items, n_annotators)), axis=1)[:, : PER_ITEM + 1].reshape(-1)
    felt = gap[item] + noise[who] * rng.standard_t(3, item.size)
    side = (felt > 0).astype(np.int64)
    grade = (np.abs(felt)[:, None] >= cuts[who, side]).sum(axis=1)
    way = np.where(grade > 0, 2 * side - 1, 0)
    rows = pl.DataFrame(
        {
            "item_id": np.repeat(item, 2),
            "annotator_id": np.repeat(who, 2),
            "response_id": np.tile(["a", "b"], item.size),
            "rank": np.stack([1 + (way < 0), 1 + (way > 0)], axis=1).reshape(-1),
            "strength": np.repeat(np.where(grade > 0, grade, np.nan), 2),
        }
    ).with_columns(pl.col("item_id", "annotator_id").cast(pl.String), pl.col("strength").fill_nan(None))
    best = pl.DataFrame({"item_id": np.arange(n_items), "best": np.where(gap > 0, "a", "b")})
    return rows, best.with_columns(pl.col("item_id").cast(pl.String))


WORLDS = {"simulate": simulated, "thurstone": thurstone}


def with_strengths(rows: pl.DataFrame, kind: str, seed: int) -> pl.DataFrame:
    """Return the rows with their strengths, or some or all of these drawn anew among those of the campaign."""
    if kind == "planted":
        return rows
    keys = ["item_id", "annotator_id"]
    votes = rows.select(*keys, "strength").unique(keys).sort(keys).filter(pl.col("strength").is_not_null())
    drawn = votes.select(*keys, anew=pl.Series(np.random.default_rng([seed, 9]).permutation(votes["strength"])))
    people = rows["annotator_id"].unique().sort()
    taken = people.to_list() if kind == "random" else people.gather_every(2).to_list()
    anew = pl.when(pl.col("annotator_id").is_in(taken)).then("anew").otherwise("strength")
    return rows.join(drawn, on=keys, how="left", maintain_order="left").with_columns(strength=anew).drop("anew")


def divided(rows: pl.DataFrame, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the judgments to judge by, and one of each item that is held out, drawn at random."""
    keys = ["item_id", "annotator_id"]
    each = rows.select(keys).unique().sort(keys)
    each = each.with_columns(draw=pl.Series(np.random.default_rng([seed, 11]).random(each.height)))
    out = each.filter(pl.col("draw") == pl.col("draw").max().over("item_id")).select(keys)
    return rows.join(out, on=keys, how="anti", maintain_order="left"), rows.join(out, on=keys, how="semi")


def judged(rows: pl.DataFrame, held: pl.DataFrame, best: pl.DataFrame) -> tuple[float, str, float]:
    """Return the loss on the held-out votes, the method that is taken, and the share of pairs in their true order."""
    result = prefqa.consensus(Preferences.from_long(rows))
    pairs = result.pairs().join(best, on="item_id")
    right = pl.when("tie").then(0.5).otherwise((pl.col("chosen_id") == pl.col("best")).cast(pl.Float64))
    ranks = held.select("item_id", "response_id", "rank")
    for side in ("chosen", "rejected"):
        pairs = pairs.join(ranks.rename({"response_id": f"{side}_id", "rank": side}), on=["item_id", f"{side}_id"])
    share = (1 + (pl.col("rejected") - pl.col("chosen")).sign()) / 2
    p = pl.col("probability").clip(1e-9, 1 - 1e-9)
    loss = -(share * p.log() + (1 - share) * (1 - p).log())
    return float(pairs.select(loss.mean()).item()), result.method, float(pairs.select(right.mean()).item())


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--votes", type=int, nargs="+", default=[2_000, 20_000])
    parser.add_argument("--campaigns", type=int, nargs="+", default=[12, 4], help="one number for each of --votes")
    parser.add_argument("--annotators", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--worlds", nargs="+", choices=list(WORLDS), default=list(WORLDS))
    given = parser.parse_args(arguments)
    console = Console(width=160)
    table = Table("world", "votes", "campaigns", "strengths", "without", "with", "difference", "largest", "taken",
                  "right without", "right with")  # fmt: skip
    for world in given.worlds:
        for n_votes, n_campaigns in zip(given.votes, given.campaigns, strict=True):
            found: dict[str, list[tuple[float, str, float]]] = {kind: [] for kind in ("without", *STRENGTHS)}
            for seed in range(given.seed, given.seed + n_campaigns):
                whole, best = WORLDS[world](-(-n_votes // PER_ITEM), given.annotators, seed)
                rows, held = divided(whole, seed)
                found["without"].append(judged(rows.drop("strength"), held, best))
                for kind in STRENGTHS:
                    found[kind].append(judged(with_strengths(rows, kind, seed), held, best))
            loss = {kind: np.array([one[0] for one in each]) for kind, each in found.items()}
            right = {kind: np.mean([one[2] for one in each]) for kind, each in found.items()}
            for kind in STRENGTHS:
                apart = loss[kind] - loss["without"]
                se = apart.std(ddof=1) / np.sqrt(apart.size) if apart.size > 1 else np.nan
                taken = sum(one[1] == "graded" for one in found[kind])
                table.add_row(
                    world, f"{n_votes:,}", str(n_campaigns), kind, f"{loss['without'].mean():.4f}",
                    f"{loss[kind].mean():.4f}", f"{apart.mean():+.4f} ± {se:.4f}",
                    f"{apart.max():+.4f}", f"{taken} of {n_campaigns}",
                    f"{right['without']:.4f}", f"{right[kind]:.4f}",
                )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    main()
