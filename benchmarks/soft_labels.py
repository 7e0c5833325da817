"""Does training on probabilities help a reward model? Planted rewards, noisy votes, five levels of noise, two worlds.

python benchmarks/soft_labels.py [--seeds 8] [--pairs 600] [--votes 3]

The reward of a response is a nonlinear function of ten features. Annotators vote on pairs; in the world "logistic" a
share of them clicks at random and the rest follow a logistic model; in "heavy tails" (not the form of any model of
prefqa) votes carry noise with the tails of t with 2 degrees of freedom, of a size that differs between pairs and
annotators. The reward model is a network with one hidden layer of 16 units and weight decay, fitted by L-BFGS on

- hard: the majority, as certain;
- smoothed: the majority with one smoothing value, the one of five that predicts votes of a validation part best;
- vote share: the share of votes for each side;
- probability: that of `prefqa.consensus`.

Held-out figures are of 4,000 fresh pairs: accuracy against the true order, and log loss of fresh votes.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy.optimize import minimize
from scipy.special import expit, log_expit

import prefqa
from prefqa.preferences import Preferences

Array = np.ndarray[Any, Any]
D, HIDDEN, N_TEST, N_ANNOTATORS = 10, 16, 4_000, 20
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
SMOOTHING = (0.0, 0.05, 0.1, 0.2, 0.3)
TARGETS = ("hard", "smoothed", "vote share", "probability")


def reward(x: Array, weights: Array) -> Array:
    """Return the true reward of responses."""
    return 1.5 * (x @ weights + np.sin(2 * x[..., 0]) * x[..., 1] + 0.5 * x[..., 2] ** 2)


def logistic(rng: np.random.Generator, gap: Array, level: float) -> Callable[[Array, Array], Array]:
    """Return votes: a share `level` of the annotators clicks at random, the others follow a logistic model."""
    careless = rng.random(N_ANNOTATORS) < level

    def vote(pair: Array, annotator: Array) -> Array:
        return rng.random(pair.size) < np.where(careless[annotator], 0.5, expit(gap[pair]))

    return vote


def heavy_tails(rng: np.random.Generator, gap: Array, level: float) -> Callable[[Array, Array], Array]:
    """Return votes: noise by t with 2 d.f., of a size that grows with `level` and differs by pair and annotator."""
    size = 4 * level * np.exp(rng.normal(0, 0.7, gap.size))[:, None] * np.exp(rng.normal(0, 0.7, N_ANNOTATORS))

    def vote(pair: Array, annotator: Array) -> Array:
        return gap[pair] + rng.standard_t(2, pair.size) * size[pair, annotator] > 0

    return vote


WORLDS: Mapping[str, Callable[..., Callable[[Array, Array], Array]]] = {
    "logistic": logistic,
    "heavy tails": heavy_tails,
}


def fit(first: Array, second: Array, target: Array, rng: np.random.Generator) -> Callable[[Array], Array]:
    """Fit the network by the cross-entropy under `target`, the probability that the first response is better."""
    shapes = [(D, HIDDEN), (HIDDEN,), (HIDDEN,)]
    sizes = np.cumsum([int(np.prod(shape)) for shape in shapes])
    start = rng.normal(0, 0.3, sizes[-1])
    both = np.concatenate([first, second])

    def parts(theta: Array) -> list[Array]:
        return [part.reshape(shape) for part, shape in zip(np.split(theta, sizes[:-1]), shapes, strict=True)]

    def loss(theta: Array) -> tuple[float, Array]:
        a, b, c = parts(theta)
        hidden = np.tanh(both @ a + b)
        rewards = hidden @ c
        z = rewards[: len(first)] - rewards[len(first) :]
        value = -(target * log_expit(z) + (1 - target) * log_expit(-z)).sum() + 0.5 * (theta**2).sum()
        dz = expit(z) - target
        d_rewards = np.concatenate([dz, -dz])
        d_hidden = d_rewards[:, None] * c * (1 - hidden**2)
        gradient = np.concatenate([(both.T @ d_hidden).ravel(), d_hidden.sum(0), hidden.T @ d_rewards])
        return float(value), gradient + theta

    theta = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    a, b, c = parts(theta)
    return lambda x: np.tanh(x @ a + b) @ c


def one(world: str, level: float, seed: int, n_pairs: int, n_votes: int) -> dict[str, tuple[float, float]]:
    """Return accuracy and log loss by target."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 0.5, D)
    x = rng.normal(size=(2, n_pairs + N_TEST, D))
    gap = np.subtract(*reward(x, weights))
    vote = WORLDS[world](rng, gap, level)
    annotator = rng.random((n_pairs, N_ANNOTATORS)).argsort(axis=1)[:, :n_votes]
    pair = np.repeat(np.arange(n_pairs), n_votes)
    votes = vote(pair, annotator.ravel()).reshape(n_pairs, n_votes)
    share = votes.mean(axis=1)
    hard = np.where(share == 0.5, 0.5, (share > 0.5).astype(float))
    targets = {"hard": hard, "vote share": share, "probability": probabilities(annotator, votes)}
    train = x[:, :n_pairs]
    check = np.arange(n_pairs) % 5 == 0
    losses = []
    for smoothing in SMOOTHING:
        smooth = hard * (1 - smoothing) + (1 - hard) * smoothing
        model = fit(train[0][~check], train[1][~check], smooth[~check], np.random.default_rng(seed))
        losses.append(log_loss(model(train[0][check]) - model(train[1][check]), share[check]))
    best = SMOOTHING[int(np.argmin(losses))]
    targets["smoothed"] = hard * (1 - best) + (1 - hard) * best
    fresh = vote(np.arange(n_pairs, n_pairs + N_TEST), rng.integers(0, N_ANNOTATORS, N_TEST))
    figures = {}
    for name in TARGETS:
        model = fit(train[0], train[1], targets[name], np.random.default_rng(seed))
        z = model(x[0, n_pairs:]) - model(x[1, n_pairs:])
        figures[name] = (float(((z > 0) == (gap[n_pairs:] > 0)).mean()), log_loss(z, fresh))
    return figures


