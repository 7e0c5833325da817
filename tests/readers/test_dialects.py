"""Separated text: which separator, encoding, line ends and blanks a file has, and when that is not clear."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.casts import decimal_commas
from prefqa.errors import ReadError, UsageError
from prefqa.readers.dialects import dialect_of
from prefqa.readers.files import FileOptions, read_files, read_records, scan_file


def write(folder: Path, content: str | bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def columns(path: Path, **options: str) -> dict[str, list[str | None]]:
    return scan_file(path, **options).collect().to_dict(as_series=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("separator", [";", "\t", "|", ","])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_the_separator_is_found_by_header_and_rows(tmp_path: Path, separator: str, name: str) -> None:
    rows = [["item", "text"], ["7", "why; or|not"], ["008", "a, b\tc"]]
    content = "\n".join(f'{item}{separator}"{text}"' for item, text in rows)
    path = write(tmp_path, content, name)
    assert columns(path) == {"item": ["7", "008"], "text": ["why; or|not", "a, b\tc"]}
    usual = {"a.csv": ",", "a.tsv": "\t"}[name]
    shown = "tab" if separator == "\t" else repr(separator)
    assert read_records(path).how == (() if separator == usual else (f"separator {shown}",))


def test_votes_in_a_file_of_semicolons_are_read(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "item_id;annotator_id;response_a;response_b;winner\np1;ann;x, y;z;b\np1;bob;x, y;z;a\np1;cid;x, y;z;b\n",
    )
    long = prefqa.read(path).judgments.collect()
    first = long.filter(pl.col("rank") == 1).sort("annotator_id")
    assert first["annotator_id"].to_list() == ["ann", "bob", "cid"]
    assert first["position"].to_list() == [2, 1, 2]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a (x;y),c\n1,2\n3,4\n", {"a (x;y)": ["1", "3"], "c": ["2", "4"]}),
        ('"a;b",c\n1,2\n', {"a;b": ["1"], "c": ["2"]}),
        ("a;b, c;d\n1;2, x;3\n1;2;3\n", {"a": ["1", "1"], "b, c": ["2, x", "2"], "d": ["3", "3"]}),
        ("text\nhello; there\n", {"text": ["hello; there"]}),
        ('a,b\n"x;\ny",2\n', {"a": ["x;\ny"], "b": ["2"]}),
    ],
)
def test_other_separators_in_names_and_texts_are_text(
    tmp_path: Path, content: str, expected: dict[str, list[str]]
) -> None:
    assert columns(write(tmp_path, content)) == expected


@pytest.mark.parametrize("content", ["a,b;c\n1,2;3\n", "a,b;c\n", "a;b\n1\n2\n3\n", "text;note\nhello\n"])
def test_a_separator_that_is_not_clear_is_refused_and_can_be_named(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(ReadError, match=r"line 1: the separator is not clear: it may be ',' or ';'") as error:
        scan_file(path)
    assert '[read]\nseparator = ";"' in str(error.value)
    assert len(columns(path, separator=";")) == 2


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("\ufeffa,b\né,“x”\n".encode(), None),
        ("a,b\né,“x”\n".encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + "a,b\né,“x”\n".encode("utf-16-be"), "utf-16"),
        ("a,b\né,“x”\n".encode("cp1252"), "cp1252"),
        (gzip.compress("a,b\né,“x”\n".encode("cp1252"), mtime=0), "cp1252"),
    ],
)
def test_an_encoding_is_recognised_and_reported(tmp_path: Path, content: bytes, encoding: str | None) -> None:
    path = write(tmp_path, content, "a.csv.gz" if content.startswith(b"\x1f") else "a.csv")
    assert columns(path) == {"a": ["é"], "b": ["“x”"]}
    assert read_records(path).how == ((f"encoding {encoding}",) if encoding else ())


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("привет", "cp1251"),
        ("była", "cp1250"),
        ("café naïve", "mac-roman"),
        ("こんにちは", "shift_jis"),
        ("Türkçe ğış", "cp1254"),
    ],
)
def test_an_encoding_that_is_not_clear_is_refused_and_can_be_named(tmp_path: Path, text: str, encoding: str) -> None:
    path = write(tmp_path, f"a,b\n1,{text} {text}\n".encode(encoding))
    with pytest.raises(ReadError, match="line 2: not UTF-8 text") as error:
        scan_file(path)
    assert "[read]\nencoding" in str(error.value)
    assert columns(path, encoding=encoding) == {"a": ["1"], "b": [f"{text} {text}"]}


def test_a_wrong_or_unknown_encoding_or_separator_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path, "a;b\né;2\n")
    with pytest.raises(ReadError, match="line 2: not ascii text"):
        scan_file(path, encoding="ascii")
    for name in ("nope", "rot13", "hex"):
        with pytest.raises(UsageError, match="unknown encoding"):
            scan_file(path, encoding=name)
    with pytest.raises(UsageError, match="not one character"):
        scan_file(path, separator=";;")
    with pytest.raises(ReadError, match="zero bytes"):
        scan_file(write(tmp_path, "a,b\n1,2\n".encode("utf-16-le")))


def test_lines_that_end_in_a_carriage_return_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, 'a,b\r1,"x\ny"\r3,4\r')
    assert columns(path) == {"a": ["1", "3"], "b": ["x\ny", "4"]}
    assert read_records(path).how == ("lines end in a carriage return",)
    assert columns(write(tmp_path, 'a,b\r\n"x\r\ny",2\r\n')) == {"a": ["x\r\ny"], "b": ["2"]}


def test_blanks_after_separators_belong_to_no_value(tmp_path: Path) -> None:
    assert columns(write(tmp_path, "a, b, c\n1, 2, 3\n4, , 6\n")) == {
        "a": ["1", "4"],
        "b": ["2", None],
        "c": ["3", "6"],
    }
    assert columns(write(tmp_path, 'a, b\n1, "2, ""3"""\n')) == {"a": ["1"], "b": ['2, "3"']}
    assert read_records(write(tmp_path, "a,b\n1, x\n2, y\n")).how == ("blanks after separators left out",)
    # A blank in some values alone is text.
    assert columns(write(tmp_path, "a, b\n1, x\n2,y\n")) == {"a": ["1", "2"], "b": [" x", "y"]}
    assert columns(write(tmp_path, 'a,b\n"x, y",2\n"z", 3\n"z",4\n')) == {
        "a": ["x, y", "z", "z"],
        "b": ["2", " 3", "4"],
    }


