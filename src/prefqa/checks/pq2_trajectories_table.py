"""Family PQ2, what is wrong with calls of tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefqa.checks.rule import Example, Rule, ranking

_FORM = (
    "Read are `tool_calls` (or `function_call`) of chat messages, results in messages of the role tool, and the column "
    "`tools` of items, responses or judgments; a response that begins with the model goes on from its prompt."
)
_TOOLS = (
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    },
)


def trajectory(
    name: str = "get_weather",
    arguments: str = '{"city": "Oslo"}',
    *,
    call: str | None = "c1",
    result: str | None = "c1",
) -> list[Mapping[str, Any]]:
    """A response that calls a tool and answers; the call, or the result, may be left out."""
    none = {"tool_calls": None, "tool_call_id": None}
    made = {"id": call, "type": "function", "function": {"name": name, "arguments": arguments}}
    messages: list[Mapping[str, Any]] = []
    messages += [{"role": "assistant", "content": "I look.", **none, "tool_calls": [made]}] if call else []
    messages += [{"role": "tool", "content": "Rain.", **none, "tool_call_id": result}] if result else []
    return [*messages, {"role": "assistant", "content": "It rains in Oslo.", **none}]


def _of(*responses: list[Mapping[str, Any]]) -> Example:
    texts = [
        {"item_id": "p1", "response_id": "ab"[i], "text": messages, "tools": list(_TOOLS)}
        for i, messages in enumerate(responses)
    ]
    return Example(ranking(1, 2), texts)


_GOOD = _of(trajectory(), trajectory(arguments='{"city": "Bergen"}'))

PQ2_TRAJECTORIES = (
    Rule(
        "PQ231",
        "undefined-tool",
        "error",
        "a call of a tool that is not among the tools of its item",
        "The template shows the model the tools of the row; trained on calls of others it learns to invent tools. "
        f"{_FORM} Where there is a column `tools`, a row without any offers none.",
        bad=_of(trajectory(), trajectory("get_forecast")),
        good=_GOOD,
    ),
    Rule(
        "PQ232",
        "bad-arguments",
        "error",
        "arguments of a call that are not JSON, or do not fit the JSON schema of the tool",
        "Such a call fails wherever it is made; templates refuse or double-quote it. Looked at are type, enum, const, "
        "required, properties, additionalProperties, items, anyOf, oneOf, allOf, local references, and limits; not "
        f"patterns and formats. {_FORM}",
        bad=_of(trajectory(), trajectory(arguments='{"town": "Oslo"}')),
        good=_GOOD,
    ),
    Rule(
        "PQ233",
        "result-without-call",
        "error",
        "a result of a tool without a call before it",
        "The beginning of the trajectory was cut off, or messages were mixed up; chat templates refuse it, or show the "
        f"result as if nobody had asked. Matched by id, or by order where an id is missing. {_FORM}",
        bad=_of(trajectory(), trajectory(result="c2")),
        good=_GOOD,
    ),
    Rule(
        "PQ234",
        "call-without-result",
        "error",
        "a call of a tool without a result, although the conversation goes on",
        "A model that is trained on it answers without waiting for what it asked for. A call in the last message waits "
        f"for its result and is none. Matched by id, or by order where an id is missing. {_FORM}",
        bad=_of(trajectory(), trajectory(result=None)),
        good=_GOOD,
    ),
)
