"""`prefqa inspect`: a reading is shown, written down as configuration, and held against the next file."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

import prefqa
from prefqa.cli.main import main
from prefqa.config import parse_config

HEAD = "question,Response A,Response B,Preference,Worker ID,note"
ROWS = [
    "Name a lake.,Lake Baikal it is.,I do not know.,A,x,n1",
    "Name a lake.,Lake Baikal it is.,I do not know.,A is slightly better,y,n2",
    "Name a tree.,A tall tree.,The oak is one.,B,x,n3",
    "Name a tree.,A tall tree.,The oak is one.,Tie,y,n4",
    "Name a town.,The town of Lyon.,No idea at all.,skip,x,n5",
    "Name a town.,The town of Lyon.,No idea at all.,A,y,n6",
]


def call(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, arguments)))
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    path = tmp_path / "votes.csv"
    path.write_text("\n".join([HEAD, *ROWS]) + "\n")
    return path


def test_the_reading_names_the_role_of_every_column_and_the_meaning_of_every_value(votes: Path) -> None:
    reading = prefqa.read(votes).reading
    roles = {name: role for name, role, _ in reading.columns.iter_rows()}
    assert roles == {
        "question": "prompt", "Response A": "response", "Response B": "response", "Preference": "winner",
        "Worker ID": "annotator_id", "note": None,
    }  # fmt: skip
    meanings = {value: (meaning, n) for _, value, meaning, n in reading.values.iter_rows()}
    assert meanings == {
        "A": ("first", 2), "A is slightly better": ("first", 1), "B": ("second", 1), "Tie": ("tie", 1),
              "skip": ("missing", 1),
    }  # fmt: skip
    assert reading.layout == "pairwise"
    figures = {name: reading.figures[name] for name in ("n_judgments", "n_items", "n_prompts", "n_annotators")}
    assert figures == {"n_judgments": 5, "n_items": 3, "n_prompts": 3, "n_annotators": 2}
    assert reading.examples[0].endswith("annotator x: 'Lake Baikal it is.' preferred to 'I do not know.'")


def test_a_skipped_vote_is_counted_and_named(votes: Path) -> None:
    prefs = prefqa.read(votes)
    assert [(note.code, note.count, note.of) for note in prefs.source.notes] == [("PQ727", 1, 6)]


def test_inspect_prints_the_reading_within_80_columns(
    capsys: pytest.CaptureFixture[str], votes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = call(capsys, "inspect", votes)
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    for words in ("Worker ID", "annotator_id", "A is slightly better", "not used", "3 prompts", "preferred to"):
        assert words in out


def test_inspect_in_json_is_the_result_of_the_library(capsys: pytest.CaptureFixture[str], votes: Path) -> None:
    code, out, _ = call(capsys, "inspect", votes, "--format", "json")
    assert code == 0
    assert json.loads(out) == json.loads(json.dumps(prefqa.read(votes).reading.to_dict()))


def test_a_pinned_reading_reads_the_same_file_the_same_way(
    capsys: pytest.CaptureFixture[str], votes: Path, tmp_path: Path
) -> None:
    pinned = tmp_path / "prefqa.toml"
    assert call(capsys, "inspect", votes, "--write-config", pinned)[0] == 0
    config = parse_config(tomllib.loads(pinned.read_text()))
    again = prefqa.read(votes, columns=config.columns, **config.read.arguments())
    assert again.reading.figures == prefqa.read(votes).reading.figures
    assert call(capsys, "inspect", votes, "-c", pinned)[0] == 0
    assert call(capsys, "inspect", votes, "--write-config", pinned)[0] == 2  # a file of the user's is never replaced


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("Tie,y,n4", "draw,y,n4", "'draw'"),
        ("Tie,y,n4", "whatever,y,n4", "'whatever'"),
        ("Worker ID", "Workers", "'Worker ID'"),
        ("Preference", "Vote", "'Preference'"),
    ],
)
def test_a_file_that_differs_from_the_pinned_reading_is_refused_with_the_difference(
    capsys: pytest.CaptureFixture[str], votes: Path, tmp_path: Path, old: str, new: str, difference: str
) -> None:
    pinned = tmp_path / "prefqa.toml"
    assert call(capsys, "inspect", votes, "--write-config", pinned)[0] == 0
    votes.write_text(votes.read_text().replace(old, new))
    for command in ("inspect", "check"):
        code, _, err = call(capsys, command, votes, "-c", pinned)
        assert (code, difference in err) == (2, True)


def test_scores_beyond_the_pinned_scale_are_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    ratings = tmp_path / "ratings.csv"
    rows = [f"q{i},r{k},{a},{1 + (i + k) % 5}" for i in range(4) for k in range(2) for a in "xy"]
    ratings.write_text("\n".join(["item_id,response_id,rater,rating", *rows]))
    pinned = tmp_path / "prefqa.toml"
    assert call(capsys, "inspect", ratings, "--write-config", pinned)[0] == 0
    ratings.write_text(ratings.read_text() + "\nq9,r0,x,7\nq9,r1,x,1\n")
    code, _, err = call(capsys, "check", ratings, "-c", pinned)
    assert (code, "7" in err and "score" in err) == (2, True)


def test_a_tool_is_pinned_by_its_format_and_its_votes(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    battles = tmp_path / "battles.jsonl"
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    row = {
        "question_id": "q",
        "model_a": "m1",
        "model_b": "m2",
        "winner": "model_a",
        "conversation_a": turns,
        "conversation_b": turns,
    }
    battles.write_text("\n".join(json.dumps(row | {"question_id": f"q{n}"}) for n in range(4)))
    pinned = tmp_path / "prefqa.toml"
    assert call(capsys, "inspect", battles, "--write-config", pinned)[0] == 0
    assert tomllib.loads(pinned.read_text())["read"]["format"] == "arena"
    assert call(capsys, "inspect", battles, "-c", pinned)[0] == 0
    battles.write_text(battles.read_text().replace('"winner": "model_a"', '"winner": "tie"', 1))
    assert call(capsys, "inspect", battles, "-c", pinned)[0] == 2


def test_run_and_check_begin_with_how_the_file_was_read(
    capsys: pytest.CaptureFixture[str], votes: Path, tmp_path: Path
) -> None:
    for arguments in (("check", votes), ("run", votes, "-o", tmp_path / "out")):
        _, out, _ = call(capsys, *arguments)
        assert "annotator_id = 'Worker ID'" in " ".join(out.split())
        assert "'Tie' = tie 1" in " ".join(out.split())
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["source"]["reading"]["values"]
    report = (tmp_path / "out" / "report.html").read_text()
    assert "How the data was read" in report


def test_columns_are_applied_on_top_of_a_tools_reader() -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    rows = [
        {"question_id": f"q{n}", "model_a": "m1", "model_b": "m2", "winner": "model_a", "conversation_a": turns,
         "conversation_b": turns, "volunteer": f"v{n % 2}"}
        for n in range(4)
    ]  # fmt: skip
    prefs = prefqa.read(rows, columns={"annotator_id": "volunteer"})
    assert prefs.source.shape == "arena"
    assert sorted(prefs.judgments.collect()["annotator_id"].unique()) == ["v0", "v1"]
    assert dict(prefs.reading.columns.select("column", "role").rows())["volunteer"] == "annotator_id"


def test_a_name_of_ours_that_means_something_else_can_be_freed() -> None:
    rows = [
        {"prompt": f"q{n}", "chosen": "a good answer", "rejected": "a bad one", "status": status, "annotator_id": "a"}
        for n, status in enumerate(("submitted", "gone"))
    ]
    assert prefqa.check(prefqa.read(rows), ignore=["PQ3"]).quarantine.height == 2
    freed = prefqa.read(rows, columns={"status": False})
    assert prefqa.check(freed, ignore=["PQ3"]).quarantine.height == 0
    assert "source_status" in freed.columns
