"""Every tool whose exports are read: how each layout is recognised, and who reads it."""

from __future__ import annotations

from functools import partial

import polars as pl

from prefqa.readers import (
    oasst,
    own_pairs,
    preflib,
    sets_arena,
    sets_dialogues,
    sets_images,
    sets_judges,
    sets_rankings,
    sets_rated,
    sets_summaries,
    sft,
    trainer_layouts,
    tuning_files,
)
from prefqa.readers.argilla import read_argilla
from prefqa.readers.argilla_columns import Columns1, answer_columns
from prefqa.readers.argilla_layouts import Datasets1, Flat2, Nested2
from prefqa.readers.argilla_layouts import Records as RecordLists
from prefqa.readers.crowd import MTURK, TOLOKA
from prefqa.readers.label_studio import read_full, read_min, read_stored
from prefqa.readers.labeling import DOCCANO, KILI, LABELBOX
from prefqa.readers.langfuse import LANGFUSE
from prefqa.readers.langsmith import LANGSMITH
from prefqa.readers.mlflow import MLFLOW
from prefqa.readers.names import candidates
from prefqa.readers.phoenix import PHOENIX
from prefqa.readers.potato import POTATO
from prefqa.readers.prodigy import PRODIGY
from prefqa.readers.public_lists import read_nectar, read_prism, read_ultrafeedback
from prefqa.readers.public_pairs import (
    read_helpsteer2,
    read_helpsteer3,
    read_llmbar,
    read_multipref,
    read_pandalm,
    read_pku,
    read_shp,
)
from prefqa.readers.records import Records, fields_of
from prefqa.readers.surveys import FORMS, QUALTRICS
from prefqa.readers.tool import Tool, both, has_columns, has_fields, has_one_of, listed
from prefqa.readers.weave import WEAVE


def _answer_lists(schema: pl.Schema) -> str | None:
    wanted = {"user_id", "value", "status"}
    seen = [name for name, dtype in schema.items() if isinstance(dtype, pl.List) and wanted <= set(fields_of(dtype))]
    return f"lists of user_id, value and status in {listed(seen)}" if seen else None


def _lists_of_answers(schema: pl.Schema) -> str | None:
    seen = answer_columns(schema)
    return f"objects of lists user_id, value and status in {listed(seen)}" if seen else None


def _record_responses(schema: pl.Schema) -> str | None:
    inner = fields_of(schema.get("responses")) if isinstance(schema.get("responses"), pl.List) else {}
    return "a list of responses with values and user_id" if {"values", "user_id"} <= set(inner) else None


def _parallel_lists(schema: pl.Schema) -> str | None:
    seen = [name for name in schema if name.endswith(".responses") and f"{name}.users" in schema]
    return f"columns {listed([*seen, *(f'{name}.users' for name in seen)])}" if seen else None


def _responses_by_question(schema: pl.Schema) -> str | None:
    if "fields" not in schema:
        return None
    for name, wanted in (("responses", {"value", "user_id"}), ("suggestions", {"value", "agent"})):
        by_question = schema.get(name)
        inner = by_question.fields if isinstance(by_question, pl.Struct) else []
        seen = [one.name for one in inner if wanted <= set(fields_of(one.dtype))]
        if seen:
            return f"{name} by question ({listed(seen)}) beside fields"
    return None


def _annotations(schema: pl.Schema) -> str | None:
    named = [name for name in ("annotations", "predictions") if "result" in fields_of(schema.get(name))]
    return f"a list of {named[0]} with results beside data" if "data" in schema and named else None


def _stored_annotations(schema: pl.Schema) -> str | None:
    task = fields_of(schema.get("task"))
    return "a result beside a task with data" if "result" in schema and {"id", "data"} <= set(task) else None


def _annotation_rows(schema: pl.Schema) -> str | None:
    wanted = {"id", "annotator", "annotation_id", "lead_time"}
    return "columns annotator, annotation_id and lead_time" if wanted <= set(schema) else None


def _completions(schema: pl.Schema) -> str | None:
    """Completions with annotations, as a list of objects or an object of lists."""
    inner = fields_of(schema.get("completions"))
    wanted = {"model", "response", "annotations"}
    return "model, response and annotations in 'completions'" if wanted <= set(inner) else None


def _is_llmbar(rows: pl.DataFrame) -> bool:
    """Whether labels are the numbers of outputs, and no column names annotators whose votes they would be."""
    labels = rows["label"].cast(pl.String, strict=False).drop_nulls()
    return bool(labels.is_in(["1", "2"]).all()) and not candidates("annotator_id", rows.columns)


