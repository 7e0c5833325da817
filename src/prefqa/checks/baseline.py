"""A baseline: what an earlier check found and is known, so that only what is new fails."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from prefqa.errors import ReadError

#: Rows that a table can have.
_MOST = 2**63 - 1


def known_counts(path: str | Path) -> dict[str, int]:
    """Return the counts by code of an earlier findings.json.

    Raises:
        ReadError: a file that cannot be read, or that is not the JSON form of a check.
    """
    try:
        whole = json.loads(Path(path).read_text(encoding="utf-8"))
        counts = {str(one["code"]): int(one["count"]) for one in whole["findings"]}
        if not all(0 <= count <= _MOST for count in counts.values()):
            raise ValueError("a count that is none")
        return counts
    except OSError as error:
        raise ReadError(path, error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        hint = "write one with prefqa check INPUT --format json > findings.json"
        raise ReadError(path, "this is not the findings.json of a check", hint=hint) from error


def with_baseline(findings: pl.DataFrame, known: dict[str, int] | None) -> pl.DataFrame:
    """Return findings with `baseline`: the count that was known by code, 0 if none was; null without a baseline."""
    before = pl.lit(None, pl.Int64)
    if known is not None:
        before = pl.col("code").replace_strict(known, default=0, return_dtype=pl.Int64)
    return findings.with_columns(before.alias("baseline"))


def is_new() -> pl.Expr:
    """Whether a finding is new: without a baseline, or with more cases than there."""
    return pl.col("baseline").is_null() | (pl.col("count") > pl.col("baseline"))
