"""Column names as the caller gives them: one for another, several for one, and names that are freed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from prefqa.dtypes import free_name
from prefqa.errors import ColumnNotFoundError, UsageError
from prefqa.preferences import JUDGMENT_TYPES, ROW
from prefqa.readers.export import Extract
from prefqa.readers.records import Records
from prefqa.readers.table import Table

#: Roles of which several columns are criteria, and the role that each is then.
_CRITERIA = ("winner", "rank", "score", "label")
#: Standard columns that only a layout of their own gives; on a tool's export they cannot be set.
_OF_LAYOUTS = {
    "winner",
    "response_a",
    "response_b",
    "chosen",
    "rejected",
    "responses",
    "ranks",
    "scores",
    "order",
    "ranking",
}


def mapped(table: Table, columns: Mapping[str, Any]) -> Table:
    """Return the table with mapped columns under their standard names.

    Raises:
        ColumnNotFoundError: a column that there is not.
        UsageError: a list for a role that takes one column.
    """
    for role, yours in columns.items():
        if yours is False:
            table = _freed(table, role)
    names = {role: yours for role, yours in columns.items() if isinstance(yours, str)}
    lists = {role: list(yours) for role, yours in columns.items() if isinstance(yours, list | tuple)}
    odd = [role for role, yours in columns.items() if yours is not False and role not in names and role not in lists]
    if odd:
        raise UsageError(f"columns: {odd[0]} = {columns[odd[0]]!r} is neither a name, a list of names nor false")
    frame, shown = renamed_columns(table.frame, names, table.origin)
    table = replace(table, frame=frame, source_names={**table.source_names, **shown})
    for role, yours in lists.items():
        _there(frame, yours, table.origin)
        table = _joined(table, role, yours) if role == "prompt" else _as_criteria(table, role, yours)
    return table


def renamed_columns(
    frame: pl.LazyFrame, columns: Mapping[str, str], origin: str
) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Give mapped columns their standard names; a column that had such a name already keeps its data aside.

    Returns the frame and the file's names of the renamed columns.
    """
    names = frame.collect_schema().names()
    _there(frame, list(columns.values()), origin)
    aside = {
        name: free_name(f"{name}_unmapped", names) for name, yours in columns.items() if name in names and yours != name
    }
    chosen = [pl.col(yours).alias(name) for name, yours in columns.items()]
    kept = [
        pl.col(name).alias(aside.get(name, name))
        for name in names
        if name not in columns.values() and columns.get(name) != name
    ]
    return frame.select(*chosen, *kept), {
        **columns,
        **{new: old for old, new in aside.items() if old not in columns.values()},
    }


def mapped_long(
    long: pl.LazyFrame, records: Records, columns: Mapping[str, Any], tool: str, origin: str
) -> pl.LazyFrame:
    """Return the long rows of a tool's export with further columns of its records under standard names.

    Raises:
        UsageError: a column that the tool's reader alone can give.
    """
    lists = {role for role, yours in columns.items() if isinstance(yours, list | tuple)}
    impossible = sorted((_OF_LAYOUTS & set(columns)) | (lists - {"prompt"}))
    if impossible:
        raise UsageError(
            f"{origin}: read as {tool}, whose reader knows where the votes are; [columns] {impossible[0]} cannot "
            f"be set on it",
            hint='to read the file by its columns instead, set a shape: [read]\nshape = "pairwise"',
        )
    names = {role: yours for role, yours in columns.items() if isinstance(yours, str)}
    parts = list(columns["prompt"]) if "prompt" in lists else []
    known = long.collect_schema().names()
    inside = {role: yours for role, yours in names.items() if yours in known and yours not in records.schema}
    from_records = {role: yours for role, yours in names.items() if role not in inside}
    missing = [yours for yours in (*from_records.values(), *parts) if yours not in records.schema]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, records.schema.names(), origin)
    freed = [role for role, yours in columns.items() if yours is False and role in known]
    long = long.drop(freed)
    long = long.with_columns(pl.col(yours).alias(role) for role, yours in inside.items())
    if not from_records and not parts:
        return long
    further, _ = records.as_text(dict.fromkeys((*from_records.values(), *parts), pl.String()))
    joined = [] if not parts else [_blank_lines([pl.col(name) for name in parts]).alias("prompt")]
    wanted = further.lazy().select(
        pl.col(ROW).cast(pl.Int64), *(pl.col(yours).alias(role) for role, yours in from_records.items()), *joined
    )
    from_records = from_records | ({"prompt": ""} if parts else {})
    kept = long.drop([role for role in from_records if role in long.collect_schema()]).with_columns(
        pl.col(ROW).cast(pl.Int64)
    )
    return kept.join(wanted, on=ROW, how="left", maintain_order="left")


