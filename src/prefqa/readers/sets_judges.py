"""Benchmarks of reward models and judges, and the annotations of AlpacaEval and AlpacaFarm."""

from __future__ import annotations

from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.identity import by_prompt, by_text, no_vote
from prefqa.readers.tool import has_columns, listed

_OUTPUTS = ("output_1", "output_2")
_TEXTS = pl.List(TEXT)


def _reward_bench(frame: pl.DataFrame) -> pl.DataFrame:
    rows = frame.select(
        ROW,
        "prompt",
        "subset",
        item_id=pl.coalesce("id", formatted("row-{}", ROW)),
        first_text="chosen",
        second_text="rejected",
        first_model="chosen_model",
        second_model="rejected_model",
        vote=pl.lit("first"),
        said=pl.lit("chosen"),
        position=pl.lit(None, pl.Int64),
    )
    return by_text(rows)


def _lists(schema: pl.Schema) -> str | None:
    """Lists of texts, or text that may hold them; beside what only this data set has."""
    kinds = [schema.get(name) for name in ("chosen", "rejected")]
    own = [name for name in ("num_correct", "num_incorrect", "total_completions", "subset") if name in schema]
    if "prompt" not in schema or not own or any(kind not in (_TEXTS, TEXT) for kind in kinds):
        return None
    if TEXT in kinds and not {"num_correct", "num_incorrect", "total_completions"} & set(schema):
        return None
    return f"lists in 'chosen' and 'rejected' beside {listed(own)}"


def _reward_bench_2(frame: pl.DataFrame) -> pl.DataFrame:
    item = pl.coalesce("id", formatted("row-{}", ROW))
    sides = [
        frame.filter(pl.col(side).list.len() > 0)
        .select(ROW, "prompt", "subset", item_id=item, text=side, rank=pl.lit(rank))
        .explode("text")
        for rank, side in ((1, "chosen"), (2, "rejected"))
    ]
    return pl.concat(sides).sort(ROW, maintain_order=True)


def _judge_bench(frame: pl.DataFrame) -> pl.DataFrame:
    written = pl.col("label").str.replace_all(r"\s", "").str.to_uppercase()
    vote = pl.when(written == "A>B").then(pl.lit("first")).when(written == "B>A").then(pl.lit("second"))
    return frame.filter(pl.col("label").is_not_null()).select(
        ROW,
        "source",
        item_id="pair_id",
        prompt="question",
        annotator_id=pl.lit("gold"),
        is_gold=pl.lit(value=True),
        first_id=pl.lit("A"),
        second_id=pl.lit("B"),
        first_text="response_A",
        second_text="response_B",
        first_model="response_model",
        second_model="response_model",
        vote=vote,
        said="label",
        position=pl.lit(None, pl.Int64),
    )


def _has_verdicts(head: pl.DataFrame) -> bool:
    if head.schema["label"] != TEXT:
        return False
    labels = head["label"].drop_nulls()
    return bool(labels.len() and labels.str.contains(r"^\s*[AB]\s*[>=]\s*[AB]\s*$").all())


def _alpaca(frame: pl.DataFrame) -> pl.DataFrame:
    value = pl.col("preference").cast(pl.Float64, strict=False)
    vote = (
        pl.when((value == 0) | (value == 1.5))
        .then(pl.lit("tie"))
        .when(value.is_between(1, 1.5))
        .then(pl.lit("first"))
        .when(value.is_between(1.5, 2))
        .then(pl.lit("second"))
    )
    asked = pl.concat_str(
        "instruction", pl.when(pl.col("input").str.strip_chars() != "").then("input"), separator="\n\n",
        ignore_nulls=True,
    )  # fmt: skip
    frame = frame.with_columns(prompt=pl.when(pl.col("instruction").is_not_null()).then(asked))
    is_judge = pl.col("annotator").is_not_null() & ~pl.col("annotator").str.contains("(?i)human")
    rows = frame.with_columns(item_id=by_prompt(frame, "prompt")).filter(pl.col("preference").is_not_null())
    return by_text(
        rows.select(
            ROW,
            "prompt",
            "item_id",
            "dataset",
            annotator_id=pl.coalesce("annotator_index", "annotator"),
            annotator_kind=pl.when(pl.col("annotator_index").is_null() & is_judge).then(pl.lit("model")),
            first_text="output_1",
            second_text="output_2",
            first_model="generator_1",
            second_model="generator_2",
            vote=vote,
            said="preference",
            position=pl.lit(None, pl.Int64),
        )
    )


def _is_alpaca(head: pl.DataFrame) -> bool:
    """Whether preferences run from 1 to 2; 0, once the word for a tie, could be the number of an output elsewhere."""
    values = head["preference"].drop_nulls().cast(pl.Float64, strict=False)
    if values.is_empty() or values.null_count() > 0 or not values.is_between(0, 2).all():
        return False
    return bool((values >= 1).all() or (values > 1).any())


def _texts(*names: str) -> dict[str, Any]:
    return dict.fromkeys(names, TEXT)


REWARD_BENCH = Declaration(
    name="reward-bench",
    what="RewardBench",
    sees=has_columns("prompt", "chosen", "rejected", "chosen_model", "rejected_model"),
    confirms=lambda head: all(head.schema[name] == TEXT for name in ("prompt", "chosen", "rejected")),
    fields=_texts("prompt", "chosen", "rejected", "chosen_model", "rejected_model", "subset", "id"),
    rows=_reward_bench,
    form="pairs",
    detail="chosen is the better one",
)
REWARD_BENCH_2 = Declaration(
    name="reward-bench-2",
    what="RewardBench 2",
    sees=_lists,
    fields={**_texts("prompt", "subset", "id"), "chosen": _TEXTS, "rejected": _TEXTS},
    rows=_reward_bench_2,
    form="ranked",
    detail="each of chosen is better than each of rejected; those of one list share a rank",
)
JUDGE_BENCH = Declaration(
    name="judge-bench",
    what="JudgeBench",
    sees=has_columns("question", "response_A", "response_B", "label"),
    confirms=_has_verdicts,
    fields=_texts("pair_id", "source", "question", "response_model", "response_A", "response_B", "label"),
    rows=_judge_bench,
    form="pairs",
    detail="label A>B or B>A names the correct response, a known answer",
    notes=lambda frame: no_vote(frame, "label"),
)
ALPACA_EVAL = Declaration(
    name="alpaca-eval",
    what="annotations of AlpacaEval or AlpacaFarm",
    sees=has_columns("instruction", *_OUTPUTS, "preference"),
    confirms=lambda head: not head.schema["preference"].is_nested() and _is_alpaca(head),
    fields=_texts(
        "instruction",
        "input",
        *_OUTPUTS,
        "generator_1",
        "generator_2",
        "preference",
        "annotator",
        "annotator_index",
        "dataset",
    ),
    rows=_alpaca,
    form="pairs",
    detail="preference from 1 (output_1 is better) to 2 (output_2 is better); 1.5 and 0 are ties",
    notes=lambda frame: no_vote(frame, "preference"),
)
