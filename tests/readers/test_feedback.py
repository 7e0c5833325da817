"""Feedback of platforms: whose score or label, on what, by which name, of which kind of annotator; what is not read."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.readers.registry import FEEDBACK

Row = dict[str, Any]


def langsmith(run: str, key: str, score: Any = None, value: Any = None, source: Any = "app", **more: Any) -> Row:
    made = source if isinstance(source, dict) else {"type": source, "metadata": {}, "user_id": "u1", "user_name": "Ann"}
    return {
        "id": f"f-{run}-{key}-{made['type']}", "created_at": "2025-03-04T10:00:00+00:00", "modified_at": None,
        "run_id": run, "trace_id": run, "session_id": "s", "key": key, "score": score, "value": value, "comment": None,
        "correction": None, "feedback_source": made, "comparative_experiment_id": None, "feedback_group_id": None,
        "extra": None,
    } | more  # fmt: skip


def compared(group: str, key: str, scores: dict[str, Any], source: Any = "app") -> list[Row]:
    more = {"comparative_experiment_id": "c1", "feedback_group_id": group}
    rows = [langsmith(run, key, score, source=source, **more) for run, score in scores.items()]
    return [row | {"id": f"{group}-{row['run_id']}"} for row in rows]


def langfuse(name: str, value: Any, form: str = "NUMERIC", word: str | None = None, **more: Any) -> Row:
    return {
        "id": f"sc-{name}-{value}-{more.get('source')}", "projectId": "p", "traceId": "t1", "observationId": None,
        "sessionId": None, "datasetRunId": None, "name": name, "value": value, "stringValue": word, "dataType": form,
        "source": "ANNOTATION", "authorUserId": "ann", "comment": None, "environment": "default",
        "timestamp": "2025-03-04T10:00:00.000Z", "createdAt": "2025-03-04T10:00:00.000Z",
    } | more  # fmt: skip


def phoenix(name: str, kind: str = "HUMAN", result: Any = None, **more: Any) -> Row:
    return {
        "id": f"a-{name}-{kind}", "span_id": "s1", "name": name, "annotator_kind": kind, "result": result,
        "metadata": {}, "identifier": "", "created_at": "2025-03-04T10:00:00Z",
        "updated_at": "2025-03-04T10:00:00Z", "source": "APP", "user_id": "VXNlcjox",
    } | more  # fmt: skip


def assessment(name: str, value: Any, kind: str = "HUMAN", who: str = "ann@x.org", **more: Any) -> Row:
    return {
        "assessment_id": f"as-{name}-{who}", "assessment_name": name, "trace_id": "tr-1",
        "source": {"source_type": kind, "source_id": who}, "create_time": "2025-03-04T10:00:00Z",
        "feedback": {"value": value}, "rationale": "because", "metadata": {"k": "v"}, "valid": True,
    } | more  # fmt: skip


def weave(form: str, payload: Row, **more: Any) -> Row:
    return {
        "id": f"w-{form}", "project_id": "e/p", "weave_ref": "weave:///e/p/call/c1", "creator": None,
        "wb_user_id": "ann", "feedback_type": form, "payload": payload, "annotation_ref": None, "runnable_ref": None,
        "created_at": "2025-03-04T10:00:00Z",
    } | more  # fmt: skip


BY_API = {"type": "api", "metadata": None, "user_id": None, "user_name": None}
THUMB = {"emoji": "👍🏽", "alias": ":thumbs_up:", "detoned": "👍", "detoned_alias": ":thumbs_up:"}
CASES: dict[str, list[Row]] = {
    "langsmith": [
        langsmith("r1", "correctness", 1),
        langsmith("r1", "tone", None, "friendly"),
        langsmith("r1", "user_score", True, source=BY_API),
        langsmith("r1", "correctness", 0.5, source="auto_eval"),
        langsmith("r1", "fixed", correction={"answer": "Paris"}),
        langsmith("r2", "empty", comment="hm"),
        *compared("g1", "better", {"r1": 1, "r2": 0}),
        *compared("g2", "better", {"r2": 0, "r1": 0}, source={"type": "app", "user_id": "u2", "user_name": "Bo"}),
    ],
    "langfuse": [
        langfuse("quality", 4),
        langfuse("quality", 2.5, source="EVAL", authorUserId=None),
        langfuse("tone", 0, "CATEGORICAL", "rude"),
        langfuse("helpful", 1, "BOOLEAN", "True", observationId="o1"),
        langfuse("liked", 0, "BOOLEAN", "False", source="API", authorUserId=None),
        langfuse("remark", 0, "TEXT", "too long"),
        langfuse("output", 0, "CORRECTION", "Paris"),
    ],
    "phoenix": [
        phoenix("correctness", result={"label": "correct", "score": 1, "explanation": "yes"}),
        phoenix("correctness", "LLM", {"label": "incorrect", "score": 0.0}, user_id=None, identifier="gpt"),
        phoenix("relevance", "CODE", {"score": 0.25}, document_position=2),
        phoenix("note", result={"explanation": "look here"}),
    ],
    "mlflow": [
        {"trace_id": "tr-1", "request": "{}", "assessments": [
            assessment("correct", True), assessment("correct", "no", "LLM_JUDGE", "gpt"),
            assessment("relevance", 4, span_id="sp"), assessment("old", 1, valid=False),
            {key: cell for key, cell in assessment("expected", 1).items() if key != "feedback"}
            | {"expectation": {"value": "Paris"}},
            assessment("failed", None, "LLM_JUDGE", "gpt", feedback={"error": {"error_code": "X"}}),
            assessment("many", {"a": 1}), assessment("length", 7, "CODE", "len.py"),
        ]},
        {"trace_id": "tr-2", "request": "{}", "assessments": []},
    ],
    "weave": [
        weave("wandb.annotation.quality", {"value": 4}),
        weave("wandb.annotation.tone", {"value": "rude"}),
        weave("wandb.runnable.judge", {"output": True}, runnable_ref="weave:///e/p/op/judge:v1"),
        weave("wandb.runnable.many", {"output": {"score": 1}}),
        weave("wandb.reaction.1", THUMB),
        weave("wandb.reaction.1", {"emoji": "👎"}, id="w-down", creator="bo"),
        weave("wandb.reaction.1", {"emoji": "🎉"}, id="w-party"),
        weave("wandb.note.1", {"note": "hm"}),
        weave("correctness", {"value": 0.5}, creator="app"),
    ],
}  # fmt: skip

Answer = tuple[str, str, str | None, str, float | str | None]


def answers(prefs: prefqa.Preferences) -> list[Answer]:
    """Item, annotator, kind, criterion, and the score (or else the label) of each feedback on a record."""
    rows = prefs.judgments.filter(pl.col("response_id") == "record").collect().to_dicts()
    return [
        (row["item_id"], row["annotator_id"], row.get("annotator_kind"), row["criterion"],
         row.get("label") if row["score"] is None else row["score"])
        for row in rows
    ]  # fmt: skip


def noted(prefs: prefqa.Preferences) -> dict[str, tuple[int, set[str | None]]]:
    """Count and values of the notes by code."""
    found: dict[str, tuple[int, set[str | None]]] = {}
    for note in prefs.source.notes:
        count, values = found.get(note.code, (0, set()))
        found[note.code] = count + note.count, values | set(note.rows["_value"])
    return found


def test_every_platform_has_a_case() -> None:
    assert set(CASES) == {tool.name for tool in FEEDBACK}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("form", ["rows", "jsonl", "json", "data", "parquet"])
def test_each_is_recognised_in_each_file(name: str, form: str, tmp_path: Path) -> None:
    rows = CASES[name]
    source: Any = rows
    if form == "jsonl":
        source = tmp_path / "x.jsonl"
        source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    elif form in ("json", "data"):
        source = tmp_path / "x.json"
        source.write_text(json.dumps(rows if form == "json" else {"data": rows, "meta": {}}), encoding="utf-8")
    elif form == "parquet":
        if name not in ("langfuse", "phoenix"):
            pytest.skip("one column of a Parquet file holds values of one type")
        source = tmp_path / "x.parquet"
        plain = [{key: cell for key, cell in row.items() if key != "metadata"} for row in rows]
        pl.DataFrame(plain, infer_schema_length=None).write_parquet(source)
    prefs = prefqa.read(source)
    assert prefs.source.shape == name
    assert answers(prefs) == answers(prefqa.read(rows, format=name))
    assert prefs.judgments.collect()["created_at"].unique().to_list() == [datetime(2025, 3, 4, 10, tzinfo=UTC)]


def test_langsmith_scores_and_values_by_key() -> None:
    prefs = prefqa.read(CASES["langsmith"])
    assert answers(prefs) == [
        ("r1/correctness", "Ann", "human", "correctness", 1.0),
        ("r1/tone", "Ann", "human", "tone", "friendly"),
        ("r1/user_score", "api", None, "user_score", 1.0),
        ("r1/correctness", "auto_eval", "model", "correctness", 0.5),
    ]
    assert noted(prefs) == {"PQ728": (1, {"corrections"}), "PQ727": (1, {None})}


def test_langsmith_runs_compared_with_each_other_are_ranked() -> None:
    judgments = prefqa.read(CASES["langsmith"]).judgments.filter(pl.col("response_id") != "record").collect()
    rows = judgments.select("item_id", "annotator_id", "response_id", "rank", "score").rows()
    assert rows == [
        ("r1|r2/better", "Ann", "r1", 1, 1.0),
        ("r1|r2/better", "Ann", "r2", 2, 0.0),
        ("r1|r2/better", "Bo", "r2", 1, 0.0),
        ("r1|r2/better", "Bo", "r1", 1, 0.0),
    ]


def test_langsmith_judgment_that_was_traced_is_an_evaluators() -> None:
    source = {"type": "api", "metadata": {"__run": {"run_id": "e1"}}, "user_id": None, "user_name": None}
    prefs = prefqa.read(compared("g1", "better", {"r1": 0, "r2": 1}, source=source))
    assert prefs.judgments.collect()["annotator_kind"].to_list() == ["model", "model"]


def test_langsmith_comparisons_without_their_other_run_are_counted() -> None:
    rows = [
        *compared("g1", "better", {"r1": 1, "r2": 0}),
        *compared("g2", "better", {"r1": 1}),
        *[row | {"feedback_group_id": None} for row in compared("g3", "better", {"r1": 1, "r2": 0})],
    ]
    prefs = prefqa.read(rows)
    assert prefs.judgments.collect().height == 2
    assert noted(prefs)["PQ728"][0] == 3


def test_langfuse_scores() -> None:
    prefs = prefqa.read(CASES["langfuse"])
    assert answers(prefs) == [
        ("t1/quality", "ann", "human", "quality", 4.0),
        ("t1/quality", "EVAL", "model", "quality", 2.5),
        ("t1/tone", "ann", "human", "tone", "rude"),
        ("o1/helpful", "ann", "human", "helpful", 1.0),
        ("t1/liked", "API", None, "liked", 0.0),
    ]
    assert noted(prefs) == {"PQ728": (2, {"free texts", "corrections"})}
    assert prefs.judgments.filter(pl.col("criterion") == "tone").collect()["score"].to_list() == [None]


def test_langfuse_batch_export_as_csv(tmp_path: Path) -> None:
    """Every cell in quotation marks; the author has a name, and `userId` is the user of the trace."""
    names = (
        "id", "traceId", "sessionId", "datasetRunId", "timestamp", "source", "name", "dataType", "value", "stringValue",
        "comment", "metadata", "observationId", "traceName", "userId", "traceTags", "environment", "authorUserName",
    )  # fmt: skip
    made = [
        row | {"authorUserName": who, "userId": "customer-7", "metadata": {}, "traceTags": [], "traceName": "chat"}
        for row, who in zip(CASES["langfuse"], ["Ann", "", "Ann", "Bo", "", "", ""], strict=True)
    ]
    path = tmp_path / "scores.csv"
    with path.open("w", encoding="utf-8", newline="") as sheet:
        cells = csv.writer(sheet, quoting=csv.QUOTE_ALL)
        cells.writerow(names)
        for row in made:
            cells.writerow("" if row[name] is None else json.dumps(row[name]) if isinstance(row[name], dict | list)
                           else row[name] for name in names)  # fmt: skip
    assert [(who, kind, score) for _, who, kind, _, score in answers(prefqa.read(path))] == [
        ("Ann", "human", 4.0), ("EVAL", "model", 2.5), ("Ann", "human", "rude"), ("Bo", "human", 1.0),
        ("API", None, 0.0),
    ]  # fmt: skip


def test_langfuse_scores_of_the_third_api() -> None:
    """One `value` of any type, and a subject in place of the ids."""
    rows = [
        {name: cell for name, cell in langfuse("x", value, form).items() if name not in ("traceId", "stringValue")}
        | {"subject": {"kind": "trace", "id": "t9"}, "id": f"i{n}", "name": name}
        for n, (name, value, form) in enumerate(
            [("q", 4, "NUMERIC"), ("ok", True, "BOOLEAN"), ("tone", "rude", "CATEGORICAL"), ("say", "hm", "TEXT")]
        )
    ]
    prefs = prefqa.read(rows)
    assert [(item, score) for item, *_, score in answers(prefs)] == [("t9/q", 4.0), ("t9/ok", 1.0), ("t9/tone", "rude")]


def test_phoenix_annotations() -> None:
    prefs = prefqa.read(CASES["phoenix"])
    assert answers(prefs) == [
        ("s1", "VXNlcjox", "human", "correctness", 1.0),
        ("s1", "gpt", "model", "correctness", 0.0),
        ("s1/2", "CODE", "model", "relevance", 0.25),
    ]
    assert prefs.judgments.collect()["label"].to_list() == ["correct", "incorrect", None]
    assert noted(prefs) == {"PQ727": (1, {None})}


def test_phoenix_data_frame_of_the_client(tmp_path: Path) -> None:
    """`get_span_annotations_dataframe`: the result in columns of their own, the name as `annotation_name`."""
    rows = [
        {"span_id": row["span_id"], "annotation_name": row["name"], "annotator_kind": row["annotator_kind"],
         "identifier": row["identifier"], "source": row["source"], "user_id": row["user_id"], "id": row["id"],
         "created_at": row["created_at"], "result.label": row["result"].get("label"),
         "result.score": row["result"].get("score"), "result.explanation": row["result"].get("explanation")}
        for row in CASES["phoenix"][:2]
    ]  # fmt: skip
    path = tmp_path / "annotations.csv"
    pl.DataFrame(rows).write_csv(path)
    prefs = prefqa.read(path)
    assert answers(prefs) == answers(prefqa.read(CASES["phoenix"][:2]))
    assert prefs.judgments.collect()["label"].to_list() == ["correct", "incorrect"]


def test_phoenix_annotator_of_what_a_program_wrote_is_its_identifier() -> None:
    rows = [phoenix("q", result={"score": 1}, source="API", identifier="bo"), phoenix("q", result={"score": 0})]
    assert [who for _, who, *_ in answers(prefqa.read(rows))] == ["bo", "VXNlcjox"]


def test_other_values_of_annotator_kind_are_not_phoenix() -> None:
    rows = [
        {"item_id": "p", "annotator_id": who, "response_id": r, "rank": n, "annotator_kind": "human", "span_id": "s",
         "name": "n", "label": "x"}
        for who in "uv"
        for n, r in enumerate("xy", start=1)
    ]  # fmt: skip
    assert prefqa.read(rows).source.shape == "rankings"


def test_mlflow_assessments_in_traces() -> None:
    prefs = prefqa.read(CASES["mlflow"])
    assert answers(prefs) == [
        ("tr-1/correct", "ann@x.org", "human", "correct", 1.0),
        ("tr-1/correct", "gpt", "model", "correct", "no"),
        ("tr-1/sp/relevance", "ann@x.org", "human", "relevance", 4.0),
        ("tr-1/length", "len.py", "model", "length", 7.0),
    ]
    unread = {
        "assessments that another one overrides", "expectations", "errors of a judge",
        "values that are lists or objects",
    }  # fmt: skip
    assert noted(prefs) == {"PQ728": (4, unread)}


def test_mlflow_assessments_in_the_json_of_traces_and_in_rows() -> None:
    assessments = CASES["mlflow"][0]["assessments"]
    in_info = [{"info": {"trace_id": "tr-1", "assessments": assessments}, "data": {"spans": []}}]
    times = {"create_time": None, "create_time_ms": 1741082400000}
    old = [row | {"name": row["assessment_name"], "assessment_name": None} | times for row in assessments]
    expected = answers(prefqa.read(CASES["mlflow"]))
    for rows in (in_info, assessments, old):
        prefs = prefqa.read(rows)
        assert answers(prefs) == expected
        assert prefs.judgments.collect()["created_at"].unique().to_list() == [datetime(2025, 3, 4, 10, tzinfo=UTC)]


def test_weave_feedback() -> None:
    prefs = prefqa.read(CASES["weave"])
    call = "weave:///e/p/call/c1"
    assert answers(prefs) == [
        (f"{call}/quality", "ann", "human", "quality", 4.0),
        (f"{call}/tone", "ann", "human", "tone", "rude"),
        (f"{call}/judge", "weave:///e/p/op/judge:v1", "model", "judge", 1.0),
        (f"{call}/reaction", "ann", "human", "reaction", 1.0),
        (f"{call}/reaction", "bo", "human", "reaction", 0.0),
        (f"{call}/correctness", "app", None, "correctness", 0.5),
    ]
    assert noted(prefs)["PQ728"] == (3, {"values that are lists or objects", "reactions other than thumbs", "notes"})


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("langsmith", {"feedback_source": "app"}),
        ("langfuse", {"subject": "t1"}),
        ("phoenix", {"result": "good"}),
        ("mlflow", {"assessments": "none"}),
        ("weave", {"payload": "good"}),
    ],
)
def test_a_value_of_another_structure_is_counted(name: str, damage: Row) -> None:
    rows = CASES[name]
    broken = noted(prefqa.read([rows[0] | damage, *rows[1:]], format=name))
    assert any(next(iter(damage)) in str(value) for value in broken["PQ728"][1])


@pytest.mark.parametrize("name", ["langsmith", "phoenix"])
def test_a_score_that_is_no_number_is_a_finding(name: str) -> None:
    row = langsmith("r1", "q", "good") if name == "langsmith" else phoenix("q", result={"score": "good"})
    judgments = prefqa.read([row], format=name).judgments.collect()
    assert judgments["score"].to_list() == [None]
    assert judgments["_score_raw"].to_list() == ["good"]
