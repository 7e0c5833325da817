"""Paths: one that exists is itself and no pattern; pipes are read once; an address of the hub is no local folder."""

from __future__ import annotations

import gzip
import os
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import ReadError, UsageError
from prefqa.readers import blocks, spool
from prefqa.writers import locks

HEAD = "item_id,annotator_id,response_id,rank\n"
TABLE = HEAD + "RIGHT,ann,a,1\nRIGHT,ann,b,2\n"
OTHER = TABLE.replace("RIGHT", "WRONG")
NAMES = ["data[1]", "[!a]", "a*", "a?b", "{x}", "**", "a\nb", "-dash", "a b", "ü✓", "~", "%s", "q'\"", "#x", "a\\b"]
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a system with named pipes")


def items(source: Any, **options: Any) -> list[str]:
    prefs = prefqa.read(source, **options)
    prefqa.check(prefs, select=["PQ1"])
    return prefs.judgments.collect()["item_id"].unique().to_list()


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "jsonl", "json", "arrow"])
def test_a_path_that_exists_is_no_pattern(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def write(name: str, text: str) -> Path:
        frame, path = pl.read_csv(text.encode()), Path(f"{name}.{ending}").absolute()
        match ending:
            case "csv":
                path.write_text(text)
            case "csv.gz":
                path.write_bytes(gzip.compress(text.encode()))
            case "parquet":
                frame.write_parquet(path)
            case "jsonl":
                path.write_text(frame.write_ndjson())
            case "json":
                path.write_text(frame.write_json())
            case _:
                frame.write_ipc(path)
        return Path(path.name)

    for name in ("data1", "a", "ab", "axb", "x"):
        write(name, OTHER)
    for name in NAMES:
        path = write(name, TABLE)
        assert items(path) == items(str(path.absolute())) == ["RIGHT"], name
    for folder in ("run[1]", "~"):
        Path(folder).mkdir()
        write(f"{folder}/data", TABLE)
        assert items(folder) == ["RIGHT"]


def piped(path: Path, content: bytes) -> Path:
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    return path


@needs_pipes
@pytest.mark.parametrize("name", ["x.csv", "nameless"])
def test_a_pipe_is_read_once_and_said_to_be_one(tmp_path: Path, name: str) -> None:
    prefs = prefqa.read(piped(tmp_path / name, TABLE.encode()))
    prefqa.check(prefs)
    assert prefs.judgments.collect().height == 2
    assert any(f"what came from {tmp_path / name}, read as csv" in one for one in prefs.reading.statements)


@needs_pipes
def test_what_a_nameless_pipe_holds_is_told_by_its_content(tmp_path: Path) -> None:
    frame = pl.read_csv(TABLE.encode())
    frame.write_parquet(tmp_path / "x.parquet")
    contents = [frame.write_ndjson(), frame.write_json(), TABLE, TABLE.replace(",", "\t")]
    packed = [gzip.compress(TABLE.encode()), (tmp_path / "x.parquet").read_bytes()]
    for number, content in enumerate([*(one.encode() for one in contents), *packed]):
        assert items(piped(tmp_path / f"pipe{number}", content)) == ["RIGHT"]


@needs_pipes
def test_pipes_that_hold_nothing_or_too_much_or_something_broken_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ReadError, match="one: the pipe gave nothing"):
        prefqa.read(piped(tmp_path / "one", b""))
    with pytest.raises(ReadError, match=r"two, line 2: not JSON"):
        prefqa.read(piped(tmp_path / "two", b'{"item_id": "p"}\n{"item_id":\n'))
    with pytest.raises(ReadError, match="/dev/null: is a device"):
        prefqa.read("/dev/null")
    monkeypatch.setattr(spool, "MAX_BYTES", 10)
    with pytest.raises(ReadError, match="three: gives more than 10 bytes"):
        prefqa.read(piped(tmp_path / "three", TABLE.encode()))


@pytest.mark.parametrize("ending", ["csv", "tsv"])
def test_lines_may_end_in_a_carriage_return(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(TABLE.replace("\n", "\r").replace(",", "\t" if ending == "tsv" else ",").encode())
    assert items(path) == ["RIGHT"]


@pytest.mark.parametrize(
    ("name", "text"), [("x.jsonl", '{"item_id": "p"}\r{"item_id": "q"}\r'), ("x.soc", "# TITLE: x\r3: 1,2\r2: 2,1\r")]
)
def test_where_they_may_not_it_is_said(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(text.encode())
    with pytest.raises(ReadError, match="carriage return"):
        prefqa.read(tmp_path / name)


def test_an_address_of_the_hub_never_takes_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    datasets = pytest.importorskip("datasets")
    calls = []

    def load(name: str, **options: Any) -> Any:
        calls.append((name, options["revision"]))
        return datasets.Dataset.from_list([{"prompt": "q", "chosen": "a", "rejected": "b"}])

    monkeypatch.setattr(datasets, "load_dataset", load)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "me" / "mine").mkdir(parents=True)
    prefqa.read("hf://me/mine@abc")
    assert calls == [("hf://datasets/me/mine", "abc")]
    with pytest.raises(UsageError, match="names a reader"):
        prefqa.read("hf://csv")


def test_temporary_files_of_processes_that_are_gone_are_removed(tmp_path: Path) -> None:
    gone, live, mine = (tmp_path / f"prefqa-tmp-{name}" for name in ("gone0000", "live0000", "mine0000"))
    for folder in (gone, live, mine):
        folder.mkdir()
        (folder / "data").write_text("x")
    (gone / locks.FOLDER_LOCK).touch()
    held = locks.acquire(live / locks.FOLDER_LOCK)
    blocks._remove_left_behind(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {live.name, mine.name}
    assert held is not None
    os.close(held)
