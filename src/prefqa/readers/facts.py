"""What is known of a reading: the role of each column of the source, and the configuration that repeats it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import polars as pl

from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.preferences import Preferences
from prefqa.readers.export import Extract
from prefqa.readers.laid import Laid
from prefqa.readers.options import Options
from prefqa.reading import COLUMNS, VALUES, Facts


def facts_of(
    laid: Laid,
    names: Sequence[str],
    mapping: Mapping[str, Any],
    options: Options,
    shape: str,
    format: str,
) -> Facts:
    """Return the facts of a source that was read by its columns."""
    table = laid.table
    roles: dict[str, tuple[str, str]] = {}
    for use in table.uses:
        for name in (
            table.shown(use.column).split(", ") if use.column in ("prompt", "criterion") else [table.shown(use.column)]
        ):
            roles.setdefault(name, (use.role, use.note))
    kept = {**{role: yours for role, yours in mapping.items() if isinstance(yours, str)}}
    for role, yours in kept.items():
        roles.setdefault(yours, (role, ""))
    for role, yours in mapping.items():
        if isinstance(yours, list | tuple):
            for name in yours:
                roles[name] = (role, "one of several")
    for name in laid.response_columns:
        roles.setdefault(table.shown(name), ("of the response", ""))
    rows: list[tuple[str, str | None, str]] = [
        (name, *roles[name]) if name in roles else (name, None, "kept to slice by") for name in names
    ]
    rows += [(name, *roles[name]) for name in roles if name not in names and name.startswith("(")]
    columns = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    values = laid.values if laid.values is not None else pl.DataFrame(schema=VALUES)
    config = _config(laid, mapping, options, shape, format, values, columns)
    config["columns"] = {
        role: yours for role, yours in config.get("columns", {}).items() if not isinstance(yours, str) or yours in names
    }
    return Facts(columns, values.cast(VALUES), table.statements, config)  # type: ignore[arg-type]


def facts_of_tool(found: Extract, names: Sequence[str], mapping: Mapping[str, Any], tool: str) -> Facts:
    """Return the facts of an export that its own reader has read."""
    mapped = {yours: role for role, yours in mapping.items() if isinstance(yours, str)}
    mapped |= {name: role for role, yours in mapping.items() if isinstance(yours, list | tuple) for name in yours}
    used = set(found.used)
    rows: list[tuple[str, str | None, str]] = []
    for name in names:
        if name in mapped:
            rows.append((name, mapped[name], ""))
        elif name in used:
            rows.append((name, name, f"taken by the reader of {tool}"))
        else:
            rows.append((name, None, "not read"))
    columns = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    values = (found.values if found.values is not None else pl.DataFrame(schema=VALUES)).cast(VALUES)  # type: ignore[arg-type]
    config: dict[str, Any] = {"read": {"format": tool}}
    if mapping:
        config["columns"] = dict(mapping)
    config["read"]["expect"] = _expected(names, values)
    return Facts(columns, values, (), config)


def with_statements(prefs: Preferences, how: Sequence[str]) -> Preferences:
    """Return preferences whose reading says how files and times were read."""
    facts = prefs.source.facts
    more = tuple(dict.fromkeys((*how, *prefs.source.times)))
    if not more:
        return prefs
    facts = replace(facts, statements=(*more, *facts.statements))
    return replace(prefs, source=replace(prefs.source, facts=facts))


def with_config(prefs: Preferences, keys: Mapping[str, Any]) -> Preferences:
    """Return preferences whose pinned configuration has these keys of `[read]`, where they were given."""
    given = {name: str(value) for name, value in keys.items() if value is not None}
    facts = prefs.source.facts
    if not given or not facts.config:
        return prefs
    config = {**facts.config, "read": {**facts.config["read"], **given}}
    return replace(prefs, source=replace(prefs.source, facts=replace(facts, config=config)))


def compare(prefs: Preferences, schema: pl.Schema, expect: Mapping[str, Any]) -> None:
    """Refuse a source that differs from the reading that was pinned.

    Raises:
        ColumnNotFoundError: a column that there was and is not.
        UsageError: a value of a vote that is new or was read otherwise; scores or ranks beyond their range.
    """
    origin = prefs.source.origin
    missing = [name for name in expect.get("columns", ()) if name not in schema]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, schema.names(), f"{origin} differs from the pinned reading")
    known = expect.get("votes", {})
    for column, value, meaning, count in prefs.source.facts.values.iter_rows():
        if not known or value.startswith("("):
            continue
        before = known.get(value, "not there")
        if before != (meaning or "not read"):
            raise UsageError(
                f"{origin} differs from the pinned reading: {column} holds {value!r} {count:,} times, read as "
                f"{meaning or 'nothing'}; before it was {before}",
                hint="look at the new values with prefqa inspect, then write the configuration anew or correct "
                "the file.",
            )
    scales = {row["column"]: row for row in prefs.reading.scales.iter_rows(named=True)} if expect.get("scales") else {}
    for column, (low, high) in expect.get("scales", {}).items():
        now = scales.get(column)
        if now is not None and (now["low"] < low or now["high"] > high):
            raise UsageError(
                f"{origin} differs from the pinned reading: {column} runs from {now['low']:g} to "
                f"{now['high']:g}, before from "
                f"{low:g} to {high:g}",
                hint="if the new values are right, write the configuration anew with prefqa inspect --write-config.",
            )


def _config(
    laid: Laid,
    mapping: Mapping[str, Any],
    options: Options,
    shape: str,
    format: str,
    values: pl.DataFrame,
    columns: pl.DataFrame,
) -> dict[str, Any]:
    """The keys of `[read]` and `[columns]` that lead to the same reading without any inference."""
    read: dict[str, Any] = {"shape": shape}
    if format != "auto":
        read["format"] = format
    for name in ("gives", "ranks_from", "ranking", "higher", "pair_values", "winner", "annotator_from", "time_format"):
        value = getattr(options, name)
        if value is not None:
            read[name] = value
    if options.missing:
        read["missing"] = list(options.missing)
    if options.annotators or laid.table.options.annotators:
        read["annotators"] = list(options.annotators or laid.table.options.annotators)
    if options.votes:
        read["votes"] = dict(options.votes)
    roles = _mapped_roles(laid)
    chosen = {**roles, **mapping}
    read["expect"] = _expected(columns.filter(pl.col("role").is_not_null())["column"].to_list(), values)
    return {"read": read, "columns": chosen} if chosen else {"read": read}


def _mapped_roles(laid: Laid) -> dict[str, str]:
    """Columns in the roles that one column has, by which a file with more columns is read the same way."""
    found: dict[str, str] = {}
    roles = [use.role for use in laid.table.uses]
    for use in laid.table.uses:
        name = laid.table.shown(use.column)
        if use.role in _PINNED and roles.count(use.role) == 1 and not name.startswith("(") and ", " not in name:
            found[use.role] = name
    joined = any(use.role.startswith("prompt (") for use in laid.table.uses)
    if joined:
        found.pop("prompt", None)
    return {role: name for role, name in found.items() if role != name}


_PINNED = ("item_id", "annotator_id", "criterion", "created_at", "duration_s", "label", "rank", "score",
           "response_id", "text", "model",
           "prompt", "winner")  # fmt: skip


def _expected(columns: Sequence[str], values: pl.DataFrame) -> dict[str, Any]:
    expected: dict[str, Any] = {"columns": [name for name in columns if not name.startswith("(")]}
    votes = {
        value: meaning or "not read"
        for value, meaning in values.select("value", "meaning").iter_rows()
        if not value.startswith("(")
    }
    if votes:
        expected["votes"] = votes
    return expected
