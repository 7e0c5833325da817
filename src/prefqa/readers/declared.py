"""Declarations of tools and data sets: which fields are read, and how a record becomes judgments.

A declaration maps its records to one of three plain forms, which this module turns into rankings:

- `pairs`: one row per vote. `vote` is "first", "second", "tie", "both_bad" or null (not read), `said` is the value as
  it was written. `first_text`, `second_text` are the responses; `first_id`, `first_model`, `first_score` (and
  `second_...`) are optional, and so is any other `first_x` beside a `second_x`, which becomes column `x` of the
  judgments, or of the responses where the declaration names it in `of_response`. The first response has position 1
  unless the rows have a `position`, null where nobody knows the places on the screen.
- `rated`: one row per rated response: `text`, `score` (higher is better) and, where they are known, `response_id`,
  `model`.
- `ranked`: likewise with `rank`, 1 = best, in place of `score`.

All forms take `item_id`, `annotator_id`, `prompt` and any standard column (`criterion`, `created_at`, `duration_s`,
`status`, `strength`, `annotator_kind`, ...). What is missing is filled in: `item_id` numbers the records,
`annotator_id` is "unknown".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name
from prefqa.message_json import holds_json
from prefqa.messages import with_json
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import VALUES, Export, Extract, misfit_note
from prefqa.readers.long_rows import PAIR, UNNAMED
from prefqa.readers.nested import read_fields
from prefqa.readers.tool import Tool
from prefqa.readers.written_json import carried_by, columns_of, context_of
from prefqa.writers.pair_forms import CARRIED

TEXT = pl.String()
#: Chat messages, contents as text (JSON where a content is a list of parts: see `readers.dialogues.without_parts`).
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
        of_response: columns of the rows that describe a response (an image, a model): they go into the responses.
        of_item: columns of the rows that describe a prompt; they go into the items.
        whole: whether messages keep what they say beside a role and a text, and records their tools and media.
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
    of_response: tuple[str, ...] = ()
    of_item: tuple[str, ...] = ()
    whole: bool = False

    def tool(self) -> Tool:
        """Return the entry of the registry."""
        return Tool(self.name, self.what, self.sees, partial(read_declared, declaration=self), self.confirms)


def read_declared(export: Export, declaration: Declaration) -> Extract:
    """Read records by their declaration."""
    schema = export.records.schema
    fields = declaration.fields(schema) if callable(declaration.fields) else declaration.fields
    added = {name: TEXT for name in _ADDED if name in schema and name not in fields and not schema[name].is_nested()}
    whole, misfits = read_fields(export.records, {**fields, **added})
    carried = pl.DataFrame()
    if declaration.whole:
        whole = _with_messages(whole, export, fields)
        carried = carried_by(export.records, [name for name in CARRIED if name not in fields], export.origin)
    frame = whole.drop(added)
    rows = _with_added(declaration.rows(frame), whole.select(ROW, *added))
    if carried.width > 1:
        rows = _by_context(rows.join(carried, on=ROW, how="left", maintain_order="left"))
    lost = declaration.notes(frame) if declaration.notes else ()
    values = None
    if declaration.form == "pairs":
        values = vote_values(rows, "vote")
        long = pair_rows(rows)
    else:
        long = ranked_rows(rows, declaration.form)
    long, responses = _moved(long, ["item_id", "response_id"], declaration.of_response, ("text", "model"))
    long, items = _moved(long, ["item_id"], declaration.of_item, ("prompt",))
    used = tuple(name for name in (*fields, *added, *carried.columns) if name in schema)
    notes = (*misfit_note(misfits, frame), *lost)
    return Extract(long, responses, items, declaration.detail, notes, used=used, values=values)


def _with_messages(frame: pl.DataFrame, export: Export, fields: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Records with messages as they were written, where any of them says more than a role and a text."""
    names = [name for name, dtype in fields.items() if dtype in (MESSAGES, MESSAGES.inner)]
    written = columns_of(export.records, names, export.origin)
    rich = [name for name in names if holds_json(written.schema.get(name))]
    if not rich:
        return frame
    frame = frame.with_columns(written[name] for name in rich)
    single = [name for name in names if isinstance(frame.schema[name], pl.Struct)]
    listed = frame.with_columns(
        pl.when(pl.col(name).is_not_null()).then(pl.concat_list(name)).alias(name) for name in single
    )
    whole = with_json(listed, names, export.origin)
    return whole.with_columns(pl.col(name).list.first() for name in single)


