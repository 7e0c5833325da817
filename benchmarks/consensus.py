"""Time and memory of every consensus method beside peers: python benchmarks/consensus.py [--items 10000 100000].

Simulated campaigns of n items x 4 responses x 3 annotators, one method per process. Ours go from a Parquet file to a
result. "bare" is Polars' own count of wins per pair (a self-join and a group-by) on the same file; `ratio` is to it.
crowd-kit, choix and evalica are timed where they are installed, from votes that are ready in their own form; choix and
evalica fit one item at a time, so they loop. They are left out above 100,000 items.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

METHODS = (
    "majority", "borda", "kemeny", "bradley-terry", "plackett-luce", "weighted-bradley-terry", "dawid-skene",
    "two-coin", "mallows", "auto",
)  # fmt: skip
PEERS = {"crowd-kit DawidSkene": "crowd-kit", "choix (loop)": "choix", "evalica (loop)": "evalica"}
PEERS_UP_TO = 100_000


def ours(prefs: object, method: str) -> Callable[[], object]:
    """Return the work of one of our methods."""
    import prefqa

    return lambda: prefqa.consensus(prefs, method=method)  # type: ignore[arg-type]


def bare(prefs: object) -> Callable[[], object]:
    """Return Polars' own count of wins per item and pair."""
    import polars as pl

    rows = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank")  # type: ignore[attr-defined]
    pairs = rows.join(rows, on=["item_id", "annotator_id"])
    pairs = pairs.filter(pl.col("response_id") < pl.col("response_id_right"))
    won = (pl.col("rank") < pl.col("rank_right")).sum()
    return pairs.group_by("item_id", "response_id", "response_id_right").agg(won).collect


def peer(prefs: object, name: str) -> Callable[[], object]:
    """Return the work of a peer on ready votes."""
    import numpy as np
    import pandas as pd

    from prefqa.votes import buckets, pair_counts, votes_on_pairs

    bucket = next(iter(buckets(prefs.coded())))  # type: ignore[attr-defined]
    if name.startswith("crowd-kit"):
        from crowdkit.aggregation import DawidSkene

        votes = votes_on_pairs(bucket.ranks)
        judgment, pair = np.nonzero(votes)
        task = bucket.unit[judgment] * votes.shape[1] + pair
        table = {"worker": bucket.annotator[judgment], "task": task, "label": votes[judgment, pair] > 0}
        return lambda: DawidSkene(n_iter=100).fit_predict_proba(pd.DataFrame(table))
    wins = pair_counts(bucket)[0].astype(float)
    if name.startswith("choix"):
        import choix

        return lambda: [choix.ilsr_pairwise_dense(one, alpha=0.1) for one in wins]
    import evalica

    matches = [np.repeat(np.stack(np.nonzero(one)), one[np.nonzero(one)].astype(int), axis=1).tolist() for one in wins]
    return lambda: [evalica.bradley_terry(a, b, [evalica.Winner.X] * len(a)) for a, b in matches]


def draw(n_items: int, path: str) -> None:
    """Write a campaign to a file."""
    import prefqa

    annotators = max(30, n_items // 1_000)
    campaign = prefqa.simulate(n_items, annotators_per_item=3, n_annotators=annotators, texts=False)
    columns = ("item_id", "annotator_id", "response_id", "rank", "position")
    campaign.preferences.judgments.select(columns).collect().write_parquet(path)


def one(method: str, path: str) -> None:
    """Time one method on a file and print what it took as JSON."""
    import prefqa

    prefs = prefqa.read(path)
    work = bare(prefs) if method == "bare" else peer(prefs, method) if method in PEERS else ours(prefs, method)
    begin = time.perf_counter(), time.process_time()
    found = work()
    took, cpu = time.perf_counter() - begin[0], time.process_time() - begin[1]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    used = f"{found.method}, {found.overall['iterations']} iterations" if method in METHODS else ""  # type: ignore[attr-defined]
    print(json.dumps({"seconds": took, "cpu": cpu, "peak": peak, "used": used}))


def main() -> None:
    """Run everything at every size, each in a process of its own, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--methods", nargs="+", default=[*METHODS, *PEERS])
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--draw", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one:
        one(*chosen.one)
    elif chosen.draw:
        draw(int(chosen.draw[0]), chosen.draw[1])
    else:
        with tempfile.TemporaryDirectory() as folder:
            run_all(chosen.items, chosen.methods, folder)


def run_all(items: list[int], methods: list[str], folder: str) -> None:
    """Time every method on a campaign of each size."""
    for n_items in items:
        path, base = f"{folder}/{n_items}.parquet", None
        subprocess.run([sys.executable, __file__, "--draw", str(n_items), path], check=True)
        for method in ("bare", *methods):
            name = method
            if method in PEERS:
                try:
                    name = f"{method} {version(PEERS[method])}"
                except PackageNotFoundError:
                    continue
                if n_items > PEERS_UP_TO:
                    continue
            command = [sys.executable, __file__, "--one", method, path]
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            base = base or found["seconds"]
            print(
                f"{n_items:>9,} {name:27} {found['seconds']:8.2f} s ({found['cpu']:7.2f} s of processor)  "
                f"ratio {found['seconds'] / base:7.2f}  peak {found['peak']:5.2f} GiB  {found['used']}",
                flush=True,
            )


if __name__ == "__main__":
    main()
