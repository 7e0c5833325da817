"""Rows read once for all rules on annotators: places ride along, repeats are known, sums are those of brute force."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import prefqa
from checking import dirty
from prefqa.checks.engine import check_data
from prefqa.checks.request import Request
from prefqa.coding import Coded, judged_again
from prefqa.preferences import Preferences
from prefqa.screening.copying import _met
from prefqa.screening.pace import long_sessions
from prefqa.screening.pool import Pool
from prefqa.screening.read import MORE, Read, read
from prefqa.screening.shown import as_shown
from prefqa.votes import Bucket


def with_places(prefs: Preferences) -> pl.DataFrame:
    """Item, annotator, response, rank and place of each coded row."""
    coded, place, _ = read(prefs)
    assert place is not None
    rows = coded.rows_of_items(np.unique(coded.item))
    who = coded.annotator_ids.gather(coded.annotator[rows["judgment"].to_numpy()])
    return rows.drop("judgment").with_columns(who.alias("annotator_id"), place=pl.Series(place).cast(pl.Int64))


@pytest.mark.parametrize(("scale", "far"), [(1, 1), (10**8, 1), (1, 10**12), (10**8, 10**12)])
def test_places_ride_along_with_ranks_however_large(scale: int, far: int) -> None:
    prefs = prefqa.simulate(n_items=40, n_annotators=6, seed=1, missing=0.2, tie_threshold=0.3).preferences
    rank, position = pl.col("rank") * scale, (pl.col("position") - 1) * far
    unknown = pl.col("item_id").str.ends_with("7")
    rows = prefs.judgments.with_columns(rank=rank, position=pl.when(~unknown).then(position)).collect()
    found = with_places(Preferences.from_long(rows))
    keys = ["item_id", "annotator_id", "response_id"]
    known = rows.drop_nulls("rank").select(*keys, "rank", place=pl.col("position").fill_null(-1) // far + 1)
    assert_frame_equal(found.sort(keys), known.sort(keys), check_dtypes=False, check_column_order=False)


def test_rows_that_stand_twice_at_two_places_count_once() -> None:
    rows = pl.DataFrame(
        [
            {"item_id": "p", "annotator_id": "a", "response_id": r, "rank": rank, "position": place}
            for r, rank, place in (("x", 1, 2), ("x", 1, 3), ("y", 2, 1), ("z", 1, 4), ("z", 2, 4))
        ]
    )
    found = with_places(Preferences.from_long(rows)).sort("response_id")
    assert found.select("response_id", "rank", "place").rows() == [("x", 1, 4), ("y", 2, 2)]


def test_codes_are_those_of_the_preferences() -> None:
    prefs = prefqa.simulate(n_items=50, n_annotators=8, seed=2, repeats=0.3, missing=0.1).preferences
    fresh = prefs.with_judgments(prefs.judgments).coded()
    coded = read(prefs).coded
    assert prefs.coded() is coded
    for name in ("item", "annotator", "starts", "slot", "rank", "slot_response"):
        np.testing.assert_array_equal(getattr(coded, name), getattr(fresh, name))


@given(frame=dirty(), repeated=st.booleans())
def test_what_the_checks_have_read_is_what_would_be_read(frame: pl.DataFrame, repeated: bool) -> None:
    number = pl.int_range(pl.len())
    frame = frame.with_columns(created_at=datetime(2025, 1, 1, tzinfo=UTC) + pl.duration(minutes=number))
    if repeated:
        frame = frame.with_columns(judgment_id=pl.lit("j") + (number % 3).cast(pl.String))
    _as_read_anew(frame)


@pytest.mark.parametrize("far", [1, 50, 2**40])
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("what", ["whole", "unranked", "twice", "repeats", "lost"])
def test_what_is_handed_on_of_a_campaign_is_what_would_be_read(what: str, shuffled: bool, far: int) -> None:
    shares = {"missing": 0.2 * (what == "unranked"), "repeats": 0.3 * (what == "repeats")}
    prefs = prefqa.simulate(n_items=30, n_annotators=6, seed=4, tie_threshold=0.3, texts=False, **shares).preferences
    unknown = pl.col("item_id").str.ends_with("7")
    frame = prefs.judgments.with_columns(position=pl.when(~unknown).then(pl.col("position") * far)).collect()
    if what != "repeats":
        frame = frame.drop("judgment_id", strict=False)
    if what == "twice":
        frame = pl.concat([frame, frame[:50], frame[20:30].with_columns(pl.col("rank") + 1, pl.col("position") + 1)])
    if what == "lost":
        frame = frame.with_columns(item_id=pl.when(~unknown).then("item_id"))
    _as_read_anew(frame.sample(fraction=1, shuffle=shuffled, seed=1))


def _as_read_anew(frame: pl.DataFrame) -> None:
    handed = check_data(Preferences.from_long(frame), Request(select=["PQ1"]), MORE)[0].preferences
    one, other = read(handed), read(handed.with_judgments(handed.judgments))
    for name in Coded.__dataclass_fields__:
        assert pl.Series(getattr(one.coded, name)).equals(pl.Series(getattr(other.coded, name))), name
    np.testing.assert_array_equal(_order(one), _order(other))
    rows = (each.rows.named().drop("judgment_id", strict=False) for each in (one, other))
    assert_frame_equal(*rows, check_column_order=False)
    assert one.rows.ids.item_ids.equals(one.coded.item_ids)
    assert one.rows.ids.annotator_ids.equals(one.coded.annotator_ids)


def _order(one: Read) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Places by their order among all that are known, which is all that counts."""
    assert one.place is not None
    return np.searchsorted(np.unique(np.append(0, one.place)), one.place)


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_data_are_read_once_for_all_rules(shuffled: bool) -> None:
    prefs = prefqa.simulate(n_items=40, n_annotators=6, seed=1, missing=0.0, texts=False).preferences
    frame = prefs.judgments.collect().sample(fraction=1, shuffle=shuffled, seed=1)
    readings: list[int] = []

    def seen(batch: pl.DataFrame) -> pl.DataFrame:
        readings.append(batch.height)
        return batch

    check_data(Preferences.from_long(frame.lazy().map_batches(seen)), Request(select=["PQ1"]))
    once = len(readings)
    found = prefqa.check(
        Preferences.from_long(frame.lazy().map_batches(seen)),
        select=["PQ1", "PQ302", "PQ303", "PQ304", "PQ315", "PQ401", "PQ5"],
    )
    assert {"PQ302", "PQ303", "PQ304", "PQ315", "PQ501"} <= set(found.ran)
    assert len(readings) == 2 * once


