"""Time of a leaderboard beside other packages, and how often its intervals hold.

    python benchmarks/leaderboard.py [--votes 1000000] [--names 100] [--items 10000]
    python benchmarks/leaderboard.py --coverage 200

Peers (evalica, choix, arena-rank) are timed where they are installed. Each starts from what it takes, in memory: prefqa
from preferences, with intervals; evalica and choix from lists (evalica-frame: from a frame), without; arena-rank from a
pandas frame, with intervals. `cpu` is processor time of all threads; the least of three runs counts.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import polars as pl

import prefqa

Votes = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]


def drawn(n_votes: int, n_names: int, seed: int, ties: str = "davidson") -> Votes:
    """Draw first, second and outcome (1, 0, -1) of votes by a tie model ("half": no ties), and the true scores."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, 0.8, n_names)
    first = rng.integers(0, n_names, n_votes)
    second = (first + rng.integers(1, n_names, n_votes)) % n_names
    d = truth[first] - truth[second]
    if ties == "rao-kupper":
        won, lost = 1 / (1 + np.exp(0.5 - d)), 1 / (1 + np.exp(0.5 + d))
    else:
        whole = np.exp(d / 2) + np.exp(-d / 2) + (0.6 if ties == "davidson" else 0)
        won, lost = np.exp(d / 2) / whole, np.exp(-d / 2) / whole
    u = rng.random(n_votes)
    return first, second, np.where(u < won, 1, np.where(u > 1 - lost, -1, 0)), truth - truth.mean()


