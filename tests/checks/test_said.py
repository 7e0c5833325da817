"""Rules on what a response is: how well they find on labelled texts that did not write them, and their borders.

The texts are synthetic. `content_first.jsonl` was measured once before the phrases were amended, `content_second.jsonl`
was written and measured after that.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.checks import check, phrases, said
from prefqa.checks.rule import of_texts
from prefqa.checks.texts import texts_of

DATA = Path(__file__).parents[1] / "data"
CODES = {"refusal": "PQ225", "identity": "PQ227", "loop": "PQ228", "one_word": "PQ229", "flattery": "PQ230"}


def labelled(*names: str) -> list[dict[str, object]]:
    return [json.loads(line) for name in names for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


FIRST, SECOND = "content_first.jsonl", "content_second.jsonl"


def found_in(rows: list[dict[str, object]]) -> dict[str, set[int]]:
    """Numbers of the texts that each rule finds."""
    texts = [str(row["text"]) for row in rows]
    keys = {
        "item_id": [f"{i // 2:04}" for i in range(len(texts))],
        "response_id": ["ab"[i % 2] for i in range(len(texts))],
    }
    table = pl.DataFrame({**keys, "text": texts})
    judgments = table.select("item_id", "response_id", annotator_id=pl.lit("ann"), rank=1)
    prefs = prefqa.Preferences.from_long(judgments, responses=table)
    found = check(prefs, select=["PQ2"], max_examples=10_000).marked
    number = {key: i for i, key in enumerate(table.select("item_id", "response_id").rows())}
    return {code: {number[key] for key in rows.rows()} for code, rows in found.items()}


@pytest.mark.parametrize("names", [(SECOND,), (FIRST, SECOND)])
@pytest.mark.parametrize("label", CODES)
def test_rules_find_what_is_labelled_and_little_else(label: str, names: tuple[str, ...]) -> None:
    rows = labelled(*names)
    truth = {i for i, row in enumerate(rows) if label in row["labels"]}  # type: ignore[operator]
    found = found_in(rows)[CODES[label]]
    assert len(truth & found) / len(found) >= 0.95
    assert len(truth & found) / len(truth) >= 0.9


def test_one_side_refuses_where_the_labels_say_so() -> None:
    rows = random.Random(5).sample(labelled(FIRST, SECOND), 600)
    refusing = {i for i, row in enumerate(rows) if "refusal" in row["labels"]}  # type: ignore[operator]
    truth = {i for i in refusing if i ^ 1 < len(rows) and i ^ 1 not in refusing}
    found = found_in(rows)["PQ226"]
    assert len(truth & found) / len(found) >= 0.95
    assert len(truth & found) / len(truth) >= 0.9


def test_the_labelled_texts_are_many_and_of_all_languages() -> None:
    rows = labelled(FIRST)
    assert len(rows) >= 400
    by_language = pl.Series([row["language"] for row in rows]).value_counts()
    assert set(by_language.to_series(0)) == set(phrases.LANGUAGES)
    assert by_language["count"].n_unique() == 1
    assert len({row["text"] for row in labelled(FIRST, SECOND)}) == pytest.approx(600, abs=10)


@pytest.mark.parametrize(
    ("code", "matches"),
    [("PQ225", said.refuses), ("PQ227", said.speaks_of_itself), ("PQ228", said.loops), ("PQ230", said.flatters)],
)
def test_what_is_meant_passes_the_cheap_question(code: str, matches: object) -> None:
    rows = labelled(FIRST, SECOND)
    texts = pl.Series("text", [form(str(row["text"])) for row in rows for form in (str, str.upper, str.capitalize)])
    table = pl.DataFrame({"item_id": "q", "text": texts})
    screened = texts_of(table, "text", {code: said.SCREENS[code]}).figures[code]
    meant = matches(texts)  # type: ignore[operator]
    assert texts.filter(meant & ~screened).to_list() == []


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("", 0),
        ("word", 0),
        ("It is so. " * 3, 0),
        ("It is so, and so it is. " * 4, 4),
        ("It is so, and so it is. " * 7 + "It is so, a", 7),
        ("| a | b |\n" + "| --- | --- |\n" * 8, 0),
        ("-" * 300, 0),
        ("!" * 300, 300),
        ("".join(f"{i}. Go for a walk.\n" for i in range(30)), 29),
        ("我喜欢吃苹果，" * 10, 9),
        ("A song, a song, a song for you and me, a song that ends with me.", 0),
    ],
)
def test_a_loop_is_counted_by_its_units(text: str, n: int) -> None:
    assert abs(said.n_repeats(text) - n) <= (1 if n else 0)


def test_a_text_of_lone_surrogates_or_odd_marks_is_no_error() -> None:
    assert said.n_repeats("\ud800" * 100) >= 0
    found = check(of_texts("\u0000" * 200, "\ufeff" * 200).preferences(), select=["PQ2"])
    assert found.findings["code"].to_list()


def test_a_refusal_in_a_conversation_is_one_of_its_last_message() -> None:
    def chat(answer: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": answer}]

    found = check(
        of_texts(chat("I'm sorry, but I can't help with that."), chat("Hello.")).preferences(), select=["PQ2"]
    )
    assert dict(found.findings.select("code", "count").rows())["PQ226"] == 1
