"""`prefqa watch`, night after night."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import prefqa
from test_cli import call


def test_watch_passes_until_the_rule_changes_and_remembers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefs = prefqa.simulate(
        600, 3, weeks=8, texts=False, seed=1, drift=prefqa.Drift("position", at_week=4, size=1.5)
    ).preferences
    rows = prefs.judgments.select(pl.exclude("^_.*$")).collect()
    codes = []
    for week in (2, 4, 6, 8):
        rows.filter(pl.col("batch") <= f"week-{week:02d}").write_parquet(tmp_path / "now.parquet")
        code, out, err = call(capsys, "watch", tmp_path / "now.parquet", "--state", tmp_path / "state.json")
        assert not err
        codes.append(code)
    assert codes == [0, 0, 1, 1]
    assert "position has changed" in out
    code, out, _ = call(
        capsys, "watch", tmp_path / "now.parquet", "--state", tmp_path / "state.json", "--format", "json"
    )
    found = json.loads(out)
    assert (code, found["what"], found["since"]) == (1, "position", "2025-02-03")
    assert len(found["looks"]) == 8
    code, _, err = call(capsys, "watch", tmp_path / "now.parquet", "--state", tmp_path / "state.json", "--alpha", 0.01)
    assert code == 2
    assert "begin another state file" in err
