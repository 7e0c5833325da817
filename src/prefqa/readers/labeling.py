"""Labelling platforms: rankings of Labelbox, comparisons of Kili, and labels of doccano."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.preferences import ROW
from prefqa.readers.export import RECORD, Export, Extract, misfit_note, note
from prefqa.readers.long_rows import UNNAMED
from prefqa.readers.records import fields_of, json_lists
from prefqa.readers.tool import Tool, both, has_columns, has_fields
from prefqa.readers.vote_columns import long_votes, pairs_among, votes_among, with_votes

_TEXT = pl.String()
_RADIO = pl.Struct({"name": _TEXT, "value": _TEXT})
_OBJECT = pl.Struct({"name": _TEXT, "annotation_kind": _TEXT, "ranked_messages": pl.Struct(
    {"parent_message_id": _TEXT, "ranked_messages": pl.List(pl.Struct(
        {"message_id": _TEXT, "model_config_name": _TEXT, "order": _TEXT}))})})  # fmt: skip
_LABEL = pl.Struct(
    {
        "id": _TEXT,
        "label_details": pl.Struct({"created_by": _TEXT, "created_at": _TEXT}),
        "performance_details": pl.Struct({"skipped": _TEXT}),
        "annotations": pl.Struct({
            "objects": pl.List(_OBJECT),
            "classifications": pl.List(pl.Struct({"name": _TEXT, "radio_answer": _RADIO})),
        }),
    }
)  # fmt: skip
_LABELLED = [ROW, "item_id", "annotator_id", "judgment_id", "created_at", "status"]


def read_labelbox(export: Export) -> Extract:
    """Read Labelbox, export v2: rankings of messages (order 1 is the best), and radio answers as votes or labels.

    Raises:
        ReadError: there is neither.
    """
    projects = list(fields_of(export.records.schema.get("projects")))
    wanted: dict[str, pl.DataType] = {"data_row": pl.Struct(dict.fromkeys(("id", "external_id", "global_key"), _TEXT))}
    if projects:
        wanted["projects"] = pl.Struct(dict.fromkeys(projects, pl.Struct({"labels": pl.List(_LABEL)})))
    frame, misfits = export.records.as_text(wanted)
    data = pl.col("data_row").struct
    frame = frame.with_columns(item_id=pl.coalesce(data.field("id"), formatted("row-{}", ROW)))
    parts = [
        frame.select(ROW, "item_id", pl.col("projects").struct.field(name).struct.field("labels")) for name in projects
    ]
    empty = pl.DataFrame(schema={ROW: pl.UInt32(), "item_id": _TEXT, "labels": pl.List(_LABEL)})
    each = pl.concat([empty, *parts]).filter(pl.col("labels").list.len() > 0).explode("labels").drop_nulls("labels")
    label = pl.col("labels").struct
    details, performed = label.field("label_details").struct, label.field("performance_details").struct
    labels = each.select(
        ROW,
        "item_id",
        annotator_id=pl.coalesce(details.field("created_by"), pl.lit(UNNAMED)),
        judgment_id=label.field("id"),
        created_at=details.field("created_at"),
        status=pl.when(performed.field("skipped") == "true").then(pl.lit("discarded")).otherwise(pl.lit("submitted")),
        objects=label.field("annotations").struct.field("objects"),
        classes=label.field("annotations").struct.field("classifications"),
    )
    objects = labels.filter(pl.col("objects").list.len() > 0).explode("objects").drop_nulls("objects")
    answers = labels.filter(pl.col("classes").list.len() > 0).explode("classes").drop_nulls("classes")
    radio = pl.col("classes").struct.field("radio_answer").struct
    answers = answers.with_columns(_answer=pl.coalesce(radio.field("value"), radio.field("name")))
    read = [*_message_rankings(objects), *_radio_answers(answers.drop_nulls("_answer"))]
    if not read:
        what = "no label holds a ranking of messages or a radio answer"
        raise ReadError(export.origin, what, hint="read are MessageRanking and radio classifications of export v2.")
    kind = pl.col("objects").struct.field("annotation_kind")
    others = objects.filter((kind != "MessageRanking").fill_null(True))
    n = objects.height + answers.height
    notes = (
        *misfit_note(misfits, frame),
        *note(
            "PQ728",
            "{n} of {of} annotations are of kinds that are not read; a selection of messages does not say which others "
            "were shown.",
            others.with_columns(_kind=kind),
            n,
            value=pl.col("_kind"),
        ),
        *note(
            "PQ728",
            "{n} of {of} annotations are classifications without a radio answer, which are not read.",
            answers.filter(pl.col("_answer").is_null()),
            n,
        ),
    )
    detail = f"{', '.join(name for name, _ in read)}; texts of the messages are not in the export"
    return Extract(_criteria(read), None, None, detail, notes)


def _message_rankings(objects: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    ranked = pl.col("objects").struct.field("ranked_messages").struct
    lists = objects.select(
        *_LABELLED,
        criterion=pl.coalesce(pl.col("objects").struct.field("name"), pl.lit("ranking")),
        _parent=ranked.field("parent_message_id"),
        _one=ranked.field("ranked_messages"),
    ).filter(pl.col("_one").list.len() > 0)
    one = pl.col("_one").struct
    rows = lists.explode("_one").with_columns(
        item_id=pl.concat_str("item_id", "_parent", separator="/", ignore_nulls=True),
        response_id=one.field("message_id"),
        model=one.field("model_config_name"),
        rank=one.field("order"),
    )
    rows = rows.drop("_one", "_parent")
    return [(f"ranking {name!r}", part) for (name,), part in rows.partition_by("criterion", as_dict=True).items()]


def _radio_answers(answers: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Votes where all answers of a classification name a side, labels where they do not."""
    name = pl.coalesce(pl.col("classes").struct.field("name"), pl.lit("radio"))
    rows = answers.select(*_LABELLED, "_answer", criterion=name)
    read = []
    for (question,), part in rows.partition_by("criterion", as_dict=True).items():
        votes, _ = votes_among(part, ["_answer"], [("A", "B")])
        if votes:
            two = part.with_columns(first_id=pl.lit("A"), second_id=pl.lit("B"))
            long, _ = long_votes([("", with_votes(two, "_answer", votes["_answer"]).drop("_answer"))])
            read.append((f"votes {question!r}", long))
        else:
            labels = part.rename({"_answer": "label"}).with_columns(response_id=pl.lit(RECORD))
            read.append((f"labels {question!r}", labels))
    return read


