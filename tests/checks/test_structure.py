"""Rules on judgments speak of what the source states: votes, ranks or ratings."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import prefqa
from checking import counts
from prefqa.checks import CheckResult, fix
from prefqa.preferences import Preferences, Source


def read(*rows: dict[str, Any], **options: Any) -> Preferences:
    return prefqa.read(pl.DataFrame(list(rows), infer_schema_length=None), **options)


def votes(*words: Any, **columns: Any) -> list[dict[str, Any]]:
    return [
        {"item_id": f"p{i}", "annotator_id": "ann", "response_a": "x", "response_b": "y", "winner": word} | columns
        for i, word in enumerate(words)
    ]


def ranked(*rankings: list[Any], item: str | None = None) -> list[dict[str, Any]]:
    return [
        {"item_id": item or f"p{i}", "annotator_id": "ann", "response_id": "abcdef"[k], "rank": rank}
        for i, ranks in enumerate(rankings)
        for k, rank in enumerate(ranks)
    ]


def message(found: CheckResult, code: str) -> str:
    return str(found.findings.filter(pl.col("code") == code)["message"].item())


def test_votes_that_cannot_be_read_are_listed_with_their_counts() -> None:
    found = prefqa.check(read(*votes("a", "a", "b", "b", "a left-ish", "a left-ish", "dunno")))
    assert message(found, "PQ104") == (
        "3 of 7 votes could not be read: 'a left-ish' (2), 'dunno' (1). They are left out. Map them under [read.votes]."
    )
    row = found.findings.filter(pl.col("code") == "PQ104")
    assert (row["count"].item(), row["share"].item()) == (3, pytest.approx(3 / 7))
    assert found.left_out.to_dict()["n_rows"] == 6


def test_many_and_long_words_are_cut() -> None:
    words = ["a"] * 10 + [f"odd {i}" for i in range(8)] + ["z" * 100]
    said = message(prefqa.check(read(*votes(*words))), "PQ104")
    assert "and 4 other values." in said
    assert "odd 0' (1)" in said
    assert "z" * 40 not in said


def test_rows_without_a_vote_are_counted_and_no_votes_that_cannot_be_read() -> None:
    findings = prefqa.check(read(*votes("a", None, None))).findings
    assert "PQ104" not in findings["code"].to_list()
    assert "2 of 3 rows hold no vote" in findings.filter(pl.col("code") == "PQ727")["message"].item()


@pytest.mark.parametrize(
    ("rankings", "advice"),
    [
        ([[0.5, 1], [1, 4.5]], "If the column holds ratings, map it to score."),
        ([[-1, 1], [1, -2]], "If the column holds ratings, map it to score."),
        ([["best", "1"], ["1", "worst"]], "Mend the export, or map another column to rank."),
    ],
)
def test_advice_on_ranks_is_by_what_stands_in_their_place(rankings: list[list[Any]], advice: str) -> None:
    said = message(prefqa.check(read(*ranked(*rankings))), "PQ104")
    assert said.startswith("2 of ")
    assert "ranks are not integers from 1 up: '" in said
    assert said.endswith(advice)


def test_a_repeated_row_names_what_may_have_caused_it() -> None:
    said = message(prefqa.check(read(*ranked([1, 2]), *ranked([1, 2]))), "PQ103")
    assert "repeat a response within one judgment" in said
    for cause in ("map it to annotator_id", "exported twice", "judgment_id"):
        assert cause in said
    again = votes("a", "b")
    assert "repeat the vote of an annotator on a pair" in message(prefqa.check(read(*again, *again)), "PQ103")
    rated = [{"item_id": "p", "annotator_id": "ann", "response_id": r, "score": 3} for r in "xyx"]
    assert "repeat the rating of an annotator of a response" in message(prefqa.check(read(*rated)), "PQ103")


def test_without_known_annotators_rows_are_no_repeats() -> None:
    nobody = [row | {"annotator_id": "unknown"} for row in (*ranked([1, 2]), *ranked([1, 2]), *ranked([2, 1]))]
    prefs = read(*nobody)
    found = prefqa.check(prefs)
    assert "PQ103" not in counts(found)
    assert "annotators are not known" in dict(found.not_run.rows())["PQ103"]
    assert found.quarantine.is_empty()
    assert fix(prefs).changes.is_empty()
    somebody = [row | {"annotator_id": "ann" if i < 2 else "unknown"} for i, row in enumerate(nobody)]
    assert counts(prefqa.check(read(*somebody)))["PQ103"] == 4


@pytest.mark.parametrize("word", ["model_a", "model_b", "tie"])
def test_a_response_against_itself_is_no_repeat_and_no_ranking_of_one(word: str) -> None:
    battle = {"item_id": "q", "annotator_id": "ann", "model_a": "m1", "model_b": "m1", "winner": word}
    other = battle | {"item_id": "p", "model_b": "m2"}
    found = prefqa.check(read(battle, other), ignore=["PQ3", "PQ117"])
    assert counts(found) == {"PQ123": 1}
    assert message(found, "PQ123").startswith("1 of 2 votes compare a response with itself")
    assert found.quarantine.select("row", "code").rows() == [(0, "PQ123"), (0, "PQ123")]
    assert found.left_out.n_judgments("PQ123") == 1


def test_equal_texts_of_a_pair_are_a_response_against_itself() -> None:
    pairs = [
        {"prompt": "why?", "chosen": "Because it is.", "rejected": rejected, "annotator_id": "ann"}
        for rejected in ("Because it is.", "No idea.")
    ]
    assert counts(prefqa.check(read(*pairs), select=["PQ103", "PQ107", "PQ123"])) == {"PQ123": 1}


def ratings(*scores: Any, responses: str = "x", **columns: Any) -> list[dict[str, Any]]:
    return [
        {"item_id": f"p{i}", "annotator_id": who, "response_id": r, "score": score} | columns
        for i, score in enumerate(scores)
        for who in ("ann", "bob")
        for r in responses
    ]


def test_a_rating_of_one_response_is_whole() -> None:
    rows = ratings(1, 2, 3)
    for source in (rows, [row | {"rank": 1} for row in rows], [row | {"rank": None} for row in rows]):
        frame = pl.DataFrame(source, schema_overrides={"rank": pl.Int64} if "rank" in source[0] else None)
        found = prefqa.check(prefqa.read(frame))
        assert "PQ107" not in counts(found)
        assert found.quarantine.is_empty()
        agreed = prefqa.agreement(found.preferences, target="scores", coefficients=["alpha_nominal"])
        assert agreed.estimates["estimate"].to_list() == [1.0]


def test_one_rated_response_of_two_is_still_a_rating() -> None:
    rows = [*ratings(1, 2, responses="xy"), {"item_id": "p0", "annotator_id": "cat", "response_id": "x", "score": 5}]
    assert "PQ107" not in counts(prefqa.check(read(*rows)))


def test_a_rating_without_a_score_is_none() -> None:
    found = prefqa.check(read(*ratings(1, 2, None)), select=["PQ107"])
    assert message(found, "PQ107").startswith("2 of 6 judgments hold no rating")
    assert found.left_out.n_rows == 2


def test_half_a_ranking_is_one_whatever_its_score() -> None:
    """Of a pair with scores whose other side was lost nothing is left to prefer."""
    rows = [row | {"score": 9.0 - k % 2} for k, row in enumerate(ranked([1, 2], [1, 2]))]
    lost = [row | {"annotator_id": "bob"} for row in rows[:1]]
    assert counts(prefqa.check(read(*rows, *lost), select=["PQ107"])) == {"PQ107": 1}


def test_a_label_needs_no_rank() -> None:
    rows = [
        {"item_id": f"p{i}", "annotator_id": who, "response_id": "x", "label": "good"} for i in range(2) for who in "ab"
    ]
    frame = pl.DataFrame(rows).with_columns(rank=pl.lit(None, pl.Int64))
    found = prefqa.check(Preferences.from_long(frame))
    assert "PQ107" not in counts(found)
    assert prefqa.label_consensus(found.preferences).labels["label"].to_list() == ["good", "good"]
    some = frame.with_columns(label=pl.when(pl.col("annotator_id") == "a").then("label"))
    assert counts(prefqa.check(Preferences.from_long(some), select=["PQ107"])) == {"PQ107": 2}


def test_votes_of_an_export_are_not_to_be_mapped() -> None:
    rows = [
        {"item_id": "p", "annotator_id": "ann", "response_id": r, "rank": "neither here", "position": k, "_row": 0}
        for k, r in enumerate("xy", start=1)
    ]
    prefs = Preferences.from_long(pl.DataFrame(rows), source=Source("export", "arena", from_tool=True))
    said = message(prefqa.check(prefs), "PQ104")
    assert said.startswith("1 of 1 votes could not be read: 'neither here' (1).")
    assert "[read.votes]" not in said
    assert said.endswith("Look whether the export was edited, or comes from another version.")
