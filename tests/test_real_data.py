"""The whole road on data that other people collected, against the figures that they published."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import prefqa
from conftest import REAL

pytestmark = pytest.mark.real_data


def read(folder: Path, name: str) -> prefqa.Preferences:
    return prefqa.read(folder / name / "judgments.parquet")


@pytest.mark.parametrize("name", REAL)
def test_run_finishes_and_every_figure_has_its_n_and_uncertainty(real_data: Path, tmp_path: Path, name: str) -> None:
    result = prefqa.run(real_data / name / "judgments.parquet")
    result.write_files(tmp_path / "out", html=prefqa.report(result))
    assert (tmp_path / "out" / "pairs.jsonl").exists() is (result.pair_set.no_file is None)
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert len([name for name in written if not name.startswith("pairs.") or name == "pairs.parquet"]) == 8
    # RankME's three criteria, none of which is the overall one, have a file each.
    assert len(written) == 8 + (3 if name == "rankme" else 0 if result.pair_set.no_file else 1)
    estimates = result.agreement.estimates
    assert estimates["estimate"].null_count() == 0
    assert (estimates["ci_low"] < estimates["estimate"]).all()
    assert (estimates["estimate"] < estimates["ci_high"]).all()
    assert (estimates["n_items"] > 0).all()
    # One response of tulu1 is a single character of zero width; two criteria of potato are scored with 1 as the best.
    errors = {"tulu1-human-eval": ["PQ201"], "seq2seq-potato": ["PQ109"]}
    assert result.check.findings.filter(severity="error")["code"].to_list() == errors.get(name, [])
    # Agreement of the Argilla campaign is not distinguishable from chance.
    assert result.gate.passed is (name not in {*errors, "crs-rlhf-argilla"})


def test_pandalm_majorities_are_the_published_ones(real_data: Path) -> None:
    expected = json.loads((real_data / "pandalm-test" / "expected.json").read_text())["majority_label_counts"]
    prefs = read(real_data, "pandalm-test")
    result = prefqa.consensus(prefs)
    assert result.overall["n_pairs_most_votes_tie"] == expected["tie"] == 105
    first_shown = prefs.judgments.filter(pl.col("position") == 0).select("item_id", "response_id").unique().collect()
    pairs = result.pairs().join(first_shown, on="item_id")
    chosen = pairs.filter(pl.col("n_chosen") > pl.col("n_tie"))
    first = chosen.filter(pl.col("chosen_id") == pl.col("response_id")).height
    assert (first, chosen.height - first) == (expected["response1"], expected["response2"]) == (422, 472)


def test_crs_condorcet_winners_are_the_published_tideman_winners(real_data: Path) -> None:
    tideman = pl.read_parquet(real_data / "crs-rlhf-argilla" / "consensus_tideman.parquet").filter(tideman_position=1)
    prefs = read(real_data, "crs-rlhf-argilla")
    for method in ("majority", "kemeny"):
        items = prefqa.consensus(prefs, method=method).items.join(tideman, on="item_id")  # type: ignore[arg-type]
        strict = items.filter(pl.col("condorcet_winner").is_not_null())
        agreeing = strict.filter(pl.col("condorcet_winner") == pl.col("response_id"))
        assert (agreeing.height, strict.height) == (39, 39)


def test_crs_kendall_w_and_its_correction(real_data: Path) -> None:
    found = prefqa.agreement(read(real_data, "crs-rlhf-argilla")).estimates
    by_name = dict(found.select("coefficient", "estimate").rows())
    assert by_name["kendall_w"] == pytest.approx(0.326, abs=5e-4)
    assert by_name["kendall_w_corrected"] == pytest.approx(0.101, abs=5e-4)
    assert by_name["percent_agreement"] == pytest.approx(0.502, abs=5e-4)


def test_tulu_keeps_the_latest_judgment_of_each_annotator(real_data: Path) -> None:
    expected = json.loads((real_data / "tulu1-human-eval" / "expected.json").read_text())
    overall = prefqa.consensus(read(real_data, "tulu1-human-eval")).overall
    assert overall["n_judgments"] == expected["rows_after_keeping_the_latest_judgment_per_item_and_annotator"] == 1141


def latest(prefs: prefqa.Preferences) -> pl.DataFrame:
    """Rows of the latest judgment per item and annotator, with the place in time of each judgment of its item."""
    rows = prefs.judgments.collect()
    keep = rows.group_by("item_id", "annotator_id").agg(pl.col("judgment_id").sort_by("created_at").last())
    kept = rows.join(keep, on=["item_id", "annotator_id", "judgment_id"], how="semi")
    return kept.with_columns(nth=pl.col("created_at").rank("dense").over("item_id"))


def test_tulu_rates_of_the_first_annotation_are_the_published_ones(real_data: Path) -> None:
    expected = json.loads((real_data / "tulu1-human-eval" / "expected.json").read_text())[
        "first_annotation_rates_n332_each"
    ]
    prefs = read(real_data, "tulu1-human-eval")
    first = prefs.with_judgments(latest(prefs).filter(nth=1).lazy())
    # All pairs: `pairs()` leaves out those that cannot be trained on, since a text is blank or both are the same.
    pairs = pl.DataFrame(prefqa.consensus(first).to_dict()["pairs"])
    batches = first.judgments.select("item_id", "batch").unique().collect()
    for batch, part in pairs.join(batches, on="item_id").group_by("batch"):
        models = set(str(batch[0]).split("|"))
        name = next(key for key in expected if set(key.split(" (")[0].split(" vs ")) == models)
        side = name.split(" vs ")[0]
        n = part.height
        tie = part["tie"].sum() / n
        win = part.filter(~pl.col("tie") & (pl.col("chosen_id") == side)).height / n
        assert n == 332
        assert [round(win, 4), round(1 - win - tie, 4), round(tie, 4)] == pytest.approx(expected[name], abs=1e-4)


def test_tulu_agreement_of_the_first_two_annotators_is_the_published_one(real_data: Path) -> None:
    expected = json.loads((real_data / "tulu1-human-eval" / "expected.json").read_text())
    expected = expected["agreement_first_two_by_time_clear_and_slight_merged"]
    prefs = read(real_data, "tulu1-human-eval")
    two = prefs.with_judgments(latest(prefs).filter(pl.col("nth") <= 2).lazy())
    found = prefqa.agreement(two, by="batch", coefficients=["percent_agreement", "percent_agreement_ties_half"])
    for key, figures in expected.items():
        model, n = key.split(" n=")
        part = found.estimates.filter(
            pl.col("slice").is_not_null() & pl.col("slice").str.contains(rf"[=_]{model}($|\|)")
        )
        assert part["n_items"].unique().to_list() == [int(n)]
        assert part["estimate"].round(4).to_list() == pytest.approx(figures, abs=1e-4)


def test_rankme_designs_differ_and_the_alarm_says_so(real_data: Path) -> None:
    found = prefqa.drift(read(real_data, "rankme"), version="guideline_version")
    assert found.alarm
    assert found.reference == "stp1-rankME"


def test_llmfao_counting_scores_equal_a_plain_count(real_data: Path) -> None:
    """Wins count 1, ties one half: summed over pairs they are the votes of the source file, counted without prefqa."""
    source = pl.read_csv(real_data / "llmfao" / "crowd-comparisons.csv")
    pairs = prefqa.consensus(read(real_data, "llmfao")).pairs()
    assert pairs["n_votes"].sum() == source.height == 8931
    assert pairs["n_tie"].sum() == source.filter(~pl.col("winner").is_in(["left", "right"])).height


def test_the_raw_pairwise_csv_gives_the_figures_of_the_converted_file(real_data: Path) -> None:
    names = {"item_id": "id", "annotator_id": "worker", "response_a": "model_x", "response_b": "model_y"}
    raw = prefqa.read(real_data / "llmfao" / "crowd-comparisons.csv", columns=names)
    assert raw.source.shape == "pairwise"
    assert set(prefqa.check(raw, select=["PQ1", "PQ2"]).findings["code"]) == {"PQ117", "PQ119", "PQ208"}
    one, two = (prefqa.agreement(prefs).estimates for prefs in (raw, read(real_data, "llmfao")))
    for column in ("estimate", "se", "n_items", "n_votes"):
        assert one[column].to_list() == pytest.approx(two[column].to_list(), abs=1e-12)
