"""Results of crowdsourcing platforms, whose columns are named by the requester: Amazon Mechanical Turk and Toloka.

Columns that went in hold the prompt and the responses, columns that came back the votes. They are read where their
names and values have one reading; otherwise the error holds the lines of configuration that say which is which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.export import Export, Extract, misfit_note, note
from prefqa.readers.long_rows import PROMPTS
from prefqa.readers.records import json_lists, json_objects
from prefqa.readers.tool import Tool, has_columns, listed
from prefqa.readers.vote_columns import (
    Meanings,
    Pair,
    chosen_of,
    config,
    long_votes,
    pairs_among,
    unanswered,
    votes_among,
    with_votes,
)

_TEXT = pl.String()
#: Further names of the column that holds what the responses answer.
_ASKED = (*PROMPTS, "question", "query", "context", "source", "document", "article", "task", "input")
#: A column of Mechanical Turk whose cells hold all answers as a JSON list of one object.
_ANSWERS = "Answer.taskAnswers"
_MONTHS = r"^\w{3} (\w{3} \d{1,2} \d\d:\d\d:\d\d) ([A-Z]{3,4}) (\d{4})$"
#: Offsets of the zones in which Mechanical Turk writes times.
_ZONES = {"PST": "-08:00", "PDT": "-07:00", "UTC": "+00:00", "GMT": "+00:00"}


@dataclass(frozen=True)
class _Platform:
    """How one platform names columns: what went in and came back, and which column of ours each of its own is."""

    name: str
    went_in: str
    came_back: str
    status: Mapping[str, str]
    ours: Mapping[str, str]


_MTURK = _Platform(
    "Mechanical Turk",
    "Input.",
    "Answer.",
    {"Approved": "submitted", "Submitted": "submitted", "Rejected": "discarded"},
    {"item_id": "HITId", "annotator_id": "WorkerId", "created_at": "SubmitTime", "duration_s": "WorkTimeInSeconds"},
)
_TOLOKA = _Platform(
    "Toloka",
    "INPUT:",
    "OUTPUT:",
    dict.fromkeys(("APPROVED", "ACCEPTED", "SUBMITTED"), "submitted")
    | dict.fromkeys(("REJECTED", "SKIPPED", "EXPIRED"), "discarded")
    | {"ACTIVE": "draft"},
    {"item_id": "ASSIGNMENT:task_id", "annotator_id": "ASSIGNMENT:worker_id", "created_at": "ASSIGNMENT:submitted"},
)


def read_mturk(export: Export) -> Extract:
    """Read the results of a batch: one row per assignment; rejected assignments are discarded."""
    frame, misfits = export.records.as_text(dict.fromkeys(export.records.schema, _TEXT))
    frame = _unfolded(frame)
    rows = frame.with_columns(
        item_id=_column(frame, "HITId"),
        annotator_id=_column(frame, "WorkerId"),
        created_at=_iso(_column(frame, "SubmitTime")),
        duration_s=_column(frame, "WorkTimeInSeconds"),
        status=_status(frame, "AssignmentStatus", _MTURK),
    )
    return _reading(export, _MTURK, rows, misfit_note(misfits, rows))


def read_toloka(export: Export) -> Extract:
    """Read assignments as TSV: one row per task of an assignment; rejected ones are discarded, GOLDEN columns known."""
    frame, misfits = export.records.as_text(dict.fromkeys(export.records.schema, _TEXT))
    given = [name for name in frame.columns if name.startswith("INPUT:")]
    filled = pl.any_horizontal(pl.col(given).is_not_null()) if given else pl.lit(True)
    done = filled & _column(frame, "ASSIGNMENT:worker_id").is_not_null()
    lost = note(
        "PQ727",
        "{n} of {of} rows name no worker or no task (tasks that nobody did, and rows between assignments); they give "
        "no judgment.",
        frame.filter(~done),
        frame.height,
    )
    frame = frame.filter(done)
    whole = pl.concat_str([pl.col(name).fill_null("") for name in given], separator="\x1f")
    number = formatted("task-{}", whole.rank("dense").cast(pl.Int64)) if given else pl.lit(None, _TEXT)
    started, submitted = (_column(frame, f"ASSIGNMENT:{one}") for one in ("started", "submitted"))
    seconds = (_clock(submitted) - _clock(started)).dt.total_milliseconds() / 1000
    alone = (
        pl.len().over("ASSIGNMENT:assignment_id") == 1 if "ASSIGNMENT:assignment_id" in frame.columns else pl.lit(False)
    )
    rows = frame.with_columns(
        item_id=pl.coalesce(_column(frame, "ASSIGNMENT:task_id"), number),
        annotator_id=_column(frame, "ASSIGNMENT:worker_id"),
        created_at=pl.coalesce(submitted, started),
        # An assignment may hold several tasks, and its time is that of all of them.
        duration_s=pl.when(alone).then(seconds),
        status=_status(frame, "ASSIGNMENT:status", _TOLOKA),
    )
    return _reading(export, _TOLOKA, rows, (*misfit_note(misfits, rows), *lost))


def _reading(export: Export, platform: _Platform, rows: pl.DataFrame, notes: tuple[Note, ...]) -> Extract:
    given = {name.removeprefix(platform.went_in): name for name in rows.columns if name.startswith(platform.went_in)}
    rows, answers = _one_hot(rows, platform.came_back)
    pairs = pairs_among(list(given))
    texts = [pair for pair in pairs if pair.is_text]
    shown = texts or pairs
    sides = [(shown[0].first, shown[0].second), shown[0].words] if len(shown) == 1 else [("A", "B")]
    votes, reasons = votes_among(rows, answers, sides)
    if len(shown) != 1 or not votes:
        raise _refusal(export, platform, shown, list(given), (answers, votes, reasons))
    pair = shown[0]
    models = [one for one in pairs if not one.is_text and "model" in one.stem]
    prompt = _asked([name for name in given if name not in (pair.first, pair.second)])
    named = _sides(pair, models, given) | ({"prompt": pl.col(given[prompt])} if prompt else {})
    used = {pair.first, pair.second, prompt, *(name for one in models for name in (one.first, one.second))}
    kept = [ROW, "item_id", "annotator_id", "created_at", "duration_s", "status"]
    kept += [given[name] for name in given if name not in used] + [name for name in answers if name not in votes]
    parts = []
    for column, meanings in votes.items():
        judged = with_votes(rows.with_columns(**named), column, meanings)
        gold = _gold(judged, column, platform, meanings)
        graded = [name for name in ("strength",) if name in judged.columns]
        parts.append((column, judged.select(*kept, *named, "said", "vote", *graded, *gold)))
    long, values = long_votes(parts)
    lost = note("PQ727", "{n} of {of} rows hold no vote; they give no judgment.", unanswered(rows, parts), rows.height)
    detail = f"votes from {listed(list(votes))} on {given[pair.first]!r} and {given[pair.second]!r}"
    columns = (*votes, given[pair.first], given[pair.second], *platform.ours.values())
    return Extract(_gold_ranks(long), None, None, detail, (*notes, *lost), used=columns, values=values)


def _sides(pair: Pair, models: Sequence[Pair], given: Mapping[str, str]) -> dict[str, pl.Expr]:
    """The two responses as columns: ids are the names of their columns, the text what these hold."""
    named: dict[str, pl.Expr] = {"first_id": pl.lit(pair.first), "second_id": pl.lit(pair.second)}
    if pair.is_text:
        named |= {"first_text": pl.col(given[pair.first]), "second_text": pl.col(given[pair.second])}
    if len(models) == 1:
        named |= {"first_model": pl.col(given[models[0].first]), "second_model": pl.col(given[models[0].second])}
    return named


def _asked(names: Sequence[str]) -> str | None:
    """The column of the prompt: one of its usual names, or the only column there is."""
    known = [name for name in _ASKED if name in names]
    return known[0] if known else names[0] if len(names) == 1 else None


def _gold(judged: pl.DataFrame, column: str, platform: _Platform, meanings: Meanings) -> list[pl.Expr]:
    """The known answer of Toloka's control tasks, where it is written as votes are."""
    name = column.replace(platform.came_back, "GOLDEN:", 1)
    if platform is not _TOLOKA or name not in judged.columns:
        return []
    known = pl.col(name).replace_strict(meanings, default=None, return_dtype=pl.String)
    return [known.alias("_gold")]


