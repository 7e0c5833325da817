"""Columns that say what they mean, and columns that do not: read right, or asked about with what to paste."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import AmbiguousReadingError, UsageError

TWO = {"prompt": "What is it?", "response_a": "one two three", "response_b": "four five six"}
THREE = TWO | {"response_c": "seven eight nine"}
COMPLETIONS = [{"response": "a b c", "rating": 3, "model": "m"}, {"response": "d e f", "rating": 5, "model": "n"}]
RESPONSES = [{"text": "a b c", "rank": 2}, {"text": "d e f", "rank": 1}]


def example(rows: list[dict[str, Any]], **given: Any) -> list[str]:
    return [line.split(": ", 1)[1] for line in prefqa.read(rows, **given).reading.examples]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([THREE | {"winner": "A"}], "'one two three' > 'four five six' = 'seven eight nine'"),
        ([THREE | {"best_response": "Response C"}], "'seven eight nine' > 'four five six' = 'one two three'"),
        ([THREE | {"ranking": "B > A = C"}], "'four five six' > 'one two three' = 'seven eight nine'"),
        ([THREE | {"ranks": "2,1,3"}], "'four five six' > 'one two three' > 'seven eight nine'"),
        (
            [THREE | {"score_a": 1, "score_b": 9, "score_c": 1}],
            "'four five six' > 'one two three' = 'seven eight nine'",
        ),
        ([{"prompt": "q one?", "completions": COMPLETIONS}], "'d e f' preferred to 'a b c'"),
        ([{"prompt": "q one?", "responses": RESPONSES}], "'d e f' preferred to 'a b c'"),
    ],
)
def test_several_responses_in_one_row(rows: list[dict[str, Any]], expected: str) -> None:
    assert example(rows) == [expected]


def test_numbers_beside_letters_name_no_response() -> None:
    with pytest.raises(UsageError, match="told apart by a, b, c"):
        prefqa.read([THREE | {"winner": "1"}])


def test_columns_that_are_numbered_as_annotators_are_read_all_of_them() -> None:
    prefs = prefqa.read([TWO | {"annotator_1": "A", "annotator_2": "tie", "annotator_3": "dunno", "annotator_4": ""}])
    assert sorted(prefs.judgments.collect()["annotator_id"].unique()) == ["annotator_1", "annotator_2", "annotator_3"]
    meanings = {value: meaning for _, value, meaning, _ in prefs.reading.values.iter_rows()}
    assert meanings == {"A": "first", "tie": "tie", "dunno": None, "(empty cells)": "missing"}


@pytest.mark.parametrize(
    ("rows", "pasted"),
    [
        (
            [TWO | {"preference": "A", "choice": "B"}, TWO | {"preference": "B", "choice": "A"}],
            {"columns": {"winner": "choice"}},
        ),
        ([{"prompt": "q", "response": f"a b {n}", "label": n} for n in (0, 1)], {"columns": {"score": "label"}}),
        ([TWO | {"rank_a": 0, "rank_b": 1}], {"ranks_from": 0}),
        (
            [TWO | {"rank_a": 0, "rank_b": 1}],
            {"columns": {"score_a": "rank_a", "score_b": "rank_b"}, "higher": "better"},
        ),
        ([{"prompt": "q", "response": "a b", "fluency": 2}], {"columns": {"score": ["fluency"]}}),
    ],
)
def test_what_has_two_readings_is_asked_about(rows: list[dict[str, Any]], pasted: dict[str, Any]) -> None:
    with pytest.raises(AmbiguousReadingError) as refused:
        prefqa.read(rows)
    for key, value in pasted.items():
        lines = value.items() if isinstance(value, dict) else [(key, value)]
        for name, yours in lines:
            shown = [yours] if not isinstance(yours, list) else yours
            assert all(f"{name} = " in str(refused.value) and str(one) in str(refused.value) for one in shown)
    prefqa.read(rows, **pasted)


def test_milliseconds_become_seconds_by_the_last_word_of_the_name() -> None:
    prefs = prefqa.read([TWO | {"winner": "A", "duration_ms": 1500}])
    assert prefs.judgments.collect()["duration_s"].unique().to_list() == [1.5]
    mapped = prefqa.read([TWO | {"winner": "A", "all_items": 3}], columns={"duration_s": "all_items"})
    assert mapped.judgments.collect()["duration_s"].unique().to_list() == [3.0]


def test_numbers_of_a_response_go_to_the_responses_under_any_name() -> None:
    rows = [
        {"item_id": i, "annotator_id": a, "response_id": r, "rank": k + 1, "n_tokens": 10 * k + int(i),
         "length": 5 * k, "week": w}
        for i in "123" for w, a in enumerate("ab") for k, r in enumerate("uv")
    ]  # fmt: skip
    prefs = prefqa.read(rows)
    assert prefs.responses is not None
    assert {"n_tokens", "length"} <= set(prefs.responses.columns)
    assert "week" in prefs.columns
    assert not {"n_tokens", "length"} & set(prefs.columns)


def test_whole_numbers_of_csv_that_are_kept_stay_as_they_are_written() -> None:
    frame = pl.DataFrame([TWO | {"winner": "A", "week": "1"}, TWO | {"winner": "B", "week": "2"}])
    assert sorted(prefqa.read(frame).judgments.collect()["week"].unique()) == ["1", "2"]


def test_the_standard_names_of_a_ranking_need_no_alias() -> None:
    rows = [
        {"item_id": "p", "annotator_id": "a", "response_id": r, "rank": n, "score": 9 - n}
        for n, r in enumerate("xy", 1)
    ]
    roles = dict(prefqa.read(rows).reading.columns.select("column", "role").rows())
    assert roles == {name: name for name in ("item_id", "annotator_id", "response_id", "rank", "score")}
