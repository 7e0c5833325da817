"""What each judgment's leaving takes from the moments, against computing them anew, and what that costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa import rank_pairs
from prefqa.errors import SizeError
from prefqa.measured.tallied import Tallied
from prefqa.preferences import Preferences
from prefqa.rank_comparisons import OF_PAIR, compared
from prefqa.rank_pairs import NAMES, Rankings, rank_pair_moments
from prefqa.unit_moments import Kinds, judgment_losses, unit_moments
from prefqa.votes import Bucket


def bucket(ranks: np.ndarray, n_units: int = 1) -> Bucket:
    """Units with as many judgments each, of all rows of ranks."""
    m = len(ranks) // n_units
    unit = np.arange(n_units, dtype=np.uint32)
    people = np.tile(np.arange(m), n_units)
    return Bucket(ranks.shape[1], np.zeros(n_units, np.uint32), unit, unit * m, ranks.astype(np.int32), people)


def moments(ranks: np.ndarray) -> np.ndarray:
    found, kind = unit_moments(Kinds.of(bucket(ranks)))
    return np.asarray(found[kind][0])


def by_definition(ranks: np.ndarray) -> np.ndarray:
    """Sums over the pairs of rankings of one item, each compared."""
    out = np.zeros(len(NAMES))
    if len(ranks) > 1:
        first, second = np.array(list(combinations(range(len(ranks)), 2))).T
        out[: len(OF_PAIR)] += compared(ranks[first].T, ranks[second].T, ties=True).sum(axis=0)
    several = (ranks > 0) & ((ranks > 0).sum(axis=1) >= 2)[:, None] & (out[NAMES.index("rho_weight")] > 0)
    out[-2:] = several.sum(), several.any(axis=0).sum()
    return out


rankings = st.integers(1, 6).flatmap(
    lambda k: st.lists(st.lists(st.integers(0, 4), min_size=k, max_size=k), min_size=1, max_size=7)
)


@given(rankings)
def test_what_a_judgment_takes_with_it_is_what_is_lost_when_all_is_computed_without_it(rows: list[list[int]]) -> None:
    ranks = np.array(rows)
    lost = judgment_losses(Kinds.of(bucket(ranks), judgments=True))
    whole = moments(ranks)
    for row, kind in zip(lost.row, lost.kind, strict=True):
        others = np.delete(ranks, row, axis=0)
        left = moments(others) if len(others) else np.zeros_like(whole)
        assert lost.kinds[kind] == pytest.approx(whole - left, abs=1e-12)


@given(rankings)
def test_sums_over_pairs_of_rankings_equal_their_definition(rows: list[list[int]]) -> None:
    ranks = np.array(rows)
    whole, lost = rank_pair_moments(Rankings(ranks, np.zeros(1, np.int64)))
    assert whole[0] == pytest.approx(by_definition(ranks), abs=1e-12)
    for row in range(len(ranks)):
        left = by_definition(np.delete(ranks, row, axis=0))
        assert lost[row] == pytest.approx(whole[0] - left, abs=1e-12)


@pytest.mark.parametrize("ties", [2, 40], ids=["ties", "few ties"])
@pytest.mark.parametrize("missing", [0.0, 0.4], ids=["complete", "partial"])
def test_many_rankings_of_one_item_equal_the_definition(ties: int, missing: float) -> None:
    rng = np.random.default_rng(0)
    ranks = rng.integers(1, ties + 1, (240, 9))
    ranks[rng.random(ranks.shape) < missing] = 0
    whole, lost = rank_pair_moments(Rankings(ranks, np.zeros(1, np.int64)))
    assert whole[0] == pytest.approx(by_definition(ranks), rel=1e-12)
    left = by_definition(ranks[1:])
    assert lost[0] == pytest.approx(whole[0] - left, rel=1e-9, abs=1e-9)


def test_units_side_by_side_do_not_touch_each_other() -> None:
    rng = np.random.default_rng(1)
    ranks = rng.integers(0, 4, (30, 5))
    whole, _ = rank_pair_moments(Rankings(ranks, np.array([0, 4, 5, 16])))
    for unit, part in enumerate(np.split(ranks, [4, 5, 16])):
        assert whole[unit] == pytest.approx(by_definition(part), abs=1e-12)


def seconds(work: Callable[[], object]) -> float:
    """The least processor time of three tries."""
    found = []
    for _ in range(3):
        begin = time.process_time()
        work()
        found.append(time.process_time() - begin)
    return min(found)


@pytest.mark.parametrize(
    ("missing", "most"), [(0.0, 4.0), (0.3, 7.0)], ids=["complete rankings: linear", "partial ones: quadratic"]
)
def test_time_grows_with_the_annotators_of_an_item_no_faster_than_it_must(missing: float, most: float) -> None:
    rng = np.random.default_rng(2)

    def work(m: int) -> Callable[[], object]:
        ranks = np.argsort(rng.random((m, 10)), axis=1) + 1
        ranks[rng.random(ranks.shape) < missing] = 0
        of = bucket(ranks)
        return lambda: Kinds.of(of, judgments=True)

    n = 400 if missing else 8000
    once, twice = seconds(work(n)), seconds(work(2 * n))
    assert twice < most * once + 0.05, f"{once:.2f} s and {twice:.2f} s"


def test_a_thousand_annotators_of_one_item_take_less_than_a_second() -> None:
    ranks = np.argsort(np.random.default_rng(3).random((1000, 10)), axis=1) + 1
    of = bucket(ranks)
    assert seconds(lambda: Kinds.of(of, judgments=True)) < 1


def test_what_would_not_end_is_refused_with_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rank_pairs, "MAX_COMPARISONS", 1000)
    ranks = np.random.default_rng(4).integers(0, 9, (40, 8))
    with pytest.raises(SizeError, match=r"comparisons of ranks.*39|40 different rankings"):
        rank_pair_moments(Rankings(ranks, np.zeros(1, np.int64)))


def test_patterns_of_many_votes_are_those_that_occur() -> None:
    ranks = np.random.default_rng(5).integers(1, 3, (5000, 2))  # an array of all patterns would take 1,000 GB
    found = Tallied.of([bucket(ranks), bucket(ranks[:40], 20)])
    assert found.times.sum() == 21
    whole = int(np.flatnonzero(found.n == 5000)[0])
    first = int((ranks[:, 0] < ranks[:, 1]).sum())
    assert (found.n_first[whole], found.times[whole]) == (first, 1)
    assert found.n_tie[whole] == int((ranks[:, 0] == ranks[:, 1]).sum())


def wide(k: int, people: int) -> Preferences:
    """One item with k responses, ranked by some people, each in another order."""
    order = np.arange(k)
    rows = [
        pl.DataFrame({"response_id": [f"r{r:04}" for r in order], "rank": np.roll(order, a) + 1}).with_columns(
            item_id=pl.lit("all"), annotator_id=pl.lit(f"a{a}")
        )
        for a in range(people)
    ]
    return Preferences.from_long(pl.concat(rows))


def test_wide_items_are_refused_with_their_size() -> None:
    with pytest.raises(SizeError, match=r"6,566,625 comparisons, of which 5,000,000 .* item 'all' has 450 responses"):
        prefqa.agreement(wide(450, 65))


def test_an_item_of_four_hundred_responses_is_measured() -> None:
    found = prefqa.agreement(wide(400, 3), coefficients=["kendall_tau_b", "kendall_w"], inference="items").estimates
    assert found["estimate"].null_count() == 0