def _gold_ranks(long: pl.DataFrame) -> pl.DataFrame:
    """`is_gold` and `gold_rank` of both sides from the known answer."""
    if "_gold" not in long.columns:
        return long
    known = pl.col("_gold")
    own = pl.when(pl.col("position") == 1).then(pl.lit("first")).otherwise(pl.lit("second"))
    rank = pl.when(known.is_in(["tie", "both_bad"]) | (known == own)).then(1).when(known.is_not_null()).then(2)
    return long.with_columns(is_gold=known.is_not_null(), gold_rank=rank.cast(pl.Int64)).drop("_gold")


def _one_hot(rows: pl.DataFrame, prefix: str) -> tuple[pl.DataFrame, list[str]]:
    """The columns of answers; columns that say true or false for each option become one, named for the question."""
    answers = [name for name in rows.columns if name.startswith(prefix)]
    truth = [name for name in answers if name.removeprefix(prefix).count(".") == 1 and _is_truth(rows[name])]
    groups: dict[str, dict[str, str]] = {}
    for name in truth:
        question, option = name.rsplit(".", 1)
        groups.setdefault(question, {})[option] = name
    groups = {question: flags for question, flags in groups.items() if len(flags) > 1 and question not in answers}
    single = {name for flags in groups.values() for name in flags.values()}
    rows = rows.with_columns(chosen_of(flags).alias(question) for question, flags in groups.items()).drop(single)
    return rows, [name for name in answers if name not in single] + list(groups)


