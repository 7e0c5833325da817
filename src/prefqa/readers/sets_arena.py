"""Chatbot Arena in its several releases, and the human judgments of MT-bench: two conversations and a winner."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import MESSAGES, TEXT, Declaration
from prefqa.readers.dialogues import interleaved, n_questions, parted, up_to_turn, without_parts
from prefqa.readers.identity import no_vote
from prefqa.readers.long_rows import WORDS
from prefqa.readers.records import json_lists
from prefqa.readers.tool import has_columns, listed

_CONVERSATIONS = ("conversation_a", "conversation_b")
_MODELS = ("model_a", "model_b")
_KEPT = ("language", "is_code", "turn", "evaluation_session_id", "evaluation_order")
_SIDE = pl.Struct({"role": TEXT, "content": TEXT})
_ARENA = {
    **dict.fromkeys(
        ("id", "question_id", *_MODELS, "winner", "judge", "judge_hash", "tstamp", "timestamp", *_KEPT), TEXT
    ),
    **dict.fromkeys(_CONVERSATIONS, MESSAGES),
    "full_conversation": pl.List(pl.Struct(dict.fromkeys(("user", "model_side_a", "model_side_b"), _SIDE))),
}
_ONE_HOT = ("winner_model_a", "winner_model_b", "winner_tie")


def _sees(schema: pl.Schema) -> str | None:
    known = {*_MODELS, "winner"} <= set(schema)
    both = {*_CONVERSATIONS} <= set(schema) or "full_conversation" in schema
    named = [name for name in (*_MODELS, "winner", *_CONVERSATIONS, "full_conversation") if name in schema]
    return f"columns {listed(named)}" if known and both else None


def _arena(frame: pl.DataFrame) -> pl.DataFrame:
    frame, _ = _conversations(frame)
    turn = pl.col("turn").cast(pl.Float64, strict=False)
    # Arena's `turn` counts the questions; MT-bench judges each turn of a conversation, and keeps the later ones.
    cut = [up_to_turn(frame, name, turn).alias(name) for name in _CONVERSATIONS]
    earlier = frame.select((n_questions(_CONVERSATIONS[0]) > turn).any()).item()
    rows = parted(frame.with_columns(cut), *_CONVERSATIONS)
    name = pl.coalesce("question_id", "id", formatted("row-{}", ROW))
    item = pl.when(turn.is_not_null()).then(formatted("{}-{}", name, "turn")).otherwise(name) if earlier else name
    written = pl.col("winner").str.strip_chars().str.to_lowercase()
    vote = (
        pl.when(written.is_in(["both_bad", "tie (bothbad)", "tie(bothbad)", "bothbad"]))
        .then(pl.lit("both_bad"))
        .when(written.is_in(WORDS["tie"]))
        .then(pl.lit("tie"))
        .when(written == "model_a")
        .then(pl.lit("first"))
        .when(written == "model_b")
        .then(pl.lit("second"))
    )
    is_model = pl.col("judge").str.contains("(?i)gpt")
    rows = rows.with_columns(
        item_id=item,
        vote=vote,
        said="winner",
        annotator_id=pl.coalesce("judge", "judge_hash"),
        annotator_kind=pl.when(is_model).then(pl.lit("model")).otherwise(pl.lit("human")),
        created_at=_times(rows),
    )
    return _sides(rows.filter(pl.col("winner").is_not_null()))


def _times(rows: pl.DataFrame) -> pl.Series:
    """Seconds since 1970 where all times are such numbers; otherwise as they are written."""
    written = rows.select(pl.coalesce("timestamp", "tstamp")).to_series()
    seconds = written.cast(pl.Float64, strict=False)
    return seconds if seconds.null_count() == written.null_count() else written


def _conversations(frame: pl.DataFrame) -> tuple[pl.DataFrame, tuple[Note, ...]]:
    """Both conversations as messages of text; out of the whole one, where they do not stand alone."""
    if all(frame[name].null_count() == frame.height for name in _CONVERSATIONS):
        whole = frame.filter(pl.col("full_conversation").list.len() > 0).select(ROW, "full_conversation")
        turns = whole.explode("full_conversation").unnest("full_conversation")
        frame = frame.drop(_CONVERSATIONS)
        for side, name in zip(("model_side_a", "model_side_b"), _CONVERSATIONS, strict=True):
            both = turns.select(ROW, pl.concat_list("user", side).alias(name)).explode(name)
            written = both.filter(pl.col(name).struct.field("role").is_not_null())
            lists = written.group_by(ROW, maintain_order=True).agg(name)
            frame = frame.join(lists, on=ROW, how="left", maintain_order="left")
    return without_parts(frame, *_CONVERSATIONS)


def _sides(rows: pl.DataFrame) -> pl.DataFrame:
    """Models name the responses; a model that answered twice gets a number."""
    first, second = (pl.coalesce(name, pl.lit(name)) for name in _MODELS)
    same = first == second
    return rows.select(
        ROW,
        *(name for name in (*_KEPT, "item_id", "annotator_id", "annotator_kind", "created_at") if name in rows.columns),
        "prompt",
        "vote",
        "said",
        first_id=pl.when(same).then(first + "-1").otherwise(first),
        second_id=pl.when(same).then(second + "-2").otherwise(second),
        first_model="model_a",
        second_model="model_b",
        first_text="first_text",
        second_text="second_text",
    )


def _one_hot(frame: pl.DataFrame) -> pl.DataFrame:
    decoded = frame.with_columns(_turns(frame[name]).alias(name) for name in ("prompt", "response_a", "response_b"))
    talks = decoded.with_columns(
        interleaved(decoded, "prompt", f"response_{side}").alias(f"conversation_{side}") for side in "ab"
    )
    rows = parted(talks.drop("prompt"), *_CONVERSATIONS)
    number = [pl.col(name).str.to_lowercase().replace("true", "1").replace("false", "0") for name in _ONE_HOT]
    ones = [one.cast(pl.Float64, strict=False) == 1 for one in number]
    known = pl.all_horizontal(one.cast(pl.Float64, strict=False).is_in([0.0, 1.0]) for one in number)
    single = known & (pl.sum_horizontal(one.cast(pl.Int64) for one in ones) == 1)
    vote = pl.when(ones[0]).then(pl.lit("first")).when(ones[1]).then(pl.lit("second")).otherwise(pl.lit("tie"))
    written = pl.concat_str([pl.col(name).fill_null("") for name in _ONE_HOT], separator=", ")
    none = pl.all_horizontal(pl.col(name).is_null() for name in _ONE_HOT)
    rows = rows.with_columns(item_id="id", vote=pl.when(single).then(vote), said=written).filter(~none)
    return _sides(rows)


def _turns(texts: pl.Series) -> pl.Series:
    """Turns of a JSON list in text, nulls as empty texts; text that is no list is one turn."""
    lists = json_lists(texts)
    one = pl.when(texts.is_not_null()).then(pl.concat_list(texts))
    return pl.select(pl.coalesce(lists, one)).to_series()


ARENA = Declaration(
    name="arena",
    what="Chatbot Arena or MT-bench judgments",
    sees=_sees,
    fields=_ARENA,
    rows=_arena,
    form="pairs",
    detail="winner names the better model; both kinds of tie are ties",
    notes=lambda frame: (*no_vote(frame, "winner"), *_conversations(frame)[1]),
)
ARENA_55K = Declaration(
    name="arena-55k",
    what="Chatbot Arena, 55k (Kaggle)",
    sees=has_columns(*_ONE_HOT, "prompt", "response_a", "response_b"),
    fields=dict.fromkeys(("id", *_MODELS, *_ONE_HOT, "prompt", "response_a", "response_b", "language"), TEXT),
    rows=_one_hot,
    form="pairs",
    detail="the one of winner_model_a, winner_model_b and winner_tie that is 1",
    notes=lambda frame: no_vote(frame.with_columns(_said=pl.coalesce(*_ONE_HOT)), "_said"),
)