def preferences(votes: Votes, n_items: int) -> prefqa.Preferences:
    """The votes as judgments, spread over items in turn."""
    first, second, outcome, truth = votes
    names = np.array([f"model-{i:03}" for i in range(truth.size)])
    at = np.arange(first.size)
    frame = {
        "item_id": np.repeat(at % n_items, 2),
        "annotator_id": np.repeat(at // n_items, 2),
        "response_id": names[np.stack([first, second], 1).ravel()],
        "rank": np.stack([1 + (outcome < 0), 1 + (outcome > 0)], 1).ravel(),
    }
    ids = [pl.col(name).cast(pl.String) for name in ("item_id", "annotator_id")]
    return prefqa.Preferences.from_long(pl.DataFrame(frame).with_columns(ids))


def evalica_run(votes: Votes, _n_items: int) -> Callable[[], Any]:
    """Evalica's Bradley-Terry from lists of names and winners."""
    evalica = importlib.import_module("evalica")
    first, second, outcome, truth = votes
    names = np.array([f"model-{i:03}" for i in range(truth.size)])
    words = {1: evalica.Winner.X, -1: evalica.Winner.Y, 0: evalica.Winner.Draw}
    xs, ys, winners = names[first].tolist(), names[second].tolist(), [words[o] for o in outcome.tolist()]
    return lambda: evalica.bradley_terry(xs, ys, winners)


def evalica_frame_run(votes: Votes, _n_items: int) -> Callable[[], Any]:
    """The same from a Polars frame of two names and a word, as votes are stored."""
    evalica = importlib.import_module("evalica")
    first, second, outcome, truth = votes
    names = np.array([f"model-{i:03}" for i in range(truth.size)])
    winner = np.array(["right", "tie", "left"])[outcome + 1]
    frame = pl.DataFrame({"left": names[first], "right": names[second], "winner": winner})
    words = {"left": evalica.Winner.X, "right": evalica.Winner.Y, "tie": evalica.Winner.Draw}

    def run() -> Any:
        winners = [words[word] for word in frame["winner"].to_list()]
        return evalica.bradley_terry(frame["left"].to_list(), frame["right"].to_list(), winners)

    return run


def choix_run(votes: Votes, _n_items: int) -> Callable[[], Any]:
    """Choix's ILSR from a list of (winner, loser), without the ties, which it does not take."""
    choix = importlib.import_module("choix")
    first, second, outcome, truth = votes
    pairs = np.where((outcome > 0)[:, None], np.stack([first, second], 1), np.stack([second, first], 1))
    data = list(map(tuple, pairs[outcome != 0].tolist()))
    return lambda: choix.ilsr_pairwise(truth.size, data, alpha=1e-9)


def arena_run(votes: Votes, _n_items: int) -> Callable[[], Any]:
    """arena-rank's Bradley-Terry with sandwich intervals from a pandas frame."""
    pandas = importlib.import_module("pandas")
    data = importlib.import_module("arena_rank.utils.data_utils")
    models = importlib.import_module("arena_rank.models.bradley_terry")
    first, second, outcome, truth = votes
    names = np.array([f"model-{i:03}" for i in range(truth.size)])
    winner = np.array(["model_b", "tie", "model_a"])[outcome + 1]
    frame = pandas.DataFrame({"model_a": names[first], "model_b": names[second], "winner": winner})

    def run() -> Any:
        dataset = data.PairDataset.from_pandas(frame)
        return models.BradleyTerry(n_competitors=truth.size).compute_ratings_and_cis(dataset)

    return run


def prefqa_run(votes: Votes, n_items: int) -> Callable[[], Any]:
    """Ours, from preferences, with intervals of scores and ranks."""
    prefs = preferences(votes, n_items)
    return lambda: prefqa.leaderboard(prefs)


RUNS = {
    "evalica": evalica_run,
    "evalica-frame": evalica_frame_run,
    "choix": choix_run,
    "arena-rank": arena_run,
    "prefqa": prefqa_run,
}


def timed(run: Callable[[], Any], repeats: int) -> tuple[float, float]:
    """Least wall and processor time of some runs."""
    walls, cpus = [], []
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        run()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
    return min(walls), min(cpus)


def times(n_votes: int, n_names: int, items: list[int], repeats: int, only: list[str]) -> None:
    """Print the times of all that are there, as ratios to the first."""
    votes = drawn(n_votes, n_names, seed=0)
    print(f"{n_votes:,} votes on {n_names} names, {(votes[2] == 0).mean():.0%} of them ties")
    base = None
    for name in only:
        make = RUNS[name]
        for n_items in items if name == "prefqa" else [items[0]]:
            try:
                run = make(votes, n_items)
                release = version(name.removesuffix("-frame"))
            except (ImportError, PackageNotFoundError):
                print(f"{name:13} is not installed")
                continue
            wall, cpu = timed(run, repeats)
            base = base or (wall, cpu)
            beside = f"{n_items:,} items, intervals" if name == "prefqa" else "intervals" * (name == "arena-rank")
            ratios = f"{wall:7.2f} s ({wall / base[0]:5.2f})   cpu {cpu:7.2f} s ({cpu / base[1]:5.2f})"
            print(f"{name:13} {release:8} {ratios}  {beside}", flush=True)


def coverage(n_campaigns: int) -> None:
    """Print how often 95 % intervals hold the true scores, and ranges the true ranks, on planted truth."""
    print("names  items  votes/item  ties            scores  ranks  mean rank range")
    for n_names, n_items, per_item in ((6, 60, 1), (6, 250, 1), (20, 1000, 1), (6, 40, 6), (20, 200, 5)):
        for ties in ("half", "davidson", "rao-kupper"):
            held, ranked, ranges, refused = [], [], [], 0
            for seed in range(n_campaigns):
                votes = drawn(n_items * per_item, n_names, seed, ties)
                truth = votes[3]
                try:
                    rows = prefqa.leaderboard(preferences(votes, n_items), ties=ties).leaderboard.sort("name")  # type: ignore[arg-type]
                except prefqa.PrefqaError:
                    refused += 1
                    continue
                low, high, best, worst = (rows[c].to_numpy() for c in ("ci_low", "ci_high", "rank_low", "rank_high"))
                rank = 1 + (truth[None, :] > truth[:, None]).sum(axis=1)
                held.append((low <= truth) & (truth <= high))
                ranked.append((best <= rank) & (rank <= worst))
                ranges.append(worst - best + 1)
            shown = f"{np.mean(held):.3f}  {np.mean(ranked):.3f}  {np.mean(ranges):.1f}"
            print(f"{n_names:5} {n_items:6} {per_item:11}  {ties:14}  {shown}  ({refused} refused)", flush=True)


def main() -> None:
    """Time, or measure coverage."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--votes", type=int, default=1_000_000)
    parser.add_argument("--names", type=int, default=100)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(RUNS), default=list(RUNS))
    parser.add_argument("--coverage", type=int, metavar="CAMPAIGNS")
    chosen = parser.parse_args()
    if chosen.coverage:
        coverage(chosen.coverage)
    else:
        times(chosen.votes, chosen.names, chosen.items, chosen.repeats, chosen.only)


if __name__ == "__main__":
    main()
