"""SARIF 2.1.0, the format of code scanning (OASIS Standard, 27 March 2020)."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from prefqa.checks.rules import BY_CODE
from prefqa.report.ci.outcome import Outcome, Problem
from prefqa.writers.atomic import dumps

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}


def sarif(outcome: Outcome) -> str:
    """Return a log with one run: a result per finding, and one per condition of the gate that does not pass."""
    codes = [problem.code for problem in outcome.problems]
    rules = [_rule(code) for code in codes]
    uri = outcome.path if "://" in outcome.path else quote(outcome.path)
    results = [_result(problem, codes.index(problem.code), uri) for problem in outcome.problems]
    driver = {"name": "prefqa", "version": version("prefqa"), "rules": rules}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "results": results,
        "properties": {"verdict": outcome.gate.verdict, "conditions": [line["message"] for line in outcome.lines]},
    }
    log = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}
    return dumps(log)


def _rule(code: str) -> dict[str, Any]:
    rule = BY_CODE[code]
    return {
        "id": code,
        "name": rule.name,
        "shortDescription": {"text": f"{rule.summary[:1].upper()}{rule.summary[1:]}."},
        "fullDescription": {"text": rule.explanation},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _result(problem: Problem, index: int, uri: str) -> dict[str, Any]:
    examples = "".join(f"\n- {example}" for example in problem.examples)
    return {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": _LEVELS[problem.severity],
        "message": {"text": problem.message + examples},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}],
        "partialFingerprints": {"prefqaRule/v1": f"{problem.code}:{uri}"},
    }
