"""The simulator: what is planted can be found again."""

from __future__ import annotations

import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError


def rows(**options: object) -> pl.DataFrame:
    return prefqa.simulate(**({"n_items": 600, "seed": 4, "texts": False} | options)).preferences.judgments.collect()  # type: ignore[arg-type]


def test_the_same_arguments_give_the_same_campaign_and_another_seed_another() -> None:
    assert rows().equals(rows())
    assert not rows().equals(rows(seed=5))


def test_reliable_annotators_agree_with_the_truth_and_spammers_do_not() -> None:
    campaign = prefqa.simulate(n_items=800, n_annotators=10, spammers=0.2, seed=1, texts=False)
    best = campaign.truth.items.filter(pl.col("true_rank") == 1).select("item_id", pl.col("response_id").alias("best"))
    first = campaign.preferences.judgments.collect().filter(pl.col("rank") == 1).join(best, on="item_id")
    hits = first.group_by("annotator_id").agg(hit=(pl.col("response_id") == pl.col("best")).mean())
    joined = campaign.truth.annotators.join(hits, on="annotator_id")
    assert (joined["kind"] == "spammer").sum() == 2
    assert joined.filter(kind="spammer")["hit"].max() < 0.36
    assert joined.select(pl.corr("reliability", "hit", method="spearman")).item() > 0.8


def test_position_and_length_bias_ties_gaps_and_repeats_are_planted() -> None:
    def first_share(frame: pl.DataFrame) -> float:
        return frame.filter(pl.col("rank") == 1).select((pl.col("position") == 1).mean()).item()

    assert first_share(rows(position_bias=1.5)) > 0.4 > 0.3 > first_share(rows())
    assert rows(tie_threshold=0)["rank"].eq(1).sum() == 600 * 3
    assert rows(tie_threshold=1)["rank"].eq(1).sum() > 600 * 3 * 1.2
    assert rows(missing=0.2)["rank"].null_count() / (600 * 12) == pytest.approx(0.2, abs=0.03)
    repeated = rows(repeats=0.25).group_by("item_id", "annotator_id").agg(pl.col("judgment_id").n_unique())
    assert (repeated["judgment_id"] == 2).mean() == pytest.approx(0.25, abs=0.04)
    biased = prefqa.simulate(n_items=600, seed=4, length_bias=2.0, texts=False).preferences
    assert biased.responses is not None
    lengths = biased.judgments.collect().join(biased.responses, on=["item_id", "response_id"])
    assert lengths.select(pl.corr("rank", "n_words", method="spearman")).item() < -0.3


def test_weeks_versions_and_a_planted_drift_are_there() -> None:
    frame = rows(weeks=6, guideline_versions=2, drift=prefqa.Drift("ties", at_week=3, size=1.5))
    assert frame["batch"].n_unique() == 6
    assert frame["guideline_version"].n_unique() == 2
    shares = frame.group_by("guideline_version").agg((pl.col("rank") == 1).mean()).sort("guideline_version")["rank"]
    assert shares[1] > shares[0] + 0.1
    assert (
        frame["created_at"]
        .is_between(pl.datetime(2025, 1, 6, time_zone="UTC"), pl.datetime(2025, 2, 17, time_zone="UTC"))
        .all()
    )


@pytest.mark.parametrize(
    "wrong",
    [{"n_items": 0}, {"spammers": 2}, {"annotators_per_item": 99}, {"missing": -0.1}, {"drift": prefqa.Drift("mood")}],  # type: ignore[arg-type]
)
def test_impossible_campaigns_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        prefqa.simulate(**wrong)  # type: ignore[arg-type]


HALVED = {"n_items": 3_000, "n_responses": 2, "n_annotators": 20, "seed": 3, "texts": False}


