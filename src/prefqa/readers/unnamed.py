"""Columns whose names say nothing and whose values look like prompts or annotators are asked about."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from prefqa.errors import AmbiguousReadingError, Choice
from prefqa.readers.names import MEASURES, tokens
from prefqa.readers.table import Table, row_ids

#: Words of columns in which people say why they voted, and of texts that are no prompts.
_REMARKS = {
    "comment", "comments", "rationale", "rationales", "explanation", "explanations", "reason", "reasons", "reasoning",
    "note", "notes", "feedback", "justification", "critique", "remark", "remarks", "review", "guideline", "guidelines",
    "rubric", "reference", "gold", "system", "analysis", "thoughts", "raw", "description", "statement", "error", "tags",
}  # fmt: skip
#: Four words or more are a sentence rather than a name.
_SENTENCE = r"\S\s+\S+\s+\S+\s+\S"


def refuse_unnamed_prompt(table: Table, text: str | None = None) -> None:
    """Refuse responses without a prompt where a column of sentences, one per item, may hold what was asked.

    With `text`, rows that name no item: such a column is a prompt where it has several texts.

    Raises:
        AmbiguousReadingError: with the configuration for each such column, and for none.
    """
    if table.used("prompt") or "prompt" in table.freed:
        return
    names = [
        name
        for name in _plain(table, pl.String())
        if not set(tokens(name)) & (_REMARKS | MEASURES) and _holds_sentences(table, name)
    ]
    if text is not None:
        people = table.having("annotator_id")[:1] or (["annotator_id"] if table.used("annotator_id") else [])
        names = [name for name in names if name != text and _are_items(table, name, text, people)]
    if "item_id" in table.schema and names:
        several = table.frame.group_by("item_id").agg(pl.col(name).n_unique().alias(name) for name in names)
        most = several.select(pl.col(names).max()).collect().row(0, named=True)
        names = [name for name in names if most[name] == 1]
    if not names:
        return
    choices = [
        Choice(f"{table.shown(name)!r} holds the prompts", f'[columns]\nprompt = "{table.shown(name)}"')
        for name in names[:4]
    ]
    choices.append(Choice("the prompts are not in the file", "[columns]\nprompt = false"))
    shown = ", ".join(repr(table.shown(name)) for name in names[:4])
    one = len(names) == 1
    raise AmbiguousReadingError(
        f"{table.origin}: no column has a name that prompts have; column{'' if one else 's'} {shown} may hold them",
        choices,
    )


def refuse_unnamed_annotators(table: Table, keys: Sequence[str]) -> None:
    """Refuse rows that repeat within `keys` where a column may name who made each of them.

    Such a column never repeats within an item and recurs across items.

    Raises:
        AmbiguousReadingError: with the configuration for each such column, and for none.
    """
    if "annotator_id" in table.freed:
        return
    names = [name for name in _plain(table, pl.String(), pl.Int64()) if not set(tokens(name)) & MEASURES]
    if not names:
        return
    again = table.frame.with_columns(_n=pl.len().over(keys)).filter(pl.col("_n") > 1)
    counted = again.select(
        pl.len().alias("_rows"),
        *(pl.col(name).n_unique().alias(f"{name}\x1fvalues") for name in names),
        *(pl.struct(*keys, name).n_unique().alias(f"{name}\x1fdifferent") for name in names),
        *(pl.col(name).null_count().alias(f"{name}\x1fnulls") for name in names),
    )
    found = counted.collect().row(0, named=True)
    rows, of = found["_rows"], int(table.frame.select(pl.len()).collect().item())
    people = [
        name
        for name in names
        if found[f"{name}\x1fdifferent"] == rows
        and not found[f"{name}\x1fnulls"]
        and 1 < found[f"{name}\x1fvalues"] <= rows / 2
    ]
    if not people or rows * 2 < of:  # a few rows that were exported twice have no annotators
        return
    shown = ", ".join(repr(table.shown(name)) for name in people[:4])
    choices = [
        Choice(f"{table.shown(name)!r} names the annotators", f'[columns]\nannotator_id = "{table.shown(name)}"')
        for name in people[:4]
    ]
    choices.append(Choice("nothing names them: each row is a vote of its own", "[columns]\nannotator_id = false"))
    one = len(people) == 1
    raise AmbiguousReadingError(
        f"{table.origin}: {rows:,} of {of:,} rows judge what other rows judge too, and no column has a name that "
        f"annotators have; column{'' if one else 's'} {shown} may say who made each of them",
        choices,
    )


def _plain(table: Table, *kinds: pl.DataType) -> list[str]:
    """Columns without a role that hold one value of these kinds per row."""
    schema = table.schema
    return [name for name in table.names if schema[name] in kinds and not name.startswith("_") and name != "item_id"]


def _holds_sentences(table: Table, name: str) -> bool:
    """Whether most values are sentences, and no few of them that come back in row after row."""
    values = table.sample(name)[name].drop_nulls().str.strip_chars()
    values = values.filter(values != "")
    if values.is_empty() or values.str.contains(r"^[\[{<]").any():
        return False
    share = values.str.contains(_SENTENCE).mean()
    return isinstance(share, float) and share > 0.5 and (values.n_unique() > 1 or len(values) == 1)


def likely_ratings(table: Table) -> list[Choice]:
    """Return the configurations under which a table that fits no layout is one of ratings, one row per response.

    Two columns may be items and responses where no annotator has two rows of both, and items have several responses.
    """
    people = table.having("annotator_id")[:1]
    scores = [f'score = "{table.shown(name)}"' for name in _ratings(table)]
    if len(scores) > 1:
        scores.insert(0, f"score = [{', '.join(one.removeprefix('score = ') for one in scores)}]")
    if table.having("score"):
        scores = [""]
    taken = {*people, *table.having("score"), *_ratings(table)}
    free = [
        name
        for name in _plain(table, pl.String(), pl.Int64())
        if name not in taken and not set(tokens(name)) & MEASURES
    ]
    items = table.having("item_id") or table.having("prompt")
    responses = table.having("response_id") or table.having("text") or table.having("model")
    known = {*items, *responses, *table.having("model")}
    pairs = [
        (item, response)
        for item in items[:1] or [name for name in free if name not in known]
        for response in responses[:1] or [name for name in free if name not in known]
        if item != response and _are_items(table, item, response, people)
    ]
    choices = []
    for item, response in pairs[:6]:
        lines = []
        if not items:
            role = "prompt" if _holds_sentences(table, item) else "item_id"
            lines.append(f'{role} = "{table.shown(item)}"')
        if not responses:
            role = "text" if _holds_sentences(table, response) else "response_id"
            lines.append(f'{role} = "{table.shown(response)}"')
        meaning = f"{table.shown(item)!r} says what was judged, {table.shown(response)!r} which response"
        for score in scores:
            what = f", rated by {score.removeprefix('score = ')}, higher is better" if score else ""
            choices.append(Choice(f"{meaning}{what}", "\n".join(["[columns]", *lines, *([score] if score else [])])))
    return [one for one in choices if one.config != "[columns]"][:6]


def _ratings(table: Table) -> list[str]:
    """Columns of numbers, or of true and false, without a role that measure nothing else."""
    numbers = [
        name
        for name in table.names
        if not name.startswith("_") and not set(tokens(name)) & MEASURES and _is_number(table, name)
    ]
    known = {*table.having("item_id"), *table.having("annotator_id"), *table.having("response_id"), *row_ids(numbers)}
    return [name for name in numbers if name not in known]


def _is_number(table: Table, name: str) -> bool:
    dtype = table.schema[name]
    if dtype.is_nested() or dtype.is_temporal():
        return False
    values = table.sample(name)[name].drop_nulls().cast(pl.String).str.strip_chars().str.to_lowercase()
    values = values.filter(values != "")
    number = values.cast(pl.Float64, strict=False).is_not_null() | values.is_in(["true", "false"])
    return not values.is_empty() and bool(number.all())


def _are_items(table: Table, item: str, response: str, people: Sequence[str]) -> bool:
    """Whether rows are told apart by two columns (and the annotator), and items have several responses."""
    counted = table.frame.select(
        rows=pl.len(), different=pl.struct(item, response, *people).n_unique(), nulls=pl.col(item).null_count()
    )
    rows, different, nulls = counted.collect().row(0)
    each = table.frame.group_by(item).agg(n=pl.col(response).n_unique()).select((pl.col("n") > 1).mean())
    return rows == different and not nulls and (each.collect().item() or 0) > 0.5
