"""The gate: pass, fail, inconclusive, and never a pass by absence."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

import prefqa
from prefqa.agreement import AgreementResult
from prefqa.checks import CheckResult
from prefqa.config import parse_config
from prefqa.drift import DriftResult
from prefqa.errors import UsageError


@pytest.fixture(scope="module")
def results() -> tuple[CheckResult, AgreementResult, DriftResult]:
    prefs = prefqa.simulate(n_items=150, seed=1, texts=False).preferences
    return prefqa.check(prefs), prefqa.agreement(prefs), prefqa.drift(prefs)


def verdicts(results: tuple[CheckResult, AgreementResult, DriftResult], **table: object) -> tuple[bool, list[str]]:
    check, agreement, drift = results
    table = {"policy": "off", **table}
    found = prefqa.gate(check=check, agreement=agreement, drift=drift, config=parse_config({"gate": table}).gate)
    return found.passed, found.lines["verdict"].to_list()[1:]


def line(**values: object) -> list[dict[str, object]]:
    return [{"coefficient": "alpha_nominal"} | values]


def test_an_estimate_passes_fails_or_is_inconclusive_by_its_interval(
    results: tuple[CheckResult, AgreementResult, DriftResult],
) -> None:
    row = results[1].estimates.filter(coefficient="alpha_nominal").row(0, named=True)
    assert verdicts(results, agreement=line(min=row["ci_low"] - 0.01)) == (True, ["pass"])
    assert verdicts(results, agreement=line(min=row["ci_high"] + 0.01)) == (False, ["fail"])
    assert verdicts(results, agreement=line(min=row["estimate"] - 0.001)) == (False, ["inconclusive"])
    assert verdicts(results, agreement=line(max=row["ci_high"] + 0.01)) == (True, ["pass"])
    assert verdicts(results, agreement=line(min=row["estimate"] - 0.001), allow_inconclusive=True)[0]
    assert verdicts(results, agreement=line(min=row["ci_low"] + 0.01, on="ci_low")) == (False, ["fail"])
    assert verdicts(results, agreement=line(min=row["ci_low"] - 0.01, on="ci_low")) == (True, ["pass"])


def test_an_undefined_figure_is_inconclusive_and_does_not_pass(
    results: tuple[CheckResult, AgreementResult, DriftResult],
) -> None:
    alone = prefqa.simulate(n_items=20, n_annotators=1, annotators_per_item=1, texts=False).preferences
    undefined = (results[0], prefqa.agreement(alone), prefqa.drift(alone))
    assert verdicts(undefined, agreement=line(min=-1.0)) == (False, ["inconclusive"])
    nothing = replace(results[2], alarm=None, reason="only one period")
    assert verdicts((*results[:2], nothing), drift={"alarm": "fail"}) == (False, ["inconclusive"])


def test_findings_by_code_count_share_and_severity() -> None:
    rows = [
        {"item_id": "p", "annotator_id": a, "response_id": r, "rank": n} for a in "ab" for r, n in (("x", 1), ("y", 3))
    ]
    check = prefqa.check(prefqa.read(rows))
    gates = {
        "pass": [
            {"code": "PQ105", "max_count": 2},
            {"code": "PQ105", "max_share": 1.0},
            {"code": "PQ104", "max_count": 0},
        ],
        "fail": [{"code": "PQ105", "max_count": 1}, {"code": "PQ105", "max_share": 0.5}],
        "inconclusive": [{"code": "PQ109", "max_count": 0}],
    }
    for verdict, lines in gates.items():
        for one in lines:
            table = {"policy": "off", "findings": [one]}
            found = prefqa.gate(check=check, config=parse_config({"gate": table}).gate)
            assert found.lines["verdict"].to_list() == ["pass", verdict]
            assert found.passed is (verdict == "pass")
    strict = prefqa.gate(check=check, config=parse_config({"gate": {"policy": "off", "fail_on": "warning"}}).gate)
    assert not strict.passed
    assert "PQ105" in strict.lines["message"].item()


def test_a_line_on_what_was_not_measured_is_an_error_not_a_pass(
    results: tuple[CheckResult, AgreementResult, DriftResult],
) -> None:
    for table in (
        {"agreement": line(min=0.5)},
        {"drift": {"alarm": "fail"}},
        {"findings": [{"code": "PQ101", "max_count": 0}]},
    ):
        with pytest.raises(UsageError, match="the gate has a line"):
            prefqa.gate(config=parse_config({"gate": table}).gate)
    with pytest.raises(UsageError, match="not among the estimates"):
        verdicts(results, agreement=line(min=0.5, slice="batch=none"))
    ignoring = (prefqa.check(results[0].preferences, ignore=["PQ101"]), *results[1:])
    with pytest.raises(UsageError, match="PQ101, which"):
        verdicts(ignoring, findings=[{"code": "PQ101", "max_count": 0}])
    with pytest.raises(UsageError, match="PQ999"):
        verdicts(results, findings=[{"code": "PQ999", "max_count": 0}])


def test_a_slice_has_its_own_line() -> None:
    prefs = prefqa.simulate(n_items=100, weeks=2, texts=False).preferences
    config = parse_config({"gate": {"agreement": line(min=-0.9, slice="batch=week-01")}}).gate
    found = prefqa.gate(agreement=prefqa.agreement(prefs, by="batch"), config=config)
    assert found.lines.select("name", "verdict").rows() == [("alpha_nominal [batch=week-01]", "pass")]
    assert isinstance(found.lines, pl.DataFrame)


def test_data_of_which_nothing_counts_does_not_pass() -> None:
    empty = prefqa.check(prefqa.read([{"item_id": "p", "annotator_id": "a", "response_id": "x", "rank": None}]))
    found = prefqa.gate(check=empty)
    assert not found.passed
    assert "nothing to measure" in found.lines["message"][-1]
