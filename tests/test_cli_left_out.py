"""Nothing is left out unsaid, and no exit code comes without its reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from test_cli import call

SENTENCE = "60 of 120 rows left out (PQ104: a rank or vote that cannot be read)."
LEFT_OUT = {
    "n_rows": 60,
    "of": 120,
    "by_rule": [
        {
            "code": "PQ104",
            "name": "bad-rank",
            "count": 60,
            "n_judgments": 30,
            "reason": "a rank or vote that cannot be read",
        }
    ],
}


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    """Twenty items by three annotators; the votes on every other item are words that nobody knows."""
    rows = [
        {
            "item_id": f"q{i}",
            "annotator_id": f"u{j}",
            "response_a": "m1",
            "response_b": "m2",
            "winner": "umm" if i % 2 else "ab"[(i + j) % 5 == 0],
            "created_at": f"2025-0{1 + i // 10}-{1 + i % 10:02d}T10:00:00Z",
            "prompt": f"{i}?",
        }
        for i in range(20)
        for j in range(3)
    ]
    return write(tmp_path / "votes.jsonl", rows)


COMMANDS = (
    ("agreement",),
    ("disagreement",),
    ("plan",),
    ("drift",),
    ("consensus",),
    ("relabel", "--budget", "2"),
    ("leaderboard",),
    ("gate",),
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_says_what_it_left_out(
    votes: Path, capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    code, out, err = call(capsys, command[0], votes, *command[1:])
    assert code == (1 if command[0] == "gate" else 0), err
    assert " ".join(out.split()).startswith(SENTENCE)
    assert max(map(len, out.splitlines())) <= 80
    _, out, _ = call(capsys, command[0], votes, *command[1:], "--format", "json")
    assert json.loads(out)["left_out"] == LEFT_OUT


def test_run_check_report_watch_and_convert_say_it_too(
    votes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = call(capsys, "run", votes, "-o", tmp_path / "out")
    assert (code, SENTENCE[:-1] in " ".join(out.split())) == (1, True)
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["left_out"] == summary["check"]["left_out"] == LEFT_OUT
    assert SENTENCE in (tmp_path / "out" / "report.html").read_text()
    _, out, _ = call(capsys, "check", votes)
    assert SENTENCE in " ".join(out.split())
    assert "30 of 60 votes could not be read: 'umm' (30)." in " ".join(out.split())
    _, out, _ = call(capsys, "check", votes, "--format", "json")
    assert json.loads(out)["left_out"] == LEFT_OUT
    assert call(capsys, "report", votes, "-o", tmp_path / "r.html") == (0, SENTENCE + "\n", "")
    code, out, err = call(capsys, "watch", votes, "--state", tmp_path / "state.json", "--every", "1mo")
    assert (code, out.startswith(SENTENCE)) == (0, True), err
    arguments = ("watch", votes, "--state", tmp_path / "other.json", "--every", "1mo", "--format", "json")
    assert json.loads(call(capsys, *arguments)[1])["left_out"] == LEFT_OUT
    code, out, err = call(capsys, "convert", votes, "-o", tmp_path / "judged", "--layout", "preflib")
    assert (code, SENTENCE[:-1] in out) == (0, True), err
    code, out, _ = call(capsys, "convert", votes, "-o", tmp_path / "j.parquet")
    assert "60 of 120 rows hold a rank that could not be read; it is written as missing" in out
    assert pl.read_parquet(tmp_path / "j.parquet")["rank"].null_count() == 60


def test_where_nothing_is_left_out_text_is_silent_and_json_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        {"item_id": f"q{i}", "annotator_id": u, "response_id": r, "rank": n}
        for i in range(4)
        for u in "ab"
        for n, r in enumerate("xyz", start=1)
    ]
    path = write(tmp_path / "clean.jsonl", rows)
    code, out, _ = call(capsys, "agreement", path)
    assert (code, "left out (" in out) == (0, False)
    _, out, _ = call(capsys, "agreement", path, "--format", "json")
    assert json.loads(out)["left_out"] == {"n_rows": 0, "of": 24, "by_rule": []}


def test_several_rules_are_all_named(votes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [json.loads(line) for line in votes.read_text().splitlines()]
    rows[0]["status"], rows[6]["annotator_id"] = "draft", None
    path = write(tmp_path / "several.jsonl", rows)
    _, out, _ = call(capsys, "agreement", path)
    said = " ".join(out.split())
    assert said.startswith(
        "64 of 120 rows left out: 60 by PQ104, a rank or vote that cannot be read; 2 by PQ102, item_id"
    )
    assert "2 by PQ110, draft or discarded judgments among the data." in said
    config = tmp_path / "prefqa.toml"
    config.write_text('[checks]\nignore = ["PQ110"]\n')
    assert " ".join(call(capsys, "agreement", path, "-c", config)[1].split()).startswith("64 of 120 rows left out")


def battles(path: Path) -> Path:
    pairs = (
        [("A", "B", "model_a")] * 8 + [("A", "B", "model_b")] * 3 + [("A", "A", "model_a")] * 6 + [("A", "A", "tie")]
    )
    rows = [
        {"item_id": f"q{i}", "annotator_id": f"u{i % 7}", "model_a": a, "model_b": b, "winner": winner}
        for i, (a, b, winner) in enumerate(pairs)
    ]
    return write(path, rows)


def test_a_leaderboard_counts_votes_of_a_name_against_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = battles(tmp_path / "battles.jsonl")
    code, out, _ = call(capsys, "leaderboard", path)
    said = " ".join(out.split())
    assert (code, "7 votes of a name against itself left out." in said) == (0, True)
    assert said.startswith("14 of 36 rows left out (PQ123: a response compared with itself).")
    found = json.loads(call(capsys, "leaderboard", path, "--format", "json")[1])
    assert (found["overall"]["n_votes_same_name"], found["overall"]["n_votes"]) == (7, 11)
    assert found["left_out"]["by_rule"][0]["n_judgments"] == 7
    assert call(capsys, "check", path)[0] == 0


def test_exit_code_1_of_check_comes_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One response each: a warning alone, and yet nothing counts."""
    rows = [{"item_id": f"q{i}", "annotator_id": u, "response_id": "x", "rank": 1} for i in range(3) for u in "ab"]
    path = write(tmp_path / "alone.jsonl", rows)
    code, out, _ = call(capsys, "check", path)
    said = " ".join(out.split())
    assert (code, "no judgment counts: there was nothing to measure, 6 of 6 rows left out (PQ107" in said) == (1, True)
    assert "Gate failed" in said
    assert max(map(len, out.splitlines())) <= 80
    code, out, _ = call(capsys, "check", path, "--format", "json")
    verdict = json.loads(out)["gate"]
    assert (code, verdict["passed"]) == (1, False)
    assert [line["verdict"] for line in verdict["lines"]] == ["pass", "fail"]
    config = tmp_path / "prefqa.toml"
    config.write_text("[[gate.findings]]\ncode = 'PQ117'\nmax_count = 0\n")
    rows = [{"item_id": "q", "annotator_id": u, "response_id": r, "rank": 1} for u in "ab" for r in "xy"]
    one = {"item_id": "p", "annotator_id": "a", "response_id": "x", "rank": 1}
    path = write(tmp_path / "few.jsonl", [*rows, one, one | {"response_id": "y", "rank": 2}])
    code, out, _ = call(capsys, "check", path, "-c", config)
    assert (code, "PQ117: 1 (at most 0)" in out) == (1, True)
    assert "Gate failed" not in call(capsys, "check", path, "--isolated")[1]


