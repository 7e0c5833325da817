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
