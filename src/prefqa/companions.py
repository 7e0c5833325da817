"""The door for small files beside data and for states: bounded, parsed, and of the shape that is expected of them.

What is not as expected ends in a `ReadError` with the file and the key; nothing is taken from such a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from prefqa.errors import MissingExtraError, ReadError, whole_characters

#: Bytes of a file of settings; real ones have some thousand.
MAX_BYTES = 20_000_000
#: Values that YAML may hold, those that aliases repeat counted as often as they stand.
MAX_VALUES = 200_000
M = TypeVar("M", bound=BaseModel)


def text_of(path: Path) -> str:
    """Return the text of a small file.

    Raises:
        ReadError: a file that cannot be read, is too large, or no UTF-8 text.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise ReadError(path, f"more than {MAX_BYTES:,} bytes, too large for settings or a state")
        return raw.decode("utf-8-sig")
    except OSError as error:
        raise ReadError(path, f"cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ReadError(path, f"no UTF-8 text: {error}") from error


def json_of(path: Path, what: str) -> Any:
    """Return the JSON of a small file; `what` says in errors what is expected: "Croissant metadata".

    Raises:
        ReadError: as `text_of`, and for what is no JSON.
    """
    text = text_of(path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReadError(path, f"is no {what}: {_reason(error)}") from error
    return _whole(value, path, what)


def yaml_of(path: Path, what: str) -> Any:
    """Return the JSON or YAML of a small file, with bounds on what aliases may repeat.

    Raises:
        ReadError: as `text_of`, for what is neither, and for aliases that repeat too much.
        MissingExtraError: the file is YAML, and nothing that reads it is installed.
    """
    text = text_of(path)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        return _whole(value, path, what)
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("pyyaml", "argilla") from error
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is not None and _size(node, {}) > MAX_VALUES:
            raise ReadError(path, f"is no {what}: its aliases stand for more than {MAX_VALUES:,} values")
        value = None if node is None else loader.construct_document(node)
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, AttributeError) as error:
        raise ReadError(path, f"neither JSON nor YAML: {_reason(error)}") from error
    return _whole(value, path, what)


def _whole(value: Any, path: Path, what: str) -> Any:
    """Return a value whose texts can be written again; an escape can stand for half of a character.

    Raises:
        ReadError: one that cannot.
    """
    try:
        with whole_characters(path):
            json.dumps(value, ensure_ascii=False, default=str, skipkeys=True).encode()
    except (ValueError, RecursionError) as error:
        raise ReadError(path, f"is no {what}: {_reason(error)}") from error
    return value


def checked(model: type[M], value: Any, path: Path, what: str) -> M:
    """Return a value as a model of its keys.

    Raises:
        ReadError: a value that does not fit, with its key.
    """
    try:
        return model.model_validate(value)
    except (ValidationError, RecursionError) as error:
        if isinstance(error, RecursionError):
            raise ReadError(path, f"is no {what}: nested too deeply") from error
        first = error.errors(include_url=False, include_context=False)[0]
        key = ".".join(_keys(first["loc"], value, missing=first["type"] in ("missing", "extra_forbidden")))
        reason = first["msg"].removeprefix("Value error, ")
        raise ReadError(path, f"is no {what}: {f'{key}: ' if key else ''}{reason}") from error


def _keys(place: tuple[int | str, ...], value: Any, *, missing: bool) -> list[str]:
    """The keys of a place that there are in a value, and one that is missing; not the types that were tried there."""
    keys: list[str] = []
    for part in place:
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list | tuple) and isinstance(part, int):
            value = value[part] if part < len(value) else None
        else:
            return [*keys, str(part)] if missing and part == place[-1] else keys
        keys.append(str(part))
    return keys


def _size(node: Any, known: dict[int, int]) -> int:
    """Values in a node of YAML, where a node that aliases repeat counts each time; a node within itself is endless."""
    place = id(node)
    if place not in known:
        known[place] = MAX_VALUES + 1  # while it is being counted
        inner = node.value if isinstance(node.value, list) else ()
        parts = (part for one in inner for part in (one if isinstance(one, tuple) else (one,)))
        known[place] = 1 + sum(_size(part, known) for part in parts)
    return known[place]


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error).splitlines()[0] if str(error) else type(error).__name__