def halves(drift: prefqa.Drift, **options: object) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Votes on pairs before and after week 6: who, difference of log lengths and of quality, choice (1, 0, -1)."""
    campaign = prefqa.simulate(**HALVED | {"drift": drift} | options)  # type: ignore[arg-type]
    prefs = campaign.preferences
    assert prefs.responses is not None
    assert prefs.items is not None
    keys = ["item_id", "response_id"]
    rows = prefs.judgments.collect().join(prefs.responses, on=keys).join(campaign.truth.items, on=keys)
    rows = rows.join(prefs.items, on="item_id").sort("judgment_id", "response_id")

    def apart(column: str | pl.Expr) -> pl.Expr:
        of = pl.col(column) if isinstance(column, str) else column
        return of.first() - of.last()

    votes = rows.group_by("judgment_id", maintain_order=True).agg(
        pl.col("item_id", "annotator_id", "batch", "category").first(),
        pl.col("model"),
        choice=-apart("rank").sign(),
        length=apart(pl.col("n_words").log()),
        quality=apart("quality"),
        words=pl.col("n_words").mean(),
        place=-apart("position"),
    )
    return votes.filter(pl.col("batch") < "week-07"), votes.filter(pl.col("batch") >= "week-07")


def follows(votes: pl.DataFrame, column: str) -> float:
    return votes.select(pl.corr("choice", column)).item()


def test_a_planted_rule_is_followed_from_its_week_on_and_not_before() -> None:
    before, after = halves(prefqa.Drift("length", 6, 1.0))
    assert follows(after, "length") > follows(before, "length") + 0.3
    before, after = halves(prefqa.Drift("position", 6, 1.0))
    assert follows(after, "place") > follows(before, "place") + 0.3
    for kind in ("criterion", "style"):
        before, after = halves(prefqa.Drift(kind, 6, 1.0))
        assert follows(before, "quality") > 0.4
        assert abs(follows(after, "quality")) < 0.05


def test_a_gradual_change_grows() -> None:
    _, after = halves(prefqa.Drift("length", 6, 1.5, gradual=6))
    early, late = (after.filter(pl.col("batch").is_in(weeks)) for weeks in (["week-07"], ["week-12"]))
    assert follows(late, "length") > follows(early, "length") + 0.2


def test_a_share_of_the_people_can_change_and_the_truth_names_them() -> None:
    drift = prefqa.Drift("care", 6, 1.0, annotators=0.1)
    truth = prefqa.simulate(**HALVED, drift=drift).truth  # type: ignore[arg-type]
    changed = truth.drifts["annotators"].item().to_list()
    assert len(changed) == 2
    assert set(truth.annotators.filter(pl.col("annotator_id").is_in(changed))["kind"]) == {"careful"}
    before, after = halves(drift)
    theirs = pl.col("annotator_id").is_in(changed)
    assert follows(before.filter(theirs), "quality") > 0.4
    assert abs(follows(after.filter(theirs), "quality")) < 0.15
    assert follows(after.filter(~theirs), "quality") > 0.4


def test_copies_agree_with_somebody_on_the_same_item() -> None:
    _, after = halves(prefqa.Drift("copy", 6, 1.0, annotators=0.05), annotators_per_item=2)
    others = after.join(after, on="item_id").filter(pl.col("annotator_id") != pl.col("annotator_id_right"))
    same = others.group_by("annotator_id").agg((pl.col("choice") == pl.col("choice_right")).mean()).sort("choice")
    assert same["choice"][-1] == 1.0
    assert same["choice"][-2] < 0.9


def test_changes_of_all_else_leave_the_rule_alone() -> None:
    before, after = halves(prefqa.Drift("longer", 6, 1.0))
    assert after["words"].mean() > before["words"].mean() * 1.4  # type: ignore[operator]
    before, after = halves(prefqa.Drift("spread", 6, 0.8))
    assert after["length"].std() > before["length"].std() * 1.6  # type: ignore[operator]
    before, after = halves(prefqa.Drift("gaps", 6, 0.6))
    assert after["quality"].std() > before["quality"].std() * 1.5  # type: ignore[operator]
    before, after = halves(prefqa.Drift("pool", 6, 1.0))
    assert not set(before["annotator_id"]) & set(after["annotator_id"])
    before, after = halves(prefqa.Drift("prompts", 6, 1.0), categories=0.4)
    assert (after["category"] == "writing").mean() > (before["category"] == "writing").mean() * 1.5  # type: ignore[operator]
    before, after = halves(prefqa.Drift("models", 6, 1.0), n_models=4)
    best = pl.col("model").list.contains("model-4").mean()
    assert after.select(best).item() > before.select(best).item() + 0.2


def test_work_moves_to_annotators_who_like_length() -> None:
    drift = prefqa.Drift("workload", 6, 1.0)
    before, after = halves(drift, habits=0.3)
    people = prefqa.simulate(**HALVED, habits=0.3).truth.annotators  # type: ignore[arg-type]
    liking = [half.join(people, on="annotator_id")["length_weight"].mean() for half in (before, after)]
    assert liking[1] > liking[0] + 0.1  # type: ignore[operator]
    assert (after.group_by("item_id").agg(pl.col("annotator_id").n_unique())["annotator_id"] == 3).all()


def test_anchors_come_back_every_week_and_gold_is_known() -> None:
    campaign = prefqa.simulate(240, 3, anchors=5, gold=0.1, weeks=12, seed=1, texts=False)
    frame = campaign.preferences.judgments.collect()
    weeks = frame.group_by("item_id").agg(pl.col("batch").n_unique()).sort("item_id")["batch"]
    assert weeks.to_list() == [12] * 5 + [1] * 235
    assert frame.select(pl.struct("judgment_id", "response_id").is_duplicated().any()).item() is False
    gold = frame.filter("is_gold")
    assert gold["item_id"].n_unique() == 24
    assert (gold.join(campaign.truth.items, on=["item_id", "response_id"])["gold_rank"]).null_count() == 0
    assert frame.filter(~pl.col("is_gold"))["gold_rank"].null_count() == frame.filter(~pl.col("is_gold")).height


def test_several_changes_can_be_planted_at_once() -> None:
    drifts = (prefqa.Drift("length", 4), prefqa.Drift("pool", 6, 0.5))
    truth = prefqa.simulate(n_annotators=10, drift=drifts, texts=False).truth
    assert truth.drifts["kind"].to_list() == ["length", "pool"]
    assert truth.drifts["changes_rule"].to_list() == [True, False]
    assert truth.annotators.height == 15


@pytest.mark.parametrize(
    "wrong",
    [
        {"drift": prefqa.Drift("prompts")},
        {"drift": prefqa.Drift("models")},
        {"drift": prefqa.Drift("workload")},
        {"drift": prefqa.Drift("copy")},
        {"drift": prefqa.Drift("gaps", annotators=0.5)},
        {"drift": prefqa.Drift("length", annotators=0.0)},
        {"drift": prefqa.Drift("style", size=2.0)},
        {"n_models": 2},
        {"anchors": 100},
        {"gold": 2.0},
    ],
)
def test_changes_that_cannot_be_planted_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        prefqa.simulate(**wrong)  # type: ignore[arg-type]


def test_votes_on_two_responses_have_a_strength_where_grades_are_asked_for() -> None:
    options: dict[str, object] = {"n_responses": 2, "n_annotators": 6, "tie_threshold": 0.2, "n_items": 2_000}
    plain, graded = rows(**options), rows(**options, grades=(0.5, 1.5))
    assert graded.drop("strength").equals(plain)
    both = graded.group_by("judgment_id").agg(
        pl.col("strength").n_unique(), tie=pl.col("rank").n_unique() == 1, none=pl.col("strength").is_null().all()
    )
    assert both.filter(pl.col("strength") != 1).is_empty()
    assert (both["tie"] == both["none"]).all()
    assert graded["strength"].drop_nulls().unique().sort().to_list() == [1, 2, 3]
    own = rows(**options, grades=(0.5, 1.5), grade_habits=1.0)
    means = [frame.group_by("annotator_id").agg(pl.col("strength").mean())["strength"].std() for frame in (graded, own)]
    assert means[1] > means[0]


@pytest.mark.parametrize(
    "wrong", [{"n_responses": 4, "grades": (0.5,)}, {"n_responses": 2, "grades": (0.5, 0.2)}, {"grades": (0.0, 1.0)}]
)
def test_strengths_that_cannot_be_planted_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="grades"):
        prefqa.simulate(**wrong)  # type: ignore[arg-type]
