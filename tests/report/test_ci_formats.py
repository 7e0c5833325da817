"""Findings and verdict as CI systems read them, whatever the data holds."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from sarif_pydantic import Sarif

import prefqa
from prefqa import cli
from prefqa.cli.shared import CI_FORMATS
from prefqa.report.ci import FORMATS
from prefqa.report.ci.outcome import Outcome

HOSTILE = "::error::x%0A\x1b[31m]]>&<b>@team|`$(id)`\n##[error] _*[a](https://b.example)"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A campaign whose ids and texts are markup, with findings of each severity."""
    rows: list[dict[str, Any]] = [
        {"item_id": f"{HOSTILE}{i}", "annotator_id": f"{HOSTILE}{a}", "response_id": r, "rank": n}
        for i in range(6)
        for a in "ab"
        for r, n in (("x", 1), ("y", 3))
    ]
    rows += [rows[0], rows[0] | {"rank": -1, "annotator_id": HOSTILE}]
    path = tmp_path_factory.mktemp("ci") / "r,a:n%k.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    check = prefqa.check(prefqa.read(path))
    assert set(check.findings["severity"]) >= {"error", "warning"}
    return Outcome(str(path), check, prefqa.gate(check=check))


def test_the_command_line_offers_every_format() -> None:
    assert tuple(FORMATS) == CI_FORMATS


def test_every_format_is_free_of_control_characters(outcome: Outcome) -> None:
    for name, write in FORMATS.items():
        text = write(outcome)
        assert not [character for character in text if ord(character) < 32 and character != "\n"], name
        text.encode()


def test_sarif_is_a_valid_log_with_a_result_per_finding(outcome: Outcome) -> None:
    log = Sarif.model_validate_json(FORMATS["sarif"](outcome))
    [run] = log.runs
    assert log.version == "2.1.0"
    assert [result.rule_id for result in run.results or []] == outcome.check.findings["code"].to_list()
    assert {rule.id for rule in run.tool.driver.rules or []} == set(outcome.check.findings["code"])
    assert [result.level.value for result in run.results or [] if result.level] == [
        {"error": "error", "warning": "warning", "info": "note"}[one] for one in outcome.check.findings["severity"]
    ]
    uri = json.loads(FORMATS["sarif"](outcome))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert uri["artifactLocation"]["uri"].endswith("r%2Ca%3An%25k.jsonl")


def test_junit_is_read_back_with_the_same_counts(outcome: Outcome, tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(FORMATS["junit"](outcome), encoding="utf-8")
    [suite] = JUnitXml.fromfile(str(path))
    errors = outcome.check.findings.filter(severity="error").height
    failed = int((outcome.gate.lines["verdict"] == "fail").sum())
    assert errors
    assert suite.failures == errors + failed == sum(bool(case.is_failure) for case in suite)
    assert suite.skipped == outcome.check.not_run.height
    assert suite.tests == len(outcome.check.ran) + outcome.check.not_run.height + outcome.gate.lines.height


def test_data_never_becomes_a_workflow_command_of_its_own(outcome: Outcome) -> None:
    lines = FORMATS["github"](outcome).splitlines()
    not_passed = int((outcome.gate.lines["verdict"] != "pass").sum())
    assert len(lines) == outcome.check.findings.height + not_passed + 1
    for line in lines:
        command, _, rest = line.removeprefix("::").partition(" ")
        assert command in ("error", "warning", "notice")
        properties, _, message = rest.partition("::")
        assert [part.partition("=")[0] for part in properties.split(",")] == ["file", "title"]
        assert "r%2Ca%3An%25k.jsonl" in properties
        assert message
    assert lines[-1].endswith("::verdict: fail")


def test_gitlab_issues_have_stable_fingerprints(outcome: Outcome) -> None:
    issues = json.loads(FORMATS["gitlab"](outcome))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    assert all(issue["location"]["lines"]["begin"] == 1 for issue in issues)


def test_markdown_holds_no_markup_of_the_data(outcome: Outcome) -> None:
    text = FORMATS["markdown"](outcome)
    assert "## ❌ prefqa: Gate failed" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {3, 4}
    assert "<b>" not in text
    assert "@team" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_check_prints_the_format_and_keeps_the_exit_code(
    outcome: Outcome, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["check", outcome.origin, "--isolated", "--output-format", name])
    assert stopped.value.code == 1
    assert capsys.readouterr().out == FORMATS[name](outcome)
