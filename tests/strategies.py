"""Random preference data for property tests."""

from __future__ import annotations

import polars as pl
from hypothesis import strategies as st

from prefqa.preferences import Preferences


@st.composite
def judgments(draw: st.DrawFn, max_items: int = 6, max_annotators: int = 4, max_responses: int = 4) -> pl.DataFrame:
    """Judgments with ties, partial rankings and annotators who each saw a part of the items."""
    rows = []
    for item in range(draw(st.integers(1, max_items))):
        n_responses = draw(st.integers(1, max_responses))
        for annotator in range(max_annotators):
            if not draw(st.booleans()):
                continue
            for response in range(n_responses):
                rank = draw(st.one_of(st.none(), st.integers(1, n_responses)))
                rows.append((f"item{item}", f"annotator{annotator}", f"response{response}", rank))
    schema = {"item_id": pl.String, "annotator_id": pl.String, "response_id": pl.String, "rank": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def preferences(frame: pl.DataFrame) -> Preferences:
    return Preferences.from_long(frame)