EVERY = (
    *COMMANDS[:-1],
    ("label-consensus",),
    ("watch", "--state", "state.json"),
    ("convert", "-o", "out.jsonl", "--layout", "trl"),
)
ALWAYS = (("check",), ("gate",), ("run", "-o", "out"), ("report", "-o", "r.html"), ("convert", "-o", "out.parquet"))


@pytest.mark.parametrize("command", [*EVERY, *ALWAYS], ids=lambda command: " ".join(command[:2]))
def test_a_file_without_a_row_could_not_be_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "empty.csv"
    path.write_text("item_id,annotator_id,response_id,rank,created_at\n")
    code, out, err = call(capsys, command[0], path, *command[1:])
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {path}: no judgment was read (long rankings")
    assert "Hint: look whether" in err
    assert [one.name for one in tmp_path.iterdir()] == ["empty.csv"]


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command[0])
def test_where_no_row_counts_there_is_nothing_to_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [{"item_id": f"q{i}", "annotator_id": "u", "response_id": r, "rank": -1} for i in "12" for r in "xy"]
    path = write(tmp_path / "minus.jsonl", rows)
    code, out, err = call(capsys, command[0], path, *command[1:])
    assert (code, out) == (2, "")
    assert "there is nothing to measure: no row that counts states" in err
    assert "4 of 4 rows left out (PQ104: a rank or vote that cannot be read)" in err
    assert "4 of 4 ranks are not integers from 1 up: '-1' (4)" in err
    assert f"Hint: prefqa check {path}" in err
    for always, expected in ((("check",), 1), (("gate",), 1), (("run", "-o", "out"), 1), (("report", "-o", "r"), 0)):
        assert call(capsys, always[0], path, *always[1:])[0] == expected


