"""Files of many blocks read as those of one do, and what they become stands on disk."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.errors import ReadError
from prefqa.readers import blocks

OPTIONS = ("a", "b", "c")
RANKS = st.lists(st.none() | st.integers(1, 3) | st.just("first"), min_size=3, max_size=3)
TEXTS = st.text(max_size=5) | st.sampled_from(["\\frac{1}{2}", "a\\nb", '"', "[\\]", "{\\}", "[x]"])


@st.composite
def record(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    fields = {name: draw(TEXTS) for name in ("prompt", *OPTIONS)}
    users, status = (
        draw(st.lists(st.sampled_from("xyz"), unique=True, max_size=3)),
        st.sampled_from(["submitted", "draft"]),
    )
    ranked = [(user, draw(RANKS), draw(status)) for user in users]
    stars = draw(st.none() | st.integers(1, 5))
    if kind == "argilla1":
        answers = [{"user_id": u, "value": {"rank": r, "value": OPTIONS}, "status": s} for u, r, s in ranked]
        rated = [{"user_id": "x", "value": stars, "status": "submitted"}]
        named = [{"user_id": "x", "value": draw(st.sampled_from(["good", "bad", None])), "status": "submitted"}]
        return fields | {
            "ranking": answers,
            "stars": rated,
            "verdict": named,
            "metadata": json.dumps({"lang": draw(TEXTS)}),
        }
    if kind == "argilla-records":
        responses = [
            {"user_id": u, "status": s, "values": {
                "ranking": {"value": [{"value": o, "rank": n} for o, n in zip(OPTIONS, r, strict=True)]},
                "stars": {"value": stars}}}
            for u, r, s in ranked
        ]  # fmt: skip
        return {"fields": fields, "responses": responses, "metadata": {"lang": draw(TEXTS)}, "suggestions": []}
    items = [{"id": option, "body": fields[option]} for option in OPTIONS]
    annotations = [
        {"id": n, "completed_by": u, "was_cancelled": s == "draft", "result": [
            {"from_name": "rank", "type": "ranker", "value": {"ranker": {"rank": list(OPTIONS)}}},
            {"from_name": "why", "type": "textarea", "value": {"text": [draw(TEXTS)]}}]}
        for n, (u, _, s) in enumerate(ranked)
    ]  # fmt: skip
    return {
        "id": draw(st.integers(0, 3)),
        "data": {"prompt": fields["prompt"], "items": items},
        "annotations": annotations,
    }


KINDS = ("argilla1", "argilla-records", "label-studio")


def told(path: Path, kind: str) -> Any:
    """All that reading says, or the error."""
    try:
        prefs = prefqa.read(path, format=kind)
    except ReadError as error:
        return str(error)
    notes = [(note.code, note.message, note.rows.rows()) for note in prefs.source.notes]
    tables = [None if table is None else table.rows(named=True) for table in (prefs.responses, prefs.items)]
    return prefs.judgments.collect().rows(named=True), tables, notes


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_blocks_change_nothing(tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject) -> None:
    records = data.draw(st.lists(record(kind), min_size=1, max_size=5))
    path = tmp_path_factory.mktemp("blocks") / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    whole = told(path, kind)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", 100)
        assert told(path, kind) == whole


@given(text=TEXTS.filter(lambda text: text.strip() != ""))
def test_texts_within_nested_values_keep_their_backslashes(text: str) -> None:
    task = {
        "id": 1, "data": {"prompt": text, "items": [{"id": "a", "body": text}, {"id": "b", "body": "-"}]},
        "annotations": [{"id": 1, "completed_by": 2, "result": [
            {"from_name": "r", "type": "ranker", "value": {"ranker": {"rank": ["b", "a"]}}}]}],
    }  # fmt: skip
    prefs = prefqa.read([task])
    assert prefs.responses is not None
    assert prefs.items is not None
    assert prefs.responses["text"].to_list() == [text, "-"]
    assert prefs.items["prompt"].to_list() == [text]


def test_compressed_files_are_read_in_blocks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"user_id": "x", "value": {"rank": [2, 1], "value": ["a", "b"]}, "status": "submitted"}
    lines = "\n".join(json.dumps({"a": "\\1", "b": "2", "q": [answer]}) for _ in range(5)).encode()
    monkeypatch.setattr(blocks, "BLOCK", 100)
    (tmp_path / "x.jsonl").write_bytes(lines)
    (tmp_path / "x.jsonl.gz").write_bytes(gzip.compress(lines))
    plain, packed = (prefqa.read(tmp_path / name).judgments.collect() for name in ("x.jsonl", "x.jsonl.gz"))
    assert plain.height == 10
    assert packed.equals(plain)


def test_a_broken_line_in_a_later_block_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 100)
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(['{"a": 1}'] * 50 + ['{"a": '] + ['{"a": 1}'] * 9))
    with pytest.raises(ReadError) as error:
        prefqa.read(path)
    assert error.value.line == 51


def test_plans_are_carried_out_on_disk() -> None:
    frame = blocks.spilled(pl.LazyFrame({"a": [1, 2]}).with_columns(b=pl.col("a") * 2))
    assert frame.collect().rows() == [(1, 2), (2, 4)]


def test_judgments_on_disk_go_the_whole_road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [
        {"external_id": f"p{n}", "prompt": f"question {n}", "a": "one", "b": "two", "c": "three", "ranking": [
            {"user_id": user, "status": "submitted", "value": {"rank": ranks, "value": OPTIONS}}
            for user, ranks in (("x", [1, 2, 3]), ("y", [2, 1, 3] if n % 2 else [1, 2, 2]))]}
        for n in range(20)
    ]  # fmt: skip
    path = tmp_path / "x.jsonl"
    path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")

    def road() -> Any:
        checked = prefqa.check(prefqa.read(path))
        agreed = prefqa.agreement(checked.preferences, coefficients=["alpha_nominal"]).estimates["estimate"][0]
        pairs = prefqa.consensus(checked.preferences, method="majority").pairs()
        return checked.findings.select("code", "count").rows(), agreed, pairs.rows()

    whole = road()
    monkeypatch.setattr(blocks, "BLOCK", 500)
    assert road() == whole
