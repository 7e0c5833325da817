"""Rows of each shape become long rankings: one row per judgment and response."""

from __future__ import annotations

from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name, whole_rank
from prefqa.errors import UsageError
from prefqa.preferences import ROW

#: Columns that hold the text of a response in a long frame, and the prompt, first found first taken.
TEXTS = ("text", "response_text", "response", "completion", "output")
PROMPTS = ("prompt", "instruction")
UNNAMED = "unknown"
#: Which two responses a pairwise judgment compared; an item of several pairs becomes one item per pair.
PAIR = "_pair"
_FIRST = ("a", "1", "first", "left", "response_a", "model_a", "response_1", "-1")
_SECOND = ("b", "2", "second", "right", "response_b", "model_b", "response_2")
_TIE = ("tie", "0", "equal", "both", "neither", "tie (bothbad)", "tie(bothbad)", "bothbad", "both_bad", "same")
#: The words for a side of a pair, or for neither.
WORDS = {"first": _FIRST, "second": _SECOND, "tie": _TIE}
#: Names of the two responses of a pair, and of the word for the better one.
PAIRS = (
    ("response_a", "response_b"),
    ("response_1", "response_2"),
    ("response1", "response2"),
    ("model_a", "model_b"),
)
VOTES = ("winner", "vote", "preference", "choice")


