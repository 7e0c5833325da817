"""How long `import prefqa` takes, beside `import polars`: python benchmarks/import_time.py."""

from __future__ import annotations

import subprocess
import sys
import time

from rich.console import Console
from rich.table import Table

ALL = "from prefqa import read, check, agreement, drift, consensus, gate"
STATEMENTS = ("pass", "import polars", "import prefqa", ALL)


def main() -> None:
    """Measure each statement in fresh interpreters and print times and ratios."""
    times = {statement: best(statement) for statement in STATEMENTS}
    start = times["pass"]
    table = Table("statement", "ms", "of import polars", title="without the interpreter's own start")
    for statement in STATEMENTS[1:]:
        net = times[statement] - start
        table.add_row(statement, f"{1000 * net:.1f}", f"{net / (times['import polars'] - start):.2f}")
    Console(width=110).print(table)


def best(statement: str, repeats: int = 10) -> float:
    """Least time of a fresh interpreter that runs the statement."""
    found = []
    for _ in range(repeats):
        begin = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        found.append(time.perf_counter() - begin)
    return min(found)


if __name__ == "__main__":
    main()
