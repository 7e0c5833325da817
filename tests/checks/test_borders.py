"""Rules at their borders: against brute force, under shuffling and new names, on data with every kind of fault."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from checking import SCHEMA, counts, dirty, of
from prefqa.checks import RULES, CheckResult, Rule, check, schema_failures
from prefqa.checks.schemas import RANGES
from prefqa.errors import UsageError
from prefqa.preferences import Preferences

#: Rules that the example of another cannot but break too: equal texts that are ranked apart are equal texts.
ALSO = {
    "PQ202": {"PQ229"},
    "PQ205": {"PQ203"},
    "PQ209": {"PQ208"},
    "PQ210": {"PQ208"},
    "PQ212": {"PQ228"},
    "PQ217": {"PQ229"},
    "PQ218": {"PQ229"},
    "PQ225": {"PQ226"},
    "PQ226": {"PQ225"},
    "PQ233": {"PQ203", "PQ205", "PQ234"},
    "PQ234": {"PQ217"},
}


def ranking(ranks: list[Any], item: str | None = "p", **columns: Any) -> list[dict[str, Any]]:
    """A judgment of responses a, b, c, ... with these ranks; a further column holds a value, or one per response."""
    return [
        {"item_id": item, "annotator_id": "ann", "response_id": "abcdefgh"[i], "rank": rank}
        | {name: value[i] if isinstance(value, list) else value for name, value in columns.items()}
        for i, rank in enumerate(ranks)
    ]


def content(found: CheckResult) -> pl.DataFrame:
    return found.preferences.judgments.drop("_row").collect().sort(pl.all())


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.code < "PQ3"], ids=lambda rule: rule.code)
def test_a_bad_example_breaks_its_own_rule_and_no_other(rule: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    found = check(rule.bad.preferences(), options={rule.code: rule.bad.options} if rule.options else {})
    said = set(found.findings["code"])
    assert said - ALSO.get(rule.code, set()) == {rule.code} - set(found.not_run["code"])


@given(dirty(), st.integers(0, 2**32 - 1))
def test_neither_findings_nor_what_is_left_hang_on_row_order(frame: pl.DataFrame, seed: int) -> None:
    one, other = of(frame), of(frame.sample(fraction=1, shuffle=True, seed=seed))
    columns = ["code", "severity", "count", "share", "message"]
    assert_frame_equal(one.findings.select(columns), other.findings.select(columns))
    assert_frame_equal(one.not_run, other.not_run)
    assert_frame_equal(content(one), content(other))
    reasons = [r.quarantine.drop("row").sort(pl.all()) for r in (one, other)]
    assert_frame_equal(*reasons)


@given(dirty())
def test_findings_do_not_hang_on_names(frame: pl.DataFrame) -> None:
    swapped = {
        "p1": "z",
        "p2": "item two",
        "p3": "ü",
        "ann": "zoe",
        "bob": "al",
        "a": "r9",
        "b": "q",
        "c": "1",
        "d": "€",
    }
    renamed = frame.with_columns(pl.col("item_id", "annotator_id", "response_id").replace(swapped))
    assert counts(of(frame)) == counts(of(renamed))


@given(dirty())
def test_rows_are_either_left_out_or_go_on_and_shares_are_shares(frame: pl.DataFrame) -> None:
    found = of(frame)
    left, kept = found.quarantine["row"].to_list(), found.preferences.judgments.collect()["_row"].to_list()
    assert sorted(left + kept) == list(range(frame.height))
    assert kept == sorted(kept)
    assert left == sorted(left)
    assert found.findings["share"].is_between(0, 1).all()
    assert counts(of(frame, max_examples=0)) == counts(found)


@given(dirty())
def test_counts_are_those_of_brute_force(frame: pl.DataFrame) -> None:
    judgments: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in frame.to_dicts():
        if (row["item_id"] or "").strip() and row["status"] in ("submitted", None):
            judgments[row["item_id"], row["annotator_id"]].append(row)
    sound = [rows for rows in judgments.values() if not any(row["rank"] in ("0", "best") for row in rows)]
    expected = {"PQ103": 0, "PQ105": 0, "PQ107": 0, "PQ109": 0}
    widths: dict[str, set[str]] = defaultdict(set)
    for (item, _), rows in judgments.items():
        widths[item] |= {row["response_id"] for row in rows}
    for rows in sound:
        by_response: dict[str, list[str | None]] = defaultdict(list)
        for row in rows:
            by_response[row["response_id"]].append(row["rank"])
        known = [r[0] for r in by_response.values() if len(set(r)) == 1 and r[0] is not None]
        expected["PQ103"] += sum(len(r) - 1 if len(set(r)) == 1 else len(r) for r in by_response.values())
        scored = [row["score"] not in (None, float("inf")) for row in rows]
        ranked = [row["rank"] is not None for row in rows]
        all_scored = all(s for s, r in zip(scored, ranked, strict=True) if r)
        rating = all_scored and len(known) == 1 and len(widths[rows[0]["item_id"]]) == 1
        expected["PQ107"] += len(known) < 2 and not (any(scored) and (rating or not any(ranked)))
        ranks = sorted(int(r) for r in known)
        dense = {v: i + 1 for i, v in enumerate(sorted(set(ranks)))}
        usual = all(dense[r] == r for r in ranks) or all(sum(o < r for o in ranks) + 1 == r for r in ranks)
        expected["PQ105"] += len(by_response) == len(rows) and len(ranks) > 1 and not usual
    for rows in judgments.values():
        scored = [
            (int(r["rank"]), r["score"])
            for r in rows
            if r["rank"] not in ("0", "best", None) and r["score"] not in (None, float("inf"))
        ]
        expected["PQ109"] += any(a < b and s < t for a, s in scored for b, t in scored)
    found = counts(of(frame))
    assert {code: found.get(code, 0) for code in expected} == expected


@given(dirty())
def test_the_rule_on_ranges_and_pandera_agree(frame: pl.DataFrame) -> None:
    columns = [name for name in RANGES if name in frame.columns and name != "rank"]
    judgments = Preferences.from_long(frame).judgments
    failures = schema_failures(judgments, "judgments", only=columns, max_cases=100)
    tests = judgments.select((~RANGES[name].test).fill_null(False).any() for name in columns).collect().row(0)
    assert {one["column"] for one in failures} == {n for n, bad in zip(columns, tests, strict=True) if bad}
    assert ("PQ116" in counts(of(frame))) == bool(failures)


def test_of_equal_rows_the_earliest_stays_whatever_the_order() -> None:
    times = ["2026-01-03T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"]
    rows = [*ranking([None, 2]), *(ranking([1], created_at=t)[0] for t in times)]
    rows = [row | {"created_at": row.get("created_at", times[0])} for row in rows if row["rank"] is not None]
    for order in (rows, rows[::-1]):
        kept = of(order, select=["PQ103"]).preferences.judgments.filter(pl.col("response_id") == "a").collect()
        assert kept["created_at"].dt.to_string("%d").to_list() == ["01"]


def test_duplicates_beside_lists_and_structs_are_told_apart() -> None:
    rows = [row | {"tags": ["x"], "meta": {"k": 1}} for row in (*ranking([1, 2]), *ranking([1]))]
    assert counts(of(rows)) == {"PQ103": 1}


def test_one_response_ranked_twice_is_still_one_response() -> None:
    assert counts(of([*ranking([1, None]), *ranking([1])]))["PQ107"] == 1
    contradicted = of([*ranking([1, 2]), *ranking([3])])
    assert (counts(contradicted)["PQ107"], contradicted.preferences.judgments.collect().height) == (1, 0)


def test_an_example_of_a_bad_rank_is_the_bad_row() -> None:
    example = of(ranking(["1", "best"]), max_examples=1).findings["examples"][0][0]
    assert (example["row"], example["value"]) == (1, "best")


def test_several_odd_values_in_one_row_are_one_row() -> None:
    found = of(ranking([1, 2], score=float("inf"), duration_s=-1.0))
    assert found.findings.select("count", "share").rows() == [(2, 1.0)]
    assert found.findings["examples"][0][0]["value"] == "score=inf, duration_s=-1.0"


def test_null_keys_of_responses_are_out_of_range() -> None:
    responses = pl.DataFrame({"item_id": ["p", "p", None], "response_id": ["a", "b", "x"]})
    found = check(Preferences.from_long(pl.DataFrame(ranking([1, 2])), responses=responses))
    assert counts(found) == {"PQ116": 1}


@pytest.mark.parametrize(
    ("positions", "found"), [([1, 2, 3], True), ([1, 2, None], True), ([1, 1, 1], False), ([None] * 3, False)]
)
def test_option_order_needs_an_order_of_options(positions: list[int | None], found: bool) -> None:
    rows = [row for i in range(30) for row in ranking([1, 2, 3], item=f"p{i}", position=positions)]
    for order in (rows, rows[::-1]):
        assert ("PQ113" in counts(of(order))) is found


@pytest.mark.parametrize(("n", "found"), [(19, False), (20, True)])
def test_option_order_is_told_from_chance_at_one_in_a_million(n: int, found: bool) -> None:
    result = of([row for i in range(n) for row in ranking([1, 2], item=f"p{i}")])
    assert ("PQ113" in counts(result)) is found
    assert ("PQ113" in result.not_run["code"].to_list()) is not found


def test_option_order_is_lost_by_one_ranking_that_differs_and_by_a_tie() -> None:
    rows = [row for i in range(30) for row in ranking([1, 2], item=f"p{i}")]
    for other in ([2, 1], [1, 1]):
        assert "PQ113" not in counts(of([*rows, *ranking(other, item="other")]))


def test_nothing_left_is_a_result() -> None:
    found = of(ranking([1, 2], item=None))
    assert (counts(found), found.quarantine.height, found.n_judgments) == ({"PQ102": 2}, 2, 0)
    assert found.preferences.judgments.collect().is_empty()
    assert of(pl.DataFrame(schema=SCHEMA)).findings.is_empty()


def test_a_negative_number_of_examples_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="max_examples"):
        of(ranking([1, 2]), max_examples=-1)


def test_the_rules_are_there_without_pandera_loaded() -> None:
    code = "import sys, prefqa.checks; sys.exit('pandera' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
