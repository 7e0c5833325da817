"""Files: every accepted format gives the same rows, and what is broken is named."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.errors import ColumnNotFoundError, ReadError, UsageError

ROWS = pl.DataFrame(
    {
        "item_id": ["007", "007", "008", "008"],
        "annotator_id": ["ann", "ann", "bob", "bob"],
        "response_id": ["x", "y", "x", "y"],
        "rank": [1, 2, 2, 1],
    }
)


def long(prefs: prefqa.Preferences) -> pl.DataFrame:
    return prefs.judgments.select("item_id", "annotator_id", "response_id", "rank").collect()


def write(path: Path) -> Path:
    name = path.name.removesuffix(".gz").removesuffix(".zst")
    plain = path.with_name(name)
    match Path(name).suffix:
        case ".parquet" | ".pq":
            ROWS.write_parquet(plain)
        case ".csv":
            ROWS.write_csv(plain)
        case ".tsv":
            ROWS.write_csv(plain, separator="\t")
        case ".json":
            ROWS.write_json(plain)
        case ".jsonl" | ".ndjson":
            ROWS.write_ndjson(plain)
        case _:
            ROWS.write_ipc(plain)
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(plain.read_bytes()))
    if path.name.endswith(".zst"):
        pl.DataFrame({"line": plain.read_text().splitlines()}).write_csv(
            path, include_header=False, quote_style="never", compression="zstd"
        )
    return path


NAMES = [
    *("a.parquet", "a.pq", "a.csv", "a.tsv", "a.json", "a.jsonl", "a.ndjson", "a.arrow", "a.ipc", "a.feather"),
    *("a.csv.gz", "a.tsv.gz", "a.json.gz", "a.jsonl.gz", "a.jsonl.zst", "a.json.zst"),
]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_reads_alike_and_ids_stay_text(tmp_path: Path, name: str) -> None:
    assert long(prefqa.read(write(tmp_path / name))).equals(ROWS)


def test_an_arrow_stream_reads_like_an_arrow_file(tmp_path: Path) -> None:
    ROWS.write_ipc_stream(tmp_path / "a.arrow")
    assert long(prefqa.read(tmp_path / "a.arrow")).equals(ROWS)


def test_a_directory_a_glob_and_a_list_read_all_files(tmp_path: Path) -> None:
    ROWS[:2].write_parquet(tmp_path / "1.parquet")
    ROWS[2:].write_parquet(tmp_path / "2.parquet")
    for source in (tmp_path, str(tmp_path / "*.parquet"), [tmp_path / "1.parquet", tmp_path / "2.parquet"]):
        assert long(prefqa.read(source)).equals(ROWS)


def test_companion_tables_in_a_directory_are_read(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "judgments.parquet")
    pl.DataFrame({"item_id": ["007"], "response_id": ["x"], "text": ["hello"]}).write_csv(tmp_path / "responses.csv")
    pl.DataFrame({"item_id": ["007"], "prompt": ["say it"]}).write_csv(tmp_path / "items.csv")
    prefs = prefqa.read(tmp_path)
    assert prefs.responses is not None
    assert prefs.responses.rows() == [("007", "x", "hello")]
    assert prefs.items is not None
    assert prefs.items.rows() == [("007", "say it")]


def test_nan_and_infinity_in_json_lines_are_read_not_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    base = '{"item_id": "a", "annotator_id": "z", "response_id": "%s", "rank": %s}\n'
    path.write_text(base % ("x", "NaN") + base % ("y", "Infinity") + base % ("z", 1))
    found = prefqa.check(prefqa.read(path)).findings.filter(pl.col("code") == "PQ104")
    assert found["count"].to_list() == [2]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.parquet", b"", ["a.parquet", "empty"]),
        ("a.csv", b"", ["empty"]),
        ("a.txt", b"hello", [".txt", "not known", ".parquet"]),
        ("a.parquet", b"item_id,rank\n1,2\n", ["read as parquet", "not"]),
        ("a.csv", b"PAR1....", ["read as csv", "parquet"]),
        ("a.parquet", b"PAR1 and then it stops", ["cut off"]),
        ("a.jsonl", b'{"item_id": "a"}\n{"item_id": \n{"item_id": "b"}\n', ["line 2", "not JSON"]),
        ("a.jsonl", b'{"item_id": "a"}\n[1, 2]\n', ["line 2", "object"]),
        ("a.json", b'[{"item_id": "a"},]', ["line 1", "not JSON"]),
        ("a.json", b'{"a": 1}', ["list of rows"]),
        ("a.csv", b"item_id,item_id\n1,2\n", ["line 1", "one name", "'item_id'"]),
        ("a.csv", b"item_id,annotator_id,response_id,rank\na,b,c,1\na,b,c,1,9,9\n", ["line 3", "6 fields"]),
        ("a.csv", b"item_id,annotator_id,response_id,rank\na,\xff,c,1\n", ["line 2", "UTF-8"]),
    ],
)
def test_a_broken_file_is_named_with_its_place_and_reason(
    tmp_path: Path, name: str, content: bytes, words: list[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ReadError) as caught:
        prefqa.run(path)
    for word in [name, *words]:
        assert word in str(caught.value)


def test_a_damaged_row_group_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.concat([ROWS] * 500).write_parquet(path, row_group_size=500, compression="zstd")
    content = bytearray(path.read_bytes())
    content[60:200] = b"\x00" * 140
    path.write_bytes(bytes(content))
    with pytest.raises(ReadError, match=r"a\.parquet.*damaged"):
        prefqa.run(path)


def test_a_truncated_file_a_directory_without_data_and_a_missing_file_are_named(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match="cut off"):
        prefqa.read(tmp_path / "a.parquet")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ReadError, match="no data file"):
        prefqa.read(tmp_path / "empty")
    with pytest.raises(ReadError, match=r"did you mean .*a\.parquet"):
        prefqa.read(tmp_path / "a.parqet")
    with pytest.raises(ReadError, match="no file matches"):
        prefqa.read(str(tmp_path / "*.csv"))


def test_a_missing_column_leads_to_its_mapping(tmp_path: Path) -> None:
    ROWS.rename({"annotator_id": "anotator_id"}).write_parquet(tmp_path / "a.parquet")
    reading = prefqa.read(tmp_path / "a.parquet").reading
    assert any("no column names the annotators" in statement for statement in reading.statements)
    assert dict(reading.columns.select("column", "role").rows())["anotator_id"] is None
    with pytest.raises(ColumnNotFoundError, match=r"'annotator'.*[\s\S]*did you mean 'anotator_id'"):
        prefqa.read(tmp_path / "a.parquet", columns={"annotator_id": "annotator"})
    mapped = prefqa.read(tmp_path / "a.parquet", columns={"annotator_id": "anotator_id"})
    assert long(mapped).equals(ROWS)


def test_addresses_unknown_objects_and_unknown_formats_are_refused(tmp_path: Path) -> None:
    ROWS.write_parquet(tmp_path / "a.parquet")
    with pytest.raises(UsageError, match="address"):
        prefqa.read("https://example.org/a.parquet")
    with pytest.raises(UsageError, match="cannot read a int"):
        prefqa.read(3)
    with pytest.raises(UsageError, match="unknown format"):
        prefqa.read(tmp_path / "a.parquet", format="excel")
