"""Beyond a million rows fitted rules look at a sample: it knows no order, leaves nobody out, finds what was planted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import prefqa
from prefqa.screening import sample, screen
from prefqa.screening.pool import Pool
from prefqa.screening.read import part, read
from prefqa.simulate_defects import plant


def shuffled(prefs: prefqa.Preferences, seed: int) -> prefqa.Preferences:
    return prefs.with_judgments(prefs.judgments.collect().sample(fraction=1, shuffle=True, seed=seed).lazy())


def renamed(prefs: prefqa.Preferences) -> prefqa.Preferences:
    """Annotators with other names, in another order."""
    return prefs.with_judgments(
        prefs.judgments.with_columns(annotator_id=pl.format("z{}", pl.col("annotator_id").str.reverse()))
    )


@pytest.fixture
def campaign() -> prefqa.Preferences:
    """1,500 items of 4 responses, 3 judgments each by 12 annotators; of one annotator only 40 judgments."""
    prefs = prefqa.simulate(n_items=1500, n_annotators=12, spammers=0.0, seed=11).preferences
    first = prefs.judgments.select("annotator_id").collect()["annotator_id"].min()
    items = prefs.judgments.filter(pl.col("annotator_id") == first).select("item_id").collect().unique()["item_id"]
    few = items.sort().head(40)
    few_only = (pl.col("annotator_id") != first) | pl.col("item_id").is_in(few.implode())
    return prefs.with_judgments(prefs.judgments.filter(few_only))


@pytest.fixture
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "SAMPLED_ABOVE", 10_000)
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 6_000)
    monkeypatch.setattr(sample, "LEAST_JUDGMENTS", 100)


def items_of(prefs: prefqa.Preferences) -> set[str]:
    coded = Pool(prefs, {}).sample.coded
    return set(coded.item_ids.gather(np.unique(coded.item)))


def test_up_to_the_limit_everything_is_looked_at(campaign: prefqa.Preferences, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = campaign.coded().rank.size
    pool = Pool(campaign, {})
    assert pool.sample is pool
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 6_000)
    monkeypatch.setattr(sample, "LEAST_JUDGMENTS", 100)
    monkeypatch.setattr(sample, "SAMPLED_ABOVE", rows)
    assert sample.sampled_items(campaign.coded()) is None
    monkeypatch.setattr(sample, "SAMPLED_ABOVE", rows - 1)
    assert sample.sampled_items(campaign.coded()) is not None


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("change", [lambda prefs: shuffled(prefs, 5), renamed])
def test_the_sample_does_not_hang_on_row_order_or_names(
    campaign: prefqa.Preferences, change: Callable[[prefqa.Preferences], prefqa.Preferences]
) -> None:
    items = items_of(campaign)
    assert 0 < len(items) < 800
    assert items == items_of(change(campaign))


@pytest.mark.usefixtures("small_limits")
def test_who_has_few_judgments_keeps_all_and_nobody_falls_below_the_least(campaign: prefqa.Preferences) -> None:
    pool = Pool(campaign, {})
    before, after = pool.n_judgments, pool.sample.n_judgments
    assert before.min() == after[before.argmin()] == 40
    assert (after[before > 40] > 80).all()
    assert after.sum() < before.sum() / 2
    assert pool.sample.coded.rank.size <= 6_000


@pytest.mark.usefixtures("small_limits")
def test_the_least_number_of_judgments_goes_before_the_size_of_the_sample(
    campaign: prefqa.Preferences, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "SAMPLE_ROWS", 100)
    after = Pool(campaign, {}).sample.n_judgments
    assert (after >= 40).all()
    assert np.median(after) >= 100
    monkeypatch.setattr(sample, "LEAST_JUDGMENTS", 10_000)
    assert sample.sampled_items(campaign.coded()) is None


def test_a_part_is_what_reading_these_items_alone_gives() -> None:
    prefs = prefqa.simulate(n_items=60, n_responses=5, n_annotators=8, seed=3, missing=0.3, repeats=0.3).preferences
    whole = Pool(prefs, {})
    chosen = np.arange(whole.coded.item_ids.len()) % 3 == 1
    ids = whole.coded.item_ids.filter(pl.Series(chosen))
    alone = prefs.with_judgments(prefs.judgments.filter(pl.col("item_id").is_in(ids.implode())))
    one, other = Pool(prefs, {}, part(read(prefs), chosen)), Pool(alone, {})
    for name in ("vote", "others", "n_others", "earlier"):
        np.testing.assert_array_equal(getattr(one.votes, name), getattr(other.votes, name))
    np.testing.assert_array_equal(one.longer, other.longer)
    named = [pool.coded.annotator_ids.gather(pool.votes.annotator) for pool in (one, other)]
    assert named[0].to_list() == named[1].to_list()
    assert_frame_equal(*(each.read.rows.named().sort("judgment_id", "response_id") for each in (one, other)))


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("code", ["PQ301", "PQ302", "PQ303", "PQ304", "PQ306", "PQ310", "PQ311", "PQ312"])
def test_the_same_annotators_are_found_in_a_sample(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = prefqa.simulate(n_items=4000, n_annotators=20, spammers=0.0, tie_threshold=0.0, seed=7).preferences
    planted = plant(clean, code, share=0.1, seed=7)
    monkeypatch.setattr(sample, "LEAST_JUDGMENTS", 300)
    found = screen(planted.preferences, codes=[code])
    assert (found.n_judgments == found.n_sampled) == (code in ("PQ302", "PQ303", "PQ312"))
    monkeypatch.setattr(sample, "SAMPLED_ABOVE", 10**9)
    whole = screen(planted.preferences, codes=[code])
    assert whole.n_sampled == whole.n_judgments
    who = ["annotator_id", "other_id"]
    assert not found.flags.is_empty()
    assert found.flags.select(who).sort(who).rows() == whole.flags.select(who).sort(who).rows()
    if code != "PQ312":
        assert set(planted.keys["annotator_id"]) == set(found.flags["annotator_id"])


@pytest.mark.usefixtures("small_limits")
def test_flags_on_a_sample_do_not_hang_on_row_order(campaign: prefqa.Preferences) -> None:
    planted = plant(campaign, "PQ310", share=0.2, seed=1).preferences
    one, other = (screen(each).flags for each in (planted, shuffled(planted, 9)))
    assert not one.is_empty()
    assert_frame_equal(one, other, rel_tol=1e-6)


@pytest.mark.usefixtures("small_limits")
def test_findings_say_what_part_was_looked_at(campaign: prefqa.Preferences) -> None:
    planted = plant(campaign, "PQ310", share=0.2, seed=1).preferences
    checked = prefqa.check(planted, select=["PQ310", "PQ313"], options={"PQ313": {"max_share": 0.01}})
    messages = dict(checked.findings.select("code", "message").rows())
    screened = screen(planted)
    said = f"Looked at was a sample: {screened.n_sampled:,} of {screened.n_judgments:,} judgments."
    assert messages["PQ310"].endswith(said)
    assert "sample" not in messages["PQ313"]
    assert screened.n_sampled < screened.n_judgments == planted.coded().item.size
    assert screened.to_dict()["n_sampled"] == screened.n_sampled
