"""Exports of Argilla 1.x and 2.x: rankings, ratings, labels and texts of every annotator, and what the export lost."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from prefqa.errors import ReadError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.argilla_answers import Question, answer_type, is_empty, kind_of, to_long
from prefqa.readers.argilla_layouts import Layout
from prefqa.readers.argilla_ratings import Rated, as_rankings, rated_fields
from prefqa.readers.argilla_settings import KINDS, Settings, settings_beside
from prefqa.readers.blocks import spilled
from prefqa.readers.export import Export, Extract, misfit_note, named_rows, note
from prefqa.readers.long_rows import PROMPTS

_JUDGMENT = ("item_id", "annotator_id", "criterion")


@dataclass(frozen=True)
class _Parts:
    """An export taken apart: its records, the questions, all answers, the suggestions, the texts."""

    frame: pl.LazyFrame
    questions: tuple[Question, ...]
    rated: Mapping[str, Rated]
    answers: pl.LazyFrame
    suggested: pl.LazyFrame
    texts: pl.DataFrame


def read_argilla(export: Export, layout: type[Layout], *, mixed: bool = False) -> Extract:
    """Read an export in one of the layouts.

    Every question becomes a criterion where there are several. Rankings give ranks; ratings a score, labels a label and
    texts a response of their own, all three about the record as a whole. Ratings of several fields rank these.

    Args:
        export: the records and what the caller asked for.
        layout: how they are laid out.
        mixed: whether the records' structure was found value by value, since one place holds values of several kinds.

    Raises:
        ReadError: no question that is read has an answer.
    """
    settings = settings_beside(export.path, export.settings)
    schema = export.records.schema
    typed = layout.questions(schema, settings.kinds)
    questions = {name: answer_type(KINDS.get(settings.kinds.get(name, "")), one) for name, one in typed.items()}
    frame, misfits = export.records.scan_text(layout.wanted(schema, questions))
    frame = frame.rename({"item_id": "metadata.item_id"}, strict=False).with_columns(named_rows(*layout.ids))
    if not mixed and any(_holds_objects(layout, frame, name) for name, one in typed.items() if one == pl.String()):
        # A text among rankings makes Polars take all of them for text.
        return read_argilla(replace(export, records=export.records.structured()), layout, mixed=True)
    texts = layout.texts(frame, questions)
    parts, odd = _taken_apart(export, layout, frame, questions, typed, settings, texts)
    if not parts.questions:
        raise ReadError(export.origin, "no question of a kind that is read has an answer", hint=_said_of(settings))
    judged = {"without": [parts.answers], "with": [parts.answers, parts.suggested], "only": [parts.suggested]}
    long = _lean(pl.concat(judged[export.models], how="diagonal_relaxed").drop("_order_only", strict=False))
    if settings.guideline_version is not None:
        long = long.with_columns(guideline_version=pl.lit(settings.guideline_version))
    options = _options(parts, settings)
    responses = _responses(texts, parts, options)
    notes = (
        *_ranks_lost(export, parts.answers),
        *_status_lost(layout, parts.answers),
        *_suggestions(export, parts.suggested),
        *_unanswered(layout, parts),
        *_without_answers(parts),
        *misfit_note(misfits, frame),
        *odd,
    )
    if len({parts.rated[one.name].criterion if one.name in parts.rated else one.name for one in parts.questions}) == 1:
        long, responses = long.drop("criterion"), None if responses is None else responses.drop("criterion")
    kinds = ", ".join(f"{question.kind} from {question.name!r}" for question in parts.questions)
    detail = f"{kinds}; {_said_of(settings)}"
    return Extract(
        long if export.records.many else long.collect().rechunk(),
        responses,
        _items(texts, {one for some in options.values() for one in some}),
        detail,
        notes,
    )


def _taken_apart(
    export: Export,
    layout: type[Layout],
    frame: pl.LazyFrame,
    dtypes: Mapping[str, pl.DataType],
    typed: Mapping[str, Any],
    settings: Settings,
    texts: pl.DataFrame,
) -> tuple[_Parts, tuple[Note, ...]]:
    """Answers and suggestions of the questions that are read, and a note on those that are not."""
    known = settings.kinds
    questions: list[Question] = []
    odd: tuple[Note, ...] = ()
    answered, suggested = [], []
    fields = settings.fields or [name for name in texts.columns if name not in (ROW, "item_id")]
    for name, dtype in dtypes.items():
        answers, models = layout.answers(frame, name), layout.suggestions(frame, name, dtype)
        values = pl.concat([answers.select("_value"), models.select("_value")]).drop_nulls()
        if values.head(1).collect().is_empty():
            continue
        kind = KINDS.get(known[name]) if name in known else kind_of(typed[name], fields, values)
        if kind is None:
            odd += note(
                "PQ728",
                f"{{n}} of {{of}} answers are to {name!r}, a question of a kind that is not read "
                f"({known.get(name, typed[name])}).",
                answers.filter(pl.col("_value").is_not_null()).collect(),
                _height(answers),
            )
            continue
        question = Question(name, kind, dtype)
        questions.append(question)
        order = export.ranks == "order"
        answered.append(to_long(question, answers, order=order).with_columns(criterion=pl.lit(name)))
        suggested.append(to_long(question, models, order=order).with_columns(criterion=pl.lit(name)))
    empty = pl.LazyFrame(schema={ROW: pl.Int64} | dict.fromkeys((*_JUDGMENT, "response_id"), pl.String))
    ratings = [question.name for question in questions if question.kind == "rating"]
    rated = rated_fields(ratings, fields, [question.name for question in questions if question.kind != "rating"])
    whole, suggestions = (
        as_rankings(pl.concat([empty, *some], how="diagonal_relaxed"), rated) for some in (answered, suggested)
    )
    return _Parts(
        frame,
        tuple(questions),
        rated,
        spilled(whole) if export.records.many else whole.collect().lazy(),
        suggestions.collect().lazy(),
        texts,
    ), odd


def _holds_objects(layout: type[Layout], frame: pl.LazyFrame, name: str) -> bool:
    values = layout.answers(frame, name).select(pl.col("_value").str.contains(r"^(\{\s*\"|\[\s*\{)").any())
    return bool(values.collect().item())


def _options(parts: _Parts, settings: Settings) -> dict[str, list[str]]:
    """Options of each ranking: those of the settings, or else all that were ranked; and fields that were rated."""
    options: dict[str, list[str]] = {}
    for one in parts.rated.values():
        options.setdefault(one.criterion, []).append(one.field)
    for question in parts.questions:
        if question.kind == "ranking":
            both = pl.concat([one.select("criterion", "response_id") for one in (parts.answers, parts.suggested)])
            used = both.filter(criterion=question.name).select(pl.col("response_id").drop_nulls().unique().sort())
            ranked = used.collect(engine="streaming")["response_id"]
            options[question.name] = list(settings.options.get(question.name) or ranked)
    return options


def _responses(texts: pl.DataFrame, parts: _Parts, options: Mapping[str, Sequence[str]]) -> pl.DataFrame | None:
    """Texts of the options, which stand in fields of the same names, and texts that annotators wrote."""
    known_options = {option for choices in options.values() for option in choices if option in texts.columns}
    kinds = {texts.schema[option] for option in known_options}
    if len(kinds) > 1 or "text" in parts.answers.collect_schema():  # texts beside messages: all as text
        nested = [option for option in known_options if texts.schema[option].is_nested()]
        texts = texts.with_columns(_json(option) for option in nested)
    tables = []
    for name, choices in options.items():
        known = [option for option in choices if option in texts.columns]
        if not known:
            continue
        rows = [
            texts.select("item_id", response_id=pl.lit(option), criterion=pl.lit(name), text=option)
            if option in known
            else texts.select("item_id", response_id=pl.lit(option), criterion=pl.lit(name))
            for option in choices
        ]
        whole = pl.concat(rows, how="diagonal_relaxed")
        tables.append(whole.drop_nulls("text") if len(known) == len(choices) else whole)
    if "text" in parts.answers.collect_schema():
        count = (pl.col("status") == "submitted") | pl.col("status").is_null()
        written = parts.answers.filter(count).select("item_id", "response_id", "criterion", "text")
        tables.append(written.drop_nulls(["text", "response_id"]).collect())
    return pl.concat(tables, how="diagonal_relaxed") if tables else None


def _json(column: str) -> pl.Expr:
    """Nested values as JSON; null stays null."""
    inside = pl.struct(pl.col(column).alias("_")).struct.json_encode().str.strip_prefix('{"_":').str.strip_suffix("}")
    return pl.when(pl.col(column).is_not_null()).then(inside).alias(column)


def _items(texts: pl.DataFrame, options: Collection[str]) -> pl.DataFrame:
    """The prompt, and every other field and metadata that is not a response."""
    rest = texts.drop(ROW, *options, strict=False)
    names = [name for name in rest.columns if name != "item_id"]
    prompt = next((name for name in PROMPTS if name in names), names[0] if len(names) == 1 else None)
    return rest.rename({prompt: "prompt"}) if prompt else rest


def _ranks_lost(export: Export, answers: pl.LazyFrame) -> tuple[Note, ...]:
    if "_order_only" not in answers.collect_schema() or export.ranks == "order":
        return ()
    lost = answers.filter(pl.col("_order_only").fill_null(value=False) & pl.col("rank").is_null())
    rankings = answers.filter(pl.col("_order_only").is_not_null()).select(_JUDGMENT).unique()
    first = lost.group_by(ROW, *_JUDGMENT, maintain_order=True).agg(pl.col("response_id").str.join(", "))
    message = (
        "{n} of {of} rankings are lists of options without ranks, as the 2.x SDK writes what it pulls from a server: "
        "the order is that of the options, the ranks are lost. They are not used. Export the raw records, or say "
        'ranks="order" if your lists do run from best to worst.'
    )
    return note("PQ721", message, first.collect(), _height(rankings), value=pl.col("response_id"))


def _status_lost(layout: type[Layout], answers: pl.LazyFrame) -> tuple[Note, ...]:
    if layout.has_status:
        return ()
    judged = answers.select(ROW, *_JUDGMENT).unique(maintain_order=True).collect()
    message = (
        "{n} of {of} answers come without their status, which nested JSON drops: drafts and discarded answers look "
        "submitted and count. Export flat, or the raw records."
    )
    return note("PQ722", message, judged, judged.height)


def _suggestions(export: Export, suggested: pl.LazyFrame) -> tuple[Note, ...]:
    if export.models != "without":
        return ()
    each = suggested.select(ROW, *_JUDGMENT).unique(maintain_order=True).collect()
    message = '{n} suggestions of models are kept apart from what people said. Read them with models="with" or "only".'
    return note("PQ726", message, each, each.height, value=pl.col("annotator_id"))


def _unanswered(layout: type[Layout], parts: _Parts) -> tuple[Note, ...]:
    """Answers that hold nothing: null or an empty list, or responses without any value."""
    who = [ROW, "item_id", "annotator_id", "status"]
    each = pl.concat(
        layout.answers(parts.frame, question.name).select(*who, is_empty(question).alias("_empty"))
        for question in parts.questions
    )
    answered = each.filter(~pl.col("_empty")).select(who)
    empty = each.filter("_empty").select(who).unique().join(answered, on=who, how="anti", nulls_equal=True)
    n = _height(each) if len(parts.questions) == 1 else _height(each.select(who).unique())
    message = "{n} of {of} responses of annotators answer no question that is read; they give no judgment."
    return note(
        "PQ727", message, empty.sort(ROW, "annotator_id").collect(engine="streaming"), n, value=pl.col("status")
    )


def _without_answers(parts: _Parts) -> tuple[Note, ...]:
    """Records that nobody answered, or that lack the question."""
    answered = parts.answers.select(pl.col(ROW).cast(pl.UInt32)).unique()
    rest = parts.frame.select(ROW, "item_id").join(answered, on=ROW, how="anti").sort(ROW).collect(engine="streaming")
    message = "{n} of {of} records have no answer to a question that is read; they give no judgment."
    return note("PQ727", message, rest, _height(parts.frame))


def _height(rows: pl.LazyFrame) -> int:
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def _said_of(settings: Settings) -> str:
    return f"settings from {settings.path.name}" if settings.path else "no settings beside the records"


def _lean(long: pl.LazyFrame) -> pl.LazyFrame:
    """Without the columns that no row has a value in, but for ids."""
    names = ("status", "created_at", "annotator_kind")
    there = long.select(pl.col(names).is_not_null().any()).collect(engine="streaming").row(0, named=True)
    return long.drop(name for name in names if not there[name])