def _by_context(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in which a prompt beside other tools or media is another item."""
    context = context_of(rows.schema)
    if context is None or "item_id" not in rows.columns:
        return rows
    rows = rows.with_columns(_context=context)
    several = pl.col("_context").n_unique().over("item_id") > 1
    number = pl.col("_context").rank("dense").over("item_id").cast(pl.Int64)
    item = pl.when(several).then(formatted("{}-{}", "item_id", number)).otherwise("item_id")
    return rows.with_columns(item.alias("item_id")).drop("_context")


def _with_added(rows: pl.DataFrame, added: pl.DataFrame) -> pl.DataFrame:
    """Rows with standard columns that somebody added to a data set, in place of what its layout alone says of them."""
    names = [name for name in added.columns if name != ROW]
    if not names or ROW not in rows.columns:
        return rows
    return rows.drop(names, strict=False).join(added, on=ROW, how="left", maintain_order="left")


def _moved(
    long: pl.DataFrame, keys: list[str], names: tuple[str, ...], beside: tuple[str, ...]
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Take columns out of the judgments, into a table of responses or items with one row per key."""
    moved = [name for name in names if name in long.columns]
    if not moved:
        return long, None
    shown = [name for name in beside if name in long.columns]
    table = long.select(*keys, *shown, *moved).drop_nulls(keys).unique(keys, keep="first", maintain_order=True)
    if "text" in beside and "text" not in shown:
        table = table.with_columns(text=pl.lit(None, TEXT))
    return long.drop(moved), table.sort(keys)


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
    """Two rows per vote, ranks 1 and 2 or 1 and 1; a vote that was not read has no rank, and its value beside it."""
    rows = _filled(rows)
    vote = pl.col("vote")
    tie = vote.is_in(["tie", "both_bad"])
    own = [name.removeprefix("first_") for name in rows.columns if name.startswith("first_")]
    own = [name for name in own if f"second_{name}" in rows.columns]
    if "id" not in own:
        rows = rows.with_columns(first_id=pl.lit("first"), second_id=pl.lit("second"))
        own = [*own, "id"]
    rows = _each_its_own(rows)
    carried = [name for name in rows.columns if not name.startswith(("first_", "second_")) and name not in _OF_A_VOTE]
    both_bad = [(vote == "both_bad").alias("both_bad")] if rows["vote"].eq("both_bad").any() else []
    sides = []
    for place, side, other in ((1, "first", "second"), (2, "second", "first")):
        rank = pl.when(tie | (vote == side)).then(1).when(vote == other).then(2).cast(pl.Int64)
        # Not in place of the rank: a value such as 2 would pass for one.
        unread = pl.when(vote.is_null()).then(pl.coalesce(pl.col("said").cast(pl.String), pl.lit("(no vote)")))
        named = [pl.col(f"{side}_{name}").alias(_OWN.get(name, name)) for name in own]
        place_ = [] if "position" in carried else [pl.lit(place, pl.Int64).alias("position")]
        sides.append(
            rows.select(*carried, rank.alias("rank"), unread.alias(raw_name("rank")), *place_, *both_bad, *named)
        )
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


def _each_its_own(rows: pl.DataFrame) -> pl.DataFrame:
    """Give votes on one pair whose annotators nobody named an annotator each: they are no repeats."""
    pair = pl.concat_list(pl.col("first_id").cast(pl.String), pl.col("second_id").cast(pl.String)).list.sort()
    among = [name for name in ("item_id", "criterion") if name in rows.columns]
    several = pl.len().over(*among, pair.list.join("|")) > 1
    unnamed = pl.col("annotator_id") == UNNAMED
    return rows.with_columns(
        annotator_id=pl.when(unnamed & several).then(formatted(f"{UNNAMED}-{{}}", ROW)).otherwise("annotator_id")
    )


def _without_empty(long: pl.DataFrame) -> pl.DataFrame:
    """Without optional columns that hold nothing in this file."""
    keep = {ROW, "item_id", "annotator_id", "response_id", "rank", raw_name("rank"), "score"}
    return long.drop([name for name in long.columns if name not in keep and long[name].null_count() == long.height])


#: Standard columns that a data set may have been given by those who judged it anew.
_ADDED = ("annotator_id", "annotator_kind", "created_at", "duration_s", "batch", "guideline_version")
_OF_A_VOTE = ("vote", "said")
_OWN = {"id": "response_id"}
