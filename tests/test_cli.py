"""The command line as a person or a pipeline meets it: exit codes, JSON, files whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from prefqa import cli, simulate

FILES = {
    "report.html", "summary.json", "findings.json", "consensus.parquet", "pairs.parquet", "pairs.jsonl",
    "annotators.parquet", "quarantine.parquet", "prefqa-files.json",
}  # fmt: skip
JUDGMENT = {"item_id": "p", "annotator_id": "a"}


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        cli.main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return int(str(stopped.value.code)), printed.out, printed.err


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "judgments.parquet"
    judgments = simulate(n_items=60, seed=1, texts=False).preferences.judgments.select(pl.exclude("^_.*$"))
    judgments.with_columns(text=pl.concat_str("response_id", pl.lit(" of "), "item_id")).sink_parquet(path)
    return path


def rows(path: Path, records: list[dict[str, Any]]) -> Path:
    pl.from_dicts(records, infer_schema_length=None, strict=False).write_parquet(path)
    return path


def test_run_writes_every_file_and_says_where(
    capsys: pytest.CaptureFixture[str], campaign: Path, tmp_path: Path
) -> None:
    code, out, _ = call(capsys, "run", campaign, "-o", tmp_path / "out")
    assert code == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert "Gate passed" in out
    assert max(map(len, out.splitlines())) <= 80


def test_the_same_input_in_any_row_order_gives_the_same_bytes(
    campaign: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shuffled = tmp_path / "judgments.parquet"
    pl.read_parquet(campaign).sample(fraction=1, shuffle=True, seed=1).write_parquet(shuffled)
    for source, out in ((campaign, "one"), (shuffled, "two")):
        call(capsys, "run", source, "-o", tmp_path / out)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name


def test_demo_runs_and_pairs_read_as_trainers_read_them(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, _, _ = call(capsys, "demo", "-o", tmp_path / "out", "--items", "20")
    assert code == 0
    first = json.loads((tmp_path / "out" / "pairs.jsonl").read_text().splitlines()[0])
    assert list(first)[:6] == ["prompt", "chosen", "rejected", "item_id", "chosen_id", "rejected_id"]
    assert first["chosen"] != first["chosen_id"]


def test_json_forms_have_their_documented_keys(
    capsys: pytest.CaptureFixture[str], campaign: Path, tmp_path: Path
) -> None:
    def parsed(*arguments: object) -> dict[str, Any]:
        code, out, _ = call(capsys, *arguments, "--format", "json")
        assert code == 0
        return dict(json.loads(out))

    estimate = {
        "coefficient", "target", "slice", "estimate", "se", "ci_low", "ci_high", "n_items", "n_annotators", "n_votes",
        "reason",
    }  # fmt: skip
    assert set(parsed("agreement", campaign, "--by", "batch")["estimates"][0]) == estimate
    assert {"findings", "not_run"} <= set(parsed("check", campaign))
    drift = parsed("drift", campaign)
    assert drift["overall"]["alarm"] in (True, False)
    assert {"detector", "period", "p_adjusted", "min_detectable"} <= set(drift["detectors"][0])
    consensus = parsed("consensus", campaign)
    assert {"item_id", "chosen_id", "rejected_id", "probability", "margin", "n_votes", "agreement"} <= set(
        consensus["pairs"][0]
    )
    assert consensus["overall"]["method"] == "mallows"
    assert {"passed", "lines"} <= set(parsed("gate", campaign))
    assert {"rules"} == set(parsed("rules"))
    assert {"judgments", "responses", "items"} == set(parsed("schema"))
    summary = parsed("run", campaign, "-o", tmp_path / "out")
    assert {"source", "gate", "check", "agreement", "drift", "consensus", "settings"} <= set(summary)
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary


def test_a_finding_in_json_has_its_documented_keys(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = rows(tmp_path / "a.parquet", [JUDGMENT | {"response_id": r, "rank": n} for r, n in (("x", -1), ("y", 1))])
    code, out, _ = call(capsys, "check", path, "--format", "json")
    assert code == 1
    assert {"code", "severity", "count", "share", "message", "examples"} <= set(json.loads(out)["findings"][0])


def test_text_output_of_every_step(capsys: pytest.CaptureFixture[str], campaign: Path, tmp_path: Path) -> None:
    for words, *arguments in (
        ("alpha_nominal", "agreement", campaign),
        ("detector", "drift", campaign),
        ("by mallows", "consensus", campaign, "-o", tmp_path / "pairs.jsonl"),
        ("Gate passed", "gate", campaign),
        ("rows left out", "check", campaign),
        ("PQ104", "rules"),
        ("annotator_id", "schema"),
        ("Found in", "explain", "PQ104"),
        ("wrote", "convert", campaign, "-o", tmp_path / "j.parquet"),
    ):
        code, out, _ = call(capsys, *arguments)
        assert (code, words in out) == (0, True), arguments
    assert call(capsys, "report", campaign, "-o", tmp_path / "r.html")[0] == 0
    assert (tmp_path / "r.html").stat().st_size > 5_000
    assert (tmp_path / "pairs.jsonl").stat().st_size > 1_000


def test_a_missed_threshold_exits_1_and_still_writes(
    capsys: pytest.CaptureFixture[str], campaign: Path, tmp_path: Path
) -> None:
    config = tmp_path / "prefqa.toml"
    config.write_text('[[gate.agreement]]\ncoefficient = "alpha_nominal"\nmin = 0.99\n')
    code, out, _ = call(capsys, "run", campaign, "-o", tmp_path / "out", "-c", config)
    assert code == 1
    assert "Gate failed" in out
    assert (tmp_path / "out" / "report.html").exists()
    assert call(capsys, "gate", campaign, "-c", config)[0] == 1


BAD_FILES = {
    "empty.parquet": b"",
    "wrong.txt": b"item_id\n1\n",
    "text.parquet": b"item_id,annotator_id\n1,2\n",
    "broken.jsonl": b'{"item_id": "p"}\n{"item_id":\n',
    "doubled.csv": b"item_id,item_id\n1,2\n",
    "other.csv": b"a,b\n1,2\n",
}


@pytest.mark.parametrize("name", [*BAD_FILES, "cut.parquet", "directory", "missing.parquet"])
def test_unreadable_input_exits_2_says_why_and_writes_nothing(
    capsys: pytest.CaptureFixture[str], campaign: Path, tmp_path: Path, name: str
) -> None:
    source = tmp_path / name
    if name in BAD_FILES:
        source.write_bytes(BAD_FILES[name])
    elif name == "directory":
        source.mkdir()
    elif name == "cut.parquet":
        source.write_bytes(campaign.read_bytes()[:-100])
    before = sorted(tmp_path.iterdir())
    code, _, err = call(capsys, "run", source, "-o", tmp_path / "out")
    assert code == 2
    assert err.startswith("error: ")
    assert name in err
    assert "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


ODD = {
    "one annotator": [
        JUDGMENT | {"item_id": f"p{i}", "response_id": r, "rank": n} for i in range(3) for r, n in (("x", 1), ("y", 2))
    ],
    "one item": [
        JUDGMENT | {"annotator_id": a, "response_id": r, "rank": n} for a in "ab" for r, n in (("x", 1), ("y", 2))
    ],
    "all ties": [
        JUDGMENT | {"item_id": i, "annotator_id": a, "response_id": r, "rank": 1}
        for i in "pq"
        for a in "abc"
        for r in "xyz"
    ],
    "one row": [JUDGMENT | {"response_id": "x", "rank": 1}],
    "nan ranks": [
        JUDGMENT | {"annotator_id": a, "response_id": r, "rank": n}
        for a, (one, two) in {"a": (float("nan"), 1.0), "b": (float("inf"), 2.0), "c": (1.0, 2.0)}.items()
        for r, n in (("x", one), ("y", two))
    ],
    "unicode and long ids": [
        {"item_id": "項目" * 5_000, "annotator_id": a, "response_id": r, "rank": n}
        for a in ("\u202eann", "<b>bob</b>", "a\nb\x1b[31m")
        for r, n in (("😀", 1), ("=1+1", 2))
    ],
    "null ids": [
        JUDGMENT | {"item_id": None, "response_id": "x", "rank": 1},
        JUDGMENT | {"response_id": "y", "rank": 1},
    ],
    "no usable row": [{"item_id": None, "annotator_id": None, "response_id": None, "rank": None}],
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_data_ends_in_findings_never_in_a_traceback(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, kind: str
) -> None:
    code, out, err = call(capsys, "run", rows(tmp_path / "a.parquet", ODD[kind]), "-o", tmp_path / "out")
    assert code in (0, 1), err
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES - {"pairs.jsonl"}
    assert "\x1b[31m" not in out
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    left_out = pl.read_parquet(tmp_path / "out" / "quarantine.parquet")
    assert left_out.height == summary["check"]["n_quarantined"]
    assert set(left_out["code"]) <= {finding["code"] for finding in summary["check"]["findings"]}
    for estimate in summary["agreement"]["estimates"]:
        assert (estimate["estimate"] is None) <= (estimate["reason"] is not None)


def test_usage_faults_exit_2_and_our_own_exit_3(
    capsys: pytest.CaptureFixture[str], campaign: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (["run", campaign], ["nonsense"], ["agreement", campaign, "--by", "bacth"], ["explain", "PQ9"]):
        assert call(capsys, *arguments)[0] == 2
    (tmp_path / "file").write_text("")
    assert call(capsys, "run", campaign, "-o", tmp_path / "file")[0] == 2
    assert call(capsys, "consensus", campaign, "-o", tmp_path / "pairs.xlsx")[0] == 2
    monkeypatch.setattr(sys.modules["prefqa.agreement"], "agreement", lambda *_, **__: 1 / 0)
    code, _, err = call(capsys, "agreement", campaign)
    assert code == 3
    assert "a fault of prefqa" in err


def test_importing_prefqa_loads_nothing_heavy() -> None:
    heavy = (
        "polars",
        "numpy",
        "scipy",
        "pandas",
        "pandera",
        "datasets",
        "altair",
        "jinja2",
        "pyspark",
        "pyarrow",
        "click",
        "rich",
    )
    script = f"import sys, prefqa; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_imported() -> None:
    import prefqa

    for name in prefqa.__all__:
        assert getattr(prefqa, name) is not None
    assert callable(prefqa.agreement)
    assert callable(prefqa.report)


def test_a_terminal_without_unicode_is_no_fault(tmp_path: Path) -> None:
    source = rows(tmp_path / "a.parquet", [JUDGMENT | {"item_id": "項目", "response_id": r, "rank": -1} for r in "xy"])
    command = [sys.executable, "-c", "from prefqa.cli import main; main()", "check", str(source)]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert "\\u9805" in done.stdout
