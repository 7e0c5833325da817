"""Krippendorff's alpha on votes, against the krippendorff package and the definition."""

from __future__ import annotations

import itertools
import math

import krippendorff
import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given

import prefqa
from strategies import judgments, preferences


def votes_matrix(frame: pl.DataFrame) -> np.ndarray:
    """Annotators x (item, pair) with -1, 0, 1 by the order of response_id; NaN where not voted. Plain Python."""
    ranks = {(i, a, r): k for i, a, r, k in frame.iter_rows() if k is not None}
    annotators = sorted({key[1] for key in ranks})
    units = []
    for item in sorted({key[0] for key in ranks}):
        responses = sorted({key[2] for key in ranks if key[0] == item})
        for first, second in itertools.combinations(responses, 2):
            column = []
            for annotator in annotators:
                x, y = ranks.get((item, annotator, first)), ranks.get((item, annotator, second))
                column.append(np.nan if x is None or y is None else float(np.sign(y - x)))
            units.append(column)
    return np.array(units).T


def estimate(frame: pl.DataFrame, coefficient: str, **options: str) -> dict[str, object]:
    result = prefqa.agreement(preferences(frame), coefficients=[coefficient], **options)
    return result.estimates.row(0, named=True)


@given(judgments())
@pytest.mark.parametrize(("name", "level"), [("alpha_nominal", "nominal"), ("alpha_ordered", "ordinal")])
def test_alpha_by_id_equals_the_krippendorff_package(name: str, level: str, frame: pl.DataFrame) -> None:
    votes = votes_matrix(frame)
    pairable = votes[:, (~np.isnan(votes)).sum(axis=0) >= 2] if votes.size else votes
    seen = np.unique(pairable[~np.isnan(pairable)])
    ours = estimate(frame, name, orientation="id")["estimate"]
    if seen.size < 2:
        assert ours is None
        return
    theirs = krippendorff.alpha(pairable, level_of_measurement=level, value_domain=[-1.0, 0.0, 1.0])
    assert ours == pytest.approx(theirs, abs=1e-12)


def alpha_from_definition(votes: np.ndarray, squared: dict[frozenset[float], float]) -> float:
    """1 - Do/De from the coincidences, with the marginals of -1 and 1 replaced by their mean."""
    units = [u[~np.isnan(u)] for u in votes.T]
    units = [u for u in units if len(u) >= 2]
    n = sum(len(u) for u in units)
    ties = sum(float((u == 0).sum()) for u in units)
    counts = {-1.0: (n - ties) / 2, 0.0: ties, 1.0: (n - ties) / 2}
    observed = sum(
        squared[frozenset((x, y))] / (len(u) - 1) for u in units for x, y in itertools.permutations(u, 2) if x != y
    )
    expected = sum(counts[x] * counts[y] * squared[frozenset((x, y))] for x, y in itertools.permutations(counts, 2))
    return 1 - (n - 1) * observed / expected if expected else math.nan


@given(judgments())
@pytest.mark.parametrize(("name", "reversal"), [("alpha_nominal", 1.0), ("alpha_ordered", 4.0)])
def test_symmetric_alpha_equals_its_definition(name: str, reversal: float, frame: pl.DataFrame) -> None:
    squared = {frozenset((-1.0, 0.0)): 1.0, frozenset((0.0, 1.0)): 1.0, frozenset((-1.0, 1.0)): reversal}
    votes = votes_matrix(frame)
    assume(votes.size)
    expected = alpha_from_definition(votes, squared)
    ours = estimate(frame, name)["estimate"]
    if math.isnan(expected):
        assert ours is None
    else:
        assert ours == pytest.approx(expected, abs=1e-12)


@given(judgments())
def test_symmetric_alpha_does_not_depend_on_which_response_is_first(frame: pl.DataFrame) -> None:
    renamed = frame.with_columns(pl.col("response_id").str.replace("response", "").cast(pl.Int64).neg().cast(pl.String))
    for name in ("alpha_nominal", "alpha_ordered"):
        assert estimate(frame, name)["estimate"] == pytest.approx(estimate(renamed, name)["estimate"], abs=1e-12)