#: Every tool format; detection takes the first that recognises the records.
TOOLS = (
    Tool("argilla1", 'Argilla 1.x, format_as("datasets")', _answer_lists, partial(read_argilla, layout=Datasets1)),
    Tool(
        "argilla1-columns",
        'Argilla 1.8 to 1.13, format_as("datasets")',
        _lists_of_answers,
        partial(read_argilla, layout=Columns1),
    ),
    Tool(
        "argilla-records",
        "Argilla 1.x records, or raw records of an Argilla server",
        _record_responses,
        partial(read_argilla, layout=RecordLists),
    ),
    Tool("argilla2", "Argilla 2.x, flat", _parallel_lists, partial(read_argilla, layout=Flat2)),
    Tool("label-studio", "Label Studio JSON", _annotations, read_full),
    Tool("label-studio-storage", "Label Studio, annotations of target storage", _stored_annotations, read_stored),
    Tool("label-studio-min", "Label Studio JSON-MIN or CSV", _annotation_rows, read_min),
    Tool("argilla2-nested", "Argilla 2.x, nested", _responses_by_question, partial(read_argilla, layout=Nested2)),
)
#: Annotation tools, crowdsourcing platforms and surveys beside Argilla and Label Studio.
PLATFORMS = (
    POTATO,
    PRODIGY,
    MTURK,
    TOLOKA,
    QUALTRICS,
    LABELBOX,
    KILI,
    DOCCANO,
    FORMS,
)
#: Public data sets; those without a reason to recognise them are read by name alone.
PUBLIC = (
    sets_dialogues.HH.tool(),
    Tool("ultrafeedback", "UltraFeedback or VLFeedback", _completions, read_ultrafeedback),
    Tool("nectar", "Nectar", has_fields("answers", "answer", "model", "rank"), read_nectar),
    Tool(
        "helpsteer2",
        "HelpSteer2, preferences",
        both(
            has_columns("response_1", "response_2", "preference_strength"),
            has_one_of("all_preferences_unprocessed", "preference_statement", "three_most_similar_preferences"),
        ),
        read_helpsteer2,
    ),
    Tool(
        "helpsteer3",
        "HelpSteer3, preferences",
        both(
            has_columns("response1", "response2", "overall_preference"), has_one_of("individual_preference", "context")
        ),
        read_helpsteer3,
    ),
    Tool("oasst", "OASST, messages", has_columns("message_id", "parent_id", "role", "rank"), oasst.read_messages),
    Tool("oasst-trees", "OASST, trees", oasst.is_tree, oasst.read_trees),
    Tool("shp", "SHP", has_columns("human_ref_A", "human_ref_B", "labels"), read_shp),
    Tool("pku-saferlhf", "PKU-SafeRLHF", has_columns("response_0", "response_1", "better_response_id"), read_pku),
    sets_arena.ARENA.tool(),
    Tool("multipref", "MultiPref", has_columns("comparison_id", "normal_worker_annotations"), read_multipref),
    Tool(
        "prism",
        "PRISM, utterances",
        has_columns("interaction_id", "within_turn_id", "model_response", "score"),
        read_prism,
    ),
    Tool("pandalm", "PandaLM, test set", has_columns("response1", "response2", "annotator1", "cmp_key"), read_pandalm),
    Tool("llmbar", "LLMBar", has_columns("input", "output_1", "output_2", "label"), read_llmbar, _is_llmbar),
    Tool("preflib", "PrefLib, ordinal", has_columns(preflib.LINE), preflib.read_preflib),
)
#: Public data sets that are read by a declaration; the more specific first.
SETS = tuple(
    declaration.tool()
    for declaration in (
        sets_arena.ARENA_55K,
        sets_summaries.COMPARISONS,
        sets_summaries.AXIS,
        sets_summaries.WEBGPT,
        sets_judges.REWARD_BENCH_2,
        sets_judges.REWARD_BENCH,
        sets_judges.JUDGE_BENCH,
        sets_judges.ALPACA_EVAL,
        sets_rated.HELPSTEER_RATINGS,
        sets_rated.PRISM,
        sets_rankings.COLLECTIVE,
        sets_rankings.COMMUNITY,
        sets_images.PICK,
        sets_images.IMAGE_REWARD_DB,
        sets_images.IMAGE_REWARD_GROUPS,
        sets_images.IMAGE_REWARD_PAIRS,
        sets_images.IMAGE_REWARD,
        sets_images.HPD,
        sets_images.HPD_RANKS,
        sets_dialogues.ULTRA_INTERACT,
        sets_dialogues.INTEL_ORCA,
        sets_dialogues.RLHF_V,
    )
)
#: Files of trainers, and of prefqa itself: what it writes it reads.
TRAINERS = (
    *(declaration.tool() for declaration in own_pairs.OWN),
    *(declaration.tool() for declaration in trainer_layouts.LAYOUTS),
    *(declaration.tool() for declaration in tuning_files.SERVICES),
)
#: Platforms that keep feedback beside traces.
FEEDBACK = (
    LANGSMITH.tool(),
    LANGFUSE.tool(),
    PHOENIX.tool(),
    MLFLOW.tool(),
    WEAVE.tool(),
)
#: Instruction data, whose answers nobody ranked; recognised where columns are no preferences.
INSTRUCTIONS = (
    Tool("alpaca", "Alpaca instructions", has_columns("instruction", "output"), sft.read_alpaca),
    Tool("prompt-response", "prompts with responses", has_columns("prompt", "response"), sft.read_prompt_response),
    Tool("sharegpt", "ShareGPT conversations", has_fields("conversations", "from", "value"), sft.read_sharegpt),
    Tool("messages", "chat messages", has_fields("messages", "role", "content"), sft.read_messages),
)
BY_NAME = {tool.name: tool for tool in (*TOOLS, *PLATFORMS, *PUBLIC, *SETS, *TRAINERS, *FEEDBACK, *INSTRUCTIONS)}


#: Formats that are recognised before columns are looked at by their names.
_FIRST = (*TOOLS, *PLATFORMS, *PUBLIC, *SETS, *TRAINERS, *FEEDBACK)


def tool_of(records: Records) -> tuple[Tool, str] | None:
    """Return the tool, data set or trainer's file that recognises these records and why, or None."""
    return next(((tool, why) for tool in _FIRST if (why := tool.recognises(records)) is not None), None)
