"""The commands about agreement, as a person or a pipeline meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from test_cli import call


@pytest.fixture
def rankings(tmp_path: Path) -> Path:
    prefs = prefqa.simulate(60, tie_threshold=0.2, seed=2, texts=False).preferences
    path = tmp_path / "rankings.parquet"
    prefs.judgments.select("item_id", "annotator_id", "response_id", "rank", "batch").sink_parquet(path)
    return path


@pytest.fixture
def rated(tmp_path: Path) -> Path:
    rows = [
        {"item_id": f"i{i}", "annotator_id": f"a{j}", "response_id": r, "score": 1 + (i + k + (j == 2)) % 5}
        for i in range(20)
        for j in range(3)
        for k, r in enumerate("xy")
    ]
    path = tmp_path / "rated.jsonl"
    pl.DataFrame(rows).write_ndjson(path)
    return path


def _json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code, out, err = call(capsys, *arguments, "--format", "json")
    assert code == 0, err
    return dict(json.loads(out))


def test_a_person_sees_words_beside_figures(rankings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "agreement", rankings)
    assert code == 0
    assert "in words" in out
    assert "Landis and Koch (1977)" in out


def test_all_that_agreement_takes(rankings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(
        capsys, "agreement", rankings, "--target", "votes", "--coefficient", "all", "--by", "batch", "--inference",
        "items", "--method", "bca", "--orientation", "id", "--level", "0.9",
    )  # fmt: skip
    names = {row["coefficient"] for row in found["estimates"]}
    assert {"cohen_kappa", "alpha_nominal"} <= names
    assert "kendall_w" not in names
    assert (found["level"], found["orientation"], found["by"]) == (0.9, "id", ["batch"])
    assert found["method"].startswith("bca bootstrap")


def test_scores(rated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "agreement", rated, "--target", "scores", "--coefficient", "icc_2", "--weights", "linear")
    assert [row["coefficient"] for row in found["estimates"]] == ["icc_2"]
    assert found["estimates"][0]["n_items"] == 20


def test_an_unknown_coefficient_is_named(rankings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(capsys, "agreement", rankings, "--coefficient", "cohen_kapa")
    assert code == 2
    assert "did you mean 'cohen_kappa'" in err


def test_disagreement(rankings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "disagreement", rankings, "--items", 3)
    assert len(found["items"]) == 3
    assert sum(found["split"].values()) == pytest.approx(1)
    assert 0.5 <= found["ceiling"]["model_against_one"]["value"] <= 1
    code, out, _ = call(capsys, "disagreement", rankings)
    assert code == 0
    assert "a perfect reward model could agree" in " ".join(out.split())


def test_disagreement_on_scores_has_no_ceiling(rated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "disagreement", rated, "--target", "scores")
    assert found["ceiling"] is None
    assert found["annotators"][0]["annotator_id"] == "a2"
    code, out, _ = call(capsys, "disagreement", rated, "--target", "scores")
    assert code == 0
    assert "a2" in out


def test_plan(rankings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = _json(capsys, "plan", rankings, "--half-width", 0.1)
    assert found["wanted"] == 0.1
    assert len(found["grid"]) == 25
    code, out, _ = call(capsys, "plan", rankings)
    assert code == 0
    assert "annotators per item" in out


@pytest.mark.parametrize("command", ["agreement", "disagreement", "plan"])
def test_data_without_overlap_end_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    path = tmp_path / "alone.csv"
    pl.DataFrame(
        {"item_id": ["i", "i"], "annotator_id": ["a", "a"], "response_id": ["x", "y"], "rank": [1, 2]}
    ).write_csv(path)
    code, out, err = call(capsys, command, path)
    assert code == (2 if command == "plan" else 0)
    assert "Traceback" not in out + err


def test_the_gate_tells_targets_apart(rated: Path) -> None:
    prefs = prefqa.read(rated)
    agreed = prefqa.agreement(prefs, target=["votes", "scores"], coefficients="all")
    line = {"coefficient": "alpha_nominal", "min": 0.0, "target": "scores"}
    config = prefqa.config.parse_config({"gate": {"agreement": [line]}}).gate
    found = prefqa.gate(agreement=agreed, config=config)
    value = agreed.estimates.filter(pl.col("target") == "scores", pl.col("coefficient") == "alpha_nominal")["estimate"]
    assert found.lines["value"].item() == pytest.approx(value.item())
