"""Conversations in which tools are called: their calls and results, in tables, and which of them have a fault."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.checks.tool_schemas import Call, call_of, loaded, misfit, tools_of
from prefqa.message_json import holds_json
from prefqa.messages import json_of
from prefqa.preferences import Preferences

#: Roles of messages that hold the result of a call.
RESULTS = ("tool", "function", "observation", "ipython", "tool_response")
#: Names of the column of tools.
TOOLS = ("tools", "functions", "available_tools")
_KEY = ["item_id", "response_id"]
_MESSAGE: dict[str, Any] = {
    **dict.fromkeys([*_KEY, "role", "id"], pl.String),
    "of_prompt": pl.Boolean,
    "calls": pl.List(pl.String),
    "typed": pl.Boolean,
}
_CALLS = {
    "raw": pl.String,
    "typed": pl.Boolean,
    "call_id": pl.String,
    "name": pl.String,
    "arguments": pl.String,
    "fault": pl.String,
}


@dataclass(frozen=True)
class Trajectories:
    """Calls (`item_id`, `response_id`, `of_prompt`, `place`, `name`, `arguments`, `fault`) and results.

    `match` is whether a call has a result, a result a call before it; a call that ends its conversation is waiting for
    none. Those of a prompt stand there once, without a response.
    """

    calls: pl.DataFrame
    results: pl.DataFrame
    tools: pl.DataFrame | None

    @classmethod
    def of(cls, prefs: Preferences) -> Trajectories | str:
        """Return the calls and results in the messages of prompts and responses, or say why there are none."""
        parts = [] if prefs.texts is None else [_messages(prefs.texts, "text", of_prompt=False)]
        if prefs.items is not None and "prompt" in prefs.items.columns:
            parts.append(
                _messages(
                    prefs.items.lazy().with_columns(response_id=pl.lit(None, pl.String)), "prompt", of_prompt=True
                )
            )
        found = [part for part in parts if part is not None]
        if not found:
            return "prompts and responses are plain texts, not chat messages"
        messages = pl.concat(found)
        if not messages.select((pl.col("calls").list.len() > 0).any() | pl.col("role").is_in(RESULTS).any()).item():
            return "no message calls a tool"
        calls, results = _matched(_continued(messages))
        return cls(_once(calls), _once(results), _tools(prefs))

    def called(self) -> pl.DataFrame | str:
        """Return the calls with the JSON of the tools of their item, `tools`; or say why these are not known."""
        if self.tools is None:
            return f"there is no column {TOOLS[0]}"
        return self.calls.join(self.tools, on="item_id", how="left", maintain_order="left")


def undefined(called: pl.DataFrame) -> pl.DataFrame:
    """Return the calls of a tool that is not among those of their item, with `_value`."""
    sets = called.select("tools", "tools_typed").unique()
    names = pl.DataFrame(
        {"tools": [text for text, _ in sets.rows()], "tools_typed": [typed for _, typed in sets.rows()],
         "_names": [sorted(tools_of(text, typed=bool(typed)) or {}) for text, typed in sets.rows()]},
        schema={"tools": pl.String, "tools_typed": pl.Boolean, "_names": pl.List(pl.String)},
    )  # fmt: skip
    known = called.join(names, on=["tools", "tools_typed"], how="left", nulls_equal=True, maintain_order="left")
    some = known.filter(~pl.col("_names").list.contains(pl.col("name")).fill_null(value=False))
    listed = (
        pl.when(pl.col("_names").list.len() > 0)
        .then(pl.col("_names").list.head(5).list.join(", "))
        .otherwise(pl.lit("none"))
    )
    return some.with_columns(formatted("{}, tools: {}", pl.col("name").fill_null("(no name)"), listed).alias("_value"))


def misfitting(calls: pl.DataFrame) -> pl.DataFrame:
    """Return the calls whose arguments are not JSON, or do not fit the schema of their tool, with `_value`.

    Without a column `tools` no schema is known.
    """
    if "tools" not in calls.columns:
        calls = calls.with_columns(tools=pl.lit(None, pl.String), tools_typed=pl.lit(None, pl.Boolean))
    kinds = ["tools", "tools_typed", "name", "arguments", "fault"]
    distinct = calls.select(kinds).unique()
    schemas: dict[tuple[str | None, bool], dict[str, Any]] = {}
    faults = []
    for text, typed, name, arguments, fault in distinct.rows():
        known = (text, bool(typed))
        if known not in schemas:
            schemas[known] = tools_of(text, typed=bool(typed)) or {}
        faults.append(fault or misfit(loaded(arguments), schemas[known].get(name)))
    told = distinct.with_columns(pl.Series("_fault", faults, pl.String))
    some = calls.join(told, on=kinds, how="left", nulls_equal=True, maintain_order="left").filter(
        pl.col("_fault").is_not_null()
    )
    return some.with_columns(formatted("{}: {}", pl.col("name").fill_null("(no name)"), "_fault").alias("_value"))


def _messages(table: pl.LazyFrame, column: str, *, of_prompt: bool) -> pl.DataFrame | None:
    """Return one row per message of a column of chat messages; None for other columns."""
    dtype = table.collect_schema()[column]
    fields = _fields(dtype)
    who = next((name for name in ("role", "from", "speaker") if name in fields), None)
    if who is None:
        return None
    one = table.select(*_KEY, pl.col(column).alias("_m")).filter(pl.col("_m").list.len() > 0)
    each = one.explode("_m")
    field = pl.col("_m").struct.field
    key = field("tool_call_id").cast(pl.String) if "tool_call_id" in fields else pl.lit(None, pl.String)
    calls, typed = _calls_in(fields)
    return each.select(
        *(pl.col(name).cast(pl.String) for name in _KEY),
        of_prompt=pl.lit(of_prompt),
        role=field(who).cast(pl.String).str.to_lowercase(),
        id=key,
        calls=calls,
        typed=pl.lit(typed),
    ).collect().select(pl.col(name).cast(kind) for name, kind in _MESSAGE.items())  # fmt: skip


def _calls_in(fields: Mapping[str, Any]) -> tuple[pl.Expr, bool]:
    """Return the calls of a message as JSON texts, and whether they come from typed columns."""
    field = pl.col("_m").struct.field
    kind = fields.get("tool_calls")
    if isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
        return field("tool_calls").list.eval(pl.element().struct.json_encode()), True
    if kind == pl.List(pl.String):
        return field("tool_calls"), False
    if kind == pl.String:
        written = field("tool_calls")
        if fields.get("function_call") == pl.String:
            written = pl.coalesce(written, "[" + field("function_call") + "]")
        return written.map_elements(_texts_of_calls, return_dtype=pl.List(pl.String)), False
    kind = fields.get("function_call")
    if isinstance(kind, pl.Struct):
        call = field("function_call")
        named = call.struct.field("name").is_not_null() if "name" in _names(kind) else call.is_not_null()
        return pl.when(named).then(pl.concat_list(call.struct.json_encode())), True
    return pl.lit(None, pl.List(pl.String)), False


def _texts_of_calls(text: str) -> list[str] | None:
    listed = loaded(text)
    if isinstance(listed, Mapping):
        listed = [listed]
    if listed is None and text.strip() not in ("", "null", "None"):
        return [json.dumps(None)]  # what cannot be read is a call with a fault
    return [json.dumps(one) for one in listed] if isinstance(listed, list) else None


def _continued(messages: pl.DataFrame) -> pl.DataFrame:
    """Messages with those of the prompt before a response that begins with the model or a result; and their `place`."""
    responses, prompts = (messages.filter(pl.col("of_prompt") == of) for of in (False, True))
    first = responses.group_by(_KEY, maintain_order=True).agg(pl.col("role").first())
    opens = first.filter(pl.col("role").is_in(["assistant", "gpt", "model", "bot", *RESULTS])).select(_KEY)
    before = opens.join(prompts.drop("response_id"), on="item_id", how="inner", maintain_order="left_right")
    alone = prompts.join(responses.select("item_id").unique(), on="item_id", how="anti", maintain_order="left")
    # A prompt before plain texts is followed by them.
    last = alone.select("item_id", "response_id").unique(maintain_order=True).with_columns(
        of_prompt=pl.lit(value=True), role=pl.lit("assistant"), id=pl.lit(None, pl.String),
        calls=pl.lit(None, pl.List(pl.String)), typed=pl.lit(value=False),
    )  # fmt: skip
    columns = list(_MESSAGE)
    whole = pl.concat([part.select(columns) for part in (before, responses, alone, last)])
    is_result = pl.col("role").is_in(RESULTS)
    return whole.with_columns(
        place=pl.int_range(pl.len()).over(_KEY),
        n=pl.len().over(_KEY),
        is_result=is_result,
        turn=(~is_result).cast(pl.Int64).cum_sum().over(_KEY),
    )


def _matched(messages: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return calls and results, each with `match`."""
    calls = messages.filter(pl.col("calls").list.len() > 0).explode("calls").rename({"calls": "raw"}).drop("id")
    calls = calls.join(
        _read(calls.select("raw", "typed").unique()), on=["raw", "typed"], how="left", maintain_order="left"
    )
    results = messages.filter("is_result").drop("calls", "typed")
    # Where an id is missing, results answer the calls right before them, in their order.
    unnamed = pl.concat(
        [calls.filter(pl.col("call_id").is_null()), results.filter(pl.col("id").is_null())], how="diagonal"
    )
    by_place = unnamed.select(_KEY).unique().with_columns(_by_place=pl.lit(value=True))
    sides = []
    for rows, key in ((calls, "call_id"), (results, "id")):
        each = rows.join(by_place, on=_KEY, how="left", nulls_equal=True, maintain_order="left")
        named = formatted("{} {}", key, pl.int_range(pl.len()).over(*_KEY, key))
        placed = formatted("{}#{}", "turn", pl.int_range(pl.len()).over(*_KEY, "turn"))
        sides.append(
            each.with_columns(_match=pl.when(pl.col("_by_place").fill_null(value=False)).then(placed).otherwise(named))
        )
    called, answered = sides
    on = [*_KEY, "_match"]
    known = called.select(*on, called="place")
    answered = answered.join(known, on=on, how="left", nulls_equal=True, maintain_order="left")
    answered = answered.with_columns(match=(pl.col("called") < pl.col("place")).fill_null(value=False))
    done = answered.filter("match").select(*on, done=pl.lit(value=True))
    called = called.join(done, on=on, how="left", nulls_equal=True, maintain_order="left")
    called = called.with_columns(match=pl.col("done").fill_null(value=False) | (pl.col("place") == pl.col("n") - 1))
    return called, answered


