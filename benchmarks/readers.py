"""Time and memory of reading an Argilla export, beside what Polars needs to scan the same file.

Run: python benchmarks/readers.py [--records 1000000] [--responses 3]

Makes JSON Lines of Argilla 1.x records (a prompt, four replies, rankings by several annotators) in a temporary
directory. Each figure is of a process of its own: seconds on the clock, seconds of processor, and the peak of memory.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

OPTIONS = ("reply-1", "reply-2", "reply-3", "reply-4")


def make(path: Path, n_records: int, n_responses: int) -> None:
    """Write the export; texts repeat, ranks are random with a fixed seed."""
    draw = random.Random(0)
    orders = [list(draw.sample(range(1, 5), 4)) for _ in range(997)]
    with path.open("w", encoding="utf-8") as file:
        for number in range(n_records):
            answers = [
                {
                    "user_id": f"annotator-{(number + user) % 50:03d}",
                    "value": {"rank": orders[(number * n_responses + user) % 997], "value": OPTIONS},
                    "status": "submitted",
                }
                for user in range(n_responses)
            ]
            texts = {option: f"{option} to prompt {number}: {'word ' * 8}" for option in OPTIONS}
            record = {
                "prompt": f"prompt {number}: {'word ' * 6}",
                **texts,
                "ranking": answers,
                "external_id": f"r{number}",
            }
            file.write(json.dumps(record) + "\n")


def scan(path: Path) -> int:
    """What Polars does: read all records."""
    import polars as pl

    return pl.scan_ndjson(path).collect().height


def read(path: Path) -> int:
    """What prefqa does: responses and items in memory, and one pass over all columns of the judgments."""
    import polars as pl

    import prefqa

    counts = prefqa.read(path).judgments.select(pl.all().null_count(), rows=pl.len())
    return int(counts.collect(engine="streaming")["rows"].item())


STEPS: dict[str, Callable[[Path], int]] = {"pl.scan_ndjson": scan, "prefqa.read": read}


def measured(step: str, path: Path) -> dict[str, float]:
    """Run one step in a process of its own."""
    told = subprocess.run(
        [sys.executable, __file__, "--step", step, str(path)], check=True, capture_output=True, text=True
    )
    return dict(json.loads(told.stdout))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--responses", type=int, default=3)
    parser.add_argument("--step", nargs=2, metavar=("STEP", "PATH"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        began, used = time.perf_counter(), time.process_time()
        rows = STEPS[given.step[0]](Path(given.step[1]))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        figures = {"clock": time.perf_counter() - began, "processor": time.process_time() - used, "peak": peak}
        print(json.dumps(figures | {"rows": rows}))
        return
    import polars as pl

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "export.jsonl"
        make(path, given.records, given.responses)
        size = path.stat().st_size / 1e6
        print(f"{given.records:,} records x {given.responses} responses, {size:,.0f} MB; polars {pl.__version__}")
        print(f"{'':16} {'clock s':>8} {'processor s':>12} {'peak GB':>8} {'rows':>12}")
        found = {step: measured(step, path) for step in STEPS}
        for step, one in found.items():
            print(f"{step:16} {one['clock']:8.1f} {one['processor']:12.1f} {one['peak']:8.2f} {int(one['rows']):12,}")
        base, ours = found.values()
        for name in ("clock", "processor"):
            print(f"speed by {name}: {base[name] / ours[name]:.2f}x of the scan")


if __name__ == "__main__":
    main()
