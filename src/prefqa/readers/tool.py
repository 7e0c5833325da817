"""What a reader of a tool or data set is: its name, by what it is recognised, and who reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from prefqa.readers.export import Export, Extract
from prefqa.readers.records import Records, fields_of


@dataclass(frozen=True)
class Tool:
    """A layout of a tool or data set.

    `sees` returns by what it is recognised in a schema, or None; `confirms`, where columns alone do not suffice, looks
    at the first records, with their own types.
    """

    name: str
    what: str
    sees: Callable[[pl.Schema], str | None]
    read: Callable[[Export], Extract]
    confirms: Callable[[pl.DataFrame], bool] | None = None

    def recognises(self, records: Records) -> str | None:
        """Return by what these records are recognised, or None."""
        reason = self.sees(records.schema)
        if reason is None or self.confirms is None:
            return reason
        return reason if self.confirms(records.head()) else None


def unseen(_schema: pl.Schema) -> str | None:
    """Recognise nothing: the format is read by name alone."""
    return None


def has_columns(*names: str) -> Callable[[pl.Schema], str | None]:
    """Recognise records by columns."""
    return lambda schema: f"columns {listed(list(names))}" if set(names) <= set(schema) else None


def has_one_of(*names: str) -> Callable[[pl.Schema], str | None]:
    """Recognise records by any one of several columns."""

    def sees(schema: pl.Schema) -> str | None:
        found = [name for name in names if name in schema]
        return f"column {found[0]!r}" if found else None

    return sees


def has_fields(column: str, *names: str) -> Callable[[pl.Schema], str | None]:
    """Recognise records by the fields of the objects in a column, or in its list."""
    reason = f"{listed(list(names))} in {column!r}"
    return lambda schema: reason if set(names) <= set(fields_of(schema.get(column))) else None


def both(*parts: Callable[[pl.Schema], str | None]) -> Callable[[pl.Schema], str | None]:
    """Recognise records by several things at once."""

    def sees(schema: pl.Schema) -> str | None:
        reasons = [part(schema) for part in parts]
        return " and ".join(filter(None, reasons)) if all(reasons) else None

    return sees


def listed(names: list[str]) -> str:
    """Return names in quotation marks, at most four of them."""
    return ", ".join(map(repr, names[:4])) + (", ..." if len(names) > 4 else "")
