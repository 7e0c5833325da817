"""W&B Weave: feedback on calls, as a feedback query returns it."""

from __future__ import annotations

import polars as pl

from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT
from prefqa.readers.feedback import declaration, first, is_nested, number, struct_of, words
from prefqa.readers.records import fields_of
from prefqa.readers.tool import has_columns

_THUMBS = {"👍": "1", "👎": "0"}


def _sees(schema: pl.Schema) -> str | None:
    seen = has_columns("weave_ref", "feedback_type", "payload")(schema)
    return seen if fields_of(schema.get("payload")) else None


def _feedback(frame: pl.DataFrame) -> pl.DataFrame:
    """Annotations, scorers' outputs, thumbs, and feedback of one's own types that holds a `value`."""
    form, payload = pl.col("feedback_type"), pl.col("payload").struct
    reaction = form.is_in(["wandb.reaction.1", "wandb.agent_user_feedback"])
    scorer, annotation = form.str.starts_with("wandb.runnable."), form.str.starts_with("wandb.annotation.")
    value = pl.when(scorer).then(payload.field("output")).otherwise(payload.field("value"))
    thumb = pl.coalesce(payload.field("detoned"), payload.field("emoji"))
    liked = thumb.replace_strict(_THUMBS, default=None, return_dtype=TEXT)
    score = pl.when(reaction).then(liked).otherwise(number(value))
    name = form.str.strip_prefix("wandb.runnable.").str.strip_prefix("wandb.annotation.")
    return frame.select(
        ROW,
        "created_at",
        item_id="weave_ref",
        annotator_id=pl.when(scorer).then(first("runnable_ref", "feedback_type")).otherwise(
            first("creator", "wb_user_id")
        ),
        annotator_kind=pl.when(scorer).then(pl.lit("model")).when(reaction | annotation).then(pl.lit("human")),
        criterion=pl.when(reaction).then(pl.lit("reaction")).otherwise(name),
        score=score,
        label=pl.when(~reaction & number(value).is_null()).then(words(value)),
        judgment_id="id",
        _unread=pl.when(form == "wandb.note.1")
        .then(pl.lit("notes"))
        .when(reaction & score.is_null())
        .then(pl.lit("reactions other than thumbs"))
        .when(is_nested(value))
        .then(pl.lit("values that are lists or objects"))
        .when(value.is_null() & ~reaction)
        .then(pl.lit("feedback of other types")),
    )  # fmt: skip


WEAVE = declaration(
    "weave",
    "W&B Weave feedback",
    _sees,
    {
        **dict.fromkeys(
            ("id", "weave_ref", "creator", "wb_user_id", "feedback_type", "runnable_ref", "created_at"), TEXT
        ),
        "payload": struct_of("value", "output", "emoji", "detoned", "note"),
    },
    _feedback,
    "annotations and scorers' outputs by name, thumbs up is 1 and down 0; scorers are models",
)
