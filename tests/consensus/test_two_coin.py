"""Two-coin Dawid-Skene: planted leans to the first place, brute force, and what must hold."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

import prefqa
from prefqa.errors import ColumnNotFoundError, UsageError
from strategies import judgments, preferences

SHARES = np.array([[0.9, 0.9], [0.9, 0.5], [0.8, 0.8], [0.7, 0.9], [0.6, 0.6], [0.95, 0.65], [0.5, 0.5], [0.8, 0.7]])


def planted(seed: int, n_items: int, per_item: int, *, shares: np.ndarray = SHARES) -> pl.DataFrame:
    """Votes on two responses, r0 the better one, shown in a random order to each annotator."""
    rng = np.random.default_rng(seed)
    rows = []
    for item in range(n_items):
        for annotator in rng.choice(len(shares), per_item, replace=False):
            second = int(rng.random() < 0.5)
            right = int(rng.random() < shares[annotator, second])
            key = (f"i{item:04}", f"a{annotator}")
            rows += [(*key, "r0", 2 - right, 1 + second), (*key, "r1", 1 + right, 2 - second)]
    return pl.DataFrame(rows, schema=["item_id", "annotator_id", "response_id", "rank", "position"], orient="row")


def test_leans_and_reliabilities_are_found_with_honest_errors() -> None:
    found = prefqa.consensus(preferences(planted(1, 2_500, 4)), method="two-coin")
    assert found.overall["converged"]
    frame = found.annotators
    bias, share = (SHARES[:, 0] - SHARES[:, 1]) / 2, SHARES.mean(axis=1)
    assert frame["position_bias"].to_numpy() == pytest.approx(bias, abs=0.04)
    assert frame["reliability"].to_numpy() == pytest.approx(share, abs=0.04)
    assert frame["position_bias_se"].is_between(0.003, 0.02).all()


def test_errors_are_the_spread_over_campaigns() -> None:
    frames = [prefqa.consensus(preferences(planted(s, 150, 4)), method="two-coin").annotators for s in range(20)]
    spread = np.std([frame["position_bias"].to_numpy() for frame in frames], axis=0)
    said = np.mean([frame["position_bias_se"].to_numpy() for frame in frames], axis=0)
    assert ((said / spread > 0.5) & (said / spread < 1.8)).all()


def test_a_pool_that_leans_is_seen_through() -> None:
    """Where six in ten votes for the first place are lean, two-coin is right more often than one coin."""
    frame = planted(2, 2_000, 3, shares=np.array([[0.95, 0.45]] * 6 + [[0.9, 0.8]] * 2))

    def right(method: str) -> float:
        pairs = prefqa.consensus(preferences(frame), method=method).pairs()  # type: ignore[arg-type]
        won = pl.when("tie").then(0.5).otherwise((pl.col("chosen_id") == "r0").cast(pl.Float64))
        return float(pairs.select(won.mean()).item())

    assert right("two-coin") > right("dawid-skene") + 0.01


def test_beliefs_equal_the_formula_by_hand() -> None:
    """One vote for what is shown first: right for the first coin with p, wrong for the second with 1 - p."""
    frame = pl.DataFrame(
        {"item_id": "p", "annotator_id": "a", "response_id": ["x", "y"], "rank": [1, 2], "position": [1, 2]}
    )
    pair = prefqa.consensus(preferences(frame), method="two-coin").pairs().row(0, named=True)
    from scipy.special import digamma

    p = pair["p_better"]
    support = digamma(4 + p) - digamma(6 + p) - digamma(2 + 1 - p) + digamma(6 + 1 - p)
    assert logit(p) == pytest.approx(support, abs=1e-5)
    assert expit(support) == pytest.approx(p, abs=1e-5)


def test_without_lean_it_agrees_with_one_coin() -> None:
    frame = planted(3, 600, 4, shares=np.repeat(SHARES.mean(axis=1, keepdims=True), 2, axis=1))
    one, two = (prefqa.consensus(preferences(frame), method=m) for m in ("dawid-skene", "two-coin"))  # type: ignore[arg-type]
    gap = one.annotators["reliability"] - two.annotators["reliability"]
    assert gap.abs().max() < 0.03  # type: ignore[operator]
    assert (two.annotators["position_bias"].abs() < 4 * two.annotators["position_bias_se"]).all()


def test_unknown_positions_take_part_and_say_nothing_about_the_lean() -> None:
    frame = planted(4, 400, 4)
    hidden = frame.with_columns(position=pl.when(pl.col("annotator_id") == "a1").then("position"))
    found = prefqa.consensus(preferences(hidden), method="two-coin").annotators
    assert found.filter(pl.col("annotator_id") != "a1")["position_bias"].abs().max() < 1e-9  # type: ignore[operator]
    assert found.filter(pl.col("annotator_id") == "a1")["position_bias"].item() > 0.1
    assert found.filter(pl.col("annotator_id") == "a0")["reliability"].item() > 0.8


def test_it_needs_positions() -> None:
    frame = planted(5, 20, 3)
    with pytest.raises(ColumnNotFoundError, match="position"):
        prefqa.consensus(preferences(frame.drop("position")), method="two-coin")
    with pytest.raises(UsageError, match="places on the screen are known"):
        prefqa.consensus(preferences(frame.with_columns(position=pl.lit(None, pl.Int64))), method="two-coin")
    with pytest.raises(UsageError, match="places on the screen are known"):
        prefqa.consensus(preferences(frame.with_columns(position=1)), method="two-coin")


def with_positions(frame: pl.DataFrame) -> pl.DataFrame:
    """The response with the highest number first for annotators of even number; and one pair that is always there."""
    number = pl.col("response_id").str.slice(-1).cast(pl.Int64) + 1
    even = pl.col("annotator_id").str.slice(-1).cast(pl.Int64) % 2 == 0
    fixed = pl.DataFrame(
        {"item_id": "item9", "annotator_id": "annotator0", "response_id": ["response0", "response1"], "rank": [1, 2]},
        schema=frame.schema,
    )
    return pl.concat([frame, fixed]).with_columns(position=pl.when(even).then(9 - number).otherwise(number))


@given(frame=judgments(), seed=st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(frame: pl.DataFrame, seed: int) -> None:
    frame = with_positions(frame)
    other = frame.sample(fraction=1, shuffle=True, seed=seed)
    one, two = (prefqa.consensus(preferences(f), method="two-coin") for f in (frame, other))
    assert one.pairs().equals(two.pairs())
    assert one.annotators.equals(two.annotators)


@given(frame=judgments())
def test_names_do_not_matter(frame: pl.DataFrame) -> None:
    frame = with_positions(frame)
    names = ("item_id", "response_id", "annotator_id")
    renamed = [pl.format("x{}", 9 - pl.col(n).str.slice(-1).cast(pl.Int64)).alias(n) for n in names]
    one, two = (prefqa.consensus(preferences(f), method="two-coin") for f in (frame, frame.with_columns(renamed)))
    columns = ["item_id", "response_id", "place", "n_votes"]
    assert one.responses.with_columns(renamed[:2]).select(columns).sort(columns).equals(two.responses.select(columns))
    bias = one.annotators.with_columns(renamed[2]).sort("annotator_id")["position_bias"].to_numpy()
    assert bias == pytest.approx(two.annotators["position_bias"].to_numpy(), abs=1e-9)


def test_random_votes_show_neither_lean_nor_skill() -> None:
    frame = planted(6, 600, 4, shares=np.full((8, 2), 0.5))
    found = prefqa.consensus(preferences(frame), method="two-coin").annotators
    assert (found["position_bias"].abs() < 4 * found["position_bias_se"]).all()
    assert found["below_chance"].sum() <= 1


def test_all_agree() -> None:
    frame = planted(7, 40, 4, shares=np.ones((8, 2)))
    found = prefqa.consensus(preferences(frame), method="two-coin")
    assert (found.pairs()["chosen_id"] == "r0").all()
    assert (found.annotators["reliability"] > 0.7).all()
