"""Agreement on labels beside other packages: python benchmarks/peers.py [--limit 120].

Items with three labels out of five from fifty annotators; 10,000 to a million items. Each package gets the form it
asks for, ready in memory, and computes one coefficient; prefqa reads a Parquet file and gives nominal alpha and
Fleiss' kappa with intervals over items. A process each; peak memory is the process's own; a package that is not
installed, takes longer than the limit or runs out of memory is said so.

Peers: pip install krippendorff irrCAC statsmodels nltk simpledorff pandas.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

RUN = """
import json, resource, sys, time
import numpy as np, polars as pl
frame = pl.read_parquet(sys.argv[1])
{setup}
start = time.perf_counter()
value = {work}
seconds = time.perf_counter() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2, float(value)]))
"""
COUNTS = """
per_label = [pl.col("label").eq(c).sum().alias(c) for c in "abcde"]
wide = frame.group_by("item_id").agg(per_label).drop("item_id").to_numpy()
"""
MATRIX = """
codes = frame.with_columns(pl.col("label", "item_id", "annotator_id").rank("dense"))
matrix = np.full((int(codes["annotator_id"].max()), int(codes["item_id"].max())), np.nan)
matrix[codes["annotator_id"].to_numpy() - 1, codes["item_id"].to_numpy() - 1] = codes["label"].to_numpy()
"""
PEERS = {
    "prefqa: alpha and Fleiss' kappa with intervals, from the file": (
        "import prefqa, prefqa.agreement",
        "prefqa.agreement(prefqa.Preferences.from_long(pl.scan_parquet(sys.argv[1])), target='labels', "
        "coefficients=['alpha_nominal', 'fleiss_kappa'], inference='items').estimates['estimate'][0]",
    ),
    "krippendorff, from counts": (
        "import krippendorff" + COUNTS,
        "krippendorff.alpha(value_counts=wide, level_of_measurement='nominal')",
    ),
    "krippendorff, from a matrix": (
        "import krippendorff" + MATRIX,
        "krippendorff.alpha(matrix, level_of_measurement='nominal')",
    ),
    "statsmodels fleiss_kappa, from counts": (
        "from statsmodels.stats.inter_rater import fleiss_kappa" + COUNTS,
        "fleiss_kappa(wide)",
    ),
    "irrCAC, from a table": (
        "import pandas as pd\nfrom irrCAC.raw import CAC" + MATRIX + "table = pd.DataFrame(matrix.T)",
        "CAC(table).krippendorff()['est']['coefficient_value']",
    ),
    "nltk, from triples": (
        "from nltk.metrics.agreement import AnnotationTask\n"
        "triples = list(frame.select('annotator_id', 'item_id', 'label').iter_rows())",
        "AnnotationTask(triples).alpha()",
    ),
    "simpledorff, from a pandas frame": (
        "import pandas as pd, simpledorff\ntable = pd.DataFrame(frame.to_dict(as_series=False))",
        "simpledorff.calculate_krippendorffs_alpha_for_df(table, experiment_col='item_id', "
        "annotator_col='annotator_id', class_col='label')",
    ),
}
WRITE = """
import sys
import numpy as np, polars as pl
n = int(sys.argv[2])
rng = np.random.default_rng(0)
truth = rng.integers(0, 5, n)
label = np.where(rng.random((n, 3)) < 0.7, truth[:, None], rng.integers(0, 5, (n, 3)))
annotator = (rng.integers(0, 50, (n, 1)) + np.array([0, 7, 23])) % 50
item = np.repeat(np.arange(n), 3)
pl.DataFrame({"item": item, "annotator": annotator.ravel(), "label": label.ravel()}).select(
    item_id=pl.format("item-{}", pl.col("item").cast(pl.String).str.zfill(7)),
    annotator_id=pl.format("annotator-{}", "annotator"),
    response_id=pl.lit("response"),
    label=pl.lit("abcde").str.slice("label", 1),
).write_parquet(sys.argv[1])
"""


def main() -> None:
    """Write the data, measure each package, print a Markdown table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--limit", type=int, default=120, help="seconds for a package and size")
    options.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    given = options.parse_args()
    print("| package | " + " | ".join(f"{n:,} items" for n in given.sizes) + " |")
    print("| --- |" + " --- |" * len(given.sizes))
    with tempfile.TemporaryDirectory() as folder:
        paths = {n: str(Path(folder) / f"{n}.parquet") for n in given.sizes}
        for n, path in paths.items():
            subprocess.run([sys.executable, "-c", WRITE, path, str(n)], check=True)
        for name, (setup, work) in PEERS.items():
            cells = [measured(RUN.format(setup=setup, work=work), path, given.limit) for path in paths.values()]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def measured(script: str, path: str, limit: int) -> str:
    """Time, peak memory and figure of one run in words."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", script, path], capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired:
        return f"over {limit} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1][:60]
    seconds, peak, value = json.loads(done.stdout.strip().splitlines()[-1])
    return f"{seconds:.3f} s, {peak:.2f} GB, {value:.6f}"


if __name__ == "__main__":
    main()
