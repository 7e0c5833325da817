"""Rules on calls of tools: planted faults are all found and nothing else, in every form that messages have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import prefqa
from prefqa.checks import CheckResult, check
from prefqa.checks.rule import Example, ranking, texts
from prefqa.checks.tool_schemas import call_of, misfit, tools_of

TOOLS = [
    {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {
        "city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}, "unit": {"enum": ["C", "F"]}},
        "required": ["city"], "additionalProperties": False}}},
    {"type": "function", "function": {"name": "add", "parameters": {"type": "object", "properties": {
        "terms": {"type": "array", "items": {"type": "number"}}}, "required": ["terms"]}}},
]  # fmt: skip
CODES = ["PQ217", "PQ231", "PQ232", "PQ233", "PQ234"]


def call(name: str = "weather", arguments: Any = '{"city": "Oslo"}', key: str = "c1") -> dict[str, Any]:
    return {"id": key, "type": "function", "function": {"name": name, "arguments": arguments}}


def calls(*made: dict[str, Any]) -> dict[str, Any]:
    return {"role": "assistant", "content": "", "tool_calls": list(made)}


def result(key: str | None = "c1", **more: Any) -> dict[str, Any]:
    return {"role": "tool", "content": "ok", **({} if key is None else {"tool_call_id": key}), **more}


DONE = {"role": "assistant", "content": "It rains."}
PLAIN = [{"role": "assistant", "content": "I do not know."}]
ASKED = [{"role": "user", "content": "Weather?"}]

FAULTS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "undefined": ("PQ231", [calls(call("forecast")), result(), DONE]),
    "not JSON": ("PQ232", [calls(call(arguments='{"city": ')), result(), DONE]),
    "no object": ("PQ232", [calls(call(arguments="[1]")), result(), DONE]),
    "wrong type": ("PQ232", [calls(call(arguments='{"city": 3}')), result(), DONE]),
    "missing": ("PQ232", [calls(call(arguments='{"days": 3}')), result(), DONE]),
    "unknown parameter": ("PQ232", [calls(call(arguments='{"city": "Oslo", "country": "NO"}')), result(), DONE]),
    "not of enum": ("PQ232", [calls(call(arguments='{"city": "Oslo", "unit": "K"}')), result(), DONE]),
    "out of range": ("PQ232", [calls(call(arguments='{"city": "Oslo", "days": 0}')), result(), DONE]),
    "inside an array": ("PQ232", [calls(call("add", '{"terms": [1, "two"]}')), result(), DONE]),
    "result of another call": ("PQ233", [calls(call()), result(), result("c9"), DONE]),
    "second result": ("PQ233", [calls(call()), result(), result(), DONE]),
    "result before the call": ("PQ233", [result(), calls(call(key="c2")), result("c2"), DONE]),
    "no result": ("PQ234", [calls(call(), call(key="c2")), result(), DONE]),
    "no result at all": ("PQ234", [calls(call()), {"role": "user", "content": "And?"}, DONE]),
    "ends on a result": ("PQ217", [calls(call()), result()]),
    "two turns": ("PQ217", [DONE, DONE]),
}
SOUND: dict[str, list[dict[str, Any]]] = {
    "one call": [calls(call()), result(), DONE],
    "two calls at once": [calls(call(), call("add", '{"terms": [1, 2.5]}', "c2")), result("c2"), result(), DONE],
    "ids that come again": [calls(call()), result(), calls(call()), result(), DONE],
    "waits for its result": [calls(call())],
    "no ids": [calls(call(key="")), result(None), calls(call("add", '{"terms": []}', "")), result(None), DONE],
}


def checked(responses: list[list[dict[str, Any]]], tmp_path: Path, **columns: Any) -> CheckResult:
    columns = {"tools": TOOLS} | columns
    rows = [{"prompt": ASKED, "chosen": PLAIN, "rejected": one, "id": i} | columns for i, one in enumerate(responses)]
    for row in rows:
        row["prompt"] = [{"role": "user", "content": f"Weather {row['id']}?"}]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return check(prefqa.read(path), select=CODES, max_examples=1000)


def counts(found: CheckResult) -> dict[str, int]:
    return dict(found.findings.select("code", "count").rows())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_and_no_other(fault: str, tmp_path: Path) -> None:
    code, messages = FAULTS[fault]
    found = checked([*SOUND.values(), messages], tmp_path)
    assert counts(found) == {code: 1}
    assert len({example["item_id"] for example in found.findings["examples"][0]}) == 1


def test_sound_trajectories_have_no_finding(tmp_path: Path) -> None:
    assert counts(checked(list(SOUND.values()), tmp_path)) == {}


def test_all_faults_together_are_found_each_where_it_was_planted(tmp_path: Path) -> None:
    found = checked([*(messages for _, messages in FAULTS.values()), *SOUND.values()], tmp_path)
    planted: dict[str, int] = {}
    for code, _ in FAULTS.values():
        planted[code] = planted.get(code, 0) + 1
    assert counts(found) == planted


def test_arguments_may_be_objects_whose_keys_differ_from_call_to_call(tmp_path: Path) -> None:
    sound = [calls(call(arguments={"city": "Oslo"}), call("add", {"terms": [1.5]}, "c2")), result(), result("c2"), DONE]
    wrong = [calls(call("add", {"city": "Oslo"})), result(), DONE]
    found = checked([sound, wrong], tmp_path)
    assert counts(found) == {"PQ232": 1}
    assert found.findings["examples"][0][0]["value"] == "add: terms is missing"


@pytest.mark.parametrize(
    "form", [json.dumps(TOOLS), [json.dumps(one) for one in TOOLS], [one["function"] for one in TOOLS]]
)
def test_tools_may_be_json_or_flat(form: Any, tmp_path: Path) -> None:
    found = checked([FAULTS["undefined"][1], FAULTS["wrong type"][1], *SOUND.values()], tmp_path, tools=form)
    assert counts(found) == {"PQ231": 1, "PQ232": 1}


def test_without_tools_only_json_is_asked_for(tmp_path: Path) -> None:
    rows = [
        {"prompt": f"Q{i}", "chosen": PLAIN, "rejected": FAULTS[name][1]}
        for i, name in enumerate(["not JSON", "wrong type"])
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = check(prefqa.read(path), select=CODES)
    assert counts(found) == {"PQ232": 1}
    assert dict(found.not_run.rows())["PQ231"] == "there is no column tools"


def test_a_row_without_tools_offers_none(tmp_path: Path) -> None:
    rows = [
        {"prompt": "A", "chosen": PLAIN, "rejected": SOUND["one call"], "tools": TOOLS},
        {"prompt": "B", "chosen": PLAIN, "rejected": SOUND["one call"], "tools": None},
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert counts(check(prefqa.read(path), select=CODES)) == {"PQ231": 1}


def test_a_response_goes_on_from_the_calls_of_its_prompt(tmp_path: Path) -> None:
    rows = [
        {
            "prompt": [*ASKED, calls(call())],
            "chosen": [result(), DONE],
            "rejected": [result("c9"), DONE],
            "tools": TOOLS,
        }
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    found = counts(check(prefqa.read(path), select=["PQ233", "PQ234"]))
    assert found == {"PQ233": 1, "PQ234": 1}


def test_a_call_is_a_response_though_it_has_no_text(tmp_path: Path) -> None:
    rows = [
        {"prompt": ASKED, "chosen": [calls(call())], "rejected": [{"role": "assistant", "content": ""}], "tools": TOOLS}
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert counts(check(prefqa.read(path), select=["PQ201"])) == {"PQ201": 1}


def test_plain_texts_and_chats_without_tools_are_not_asked() -> None:
    plain = check(prefqa.read([{"prompt": "A", "chosen": "x", "rejected": "y"}]), select=["PQ231", "PQ234"])
    assert set(plain.not_run["reason"]) == {"prompts and responses are plain texts, not chat messages"}
    chat = check(prefqa.read([{"prompt": ASKED, "chosen": [DONE], "rejected": PLAIN}]), select=["PQ232", "PQ233"])
    assert set(chat.not_run["reason"]) == {"no message calls a tool"}


@pytest.mark.parametrize(
    ("value", "schema", "fits"),
    [
        (1.0, {"type": "integer"}, True),
        (True, {"type": "integer"}, False),
        (None, {"type": ["string", "null"]}, True),
        ("x", {"type": "dict"}, True),
        ({"a": 1}, {"$ref": "#/$defs/one", "$defs": {"one": {"required": ["b"]}}}, False),
        ([1, 2, 3], {"maxItems": 2}, False),
        ("abc", {"anyOf": [{"type": "integer"}, {"minLength": 4}]}, False),
        ("abc", {"anyOf": [{"type": "integer"}, {"minLength": 3}]}, True),
        (1, {"const": True}, False),
        ({"a": {"b": []}}, {"properties": {"a": {"properties": {"b": {"type": "object"}}}}}, False),
        ({"a": 1}, {"additionalProperties": {"type": "string"}}, False),
        (3, "no schema", True),
    ],
)
def test_values_fit_schemas(value: Any, schema: Any, fits: bool) -> None:
    assert (misfit(value, schema) is None) is fits


def test_damaged_tools_and_calls_are_no_error() -> None:
    loop: dict[str, Any] = {"$ref": "#"}
    assert misfit({}, loop) is None
    assert tools_of('[{"function": 3}, 4, "x"]', typed=False) == {}
    assert tools_of("{", typed=False) is None
    assert tools_of("[" * 10_000, typed=False) is None
    assert call_of(3, typed=False).fault
    assert call_of({"function": {"name": 3, "arguments": "[" * 100_000}}, typed=False).fault


def test_trajectories_with_one_last_message_are_the_same_only_if_their_calls_are() -> None:
    def found(one: str, other: str) -> dict[str, int]:
        responses = [[calls(call(arguments=json.dumps({"city": city}))), DONE] for city in (one, other)]
        prefs = Example(ranking(1, 2), texts(*responses)).preferences()
        return counts(check(prefs, select=["PQ203", "PQ204", "PQ205", "PQ206"]))

    assert found("Oslo", "Bergen") == {}
    assert found("Oslo", "Oslo") == {"PQ203": 1, "PQ205": 1}
