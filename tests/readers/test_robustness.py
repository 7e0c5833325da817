"""Broken exports end in findings, or in an error that names file and line; never in a traceback of another kind."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import prefqa
from prefqa.errors import PrefqaError, ReadError
from prefqa.readers.registry import BY_NAME


def cases(module: str) -> Any:
    path = Path(__file__).with_name(f"{module}.py")
    spec = importlib.util.spec_from_file_location(f"{module}_cases", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


_NAMES = ("argilla", "label_studio", "public", "sets", "sft", "trainers", "potato", "platforms")
_argilla, _studio, _public, _sets, _sft, _trainers, _potato, _platforms = (cases(f"test_{name}") for name in _NAMES)
_feedback = cases("test_feedback")
EXPORTS: dict[str, list[dict[str, Any]]] = {
    **{name: make() for name, make in _argilla.LAYOUTS.items()},
    **_public.CASES,
    **_sets.CASES,
    **_feedback.CASES,
    **_sft.LAYOUTS,
    **{name: records for name, (records, _) in _trainers.CASES.items()},
    **_platforms.CASES,
    "potato": _potato.as_csv(),
    "label-studio": [
        _studio.task(1, _studio.annotation(5, _studio.result("ranker", {"ranker": {"rank": ["b", "a", "c"]}}))),
        _studio.task(2, _studio.annotation(6, _studio.result("pairwise", {"selected": "left"}, "pw"))),
        _studio.task(
            3, _studio.annotation(7, _studio.result("rating", {"rating": 3}, "stars")), drafts=[{"result": []}]
        ),
    ],
    "label-studio-storage": [_studio.stored(1, 1, "left", 5), _studio.stored(2, 1, "right", 6)],
    "label-studio-min": _studio.min_rows(),
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["[", '{"', "[{", "1e999"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


@st.composite
def broken(draw: st.DrawFn, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Records in which one to three values, at any depth, are replaced by another, removed or doubled."""
    whole = copy.deepcopy(records)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([place for place in places(whole) if len(place) > 1]))
        parent: Any = whole
        for key in path[:-1]:
            parent = parent[key]
        action = draw(st.sampled_from(["replace", "replace", "remove", "double"]))
        if action == "replace":
            parent[path[-1]] = draw(JSON)
        elif action == "remove":
            del parent[path[-1]]
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[path[-1]]))
    return whole


def read_and_check(source: Any, **options: Any) -> None:
    """Read, and look at what the reader noted; an error of ours is a good end."""
    try:
        prefs = prefqa.read(source, **options)
        prefqa.check(prefs, select=["PQ7"]).preferences.judgments.collect()
    except PrefqaError as error:
        assert str(error)  # noqa: PT017


@pytest.mark.parametrize("name", EXPORTS)
@settings(max_examples=10, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_broken_values_end_in_findings_or_an_error_of_ours(name: str, data: st.DataObject) -> None:
    read_and_check(data.draw(broken(EXPORTS[name])), format=name)


@pytest.mark.parametrize("name", EXPORTS)
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_broken_bytes_end_in_findings_or_an_error_of_ours(
    tmp_path_factory: pytest.TempPathFactory, name: str, data: st.DataObject
) -> None:
    as_lines = data.draw(st.booleans())
    records = EXPORTS[name]
    text = "\n".join(map(json.dumps, records)) if as_lines else json.dumps(records)
    raw = bytearray(text.encode())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        action = data.draw(st.sampled_from(["cut", "insert", "flip"]))
        if action == "cut":
            del raw[at : at + data.draw(st.sampled_from([1, 5, len(raw)]))]
        elif action == "insert":
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=3))
        elif at < len(raw):
            raw[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("fuzz") / ("x.jsonl" if as_lines else "x.json")
    path.write_bytes(bytes(raw))
    read_and_check(path)


@pytest.mark.parametrize("name", ["auto", *sorted(BY_NAME)])
def test_records_of_another_tool_end_in_findings_or_an_error_of_ours(tmp_path: Path, name: str) -> None:
    """Fields as a list, metadata without its name, responses that are no JSON."""
    path = tmp_path / "x.jsonl"
    records = [
        '{"id": "p1", "m]etadata": {}, "responses": null}',
        '{"id": "p2", "fields": [{"rank": [1], "value": {"a": 1}}], "responses": "["}',
    ]
    path.write_text("\n".join(records), encoding="utf-8")
    read_and_check(path, format=name)


def test_every_format_is_tried() -> None:
    assert set(EXPORTS) == set(BY_NAME) - {"preflib"}


@pytest.mark.parametrize("name", ["argilla1", "argilla-records", "argilla2", "label-studio"])
def test_bom_and_windows_lines_change_nothing(tmp_path: Path, name: str) -> None:
    records = EXPORTS[name]
    expected = prefqa.read(records, format=name).judgments.collect()
    lines = tmp_path / "x.jsonl"
    lines.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(map(json.dumps, records)).encode() + b"\r\n")
    whole = tmp_path / "x.json"
    whole.write_bytes(b"\xef\xbb\xbf" + json.dumps(records, indent=1).replace("\n", "\r\n").encode())
    for path in (lines, whole):
        assert prefqa.read(path).judgments.collect().equals(expected)


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b'{"a": 1}\n{"a": \n', 2),
        (b'{"a": 1}\n[1, 2]\n', 2),
        (b'{"a": 1}\n\n\n{"a": 1}}\n', 4),
        (b'{"a": 1}\n{"a": "\xff"}\n', 2),
        ('{"a": 1}\n'.encode("utf-16"), 1),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", 1),
    ],
    ids=["cut", "list", "extra", "latin-1", "utf-16", "deep"],
)
def test_a_broken_line_is_named(tmp_path: Path, raw: bytes, line: int) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(raw)
    with pytest.raises(ReadError) as error:
        prefqa.read(path)
    assert error.value.line == line
    assert "x.jsonl" in str(error.value)


@pytest.mark.parametrize(
    "raw", [b"[", b'[{"a": 1}', b"[1]", b'"x"', b"{}", b"[]", b"", b"\xff\xfe[\x00]\x00", b"[" * 100_000]
)
def test_a_broken_document_is_an_error_of_ours(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(raw)
    with pytest.raises(ReadError, match=r"x\.json"):
        prefqa.read(path)


def test_a_line_of_many_megabytes_is_read(tmp_path: Path) -> None:
    record = EXPORTS["argilla1"][0] | {"prompt": "x" * 20_000_000}
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(record) + "\n")
    prefs = prefqa.read(path)
    assert prefs.items is not None
    assert len(prefs.items["prompt"][0]) == 20_000_000
