"""Time and memory of `prefqa.check` beside reading and hashing the texts once, and beside the agreement step.

Run: python benchmarks/checks_scale.py [--rows 300000] [--only STEP ...]

Four responses per item of about 200 words each, three judgments per item; one row per judgment and response. Texts are
cut from one long text of words of uneven frequency, some with accents or digits; those of responses stay in their file,
which is sorted by item. Each step runs in a process of its
own; memory is that process's peak.
"""

from __future__ import annotations

import argparse
import json
import tempfile

from processes import run

WRITE = """
import sys
import numpy as np, polars as pl, prefqa
folder, n_rows = sys.argv[1], int(sys.argv[2])
n_items = n_rows // 12
prefs = prefqa.simulate(n_items, 4, 200, 3, seed=1, texts=False).preferences
rng = np.random.default_rng(1)
letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
often = np.arange(26, 0, -1) / 351
words = np.array(["".join(rng.choice(letters, n, p=often)) for n in rng.integers(2, 10, 20_000)], dtype=object)
words[7::300] = [str(number) for number in rng.integers(1, 5000, words[7::300].size)]
words[150::400] = [word + "é" for word in words[150::400]]
words[3::12] = [word + "." for word in words[3::12]]
frequency = 1 / np.arange(1, 20_001) ** 0.9
base = " ".join(words[rng.choice(20_000, min(5_000_000, n_rows * 5), p=frequency / frequency.sum())])

def cut(n, shortest, longest):
    starts, lengths = rng.integers(0, len(base) - longest, n), rng.integers(shortest, longest, n)
    return pl.Series([base[at : at + size] for at, size in zip(starts.tolist(), lengths.tolist())])

columns = ["item_id", "annotator_id", "response_id", "rank", "created_at", "position", "duration_s"]
prefs.judgments.select(columns).collect().write_parquet(f"{folder}/judgments.parquet")
prefs.responses.with_columns(text=cut(4 * n_items, 1150, 1570)).write_parquet(f"{folder}/responses.parquet")
prefs.items.with_columns(prompt=cut(n_items, 100, 140)).write_parquet(f"{folder}/items.parquet")
"""
STEP = """
import json, resource, sys, time
import polars as pl, prefqa, prefqa.agreement, prefqa.checks, prefqa.screening, pandera.polars, scipy.special
path = lambda name: f"{{sys.argv[1]}}/{{name}}.parquet"
def prefs(texts):
    known = dict(responses=pl.scan_parquet(path("responses")), items=pl.read_parquet(path("items"))) if texts else {{}}
    return prefqa.Preferences.from_long(pl.scan_parquet(path("judgments")), **known)
start, cpu = time.perf_counter(), time.process_time()
{work}
took = [time.perf_counter() - start, time.process_time() - cpu]
print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2]))
"""
#: Step: what it does, and the step that it is held against.
STEPS = {
    "hash": ('pl.scan_parquet(path("responses")).select(pl.col("text").hash()).collect(engine="streaming")', "hash"),
    "read whole, then hash": ('pl.read_parquet(path("responses"))["text"].hash()', "hash"),
    "all rules": ("prefqa.check(prefs(True))", "hash"),
    "all but those on annotators": ('prefqa.check(prefs(True), ignore=["PQ3"])', "hash"),
    "agreement": ("prefqa.agreement(prefs(False))", "agreement"),
    "no texts": ("prefqa.check(prefs(False))", "agreement"),
    "no texts, but those on annotators": ('prefqa.check(prefs(False), ignore=["PQ3"])', "agreement"),
    "annotators": ('prefqa.check(prefs(False), select=["PQ3"])', "agreement"),
}


def main() -> None:
    """Write the data, measure the steps, print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=300_000)
    options.add_argument("--only", nargs="+", default=list(STEPS), choices=list(STEPS))
    given = options.parse_args()
    print(f"{given.rows:,} rows, {given.rows // 3:,} responses\n")
    print("| step | s | s of processor | peak GB | ratio | held against |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        run(WRITE, folder, str(given.rows))
        walls: dict[str, float] = {}
        for name in given.only:
            work, against = STEPS[name]
            walls[name], cpu, peak = json.loads(run(STEP.format(work=work), folder))
            ratio = f"{walls[name] / walls[against]:.1f}" if against in walls else ""
            print(f"| {name} | {walls[name]:.2f} | {cpu:.2f} | {peak:.2f} | {ratio} | {against} |", flush=True)


if __name__ == "__main__":
    main()
