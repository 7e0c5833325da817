"""Agreement on 10 million judgment rows, beside the bare Polars operation on the same file and beside krippendorff.

Run: python benchmarks/agreement.py [--items 833334] [--repeats 3] [--shuffle]

Each figure is measured in a process of its own, best of the repeats; peak memory is that process's. The agreement step
is `prefqa.agreement` with all its coefficients, from a lazy scan of the file to estimates with intervals. The bare
operation is one `group_by(item_id, response_id)` with a count on the same scan. The peer gets the votes of the first
100,000 items already counted (value_counts) and computes one coefficient without interval.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

STEP = """
import json, resource, sys, time
import polars as pl
path = sys.argv[1]
{setup}
start = time.perf_counter()
{work}
seconds = time.perf_counter() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2]))
"""
WRITE = """
import sys
import polars as pl, prefqa
path, n_items, shuffle = sys.argv[1], int(sys.argv[2]), bool(int(sys.argv[3]))
rows = prefqa.simulate(n_items, 4, 50, 3, seed=1, texts=False).preferences.judgments
rows = rows.select("item_id", "annotator_id", "response_id", "rank").collect()
(rows.sample(fraction=1, shuffle=True, seed=1) if shuffle else rows).write_parquet(path)
"""
BARE = STEP.format(setup="", work='pl.scan_parquet(path).group_by("item_id", "response_id").len().collect()')
OURS = STEP.format(
    setup="import prefqa, prefqa.agreement",
    work="prefqa.agreement(prefqa.Preferences.from_long(pl.scan_parquet(path))).estimates",
)
VOTES = ["alpha_nominal", "alpha_ordered", "symmetric_kappa", "percent_agreement", "percent_agreement_ties_half"]
OURS_VOTES = OURS.replace(").estimates", f", coefficients={VOTES}, inference='items').estimates")
FEW = 'first = pl.scan_parquet(path).filter(pl.col("item_id") <= "item-100000")'
PEER = STEP.format(
    setup=f"""import krippendorff, numpy as np, prefqa
from prefqa.votes import tallies
{FEW}
counted = tallies(prefqa.Preferences.from_long(first).coded()).select("n_first", "n_tie", "n_second").to_numpy()
both = np.concatenate([counted, counted[:, ::-1]])""",
    work='krippendorff.alpha(value_counts=both, level_of_measurement="nominal")',
)
OURS_FEW = STEP.format(
    setup=f"""import prefqa, prefqa.agreement
{FEW}
prefs = prefqa.Preferences.from_long(first)
prefs.coded()""",
    work='prefqa.agreement(prefs, coefficients=["alpha_nominal"]).estimates',
)


def main() -> None:
    """Write the data, measure, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--items", type=int, default=833_334)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--shuffle", action="store_true", help="rows in random order")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "judgments.parquet"
        # Drawn in a process of its own too: a child's peak begins at its parent's size.
        arguments = [str(path), str(given.items), str(int(given.shuffle))]
        subprocess.run([sys.executable, "-c", WRITE, *arguments], check=True)
        figures = {
            "bare Polars group_by(item_id, response_id)": best(BARE, path, given.repeats),
            "prefqa.agreement, five on votes, over items": best(OURS_VOTES, path, given.repeats),
            "prefqa.agreement, 12 coefficients, items + annotators": best(OURS, path, given.repeats),
            "krippendorff.alpha on counted votes, 100,000 items": best(PEER, path, given.repeats),
            "prefqa alpha_nominal with interval on coded rows, the same items": best(OURS_FEW, path, given.repeats),
        }
    table = Table("step", "seconds", "ratio", "peak GB", title=f"{12 * given.items:,} rows, {given.items:,} items")
    names = list(figures)
    for i, (name, (seconds, peak)) in enumerate(figures.items()):
        base = figures[names[0 if i < 3 else 3]][0]
        table.add_row(name, f"{seconds:.2f}", f"{seconds / base:.2f}", f"{peak:.2f}")
    Console(width=110).print(table)


def best(script: str, path: Path, repeats: int) -> tuple[float, float]:
    """Least time of the repeats, and the peak memory of that one."""
    runs = []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
        runs.append(tuple(json.loads(done.stdout)))
    return min(runs)  # type: ignore[return-value]


if __name__ == "__main__":
    main()
