"""Family PQ7, exports: what a tool's export lost, or keeps, that the judgments read from it do not show.

The readers of tools note it (`prefqa.notes`); here each note has its rule.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from prefqa.checks.frame import Found, Frame, nothing
from prefqa.checks.rule import Example, Row, Rule


def noted(frame: Frame, code: str) -> Found:
    """Answer for a rule on what the reader noted; data that is no tool's export has lost nothing in one."""
    notes = [note for note in frame.prefs.source.notes if note.code == code]
    if not notes:
        return nothing(frame)
    rows = pl.concat([note.rows for note in notes]).lazy()
    message = " ".join(note.message for note in notes)
    return Found(rows, sum(note.count for note in notes), max(note.of for note in notes), message)


def _export(*records: Row) -> Example:
    return Example(records, is_export=True)


def _record(value: Any, **columns: Any) -> Row:
    """A flat record of Argilla 2.x with one answer to a ranking question."""
    return {
        "id": "p1",
        "prompt": "why?",
        "a": "because",
        "b": "no reason",
        "ranking.responses": [value],
        "ranking.responses.users": ["ann"],
        "ranking.responses.status": ["submitted"],
    } | columns


_RANKED = [{"value": "a", "rank": 2}, {"value": "b", "rank": 1}]
_FLAT = _record(_RANKED)
_NESTED = {
    "id": "p1",
    "fields": {"prompt": "why?", "a": "because", "b": "no reason"},
    "responses": {"ranking": [{"value": _RANKED, "user_id": "ann"}]},
}


def _task(*results: Any, **columns: Any) -> Row:
    """A task of Label Studio with one annotation."""
    annotation = {"id": 1, "completed_by": 5, "updated_by": 5, "was_cancelled": False, "result": list(results)}
    listed = [{"id": "a", "body": "because"}, {"id": "b", "body": "no reason"}]
    return {"id": 1, "data": {"prompt": "why?", "items": listed}, "annotations": [annotation | columns]}


def _ranker(*order: str) -> dict[str, Any]:
    return {"from_name": "rank", "type": "ranker", "value": {"ranker": {"rank": list(order)}}}


_MIN_ROW = {
    "id": 1,
    "rank": [{"ranker": {"rank": ["b", "a"]}}],
    "annotator": 5,
    "annotation_id": 1,
    "lead_time": 2.5,
}

EXPORTS = (
    Rule(
        "PQ721",
        "ranks-lost",
        "error",
        "rankings that an export holds as bare lists of options, without ranks",
        "The Argilla 2.x SDK writes the options of a ranking that it pulls from a server in the order of the "
        "question's settings, and drops the ranks. Read as rankings, all annotators agree perfectly on the order in "
        "which somebody typed the options. Such lists are not read as rankings, unless ranks='order' says that yours "
        "do run from best to worst. Export the server's raw records: they still hold the ranks.",
        bad=_export(_record(["a", "b"])),
        good=_export(_FLAT),
    ),
    Rule(
        "PQ722",
        "status-lost",
        "warning",
        "answers whose status the export dropped",
        "Argilla's nested JSON does not say which answers were submitted: drafts, and answers that their annotator "
        "discarded, look like any other and count. Export flat, or the raw records.",
        bad=_export(_NESTED),
        good=_export(_FLAT),
    ),
    Rule(
        "PQ723",
        "annotations-dropped",
        "warning",
        "an export that leaves out a part of the annotations",
        "Label Studio's JSON-MIN and CSV hold no cancelled annotations, drafts, predictions or ground truth. Items "
        "that annotators found too hard and skipped are gone without trace, and what is left agrees too well. Export "
        "as JSON.",
        bad=_export(_MIN_ROW),
        good=_export(_task(_ranker("b", "a"))),
    ),
    Rule(
        "PQ724",
        "display-order",
        "info",
        "rankings that equal the order in which the responses were shown",
        "Label Studio stores the display order as a full ranking when a Ranker is submitted untouched, and nothing in "
        "the export tells it from a ranking that was meant. Compare with the number that chance gives, and look at the "
        "annotators above it.",
        bad=_export(_task(_ranker("a", "b"))),
        good=_export(_task(_ranker("b", "a"))),
    ),
    Rule(
        "PQ725",
        "changed-by-another",
        "warning",
        "annotations that were last changed by somebody else than their annotator",
        "Label Studio shows a second user the first one's answer, and an update keeps the first one's name. The "
        "judgment is then the work of two people, counted for one, and no independent vote.",
        bad=_export(_task(_ranker("b", "a"), updated_by=6)),
        good=_export(_task(_ranker("b", "a"))),
    ),
    Rule(
        "PQ726",
        "model-answers",
        "info",
        "suggestions or predictions of models beside people's answers",
        "Models agree with each other far more than people do. They are left out of the judgments and counted here; "
        "models='with' reads them too, marked by annotator_kind, and models='only' reads them alone.",
        bad=_export(dict(_FLAT, **{"ranking.suggestion": _RANKED, "ranking.suggestion.agent": "gpt"})),
        good=_export(_FLAT),
    ),
    Rule(
        "PQ727",
        "no-answer",
        "info",
        "skipped, cancelled or empty annotations, or records without one",
        "They give no judgment. Many of them on some items say that these are hard or broken, and that the judgments "
        "that are there come from those who did not give up.",
        bad=_export(_task(was_cancelled=True), _task(_ranker("b", "a"))),
        good=_export(_task(_ranker("b", "a"))),
    ),
    Rule(
        "PQ728",
        "not-read",
        "warning",
        "answers in an export that are not read",
        "Answers to questions of a kind that is not read (spans, boxes), and values that have not the structure that "
        "the tool writes, count as missing. Look whether the export was edited, or comes from another version.",
        bad=_export(_task(_ranker("b", "a"), {"from_name": "x", "type": "rectanglelabels", "value": {"x": 1}})),
        good=_export(_task(_ranker("b", "a"))),
    ),
    Rule(
        "PQ729",
        "several-answers",
        "info",
        "instruction data in which one prompt has several answers",
        "Where they contradict each other a model learns both. Equal answers to one prompt are found by PQ103. Look at "
        "them, or have them ranked.",
        bad=_export({"prompt": "why?", "response": "because"}, {"prompt": "why?", "response": "no reason"}),
        good=_export({"prompt": "why?", "response": "because"}, {"prompt": "how?", "response": "like this"}),
    ),
)