def _criteria(read: list[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    long = pl.concat([part for _, part in read], how="diagonal_relaxed")
    empty = [name for name in ("created_at", "model") if name in long.columns
             and long[name].null_count() == long.height]  # fmt: skip
    return long.drop(*empty, "criterion") if long["criterion"].n_unique() == 1 else long.drop(empty)


def read_kili(export: Export) -> Extract:
    """Read comparisons of Kili's LLM projects: `firstId` is better than `secondId`, unless the code says a tie.

    Raises:
        ReadError: no round has a comparison.
    """
    jobs = {name: list(fields_of(dtype)) for name, dtype in
            fields_of(fields_of(export.records.schema.get("label")).get("round")).items()}  # fmt: skip
    answer = pl.Struct(dict.fromkeys(("code", "firstId", "secondId"), _TEXT))
    rounds = pl.Struct({job: pl.Struct(dict.fromkeys(turns, answer)) for job, turns in jobs.items() if turns})
    frame, misfits = export.records.as_text(
        {
            "externalId": _TEXT,
            "labeler": _TEXT,
            "label": pl.Struct({"round": rounds}) if rounds.fields else _TEXT,
            "chatItems": pl.List(pl.Struct(dict.fromkeys(("externalId", "role", "content", "modelName"), _TEXT))),
        }
    )
    frame = frame.with_columns(
        item_id=pl.coalesce("externalId", formatted("row-{}", ROW)),
        annotator_id=pl.coalesce("labeler", pl.lit(UNNAMED)),
    )
    turns_of = {one.name: [turn.name for turn in one.dtype.fields] for one in rounds.fields}  # type: ignore[union-attr]
    found = [_comparisons(frame, job, turn) for job, turns in turns_of.items() for turn in turns]
    votes = pl.concat(found) if found else None
    if votes is None or votes.is_empty():
        raise ReadError(export.origin, "no round has a comparison", hint="read are jobs of mlTask COMPARISON.")
    messages = frame.select(ROW, "chatItems").explode("chatItems").drop_nulls("chatItems").unnest("chatItems")
    messages = messages.rename({"externalId": "_id"})
    known = messages.drop_nulls("_id").unique([ROW, "_id"], keep="first")
    for side in ("first", "second"):
        own = known.select(
            ROW, "_id", pl.col("content").alias(f"{side}_text"), pl.col("modelName").alias(f"{side}_model")
        )
        votes = votes.join(own, left_on=[ROW, f"{side}_id"], right_on=[ROW, "_id"], how="left", maintain_order="left")
    asked = messages.filter(pl.col("role").str.to_lowercase() == "user").select(
        ROW, prompt="content", _turn=pl.int_range(pl.len()).over(ROW).cast(pl.String)
    )
    votes = votes.join(asked, on=[ROW, "_turn"], how="left", maintain_order="left").drop("_turn")
    parts = [(str(job), part) for (job,), part in votes.partition_by("_job", as_dict=True, include_key=False).items()]
    long, values = long_votes(parts)
    unjudged = frame.join(votes.select(ROW).unique(), on=ROW, how="anti", maintain_order="left")
    message = "{n} of {of} conversations have no comparison; labels of completions and conversations are not read."
    notes = (*misfit_note(misfits, frame), *note("PQ727", message, unjudged, frame.height))
    return Extract(long, None, None, f"comparisons {', '.join(name for name, _ in parts)}", notes, values=values)


def _comparisons(frame: pl.DataFrame, job: str, turn: str) -> pl.DataFrame:
    answer = pl.col("label").struct.field("round").struct.field(job).struct.field(turn).struct
    code = pl.col("said").str.to_lowercase().str.replace_all("_", " ")
    vote = (
        pl.when(code.str.contains(r"\b(tie|equal|same|equivalent)\b"))
        .then(pl.lit("tie"))
        .when(code.str.contains(r"\bbetter\b") & ~code.str.contains(r"\b(not|worse|than)\b"))
        .then(pl.lit("first"))
    )
    rows = frame.select(
        ROW,
        "annotator_id",
        item_id=formatted("{}/{}", "item_id", pl.lit(turn)),
        said=answer.field("code"),
        first_id=answer.field("firstId"),
        second_id=answer.field("secondId"),
        _turn=pl.lit(turn),
        _job=pl.lit(job),
    )
    return rows.filter(pl.col("said").is_not_null() & pl.col("first_id").is_not_null()).with_columns(vote=vote)


def read_doccano(export: Export) -> Extract:
    """Read labels of doccano, which names nobody: votes where two columns hold responses, else labels of the text.

    Raises:
        ReadError: labels that are no words (spans), or one example twice, since several members' files stand together.
    """
    frame, misfits = export.records.as_text(dict.fromkeys([*export.records.schema, "id", "text", "label"], _TEXT))
    frame = frame.with_columns(item_id=pl.coalesce("id", formatted("row-{}", ROW)), annotator_id=pl.lit(UNNAMED))
    if frame["item_id"].is_duplicated().any():
        what = "one example stands here more than once: several members' files, which do not name them"
        hint = 'read one member\'s file, or add a column with the member and say\n[columns]\nannotator_id = "..."'
        raise ReadError(export.origin, what, hint=hint)
    chosen = frame.with_columns(_list=json_lists(frame["label"])).with_columns(
        _label=pl.when(pl.col("label").str.starts_with("["))
        .then(pl.col("_list").list.drop_nulls().list.sort().list.join("|"))
        .otherwise(pl.col("label").str.replace_all("#", "|"))
    )
    if chosen.select(pl.col("_list").list.eval(pl.element().str.contains(r"^[\[{]")).list.any().any()).item():
        raise ReadError(export.origin, "the labels are spans of the text, which are not read")
    answered = chosen.filter(pl.col("_label") != "")
    if answered.is_empty():
        raise ReadError(export.origin, "no example has a label", hint="read are labels of text classification.")
    empty = chosen.filter((pl.col("_label") == "").fill_null(True))
    notes = (
        *misfit_note(misfits, frame),
        *note("PQ727", "{n} of {of} examples have no label; they give no judgment.", empty, frame.height),
    )
    names = [name for name in export.records.schema if name not in ("id", "text", "label", "Comments")]
    pairs = [pair for pair in pairs_among(names) if pair.is_text]
    votes, _ = votes_among(answered, ["_label"], [pairs[0].words]) if len(pairs) == 1 else ({}, [])
    if not votes:
        rows = answered.select(
            ROW, "item_id", "annotator_id", prompt="text", response_id=pl.lit(RECORD), label="_label"
        )
        return Extract(rows, None, None, "labels of the text; who labelled is not in the file", notes)
    pair = pairs[0]
    two = answered.with_columns(
        prompt="text", first_id=pl.lit(pair.first), second_id=pl.lit(pair.second), first_text=pair.first,
        second_text=pair.second,
    )  # fmt: skip
    judged = with_votes(two, "_label", votes["_label"])
    graded = [name for name in ("strength",) if name in judged.columns]
    judged = judged.select(
        ROW, "item_id", "annotator_id", "prompt", "said", "vote", *graded, "first_id", "second_id", "first_text",
        "second_text",
    )  # fmt: skip
    long, values = long_votes([("label", judged)])
    return Extract(long, None, None, f"votes on {pair.first!r} and {pair.second!r}", notes, values=values)


LABELBOX = Tool(
    "labelbox", "Labelbox, export v2", both(has_columns("data_row"), has_columns("projects")), read_labelbox
)
KILI = Tool(
    "kili", "Kili, LLM projects", both(has_columns("label", "labeler"), has_fields("chatItems", "externalId", "role")),
    read_kili,
)  # fmt: skip
DOCCANO = Tool("doccano", "doccano, labels", has_columns("id", "text", "label", "Comments"), read_doccano)
