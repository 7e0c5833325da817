"""How often intervals of the weights of criteria cover the truth, and how many swapped votes are found.

Run: python benchmarks/criteria.py [--quick]

Two worlds. "logit": the model that is fitted, with Davidson's ties, the same weights for all annotators. "probit": a
latent strength per criterion, of which annotators report the sign, normal weights of each annotator's own, prompts of
uneven difficulty, noise with heavy tails (t with 3 degrees of freedom), ties below a threshold. There the truth is what
the same regression gives with 400,000 votes of 4,000 annotators. Every prompt is judged by three annotators. The tables
are Markdown.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
import polars as pl

import prefqa
from prefqa._types import distinct
from prefqa.criteria.logistic import Patterns, fit
from prefqa.criteria.weights import Groups, weights

NAMES = ("harmless", "helpful", "truthful")
TRUE = np.array([0.4, 1.5, 0.8])
PER_PROMPT = 3


class Votes(NamedTuple):
    """Rows of one overall vote: prompt, annotator, criteria's votes (for the first), and the overall vote."""

    prompt: np.ndarray
    annotator: np.ndarray
    x: np.ndarray
    y: np.ndarray


def votes(world: str, n_prompts: int, n_annotators: int, seed: int, scale: float = 1.0) -> Votes:
    """Simulate a campaign."""
    rng = np.random.default_rng(seed)
    prompt = np.repeat(np.arange(n_prompts), PER_PROMPT)
    order = rng.random((n_prompts, n_annotators)).argpartition(PER_PROMPT - 1, axis=1)
    annotator = order[:, :PER_PROMPT].reshape(-1)
    mixed = np.array([[1, 0.3, 0.3], [0.3, 1, 0.5], [0.3, 0.5, 1]])
    gap = rng.multivariate_normal(np.zeros(3), mixed, n_prompts)[prompt]
    if world == "logit":
        strength = gap + 0.7 * rng.normal(size=gap.shape)
        x = np.sign(strength) * (np.abs(strength) > 0.3)
        first = np.exp(scale * x @ TRUE / 2)
        tie = 0.4
        total = first + 1 / first + tie
        u = rng.random(len(x)) * total
        return Votes(prompt, annotator, x, np.where(u < first, 1, np.where(u < first + 1 / first, -1, 0)))
    hard = np.exp(0.5 * rng.normal(size=n_prompts))[prompt][:, None]
    strength = gap / hard + 0.7 * rng.normal(size=gap.shape)
    x = np.sign(strength) * (np.abs(strength) > 0.3)
    own = scale * TRUE + 0.5 * rng.normal(size=(n_annotators, 3))
    utility = (own[annotator] * strength).sum(axis=1) + rng.standard_t(3, len(x))
    return Votes(prompt, annotator, x, np.sign(utility) * (np.abs(utility) > 0.4))


def estimated(found: Votes) -> pl.DataFrame:
    """Return the weights with their intervals, as `prefqa.criteria` has them."""
    decided = found.y != 0
    patterns = Patterns.of(found.x[decided] * found.y[decided][:, None])
    groups = Groups(distinct(found.prompt[decided])[1], distinct(found.annotator[decided])[1])
    return pl.DataFrame(weights(NAMES, patterns, groups, 0.95).rows, infer_schema_length=None)


def truth(world: str) -> np.ndarray:
    """Return the weights that a campaign without end would give."""
    if world == "logit":
        return TRUE
    parts = [votes(world, 10_000, 300, seed=10_000 + part) for part in range(14)]
    z = np.concatenate([part.x * part.y[:, None] for part in parts])
    patterns = Patterns.of(z[(z != 0).any(axis=1)])
    return fit(patterns.values, patterns.counts)


