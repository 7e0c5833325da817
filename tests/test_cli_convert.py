"""`prefqa convert` to layouts: it writes, and says what was left out and what the trainer will lose."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from prefqa.cli import main


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out + told.err


@pytest.fixture
def source(tmp_path: Path) -> str:
    rows = [
        {"item_id": item, "annotator_id": who, "response_id": response, "rank": rank, "prompt": f"{item}?",
         "text": f"{response} of {item}"}
        for item in ("p1", "p2")
        for who in "xyz"
        for response, rank in (("a", 1 if item == "p1" or who == "x" else 2), ("b", 2 if item == "p1" else 1))
    ]  # fmt: skip
    path = tmp_path / "in.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return str(path)


def test_pairs_for_a_trainer_with_their_losses(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "pairs.jsonl"
    code, told = run(capsys, "convert", source, "-o", str(out), "--layout", "trl", "--max-characters", "5")
    assert code == 0
    assert "2 pairs: 2 written." in told
    assert "2 of 2 rows: prompt and response together exceed the length given" in told
    assert [json.loads(line)["chosen"] for line in out.read_text().splitlines()] == ["a of p1", "b of p2"]


@pytest.mark.parametrize("layout", ["argilla", "label-studio", "preflib", "hugging-face"])
def test_other_layouts(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], layout: str) -> None:
    out = tmp_path / ("out" if layout in ("preflib", "hugging-face") else "out.json")
    assert run(capsys, "convert", source, "-o", str(out), "--layout", layout)[0] == 0
    assert out.exists()


def test_an_unknown_layout_could_not_run(source: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = run(capsys, "convert", source, "-o", str(tmp_path / "x.jsonl"), "--layout", "tlr")
    assert (code, "did you mean 'trl'" in told) == (2, True)
