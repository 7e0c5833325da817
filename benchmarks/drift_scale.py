"""Time and memory of `prefqa.drift` on long campaigns, beside the agreement step on the same file.

Run: python benchmarks/drift_scale.py [--judgments 1000000 ...] [--changed] [--repeats 1]

Campaigns of 4 responses per item, 3 judgments per item, 1,000 annotators, 52 weeks, with the place on the screen, the
length and the model of each response. A judgment is one ranking: 4 rows, 6 votes. With `--changed`, half of the
annotators change their length weight in week 26, so that changes are found, dated and told. Each figure is measured in
a process of its own; memory is that process's peak. Reading the responses and items is not part of the time of either
step, reading the judgments is.
"""

from __future__ import annotations

import argparse
import json
import tempfile

from processes import run

WRITE = """
import sys
import prefqa
folder, n_judgments, changed = sys.argv[1], int(sys.argv[2]), bool(int(sys.argv[3]))
drift = prefqa.Drift("length", 26, 0.5, annotators=0.5) if changed else None
prefs = prefqa.simulate(
    n_judgments // 3, 4, 1000, 3, seed=1, weeks=52, texts=False, length_bias=0.2, drift=drift
).preferences
columns = ["item_id", "annotator_id", "response_id", "rank", "created_at", "position"]
prefs.judgments.select(columns).collect().write_parquet(f"{folder}/judgments.parquet")
prefs.responses.write_parquet(f"{folder}/responses.parquet")
prefs.items.write_parquet(f"{folder}/items.parquet")
"""
STEP = """
import json, resource, sys, time
import polars as pl, prefqa, prefqa.agreement, prefqa.drift
rows, responses, items = (f"{{sys.argv[1]}}/{{name}}.parquet" for name in ("judgments", "responses", "items"))
{setup}
start, cpu = time.perf_counter(), time.process_time()
{work}
took = [time.perf_counter() - start, time.process_time() - cpu]
print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, {said}]))
"""
AGREEMENT = STEP.format(
    setup="", work="prefqa.agreement(prefqa.Preferences.from_long(pl.scan_parquet(rows))).estimates", said="None"
)
DRIFT = STEP.format(
    setup="""known = {"responses": pl.read_parquet(responses), "items": pl.read_parquet(items)}
prefs = prefqa.Preferences.from_long(pl.scan_parquet(rows), **known)
del known""",
    work='found = prefqa.drift(prefs, every="1w")',
    said="found.changes.height if found.alarm else 0",
)


def main() -> None:
    """Draw each campaign, measure both steps, print a row."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--judgments", type=int, nargs="+", default=[1_000_000])
    options.add_argument("--changed", action="store_true", help="half of the annotators change in week 26")
    options.add_argument("--repeats", type=int, default=1)
    given = options.parse_args()
    print("| judgments | rows | step | s | s of processor | peak GB | times agreement | changes |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for n_judgments in given.judgments:
        with tempfile.TemporaryDirectory() as folder:
            run(WRITE, folder, str(n_judgments), str(int(given.changed)))
            figures = {name: best(script, folder, given.repeats) for name, script in steps().items()}
        base = figures["agreement"][0]
        for name, (wall, cpu, peak, changes) in figures.items():
            found = "" if changes is None else str(changes)
            cells = f"{wall:.1f} | {cpu:.1f} | {peak:.2f} | {wall / base:.1f} | {found}"
            print(f"| {n_judgments:,} | {4 * n_judgments:,} | {name} | {cells} |", flush=True)


def steps() -> dict[str, str]:
    """Both scripts by their names."""
    return {"agreement": AGREEMENT, "drift": DRIFT}


def best(script: str, folder: str, repeats: int) -> tuple[float, float, float, int | None]:
    """The run of least time."""
    return min(tuple(json.loads(run(script, folder))) for _ in range(repeats))  # type: ignore[return-value]


if __name__ == "__main__":
    main()