def _is_truth(values: pl.Series) -> bool:
    plain = set(values.drop_nulls().str.to_lowercase().str.strip_chars().unique().to_list())
    return bool(plain) and plain <= {"true", "false"}


def _unfolded(frame: pl.DataFrame) -> pl.DataFrame:
    """`Answer.taskAnswers` as columns; of an object of true and false, one column per option."""
    if _ANSWERS not in frame.columns or any(name.startswith("Answer.") and name != _ANSWERS for name in frame.columns):
        return frame
    lists = json_lists(frame[_ANSWERS])
    objects = pl.select(pl.when(lists.list.len() == 1).then(lists.list.first()).otherwise(pl.lit("{}"))).to_series()
    objects = pl.select(pl.when(objects.str.starts_with("{")).then(objects).otherwise(pl.lit("{}"))).to_series()
    plain = json_objects(objects)
    columns: dict[str, pl.Series] = {}
    for name, dtype in plain.schema.items():
        if isinstance(dtype, pl.Struct):
            inner = {one.name: plain[name].struct.field(one.name) for one in dtype.fields}
            columns |= {f"Answer.{name}.{option}": values for option, values in inner.items()}
        else:
            columns[f"Answer.{name}"] = plain[name]
    texts = [
        values.cast(pl.String, strict=False).rename(name)
        for name, values in columns.items()
        if not values.dtype.is_nested() and values.dtype != pl.Null()
    ]
    return frame.drop(_ANSWERS).with_columns(texts) if texts else frame


def _refusal(
    export: Export,
    platform: _Platform,
    pairs: Sequence[Pair],
    given: Sequence[str],
    seen: tuple[Sequence[str], Mapping[str, Meanings], Sequence[str]],
) -> ReadError:
    """The error of results whose responses or votes are not told by names and values, with the lines to paste."""
    answers, votes, reasons = seen
    problems = []
    if len(pairs) != 1:
        several = ", ".join(f"{pair.first!r} and {pair.second!r}" for pair in pairs[:3])
        problems.append(
            f"which {platform.went_in}* columns hold the two responses is not clear"
            f" ({several or f'there are {listed(list(given))}'})"
        )
    if not votes:
        why = f" ({'; '.join(reasons[:3])})" if reasons else f" (there are {listed(list(answers)) or 'none'})"
        problems.append(f"which {platform.came_back}* column holds votes for one of two responses is not clear{why}")
    two = (pairs[0].first, pairs[0].second) if len(pairs) == 1 else (None, None)
    names = {ours: platform.went_in + theirs if theirs else None for ours, theirs in
             zip(("response_a", "response_b"), two, strict=True)}  # fmt: skip
    vote = next(iter(votes), answers[0] if len(answers) == 1 else None)
    lines = config({**platform.ours, **names, "winner": vote})
    hint = f"say which columns they are, and write votes as a, b or tie:\n{lines}"
    return ReadError(export.origin, f"{platform.name} results: {'; '.join(problems)}", hint=hint)


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, _TEXT)


def _status(frame: pl.DataFrame, name: str, platform: _Platform) -> pl.Expr:
    return _column(frame, name).str.strip_chars().replace(dict(platform.status))


def _clock(text: pl.Expr) -> pl.Expr:
    return text.str.replace(" ", "T").str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False)


def _iso(text: pl.Expr) -> pl.Expr:
    """Times such as "Tue Mar 04 09:16:40 PST 2025" as ISO 8601 with their offset; others as they are."""
    plain = text.str.strip_chars().str.replace(_MONTHS, "$1 $3")
    moment = plain.str.to_datetime("%b %d %H:%M:%S %Y", strict=False).dt.to_string("%Y-%m-%dT%H:%M:%S")
    offset = text.str.extract(_MONTHS, 2).replace_strict(_ZONES, default=None, return_dtype=pl.String)
    return pl.coalesce(moment + offset, text)


def _is_toloka(schema: pl.Schema) -> str | None:
    came_back = [name for name in schema if name.startswith("OUTPUT:")]
    worker = has_columns("ASSIGNMENT:worker_id")(schema)
    return f"columns {listed(['ASSIGNMENT:worker_id', *came_back])}" if worker and came_back else None


MTURK = Tool(
    "mturk", "Amazon Mechanical Turk, batch results", has_columns("HITId", "AssignmentId", "WorkerId"), read_mturk
)
TOLOKA = Tool("toloka", "Toloka, assignments", _is_toloka, read_toloka)
