"""Which item a row is about and who judged it: from the columns that name them, or from the prompt and the row."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.preferences import ROW
from prefqa.readers.cells import chat, encoded
from prefqa.readers.names import key
from prefqa.readers.table import Table, row_ids
from prefqa.readers.unnamed import refuse_unnamed_annotators, refuse_unnamed_prompt
from prefqa.readers.written_json import context_of

UNNAMED = "unknown"
#: Columns that hold the text of a response in a long frame, and the prompt, first found first taken.
TEXTS = ("text", "response_text", "response", "completion", "output")
PROMPTS = ("prompt", "instruction")
#: Which two responses a pairwise judgment compared; an item of several pairs becomes one item per pair.
PAIR = "_pair"
#: Further parts of a prompt: the text that an instruction or a question is about.
_CONTEXT = ("input", "inputtext", "context", "document", "article", "passage", "post", "source", "sourcetext")
NO_ANNOTATORS = (
    "no column names the annotators: where an item has several rows, each is a vote of its own; annotators "
    "cannot be compared, "
    "and a vote exported twice cannot be found"
)


def with_prompt(table: Table) -> Table:
    """Return the table with the column `prompt`, joined from an instruction and its input where there are both."""
    main = table.pick("prompt")
    if main is None:
        return table
    context = _context(table, main)
    if context is None:
        note = "chat messages" if table.schema[main].is_nested() else ""
        return chat(table.give(main, "prompt", note), ["prompt"])
    shown, about = table.shown(main), table.shown(context)
    table = table.give(context, "prompt (with another column)", f"joined to {shown!r} by a blank line", renamed=False)
    present = pl.when(pl.col(context).cast(pl.String).str.strip_chars() != "").then(pl.col(context).cast(pl.String))
    whole = pl.concat_str(pl.col(main).cast(pl.String), present, separator="\n\n", ignore_nulls=True)
    joined = pl.when(pl.col(main).is_not_null() | present.is_not_null()).then(whole)
    table = table.with_frame(table.frame.with_columns(joined.alias(main))).give(main, "prompt")
    return table.say(f"the prompt is {shown!r} and {about!r}, joined by a blank line")


def with_item(table: Table, *, row_is_judgment: bool) -> Table:
    """Return the table with `item_id`, where a column names items; by prompts and rows see `items_by_prompt`."""
    if "item_id" in table.names and "item_id" not in table.freed:
        return table.give("item_id", "item_id")
    found = table.having("item_id")
    weak = not found
    found = found or ([] if "item_id" in table.freed else row_ids(table.names))
    found = [name for name in found if not table.schema[name].is_nested()]
    if not found:
        return table
    has_prompt = table.used("prompt")
    good = [name for name in found if _names_items(table, name, row_is_judgment=row_is_judgment, weak=weak)]
    if len(good) > 1 and not has_prompt and not weak:
        column = table.pick("item_id")
        return table if column is None else table.give(column, "item_id")
    if good and (len(good) == 1 or not has_prompt):
        return table.give(good[0], "item_id")
    shown = ", ".join(repr(table.shown(name)) for name in found)
    return table.say(f"items are told apart by their prompt, not by {shown}") if has_prompt and not weak else table


def items_by_prompt(table: Table, pair: tuple[str, str] | None = None) -> Table:
    """Return the table with `item_id`: one prompt is one item; without prompts, one pair of texts, or each row.

    A prompt beside other tools, images, videos or sounds is another one.
    """
    refuse_unnamed_prompt(table)
    if "item_id" in table.schema and "item_id" not in table.freed:
        return table
    schema = table.schema
    if table.used("prompt"):
        known = encoded("prompt", schema["prompt"])
        context = context_of(schema)
        whole = known if context is None else pl.concat_str(known, context, separator="\x1f")
        number = formatted("prompt-{}", whole.rank("dense").cast(pl.Int64))
        item = pl.when(known.is_not_null()).then(number).otherwise(formatted("row-{}", ROW))
    elif pair is not None:
        both = pl.concat_list(*(encoded(name, schema[name]) for name in pair)).list.sort().list.join("\n")
        item = formatted("pair-{}", both.rank("dense").cast(pl.Int64))
    else:
        item = formatted("row-{}", ROW)
    return table.with_frame(table.frame.with_columns(item_id=item))


def with_annotator(table: Table) -> Table:
    """Return the table with `annotator_id` in its role, where a column names annotators."""
    column = table.pick("annotator_id")
    if column is None and table.options.annotator_from == "file" and "_file" in table.schema:
        return table.give("_file", "annotator_id", "the name of the file")
    return table if column is None else table.give(column, "annotator_id")


def unnamed_annotators(table: Table, *within: str) -> Table:
    """Return the table with `annotator_id`, where no column has it.

    Rows that share an item are the judgments of one person each.
    """
    if table.used("annotator_id"):
        return table
    refuse_unnamed_annotators(table, ["item_id", *within])
    alone = pl.len().over("item_id", *within) == 1
    who = pl.when(alone).then(pl.lit(UNNAMED)).otherwise(formatted(f"{UNNAMED}-{{}}", ROW))
    return table.with_frame(table.frame.with_columns(annotator_id=who)).say(NO_ANNOTATORS)


def _names_items(table: Table, name: str, *, row_is_judgment: bool, weak: bool) -> bool:
    """Whether a column names items rather than rows or groups of prompts."""
    prompt = encoded("prompt", table.schema["prompt"]) if table.used("prompt") else pl.lit("")
    known = table.frame.select(id=pl.col(name).cast(pl.String), prompt=prompt)
    counts = known.select(
        rows=pl.len(),
        ids=pl.col("id").n_unique(),
        prompts=pl.col("prompt").n_unique(),
        both=pl.struct("id", "prompt").n_unique(),
        nulls=pl.col("id").null_count(),
    ).collect()
    rows, ids, prompts, both, nulls = counts.row(0)
    if not table.used("prompt"):
        return not (weak and not row_is_judgment and ids == rows) and not nulls
    one_prompt_each = both == ids
    counts_rows = ids == rows and prompts < ids
    return one_prompt_each and not counts_rows and not nulls and not (weak and ids > prompts)


def _context(table: Table, main: str) -> str | None:
    """The column that a prompt is joined with: `input` beside an instruction, or one that tells prompts apart."""
    if table.schema[main] != pl.String():
        return None
    names = [
        name for name in table.names if key(name) in _CONTEXT and name != main and table.schema[name] == pl.String()
    ]
    if main in table.source_names and "," in table.source_names[main]:
        return None
    for name in names:
        if key(main) in ("instruction", "instructions") and key(name) in ("input", "inputtext"):
            return name
        counts = table.frame.select(one=pl.col(main).n_unique(), both=pl.struct(main, name).n_unique()).collect().row(0)
        if counts[1] > counts[0]:
            if key(name) in ("source",):
                continue
            return name
    return None
