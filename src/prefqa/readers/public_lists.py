"""Public data sets with more than two responses to a prompt, ranked or rated."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.preferences import ROW
from prefqa.readers.dialogues import marked, plain_prompts
from prefqa.readers.export import Export, Extract, misfit_note
from prefqa.readers.nested import read_fields
from prefqa.readers.records import fields_of

_TEXT = pl.String()
#: The aspect that only a judge who sees images can rate.
_SEEN = "Visual Faithfulness"


def read_ultrafeedback(export: Export) -> Extract:
    """UltraFeedback, VLFeedback: completions rated by a model in several aspects, 1 to 5 as text, higher is better."""
    aspects = list(fields_of(fields_of(export.records.schema.get("completions")).get("annotations")))
    if not aspects:
        raise ReadError(export.origin, "no completion has annotations with ratings")
    rated = pl.Struct({aspect: pl.Struct({"Rating": _TEXT}) for aspect in aspects})
    completion = pl.Struct({"model": _TEXT, "response": _TEXT, "annotations": rated})
    plain = dict.fromkeys(("id", "instruction", "prompt", "source"), _TEXT)
    image = {"image": pl.Struct({"path": _TEXT})} if "path" in fields_of(export.records.schema.get("image")) else {}
    frame, misfits = read_fields(export.records, {**plain, **image, "completions": pl.List(completion)})
    each = _exploded(frame, "completions").with_columns(prompt=pl.coalesce("instruction", "prompt"))
    kept = ["item_id", "prompt", "source", "model"]
    judge = "gpt-4v" if _SEEN in aspects else "gpt-4"
    parts = [
        each.select(
            ROW, *kept, annotator_id=pl.lit(judge), annotator_kind=pl.lit("model"),
            response_id=_names("model"), criterion=pl.lit(aspect), text="response",
            score=pl.col("annotations").struct.field(aspect).struct.field("Rating").replace("N/A", None),
        )
        for aspect in aspects
    ]  # fmt: skip
    long = _ranked(pl.concat(parts), ["item_id", "criterion"])
    if long["source"].null_count() == long.height:
        long = long.drop("source")
    items = None
    if image:
        path = pl.col("image").struct.field("path").alias("prompt_image")
        items = each.select("item_id", "prompt", path).unique("item_id", keep="first", maintain_order=True)
    detail = f"ratings by {judge.upper()}, higher is better, aspects as criteria"
    return Extract(long, None, items, detail, misfit_note(misfits, frame))


def read_nectar(export: Export) -> Extract:
    """Nectar: answers ranked by a model, rank 1 is best; the prompt as messages, without the marks of its turns."""
    answer = pl.Struct({"answer": _TEXT, "model": _TEXT, "rank": _TEXT})
    frame, misfits = read_fields(export.records, {"prompt": _TEXT, "answers": pl.List(answer)})
    prompts = plain_prompts(frame.select(ROW, prompt=marked(pl.col("prompt"))))
    each = _exploded(frame.drop("prompt").join(prompts, on=ROW, maintain_order="left"), "answers")
    long = each.select(
        ROW, "item_id", "prompt", "model", annotator_id=pl.lit("gpt-4"), annotator_kind=pl.lit("model"),
        response_id=_names("model"), text="answer", rank="rank",
    )  # fmt: skip
    return Extract(long, None, None, "ranks by GPT-4, 1 is best", misfit_note(misfits, frame))


def read_prism(export: Export) -> Extract:
    """PRISM utterances: one person scores the replies of one turn from 1 to 100, higher is better."""
    names = (
        "interaction_id", "conversation_id", "user_id", "turn", "within_turn_id", "model_name", "user_prompt",
        "model_response", "if_chosen", "score", "utterance_id",
    )  # fmt: skip
    frame, misfits = export.records.as_text(dict.fromkeys(names, _TEXT))
    long = frame.select(
        ROW, "score", "turn", "if_chosen", item_id=pl.coalesce("interaction_id", formatted("row-{}", ROW)),
        annotator_id="user_id", response_id=pl.coalesce("utterance_id", "within_turn_id"), prompt="user_prompt",
        text="model_response", model="model_name",
    )  # fmt: skip
    ranked = _ranked(long, ["item_id", "annotator_id"])
    return Extract(ranked, None, None, "scores from 1 to 100, higher is better", misfit_note(misfits, frame))


def _exploded(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    each = frame.with_columns(item_id=formatted("row-{}", ROW)).filter(pl.col(name).list.len() > 0).explode(name)
    return each.drop_nulls(name).unnest(name)


def _names(column: str) -> pl.Expr:
    """Models as names of responses; one that answered twice gets a number. The order of the list says nothing."""
    said = pl.coalesce(column, pl.lit("response"))
    again = said.cum_count().over(ROW, column)
    return pl.when(again > 1).then(formatted("{}-{}", said, again)).otherwise(said)


def _ranked(long: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """Rank the scores of each judgment, higher first, equal scores tied; without a score there is no rank."""
    score = pl.col("score").cast(pl.Float64, strict=False)
    finite = pl.when(score.is_finite()).then(score)
    return long.with_columns(rank=finite.rank("min", descending=True).over(keys).cast(pl.Int64))
