"""Family PQ1, structure: whether this is a set of rankings at all."""

from __future__ import annotations

from prefqa.checks.rule import Example, Row, Rule, ranking

_TWO = ({"item_id": "p1", "response_id": "a"}, {"item_id": "p1", "response_id": "b"})


def _battle(other: str, **columns: str) -> Row:
    """A vote on model m1 and another one."""
    return {"item_id": "p1", "annotator_id": "ann", "model_a": "m1", "model_b": other, "winner": "model_a"} | columns


PQ1 = (
    Rule(
        "PQ101",
        "mistyped-value",
        "error",
        "a value that cannot be read as its column's type",
        "A score of 'five' or a time of 'yesterday' counts as missing, and every figure that needs it rests on fewer "
        "rows than you think. Mend the export, or map another column to this name. (A required column that is missing "
        "altogether stops the run with exit code 2; ranks have their own rule, PQ104.)",
        bad=Example(ranking(1, 2, score=["five", "3"])),
        good=Example(ranking(1, 2, score=["5", "3"])),
    ),
    Rule(
        "PQ102",
        "null-id",
        "error",
        "item_id, annotator_id or response_id is null or blank",
        "A row without its ids belongs to nobody: joined on null, rows of different prompts become one item. Such rows "
        "are left out.",
        bad=Example(ranking(1, 2, annotator=None)),
        good=Example(ranking(1, 2)),
        quarantines=True,
    ),
    Rule(
        "PQ103",
        "duplicate-judgment",
        "error",
        "one response stands twice in one judgment",
        "A row exported twice counts a person twice and makes agreement look better than it is. Of rows that say the "
        "same one stays, the earliest; where they contradict each other, all rows on this response are left out. Often "
        "a column of annotators was not recognised: map it to annotator_id. Tell repeats that were meant apart by "
        "judgment_id. Where the source names no annotators, rows may be the votes of several and are not asked.",
        bad=Example((*ranking(1, 2), *ranking(1))),
        good=Example((*ranking(1, 2, judgment_id="first"), *ranking(1, 2, judgment_id="second"))),
        quarantines=True,
    ),
    Rule(
        "PQ104",
        "bad-rank",
        "error",
        "a rank or vote that cannot be read",
        "Ranks are integers from 1 up: 0, 1.5, NaN or 'best' show that the column is a score, an index from 0 or a "
        "broken export; to rank by it can turn the preference upside down. The whole judgment is left out, since the "
        "rest of it cannot be trusted either. If the column is a rating, map it to score; if 0 is the best rank, say "
        "ranks_from = 0 under [read]. Words for votes that are not known are mapped under [read.votes].",
        bad=Example(ranking(0, 1)),
        good=Example(ranking(1, 2)),
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
        bad=Example(ranking(1, 3, 3)),
        good=Example((*ranking(1, 2, 2, 4), *ranking(1, 2, 2, 3, item="p2"))),
    ),
    Rule(
        "PQ106",
        "partial-ranking",
        "info",
        "a judgment that does not rank every response of its item",
        "Unranked responses give no votes. That is legitimate, but if annotators leave out what is hard to place, the "
        "agreement on the rest is too good.",
        bad=Example(ranking(1, 2, None)),
        good=Example(ranking(1, 2, 3)),
    ),
    Rule(
        "PQ107",
        "one-response",
        "warning",
        "a judgment that ranks fewer than two responses",
        "One response alone cannot be preferred: there is no comparison and no vote in it. Often the sign of a filter "
        "or a join that lost the other one. Such judgments are left out. A label or a score of one response is no "
        "ranking, and whole.",
        bad=Example((*ranking(1, 2), *ranking(1, item="p2"))),
        good=Example(ranking(1, 2)),
        quarantines=True,
    ),
    Rule(
        "PQ108",
        "unknown-response",
        "error",
        "a ranked response that the table of responses does not have",
        "Without its text the pair cannot be trained on, and ids that do not match are the usual sign that the two "
        "tables come from different versions. Such rows are left out. Needs a table of responses.",
        bad=Example(ranking(1, 2, 3), _TWO),
        good=Example(ranking(1, 2), _TWO),
        quarantines=True,
    ),
    Rule(
        "PQ109",
        "score-contradicts-rank",
        "error",
        "a better rank with a lower score",
        "Scores are higher for better. Where rank and score point in opposite directions one of them has the wrong "
        "polarity, and training on it teaches the opposite of what people said. Ranks are what counts here.",
        bad=Example(ranking(1, 2, score=[2.0, 5.0])),
        good=Example(ranking(1, 2, score=[5.0, 2.0])),
    ),
    Rule(
        "PQ110",
        "not-submitted",
        "warning",
        "draft or discarded judgments among the data",
        "A draft is whatever stood on the screen when the annotator left; counted as a judgment, it adds noise that "
        "looks like disagreement. Only submitted judgments count, the others are left out.",
        bad=Example(ranking(1, 2, status="draft")),
        good=Example(ranking(1, 2, status="submitted")),
        quarantines=True,
    ),
    Rule(
        "PQ111",
        "naive-time",
        "warning",
        "timestamps without a time zone",
        "They are read as UTC. If annotators work in several zones, or the tool writes local time, periods and "
        "sessions are cut in the wrong place and drift is dated wrongly.",
        bad=Example(ranking(1, 2, created_at="2026-03-01T10:00:00")),
        good=Example(ranking(1, 2, created_at="2026-03-01T10:00:00Z")),
    ),
    Rule(
        "PQ112",
        "future-time",
        "warning",
        "timestamps in the future",
        "A judgment from tomorrow has a broken clock, a wrong zone or milliseconds read as seconds; its period is "
        "wrong.",
        bad=Example(ranking(1, 2, created_at="2999-01-01T00:00:00Z")),
        good=Example(ranking(1, 2, created_at="2026-03-01T10:00:00Z")),
    ),
    Rule(
        "PQ113",
        "option-order",
        "error",
        "every ranking equals the order in which the options were listed",
        "A known fault of exports (the Argilla SDK's ranking values among them): the ranks are lost and the order of "
        "the options stands in their place. Agreement then looks perfect and the preferences mean nothing. Export "
        "again with the ranks. Reported only where chance would do this less than once in a million.",
        bad=Example(tuple(row for i in range(12) for row in ranking(1, 2, 3, 4, item=f"p{i}", position=[1, 2, 3, 4]))),
        good=Example(tuple(row for i in range(12) for row in ranking(2, 1, 3, 4, item=f"p{i}", position=[1, 2, 3, 4]))),
    ),
    Rule(
        "PQ114",
        "repeated-judgment",
        "info",
        "an annotator judged an item more than once",
        "Repeats are a good way to measure consistency, but counted as independent votes they inflate agreement. The "
        "latest judgment of an annotator counts wherever one judgment per annotator and item is needed.",
        bad=Example((*ranking(1, 2, judgment_id="first"), *ranking(1, 2, judgment_id="second"))),
        good=Example((*ranking(1, 2, judgment_id="first"), *ranking(1, 2, judgment_id="second", annotator="other"))),
    ),
    Rule(
        "PQ115",
        "mixed-annotator-kinds",
        "warning",
        "judgments of people and of models together",
        "Model judges agree with each other far more than people do, and share their biases; mixed in, they raise "
        "every coefficient. Measure them apart (by=annotator_kind), or filter one kind.",
        bad=Example((*ranking(1, 2, annotator_kind="human"), *ranking(1, 2, annotator="gpt", annotator_kind="model"))),
        good=Example((*ranking(1, 2, annotator_kind="human"), *ranking(1, 2, annotator="gpt", annotator_kind="human"))),
    ),
    Rule(
        "PQ116",
        "out-of-range",
        "error",
        "a value that its column cannot have: see `prefqa schema`",
        "An infinite score, a negative duration or an unknown status makes every mean and every filter on the column "
        "wrong; a response or item without its key is found by no judgment. Mend the value, or map another column to "
        "this name.",
        bad=Example(ranking(1, 2, duration_s=-3.0)),
        good=Example(ranking(1, 2, duration_s=3.0)),
    ),
    Rule(
        "PQ117",
        "one-annotator",
        "info",
        "items that only one annotator judged",
        "Agreement, reliability and consensus come from items that several people judged; the others rest on one "
        "person's word, and nothing in the data can tell whether it is good. Where no item is shared, nothing can be "
        "measured at all. Let a share of the items, drawn by chance, be judged twice or more.",
        bad=Example((*ranking(1, 2), *ranking(1, 2, annotator="bob"), *ranking(1, 2, item="p2"))),
        good=Example((*ranking(1, 2), *ranking(1, 2, annotator="bob"))),
    ),
    Rule(
        "PQ118",
        "separate-groups",
        "warning",
        "groups of annotators that share no item, not even through others",
        "Between such groups nothing can be compared: whether one is stricter, or reads the guidelines otherwise, is "
        "not in the data, and a difference between their items may be a difference between their people. Give the "
        "groups some items in common.",
        bad=Example(
            (
                *ranking(1, 2),
                *ranking(1, 2, annotator="bob"),
                *ranking(1, 2, item="p2", annotator="cat"),
                *ranking(1, 2, item="p2", annotator="dan"),
            )
        ),
        good=Example(
            (
                *ranking(1, 2),
                *ranking(1, 2, annotator="bob"),
                *ranking(1, 2, item="p2", annotator="bob"),
                *ranking(1, 2, item="p2", annotator="dan"),
            )
        ),
    ),
    Rule(
        "PQ119",
        "unbalanced-load",
        "info",
        "a few annotators made most of the judgments",
        "A model then learns the taste of these few, and intervals that count the whole pool are too narrow. Reported "
        "where the effective number of annotators, 1 / sum of squared shares of the judgments (Laakso and Taagepera "
        "1979), is below `min_share` of their number, and there are five or more.",
        bad=Example(
            tuple(
                row
                for i in range(20)
                for name in ("ann", f"w{i}")
                for row in ranking(1 + i % 2, 2 - i % 2, item=f"p{i}", annotator=name)
            )
        ),
        good=Example(
            tuple(
                row
                for i in range(5)
                for name in (f"w{i}", f"w{(i + 1) % 5}")
                for row in ranking(1, 2, item=f"p{i}", annotator=name)
            )
        ),
        options={"min_share": 0.5},
    ),
    Rule(
        "PQ120",
        "before-guidelines",
        "error",
        "judgments made before their guidelines existed",
        "A judgment of version 2 from a day before version 2 was released carries the wrong version or the wrong time, "
        "and a comparison of versions mixes the two. Say in `released` from when each version held, as ISO 8601.",
        bad=Example(
            ranking(1, 2, created_at="2026-03-01T10:00:00Z", guideline_version="v2"),
            options={"released": {"v2": "2026-04-01"}},
        ),
        good=Example(
            ranking(1, 2, created_at="2026-04-02T10:00:00Z", guideline_version="v2"),
            options={"released": {"v2": "2026-04-01"}},
        ),
        options={"released": {}},
    ),
    Rule(
        "PQ121",
        "ids-alike",
        "warning",
        "ids that differ only by case, blanks or the form of their characters",
        "'Ann', 'ann' and 'ann ' are mostly one person whom a form or a spreadsheet wrote in several ways. Taken for "
        "several, they count as independent votes; items written so lose their overlap.",
        bad=Example((*ranking(1, 2), *ranking(1, 2, annotator="Ann "))),
        good=Example((*ranking(1, 2), *ranking(1, 2, annotator="bob"))),
    ),
    Rule(
        "PQ122",
        "equal-scores",
        "warning",
        "a pair in which one response is preferred although both have the same score",
        "Where the pair was made from the scores, it says a preference that nobody had: a tie was broken by chance or "
        "by the order of rows, and a model learns noise. Leave such pairs out, or give both responses rank 1.",
        bad=Example(ranking(1, 2, score=[4.0, 4.0])),
        good=Example((*ranking(1, 2, score=[5.0, 4.0]), *ranking(1, 1, item="p2", score=[4.0, 4.0]))),
    ),
    Rule(
        "PQ123",
        "against-itself",
        "warning",
        "a response compared with itself",
        "A pair whose two sides are one response, or one text, holds no preference, whatever was said of it; a model "
        "set against itself measures the annotator's habit and not the model. Such votes are left out.",
        bad=Example((_battle("m1"), _battle("m2", item_id="p2")), is_export=True),
        good=Example((_battle("m2"), _battle("m2", item_id="p2")), is_export=True),
        quarantines=True,
    ),
)