def test_what_is_not_stated_is_not_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"item_id": f"q{i}", "annotator_id": u, "response_id": "x", "rank": None, "label": "good"}
        for i in range(3)
        for u in "ab"
    ]
    path = tmp_path / "labels.parquet"
    pl.DataFrame(rows, schema_overrides={"rank": pl.Int64}).write_parquet(path)
    assert call(capsys, "check", path)[0] == 0
    code, out, _ = call(capsys, "label-consensus", path, "--format", "json")
    assert (code, json.loads(out)["left_out"]["n_rows"]) == (0, 0)
    code, _, err = call(capsys, "consensus", path)
    assert (code, "no row that counts states a rank" in err) == (2, True)


def test_instruction_data_is_checked_though_nothing_in_it_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "sft.jsonl", [{"prompt": f"What is {i}?", "response": f"It is {i}."} for i in "12"])
    code, out, _ = call(capsys, "check", path)
    assert (code, "Gate failed" in out) == (0, False)
    code, _, err = call(capsys, "agreement", path)
    assert (code, "no row that counts states a rank, a score or a label" in err) == (2, True)
    code, out, _ = call(capsys, "gate", path)
    assert (code, "no judgment counts" in out) == (1, True)


def test_ratings_of_one_response_per_item_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Five annotators, five items, one value that deviates; as published for fast-krippendorff, issue 11."""
    rows = [
        {"item_id": f"u{i}", "annotator_id": a, "response_id": "record", "score": 2 if (i, a) == (0, "e") else 3}
        for i in range(5)
        for a in "abcde"
    ]
    path = write(tmp_path / "scores.jsonl", rows)
    names = ("alpha_nominal", "alpha_ordinal", "percent_agreement")
    given = [word for name in names for word in ("--coefficient", name)]
    code, out, _ = call(capsys, "agreement", path, "--target", "scores", *given, "--format", "json")
    found = json.loads(out)
    values = {row["coefficient"]: row["estimate"] for row in found["estimates"]}
    assert (code, found["left_out"]["n_rows"]) == (0, 0)
    assert values == pytest.approx({"alpha_nominal": 0.0, "alpha_ordinal": 0.0, "percent_agreement": 0.92}, abs=1e-9)
    assert call(capsys, "check", path)[0] == 0
    same = write(tmp_path / "same.jsonl", [row | {"score": 1} for row in rows])
    code, out, _ = call(capsys, "agreement", same, "--target", "scores", *given[:2], "--format", "json")
    estimate = json.loads(out)["estimates"][0]
    assert (code, estimate["estimate"], estimate["reason"]) == (0, None, "all ratings are the same")
