"""Graded votes: the model against other computations, when it is used, and what follows for pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm

import prefqa
from prefqa.consensus import consensus
from prefqa.consensus.graded import fit_graded, graded_beliefs
from prefqa.consensus.graded_curves import Curves
from prefqa.consensus.graded_likelihood import Parameters, graded_votes
from prefqa.errors import UsageError
from prefqa.preferences import Preferences
from prefqa.strengths import strengths
from prefqa.votes import Bucket

#: Votes of grade -3 .. 3 for the second of five pairs, 400 each: drawn once with gaps -2, -.7, .1, .9, 2.4 and cut
#: points .3, 1.1, 2.3.
COUNTS = [
    [182, 108, 48, 23, 24, 7, 8], [83, 81, 94, 44, 55, 28, 15], [38, 62, 63, 57, 59, 72, 49],
    [11, 30, 42, 40, 93, 108, 76], [5, 10, 19, 16, 40, 113, 197],
]  # fmt: skip
#: statsmodels 0.15.0, OrderedModel(distr="logit") of these votes and their mirror images on a column for each pair.
GAPS = [-2.05949728, -0.84163093, 0.12181797, 0.96282156, 2.24675419]
CUTS = [0.26561751, 1.0944500, 2.2558108]


def long(item: Any, who: Any, grade: Any, names: tuple[str, str] = ("a", "b")) -> pl.DataFrame:
    """Two rows per vote; above 0 the first of the two names is better, by so much."""
    item, who, grade = (np.asarray(each) for each in (item, who, grade))
    return pl.DataFrame(
        {
            "item_id": np.repeat([f"i{n:05}" for n in item], 2),
            "annotator_id": np.repeat([f"k{n:03}" for n in who], 2),
            "response_id": np.tile(names, item.size),
            "rank": np.stack([1 + (grade < 0), 1 + (grade > 0)], axis=1).reshape(-1),
            "strength": np.repeat(np.where(grade == 0, np.nan, np.abs(grade)), 2),
        }
    ).with_columns(pl.col("strength").fill_nan(None))


def campaign(n_items: int = 400, seed: int = 0, n_annotators: int = 12, per_item: int = 3) -> pl.DataFrame:
    """Votes of annotators with thresholds of their own; the last one votes against everybody."""
    rng = np.random.default_rng(seed)
    gap, stretch = 2 * rng.standard_normal(n_items), np.exp(0.4 * rng.standard_normal(n_annotators))
    slope = np.append(np.ones(n_annotators - 1), -1.0)
    item = np.repeat(np.arange(n_items), per_item)
    who = np.argsort(rng.random((n_items, n_annotators)), axis=1)[:, :per_item].reshape(-1)
    felt = slope[who] * gap[item] + rng.logistic(size=item.size)
    cuts = np.array([0.2, 1.2, 2.5])
    return long(item, who, np.sign(felt) * (np.abs(felt)[:, None] >= stretch[who][:, None] * cuts).sum(axis=1))


def fitted_to(frame: pl.DataFrame, **options: Any) -> tuple[list[Bucket], Any]:
    graded = strengths(Preferences.from_long(frame))
    assert graded is not None
    graded = graded.in_grades()
    return graded.buckets(), fit_graded(graded.buckets(), graded.coded.annotator_ids.len(), graded.values, **options)


def test_many_votes_give_the_ordered_logit_of_statsmodels() -> None:
    rows = [(pair, number, grade) for pair, counts in enumerate(COUNTS)
            for number, grade in enumerate(np.repeat(np.arange(-3, 4), counts))]  # fmt: skip
    item, who, grade = np.array(rows).T
    all_buckets, found = fitted_to(long(item, who, -grade))
    gap = graded_beliefs(all_buckets[0], found).gap[:, 0, 1]
    # The spread of five gaps shrinks them by about one part in two hundred.
    assert gap == pytest.approx(-np.array(GAPS), rel=0.01, abs=0.01)
    assert found.parameters.cuts == pytest.approx(CUTS, rel=0.005)


@pytest.mark.parametrize("ties", [True, False])
def test_the_slope_of_the_likelihood_is_its_difference_quotient(ties: bool) -> None:
    frame = campaign(150, 1).with_columns(
        strength=pl.when(pl.col("item_id") < "i00020").then(None).otherwise("strength")
    )
    if not ties:
        frame = frame.filter(pl.col("rank").sum().over("item_id", "annotator_id") == 3)
    graded = strengths(Preferences.from_long(frame))
    assert graded is not None
    votes = graded_votes(graded.buckets(), 12, 3, 10)
    of = Parameters.start(votes, 0.4)
    vector = of.vector() + np.random.default_rng(2).normal(0, 0.1, of.vector().size)
    steps = 1e-5 * np.eye(vector.size)
    numeric = [(of.at(vector + e).loss(votes)[0] - of.at(vector - e).loss(votes)[0]) / 2e-5 for e in steps]
    assert of.at(vector).loss(votes)[1] == pytest.approx(np.array(numeric), abs=1e-5)
    assert (of.steps[0] == 0) == (not ties)


def test_probabilities_of_answers_add_up_and_integrals_are_those_of_quadrature() -> None:
    """One pair, three votes: of grade 2 for the first, a tie, and one for the second of unknown grade."""
    frame = pl.concat([campaign(60, 3), long([900, 900, 900], [0, 1, 2], [2, 0, -3])]).with_columns(
        strength=pl.when(item_id="i00900", annotator_id="k002").then(None).otherwise("strength")
    )
    all_buckets, found = fitted_to(frame)
    curves = Curves(found.parameters)
    assert np.exp(curves.log_p[:, 1:-1]).sum(axis=1) == pytest.approx(1)
    cuts, spread = found.parameters.cuts, found.parameters.spread
    a, t = found.discrimination, found.stretch

    def at_least(d: float, k: int, grade: int) -> float:
        return float(expit(a[k] * d - t[k] * cuts[grade - 1]))

    def joint(d: float) -> float:
        tie = 1 - at_least(d, 1, 1) - float(expit(-a[1] * d - t[1] * cuts[0]))
        second = float(expit(-a[2] * d - t[2] * cuts[0]))
        return float(norm.pdf(d, 0, spread) * (at_least(d, 0, 2) - at_least(d, 0, 3)) * tie * second)

    whole, upper = quad(joint, -30, 30, limit=200)[0], quad(joint, 0, 30, limit=200)[0]
    mean = quad(lambda d: d * joint(d), -30, 30, limit=200)[0] / whole
    believed = graded_beliefs(all_buckets[0], found)
    assert believed.beliefs.better[-1, 0, 1] == pytest.approx(upper / whole, abs=1e-3)
    assert believed.gap[-1, 0, 1] == pytest.approx(mean, abs=1e-3)


def test_what_was_planted_is_found() -> None:
    _, found = fitted_to(campaign(6_000, 4))
    # The scale of the gaps goes with that of the discriminations, whose mean one opponent lowers.
    assert found.parameters.spread * found.discrimination[:-1] == pytest.approx(np.full(11, 2.0), rel=0.12)
    assert found.parameters.spread * found.discrimination[-1] == pytest.approx(-2, rel=0.2)  # drawn to the others
    cuts = np.median(found.stretch) * found.parameters.cuts
    assert cuts == pytest.approx(np.array([0.2, 1.2, 2.5]), rel=0.25)
    assert found.below_chance[-1] > 0.999
    assert found.converged


def test_grades_of_annotators_who_give_them_at_random_are_left_out() -> None:
    frame = campaign(1_500, 11)
    votes = frame["strength"].gather_every(2).to_numpy()
    drawn = np.where(np.isnan(votes), np.nan, np.random.default_rng(0).integers(1, 4, votes.size))
    careless = [f"k{n:03}" for n in range(0, 10, 2)]
    half = frame.with_columns(drawn=pl.Series(np.repeat(drawn, 2)).fill_nan(None)).with_columns(
        strength=pl.when(pl.col("annotator_id").is_in(careless)).then("drawn").otherwise("strength")
    )
    found = consensus(Preferences.from_long(half), method="graded")
    assert found.overall["annotators_without_use_of_strength"] == careless
    assert found.overall["strength_used"] == pytest.approx(7 / 12, abs=0.06)
    _, alone = fitted_to(
        half.with_columns(strength=pl.when(pl.col("annotator_id").is_in(careless)).then(None).otherwise("strength"))
    )
    _, together = fitted_to(half)
    # Left out, they are votes by direction alone.
    assert together.discrimination == pytest.approx(alone.discrimination, abs=0.01)
    assert together.parameters.cuts == pytest.approx(alone.parameters.cuts, rel=0.01)


@pytest.mark.parametrize("seed", [0, 1])
def test_auto_uses_strength_where_it_tells_and_not_where_it_is_random(seed: int) -> None:
    frame = campaign(700, seed)
    votes = frame["strength"].gather_every(2).to_numpy()
    drawn = np.where(np.isnan(votes), np.nan, np.random.default_rng(seed).integers(1, 4, votes.size))
    random = frame.with_columns(strength=pl.Series(np.repeat(drawn, 2)).fill_nan(None))
    planted, noise, bare = (consensus(Preferences.from_long(each)) for each in (frame, random, frame.drop("strength")))
    losses = [min(row["log_loss"] for row in each.overall["candidates"]) for each in (planted, noise, bare)]
    assert planted.method == "graded"
    assert losses[0] < losses[2] - 0.005
    assert noise.method == bare.method == "dawid-skene"
    assert noise.pairs().equals(bare.pairs())
    assert "strength" in planted.pairs().columns
    assert "strength" not in bare.pairs().columns
    assert "graded" not in {row["method"] for row in bare.overall["candidates"]}
    shared = [row for row in planted.overall["candidates"] if row["method"] != "graded"]
    assert [row | {"chosen": None} for row in shared] == [row | {"chosen": None} for row in bare.overall["candidates"]]


def test_names_and_order_of_rows_do_not_matter() -> None:
    frame = campaign(120, 5)
    turned = frame.with_columns(
        response_id=pl.col("response_id").replace({"a": "z"}),
        annotator_id=pl.lit("x") + pl.col("annotator_id").str.reverse(),
        item_id=pl.col("item_id").str.reverse(),
    )
    one = consensus(Preferences.from_long(frame), method="graded").pairs()
    same = consensus(Preferences.from_long(frame.sample(fraction=1, shuffle=True, seed=1)), method="graded").pairs()
    assert same.equals(one)
    other = consensus(Preferences.from_long(turned), method="graded").pairs()
    other = other.with_columns(
        pl.col("item_id").str.reverse(), pl.col("chosen_id", "rejected_id").replace({"z": "a"})
    ).sort("item_id")
    decided = one.filter(~pl.col("tie")).join(other, on=["item_id", "chosen_id"], suffix="_2")
    assert decided.height == other.filter(~pl.col("tie")).height == one.filter(~pl.col("tie")).height
    for name in ("probability", "p_better", "strength"):
        assert decided[f"{name}_2"].to_list() == pytest.approx(decided[name].to_list(), abs=2e-3), name


def test_a_strong_vote_outweighs_a_weak_one_and_margins_follow() -> None:
    frame = pl.concat(
        [
            campaign(400, 6),
            long([900, 900], [0, 1], [3, -1]),
            long([901, 901], [0, 1], [1, -1]).with_columns(annotator_id=pl.col("annotator_id").replace("k001", "new1"))
            .with_columns(annotator_id=pl.col("annotator_id").replace("k000", "new2")),
            long([902], [2], [3]),
            long([903], [2], [1]),
        ]
    )  # fmt: skip
    found = consensus(Preferences.from_long(frame), method="graded")
    by_item = {name: found.pairs(margin=name) for name in ("logit", "theta", "graded")}
    rows = {name: {row["item_id"]: row for row in each.to_dicts()} for name, each in by_item.items()}
    logit, theta, mean = rows["logit"], rows["theta"], rows["graded"]
    assert logit["i00900"]["chosen_id"] == "a"
    assert not logit["i00900"]["tie"]
    assert logit["i00901"]["tie"]  # of two annotators of whom nothing is known
    assert mean["i00901"]["margin"] == theta["i00901"]["margin"] == mean["i00901"]["strength"] == 0
    assert logit["i00902"]["probability"] > logit["i00903"]["probability"] > 0.5
    assert theta["i00902"]["margin"] > theta["i00903"]["margin"] > 0
    assert 3 > mean["i00902"]["margin"] > mean["i00903"]["margin"] > 0
    assert mean["i00902"]["margin"] == mean["i00902"]["strength"]
    every = by_item["logit"]
    p = every["probability"].to_numpy()
    assert every["margin"].to_numpy() == pytest.approx(np.log(p) - np.log1p(-p))


def test_items_of_several_responses_and_rankings_beside_votes() -> None:
    """Three responses compared in pairs, and whole rankings, whose votes have a direction alone."""
    rng = np.random.default_rng(7)
    parts = []
    for number, names in enumerate([("a", "b"), ("a", "c"), ("b", "c")]):
        item, who = np.repeat(np.arange(150), 2), np.tile([2 * number, 2 * number + 1], 150)
        felt = (1 + number % 2) + rng.logistic(size=300)
        parts.append(long(item, who, np.sign(felt) * (1 + (np.abs(felt) > 1.5)), names))
    ranked = pl.DataFrame(
        {"item_id": np.repeat([f"i{n:05}" for n in range(150)], 3), "annotator_id": "whole",
         "response_id": ["a", "b", "c"] * 150, "rank": [1, 2, 3] * 150}
    )  # fmt: skip
    prefs = Preferences.from_long(pl.concat([*parts, ranked], how="diagonal"))
    graded = strengths(prefs)
    assert graded is not None
    plain = prefs.coded()
    for name in ("item", "annotator", "starts", "slot", "slot_response"):
        assert np.array_equal(getattr(graded.coded, name), getattr(plain, name)), name
    assert set(graded.grade[plain.annotator == plain.annotator_ids.to_list().index("whole")]) == {0}
    found = consensus(prefs, method="graded")
    pairs = found.pairs()
    assert pairs.height == 450
    assert found.items["winner"].value_counts(sort=True)["winner"][0] == "a"
    assert found.plan(20).n_judgments == 20


def test_grades_beyond_five_are_joined_and_one_strength_is_none() -> None:
    frame = campaign(300, 8)
    rng = np.random.default_rng(8)
    slider = np.repeat(np.round(frame["strength"].gather_every(2).to_numpy() * 20 + rng.integers(0, 20, 900)), 2)
    many = strengths(Preferences.from_long(frame.with_columns(strength=pl.Series(slider).fill_nan(None))))
    assert many is not None
    few = many.in_grades()
    assert few.values.size == 5 < many.values.size
    assert (np.diff(few.values) > 0).all()
    assert few.grade.max() == 5
    one = Preferences.from_long(frame.with_columns(strength=pl.lit(2.0)))
    assert strengths(one) is None
    with pytest.raises(UsageError, match="two strengths or more"):
        consensus(one, method="graded")
    odd = frame.with_columns(strength=-pl.col("strength"))
    assert strengths(Preferences.from_long(odd)) is None


def test_the_plan_knows_pairs_that_are_sure() -> None:
    frame = pl.concat([campaign(200, 9), long([900] * 3, [0, 1, 2], [3, 3, 3]), long([901], [3], [1])])
    found = consensus(Preferences.from_long(frame), method="graded").plan(500)
    information = dict(found.items.select("item_id", "information").iter_rows())
    assert information["i00901"] > 5 * information["i00900"]
    assert found.accuracy_now is not None
    assert found.accuracy_planned is not None
    assert found.accuracy_planned > found.accuracy_now


def test_a_slope_of_one_recalibration_keeps_sides_complementary() -> None:
    campaign_ = prefqa.simulate(300, 2, 10, 3, seed=1, grades=(0.6, 1.3), grade_habits=0.4, texts=False)
    found = consensus(campaign_.preferences)
    assert found.method == "graded"
    pairs = found.pairs()
    assert pairs.filter(~pl.col("tie"))["p_better"].min() > 0.5  # type: ignore[operator]
    right = pairs.join(
        campaign_.truth.items.filter(pl.col("true_rank") == 1).select("item_id", best="response_id"), on="item_id"
    )
    assert (right["chosen_id"] == right["best"]).mean() > 0.8  # type: ignore[operator]


def test_buckets_keep_grades_when_parts_are_taken() -> None:
    graded = strengths(Preferences.from_long(campaign(20, 10)))
    assert graded is not None
    (bucket,) = graded.buckets()
    units = np.arange(20) % 2 == 0
    half = bucket.select(units, np.repeat(units, 3))
    assert half.grade is not None
    assert bucket.grade is not None
    assert np.array_equal(half.grade, bucket.grade.reshape(20, 3)[::2].reshape(-1))
    assert replace(bucket, grade=None).every(2).grade is None
