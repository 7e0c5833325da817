"""Data sets of ratings: HelpSteer2 with its annotators' disagreements, and the conversations of PRISM."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa._words import formatted
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.dialogues import MESSAGES, plain_prompts
from prefqa.readers.export import note
from prefqa.readers.identity import by_prompt, key, no_vote
from prefqa.readers.records import json_lists
from prefqa.readers.tool import has_columns

_RATED = ("helpfulness", "correctness", "coherence")
_DESCRIBED = ("complexity", "verbosity")
_HISTORY = pl.List(
    pl.Struct(dict.fromkeys(("turn", "role", "content", "model_name", "score", "if_chosen", "within_turn_id"), TEXT))
)


def _helpsteer_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    # A list of ratings is read as the JSON that it is, so that one reading serves both files.
    return dict.fromkeys(("prompt", "response", *_RATED, *(name for name in _DESCRIBED if name in schema)), TEXT)


def _helpsteer(frame: pl.DataFrame) -> pl.DataFrame:
    rows = frame.with_columns(item_id=by_prompt(frame, "prompt"), text="response")
    number = key(rows, "text").fill_null("").rank("dense").over("item_id").cast(pl.Int64)
    rows = rows.with_columns(response_id=formatted("r{}", number))
    described = [name for name in _DESCRIBED if name in rows.columns]
    kept = [ROW, "item_id", "prompt", "response_id", "text", *described]
    parts = [
        _one_or_many(rows.select(*kept, _said=criterion)).with_columns(criterion=pl.lit(criterion))
        for criterion in _RATED
    ]
    return pl.concat(parts).filter(pl.col("score").is_not_null())


def _one_or_many(rows: pl.DataFrame) -> pl.DataFrame:
    """Ratings of all annotators in one number, or of each in a list: anonymous, so each stands for one person."""
    lists = json_lists(rows["_said"])
    is_list = lists.is_not_null()
    single = rows.filter(~is_list).rename({"_said": "score"}).with_columns(annotator_id=pl.lit(None, TEXT))
    many = rows.filter(is_list).with_columns(score=lists.filter(is_list)).drop("_said")
    many = many.with_columns(_number=pl.int_ranges(1, pl.col("score").list.len() + 1))
    many = many.filter(pl.col("score").list.len() > 0).explode("score", "_number")
    who = formatted("row-{}-{}", ROW, "_number")
    return pl.concat([single, many.with_columns(annotator_id=who).drop("_number").select(single.columns)])


def _unrated(frame: pl.DataFrame) -> tuple[Note, ...]:
    return no_vote(frame.with_columns(_said=pl.coalesce(*_RATED)), "_said")


def _turns(frame: pl.DataFrame) -> pl.DataFrame:
    talks = frame.filter(pl.col("conversation_history").list.len() > 0)
    each = talks.explode("conversation_history").unnest("conversation_history")
    each = each.with_columns(pl.col("turn").cast(pl.Float64, strict=False).cast(pl.Int64))
    return each.with_row_index("_place").filter(pl.col("turn").is_not_null())


def _prism(frame: pl.DataFrame) -> pl.DataFrame:
    each = _turns(frame)
    asked = pl.col("role") == "user"
    chosen = pl.col("if_chosen").str.to_lowercase() == "true"
    path = each.filter(asked | chosen).select(
        ROW, "_place", _turn="turn", _asked=asked, role=pl.when(asked).then("role").otherwise(pl.lit("assistant")),
        content="content",
    )  # fmt: skip
    turns = each.filter(asked).select(ROW, "turn").unique(maintain_order=True)
    before = turns.join(path, on=ROW, maintain_order="left_right").filter(
        (pl.col("_turn") < pl.col("turn")) | ((pl.col("_turn") == pl.col("turn")) & pl.col("_asked"))
    )
    message = pl.struct("role", "content")
    prompts = before.sort(ROW, "turn", "_place").group_by(ROW, "turn", maintain_order=True).agg(prompt=message)
    prompts = plain_prompts(prompts.with_columns(pl.col("prompt").cast(MESSAGES)))
    replies = each.filter(pl.col("role") == "model").join(prompts, on=[ROW, "turn"], how="left", maintain_order="left")
    name = pl.coalesce("conversation_id", formatted("row-{}", ROW))
    number = pl.int_range(pl.len()).over(ROW, "turn").cast(pl.String)
    return replies.select(
        ROW,
        "prompt",
        "turn",
        "if_chosen",
        "score",
        "conversation_type",
        item_id=formatted("{}-{}", name, "turn"),
        annotator_id="user_id",
        response_id=pl.coalesce("within_turn_id", number),
        text="content",
        model="model_name",
    ).filter(pl.col("score").is_not_null())


def _unscored(frame: pl.DataFrame) -> tuple[Note, ...]:
    replies = _turns(frame).filter(pl.col("role") == "model")
    written = "{n} of {of} replies of models have no score; they are left out."
    return note("PQ727", written, replies.filter(pl.col("score").is_null()), replies.height)


HELPSTEER_RATINGS = Declaration(
    name="helpsteer2-ratings",
    what="HelpSteer2 (or HelpSteer), ratings",
    sees=has_columns("prompt", "response", *_RATED),
    fields=_helpsteer_fields,
    rows=_helpsteer,
    form="rated",
    detail=(
        "helpfulness, correctness and coherence from 0 to 4 as criteria, higher is better; complexity and verbosity "
        "describe a response and rank nothing; ratings in lists are of anonymous annotators, each for itself"
    ),
    notes=_unrated,
    of_response=_DESCRIBED,
)
PRISM = Declaration(
    name="prism-conversations",
    what="PRISM, conversations",
    sees=has_columns("conversation_id", "user_id", "conversation_history"),
    fields={
        **dict.fromkeys(("conversation_id", "user_id", "conversation_type"), TEXT),
        "conversation_history": _HISTORY,
    },
    rows=_prism,
    form="rated",
    detail="scores from 1 to 100 per turn, higher is better; the prompt is what was chosen before, and the question",
    notes=_unscored,
)
