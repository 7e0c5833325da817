"""A reading as configuration: the same file is read the same way again, and another one is refused where it differs."""

from __future__ import annotations

from typing import Any

import tomli_w

from prefqa.reading import Reading

_HEAD = """# How {origin} was read, written by {command}.
# A file whose columns, votes or scales differ from [read.expect] is refused with the difference.

"""


def toml_of(reading: Reading, command: str = "prefqa inspect --write-config") -> str:
    """Return the reading as the text of a prefqa.toml, which names the command that wrote it."""
    config: dict[str, Any] = {name: dict(table) for name, table in reading.config.items()}
    scales = {
        row["column"]: [row["low"], row["high"]]
        for row in reading.scales.iter_rows(named=True)
        if row["column"] == "score"
    }
    if scales:
        config["read"]["expect"] = {**config["read"].get("expect", {}), "scales": scales}
    origin = "".join(c if c.isprintable() else " " for c in reading.origin.replace("\\", "/").rsplit("/", 1)[-1])
    return _HEAD.format(origin=origin, command=command) + tomli_w.dumps(_plain(config))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items() if inner is not None}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
