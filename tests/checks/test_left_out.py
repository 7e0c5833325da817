"""What was left out, by rule: counted whole, whichever rules were asked."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from checking import dirty, of
from prefqa.checks.left_out import LeftOut

VOTE = {"item_id": "p", "annotator_id": "ann", "response_a": "x", "response_b": "y"}


@given(dirty(), st.sampled_from([[], ["PQ2"], ["PQ102"], ["PQ104"], ["PQ110"], ["PQ107", "PQ110"], ["PQ103"]]))
def test_every_row_counts_or_is_counted_as_left_out(frame: pl.DataFrame, select: list[str]) -> None:
    found = of(frame, select=select)
    left_out = found.left_out
    has_ids = pl.all_horizontal(pl.col(n).str.strip_chars() != "" for n in ("item_id", "annotator_id", "response_id"))
    submitted = pl.col("status").is_null() | (pl.col("status") == "submitted")
    counting = found.preferences.judgments.filter(has_ids & submitted & pl.col("_rank_raw").is_null()).collect()
    assert counting.height == left_out.of - left_out.n_rows
    assert left_out.of == frame.height
    assert sum(rule["count"] for rule in left_out.by_rule) == left_out.n_rows
    assert found.n_ranked == counting["rank"].is_not_null().sum()
    assert found.to_dict()["left_out"] == left_out.to_dict()


def test_rules_are_named_with_their_rows_and_judgments() -> None:
    votes = [VOTE | {"item_id": f"p{i}", "winner": "hmm" if i < 3 else "a"} for i in range(8)]
    rows = [*votes, VOTE | {"item_id": None, "winner": "b"}]
    left_out = prefqa.check(prefqa.read(pl.DataFrame(rows))).left_out
    assert str(left_out) == (
        "8 of 18 rows left out: 6 by PQ104, a rank or vote that cannot be read; 2 by PQ102, item_id, annotator_id or "
        "response_id is null or blank"
    )
    first = dict(left_out.by_rule[0])
    assert first.pop("reason") == "a rank or vote that cannot be read"
    assert first == {"code": "PQ104", "name": "bad-rank", "count": 6, "n_judgments": 3}
    assert (left_out.n_judgments("PQ104"), left_out.n_judgments("PQ107")) == (3, 0)


def test_what_a_rule_was_not_asked_about_is_said_all_the_same() -> None:
    rows = [VOTE | {"winner": "a", "status": status, "batch": b} for status, b in (("draft", "pilot"), ("draft", "x"))]
    rows[1]["item_id"] = "q"
    prefs = prefqa.read(pl.DataFrame(rows))
    for options in ({"ignore": ["PQ110"]}, {"slices": [{"where": "batch=pilot", "ignore": ["PQ110"]}]}, {}):
        left_out = prefqa.check(prefs, **options).left_out  # type: ignore[arg-type]
        assert str(left_out) == "4 of 4 rows left out (PQ110: draft or discarded judgments among the data)"


def test_nothing_left_out_is_said_as_such() -> None:
    assert str(LeftOut(0, 12, ())) == "0 of 12 rows left out"


@pytest.mark.parametrize(
    ("columns", "values", "expected"),
    [
        ({"rank": 1}, (), True),
        ({"rank": 1}, ("label",), False),
        ({"score": 2.0}, (), True),
        ({"score": 2.0}, ("score",), True),
        ({"score": 2.0}, ("rank",), False),
        ({"label": "good"}, ("label",), True),
        ({"label": "good"}, ("rank",), False),
        ({"score": float("nan")}, (), False),
    ],
)
def test_whether_any_row_states_what_is_measured(
    columns: dict[str, Any], values: tuple[str, ...], *, expected: bool
) -> None:
    ids = {"item_id": "p", "annotator_id": "ann"}
    rows = [ids | {"response_id": r, "rank": None} | columns for r in "xy"]
    schema = {"rank": pl.Int64}
    found = of(pl.DataFrame(rows, schema_overrides=schema), ignore=["PQ107"])
    assert found.states(*values) is expected
