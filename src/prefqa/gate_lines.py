"""One condition of the gate with its verdict, as a row."""

from __future__ import annotations

from typing import Any

import polars as pl

PASS, WARN, FAIL, INCONCLUSIVE = "pass", "warn", "fail", "inconclusive"

Line = dict[str, Any]
#: Columns of `GateResult.lines`.
LINE_SCHEMA: dict[str, Any] = {
    "name": pl.String,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "threshold": pl.Float64,
    "bound": pl.String,
    "verdict": pl.String,
    "message": pl.String,
}


def line(
    name: str,
    value: float | None,
    threshold: float,
    bound: str,
    verdict: str,
    message: str,
    ci_low: float | None = None,
    ci_high: float | None = None,
) -> Line:
    """Return a row of `GateResult.lines`."""
    return {
        "name": name,
        "value": value,
        "ci_low": ci_low,
        "ci_high": ci_high,
        "threshold": float(threshold),
        "bound": bound,
        "verdict": verdict,
        "message": message,
    }
