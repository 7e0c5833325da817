"""Archives: the data files in them, within bounds, and under names that are theirs."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

import prefqa
from prefqa.errors import ReadError
from prefqa.readers import archives
from prefqa.readers.files import read_files, read_records

LONG = "item_id,annotator_id,response_id,rank\np,ann,x,2\np,ann,y,1\n"


def packed(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_the_one_data_file_is_read(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "a.zip", **{"export/a.csv": LONG, "README.txt": "x", "__MACOSX/._a.csv": "y", ".b.csv": "z"}
    )
    long = prefqa.read(path).judgments.collect()
    assert dict(zip(long["response_id"], long["rank"], strict=True)) == {"x": 2, "y": 1}
    assert read_records(path).how == ("from the archive 'export/a.csv'", "left 'README.txt' in the archive")


def test_several_files_of_a_kind_are_one_table(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", **{"ann.json": '[{"a": 1, "b": 2}]', "bob.json": '{"a": 3, "b": 4}'})
    assert read_records(path).typed().collect().rows() == [(1, 2), (3, 4)]
    with_names = read_files([path], file_column="who")
    assert with_names.typed().collect()["who"].to_list() == ["ann", "bob"]
    lines = packed(tmp_path / "b.zip", **{"a.csv.gz": gzip.compress(LONG.encode())})
    assert read_records(lines).typed().collect().height == 2


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "..\\evil.csv", "a/../../b.csv"])
def test_the_names_in_an_archive_are_no_paths(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "in"
    inner.mkdir()
    path = packed(inner / "a.zip", **{name: LONG})
    assert read_records(path).typed().collect().height == 2
    assert [one.name for one in tmp_path.rglob("*")] == ["in", "a.zip"]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"a.csv": LONG, "b.json": "[]"}, "several kinds: 'a.csv', 'b.json'"),
        ({"a.txt": "x"}, "no data file: 'a.txt'"),
        ({"a.zip": "x"}, "several kinds"),
        ({"judgments.csv": LONG, "responses.csv": LONG}, "several tables"),
        ({"a.csv": "a,b\n1,\xff\n".encode("latin-1")}, "a.zip, line 2: in 'a.csv': not UTF-8 text"),
        ({"a.jsonl": '{"a": 1}\n{'}, "a.zip, line 2: in 'a.jsonl': not JSON"),
        ({"a.csv": LONG + "p,ann,z,3,9\n"}, "a.zip, line 4: in 'a.csv': 5 fields"),
    ],
)
def test_what_cannot_be_read_is_named_within_the_archive(
    tmp_path: Path, members: dict[str, str | bytes], reason: str
) -> None:
    path = packed(tmp_path / "a.zip", **members)
    with pytest.raises(ReadError) as error:
        prefqa.run(path)
    assert reason in str(error.value)
    assert "prefqa-" not in str(error.value)


def test_sizes_are_bounded_by_what_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = packed(tmp_path / "a.zip", **{"a.csv": LONG * 100, "b.csv": LONG})
    with monkeypatch.context() as patch:
        patch.setattr(archives, "MAX_BYTES", 1000)
        with pytest.raises(ReadError, match="more than 1,000 bytes"):
            read_records(path)
    with monkeypatch.context() as patch:
        patch.setattr(archives, "MAX_MEMBERS", 1)
        with pytest.raises(ReadError, match="holds 2 files"):
            read_records(path)


def test_an_archive_that_lies_about_its_sizes_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", **{"a.csv": LONG * 100})
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
    path.write_bytes(bytes(raw))
    with pytest.raises(ReadError, match="cannot be unpacked"):
        read_records(path)


def test_encrypted_and_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", **{"a.csv": LONG})
    raw = bytearray(path.read_bytes())
    raw[6] |= 1
    raw[raw.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(raw))
    with pytest.raises(ReadError, match="is encrypted"):
        read_records(path)
    path.write_bytes(bytes(raw[:60]))
    with pytest.raises(ReadError, match="cannot be unpacked"):
        read_records(path)
