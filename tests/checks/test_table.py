"""What checks read once, as codes: figures of judgments, and the rows that are handed on."""

from __future__ import annotations

from unittest import mock

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from checking import dirty
from prefqa.checks import check
from prefqa.checks.judged import NUMBER, Judged
from prefqa.checks.pq1_pool import _linked
from prefqa.checks.table import BAD, LONG
from prefqa.coding import Coded
from prefqa.keyed import KeyedRows, key_rows
from prefqa.preferences import Preferences

KEY = ["item_id", "annotator_id", "criterion"]


@st.composite
def coded_rows(draw: st.DrawFn) -> KeyedRows:
    """Rows of few judgments: responses that stand twice, missing, bad and very high ranks."""
    row = st.tuples(
        *(st.sampled_from(ids) for ids in ("pq", "xy", "abcdef")),
        st.sampled_from([0, 1]),
        st.sampled_from([1, 1, 2, 2, 3, 4, 29, 30, 31, 32, 70, None]),
        st.booleans(),
    )
    frame = pl.DataFrame(
        draw(st.lists(row, max_size=30)),
        schema={
            **dict.fromkeys(("item_id", "annotator_id", "response_id"), pl.Categorical),
            "criterion": pl.UInt32,
            "rank": pl.Int64,
            BAD: pl.Boolean,
        },
        orient="row",
    )
    return key_rows(frame.with_columns(pl.col(BAD) & pl.col("rank").is_null()))


@given(rows=coded_rows())
def test_figures_are_those_of_a_group_by(rows: KeyedRows) -> None:
    rank, known = pl.col("rank"), pl.col("rank").is_not_null().all() & (pl.col("rank").n_unique() == 1)
    of_responses = rows.frame.group_by(*KEY, "response_id").agg(known.alias("known"))
    n_ranked = of_responses.group_by(KEY).agg(n_ranked=pl.col("known").sum())
    figures = rows.frame.group_by(KEY).agg(
        n=pl.len(),
        n_responses=pl.col("response_id").n_unique(),
        n_bad=pl.col(BAD).sum(),
        dense=(rank.min() == 1) & (rank.max() == rank.drop_nulls().n_unique()),
    )
    expected = figures.join(n_ranked, on=KEY).sort(KEY)
    found = Judged.of(rows, KEY).figures()
    assert found[NUMBER].to_list() == list(range(expected.height))
    # Of judgments without any rank nobody asks whether their ranks are dense.
    found, expected = (frame.with_columns(pl.col("dense") & (pl.col("n_ranked") > 0)) for frame in (found, expected))
    assert_frame_equal(found.select(expected.columns), expected, check_dtypes=False)


@given(
    rows=coded_rows(), positions=st.lists(st.sampled_from([None, -1, 0, 1, 2, 300, 2**17]), min_size=30, max_size=30)
)
def test_rows_that_stand_in_order_are_not_sorted_but_the_same(rows: KeyedRows, positions: list[int | None]) -> None:
    shown = rows.frame.with_columns(position=pl.Series(positions[: rows.frame.height], dtype=pl.Int64))
    place = (pl.col("position").fill_null(-1) + 1).clip(0)
    in_order = shown.sort(*KEY, "response_id", pl.col("rank").fill_null(0), BAD, place)
    with mock.patch("prefqa.checks.judged._BLOCK", 4):
        one, other = (Judged.of(rows._replace(frame=frame), KEY) for frame in (in_order, shown))
    for name in ("starts", "response", "rank", "n_bad", "place"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert all(np.array_equal(*codes) for codes in zip(one.keys, other.keys, strict=True))


def test_long_rankings_have_figures_too() -> None:
    ranks = [*range(1, 41), *range(1, 40), 41]
    rows = {"item_id": ["p"] * 80, "annotator_id": ["x"] * 40 + ["y"] * 40, "response_id": [*map(str, range(40))] * 2}
    frame = pl.DataFrame(rows | {"rank": ranks, BAD: [False] * 80}).with_columns(
        pl.col(name).cast(pl.Categorical) for name in rows
    )
    assert Judged.of(key_rows(frame), KEY[:2]).figures()["dense"].to_list() == [True, False]


@given(rows=coded_rows())
def test_responses_that_an_item_was_seen_with(rows: KeyedRows) -> None:
    expected = rows.frame.select("item_id", "response_id").unique().sort(pl.all())
    assert_frame_equal(Judged.of(rows, KEY).seen.sort(pl.all()), expected)


def _same(found: Coded, expected: Coded) -> None:
    for name in Coded.__dataclass_fields__:
        one, other = getattr(found, name), getattr(expected, name)
        equal = np.array_equal(one, other) if isinstance(one, np.ndarray) else one.equals(other)
        assert equal, name


@given(frame=dirty(), repeated=st.booleans())
def test_codes_that_are_handed_on_are_those_that_would_be_read(frame: pl.DataFrame, repeated: bool) -> None:
    if repeated:
        frame = frame.with_columns(judgment_id=pl.lit("j") + (pl.int_range(pl.len()) % 3).cast(pl.String))
    prefs = Preferences.from_long(frame)
    found = check(prefs, select=["PQ1"]).preferences
    for handed, judgments in ((prefs, prefs.judgments), (found, found.judgments)):
        _same(handed.coded(), prefs.with_judgments(judgments).coded())


def test_what_was_read_is_not_read_again() -> None:
    ids = {"item_id": ["p", "p", "q", "q"], "annotator_id": "x", "response_id": ["a", "b", "a", "b"]}
    rows = ids | {"rank": [1, 2, 1, None]}
    readings: list[int] = []

    def seen(batch: pl.DataFrame) -> pl.DataFrame:
        readings.append(batch.height)
        return batch

    frame = pl.DataFrame(rows).lazy().map_batches(seen)
    left = check(Preferences.from_long(frame), select=["PQ103", "PQ105", "PQ107", "PQ117"])
    n = len(readings)
    left.preferences.coded()
    assert len(readings) == n
    assert left.findings["code"].to_list() == ["PQ107"]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=12))
def test_annotators_hang_together_where_items_and_annotators_do(pairs: list[tuple[int, int]]) -> None:
    item, annotator = np.array(sorted(set(pairs))).T
    graph = coo_array((np.ones(item.size), (item, 6 + annotator)), shape=(12, 12))
    groups = np.unique(connected_components(graph, directed=False)[1][6 + annotator])
    assert _linked(item, annotator) == (groups.size == 1)


def test_row_numbers_stay() -> None:
    rows = {"item_id": "p", "annotator_id": "x", "response_id": [" ", "a", "b"], "rank": [1, 1, 2]}
    found = check(Preferences.from_long(pl.DataFrame(rows)), select=["PQ102"])
    assert found.quarantine["row"].to_list() == [0]
    assert LONG not in found.quarantine.columns
