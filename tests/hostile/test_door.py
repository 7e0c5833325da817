"""One door for columns: whatever the type in a file, rules see texts as texts, and names of columns are names."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.exceptions import PanicException

import prefqa
from hostile.values import KINDS, rankings, ratings, votes
from prefqa.cli import main
from prefqa.dtypes import as_text, plain_columns, plain_names
from prefqa.errors import PrefqaError, ReadError, UsageError
from prefqa.pipeline import run
from prefqa.readers import files, packed
from prefqa.writers.atomic import write_parquet

TOKEN = "<|im_start|>"
TEXTS = {
    "text": pl.String,
    "bytes": pl.Binary,
    "categories": pl.Categorical,
    "dictionary": pl.Enum,
}


def plain(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None)


@pytest.mark.parametrize("kind", TEXTS)
def test_texts_of_any_type_are_looked_at_by_the_rules_on_texts(kind: str) -> None:
    frame = plain([row | {"response": f"{TOKEN}{row['response']}"} for row in ratings()])
    for name in ("response", "prompt", "model", "annotator_id"):
        values = frame[name]
        dtype: Any = pl.Enum(values.unique().sort()) if kind == "dictionary" else TEXTS[kind]
        frame = frame.with_columns(values.cast(dtype))
    prefs = prefqa.read(frame)
    assert prefs.responses is not None
    assert prefs.responses.schema["text"] == pl.String()
    found = prefqa.check(prefs, select=["PQ2"])
    assert found.findings.filter(code="PQ216")["count"].to_list() == [12]
    assert "PQ216" in found.ran


def test_what_is_behind_the_door_is_of_few_types() -> None:
    allowed = (pl.String, pl.Boolean, pl.Int64, pl.Float64, pl.Null, pl.Datetime, pl.Date, pl.Struct, pl.List)

    def leaves(dtype: Any) -> list[Any]:
        if isinstance(dtype, pl.List):
            return [dtype, *leaves(dtype.inner)]
        if isinstance(dtype, pl.Struct):
            assert dtype.fields
            return [dtype, *(leaf for field in dtype.fields for leaf in leaves(field.dtype))]
        return [dtype]

    for kind in KINDS:
        series = kind.make(["a", "b", "c"])
        assert series is not None
        frame, left_out = plain_columns(series.alias("x").to_frame().lazy())
        for dtype in frame.collect_schema().dtypes():
            assert all(isinstance(leaf, allowed) or leaf.is_numeric() for leaf in leaves(dtype)), kind.name
        assert set(left_out) <= {"x"}
        shown = frame.select(as_text(pl.col(name), dtype) for name, dtype in frame.collect_schema().items()).collect()
        shown.write_ndjson(io.BytesIO())
        frame.collect().write_parquet(io.BytesIO())


def test_times_out_of_range_say_which_unit_they_are_of() -> None:
    far = pl.Series("created_at", [2**62, 0], dtype=pl.Int64).cast(pl.Datetime("ms"))
    frame = plain_columns(far.to_frame().lazy()).frame.collect()
    assert frame["created_at"].to_list() == ["4611686018427387904 ms since 1970", "1970-01-01T00:00:00.000000"]


@pytest.mark.parametrize("name", ["*", "^.*$", "^response$", "^[$", "^x$"])
def test_names_that_are_patterns_are_names(name: str) -> None:
    assert plain_names([name, f"{name}_"]) == {name: f"{name}__"}
    rows = [row | {name: f"v{n % 2}"} for n, row in enumerate(votes())]
    prefs = prefqa.read(plain(rows))
    assert prefs.judgments.collect()[f"{name}_"].n_unique() == 2
    assert "prompt" in prefqa.read(plain(rows)).items.columns  # type: ignore[union-attr]
    moved = [{key: value for key, value in row.items() if key != "prompt"} | {name: row["prompt"]} for row in votes()]
    found = prefqa.read(plain(moved), columns={"prompt": name})
    assert found.items is not None
    assert found.items["prompt"].n_unique() == 4
    assert name in found.reading.columns["column"].to_list()


@pytest.mark.parametrize("name", ["row", "code", "reason", "_row", "_long", "_value", "n_chars", "_batch"])
def test_columns_of_any_name_are_kept_with_the_rows_that_are_left_out(name: str) -> None:
    rows = [row | {name: f"v{n}"} for n, row in enumerate(rankings())]
    rows[3]["annotator_id"] = None
    found = prefqa.check(prefqa.read(plain(rows)), select=["PQ1"])
    quarantine = found.quarantine
    assert quarantine["row"].to_list() == [3]
    assert quarantine["code"].to_list() == ["PQ102"]
    kept = [column for column in quarantine.columns if column.strip("_").endswith(name.strip("_"))]
    assert ["v3"] in [quarantine[column].to_list() for column in kept]
    assert found.left_out.n_rows == 1


def test_lists_under_the_name_of_models_are_set_aside() -> None:
    prefs = prefqa.read(plain([row | {"model": [row["model"]]} for row in rankings()]))
    assert "source_model" in prefs.columns
    assert any("column 'model' holds lists" in one for one in prefs.reading.statements)
    assert run(prefs).leaderboard is None


@pytest.mark.parametrize("value", [[], {}, [{}], ["a"], {"a": {}}])
def test_ids_that_are_no_values_are_refused_with_the_way_out(value: Any) -> None:
    frame = plain([row | {"judgment_id": "x"} for row in rankings()]).with_columns(judgment_id=pl.lit([value]))
    with pytest.raises(UsageError, match="judgment_id = false"):
        prefqa.read(frame)


def test_tables_beside_judgments_go_through_the_door(tmp_path: Path) -> None:
    responses = plain([{"item_id": "i0", "response_id": "r0", "text": "x", "model": ["m"], "licence": {"a": 1}}])
    prefs = prefqa.read(plain(rankings()), responses=responses, items=plain([{"item_id": "i0", "prompt": {"a": 1}}]))
    assert prefs.responses is not None
    assert prefs.responses.row(0, named=True)["model"] == '["m"]'
    assert prefs.items is not None
    assert prefs.items["prompt"].to_list() == ['{"a":1}']
    with pytest.raises(UsageError, match="holds lists, where one id is expected"):
        prefqa.read(plain(rankings()), responses=responses.with_columns(pl.col("item_id").implode().over("item_id")))


def test_a_column_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1], "b": pl.Series([{}], dtype=pl.Struct([]))})
    with pytest.raises(UsageError, match=r"x\.parquet: column 'b'"):
        write_parquet(tmp_path / "x.parquet", frame)
    assert list(tmp_path.iterdir()) == []


def test_a_panic_of_polars_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.parquet"
    plain(rankings()).write_parquet(path)

    def panics(*_: Any) -> Any:
        raise PanicException("out of bounds")

    monkeypatch.setattr(files, "with_class_names", panics)
    with pytest.raises(ReadError, match=r"x\.parquet: cannot be read: out of bounds"):
        prefqa.read(path)
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match="Polars stopped"), files.readable((str(path),)):
        panics()


@pytest.mark.parametrize("end", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("ending", [".jsonl.gz", ".json.gz", ".csv.gz"])
def test_a_packed_file_that_is_cut_off_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str, end: float
) -> None:
    frame, content = plain(ratings()), io.BytesIO()
    (frame.write_csv if "csv" in ending else frame.write_json if "json." in ending else frame.write_ndjson)(content)
    whole = gzip.compress(content.getvalue())
    path = tmp_path / f"x{ending}"
    path.write_bytes(whole[: int(len(whole) * end)])
    with pytest.raises(SystemExit) as ended:
        main(["check", str(path)])
    assert ended.value.code == 2
    assert f"x{ending}" in capsys.readouterr().err


def test_packed_files_are_bounded_by_what_they_unpack_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_BYTES", 100_000)
    monkeypatch.setattr(packed, "MAX_ROWS", 1_000)
    row = b'{"prompt":"p","chosen":"a","rejected":"b"}\n'
    bombs = {"x.jsonl.gz": gzip.compress(row + b" " * 1_000_000), "x.json.gz": gzip.compress(b" " * 1_000_000) * 2}
    for name, content in bombs.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ReadError, match=f"{name}: unpacks to more than"):
            prefqa.read(tmp_path / name)
    (tmp_path / "good.jsonl.gz").write_bytes(gzip.compress(row * 10))
    assert prefqa.read(tmp_path / "good.jsonl.gz").judgments.collect().height == 20
    table = tmp_path / "x.parquet"
    pl.select(pl.repeat("p", 2_000_000).alias("prompt")).write_parquet(table, compression="zstd")
    with pytest.raises(ReadError, match=r"x\.parquet: claims 2,000,000 rows"):
        prefqa.read(table)


def test_zstandard_is_measured_by_its_blocks(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    codec = pa.Codec("zstd")
    for size in (0, 10, 1 << 17, (1 << 17) + 1, 3_000_000):
        for content in (b" " * size, bytes(i * i % 251 for i in range(size))):
            path = tmp_path / "x.jsonl.zst"
            path.write_bytes(codec.compress(content, asbytes=True) * 2)
            told = packed._size_of_zstd(path, 1 << 40)
            assert 2 * size <= told <= 2 * (size + (1 << 17))


@pytest.mark.parametrize(
    "rows",
    [
        [{"prompt": "p", "completion": "x", "label": [[]]}, {"prompt": "p", "completion": "y", "label": [[]]}],
        [{"prompt": "p", "a": "x", "b": "y", "ranking": [1]}, {"prompt": "q", "a": "x", "b": "y", "ranking": "[1]"}],
        [{"conversations": "\\", "chosen": 1, "rejected": {"from": "gpt", "value": [None]}}],
        [{"prompt": "p", "chosen": "\udf89", "rejected": [1]}],
        [{"chosen": {"from": [None], "value": "Paris."}, "rejected": {"from": {}, "value": "Berlin."}}],
    ],
    ids=["label", "lists as text", "contents", "half a character", "speakers"],
)
def test_lines_that_fuzzing_found_are_read_or_refused(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    try:
        prefqa.check(prefqa.read(path), select=["PQ1", "PQ7"])
    except PrefqaError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("rejected", ["\ud800", ["\udfff"], [{"role": "assistant", "content": "\ud800"}]])
def test_half_a_character_is_refused_with_the_file(tmp_path: Path, rejected: Any) -> None:
    message = {"role": "assistant", "content": "good"}
    row = {"messages": [{"role": "user", "content": "q"}], "chosen": message, "rejected": message}
    rows = [row, row | {"rejected": rejected}]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(ReadError, match=r"x\.json: .*half of a character"):
        prefqa.read(path)
    with pytest.raises(ReadError, match="half of a character"):
        prefqa.read(rows)
    lines = tmp_path / "x.jsonl"
    lines.write_text("\n".join(map(json.dumps, rows)))
    with suppress(PrefqaError):  # Polars may read such an escape itself, as the sign for what is no character
        prefqa.read(lines)
