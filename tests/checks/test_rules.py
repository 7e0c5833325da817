"""Rules: each finds its bad example, leaves its good one alone, and names what it left out."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.checks import RULES, CheckResult, Rule, explain, schema_failures, schema_tables
from prefqa.checks.looks import OF_TEXTS
from prefqa.checks.page import page
from prefqa.checks.rule import Example
from prefqa.errors import UsageError
from prefqa.lint import check
from strategies import judgments

HERE = Path(__file__).parent
#: Packages that rules with this extra need; where one is missing, its rules say so instead of passing.
EXTRAS = {"text": ("rensa", "ftfy"), "licence": ("license_expression",), "language": ("py3langid",)}


@pytest.fixture(autouse=True)
def _beside_the_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


def found_in(rule: Rule, example: Example, **options: Any) -> CheckResult:
    return check(example.preferences(), options={rule.code: example.options} if rule.options else {}, **options)


def can_run(rule: Rule) -> bool:
    return rule.extra is None or all(find_spec(name) is not None for name in EXTRAS[rule.extra])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_finds_its_bad_example_and_not_its_good_one(rule: Rule) -> None:
    bad, good = (found_in(rule, example, select=[rule.code]) for example in (rule.bad, rule.good))
    if not can_run(rule):
        assert bad.not_run["code"].to_list() == [rule.code]
        return
    assert bad.findings["code"].to_list() == [rule.code]
    assert bad.findings["severity"].to_list() == [rule.severity]
    assert bad.findings["examples"].list.len().item() > 0
    assert (bad.quarantine.height > 0) is rule.quarantines
    assert good.findings.is_empty()
    assert good.quarantine.is_empty()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_good_example_is_good_by_every_rule_of_severity_error(rule: Rule) -> None:
    found = found_in(rule, rule.good, ignore=["PQ203"] if rule.code == "PQ205" else [])
    assert "error" not in found.findings["severity"].to_list()


def test_explain_shows_harm_and_example_and_knows_the_nearest_code() -> None:
    assert "(1, 3, 3)" in explain("pq105")
    with pytest.raises(UsageError, match="did you mean PQ"):
        explain("PQ1O4")


def test_no_rule_on_texts_leaves_anything_out() -> None:
    """What is left in is known, and looked at further, before all texts are read."""
    assert not [rule.code for rule in RULES if rule.quarantines and rule.code in OF_TEXTS]


def test_the_page_of_rules_is_what_the_rules_say() -> None:
    assert (HERE.parents[1] / "docs" / "rules.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(
    ("code", "options", "words"),
    [
        ("PQ206", {"treshold": 0.9}, "it has: threshold"),
        ("PQ206", {"threshold": "high"}, "a number from 0 to 1, like 0.8"),
        ("PQ211", {"files": "one.txt"}, "a list of texts"),
        ("PQ299", {}, "no rule is called"),
    ],
)
def test_an_option_that_a_rule_does_not_have_is_a_usage_error(code: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        check(RULES[0].good.preferences(), options={code: options})


@pytest.mark.parametrize(
    ("ranks", "gaps"),
    [((1, 2, 2, 4), 0), ((1, 2, 2, 3), 0), ((1, 1, 3), 0), ((1, 1, 1), 0), ((1, 3, 3), 1), ((2, 3), 1), ((1, 2, 4), 1)],
)
def test_rank_gaps_know_both_ways_of_writing_ties(ranks: tuple[int, ...], gaps: int) -> None:
    rows = [{"item_id": "p", "annotator_id": "a", "response_id": f"r{i}", "rank": r} for i, r in enumerate(ranks)]
    assert check(prefqa.read(rows), select=["PQ105"]).findings["count"].sum() == gaps


@pytest.mark.parametrize("rank", ["-1", "1.5", "nan", "inf", "-inf", "best", "99999999999", "1e400"])
def test_a_bad_rank_leaves_out_its_judgment_and_no_other(rank: str) -> None:
    base = {"item_id": "p", "annotator_id": "a"}
    rows = [base | {"response_id": "x", "rank": rank}, base | {"response_id": "y", "rank": "1"}]
    other = [base | {"annotator_id": "b", "response_id": r, "rank": n} for r, n in (("x", "1"), ("y", "2"))]
    found = check(prefqa.read(rows + other))
    assert found.quarantine["code"].to_list() == ["PQ104", "PQ104"]
    assert found.findings["examples"][0][0]["value"] == rank
    assert found.preferences.judgments.collect()["annotator_id"].to_list() == ["b", "b"]


def test_contradicting_duplicates_are_all_left_out_and_equal_ones_but_one() -> None:
    base = {"item_id": "p", "annotator_id": "a"}
    rows = [base | {"response_id": r, "rank": n} for r, n in (("x", 1), ("x", 2), ("y", 3), ("y", 3), ("z", 4))]
    found = check(prefqa.read(rows), select=["PQ103"])
    assert found.quarantine["row"].to_list() == [0, 1, 3]


def test_select_ignore_and_severity() -> None:
    rule = next(rule for rule in RULES if rule.code == "PQ105")
    prefs = rule.bad.preferences()
    assert check(prefs, ignore=["PQ105", "PQ314"]).findings.is_empty()
    assert check(prefs, select=["PQ1"], severity={"PQ105": "error"}).findings["severity"].to_list() == ["error"]
    for wrong in (
        {"select": ["PQ9"]},
        {"ignore": ["XX"]},
        {"severity": {"PQ1": "error"}},
        {"severity": {"PQ105": "bad"}},
    ):
        with pytest.raises(UsageError):
            check(prefs, **wrong)  # type: ignore[arg-type]


def test_a_rule_without_what_it_needs_says_so() -> None:
    rule = next(rule for rule in RULES if rule.code == "PQ105")
    not_run = dict(check(rule.good.preferences()).not_run.rows())
    assert not_run["PQ109"] == "there is no score column"


def test_the_future_begins_at_now() -> None:
    rule = next(rule for rule in RULES if rule.code == "PQ112")
    prefs = rule.good.preferences()
    assert check(prefs, select=["PQ112"], now=datetime(2025, 1, 1, tzinfo=UTC)).findings["count"].to_list() == [2]


def test_long_and_unicode_ids_pass_through() -> None:
    names = ["ü" * 10_000, "\u202ex", "a\nb", " lead", "😀"]
    rows = [
        {"item_id": n, "annotator_id": n, "response_id": r, "rank": i} for n in names for i, r in ((1, "x"), (2, "y"))
    ]
    assert check(prefqa.read(rows), ignore=["PQ117", "PQ118", "PQ314"]).findings.is_empty()


def test_pandera_fails_a_bad_lazy_frame_which_it_would_pass_by_default() -> None:
    bad = pl.LazyFrame({"item_id": ["p"], "annotator_id": ["a"], "response_id": ["x"], "rank": [0]})
    assert schema_failures(bad, "judgments")[0]["column"] == "rank"
    twice = pl.LazyFrame({"item_id": ["p", "p"], "response_id": ["x", "x"]})
    assert schema_failures(twice, "responses")
    assert not schema_failures(bad.with_columns(rank=pl.lit(1, pl.Int64)), "judgments")


def test_the_schema_names_every_column_with_its_meaning() -> None:
    tables = schema_tables()
    assert list(tables) == ["judgments", "responses", "items"]
    assert all(column["meaning"] and column["type"] for columns in tables.values() for column in columns)
    assert [c["column"] for c in tables["judgments"] if c["required"]] == [
        "item_id",
        "annotator_id",
        "response_id",
        "rank",
    ]


@given(judgments(), st.integers(0, 2**32 - 1))
def test_findings_do_not_depend_on_row_order_or_on_names(frame: pl.DataFrame, seed: int) -> None:
    def counts(one: pl.DataFrame) -> list[tuple[object, ...]]:
        found = check(prefqa.Preferences.from_long(one))
        return [*found.findings.select("code", "count", "share").rows(), (found.quarantine.height, found.n_judgments)]

    renamed = frame.with_columns(
        pl.format("new {}", pl.col(n)).alias(n) for n in ("item_id", "annotator_id", "response_id")
    )
    assert counts(frame) == counts(frame.sample(fraction=1, shuffle=True, seed=seed)) == counts(renamed)
