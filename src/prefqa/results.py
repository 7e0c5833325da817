"""What every result can do: be read as plain data, be written whole, be shown in a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from prefqa.writers.atomic import json_ready, write_json


class Result:
    """Base of the frozen result objects; a subclass says in `to_dict` what its stable JSON form is."""

    def to_dict(self) -> dict[str, Any]:
        """Return the documented JSON form: plain lists, dicts, strings, numbers, null."""
        raise NotImplementedError

    def write(self, path: str | Path) -> None:
        """Write the JSON form to `path`, whole or not at all."""
        write_json(path, self.to_dict())

    def _repr_html_(self) -> str:
        return "".join(
            part._repr_html_() for part in vars(self).values() if isinstance(part, pl.DataFrame) and part.width
        )


def records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as JSON-ready records: dates as ISO text, NaN as null."""
    times = [name for name, dtype in frame.schema.items() if dtype.is_temporal()]
    plain = frame.with_columns(pl.col(name).cast(pl.String) for name in times)
    return [json_ready(row) for row in plain.to_dicts()]