def coverage(n_campaigns: int) -> None:
    """Print how often intervals cover the truth."""
    print("| world | prompts | annotators | covered | harmless | helpful | truthful | bias | s.e. / spread |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for world in ("logit", "probit"):
        true = truth(world)
        for n_prompts, n_annotators in ((60, 12), (200, 12), (200, 40), (1_000, 12), (1_000, 40), (4_000, 40)):
            rows = [estimated(votes(world, n_prompts, n_annotators, seed)) for seed in range(n_campaigns)]
            there = [row for row in rows if row["se"].null_count() == 0]
            found, se, low, high = (
                np.array([row[name].to_numpy() for row in there]) for name in ("weight", "se", "ci_low", "ci_high")
            )
            inside = (low <= true) & (true <= high)
            bias = (found.mean(axis=0) - true).mean()
            ratio = (se.mean(axis=0) / found.std(axis=0, ddof=1)).mean()
            cells = [f"{share:.3f}" for share in (inside.mean(), *inside.mean(axis=0))]
            none = f" ({len(rows) - len(there)} without an interval)" if len(there) < len(rows) else ""
            head = f"| {world} | {n_prompts:,} | {n_annotators} | "
            print(head + " | ".join([*cells, f"{bias:+.3f}", f"{ratio:.2f}"]) + f" |{none}", flush=True)


def preferences(found: Votes) -> prefqa.Preferences:
    """Return a campaign in the standard form."""
    columns = {"overall": found.y} | {name: found.x[:, i] for i, name in enumerate(NAMES)}
    sides = [
        pl.DataFrame({"prompt": found.prompt, "annotator": found.annotator, "vote": vote.astype(np.int64)}).select(
            item_id=pl.format("p{}/" + name, "prompt"),
            annotator_id=pl.format("a{}", "annotator"),
            criterion=pl.lit(name),
            response_id=pl.lit(side),
            rank=pl.when(pl.col("vote") * sign >= 0).then(1).otherwise(2),
        )
        for name, vote in columns.items()
        for side, sign in (("a", 1), ("b", -1))
    ]
    return prefqa.Preferences.from_long(pl.concat(sides))


def contradictions(n_campaigns: int) -> None:
    """Print how many swapped overall votes are found, and how many that are found were swapped."""
    print("| world | weights | swapped | listed | of votes | recall | precision | among the 50 least probable |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for world in ("logit", "probit"):
        for scale in (1.0, 2.0, 4.0):
            sums = np.zeros((3, 4))
            top = np.zeros(2)
            for seed in range(n_campaigns):
                campaign = votes(world, 1_000, 40, seed, scale)
                rng = np.random.default_rng(seed)
                swapped = (campaign.y != 0) & (rng.random(len(campaign.y)) < 0.03)
                found = campaign._replace(y=np.where(swapped, -campaign.y, campaign.y))
                result = prefqa.criteria(preferences(found))
                planted = pl.DataFrame(
                    {"p": found.prompt[swapped], "a": found.annotator[swapped]},
                ).select(item_id=pl.format("p{}/overall", "p"), annotator_id=pl.format("a{}", "a"), planted=True)
                listed = result.contradictions.join(planted, on=["item_id", "annotator_id"], how="left")
                hit = listed["planted"].fill_null(value=False)
                for row, which in enumerate(
                    (listed["against_all"], listed["probability"] < 0.05, listed["probability"] < 2)
                ):
                    sums[row] += (int(hit.filter(which).sum()), int(which.sum()), planted.height, result.n_votes)
                top += (int(hit.head(50).sum()), min(50, len(hit)))
            for name, (right, n, of, total) in zip(("against all", "probability < .05", "either"), sums, strict=True):
                least = f"{top[0] / top[1]:.2f}" if name == "either" else ""
                print(
                    f"| {world} | × {scale:g} | {of / total:.1%} | {name} | {n / total:.1%} | {right / of:.2f} | "
                    f"{right / n if n else float('nan'):.2f} | {least} |",
                    flush=True,
                )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few campaigns")
    quick = parser.parse_args().quick
    coverage(40 if quick else 500)
    print()
    contradictions(2 if quick else 10)


if __name__ == "__main__":
    main()