def log_loss(z: Array, target: Array) -> float:
    """Return the mean cross-entropy of votes."""
    return float(-(target * log_expit(z) + (1 - target) * log_expit(-z)).mean())


def probabilities(annotator: Array, votes: Array) -> Array:
    """Return, by pair, the probability of prefqa's consensus that a fresh annotator prefers the first response."""
    n_pairs, n_votes = votes.shape
    rows = pl.DataFrame(
        {
            "item_id": np.char.add("p", np.repeat(np.arange(n_pairs), n_votes).astype(str)),
            "annotator_id": np.char.add("a", annotator.ravel().astype(str)),
            "first": votes.ravel(),
        }
    )
    sides = [
        rows.select(
            "item_id",
            "annotator_id",
            pl.lit(name).alias("response_id"),
            pl.when(pl.col("first") == won).then(1).otherwise(2).alias("rank"),
        )
        for name, won in (("first", True), ("second", False))
    ]
    pairs = prefqa.consensus(Preferences.from_long(pl.concat(sides))).pair_set().frame
    first = pl.when(pl.col("chosen_id") == "first").then(pl.col("probability")).otherwise(1 - pl.col("probability"))
    by_item = dict(pairs.select("item_id", first).iter_rows())
    return np.array([by_item[f"p{number}"] for number in range(n_pairs)])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--pairs", type=int, default=600)
    parser.add_argument("--votes", type=int, default=3)
    given = parser.parse_args()
    heads = [f"{name}: accuracy, log loss" for name in TARGETS]
    print("| world | noise | " + " | ".join(heads) + " | probability - hard: accuracy | log loss |")
    print("|---|---|" + "---|" * (len(TARGETS) + 2))
    for world in WORLDS:
        for level in LEVELS:
            runs = [one(world, level, seed, given.pairs, given.votes) for seed in range(given.seeds)]
            figures = np.array([[run[name] for name in TARGETS] for run in runs])
            cells = [f"{accuracy:.3f}, {loss:.3f}" for accuracy, loss in figures.mean(axis=0)]
            gain = figures[:, 3] - figures[:, 0]
            error = gain.std(axis=0, ddof=1) / np.sqrt(given.seeds)
            gains = [f"{mean:+.3f} ± {se:.3f}" for mean, se in zip(gain.mean(axis=0), error, strict=True)]
            print(f"| {world} | {level} | " + " | ".join([*cells, *gains]) + " |", flush=True)


if __name__ == "__main__":
    main()
