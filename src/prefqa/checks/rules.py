"""The rules: code, name, severity, what each finds, the harm it prevents, and an example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefqa.checks.pq7_exports import EXPORTS
from prefqa.checks.rule import Row, Rule
from prefqa.errors import UsageError, nearest


def _rows(*ranks: Any, item: Any = "p1", annotator: Any = "ann", **columns: Any) -> tuple[Row, ...]:
    """A judgment of responses a, b, c, ... with these ranks; a further column holds a value, or one per response."""
    return tuple(
        {"item_id": item, "annotator_id": annotator, "response_id": "abcdefgh"[i], "rank": rank}
        | {name: value[i] if isinstance(value, list) else value for name, value in columns.items()}
        for i, rank in enumerate(ranks)
    )


RULES = (
    Rule(
        "PQ101",
        "mistyped-value",
        "error",
        "a value that cannot be read as its column's type",
        "A score of 'five' or a time of 'yesterday' counts as missing, and every figure that needs it rests on fewer "
        "rows than you think. Mend the export, or map another column to this name. (A required column that is missing "
        "altogether stops the run with exit code 2; ranks have their own rule, PQ104.)",
        bad=_rows(1, 2, score=["five", "3"]),
        good=_rows(1, 2, score=["5", "3"]),
    ),
    Rule(
        "PQ102",
        "null-id",
        "error",
        "item_id, annotator_id or response_id is null or blank",
        "A row without its ids belongs to nobody: joined on null, rows of different prompts become one item. Such rows "
        "are left out.",
        bad=_rows(1, 2, annotator=None),
        good=_rows(1, 2),
        quarantines=True,
    ),
    Rule(
        "PQ103",
        "duplicate-judgment",
        "error",
        "one response stands twice in one judgment",
        "A row exported twice counts a person twice and makes agreement look better than it is. Of rows that say the "
        "same one stays, the earliest; where they contradict each other, all rows on this response are left out. Tell "
        "real repeats apart by judgment_id.",
        bad=(*_rows(1, 2), *_rows(1)),
        good=(*_rows(1, 2, judgment_id="first"), *_rows(1, 2, judgment_id="second")),
        quarantines=True,
    ),
    Rule(
        "PQ104",
        "bad-rank",
        "error",
        "a rank that is not an integer from 1 up",
        "Ranks of 0, 1.5, NaN or 'best' show that the column is a score, an index from 0 or a broken export; to rank "
        "by it can turn the preference upside down. The whole judgment is left out, since the rest of it cannot be "
        "trusted either. If the column is a rating, map it to score.",
        bad=_rows(0, 1),
        good=_rows(1, 2),
        quarantines=True,
    ),
    Rule(
        "PQ105",
        "rank-gaps",
        "warning",
        "ranks that follow no usual way of writing ties",
        "Ties are written (1, 2, 2, 3) or (1, 2, 2, 4); (1, 3, 3) or (2, 3) say that a response is missing, that ranks "
        "were edited by hand, or that the tool counts otherwise. The order is used as it stands; look whether a "
        "response was lost on the way.",
        bad=_rows(1, 3, 3),
        good=(*_rows(1, 2, 2, 4), *_rows(1, 2, 2, 3, item="p2")),
    ),
    Rule(
        "PQ106",
        "partial-ranking",
        "info",
        "a judgment that does not rank every response of its item",
        "Unranked responses give no votes. That is legitimate, but if annotators leave out what is hard to place, the "
        "agreement on the rest is too good.",
        bad=_rows(1, 2, None),
        good=_rows(1, 2, 3),
    ),
    Rule(
        "PQ107",
        "one-response",
        "warning",
        "a judgment that ranks fewer than two responses",
        "One response alone cannot be preferred: there is no comparison and no vote in it. Often the sign of a filter "
        "or a join that lost the other one. Such judgments are left out.",
        bad=(*_rows(1, 2), *_rows(1, item="p2")),
        good=_rows(1, 2),
        quarantines=True,
    ),
    Rule(
        "PQ108",
        "unknown-response",
        "error",
        "a ranked response that the table of responses does not have",
        "Without its text the pair cannot be trained on, and ids that do not match are the usual sign that the two "
        "tables come from different versions. Such rows are left out. Needs a table of responses.",
        bad=_rows(1, 2, 3),
        good=_rows(1, 2),
        quarantines=True,
    ),
    Rule(
        "PQ109",
        "score-contradicts-rank",
        "warning",
        "a better rank with a lower score",
        "Scores are higher for better. Where rank and score point in opposite directions one of them has the wrong "
        "polarity, and training on it teaches the opposite of what people said. Ranks are what counts here.",
        bad=_rows(1, 2, score=[2.0, 5.0]),
        good=_rows(1, 2, score=[5.0, 2.0]),
    ),
    Rule(
        "PQ110",
        "not-submitted",
        "warning",
        "draft or discarded judgments among the data",
        "A draft is whatever stood on the screen when the annotator left; counted as a judgment, it adds noise that "
        "looks like disagreement. Only submitted judgments count, the others are left out.",
        bad=_rows(1, 2, status="draft"),
        good=_rows(1, 2, status="submitted"),
        quarantines=True,
    ),
    Rule(
        "PQ111",
        "naive-time",
        "warning",
        "timestamps without a time zone",
        "They are read as UTC. If annotators work in several zones, or the tool writes local time, periods and "
        "sessions are cut in the wrong place and drift is dated wrongly.",
        bad=_rows(1, 2, created_at="2026-03-01T10:00:00"),
        good=_rows(1, 2, created_at="2026-03-01T10:00:00Z"),
    ),
    Rule(
        "PQ112",
        "future-time",
        "warning",
        "timestamps in the future",
        "A judgment from tomorrow has a broken clock, a wrong zone or milliseconds read as seconds; its period is "
        "wrong.",
        bad=_rows(1, 2, created_at="2999-01-01T00:00:00Z"),
        good=_rows(1, 2, created_at="2026-03-01T10:00:00Z"),
    ),
    Rule(
        "PQ113",
        "option-order",
        "error",
        "every ranking equals the order in which the options were listed",
        "A known fault of exports (the Argilla SDK's ranking values among them): the ranks are lost and the order of "
        "the options stands in their place. Agreement then looks perfect and the preferences mean nothing. Export "
        "again with the ranks. Reported only where chance would do this less than once in a million.",
        bad=tuple(row for i in range(12) for row in _rows(1, 2, 3, 4, item=f"p{i}", position=[1, 2, 3, 4])),
        good=tuple(row for i in range(12) for row in _rows(2, 1, 3, 4, item=f"p{i}", position=[1, 2, 3, 4])),
    ),
    Rule(
        "PQ114",
        "repeated-judgment",
        "info",
        "an annotator judged an item more than once",
        "Repeats are a good way to measure consistency, but counted as independent votes they inflate agreement. The "
        "latest judgment of an annotator counts wherever one judgment per annotator and item is needed.",
        bad=(*_rows(1, 2, judgment_id="first"), *_rows(1, 2, judgment_id="second")),
        good=(*_rows(1, 2, judgment_id="first"), *_rows(1, 2, judgment_id="second", annotator="other")),
    ),
    Rule(
        "PQ115",
        "mixed-annotator-kinds",
        "warning",
        "judgments of people and of models together",
        "Model judges agree with each other far more than people do, and share their biases; mixed in, they raise "
        "every coefficient. Measure them apart (by=annotator_kind), or filter one kind.",
        bad=(*_rows(1, 2, annotator_kind="human"), *_rows(1, 2, annotator="gpt", annotator_kind="model")),
        good=(*_rows(1, 2, annotator_kind="human"), *_rows(1, 2, annotator="gpt", annotator_kind="human")),
    ),
    Rule(
        "PQ116",
        "out-of-range",
        "error",
        "a value that its column cannot have: see `prefqa schema`",
        "An infinite score, a negative duration or an unknown status makes every mean and every filter on the column "
        "wrong; a response or item without its key is found by no judgment. Mend the value, or map another column to "
        "this name.",
        bad=_rows(1, 2, duration_s=-3.0),
        good=_rows(1, 2, duration_s=3.0),
    ),
    *EXPORTS,
)
BY_CODE: Mapping[str, Rule] = {rule.code: rule for rule in RULES}


def explain(code: str) -> str:
    """Explain a rule: what it finds, the harm it prevents, what to do, and an example.

    Raises:
        UsageError: for a code that no rule has.
    """
    rule = BY_CODE.get(code.upper())
    if rule is None:
        raise unknown(code)
    kept = "Rows are left out and stand in the quarantine." if rule.quarantines else "Nothing is left out."
    return "\n\n".join(
        [
            f"{rule.code} {rule.name} ({rule.severity}): {rule.summary}.",
            rule.explanation,
            kept,
            f"Found in:\n{_shown(rule.bad)}",
            f"Not in:\n{_shown(rule.good)}",
        ]
    )


def chosen(select: Sequence[str], ignore: Sequence[str]) -> list[Rule]:
    """Rules that `select` names (all, if it names none) and `ignore` does not; "PQ1" names all that begin so.

    Raises:
        UsageError: for a code or prefix that no rule has.
    """
    for code in (*select, *ignore):
        if not any(rule.code.startswith(code.upper()) for rule in RULES) or not code:
            raise unknown(code)
    wanted, unwanted = (tuple(code.upper() for code in codes) for codes in (select, ignore))
    return [
        rule
        for rule in RULES
        if (not wanted or rule.code.startswith(wanted)) and not (unwanted and rule.code.startswith(unwanted))
    ]


def unknown(code: str) -> UsageError:
    """Build the error for a code that no rule has."""
    close = nearest(code, BY_CODE)
    return UsageError(f"no rule is called {code!r}", hint=f"did you mean {close}? " * bool(close) + "See prefqa rules.")


def _shown(rows: Sequence[Row], limit: int = 4) -> str:
    lines = ["  " + ", ".join(f"{name}={value!r}" for name, value in row.items()) for row in rows[:limit]]
    return "\n".join(lines + ([f"  ... and {len(rows) - limit} rows like these"] if len(rows) > limit else []))
