"""Tools as a chat template is given them, calls of them, and whether arguments fit a JSON schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

#: How deep a schema is followed; what lies deeper fits.
_DEPTH = 40
#: Longer texts of arguments or of tools are not read.
_LONGEST = 1_000_000
_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


class Call(NamedTuple):
    """A call of a tool: its id and name, None where there are none, and its arguments, or why they cannot be read."""

    id: str | None
    name: str | None
    arguments: Any
    fault: str | None


def loaded(text: str | None) -> Any:
    """Return what a JSON text says; None for what is none.

    Example:
        >>> loaded('{"city": "Oslo"}')
        {'city': 'Oslo'}
    """
    if text is None or len(text) > _LONGEST:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def call_of(one: Any, *, typed: bool) -> Call:
    """Return the call that an object of `tool_calls`, or a `function_call`, states.

    Arguments are an object, or a JSON text of one. With `typed` the object came from a table, in which every call has
    the keys of all: those without a value are none.
    """
    if not isinstance(one, Mapping):
        return Call(None, None, None, "the call is no object")
    function = one.get("function")
    inner = function if isinstance(function, Mapping) else one
    name, given = inner.get("name"), inner.get("arguments")
    key = one.get("id")
    known = (key if isinstance(key, str) else None, name if isinstance(name, str) else None)
    if isinstance(given, str):
        if len(given) > _LONGEST:
            return Call(*known, None, "the arguments are too long to read")
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return Call(*known, None, "the arguments are not JSON")
    elif typed:
        given = without_nulls(given)
    if given is None:
        given = {}
    if not isinstance(given, Mapping):
        return Call(*known, None, "the arguments are no object")
    return Call(*known, given, None)


def tools_of(text: str | None, *, typed: bool) -> dict[str, Any] | None:
    """Return the schemas of the parameters of tools by name; None for what states no tools.

    Tools are a list of `{"type": "function", "function": {"name", "parameters"}}` or of what stands under `function`.
    """
    listed = loaded(text)
    if typed:
        listed = without_nulls(listed)
    if not isinstance(listed, list):
        return None
    found: dict[str, Any] = {}
    for one in (loaded(each) if isinstance(each, str) else each for each in listed):
        inner = one.get("function", one) if isinstance(one, Mapping) else None
        if isinstance(inner, Mapping) and isinstance(inner.get("name"), str):
            found[inner["name"]] = inner.get("parameters") or inner.get("input_schema") or {}
    return found


def without_nulls(value: Any, depth: int = 0) -> Any:
    """Return a value without the keys that have none."""
    if depth > _DEPTH:
        return value
    if isinstance(value, Mapping):
        return {key: without_nulls(one, depth + 1) for key, one in value.items() if one is not None}
    return [without_nulls(one, depth + 1) for one in value] if isinstance(value, list) else value


def misfit(value: Any, schema: Any, *, root: Any = None, path: str = "", depth: int = 0) -> str | None:
    """Say why a value does not fit a JSON schema; None where it does, or where a keyword is not known here.

    Known are type, enum, const, required, properties, additionalProperties, items, anyOf, oneOf, allOf, local $ref,
    minimum, maximum, and the numbers of items and characters. Patterns and formats are not looked at.

    Example:
        >>> misfit({"city": 3}, {"type": "object", "properties": {"city": {"type": "string"}}})
        'city is a number, not string'
        >>> misfit({}, {"type": "object", "required": ["city"]})
        'city is missing'
    """
    root = schema if root is None else root
    if depth > _DEPTH or not isinstance(schema, Mapping):
        return None
    where = path or "the arguments"
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return misfit(value, _referred(root, reference), root=root, path=path, depth=depth + 1)
    for part in _list(schema.get("allOf")):
        fault = misfit(value, part, root=root, path=path, depth=depth + 1)
        if fault:
            return fault
    for name in ("anyOf", "oneOf"):
        faults = [misfit(value, part, root=root, path=path, depth=depth + 1) for part in _list(schema.get(name))]
        if faults and all(faults):
            return f"{where} fits none of {name}"
    types = schema.get("type")
    wanted = [one for one in (types if isinstance(types, list) else [types]) if isinstance(one, str)]
    if wanted and all(one in _TYPES for one in wanted) and not any(_is(value, one) for one in wanted):
        return f"{where} is {_kind(value)}, not {' or '.join(wanted)}"
    if isinstance(schema.get("enum"), list) and not any(_same(value, one) for one in schema["enum"]):
        return f"{where} is none of the values of enum"
    if "const" in schema and not _same(value, schema["const"]):
        return f"{where} is not the value of const"
    return _misfit_inside(value, schema, root, path, depth) or _out_of_range(value, schema, where)


def _misfit_inside(value: Any, schema: Mapping[str, Any], root: Any, path: str, depth: int) -> str | None:
    dot = f"{path}." if path else ""
    if isinstance(value, Mapping):
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        for name in _list(schema.get("required")):
            if isinstance(name, str) and name not in value:
                return f"{dot}{name} is missing"
        more = schema.get("additionalProperties")
        for name, one in value.items():
            if name not in properties and more is False:
                return f"{dot}{name} is not among the parameters"
            fault = misfit(one, properties.get(name, more), root=root, path=f"{dot}{name}", depth=depth + 1)
            if fault:
                return fault
    if isinstance(value, list):
        for at, one in enumerate(value):
            fault = misfit(one, schema.get("items"), root=root, path=f"{path}[{at}]", depth=depth + 1)
            if fault:
                return fault
    return None


def _out_of_range(value: Any, schema: Mapping[str, Any], where: str) -> str | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = schema.get("minimum"), schema.get("maximum")
        below = isinstance(low, (int, float)) and value < low
        return f"{where} is out of range" if below or (isinstance(high, (int, float)) and value > high) else None
    name = "Items" if isinstance(value, list) else "Length"
    if isinstance(value, (list, str)):
        low, high = schema.get(f"min{name}"), schema.get(f"max{name}")
        few = isinstance(low, int) and len(value) < low
        return f"{where} is too short or too long" if few or (isinstance(high, int) and len(value) > high) else None
    return None


def _referred(root: Any, reference: str) -> Any:
    found = root
    for name in reference.removeprefix("#/").split("/"):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":
        return False
    if kind == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES[kind])


def _same(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _kind(value: Any) -> str:
    kinds = {
        bool: "a boolean",
        str: "a string",
        int: "a number",
        float: "a number",
        list: "an array",
        dict: "an object",
    }
    return kinds.get(type(value), "null")