def without_mapped(found: Extract, columns: Mapping[str, Any], tool: str, origin: str) -> Extract:
    """Return what a tool's reader found without the prompts that the caller takes from elsewhere.

    Raises:
        UsageError: other keys for tables that a tool's reader keeps apart.
    """
    keys = [role for role in ("item_id", "response_id") if role in columns]
    if keys and not (found.items is None and found.responses is None):
        hint = 'to read the file by its columns instead, set a shape: [read]\nshape = "rankings"'
        raise UsageError(
            f"{origin}: read as {tool}, whose reader names items and responses; [columns] {keys[0]}", hint=hint
        )
    if found.items is None or "prompt" not in columns:
        return found
    return replace(found, items=found.items.drop("prompt", strict=False))


def _freed(table: Table, role: str) -> Table:
    """The table with a standard name taken from its column, and no alias looked for."""
    frame, names = table.frame, dict(table.source_names)
    if role in frame.collect_schema() and role in JUDGMENT_TYPES:
        aside = free_name(f"source_{role}", frame.collect_schema().names())
        frame = frame.rename({role: aside})
        names[aside] = role
    return replace(table, frame=frame, source_names=names, freed=table.freed | {role})


def _joined(table: Table, role: str, columns: list[str]) -> Table:
    """Several columns of a prompt as one."""
    frame = table.frame
    rest = [name for name in frame.collect_schema() if name not in columns and name != role]
    frame = frame.select(*rest, _blank_lines([pl.col(name).cast(pl.String) for name in columns]).alias(role))
    return replace(table, frame=frame, source_names={**table.source_names, role: ", ".join(columns)})


def _blank_lines(parts: list[pl.Expr]) -> pl.Expr:
    """Texts joined by blank lines; parts that are empty are left out."""
    present = [pl.when(part.str.strip_chars() != "").then(part) for part in parts]
    whole = pl.concat_str(present, separator="\n\n", ignore_nulls=True)
    return pl.when(pl.any_horizontal(part.is_not_null() for part in present)).then(whole)


def _as_criteria(table: Table, role: str, columns: list[str]) -> Table:
    """Several columns of votes, ranks, scores or labels: one row each, with its name as the criterion."""
    if role not in _CRITERIA:
        raise UsageError(
            f"columns: {role} takes one column, not {columns!r}",
            hint=f"lists are for prompt and {', '.join(_CRITERIA)}.",
        )
    frame = table.frame
    rest = [name for name in frame.collect_schema() if name not in columns and name not in (role, "criterion")]
    rows = [frame.select(*rest, pl.col(name).alias(role), pl.lit(name).alias("criterion")) for name in columns]
    return replace(
        table,
        frame=pl.concat(rows, how="vertical_relaxed"),
        source_names={**table.source_names, role: ", ".join(columns), "criterion": "(names of these columns)"},
    )


def _there(frame: pl.LazyFrame, columns: list[str], origin: str) -> None:
    names = frame.collect_schema().names()
    missing = [name for name in columns if name not in names]
    if missing:
        raise ColumnNotFoundError.from_missing(missing, [name for name in names if name != ROW], origin)
