"""Data sets of chosen and rejected answers with layouts of their own: marked dialogues, trajectories, JSON in text."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa.preferences import JUDGMENT_TYPES
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.dialogues import MESSAGES, ROLES, marked, parted, plain_prompts
from prefqa.readers.identity import by_prompt, by_text, no_vote
from prefqa.readers.nested import decode
from prefqa.readers.records import fields_of
from prefqa.readers.tool import has_columns

#: Standard columns that somebody may have added to a public data set.
_ADDED = tuple(name for name in JUDGMENT_TYPES if name not in ("response_id", "rank", "score", "position"))
_SIDES = ("chosen", "rejected")
#: What `status` says of a pair that is no tie: the better one is chosen, perhaps after the two were swapped.
_KEPT = ("unchanged", "swapped")
_LAST = r"(?s)^(.*\n\nAssistant:)"


def _hh_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    return dict.fromkeys((*_SIDES, *(name for name in _ADDED if name in schema)), TEXT)


def _is_hh(head: pl.DataFrame) -> bool:
    """Whether all rows begin with a turn of the human and most share all but the last turn of the assistant."""
    if head.is_empty() or any(head.schema[name] != pl.String() for name in _SIDES):
        return False
    begins = [pl.col(name).str.contains(r"^\s*Human:").fill_null(value=False).all() for name in _SIDES]
    answered = [pl.col(name).str.contains("\n\nAssistant:", literal=True).all() for name in _SIDES]
    shared = pl.col("chosen").str.extract(_LAST, 1) == pl.col("rejected").str.extract(_LAST, 1)
    mostly = shared.fill_null(value=False).mean() > 0.5
    return bool(head.select(pl.all_horizontal(*begins, *answered, mostly)).item())


def _hh(frame: pl.DataFrame) -> pl.DataFrame:
    turns = frame.with_columns(marked(pl.col(name)).alias(f"_{name}") for name in _SIDES)
    rows = parted(turns, "_chosen", "_rejected")
    return rows.drop(*_SIDES, "_chosen", "_rejected").with_columns(
        vote=pl.lit("first"), said=pl.lit("chosen"), position=pl.lit(None, pl.Int64),
        first_id=pl.lit("chosen"), second_id=pl.lit("rejected"),
    )  # fmt: skip


def _pair(frame: pl.DataFrame, prompt: pl.Expr) -> pl.DataFrame:
    """Votes for `chosen` over `rejected`, whose places on a screen nobody knows."""
    rows = frame.with_columns(
        prompt=prompt, first_text="chosen", second_text="rejected", vote=pl.lit("first"), said=pl.lit("chosen"),
        position=pl.lit(None, pl.Int64),
    )  # fmt: skip
    return rows.drop(*_SIDES)


def _interact(frame: pl.DataFrame) -> pl.DataFrame:
    written, role = pl.element().struct.field("value"), pl.element().struct.field("from")
    messages = pl.col("trajectory").list.eval(pl.struct(role.replace(ROLES).alias("role"), written.alias("content")))
    rows = plain_prompts(_pair(frame, messages.cast(MESSAGES)))
    return by_text(rows.with_columns(item_id="id").drop("trajectory", "id"))


def _is_trajectory(dtype: pl.DataType) -> bool:
    return dtype == TEXT or {"from", "value"} <= set(fields_of(dtype))


def _rlhf_v(frame: pl.DataFrame) -> pl.DataFrame:
    rows = _pair(frame.unnest("text"), pl.col("question"))
    image = pl.coalesce("image_path", pl.col("image").struct.field("path"))
    rows = rows.with_columns(prompt_image=image, item_id="idx").drop("question", "image", "image_path", "idx")
    return by_text(rows)


def _holds_pairs(head: pl.DataFrame) -> bool:
    """Whether `text` holds objects with a question and two answers, as JSON or as they are."""
    wanted = {"question", *_SIDES}
    if head.schema["text"] != TEXT:
        return wanted <= set(fields_of(head.schema["text"]))
    texts = head["text"].drop_nulls()
    read = decode(texts, pl.Struct(dict.fromkeys(sorted(wanted), TEXT)))
    found = [read.struct.field(name).is_not_null() for name in sorted(wanted)]
    return int((found[0] & found[1] & found[2]).sum()) * 2 > texts.len()


def _orca(frame: pl.DataFrame) -> pl.DataFrame:
    """Ties are marked in `status`; a system prompt that is not empty stands before the question."""
    system = pl.struct(pl.lit("system").alias("role"), pl.col("system").alias("content"))
    asked = pl.struct(pl.lit("user").alias("role"), pl.col("input").alias("content"))
    is_said = (pl.col("system").str.strip_chars() != "").fill_null(value=False)
    prompt = pl.when(is_said).then(pl.concat_list(system, asked)).otherwise(pl.concat_list(asked)).cast(MESSAGES)
    rows = plain_prompts(_pair(frame, pl.when(pl.col("input").is_not_null()).then(prompt)))
    status = pl.col("status").str.strip_chars().str.to_lowercase()
    vote = pl.when(status == "tie").then(pl.lit("tie")).when(status.is_in(_KEPT)).then(pl.lit("first"))
    rows = rows.with_columns(
        item_id=by_prompt(frame, "system", "input"), vote=vote, said="status", source_status="status",
        annotator_id="labelling_model",
        annotator_kind=pl.when(pl.col("labelling_model").is_not_null()).then(pl.lit("model")),
    )  # fmt: skip
    rows = rows.filter(pl.col("status").is_not_null()).drop("status", "system", "input", "labelling_model")
    return by_text(rows)


def _has_status(head: pl.DataFrame) -> bool:
    if head.schema["status"] != TEXT:
        return False
    status = head["status"].drop_nulls().str.strip_chars().str.to_lowercase()
    return bool(status.len() and status.is_in(["tie", *_KEPT]).all())


HH = Declaration(
    name="hh-rlhf",
    what="HH-RLHF",
    sees=has_columns(*_SIDES),
    confirms=_is_hh,
    fields=_hh_fields,
    rows=_hh,
    form="pairs",
    detail="chosen is the better one; what both dialogues begin with is the prompt",
)
ULTRA_INTERACT = Declaration(
    name="ultrainteract-pairs",
    what="UltraInteract, pairs",
    sees=has_columns("trajectory", *_SIDES),
    confirms=lambda head: _is_trajectory(head.schema["trajectory"]),
    fields={
        **dict.fromkeys(("id", "task", *_SIDES), TEXT),
        "trajectory": pl.List(pl.Struct({"from": TEXT, "value": TEXT})),
    },
    rows=_interact,
    form="pairs",
    detail="chosen is the better next action of a trajectory",
)
RLHF_V = Declaration(
    name="rlhf-v",
    what="RLHF-V",
    sees=has_columns("text"),
    confirms=_holds_pairs,
    fields={
        "text": pl.Struct(dict.fromkeys(("question", *_SIDES), TEXT)),
        **dict.fromkeys(("idx", "image_path", "origin_dataset"), TEXT),
        "image": pl.Struct({"path": TEXT}),
    },
    rows=_rlhf_v,
    form="pairs",
    detail="chosen, the corrected answer, is the better one; text holds the question and both answers",
    of_item=("prompt_image",),
)
INTEL_ORCA = Declaration(
    name="intel-orca-pairs",
    what="distilabel Orca pairs",
    sees=has_columns("input", *_SIDES, "status"),
    confirms=_has_status,
    fields=dict.fromkeys(("system", "input", *_SIDES, "status", "labelling_model", "in_gsm8k_train"), TEXT),
    rows=_orca,
    form="pairs",
    detail="chosen is the better one, but where status says tie",
    notes=lambda frame: no_vote(frame, "status"),
)
