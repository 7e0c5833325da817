"""CSV for spreadsheets: cells that would start a formula are made text."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from prefqa._formulas import neutral
from prefqa.writers.atomic import write_csv
from prefqa.writers.pair_forms import Pairs


def write_csv_pairs(pairs: Pairs, path: Path) -> None:
    """Write the texts and all figures of the pairs; an apostrophe stands before what would start a formula."""
    plain = pairs.texts("csv").drop(pairs.carried)
    write_csv(path, plain.with_columns(neutral(name) for name, dtype in plain.schema.items() if dtype == pl.String()))
