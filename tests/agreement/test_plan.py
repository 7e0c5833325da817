"""What a pilot says about the items and annotators that are needed, and the words for sizes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import prefqa
from prefqa.agreement import differences, meaning, plan, spearman_brown
from prefqa.agreement.meaning import in_words
from prefqa.errors import UsageError

DESIGN = {"n_responses": 2, "texts": False, "spammers": 0}


def _half_widths(n_items: int, n_annotators: int, seeds: range) -> float:
    found = []
    for seed in seeds:
        prefs = prefqa.simulate(n_items, n_annotators=n_annotators, seed=seed, **DESIGN).preferences  # type: ignore[arg-type]
        row = prefqa.agreement(prefs, coefficients=["alpha_nominal"]).estimates.row(0, named=True)
        found.append((row["ci_high"] - row["ci_low"]) / 2)
    return float(np.mean(found))


def test_the_planned_width_is_the_width_that_comes_about() -> None:
    """Pilots of 300 items by 20 annotators against campaigns four times as large by twice as many."""
    pilots = [prefqa.simulate(300, n_annotators=20, seed=seed, **DESIGN).preferences for seed in range(12)]  # type: ignore[arg-type]
    planned = []
    for prefs in pilots:
        grid = plan(prefs).grid
        planned.append(grid.filter(n_items=1200, n_annotators=40)["half_width"].item())
    assert np.mean(planned) == pytest.approx(_half_widths(1200, 40, range(100, 112)), rel=0.15)


def test_the_numbers_needed_give_the_wanted_width() -> None:
    prefs = prefqa.simulate(300, n_annotators=30, seed=1, **DESIGN).preferences  # type: ignore[arg-type]
    now = plan(prefs)
    wanted = now.half_width * 0.9
    found = plan(prefs, half_width=wanted)
    assert found.n_items_needed is None or found.n_items_needed > 300
    assert found.n_annotators_needed is None or found.n_annotators_needed > 30
    assert found.n_items_needed or found.n_annotators_needed
    assert plan(prefs, half_width=now.half_width * 1.01).n_items_needed in range(200, 301)
    assert plan(prefs, half_width=1e-6).n_items_needed is None


def test_the_reliability_of_a_mean_is_spearmans_and_browns() -> None:
    """By simulation: truth and noise of equal variance have reliability 1/2; the mean of three has 3/4."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=100_000)
    one, other = (truth + rng.normal(size=(3, truth.size)).mean(axis=0) for _ in range(2))
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(0.75, abs=0.01)
    assert spearman_brown(0.5, 3) == 0.75
    assert spearman_brown(-0.1, 3) is None


def test_as_many_annotators_per_item_as_reach_the_wanted_reliability() -> None:
    prefs = prefqa.simulate(300, n_annotators=30, seed=1, **DESIGN).preferences  # type: ignore[arg-type]
    found = plan(prefs, reliability=0.8)
    assert found.n_per_item_needed is not None
    after, before = (spearman_brown(found.estimate, found.n_per_item_needed - less) for less in (0, 1))
    assert before is not None
    assert after is not None
    assert before < 0.8 <= after


@pytest.mark.parametrize("options", [{"half_width": 0}, {"reliability": 1}, {"coefficient": "alfa"}])
def test_what_cannot_be_planned(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        plan(prefqa.simulate(20).preferences, **options)  # type: ignore[arg-type]


def test_a_pilot_without_overlap_says_so() -> None:
    with pytest.raises(UsageError, match="no standard error"):
        plan(prefqa.simulate(20, annotators_per_item=1).preferences)


def test_a_word_goes_by_the_interval_where_few_annotators_make_it_wide() -> None:
    row = {"coefficient": "icc_3", "estimate": 0.846, "se": 0.022, "ci_low": 0.724, "ci_high": 0.917}
    assert in_words(row, 0.95) == "substantial"
    assert in_words(row | {"ci_low": 0.803, "ci_high": 0.889}, 0.95) == "almost perfect"
    assert in_words(row | {"coefficient": "kendall_w"}, 0.95) == ""
    assert in_words(row | {"se": None, "ci_low": None, "ci_high": None}, 0.95) == ""


@pytest.mark.parametrize(
    ("estimate", "se", "benchmark", "word"),
    [
        (0.61, 0.001, "landis_koch", "substantial"),
        (0.61, 0.05, "landis_koch", "moderate"),  # the bare threshold would say substantial
        (0.85, 0.01, "krippendorff", "reliable"),
        (0.81, 0.03, "krippendorff", "tentative conclusions"),
        (0.3, 0.2, "krippendorff", "not reliable"),
        (-0.5, 0.1, "landis_koch", "poor"),
        (1.0, 0.0, "landis_koch", "almost perfect"),
        (None, None, "landis_koch", None),
    ],
)
def test_a_word_needs_probability(estimate: float | None, se: float | None, benchmark: str, word: str | None) -> None:
    assert meaning(estimate, se, benchmark) == word


def test_a_pilot_that_gives_no_figure_says_why() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"item_id": f"i{i}", "annotator_id": f"a{a}", "response_id": "r", "rank": 1, "score": float(score)}
        for (i, a), score in np.ndenumerate(rng.normal(size=(100, 3)))
    ]
    fine = prefqa.Preferences.from_long(pl.DataFrame(rows))
    with pytest.raises(UsageError, match="more than 128 categories"):
        plan(fine, coefficient="alpha_ordinal", target="scores")
    same = prefqa.Preferences.from_long(pl.DataFrame([row | {"score": float(row["item_id"][1:])} for row in rows]))
    with pytest.raises(UsageError, match="no spread"):
        plan(same, coefficient="alpha_interval", target="scores")


def test_items_that_carry_nothing_do_not_count() -> None:
    shared = [("shared", i, a, float((i + a * (i % 2)) % 3)) for i in range(6) for a in range(4)]
    alone = [("alone", i, 0, 1.0) for i in range(500)]
    rows = pl.DataFrame(shared + alone, schema=["kind", "item", "annotator", "score"], orient="row").select(
        item_id=pl.format("{}-{}", "kind", "item"),
        annotator_id=pl.format("a{}", "annotator"),
        response_id=pl.lit("r"),
        rank=pl.lit(1),
        score="score",
    )
    prefs = prefqa.Preferences.from_long(rows)
    assert plan(prefs, coefficient="alpha_nominal", target="scores").n_items == 6
    halves = [rows.with_columns(half=pl.lit(h), score=pl.col("score") * (h + 1) % 3) for h in (0, 1)]
    found = differences(
        prefqa.Preferences.from_long(pl.concat(halves)), by="half", target="scores", coefficients="alpha_nominal"
    )
    assert found["n_items"].to_list() == [6]
