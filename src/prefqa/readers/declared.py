"""Declarations of tools and data sets: which fields are read, and how a record becomes judgments.

A declaration maps its records to one of three plain forms, which this module turns into rankings:

- `pairs`: one row per vote. `vote` is "first", "second", "tie", "both_bad" or null (not read), `said` is the value as it
  was written. `first_text`, `second_text` are the responses; `first_id`, `first_model`, `first_score` (and `second_...`)
  are optional, and so is any other `first_x` beside a `second_x`, which becomes column `x` of the response.
- `rated`: one row per rated response: `text`, `score` (higher is better) and, where they are known, `response_id`, `model`.
- `ranked`: likewise with `rank`, 1 = best, in place of `score`.

All forms take `item_id`, `annotator_id`, `prompt` and any standard column (`criterion`, `created_at`, `duration_s`,
`status`, `strength`, `annotator_kind`, ...). What is missing is filled in: `item_id` numbers the records, `annotator_id`
is "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import polars as pl

from prefqa._words import formatted
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import VALUES, Export, Extract, misfit_note
from prefqa.readers.long_rows import PAIR, UNNAMED
from prefqa.readers.tool import Tool

TEXT = pl.String()
#: Chat messages, contents as text (JSON where a content is a list of parts: see `readers.cells.parts_as_text`).
MESSAGES = pl.List(pl.Struct({"role": TEXT, "content": TEXT}))
Form = Literal["pairs", "rated", "ranked"]


@dataclass(frozen=True)
class Declaration:
    """How the records of one tool or data set are recognised and read.

    Attributes:
        name: what `format=` takes.
        what: the tool or data set, in words.
        sees: by what columns it is recognised; see `readers.tool`.
        fields: the columns that are read, with their structure; all leaves are text. A callable gets the schema.
        rows: maps the records (with `_row`) to the form.
        form: which of the forms of this module.
        detail: who is preferred, and by what.
        confirms: looks at the first records, where columns alone do not suffice.
        notes: what was left out of the records, as notes with counts.
    """

    name: str
    what: str
    sees: Callable[[pl.Schema], str | None]
    fields: Mapping[str, pl.DataType] | Callable[[pl.Schema], Mapping[str, pl.DataType]]
    rows: Callable[[pl.DataFrame], pl.DataFrame]
    form: Form
    detail: str
    confirms: Callable[[pl.DataFrame], bool] | None = None
    notes: Callable[[pl.DataFrame], tuple[Note, ...]] | None = None

    def tool(self) -> Tool:
        """Return the entry of the registry."""
        return Tool(self.name, self.what, self.sees, partial(read_declared, declaration=self), self.confirms)


def read_declared(export: Export, declaration: Declaration) -> Extract:
    """Read records by their declaration."""
    schema = export.records.schema
    fields = declaration.fields(schema) if callable(declaration.fields) else declaration.fields
    frame, misfits = export.records.as_text(fields)
    rows = declaration.rows(frame)
    lost = declaration.notes(frame) if declaration.notes else ()
    values = None
    if declaration.form == "pairs":
        values = vote_values(rows, "said")
        long = pair_rows(rows)
    else:
        long = ranked_rows(rows, declaration.form)
    used = tuple(name for name in fields if name in schema)
    notes = (*misfit_note(misfits, frame), *lost)
    return Extract(long, None, None, declaration.detail, notes, used=used, values=values)


def vote_values(rows: pl.DataFrame, column: str) -> pl.DataFrame:
    """Count how each value of a vote was read; `column` is its name in the source."""
    said = pl.col("said").cast(pl.String).fill_null("(empty)")
    return (
        rows.group_by(value=said, meaning=pl.col("vote"))
        .agg(count=pl.len().cast(pl.Int64))
        .select(pl.lit(column).alias("column"), "value", "meaning", "count")
        .sort("count", "value", descending=[True, False])
        .cast(VALUES)  # type: ignore[arg-type]
    )


def pair_rows(rows: pl.DataFrame) -> pl.DataFrame:
    """Two rows per vote, ranks 1 and 2 or 1 and 1; a vote that was not read has its value in place of a rank."""
    rows = _filled(rows)
    vote = pl.col("vote")
    tie = vote.is_in(["tie", "both_bad"])
    own = [name.removeprefix("first_") for name in rows.columns if name.startswith("first_")]
    own = [name for name in own if f"second_{name}" in rows.columns]
    if "id" not in own:
        rows = rows.with_columns(first_id=pl.lit("first"), second_id=pl.lit("second"))
        own = [*own, "id"]
    carried = [name for name in rows.columns if not name.startswith(("first_", "second_")) and name not in _OF_A_VOTE]
    both_bad = [(vote == "both_bad").alias("both_bad")] if rows["vote"].eq("both_bad").any() else []
    sides = []
    for place, side, other in ((1, "first", "second"), (2, "second", "first")):
        rank = pl.when(tie | (vote == side)).then(pl.lit("1")).when(vote == other).then(pl.lit("2"))
        unread = pl.coalesce(pl.col("said").cast(pl.String), pl.lit("(no vote)"))
        named = [pl.col(f"{side}_{name}").alias(_OWN.get(name, name)) for name in own]
        place_ = [] if "position" in carried else [pl.lit(place, pl.Int64).alias("position")]
        sides.append(rows.select(*carried, rank.otherwise(unread).alias("rank"), *place_, *both_bad, *named))
    names = pl.col("response_id").sort().str.join("|").over(ROW, "annotator_id", "item_id")
    return _without_empty(pl.concat(sides).with_columns(names.alias(PAIR)))


def ranked_rows(rows: pl.DataFrame, form: Form) -> pl.DataFrame:
    """Rows of rated or ranked responses, each with a rank and a name for its response."""
    rows = _filled(rows)
    if "response_id" not in rows.columns:
        number = pl.int_range(1, pl.len() + 1).over(ROW, "item_id", "annotator_id", *_criterion(rows))
        rows = rows.with_columns(response_id=formatted("r{}", number))
    if form == "rated":
        score = pl.col("score").cast(pl.Float64, strict=False)
        finite = pl.when(score.is_finite()).then(score)
        keys = [name for name in ("item_id", "annotator_id", "criterion", "judgment_id") if name in rows.columns]
        rows = rows.with_columns(rank=finite.rank("min", descending=True).over(keys).cast(pl.Int64))
    return _without_empty(rows)


def _criterion(rows: pl.DataFrame) -> list[str]:
    return ["criterion"] if "criterion" in rows.columns else []


def _filled(rows: pl.DataFrame) -> pl.DataFrame:
    row = formatted("row-{}", ROW)
    item = pl.coalesce(pl.col("item_id").cast(pl.String), row) if "item_id" in rows.columns else row
    unnamed = pl.lit(UNNAMED)
    who = pl.coalesce(pl.col("annotator_id").cast(pl.String), unnamed) if "annotator_id" in rows.columns else unnamed
    return rows.with_columns(item_id=item, annotator_id=who)


def _without_empty(long: pl.DataFrame) -> pl.DataFrame:
    """Without optional columns that hold nothing in this file."""
    keep = {ROW, "item_id", "annotator_id", "response_id", "rank", "score"}
    return long.drop([name for name in long.columns if name not in keep and long[name].null_count() == long.height])


_OF_A_VOTE = ("vote", "said")
_OWN = {"id": "response_id"}