def test_columns_without_a_name_are_named_and_doubled_names_refused(tmp_path: Path) -> None:
    path = write(tmp_path, ",a, ,\n1,2,3,4\n")
    assert columns(path) == {"column_1": ["1"], "a": ["2"], "column_3": ["3"], "column_4": ["4"]}
    assert read_records(path).how == ("columns without a name called column_1, column_3, column_4",)
    with pytest.raises(ReadError, match=r"line 1: two columns have one name: 'a'"):
        scan_file(write(tmp_path, "a, a\n1,2\n"))


def test_a_line_with_too_many_fields_is_named_in_any_dialect(tmp_path: Path) -> None:
    header = "item_id;annotator_id;response_id;rank\n"
    for content in (header + "a;b;c;1\na;b;c;1;9\n", (header + "a;bé;cé;1\na;b;c;1;9\n").encode("cp1252")):
        with pytest.raises(ReadError, match=r"a\.csv, line 3: 5 fields, where the header has 4"):
            prefqa.run(write(tmp_path, content))


def test_decimal_commas_are_seen_and_read_only_where_they_are_clear(tmp_path: Path) -> None:
    path = write(tmp_path, "id;score;big;thousand;text\n1;3,5;1.234,5;1,234;a\n2;4;2,5;5;1,5\n")
    records = read_records(path)
    assert records.decimal_comma
    assert dialect_of(path).decimal_commas == ("score",)
    assert not read_records(write(tmp_path, 'id,score\n1,"3,5"\n', "b.csv")).decimal_comma
    read = records.typed().with_columns(decimal_commas(name) for name in ("score", "big", "thousand")).collect()
    assert read["score"].cast(pl.Float64).to_list() == [3.5, 4.0]
    assert read["big"].to_list() == ["1.234,5", "2,5"]
    assert read["thousand"].to_list() == ["1,234", "5"]
    assert read["text"].to_list() == ["a", "1,5"]


def test_a_name_with_brackets_is_no_pattern(tmp_path: Path) -> None:
    for ending in ("csv", "parquet", "jsonl", "json", "arrow"):
        for name, item in (("data[1]", "right"), ("data1", "wrong")):
            frame = pl.DataFrame({"item_id": [item], "rank": [1]})
            path = tmp_path / f"{name}.{ending}"
            match ending:
                case "csv":
                    frame.write_csv(path)
                case "parquet":
                    frame.write_parquet(path)
                case "json":
                    frame.write_json(path)
                case "jsonl":
                    frame.write_ndjson(path)
                case _:
                    frame.write_ipc_stream(path)
        read = scan_file(tmp_path / f"data[1].{ending}").collect()
        assert read["item_id"].to_list() == ["right"], ending


def test_files_of_several_dialects_are_one_table_and_each_is_reported(tmp_path: Path) -> None:
    paths = [write(tmp_path, "a,b\n1,2\n", "1.csv"), write(tmp_path, "a;b\n3;4\n", "2.csv")]
    records = read_files(paths, file_column="who")
    assert records.typed().collect().rows() == [("1", "2", "1"), ("3", "4", "2")]
    assert records.how == ("2.csv: separator ';'",)
    assert not records.decimal_comma
    forced = read_files(paths[1:], options=FileOptions(separator="|"))
    assert forced.typed().collect().columns == ["a;b"]


@pytest.mark.parametrize("cut", [30, 200])
def test_a_packed_file_that_is_cut_off_is_named(tmp_path: Path, cut: int) -> None:
    for name, content in (("a.csv.gz", b"a,b\n1,2\n"), ("a.jsonl.gz", b'{"a": 1, "b": 2}\n')):
        raw = gzip.compress(b"".join(content.replace(b"1", str(n).encode()) for n in range(300)), mtime=0)
        with pytest.raises(ReadError, match="the packed file is cut off"):
            read_records(write(tmp_path, raw[:-cut], name))
