"""Rows of one response each: rankings, ratings, labels, and ratings of one response per item."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name, whole_rank
from prefqa.errors import AmbiguousReadingError, Choice, ColumnNotFoundError, UsageError
from prefqa.readers.cells import chat, encoded, is_messages
from prefqa.readers.export import RECORD
from prefqa.readers.keys import NO_ANNOTATORS, PAIR, PROMPTS, UNNAMED, with_annotator, with_item, with_prompt
from prefqa.readers.laid import Laid
from prefqa.readers.ordinals import with_plain_ranks
from prefqa.readers.pair_rows import ranks_from_zero
from prefqa.readers.scores import ranked, refuse_unclear_direction, scores_of
from prefqa.readers.table import Table, row_ids
from prefqa.readers.unnamed import refuse_unnamed_prompt

#: The words for a side of a pair, or for neither, as arenas write them.
WORDS = {
    "first": ("a", "first", "left", "response_a", "model_a", "response_1"),
    "second": ("b", "second", "right", "response_b", "model_b", "response_2"),
    "tie": ("tie", "equal", "both", "neither", "tie (bothbad)", "tie(bothbad)", "bothbad", "both_bad", "same"),
}
__all__ = [
    "PAIR",
    "PROMPTS",
    "UNNAMED",
    "WORDS",
    "is_labels",
    "is_numeric",
    "is_ratings",
    "is_records",
    "labels",
    "rankings",
    "ratings",
    "records",
]


#: Share of ranks of 0 from which on they are no slips: with K responses ranked from 0 it is 1 / K.
_ZEROS = 0.02


def is_rankings(table: Table) -> bool:
    """Whether a table has one row per response with its rank."""
    return _has_item(table) and _has_response(table) and bool(_plain(table, "rank"))


def rankings(table: Table) -> Laid:
    """One row per judgment and response, with its rank."""
    table = with_plain_ranks(_responses(_keyed(table.take("rank"))), ["rank"])
    rank = pl.col("rank")
    if table.options.missing:
        rank = table.options.without_missing(rank, table.schema["rank"])
        table = table.with_frame(table.frame.with_columns(rank))
    start = table.options.ranks_from
    if start is None and _has_zero(table):
        raise ranks_from_zero(table, "rank")
    if start == 0:
        number = pl.col("rank").cast(pl.Float64, strict=False)
        read = whole_rank(number + 1)
        unread = pl.when(read.is_null() & pl.col("rank").is_not_null()).then(pl.col("rank").cast(pl.String))
        table = table.with_frame(table.frame.with_columns(read.alias("rank"), unread.alias(raw_name("rank"))))
    table = _one_annotator(table)
    detail = f"long rankings: one row per judgment and response, with its rank, {0 if start == 0 else 1} is best"
    return Laid(table, table.frame, detail)


def is_ratings(table: Table) -> bool:
    """Whether a table has one row per response with its score."""
    return _has_item(table) and _has_response(table) and bool(_plain(table, "score"))


def ratings(table: Table) -> Laid:
    """One row per judgment and response, ranked by its score, higher first, equal scores tied (1, 2, 2, 4)."""
    table = _responses(_keyed(table.take("score")))
    refuse_unclear_direction(table, ["score"])
    table = _one_annotator(table)
    worse = table.options.higher == "worse"
    score = scores_of(table, "score")
    keys = [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in table.schema]
    present = table.options.without_missing(pl.col("score"), table.schema["score"])
    unread = pl.when(present.is_not_null() & score.is_null()).then(pl.col("score").cast(pl.String))
    long = table.frame.with_columns(score=score, **{raw_name("score"): unread})
    long = long.with_columns(
        rank=ranked(pl.col("score"), keys, higher_is_worse=worse), **{raw_name("rank"): pl.lit(None, pl.String)}
    )
    word = "lower" if worse else "higher"
    return Laid(
        table, long, f"ratings: one row per judgment and response, ranked by score, {word} first, equal scores tied"
    )


def is_records(table: Table) -> bool:
    """Whether a table has scores of one response, or of the item as a whole, by annotators."""
    has_item = _has_item(table) or table.has("text")
    return has_item and table.has("annotator_id") and not _names_responses(table) and bool(_plain(table, "score"))


def records(table: Table) -> Laid:
    """Scores of items as a whole, which are no rankings."""
    table = _keyed(table.take("score"))
    score = scores_of(table, "score")
    unread = pl.when(pl.col("score").is_not_null() & score.is_null()).then(pl.col("score").cast(pl.String))
    long = table.frame.with_columns(
        response_id=pl.lit(RECORD), score=score, rank=pl.lit(None, pl.Int64), **{raw_name("score"): unread}
    )
    return Laid(table, long, "ratings of items as a whole, which rank nothing; agreement is that of scores")


def is_labels(table: Table) -> bool:
    """Whether a table has labels of items by annotators."""
    has_item = _has_item(table) or table.has("text")
    return has_item and table.has("annotator_id") and bool(_plain(table, "label"))


def labels(table: Table) -> Laid:
    """Labels that annotators gave to items, or to responses."""
    table = table.take("label")
    with_response = _names_responses(table) or (_has_item(table) and _has_response(table))
    table = _keyed(table)
    if with_response:
        table = _responses(table)
    long = table.frame.with_columns(rank=pl.lit(None, pl.Int64))
    if "response_id" not in long.collect_schema():
        long = long.with_columns(response_id=pl.lit(RECORD))
    return Laid(table, long, "labels: one row per item and annotator, which rank nothing; agreement is that of labels")


def wide_labels(table: Table) -> Laid:
    """A column per annotator beside items without pairs: scores, ranks or labels, as the caller says."""
    wide = table.options.annotator_columns(table.names)
    gives = table.options.gives
    numeric = all(is_numeric(table, name) for name in wide)
    if gives is None and numeric:
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(map(repr, wide[:6]))} hold numbers, and the file does not say "
            f"of what kind",
            [
                Choice("they are scores, higher is better", '[read]\ngives = "scores"'),
                Choice("they are ranks, 1 is best", '[read]\ngives = "ranks"'),
                Choice("they are labels", '[read]\ngives = "labels"'),
            ],
        )
    role = {"scores": "score", "ranks": "rank", "labels": "label", None: "label"}.get(gives)
    if role is None:
        raise UsageError(f"{table.origin}: annotators' columns hold votes, but there are no two columns of responses")
    for name in wide:
        table = table.give(name, role, "the answers of one annotator", renamed=False)
    rest = [name for name in table.schema if name not in wide and name != role]
    frame = pl.concat(
        [
            table.frame.select(*rest, pl.lit(name).alias("annotator_id"), pl.col(name).cast(pl.String).alias(role))
            for name in wide
        ]
    ).filter(pl.col(role).str.strip_chars().fill_null("") != "")
    table = table.with_frame(frame)
    if role == "label":
        return labels(table)
    if role == "rank":
        return rankings(table)
    return ratings(table) if _has_response(table) else records(table)


def _keyed(table: Table) -> Table:
    """The table with prompt, item, annotator and optional columns in their roles.

    Raises:
        ColumnNotFoundError: no column names the items.
    """
    table = with_annotator(with_prompt(table))
    table = with_item(table, row_is_judgment=False).with_optional()
    if not table.used("item_id") and not table.used("prompt") and table.has("text"):
        text = table.pick("text")  # a text that is judged for itself is an item
        if text is not None:
            refuse_unnamed_prompt(table, text)
        table = table if text is None else table.give(text, "prompt", "the text that was judged")
    if not table.used("item_id"):
        if not table.used("prompt"):
            names = ", ".join(repr(table.shown(name)) for name in table.names) or "none"
            raise ColumnNotFoundError(
                f"{table.origin}: no column names the items or holds their prompts. The data has: {names}.\n"
                'Hint: name it:\n[columns]\nitem_id = "…"'
            )
        known = encoded("prompt", table.schema["prompt"])
        item = formatted("prompt-{}", known.rank("dense").cast(pl.Int64))
        table = table.with_frame(table.frame.with_columns(item_id=pl.when(known.is_not_null()).then(item)))
    for role in ("position", "score", "label"):  # under their own names they are read beside ranks, too
        if table.having(role) == [role] or (role == "position" and table.has(role)):
            table = table.take(role)
    return table


def _responses(table: Table) -> Table:
    """The table with `response_id`: by its column, by the model, or by the text; text and model in their roles."""
    named = table.pick("response_id")
    if named is not None:
        table = table.give(named, "response_id")
    text = table.pick("text") if table.has("text") else None
    if text is not None:
        table = chat(table.give(text, "text"), ["text"])
    model = table.pick("model") if table.has("model") else None
    if model is not None:
        table = table.give(model, "model")
    if text is not None:
        refuse_unnamed_prompt(table)
    if named is not None:
        return table
    if model is not None and not _model_answers_twice(table):
        frame = table.frame.with_columns(response_id=pl.col("model").cast(pl.String))
        return table.with_frame(frame).say(f"responses are named by {table.shown('model')!r}")
    known = encoded("text", table.schema["text"]).fill_null("")
    number = formatted("r{}", known.rank("dense").over("item_id").cast(pl.Int64))
    return table.with_frame(table.frame.with_columns(response_id=number)).say("responses are told apart by their texts")


def _model_answers_twice(table: Table) -> bool:
    """Whether a model has several texts for one item."""
    if not table.used("text"):
        return False
    texts = encoded("text", table.schema["text"])
    several = table.frame.group_by("item_id", "model").agg(n=texts.n_unique()).select((pl.col("n") > 1).any())
    return bool(several.collect().item())


def _one_annotator(table: Table) -> Table:
    """Rows without annotators as the judgments of one, where each response of an item occurs once.

    Raises:
        UsageError: a response occurs several times: which rows belong to one judgment cannot be told.
    """
    if table.used("annotator_id"):
        return table
    keys = [name for name in ("item_id", "response_id", "criterion", "judgment_id") if name in table.schema]
    again = table.frame.group_by(keys).agg(n=pl.len()).filter(pl.col("n") > 1).head(1).collect()
    if not again.is_empty():
        row = again.row(0, named=True)
        ours = ("item_id", "response_id", "annotator_id")
        names = ", ".join(repr(table.shown(name)) for name in table.names[:12] if name not in ours)
        raise UsageError(
            f"{table.origin}: response {row['response_id']!r} of item {row['item_id']!r} has {row['n']} rows, "
            f"and no column says "
            "whose judgments they are",
            hint='name the column of the annotators:\n[columns]\nannotator_id = "…"\n'
            f"Columns not used so far: {names or 'none'}.",
        )
    return table.with_frame(table.frame.with_columns(annotator_id=pl.lit(UNNAMED))).say(NO_ANNOTATORS)


def _has_item(table: Table) -> bool:
    return table.has("item_id", "prompt") or bool(row_ids(table.names))


def _has_response(table: Table) -> bool:
    return table.has("response_id", "model") or any(
        name for name in table.having("text") if not isinstance(table.schema[name], pl.List) or _messages(table, name)
    )


def _names_responses(table: Table) -> bool:
    return table.has("response_id", "model")


def _messages(table: Table, name: str) -> bool:
    return is_messages(table.schema[name])


def _plain(table: Table, role: str) -> list[str]:
    """Columns of a role that hold one value per row."""
    return [name for name in table.having(role) if not table.schema[name].is_nested()]


def is_numeric(table: Table, name: str) -> bool:
    """Whether the values of a column are numbers."""
    if table.schema[name].is_nested() or table.schema[name].is_temporal() or table.schema[name] == pl.Boolean():
        return False
    values = table.sample(name)[name].drop_nulls().cast(pl.String).str.strip_chars()
    values = values.filter(values != "")
    return not values.is_empty() and values.cast(pl.Float64, strict=False).null_count() == 0


def _has_zero(table: Table) -> bool:
    """Whether enough ranks are 0 that counting may begin there; a few are slips, which the checks name."""
    number = pl.col("rank").cast(pl.Float64, strict=False)
    share = table.frame.select((number == 0).mean()).collect().item()
    return share is not None and share >= _ZEROS
