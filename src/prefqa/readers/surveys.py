"""Surveys with one row per person and one column per question: Qualtrics and Google Forms.

Every question that people answered with a word for one of two sides is an item. Its text, which mostly holds the two
responses, is the prompt; the responses A and B have no text of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError, UsageError
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import vote_values
from prefqa.readers.export import Export, Extract, misfit_note, note
from prefqa.readers.names import roles_of
from prefqa.readers.sides import pairs_of
from prefqa.readers.tool import Tool, listed
from prefqa.readers.vote_columns import Meanings, long_votes, meanings_of, votes_among, with_votes, without_side

_TEXT = pl.String()
_SIDES = ("A", "B")
#: Columns that Qualtrics adds to the answers; those that say where a person is, or who, are not carried along.
_QUALTRICS = (
    "StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
    "ResponseId", "RecipientLastName", "RecipientFirstName", "RecipientEmail", "ExternalReference",
    "ExternalDataReference", "LocationLatitude", "LocationLongitude", "DistributionChannel", "UserLanguage",
)  # fmt: skip
#: Status of responses that nobody gave in earnest.
_UNREAL = r"(?i)\b(preview|test|spam)\b"
#: Columns of Google Forms that are no questions, and name the person.
_WHO = ("Email Address", "Username")
_TIMESTAMP = "Timestamp"


def read_qualtrics(export: Export) -> Extract:
    """Read a survey of Qualtrics: of three header rows the second holds the questions, and the third ids of fields.

    Previews, tests and spam are discarded; unfinished responses are drafts.
    """
    frame, misfits = export.records.as_text(dict.fromkeys([*export.records.schema, "ResponseId"], _TEXT))
    who = pl.col("ResponseId").str.strip_chars()
    header = who.str.starts_with('{"ImportId"') | (who == "Response ID")
    titles = frame.filter(who == "Response ID").head(1)
    people = frame.filter(~header.fill_null(False))
    finished = _column(people, "Finished").str.to_lowercase().is_in(["false", "0"])
    rows = people.with_columns(
        annotator_id=who,
        created_at=pl.coalesce(_column(people, "RecordedDate"), _column(people, "EndDate")),
        survey_duration_s=_column(people, "Duration (in seconds)").cast(pl.Float64, strict=False),
        status=pl.when(_column(people, "Status").str.contains(_UNREAL))
        .then(pl.lit("discarded"))
        .when(finished)
        .then(pl.lit("draft"))
        .otherwise(pl.lit("submitted")),
    )
    unreal = rows.filter(pl.col("status") != "submitted")
    lost = note(
        "PQ727",
        "{n} of {of} people did not finish the survey, or are previews, tests or spam; their answers do not count.",
        unreal,
        rows.height,
        value=pl.col("status"),
    )
    questions = [name for name in people.columns if name not in (*_QUALTRICS, ROW)]
    prompts = {name: titles[name][0] for name in questions} if titles.height else {}
    carried = [name for name in questions if name == "PROLIFIC_PID"]
    return _reading(export, rows, [*questions], prompts, (*misfit_note(misfits, rows), *lost), carried)


def read_google_forms(export: Export) -> Extract:
    """Read the sheet of a form: the header holds the questions; without addresses each row is a person of its own."""
    frame, misfits = export.records.as_text(dict.fromkeys([*export.records.schema, _TIMESTAMP], _TEXT))
    named = [pl.col(name) for name in _WHO if name in frame.columns]
    stamp = pl.col(_TIMESTAMP).str.strip_chars()
    rows = frame.with_columns(
        annotator_id=pl.coalesce(*named, formatted("row-{}", ROW)),
        created_at=pl.when(stamp.str.contains(r"^\d{4}-\d\d-\d\d")).then(stamp),
        status=pl.lit("submitted"),
    )
    unread = rows.filter(pl.col("created_at").is_null() & pl.col(_TIMESTAMP).is_not_null())
    lost = note(
        "PQ728",
        "{n} of {of} timestamps are written in the order of day and month of the sheet's country, which the file does "
        "not name; they count as missing. Format the column as YYYY-MM-DD HH:MM:SS.",
        unread,
        rows.height,
        value=pl.col(_TIMESTAMP),
    )
    questions = [name for name in frame.columns if name not in (*_WHO, _TIMESTAMP, ROW)]
    prompts = {name: name for name in questions}
    return _reading(export, rows, questions, prompts, (*misfit_note(misfits, rows), *lost), [])


def _reading(
    export: Export,
    rows: pl.DataFrame,
    questions: Sequence[str],
    prompts: Mapping[str, str | None],
    notes: tuple[Note, ...],
    carried: Sequence[str],
) -> Extract:
    votes, reasons = votes_among(rows, questions, [_SIDES])
    if not votes:
        raise _refusal(export, questions, reasons)
    votes |= _tied(rows, [name for name in questions if name not in votes], votes, prompts)
    parts = [(name, _question(rows, name, votes[name], prompts.get(name), carried)) for name in votes]
    long, _ = long_votes([("", pl.concat([part for _, part in parts], how="diagonal"))])
    values = pl.concat(vote_values(part, name) for name, part in parts)
    others = [name for name in questions if name not in votes and name not in carried]
    answers = pl.concat(
        [rows.select(ROW, "annotator_id", pl.lit(name).alias("item_id"), _said=name) for name in others]
        or [rows.select(ROW, "annotator_id", item_id=pl.lit(None, _TEXT), _said=pl.lit(None, _TEXT))]
    )
    lost = note(
        "PQ728",
        "{n} of {of} answers are to questions that are no votes between two sides, and are not read: "
        f"{listed(others)}.",
        answers.drop_nulls("_said"),
        answers.drop_nulls("_said").height + sum(part.height for _, part in parts),
    )
    skipped = pl.concat(
        without_side(rows, name, meanings).select(ROW, "annotator_id", "said", item_id=pl.lit(name))
        for name, meanings in votes.items()
    )
    n = skipped.height + sum(part.height for _, part in parts)
    lost += note("PQ727", "{n} of {of} answers name neither a side nor a tie.", skipped, n, value=pl.col("said"))
    detail = f"{len(votes)} questions with votes between A and B ({listed(list(votes))}); the texts are in the prompts"
    used = (*votes, *carried)
    return Extract(long, None, None, detail, (*notes, *lost), used=used, values=values)


def _tied(
    rows: pl.DataFrame, questions: Sequence[str], votes: Mapping[str, Meanings], prompts: Mapping[str, str | None]
) -> dict[str, Meanings]:
    """Questions that all people answered with a tie, if they end as a question does that has votes for a side."""
    asked = {_last_line(prompts.get(name)) for name in votes} - {None}
    alike = [name for name in questions if _last_line(prompts.get(name)) in asked]
    tied = {}
    for name in alike:
        with suppress(UsageError):
            meanings = meanings_of(rows[name], [_SIDES], ties=True)
            if meanings is not None:
                tied[name] = meanings
    return tied


def _last_line(prompt: str | None) -> str | None:
    lines = [line.strip() for line in (prompt or "").splitlines() if line.strip()]
    return lines[-1] if lines else None


def _question(
    rows: pl.DataFrame, name: str, meanings: Meanings, prompt: str | None, carried: Sequence[str]
) -> pl.DataFrame:
    """The votes on one question, one per person."""
    more = ["survey_duration_s"] if "survey_duration_s" in rows.columns else []
    kept = [ROW, "annotator_id", "created_at", "status", *more, *carried]
    judged = with_votes(rows, name, meanings)
    graded = [name for name in ("strength",) if name in judged.columns]
    return judged.select(
        *kept,
        *graded,
        "said",
        "vote",
        item_id=pl.lit(name, _TEXT),
        prompt=pl.lit(prompt, _TEXT),
        first_id=pl.lit(_SIDES[0]),
        second_id=pl.lit(_SIDES[1]),
    )


def _refusal(export: Export, questions: Sequence[str], reasons: Sequence[str]) -> ReadError:
    why = f": {'; '.join(reasons[:3])}" if reasons else f"; the questions are {listed(list(questions)) or 'none'}"
    hint = (
        "this is a survey with one row per person. Export choices as text (not as numeric values), with answers such "
        "as Response A, Response B and About equal; or bring it to one row per person and question, with columns "
        'item_id, annotator_id, response_a, response_b and winner, and say\n[read]\nshape = "pairwise"'
    )
    return ReadError(export.origin, f"no question holds votes for one of two sides{why}", hint=hint)


def _column(frame: pl.DataFrame, name: str) -> pl.Expr:
    return pl.col(name) if name in frame.columns else pl.lit(None, _TEXT)


#: Roles that a table of judgments has a column for, and a sheet of answers has not.
_OF_TABLES = {"item_id", "prompt", "response_id", "rank", "winner", "responses"}


def _is_qualtrics(schema: pl.Schema) -> str | None:
    seen = [name for name in ("StartDate", "EndDate", "Progress", "Finished", "RecordedDate") if name in schema]
    return f"columns {listed(['ResponseId', *seen])}" if "ResponseId" in schema and len(seen) > 1 else None


def _is_form(schema: pl.Schema) -> str | None:
    names = list(schema)
    if len(names) < 2 or names[0] != _TIMESTAMP or pairs_of(names):
        return None
    named = any(_OF_TABLES & set(roles_of(name)) for name in names[1:])
    return None if named else "column 'Timestamp' before the questions"


QUALTRICS = Tool("qualtrics", "Qualtrics survey", _is_qualtrics, read_qualtrics)
FORMS = Tool("google-forms", "Google Forms, responses", _is_form, read_google_forms)
