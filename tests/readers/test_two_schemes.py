"""Columns of two responses under several pairs of words: only those belong together that use the same ones."""

from __future__ import annotations

import pytest

import prefqa
from prefqa.errors import AmbiguousReadingError

ROW = {"prompt": "What is it now?", "left": "one two three", "right": "four five six", "model_a": "m1", "model_b": "m2"}


def roles(prefs: prefqa.Preferences) -> dict[str, str | None]:
    return dict(prefs.reading.columns.select("column", "role").rows())


@pytest.mark.parametrize(
    ("votes", "winners"), [(("left", "right"), ("one two three", "four five six")), (("A", "B"), ("m1", "m2"))]
)
def test_the_votes_say_which_columns_they_mean(votes: tuple[str, str], winners: tuple[str, str]) -> None:
    prefs = prefqa.read([ROW | {"winner": vote, "annotator_id": str(n)} for n, vote in enumerate(votes)])
    for example, winner in zip(prefs.reading.examples, winners, strict=True):
        assert f"{winner!r} preferred to" in example
    unused = {"model_a", "model_b"} if votes[0] == "left" else {"left", "right"}
    assert {name for name, role in roles(prefs).items() if role is None} == unused


def test_votes_that_name_neither_are_refused() -> None:
    with pytest.raises(AmbiguousReadingError, match="the votes do not say which of these they mean"):
        prefqa.read([ROW | {"winner": "first"}])


def test_models_beside_texts_under_the_same_words_belong_to_them() -> None:
    row = {
        "prompt": "What?",
        "response_a": "a long answer",
        "response_b": "another answer",
        "model_a": "m1",
        "model_b": "m2",
    }
    prefs = prefqa.read([row | {"winner": "m2"}])
    assert prefs.responses is not None
    assert sorted(prefs.responses.select("text", "model").rows()) == [("a long answer", "m1"), ("another answer", "m2")]
