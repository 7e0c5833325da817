"""The leaderboard as a person or a pipeline meets it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from consensus.leaderboard.battles import battles, drawn
from test_cli import call


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    path = tmp_path / "votes.parquet"
    prefs, _ = drawn(5, 400, seed=1, tie=0.2)
    prefs.judgments.drop("_row").collect().write_parquet(path)
    return path


def test_json_has_the_documented_keys(votes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = call(
        capsys, "leaderboard", votes, "--by", "response_id", "--ties", "davidson", "--level", "0.9", "--format", "json"
    )
    assert code == 0, err
    found = json.loads(out)
    first = found["leaderboard"][0]
    assert {"name", "score", "se", "ci_low", "ci_high", "rank", "rank_low", "rank_high", "n_votes"} <= set(first)
    assert sum(row["score"] for row in found["leaderboard"]) == pytest.approx(0, abs=1e-9)
    assert (found["overall"]["level"], found["overall"]["tie_parameter"]["name"]) == (0.9, "nu")


def test_the_same_bytes_in_any_row_order(votes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.parquet"
    pl.read_parquet(votes).sample(fraction=1, shuffle=True, seed=3).write_parquet(other)
    one, two = (
        call(capsys, "leaderboard", path, "--method", "bootstrap", "--format", "json") for path in (votes, other)
    )
    assert one == two


def test_a_person_sees_bars_ranks_and_what_was_done(votes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "leaderboard", votes, "--annotators", "weighted")
    assert code == 0
    assert "●" in out
    assert "least reliable annotators" in out
    assert "400 votes" in out
    assert "rank ranges" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


def test_names_that_are_not_connected_end_with_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "apart.parquet"
    prefs = battles([("a", "b", "left"), ("b", "a", "left"), ("x", "y", "tie")])
    prefs.judgments.drop("_row").collect().write_parquet(path)
    code, _, err = call(capsys, "leaderboard", path)
    assert code == 2
    assert "{a, b}; {x, y}" in err
    code, out, _ = call(capsys, "leaderboard", path, "--prior-sd", "1")
    assert code == 0
    assert "distances come from the prior" in " ".join(out.split())


def test_covariates_are_a_table_of_their_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "votes.csv"
    prefs, _ = drawn(3, 200, seed=2)
    place = pl.int_range(pl.len()).over("item_id") + 1
    prefs.judgments.drop("_row").with_columns(position=place).collect().write_csv(path)
    code, out, err = call(capsys, "leaderboard", path, "--covariate", "position")
    assert code == 0, err
    assert "held equal" in out
    assert "position" in out
