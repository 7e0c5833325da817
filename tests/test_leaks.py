"""No id of an annotator, address, number or key is in what is written, and nothing that is printed acts."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from prefqa.cli import cli
from prefqa.cli.streams import Guarded
from prefqa.personal import masked
from prefqa.terminal.parts import shown
from prefqa.writers import LAYOUTS
from prefqa.writers.atomic import dumps
from prefqa.writers.markdown import plain

PEOPLE = ("alice.smith@corp.com", "Bob Jones", "carol-99")
KEY = "0123456789abcdef"
TEXTS = ("Rust is an oxide of iron that forms in wet air.", "Iron turns red when water and air get at it, slowly.")
Row = dict[str, Any]


def csv(rows: list[Row], path: Path) -> Path:
    pl.DataFrame(rows).write_csv(path)
    return path


def jsonl(rows: list[Row], path: Path) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def long(folder: Path) -> Path:
    rows = [
        {
            "item_id": f"p{i}",
            "annotator_id": who,
            "response_id": f"r{r}",
            "rank": 1 + (r + i // 4) % 2,
            "judgment_id": f"{who}/{i}",
            "reviewer": PEOPLE[i % 3],
            "note": f"changed by {who} on Monday",
            "seen by Bob Jones": i % 2,
            "batch": f"batch of {who}",
        }
        for i in range(12)
        for who in PEOPLE
        for r in (0, 1)
    ]
    return csv(rows, folder / "votes of Bob Jones.csv")


def nested(folder: Path) -> Path:
    rows = [
        {
            "prompt": f"What is rust, in {i} words?",
            "chosen": f"{TEXTS[i % 2]} {i}",
            "rejected": f"{TEXTS[1 - i % 2]} {i}",
            "annotator_id": who,
            "meta": {"by": who, "Bob Jones": 1, "all": list(PEOPLE)},
        }
        for i in range(12)
        for who in PEOPLE
    ]
    return jsonl(rows, folder / "pairs.jsonl")


def mapped(folder: Path) -> Path:
    rows = [
        {"item_id": f"p{i}", "who": who, "annotator_id": who, "response_id": f"r{r}", "rank": 1 + (r + i // 4) % 2}
        for i in range(12)
        for who in PEOPLE
        for r in (0, 1)
    ]
    (folder / "prefqa.toml").write_text('[columns]\nannotator_id = "who"\n')
    return csv(rows, folder / "mapped.csv")


def arena(folder: Path) -> Path:
    rows = [
        {
            "question_id": f"q{i}",
            "model_a": "m1",
            "model_b": "m2",
            "winner": ("model_a", "model_b")[i % 2],
            "judge": who,
        }
        for i in range(12)
        for who in PEOPLE
    ]
    return csv(rows, folder / "arena.csv")


def argilla(folder: Path) -> Path:
    def answer(value: Any, who: str) -> Row:
        return {"user_id": who, "value": value, "status": "submitted"}

    rows = [
        {
            "prompt": f"Explain {i}.",
            "reply-1": f"{TEXTS[0]} {i}",
            "reply-2": f"{TEXTS[1]} {i}",
            "ranking": [
                answer({"rank": [1 + i % 2, 2 - i % 2], "value": ["reply-1", "reply-2"]}, who) for who in PEOPLE
            ],
            "comment": [answer(f"A better answer to {i}, number {n}.", who) for n, who in enumerate(PEOPLE)],
            "external_id": f"x{i}",
            "metadata": json.dumps({"asked_by": "Bob Jones"}),
        }
        for i in range(12)
    ]
    return jsonl(rows, folder / "argilla.jsonl")


SOURCES: dict[str, Callable[[Path], Path]] = {
    "long": long, "nested": nested, "mapped": mapped, "arena": arena, "argilla": argilla
}  # fmt: skip


def written_in(folder: Path) -> str:
    """Names and content of all files of a folder, Parquet as JSON."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    texts = [pl.read_parquet(f).write_json() if f.suffix == ".parquet" else f.read_text("utf-8") for f in files]
    return "\n".join([*(str(f.relative_to(folder)) for f in files), *texts])


