"""The command line as a process: exit codes, signals, pipes and places that are closed, full or not to be written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prefqa import cli
from prefqa.cli.process import Ended
from prefqa.errors import UsageError

TABLE = "item_id,annotator_id,response_id,rank\np1,ann,a,1\np1,ann,b,3\n"
COMMAND = [sys.executable, "-c", "from prefqa.cli import main; main()"]
posix = pytest.mark.skipif(os.name != "posix", reason="needs a shell, and /dev/full")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "x.csv").write_text(TABLE)
    return tmp_path / "x.csv"


def ended(folder: Path, script: str, **more: str) -> tuple[int, str]:
    """Run a line of a shell, in which $PREFQA is the command; return its exit code and what it said."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)} | more
    shell = f'prefqa() {{ "{COMMAND[0]}" -c "{COMMAND[2]}" "$@"; }}\n{script}'
    done = subprocess.run(
        ["bash", "-c", shell], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    return done.returncode, done.stdout + done.stderr


@posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_is_no_failure_and_a_full_or_closed_output_is_named(table: Path, unbuffered: str) -> None:
    script = (
        "prefqa check x.csv --select PQ1 | true; echo pipe ${PIPESTATUS[0]}; prefqa rules >/dev/full; echo full $?; "
        "prefqa rules >&-; echo closed $?; prefqa explain PQ104 --no >/dev/full 2>/dev/full; echo both $?"
    )
    _, said = ended(table.parent, script, PYTHONUNBUFFERED=unbuffered)
    assert [line for line in said.splitlines() if line.split()[0] in ("pipe", "full", "closed", "both")] == [
        "pipe 0", "full 2", "closed 2", "both 2",
    ]  # fmt: skip
    assert "standard output: No space left" in said
    assert "standard output is closed" in said
    assert "Traceback" not in said


@posix
def test_standard_input_is_read(table: Path) -> None:
    code, said = ended(table.parent, "cat x.csv | prefqa convert /dev/stdin -o o.parquet")
    assert (code, "wrote o.parquet" in said) == (0, True)


def stopped(monkeypatch: pytest.MonkeyPatch, error: BaseException | int) -> int:
    def work(*_arguments: object, **_options: object) -> None:
        if isinstance(error, int):
            signal.raise_signal(error)
        else:
            raise error

    monkeypatch.setattr("prefqa.checks.explain", work)
    with pytest.raises(SystemExit) as end:
        cli.main(["explain", "PQ104"])
    return int(str(end.value.code))


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (signal.SIGTERM, 143, "ended by SIGTERM"),
        (UsageError("so it is"), 2, "error: so it is"),
        (MemoryError(), 2, "not enough memory"),
        (PermissionError(13, "Permission denied", "x.csv"), 2, "x.csv: Permission denied"),
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (EOFError(), 3, "fault of prefqa"),
        (ValueError("?"), 3, "fault of prefqa"),
    ],
)
def test_each_way_to_end_has_its_code_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException | int,
    code: int,
    words: str,
) -> None:
    assert stopped(monkeypatch, error) == code
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("ending", "code"), [(KeyboardInterrupt(), 130), (Ended(signal.SIGTERM), 143)])
def test_a_signal_that_another_error_hides_is_still_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ending: BaseException, code: int
) -> None:
    hidden = RuntimeError("Error calling __set_name__")
    hidden.__cause__ = ending
    assert stopped(monkeypatch, hidden) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "-o", "file"),
        ("run", "-o", "file/in"),
        ("run", "-o", "taken"),
        ("run", "-o", ""),
        ("demo", "-o", "file"),
        ("report", "-o", "/dev/null"),
        ("convert", "-o", "folder.parquet"),
        ("convert", "-o", "x.txt", "--layout", "trl"),
        ("convert", "-o", "file", "--layout", "preflib"),
        ("convert", "-o", f"{'n' * 300}.parquet"),
        ("check", "--fix", "fixed.parquet"),
        ("watch", "--state", "file/state.json"),
        ("consensus", "-o", "file/pairs.jsonl"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_read(
    table: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(table.parent)
    for folder in ("taken/report.html", "folder.parquet", "fixed.changes.jsonl"):
        Path(folder).mkdir(parents=True)
    Path("file").write_text("")
    before = sorted(Path.cwd().rglob("*"))
    source = () if arguments[0] == "demo" else ("no such file.csv",)
    with pytest.raises(SystemExit) as end:
        cli.main([arguments[0], *source, *arguments[1:]])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert "no such file" not in said
    assert sorted(Path.cwd().rglob("*")) == before


def test_a_fix_of_rows_with_judgment_ids_lists_its_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(TABLE.replace("rank\n", "rank,judgment_id\n").replace("1\n", "1,j\n").replace("3\n", "3,j\n"))
    with pytest.raises(SystemExit) as end:
        cli.main(["check", str(path), "--fix", str(tmp_path / "f.parquet"), "--select", "PQ1"])
    assert end.value.code == 0
    assert "1 changes" in capsys.readouterr().err
    assert {one.name for one in tmp_path.iterdir()} == {"x.csv", "f.parquet", "f.changes.jsonl", "prefqa-files.json"}
