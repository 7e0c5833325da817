"""Instruction data: each layout reads to the same answers; duplicates and several answers are found."""

from __future__ import annotations

from typing import Any

import pytest

import prefqa
from prefqa.errors import ReadError

ANSWERS = [("Why?", "Because."), ("Why?", "No reason."), ("How?", "Like this."), ("How?", "Like this.")]


def turns(role: str, content: str, names: tuple[str, str], *texts: str) -> list[dict[str, str]]:
    return [{role: names[n % 2], content: text} for n, text in enumerate(texts)]


LAYOUTS: dict[str, list[dict[str, Any]]] = {
    "alpaca": [{"instruction": prompt, "input": "", "output": text} for prompt, text in ANSWERS],
    "prompt-response": [{"prompt": prompt, "response": text} for prompt, text in ANSWERS],
    "sharegpt": [{"conversations": turns("from", "value", ("human", "gpt"), *pair)} for pair in ANSWERS],
    "messages": [{"messages": turns("role", "content", ("user", "assistant"), *pair)} for pair in ANSWERS],
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_reads_to_the_same_answers(name: str) -> None:
    prefs = prefqa.read(LAYOUTS[name])
    assert prefs.source.shape == name
    assert prefs.responses is not None
    assert prefs.items is not None
    assert sorted(prefs.responses["text"]) == ["Because.", "Like this.", "No reason."]
    assert prefs.items.height == 2
    checked = prefqa.check(prefs, ignore=["PQ229"])
    assert dict(checked.findings.select("code", "count").rows()) == {"PQ103": 1, "PQ729": 2}


def test_the_input_belongs_to_the_prompt_and_people_are_told_apart() -> None:
    prefs = prefqa.read([{"instruction": "Add.", "input": "1 2", "output": "3", "worker_id": "ann"}])
    assert prefs.items is not None
    assert prefs.items["prompt"].to_list() == ["Add.\n\n1 2"]
    assert prefs.judgments.collect()["annotator_id"].to_list() == ["ann"]


def test_a_conversation_that_the_user_ends_has_no_answer() -> None:
    rows = [
        {"messages": turns("role", "content", ("user", "assistant"), *texts)} for texts in (("a", "b", "c"), ("a", "b"))
    ]
    prefs = prefqa.read(rows)
    assert {note.code: note.count for note in prefs.source.notes} == {"PQ727": 1}
    with pytest.raises(ReadError, match="no record has an answer"):
        prefqa.read(rows[:1])


def test_rankings_with_a_prompt_and_a_response_stay_rankings() -> None:
    row = {"item_id": "p", "annotator_id": "a", "response_id": "r", "rank": 1, "prompt": "q", "response": "t"}
    assert prefqa.read([row]).source.shape == "rankings"
    assert (
        prefqa.read([{"prompt": "q", "chosen": "a", "rejected": "b", "response": "c"}]).source.shape
        == "chosen_rejected"
    )
