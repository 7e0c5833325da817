"""Files that belong together: one switch, whatever ends the process; what was cut short is finished or undone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import polars as pl
import pytest

from prefqa.errors import ReadError, UsageError
from prefqa.writers import locks, manifest
from prefqa.writers.atomic import content_of, rewrite_json, staged_directory, write_parquet, write_text
from prefqa.writers.file_sets import STAGE, file_set
from prefqa.writers.signals import uninterrupted
from prefqa.writers.targets import check_file, check_folder

ROOT = Path(__file__).parents[2]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system with fork")


def write(folder: Path, content: str, *names: str) -> None:
    with staged_directory(folder) as stage:
        for name in names:
            write_text(stage / name, content)


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.name != manifest.NAME}


def test_a_set_replaces_the_one_before_and_is_listed(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    write(tmp_path, "one", "a", "b", "c")
    first = manifest.read_list(tmp_path)
    assert set(first) == {"a", "b", "c"}
    assert len({entry["run"] for entry in first.values()}) == 1
    write(tmp_path, "two", "a", "d")
    assert texts(tmp_path) == {"a": "two", "d": "two", "mine.txt": "mine"}
    second = manifest.read_list(tmp_path)
    assert {entry["run"] for entry in second.values()}.isdisjoint(entry["run"] for entry in first.values())


def test_sets_of_one_folder_keep_apart(tmp_path: Path) -> None:
    for content, family in (("one", {"a", "b"}), ("two", {"c"})):
        with file_set(tmp_path, family=family) as files:
            for name in family:
                write_text(files.new / name, content)
    with file_set(tmp_path, family={"a", "b"}) as files:
        write_text(files.new / "a", "three")
    assert texts(tmp_path) == {"a": "three", "c": "two"}
    assert set(manifest.read_list(tmp_path)) == {"a", "c"}


def test_where_the_block_fails_nothing_changes_and_no_folder_is_left(tmp_path: Path) -> None:
    write(tmp_path, "one", "a")
    for folder in (tmp_path, tmp_path / "new" / "deep"):
        with pytest.raises(RuntimeError), staged_directory(folder) as stage:  # noqa: PT012 (what fails is the block)
            (stage / "a").write_text("two")
            raise RuntimeError
    assert texts(tmp_path) == {"a": "one"}


def test_a_folder_where_a_file_belongs_leaves_all_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, "one", "a", "c")
    (tmp_path / "b").mkdir()
    with pytest.raises(UsageError, match="b: it is a directory"):
        write(tmp_path, "two", "a", "b", "c")
    assert {name: (tmp_path / name).read_text() for name in ("a", "c")} == {"a": "one", "c": "one"}
    manifest.read_list(tmp_path)


def test_a_move_that_is_refused_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "one", "a", "b", "old")
    rename = Path.rename

    def refused(self: Path, target: Path) -> Path:
        if self.name == "b" and self.parent.name == "new":
            raise OSError(16, "Device or resource busy")
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", refused)
        with pytest.raises(UsageError, match="busy"):
            write(tmp_path, "two", "a", "b")
    assert texts(tmp_path) == {"a": "one", "b": "one", "old": "one"}
    manifest.read_list(tmp_path)


def test_what_a_killed_process_left_goes_and_what_a_live_one_writes_stays(tmp_path: Path) -> None:
    stage, theirs = tmp_path / f"{STAGE}00000000", tmp_path / f"{STAGE}11111111"
    for place in (stage, theirs):
        (place / "new").mkdir(parents=True)
        (place / "new" / "a").write_text("half")
        (place / "lock").touch()
    (tmp_path / f"{STAGE}22222222").mkdir()
    (tmp_path / f"{STAGE}mine").mkdir()
    (tmp_path / f"{STAGE}mine" / "file").write_text("no lock of ours")
    (tmp_path / locks.FOLDER_LOCK).touch()
    held = locks.acquire(theirs / "lock")
    write_text(tmp_path / "other", "text")
    assert {path.name for path in tmp_path.iterdir()} == {"other", theirs.name, f"{STAGE}mine"}
    assert held is not None
    os.close(held)
    write_text(tmp_path / "other", "text")
    assert {path.name for path in tmp_path.iterdir()} == {"other", f"{STAGE}mine"}


@pytest.mark.parametrize(
    "journal",
    [
        {"files": ["../outside"], "remove": []},
        {"files": [], "remove": ["../outside"]},
        {"files": [1], "remove": []},
        {"files": "a"},
        [],
    ],
)
def test_a_journal_that_names_other_places_touches_none(tmp_path: Path, journal: object) -> None:
    folder = tmp_path / "folder"
    stage = folder / f"{STAGE}00000000"
    for part in ("new", "old"):
        (stage / part).mkdir(parents=True)
    (tmp_path / "outside").write_text("mine")
    (stage / "lock").touch()
    (stage / "journal.json").write_text(json.dumps(journal))
    write_text(folder / "a", "text")
    assert (tmp_path / "outside").read_text() == "mine"
    assert [path.name for path in folder.iterdir()] == ["a"]


def test_a_list_that_is_gone_or_not_true_is_told(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no list of files"):
        manifest.read_list(tmp_path)
    write(tmp_path, "one", "a", "b")
    (tmp_path / "b").write_text("changed")
    with pytest.raises(ReadError, match="changed since"):
        manifest.read_list(tmp_path)
    (tmp_path / "b").unlink()
    with pytest.raises(ReadError, match="No such file"):
        manifest.read_list(tmp_path)
    (tmp_path / manifest.NAME).write_text("[]")
    with pytest.raises(ReadError, match="not a list of files"):
        manifest.read_list(tmp_path)


def test_many_at_once_leave_the_files_of_one(tmp_path: Path) -> None:
    write(tmp_path, "start", "a", "b")
    threads = [threading.Thread(target=write, args=(tmp_path, str(n), "a", "b")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    manifest.read_list(tmp_path)
    assert len(set(texts(tmp_path).values())) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b", manifest.NAME}


def test_a_folder_that_is_locked_for_too_long_is_refused(tmp_path: Path) -> None:
    held = locks.acquire(tmp_path / locks.FOLDER_LOCK)
    assert held is not None
    with pytest.raises(UsageError, match="another prefqa"), locks.locked(tmp_path, wait_s=0.05):
        pass
    os.close(held)


def test_a_file_that_another_process_wrote_meanwhile_is_left(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    rewrite_json(path, {"n": 1}, None)
    before = content_of(path)
    rewrite_json(path, {"n": 2}, before)
    rewrite_json(path, {"n": 2}, before)  # the same content is no conflict
    with pytest.raises(UsageError, match="another process"):
        rewrite_json(path, {"n": 3}, before)
    assert json.loads(path.read_text()) == {"n": 2}


def test_places_that_cannot_be_written_are_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder" / "report.html").mkdir(parents=True)
    for wrong, words in (
        ("", "empty"),
        (tmp_path, "directory"),
        (tmp_path / "file" / "x", "not a directory"),
        (tmp_path / ("n" * 300), "too long"),
        (tmp_path / "a\0b", "null"),
        (tmp_path / manifest.NAME, "own"),
        (tmp_path / f"{STAGE}x" / "a", "own"),
        ("/dev/null", "no regular file"),
    ):
        with pytest.raises(UsageError, match=words):
            check_file(wrong)
    with pytest.raises(UsageError, match="it is a file"):
        check_folder(tmp_path / "file")
    with pytest.raises(UsageError, match="it is a directory"):
        check_folder(tmp_path / "folder", ["report.html"])
    check_folder(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()


def test_a_symbolic_link_stays_one(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "file")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "text"


def test_a_folder_called_like_a_home_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_parquet("~/a.parquet", pl.DataFrame({"a": [1]}))
    assert (tmp_path / "~" / "a.parquet").is_file()


def test_a_signal_waits_until_the_switch_is_done() -> None:
    done = []
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: done.append("signal"))
    try:
        with uninterrupted():
            signal.raise_signal(signal.SIGTERM)
            done.append("switch")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert done == ["switch", "signal"]


@needs_fork
def test_a_kill_before_any_step_leaves_no_mix_and_the_next_run_leaves_nothing(tmp_path: Path) -> None:
    arguments = ["--jobs", "a set of small files", "--signals", "KILL"]
    ended = subprocess.run(
        [sys.executable, ROOT / "fuzz" / "kills.py", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path[1:]]), "TMPDIR": str(tmp_path)},
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "SIGKILL before a step" in ended.stdout
