"""The commands about the consensus, as a person or a pipeline meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest

import prefqa
from prefqa.cli import consensus as cli_consensus
from prefqa.consensus import Margin, Method, Select, Ties
from test_cli import call

N_PAIRS = 60 * 6


@pytest.fixture
def rankings(tmp_path: Path) -> Path:
    prefs = prefqa.simulate(60, tie_threshold=0.4, seed=2, texts=False).preferences
    path = tmp_path / "rankings.parquet"
    rows = prefs.judgments.select("item_id", "annotator_id", "response_id", "rank", "batch")
    rows.with_columns(text=pl.concat_str(pl.lit("text of "), "response_id", pl.lit(" to "), "item_id")).sink_parquet(
        path
    )
    return path


@pytest.fixture
def without_texts(rankings: Path) -> Path:
    path = rankings.with_name("without.parquet")
    pl.scan_parquet(rankings).drop("text").sink_parquet(path)
    return path


def test_without_texts_there_is_no_training_file_and_the_reason_is_given(
    without_texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "no text of a response is known, and an id never stands for one"
    code, _, err = call(capsys, "consensus", without_texts, "-o", tmp_path / "pairs.jsonl")
    assert (code, reason in " ".join(err.split())) == (2, True)
    assert not (tmp_path / "pairs.jsonl").exists()
    assert parsed(capsys, "consensus", without_texts)["pair_set"]["training_file"]["reason"] == reason
    assert call(capsys, "consensus", without_texts, "-o", tmp_path / "pairs.parquet")[0] == 0
    out = tmp_path / "out"
    code, said, _ = call(capsys, "run", without_texts, "-o", out)
    assert code in (0, 1)
    assert reason in " ".join(said.split())
    assert {"pairs.parquet", "prefqa-files.json"} <= {path.name for path in out.iterdir()}
    assert not list(out.glob("*.jsonl"))
    assert json.loads((out / "summary.json").read_text())["consensus"]["pair_set"]["training_file"]["reason"] == reason
    assert reason in (out / "report.html").read_text()


def test_a_run_leaves_no_file_of_an_earlier_one(
    rankings: Path, without_texts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "prefqa.toml"
    config.write_text('[consensus]\nmethod = "majority"\ntest_share = 0.2\n')
    out = tmp_path / "out"
    expected = [{"pairs.jsonl", "pairs.train.jsonl", "pairs.test.jsonl"}, {"pairs.jsonl"}, set()]
    for source, options, files in zip(
        (rankings, rankings, without_texts), (["-c", config], ["--isolated"], ["--isolated"]), expected, strict=True
    ):
        call(capsys, "run", source, "-o", out, *options)
        assert {path.name for path in out.glob("*.jsonl")} == files
        (out / "mine.txt").write_text("kept")
    assert (out / "mine.txt").exists()


def parsed(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    code, out, err = call(capsys, *arguments, "--format", "json")
    assert code == 0, err
    return dict(json.loads(out))


def test_the_words_offered_are_those_of_the_library() -> None:
    assert get_args(Method) == cli_consensus.METHODS
    assert get_args(Margin) == cli_consensus.MARGINS
    assert set(get_args(Select)) == set(cli_consensus.SELECT)
    assert get_args(Ties) == cli_consensus.TIES


def test_options_choose_the_pairs_of_the_file_and_of_the_json(
    rankings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pairs.jsonl"
    found = parsed(
        capsys, "consensus", rankings, "--method", "majority", "--select", "best-worst", "--min-probability", "0.6",
        "--ties", "drop", "--margin", "graded", "-o", out,
    )  # fmt: skip
    rows = pl.read_ndjson(out)
    result = prefqa.consensus(prefqa.read(rankings), method="majority")
    expected = result.pair_set("best-worst", min_probability=0.6, ties="drop", margin="graded")
    assert rows["probability"].to_list() == expected.frame["probability"].to_list()
    assert set(rows["margin"]) <= {0.0, 1.0, 2.0, 3.0}
    assert [row["chosen_id"] for row in found["pairs"]] == expected.frame["chosen_id"].to_list()
    assert found["pair_set"] == expected.to_dict()
    assert found["pair_set"]["n_pairs"] + sum(row["count"] for row in found["pair_set"]["left_out"]) == N_PAIRS
    assert found["split"] is None


def test_the_config_chooses_them_too_and_options_go_before_it(
    rankings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "prefqa.toml"
    config.write_text('[consensus]\nmethod = "majority"\nties = "half"\ntest_share = 0.2\nmargin = "theta"\n')
    found = parsed(capsys, "consensus", rankings, "-c", config, "-o", tmp_path / "pairs.jsonl")
    assert found["pair_set"]["n_rows"] > found["pair_set"]["n_pairs"] == N_PAIRS
    assert found["pair_set"]["training_file"] | {"reason": None, "left_out": []} == {
        "n_pairs": N_PAIRS, "n_rows": found["pair_set"]["n_rows"], "left_out": [], "reason": None,
    }  # fmt: skip
    files = {path.name: pl.read_ndjson(path).height for path in tmp_path.glob("*.jsonl")}
    assert files == {f"pairs.{row['part']}.jsonl": row["n_rows"] for row in found["split"] if row["n_rows"]}
    one = parsed(capsys, "consensus", rankings, "-c", config, "--ties", "drop", "--test-share", "0")
    assert one["split"] is None
    assert not any(row["tie"] for row in one["pairs"])
    code, _, _ = call(capsys, "run", rankings, "-o", tmp_path / "out", "-c", config)
    assert code == 0
    for name, n_rows in files.items():
        assert pl.read_ndjson(tmp_path / "out" / name).height == n_rows
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())["consensus"]
    assert (summary["pair_set"], summary["split"]) == (found["pair_set"], found["split"])


def test_a_person_reads_what_was_left_out_and_where_the_parts_are(
    rankings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(
        capsys, "consensus", rankings, "--ties", "drop", "--method", "majority", "--test-share", "0.2",
        "--validation-share", "0.1", "-o", tmp_path / "pairs.parquet",
    )  # fmt: skip
    said = " ".join(out.split())
    assert code == 0
    assert "tied" in said
    assert "label smoothing epsilon" in said
    assert {path.name for path in tmp_path.glob("pairs*")} == {
        f"pairs.{part}.parquet" for part in ("train", "validation", "test")
    }


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('ties = "halve"', "ties"),
        ('margin = "big"', "margin"),
        ("test_share = 1.0", "test_share"),
        ("test_share = 0.6\nvalidation_share = 0.5", "nothing to train on"),
    ],
)
def test_a_wrong_selection_exits_2_and_is_named(
    rankings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, key: str
) -> None:
    config = tmp_path / "prefqa.toml"
    config.write_text(f"[consensus]\n{text}\n")
    code, _, err = call(capsys, "consensus", rankings, "-c", config)
    assert code == 2
    assert key in err


def test_relabel_says_which_items_and_what_they_buy(rankings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = parsed(capsys, "relabel", rankings, "--budget", "10", "--method", "mallows")
    assert set(found) == {
        "items", "method", "budget", "n_judgments", "n_items", "n_pairs", "accuracy_now", "accuracy_planned",
        "accuracy_random", "n_at_border", "n_taken_at_border", "left_out",
    }  # fmt: skip
    assert set(found["items"][0]) == {"item_id", "information", "gain", "n_pairs", "n_judgments"}
    assert (found["n_judgments"], found["n_items"], found["n_pairs"]) == (10, 60, N_PAIRS)
    assert found["accuracy_now"] < found["accuracy_random"] < found["accuracy_planned"]
    code, out, _ = call(capsys, "relabel", rankings, "--budget", "100", "--method", "majority")
    assert code == 0
    assert "plan the rest" in " ".join(out.split())
    assert "60 judgments of 60 items" in out


def test_relabel_without_anything_to_compare(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "alone.csv"
    pl.DataFrame({"item_id": ["i"], "annotator_id": ["a"], "response_id": ["x"], "rank": [1]}).write_csv(path)
    code, _, err = call(capsys, "relabel", path, "--budget", "3")
    assert (code, "1 of 1 judgments rank fewer than two responses" in err) == (2, True)
    rated = tmp_path / "rated.csv"
    pl.read_csv(path).rename({"rank": "score"}).write_csv(rated)
    code, out, _ = call(capsys, "relabel", rated, "--budget", "3")
    assert (code, "No item" in out) == (0, True)
    assert call(capsys, "relabel", path, "--budget", "0")[0] == 2
