"""Time and memory of every consensus method: python benchmarks/consensus.py [--items 10000 100000].

Simulated campaigns of n items x 4 responses x 3 annotators, one method per process, from preferences in memory to a
result. `ratio` is to Polars' own count of wins per pair (a self-join and a group-by) on the same rows.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

METHODS = (
    "majority", "borda", "kemeny", "bradley-terry", "plackett-luce", "weighted-bradley-terry", "dawid-skene",
    "two-coin", "mallows", "auto",
)  # fmt: skip


def one(method: str, n_items: int) -> None:
    """Run one method and print its line."""
    import polars as pl

    import prefqa

    annotators = max(30, n_items // 1_000)
    prefs = prefqa.simulate(n_items, annotators_per_item=3, n_annotators=annotators, texts=False).preferences
    rows = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect()
    begin = time.perf_counter()
    keys = ["item_id", "annotator_id"]
    won = pl.col("rank") < pl.col("rank_right")
    pairs = rows.lazy().join(rows.lazy(), on=keys).filter(pl.col("response_id") < pl.col("response_id_right"))
    pairs.group_by("item_id", "response_id", "response_id_right").agg(won.sum()).collect()
    bare = time.perf_counter() - begin
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    found = prefqa.consensus(prefs, method=method)  # type: ignore[arg-type]
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used = f"{found.method} ({found.overall['iterations']} iterations)" if found.overall["iterations"] else found.method
    print(
        f"{n_items:>9,} {method:14} {took:8.2f} s  ratio {took / bare:6.2f}  bare {bare:6.2f} s  "
        f"peak {peak / 2**20:5.2f} GiB (before {before / 2**20:5.2f})  {used}",
        flush=True,
    )


def main() -> None:
    """Run every method at every size in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--method", choices=METHODS)
    chosen = parser.parse_args()
    if chosen.method:
        one(chosen.method, chosen.items[0])
        return
    for n_items in chosen.items:
        for method in METHODS:
            subprocess.run([sys.executable, __file__, "--items", str(n_items), "--method", method], check=True)


if __name__ == "__main__":
    main()