def rankings(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Long rankings as they are."""
    return frame


def ratings(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Rank each judgment's scores, higher first, equal scores tied (1, 2, 2, 4); no score means not ranked."""
    names = frame.collect_schema().names()
    if "score" not in names:
        frame = frame.rename({"rating": "score"})
    keys = [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in names]
    score = pl.col("score").cast(pl.Float64, strict=False)
    usable = pl.when(score.is_finite()).then(score)
    unread = pl.when(pl.col("score").is_not_null() & usable.is_null()).then(pl.col("score").cast(pl.String))
    return frame.with_columns(
        rank=usable.rank("min", descending=True).over(keys).cast(pl.Int64),
        score=usable,
        **{raw_name("score"): unread, raw_name("rank"): pl.lit(None, pl.String)},
    )


def ranking_lists(frame: pl.LazyFrame) -> pl.LazyFrame:
    """One row per judgment: a list of responses beside a list of their ranks, or the responses alone, best first."""
    schema = frame.collect_schema()
    responses = next(name for name in ("response_ids", "responses", "ranking") if name in schema)
    ranks = next((name for name in ("ranks", "rank") if isinstance(schema.get(name), pl.List)), None)
    if not isinstance(schema[responses], pl.List):
        raise UsageError(f"column {responses!r} holds {schema[responses]}, where a list of responses is expected")
    place = pl.int_ranges(1, pl.col(responses).list.len() + 1) if ranks is None else pl.col(ranks)
    beside = [name for name in ("scores", "positions") if isinstance(schema.get(name), pl.List)]
    frame = _with_row(frame).with_columns(pl.col(responses).alias("response_id"), place.alias("_ranks"))
    frame = _with_item(_with_annotator(frame))
    unequal = pl.col("response_id").list.len() != pl.col("_ranks").list.len()
    # Lists of different length cannot be matched: every response of such a judgment gets a rank that is refused.
    told = formatted("{} ranks for {} responses", pl.col("_ranks").list.len(), pl.col("response_id").list.len())
    frame = frame.with_columns(
        pl.when(unequal).then(told).alias("_unequal"),
        pl.when(unequal | pl.col("_ranks").is_null())
        .then(pl.col("response_id").list.eval(pl.lit(None, _inner(schema, ranks))))
        .otherwise(pl.col("_ranks"))
        .alias("_ranks"),
        *(_same_length(name, unequal).alias(name) for name in beside),
    )
    drop = {responses, *({ranks} if ranks else set())} - {"response_id"}
    long = frame.drop(drop).explode("response_id", "_ranks", *beside, empty_as_null=True)
    rank, unread = _read_ranks(pl.col("_ranks"))
    names = {"scores": "score", "positions": "position"}
    return (
        long.with_columns(rank.alias("rank"), pl.coalesce("_unequal", unread).alias(raw_name("rank")))
        .drop("_ranks", "_unequal")
        .rename({name: names[name] for name in beside if names[name] not in schema})
    )


def pairwise(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Two responses side by side and a word for the better one: two rows per judgment, position 1 and 2."""
    schema = frame.collect_schema()
    names = schema.names()
    first, second = next((a, b) for a, b in PAIRS if a in names and b in names)
    vote = next(name for name in VOTES if name in names)
    models = "model_a" in names and "model_b" in names and first != "model_a"
    frame = _with_item(_with_annotator(_with_row(frame)), fallback=(first, second))
    frame = frame.with_columns(pl.col(first).alias("_text_a"), pl.col(second).alias("_text_b"))
    if models:
        frame = frame.with_columns(pl.col("model_a").alias("_id_a"), pl.col("model_b").alias("_id_b"))
    else:
        frame = frame.with_columns(_identity(first, schema).alias("_id_a"), _identity(second, schema).alias("_id_b"))
    said = pl.col(vote).cast(pl.String, strict=False).str.strip_chars()
    word = said.str.to_lowercase().str.strip_suffix(".0")
    is_first = word.is_in(_FIRST) | (said == pl.col("_id_a").cast(pl.String))
    is_second = word.is_in(_SECOND) | (said == pl.col("_id_b").cast(pl.String))
    better = pl.when(word.is_in(_TIE)).then(0).when(is_first).then(1).when(is_second).then(2)
    frame = frame.with_columns(better.alias("_better"), said.alias("_said"))
    texts = not models and _holds_text(frame, first, schema)
    sides = []
    for place, side in ((1, "a"), (2, "b")):
        rank = pl.when(pl.col("_better").is_in([0, place])).then(1).when(pl.col("_better").is_not_null()).then(2)
        unread = pl.when(pl.col("_better").is_null()).then(pl.coalesce("_said", pl.lit("(no vote)")))
        sides.append(
            frame.with_columns(
                pl.col(f"_id_{side}").alias("response_id"),
                rank.cast(pl.Int64).alias("rank"),
                unread.alias(raw_name("rank")),
                pl.lit(place, pl.Int64).alias("position"),
                *([pl.col(f"_text_{side}").alias("text")] if models or texts else []),
            )
        )
    used = {first, second, vote, *(("model_a", "model_b") if models else ())}
    scratch = {"_text_a", "_text_b", "_id_a", "_id_b", "_better", "_said"}
    return _numbered(_both(sides, first, second, schema).drop(used | scratch), apply=texts)


def chosen_rejected(frame: pl.LazyFrame) -> pl.LazyFrame:
    """A chosen and a rejected response per row: ranks 1 and 2."""
    schema = frame.collect_schema()
    frame = _with_item(_with_annotator(_with_row(frame)), fallback=())
    ids = "chosen_id" in schema and "rejected_id" in schema
    sides = [
        frame.with_columns(
            pl.col(f"{side}_id").alias("response_id") if ids else _identity(side, schema).alias("response_id"),
            pl.lit(rank, pl.Int64).alias("rank"),
            pl.col(side).alias("text"),
        )
        for rank, side in ((1, "chosen"), (2, "rejected"))
    ]
    drop = ["chosen", "rejected", *(("chosen_id", "rejected_id") if ids else ())]
    return _numbered(_both(sides, "chosen", "rejected", schema).drop(drop), apply=not ids)


def _both(sides: list[pl.LazyFrame], first: str, second: str, schema: pl.Schema) -> pl.LazyFrame:
    """The rows of both sides, numbers beside text as text.

    Raises:
        UsageError: one side holds text and the other messages.
    """
    kinds = schema[first], schema[second]
    if kinds[0] != kinds[1] and any(kind.is_nested() for kind in kinds) and pl.Null() not in kinds:
        both = " and ".join(f"{name!r} {kind}" for name, kind in zip((first, second), kinds, strict=True))
        raise UsageError(f"two sides of one pair are of different kinds: {both}", hint="bring both to one form.")
    return pl.concat(sides, how="vertical_relaxed")


def _inner(schema: pl.Schema, ranks: str | None) -> pl.DataType:
    dtype = schema[ranks] if ranks else pl.List(pl.Int64)
    return dtype.inner if isinstance(dtype, pl.List) else pl.Int64()  # type: ignore[return-value]


def _same_length(name: str, unequal: pl.Expr) -> pl.Expr:
    """A list beside the responses, or nulls where it is not of their length."""
    other = unequal | (pl.col(name).list.len() != pl.col("response_id").list.len()) | pl.col(name).is_null()
    nulls = pl.col("response_id").list.eval(pl.lit(None, pl.Float64))
    return pl.when(other).then(nulls).otherwise(pl.col(name).cast(pl.List(pl.Float64), strict=False))


def _read_ranks(column: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """A rank column as integers from 1, and as text what is not one."""
    rank = whole_rank(column)
    return rank, pl.when(rank.is_null() & column.is_not_null()).then(column.cast(pl.String))


def _with_row(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame if ROW in frame.collect_schema() else frame.with_row_index(ROW)


def _with_annotator(frame: pl.LazyFrame) -> pl.LazyFrame:
    if "annotator_id" in frame.collect_schema():
        return frame
    return frame.with_columns(annotator_id=pl.lit(UNNAMED))


def _with_item(frame: pl.LazyFrame, fallback: tuple[str, ...] = ()) -> pl.LazyFrame:
    """Without item ids, one prompt is one item; without prompts, each row (or each pair of names) is its own."""
    schema = frame.collect_schema()
    if "item_id" in schema:
        return frame
    prompt = next((name for name in PROMPTS if name in schema), None)
    if prompt is not None:
        key = _identity(prompt, schema)
        return frame.with_columns(item_id=formatted("prompt-{}", key.rank("dense").cast(pl.Int64)))
    if fallback:
        pair = pl.concat_list(pl.col(fallback[0]).cast(pl.String), pl.col(fallback[1]).cast(pl.String)).list.sort()
        return frame.with_columns(item_id=pair.list.join(" | "))
    return frame.with_columns(item_id=formatted("row-{}", pl.col(ROW)))


def _identity(name: str, schema: pl.Schema) -> pl.Expr:
    """A column as the text that identifies its value; chat messages by their JSON."""
    dtype: Any = schema[name]
    if isinstance(dtype, pl.Struct):
        return pl.col(name).struct.json_encode()
    if isinstance(dtype, pl.List) and isinstance(dtype.inner, pl.Struct):
        return pl.col(name).list.eval(pl.element().struct.json_encode()).list.join(",")
    if dtype.is_nested():
        return pl.col(name).cast(pl.List(pl.String), strict=False).list.join(",")
    return pl.col(name).cast(pl.String)


def _holds_text(frame: pl.LazyFrame, name: str, schema: pl.Schema) -> bool:
    """Whether a column of responses holds their texts and not their ids: long values, or lines, or messages."""
    if schema[name].is_nested():
        return True
    if schema[name] != pl.String():
        return False
    sample = frame.select(pl.col(name)).head(1000)
    found = sample.select(
        ((pl.col(name).str.len_chars() > 60) | pl.col(name).str.contains("\n")).fill_null(False).any()
    ).collect()
    return bool(found.item())


def _numbered(frame: pl.LazyFrame, *, apply: bool) -> pl.LazyFrame:
    """Give texts that stand for their own ids a short one (r1, r2, ... in the order of their texts); name pairs."""
    if apply:
        number = formatted("r{}", pl.col("response_id").rank("dense").over("item_id").cast(pl.Int64))
        frame = frame.with_columns(response_id=pl.when(pl.col("response_id").is_not_null()).then(number))
    ids = pl.col("response_id").cast(pl.String)
    return frame.with_columns(ids.sort().str.join("|").over(ROW).alias(PAIR))
