"""Random preference data for property tests."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import strategies as st

import prefqa
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


def planted(n_items: int, reliabilities: list[float], k: int, per_item: int, seed: int) -> prefqa.Preferences:
    """Rankings whose true order is always r0, r1, ..; each annotator keeps a pair in order with its own probability.

    Drawn by insertion sampling of the Mallows model (Doignon et al. 2004), independent of the code under test.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(n_items):
        for annotator in rng.choice(len(reliabilities), per_item, replace=False):
            phi = np.log(reliabilities[annotator] / (1 - reliabilities[annotator]))
            order: list[int] = []
            for new in range(k):
                weights = np.exp(-phi * np.arange(new, -1, -1.0))
                order.insert(int(rng.choice(new + 1, p=weights / weights.sum())), new)
            rows += [
                {"item_id": f"i{item:04}", "annotator_id": f"a{annotator:02}", "response_id": f"r{r}", "rank": place}
                for place, r in enumerate(order, start=1)
            ]
    return preferences(pl.DataFrame(rows))