def _read(distinct: pl.DataFrame) -> pl.DataFrame:
    """Read distinct texts of calls."""
    calls: Iterable[Call] = [call_of(loaded(raw), typed=typed) for raw, typed in distinct.rows()]
    rows: Sequence[Any] = [
        (raw, typed, call.id, call.name, None if call.arguments is None else json.dumps(call.arguments), call.fault)
        for (raw, typed), call in zip(distinct.rows(), calls, strict=True)
    ]
    return pl.DataFrame(rows, schema=_CALLS, orient="row")


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    """Calls or results, those of a prompt once for all of its responses."""
    alone = pl.when(~pl.col("of_prompt")).then("response_id").alias("response_id")
    # One that lacks its match before one of the responses lacks it.
    rows = rows.sort("match", maintain_order=True)
    return rows.with_columns(alone).unique([*_KEY, "place", "_match"], keep="first", maintain_order=True)


def _tools(prefs: Preferences) -> pl.DataFrame | None:
    """Return the tools of each item as JSON, from items, responses or judgments; None where no column has them."""
    tables = (prefs.items, prefs.responses, prefs.judgments)
    for table in tables:
        if table is None:
            continue
        schema = table.lazy().collect_schema()
        column = next((name for name in TOOLS if name in schema), None)
        if column is None:
            continue
        kind, cell = schema[column], pl.col(column)
        typed = isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct) and not holds_json(kind)
        if holds_json(kind):
            cell = json_of(cell, kind)
        elif isinstance(kind, pl.List):
            inner = pl.element().struct.json_encode() if typed else pl.element().cast(pl.String)
            joined = formatted("[{}]", cell.list.eval(inner).list.join(","))
            cell = pl.when(cell.is_not_null()).then(joined)
        each = table.lazy().select(
            pl.col("item_id").cast(pl.String), tools=cell.cast(pl.String), tools_typed=pl.lit(typed)
        )
        return (
            each.group_by("item_id").agg(pl.col("tools").drop_nulls().first(), pl.col("tools_typed").first()).collect()
        )
    return None


def _fields(dtype: Any) -> dict[str, Any]:
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return {field.name: field.dtype for field in dtype.inner.fields}
    return {}


def _names(dtype: pl.Struct) -> list[str]:
    return [field.name for field in dtype.fields]