def command(*arguments: object, folder: Path) -> str:
    """Run a command with pseudonyms; return what it printed."""
    config = ["-c", str(folder / "prefqa.toml")] if (folder / "prefqa.toml").exists() else []
    (folder / "key").write_text(KEY)
    given = [*map(str, arguments), "--pseudonymise", str(folder / "key"), *config]
    done = CliRunner().invoke(cli, given)
    assert done.exit_code in (0, 1), done.output
    return done.output


def assert_no_one_named(text: str) -> None:
    for who in PEOPLE:
        assert who not in text, text[max(text.find(who) - 200, 0) :][:400]


@pytest.mark.parametrize("source", SOURCES)
def test_no_id_is_in_what_a_run_writes_and_prints(source: str, tmp_path: Path) -> None:
    data, out = SOURCES[source](tmp_path), tmp_path / "out"
    printed = command("run", data, "-o", out, folder=tmp_path)
    assert_no_one_named(written_in(out))
    assert_no_one_named(printed.replace(str(tmp_path), ""))
    assert_no_one_named(command("check", data, "--format", "json", folder=tmp_path))
    command("convert", data, "-o", tmp_path / "standard" / "rows.parquet", folder=tmp_path)
    assert_no_one_named(written_in(tmp_path / "standard"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_id_is_in_any_layout(layout: str, tmp_path: Path) -> None:
    data = argilla(tmp_path)
    ending = {"verl": ".parquet", "csv": ".csv", "argilla": ".json", "label-studio": ".json"}.get(layout, ".jsonl")
    folders = ("hugging-face", "preflib")
    out = tmp_path / "out" / ("folder" if layout in folders else f"pairs{ending}")
    out.parent.mkdir()
    command("convert", data, "-o", out, "--layout", layout, folder=tmp_path)
    assert_no_one_named(written_in(out.parent))


ADDRESSES = {
    "mail": "write to jane.doe@corp.org",
    "mail of another script": "schreib an jörg@bücher.de",
    "phone": "call +49 30 1234567",
    "phone with zeros": "call 0171 1234567",
    "american phone": "call (212) 664-1234",
    "key": "use sk-abcdefghijklmnopqrstuvwx",
    "key of GitHub": "use ghp_" + "a1" * 18,
    "token": "use eyJhbGciOiJIUzI1NiJ9aa.eyJzdWIiOiIxMjM0NTY3ODkwIn0",
    "private key": "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQE\n-----END PRIVATE KEY-----",
    "cut mail": "write to jane.doe@co…",
    "cut phone": "call +49 30 12…",
    "cut key": "use sk-abcdef…",
}


@pytest.mark.parametrize("text", ADDRESSES.values(), ids=list(ADDRESSES))
def test_excerpts_show_no_address_number_or_key(text: str) -> None:
    found = masked(text)
    assert "[" in found
    for word in ("doe", "jörg", "1234", "30 12", "abcdef", "a1a1", "eyJ", "MII"):
        assert word not in found


@pytest.mark.parametrize("text", ["12 of 40 rows (30%)", "2026-01-05 10:00:00", "rank 3, score 1234567890", "a@ b"])
def test_figures_and_times_stay(text: str) -> None:
    assert masked(text) == text


def test_no_rule_shows_an_address(tmp_path: Path) -> None:
    text = "Write to jane.doe@corp.org or +49 30 1234567, key sk-abcdefghijklmnopqrstuvwx, and as an AI I cannot."
    rows = [
        {"prompt": text, "chosen": text, "rejected": text if i % 2 else f"{text} {i}", "annotator_id": f"a{i % 3}"}
        for i in range(30)
    ]
    data = jsonl(rows, tmp_path / "x.jsonl")
    for arguments in (["check", "--format", "json"], ["check"], ["inspect"], ["inspect", "--format", "json"]):
        printed = CliRunner().invoke(cli, [arguments[0], str(data), *arguments[1:]]).output
        for word in ("jane.doe", "1234567", "sk-abc"):
            assert word not in printed, arguments
    CliRunner().invoke(cli, ["report", str(data), "-o", str(tmp_path / "report.html")])
    assert "jane.doe" not in (tmp_path / "report.html").read_text()


COMMANDS = ("::error::x", "  ::set-output name=a::b", "##[error]x", "a ##vso[task.setvariable]b", "x\n::warning::y")


@pytest.mark.parametrize("styled", [False, True])
@pytest.mark.parametrize("text", COMMANDS)
def test_nothing_printed_is_a_command_of_a_ci_runner(text: str, styled: bool) -> None:
    behind = io.StringIO()
    Guarded(behind, styled=styled).write(text + "\n")
    for line in behind.getvalue().splitlines():
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "##vso[" not in line


def test_a_line_in_several_pieces_is_no_command_either() -> None:
    behind = io.StringIO()
    stream = Guarded(behind)
    for piece in ("  ", "::error::x\n", "a", "::b\n"):
        stream.write(piece)
    assert behind.getvalue() == "  \\::error::x\na::b\n"


def test_ids_wrapped_to_the_beginning_of_a_line_are_no_commands(tmp_path: Path) -> None:
    odd = "word " * 14 + "::error::injected ##[error]injected"
    rows = [{"item_id": odd, "annotator_id": "a", "response_id": odd + str(r), "rank": 3} for r in (0, 1)]
    data = csv(rows, tmp_path / "::error::x.csv")
    for arguments in (["check", data], ["check", data, "--format", "json"], ["inspect", data], ["check", f"{data}z"]):
        call = [sys.executable, "-c", "from prefqa.cli import main; main()", *map(str, arguments)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        for line in (done.stdout + done.stderr).splitlines():
            assert not line.lstrip().startswith("::"), line
            assert "##[" not in line


def test_error_messages_and_file_names_hold_no_escape_sequence(tmp_path: Path) -> None:
    name = "a\x1b[31m\x9b\r\x07.csv"
    call = [sys.executable, "-c", "from prefqa.cli import main; main()", "check", str(tmp_path / name)]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert not [c for c in done.stdout + done.stderr if not c.isprintable() and c != "\n"]


@pytest.mark.parametrize("text", ["\x1b[31m", "\x9b31m", "\u202egnp.exe", "##[error]", "##vso[x]", "\x7f"])
def test_json_holds_the_same_data_as_escapes(text: str) -> None:
    written = dumps({"id": text})
    assert json.loads(written) == {"id": text}
    assert not [c for c in written if not c.isprintable() and c != "\n"]
    assert "##" not in written
    assert shown(text) == text.encode("unicode_escape").decode() or text.startswith("##")


def test_markdown_of_a_card_renders_as_the_data() -> None:
    assert plain("<script>x</script>\n# [a](b)") == r"\<script\>x\</script\> # \[a\](b)"


def test_every_text_of_a_csv_that_a_spreadsheet_would_run_is_marked(tmp_path: Path) -> None:
    formula = '=HYPERLINK("http://x","y")'
    rows = [
        {"prompt": f"{formula}{i}", "chosen": f"+{TEXTS[0]}{i}", "rejected": f"@{TEXTS[1]}{i}", "annotator_id": who}
        for i in range(6)
        for who in ("=a", "-b")
    ]
    data, out = jsonl(rows, tmp_path / "x.jsonl"), tmp_path / "x.csv"
    assert CliRunner().invoke(cli, ["convert", str(data), "-o", str(out), "--layout", "csv"]).exit_code == 0
    for row in pl.read_csv(out, infer_schema=False).rows():
        assert not [cell for cell in row if (cell and cell[0] in "=+@\t\r") or (cell and cell[:2] in ("-b", "-R"))]
