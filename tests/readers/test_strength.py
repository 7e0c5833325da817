"""The strength of graded votes, in the ways in which people write it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.readers.vocabulary import strengths_of, understand


def table(*votes: Any, column: str = "preference", **more: list[Any]) -> pl.DataFrame:
    n = len(votes)
    return pl.DataFrame(
        {"prompt": [f"p{i}" for i in range(n)], "response_a": [f"a{i}" for i in range(n)],
         "response_b": [f"b{i}" for i in range(n)], column: votes} | more
    )  # fmt: skip


def read(source: Any, **options: Any) -> list[float | None]:
    """Signed strengths in the order of the rows, above 0 for the first response."""
    long = prefqa.read(source, **options).judgments.collect().sort("_row", "response_id")
    assert long.schema["strength"] == pl.Float64
    both = long.group_by("_row", "item_id", "annotator_id", maintain_order=True).agg(pl.col("strength"), pl.col("rank"))
    assert all(one[0] == one[1] for one in both["strength"])
    way = [(ranks[1] > ranks[0]) - (ranks[1] < ranks[0]) for ranks in both["rank"]]
    return [None if one[0] is None else one[0] * sign for one, sign in zip(both["strength"], way, strict=True)]


SCALE = {"scale": {"first": 1, "tie": 4, "second": 7}}
CASES = {
    "words": (table("A is slightly better", "B is much better", "A", "tie", "B clearly"), {}, [1, -3, 2, None, -2]),
    "words behind": (table("prefer B slightly", "strongly prefer A", "about the same"), {}, [-1, 3, None]),
    "worse": (table("A is much worse", "B is slightly worse"), {}, [-3, 1]),
    "signs": (table("A>>B", "B>A", "A=B", "A>B", "B>>A"), {}, [3, -2, None, 2, -3]),
    "German": (table("A ist etwas besser", "B ist viel besser", "gleich gut"), {}, [1, -3, None]),
    "pluses": (table("A+", "B++", "B", "A", "tie", "A++", "B+"), {}, [2, -3, -1, 1, None, 3, -2]),
    "minus 3 to 3": (
        table(-3, 0, 1, 2, 3), {"votes": {"scale": {"first": -3, "second": 3}}}, [3, 0, -1, -2, -3],
    ),
    "Likert 1 to 7": (table(1, 4, 5, 7, 2), {"votes": SCALE}, [3, 0, -1, -3, 2]),
    "Likert 1 to 5": (
        table(5, 3, 1, 2), {"votes": {"scale": {"first": 5, "tie": 3, "second": 1}}}, [2, 0, -2, -1],
    ),
    "Likert 1 to 6": (table(1, 3, 4, 6), {"votes": {"scale": {"first": 1, "second": 6}}}, [2.5, 0.5, -0.5, -2.5]),
    "named": (
        table("yes!", "yes", "no"),
        {"votes": {"yes!": {"vote": "first", "strength": 2}, "yes": {"vote": "first", "strength": 1},
                   "no": {"vote": "second", "strength": 1.5}}},
        [2, 1, -1.5],
    ),
    "a column of its own": (table("A", "B", "tie", column="winner", strength=[3, 1, 0]), {}, [3, -1, 0]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_strength_is_kept(name: str) -> None:
    frame, options, expected = CASES[name]
    assert read(frame, **options) == expected
    statements = prefqa.read(frame, **options).reading.statements
    grades = {abs(x) for x in expected if x}
    (kept,) = [one for one in statements if one.startswith("strength is kept")]
    assert f"{len(grades)} grade" in kept
    assert f"in {sum(1 for x in expected if x)} votes" in kept


def test_marks_and_words_are_no_strength() -> None:
    """A, A+, B and B+ alone may be marks; a column of that name may hold anything."""
    with pytest.raises(UsageError, match="A\\+"):
        prefqa.read(table("A+", "B+", "A+", "B+", "A"))
    plain = prefqa.read(table("A", "B", "tie"))
    assert "strength" not in plain.columns
    assert not [one for one in plain.reading.statements if "strength" in one]
    for odd in (["weak", "strong"], [-2, 1], ["1", "much"]):
        prefs = prefqa.read(table("A", "B", column="winner", strength=odd))
        assert "strength" not in prefs.columns
        assert "source_strength" in prefs.columns
        assert any("source_strength" in one for one in prefs.reading.statements)


@pytest.mark.parametrize(
    "wrong",
    [{"vote": "tie", "strength": 1}, {"vote": "first", "strength": 0}, {"vote": "first"}, {"strength": 2},
     {"vote": "first", "strength": "much"}, {"vote": "first", "strength": float("inf")},
     {"vote": "first", "strength": True}],
)  # fmt: skip
def test_a_strength_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is no vote"):
        prefqa.read(table("yes", "no"), votes={"yes": wrong, "no": "second"})


def test_configuration_in_a_file(tmp_path: Path) -> None:
    table("yes", "no").write_csv(tmp_path / "votes.csv")
    config = tmp_path / "prefqa.toml"
    config.write_text(
        '[read.votes]\nyes = {vote = "first", strength = 2}\nno = {vote = "second", strength = 1}\n', encoding="utf-8"
    )
    from prefqa.cli.shared import read_input, settings_of

    prefs = read_input(str(tmp_path / "votes.csv"), settings_of(str(config)))
    assert sorted(prefs.judgments.collect()["strength"]) == [1, 1, 2, 2]


def test_public_sets_keep_it() -> None:
    each = [{"strength": -3, "justification": "-"}, {"strength": 1, "justification": "-"}]
    helpsteer = {
        "split": "train", "prompt": "q", "response_1": "x", "response_2": "y", "preference_strength": -1,
        "preference_statement": "-", "preference_elaboration": "-", "three_most_similar_preferences": each,
        "all_preferences_unprocessed": each,
    }  # fmt: skip
    assert sorted(read([helpsteer], format="helpsteer2"), key=str) == [-1, 3]
    judged = {f"{aspect}_pref": "Tie" for aspect in ("helpful", "truthful", "harmless")}
    people = [
        judged | {"evaluator": who, "overall_pref": said, "timestamp": "2024-01-01", "time_spent": 9}
        for who, said in (("u1", "A-is-clearly-better"), ("u2", "B-is-slightly-better"))
    ]  # fmt: skip
    multipref = {
        "comparison_id": "c1", "prompt_id": "p1", "text": "q", "completion_a": "x", "completion_b": "y",
        "model_a": "m", "model_b": "n", "source": "s", "category": "c", "normal_worker_annotations": people,
        "expert_worker_annotations": [],
    }  # fmt: skip
    long = prefqa.read([multipref], format="multipref").judgments.filter(pl.col("rank") == 1).collect()
    found = long.filter(pl.col("strength").is_not_null()).select("annotator_id", "criterion", "response_id", "strength")
    assert set(found.rows()) == {("u1", "overall", "a", 2.0), ("u2", "overall", "b", 1.0)}


def test_surveys_and_platforms_keep_it() -> None:
    survey = pl.DataFrame(
        {"Timestamp": ["2025-01-02 03:04:05", "2025-01-02 03:05:05", "2025-01-02 03:06:05"],
         "Which is better?": ["Response A is much better", "Response B is slightly better", "About equal"],
         "And here?": ["Response A", "Response B", "Response A"]}
    )  # fmt: skip
    prefs = prefqa.read(survey, format="google-forms")
    best = prefs.judgments.filter(pl.col("rank") == 1).collect()
    kept = best.filter(pl.col("strength").is_not_null()).select("item_id", "response_id", "strength")
    assert set(kept.rows()) == {("Which is better?", "A", 3.0), ("Which is better?", "B", 1.0)}
    turk = pl.DataFrame(
        {"HITId": ["h1", "h2"], "AssignmentId": ["x", "y"], "WorkerId": ["w", "v"], "Input.response_a": ["a", "c"],
         "Input.response_b": ["b", "d"], "Answer.choice": ["A is slightly better", "B is much better"]}
    )  # fmt: skip
    assert read(turk, format="mturk") == [1, -3]


def test_strengths_go_with_meanings() -> None:
    words = ["Response 1 is much better", "Response 2 is slightly better", "Response 1", "same", "skip"]
    meanings = understand(words, ("response_1", "response_2"))
    assert strengths_of(meanings) == {words[0]: 3.0, words[1]: 1.0, words[2]: 2.0}
    assert strengths_of({"A": "first", "B": "second", "tie": "tie"}) == {}