def test_who_judged_an_item_again_is_known_where_ids_stand_in_several_items() -> None:
    rows = [("p", "a", "1"), ("q", "a", "1"), ("q", "a", "2"), ("p", "b", "2"), ("r", "a", "1"), ("r", "a", None)]
    for order in (rows, rows[::-1], sorted(rows, key=str)):
        frame = pl.DataFrame(order, schema=["item_id", "annotator_id", "judgment_id"], orient="row")
        found = judged_again(frame, ["item_id", "annotator_id"])
        assert sorted(found.rows()) == [("q", "a"), ("r", "a")]


def test_sessions_are_those_of_a_walk_through_the_times() -> None:
    rng = np.random.default_rng(3)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    rows, expected = [], {}
    for who in ("a", "b", "c", "d"):
        gaps = rng.choice([0.0, 1.0, 29.0, 29.99, 30.0, 30.01, 45.0], 200)
        times = np.cumsum(gaps)
        longest, begin = 0.0, times[0]
        for one, two in pairwise(times):
            if two - one > 30 + 1e-9:
                begin = two
            longest = max(longest, two - begin)
        expected[who] = longest / 60
        for i, minute in enumerate(times):
            base = {"item_id": f"{who}{i}", "annotator_id": who, "created_at": start + timedelta(minutes=float(minute))}
            rows += [base | {"response_id": r, "rank": k} for k, r in ((1, "x"), (2, "y"))]
    rng.shuffle(rows)  # type: ignore[arg-type]
    found = long_sessions(Pool(Preferences.from_long(pl.DataFrame(rows)), {"PQ315": {"max_hours": 12}}))
    assert not isinstance(found, prefqa.checks.frame.NotRun)
    np.testing.assert_allclose(found.effect, [expected[who] for who in "abcd"], atol=1 / 3600)


def test_votes_in_common_are_those_of_brute_force() -> None:
    prefs = prefqa.simulate(
        n_items=15, n_responses=4, n_annotators=6, seed=5, missing=0.25, tie_threshold=0.5
    ).preferences
    rows = prefs.judgments.drop_nulls("rank").collect()
    expected: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for _, judged in rows.group_by("item_id"):
        ranks = {
            who: dict(part.select("response_id", "rank").rows()) for (who,), part in judged.group_by("annotator_id")
        }
        for a, b in combinations(sorted(ranks), 2):
            votes = [
                (int(np.sign(ranks[a][y] - ranks[a][x])), int(np.sign(ranks[b][y] - ranks[b][x])))
                for x, y in combinations(sorted(ranks[a].keys() & ranks[b].keys()), 2)
            ]
            if votes:
                both = sum(v != 0 or w != 0 for v, w in votes), sum(v * w for v, w in votes)
                expected.setdefault((a, b), []).append(both)
    pool = Pool(prefs, {})
    ids = pool.coded.annotator_ids
    found: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for bucket in pool.buckets:
        for a, b, n, k in _met(bucket)[0].rows():
            found.setdefault((ids[a], ids[b]), []).append((n, k))
    assert {key: sorted(values) for key, values in found.items()} == {k: sorted(v) for k, v in expected.items()}


@pytest.mark.parametrize("largest", [4, 10**6])
def test_vectors_in_the_order_of_the_screen_are_those_of_sorting(largest: int) -> None:
    rng = np.random.default_rng(largest)
    ranks = rng.integers(0, largest + 1, (300, 5)).astype(np.int32)
    places = rng.integers(0, 4, (300, 5)).astype(np.uint8)
    none = np.zeros(300, np.uint32)
    bucket = Bucket(5, none, none, np.arange(300), ranks, none)
    number, table = as_shown(bucket, places)
    order = np.argsort(places, axis=1, kind="stable")
    np.testing.assert_array_equal(table[number], np.take_along_axis(ranks, order, axis=1))
    assert len(np.unique(table, axis=0)) == len(table) == number.max() + 1
    number, table = as_shown(bucket, None)
    np.testing.assert_array_equal(table[number], ranks)
