"""Rows with every kind of fault, and short ways to check them."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import strategies as st

from prefqa.checks import CheckResult, check
from prefqa.preferences import Preferences

SCHEMA = {
    "item_id": pl.String,
    "annotator_id": pl.String,
    "response_id": pl.String,
    "rank": pl.String,
    "score": pl.Float64,
    "position": pl.Int64,
    "batch": pl.String,
    "status": pl.String,
    "duration_s": pl.Float64,
}


@st.composite
def dirty(draw: st.DrawFn) -> pl.DataFrame:
    """Rows with every kind of fault: lost ids, doubled and contradicting rows, bad ranks, gaps, odd values."""
    row = st.tuples(
        st.sampled_from(["p1", "p1", "p1", "p2", "p2", None, " "]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from([*"1111222234", "0", "best", None]),
        st.sampled_from([None, 1.0, 2.0, 3.0, float("inf")]),
        st.sampled_from([None, 1, 2, 3, -1]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["submitted", "submitted", "submitted", "draft", "odd", None]),
        st.sampled_from([None, 5.0, -5.0]),
    )
    return pl.DataFrame(draw(st.lists(row, max_size=24)), schema=SCHEMA, orient="row")


def of(rows: list[dict[str, Any]] | pl.DataFrame, **options: Any) -> CheckResult:
    frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(rows, infer_schema_length=None)
    return check(Preferences.from_long(frame), **options)


def counts(found: CheckResult) -> dict[str, int]:
    return dict(found.findings.select("code", "count").rows())
