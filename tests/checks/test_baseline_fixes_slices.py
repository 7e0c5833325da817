"""What a baseline, fixes and slices do to a check."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given
from polars.testing import assert_frame_equal

import prefqa
from checking import counts, dirty, of
from prefqa.checks import check, fix
from prefqa.checks.rule import ranking
from prefqa.cli import cli
from strategies import judgments


def preferences(*rows: object) -> prefqa.Preferences:
    return prefqa.Preferences.from_long(pl.DataFrame(list(rows), infer_schema_length=None))


BROKEN = (*ranking(0, 1), *ranking(0, 1, item="p2"))


def test_only_what_is_new_fails_under_a_baseline(tmp_path: Path) -> None:
    check(preferences(*BROKEN)).write(tmp_path / "findings.json")
    same = check(preferences(*BROKEN), baseline=tmp_path / "findings.json")
    assert same.findings["baseline"].to_list() == [2]
    assert "no finding" in prefqa.gate(check=same).lines["message"][0]
    more = check(preferences(*BROKEN, *ranking(0, 1, item="p3")), baseline=tmp_path / "findings.json")
    assert prefqa.gate(check=more).lines["verdict"][0] == "fail"


@pytest.mark.parametrize("content", ["", "[]", '{"findings": [{}]}'])
def test_a_baseline_that_is_none_is_a_read_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "findings.json").write_text(content)
    with pytest.raises(prefqa.PrefqaError, match="not the findings"):
        check(preferences(*BROKEN), baseline=tmp_path / "findings.json")


def test_a_rule_is_not_asked_in_its_slices_and_all_the_others_are() -> None:
    rows = (*ranking(0, 1, batch="pilot"), *ranking(0, 1, item="p2", batch="main"))
    found = check(preferences(*rows), slices=[{"where": "batch=pilot", "ignore": ["PQ104"]}])
    assert found.quarantine["item_id"].to_list() == ["p2", "p2"]
    everywhere = check(preferences(*rows), slices=[{"where": "batch=pilot", "ignore": ["PQ105"]}])
    assert everywhere.quarantine.height == 4


def test_a_slice_of_a_column_of_items() -> None:
    prefs = prefqa.Preferences.from_long(
        pl.DataFrame(list(BROKEN)), items=pl.DataFrame({"item_id": ["p1", "p2"], "language": ["de", "en"]})
    )
    found = check(prefs, slices=[{"where": "language=de", "ignore": ["PQ1"]}])
    assert found.quarantine["item_id"].to_list() == ["p2", "p2"]


@pytest.mark.parametrize(
    "one", [{"where": "batch"}, {"where": "batch", "ignore": ["PQ1"]}, {"where": "x=1", "ignore": ["PQ1"]}]
)
def test_a_slice_that_cannot_be_is_an_error(one: dict[str, object]) -> None:
    with pytest.raises(prefqa.PrefqaError):
        check(preferences(*BROKEN), slices=[one])


@given(dirty())
def test_a_slice_that_holds_everything_leaves_nothing_to_find(frame: pl.DataFrame) -> None:
    whole = frame.with_columns(all=pl.lit("yes"))
    assert of(whole, slices=[{"where": "all=yes", "ignore": ["PQ"]}]).findings.is_empty()
    assert counts(of(whole, slices=[{"where": "all=no", "ignore": ["PQ"]}])) == counts(of(frame))


def test_fixes_mend_what_is_safe_and_list_it() -> None:
    rows = (*ranking(1, 3, 3, status="Submitted "), *ranking(1, status="Submitted ")[:1])
    fixed = fix(preferences(*rows))
    after = fixed.preferences.judgments.collect()
    assert after["rank"].to_list() == [1, 2, 2]
    assert after["status"].unique().to_list() == ["submitted"]
    assert fixed.changes.select("row", "code", "column", "before", "after").rows() == [
        (3, "PQ103", None, "stands twice", "left out"),
        (1, "PQ105", "rank", "3", "2"),
        (2, "PQ105", "rank", "3", "2"),
        *((row, "PQ116", "status", "Submitted ", "submitted") for row in range(4)),
    ]


@given(dirty())
def test_fixing_twice_is_fixing_once_and_brings_nothing_new(frame: pl.DataFrame) -> None:
    once = fix(prefqa.Preferences.from_long(frame))
    again = fix(once.preferences)
    assert again.changes.is_empty()
    before, after = counts(of(frame)), counts(check(once.preferences))
    assert {code: n for code, n in after.items() if n > before.get(code, 0)} == {}
    assert "PQ105" not in after


@given(judgments())
def test_fixes_change_no_order_of_responses(frame: pl.DataFrame) -> None:
    prefs = prefqa.Preferences.from_long(frame)
    fixed = fix(prefs).preferences
    assert_frame_equal(
        prefqa.consensus(prefs, method="majority").pairs(), prefqa.consensus(fixed, method="majority").pairs()
    )


def test_rows_with_lists_can_be_equal_too() -> None:
    rows = [row | {"tags": ["x"], "meta": {"k": 1}} for row in (*ranking(1, 2), *ranking(1))]
    assert fix(preferences(*rows)).changes["code"].to_list() == ["PQ103"]


def test_the_command_line_selects_weighs_knows_and_fixes(tmp_path: Path) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "fixed.parquet"
    pl.DataFrame([*ranking("1", "3", "3"), *ranking("best", "1", item="p2")]).write_csv(source)

    def run(*options: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, ["check", str(source), *options], standalone_mode=False)
        return result.return_value, result.stdout

    assert run("--ignore", "PQ104")[0] == 0
    assert run("--select", "PQ105")[0] == 0
    assert run("--select", "PQ105", "--severity", "PQ105=error")[0] == 1
    code, text = run("--format", "json")
    assert code == 1
    (tmp_path / "findings.json").write_text(text)
    assert run("--baseline", str(tmp_path / "findings.json"))[0] == 0
    assert run("--fix", str(out))[0] == 1
    fixed = prefqa.read(out)
    assert counts(check(fixed)) == {"PQ104": 1}
    changes = [json.loads(line) for line in (tmp_path / "fixed.changes.jsonl").read_text().splitlines()]
    assert [change["code"] for change in changes] == ["PQ105", "PQ105"]
