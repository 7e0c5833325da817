"""Markdown for a comment on a pull request or a step summary."""

from __future__ import annotations

import re

from prefqa.report.ci.outcome import Outcome
from prefqa.report.text import gate_sentence

_MARKS = {"pass": "✅", "warn": "⚠️", "inconclusive": "❔", "fail": "❌"}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&:$])")


def markdown(outcome: Outcome) -> str:
    """Return the verdict, the conditions of the gate and the findings as tables."""
    lines = [f"## {_MARKS[outcome.gate.verdict]} prefqa: {gate_sentence(outcome.gate)}", "", _text(outcome.path), ""]
    lines += ["| verdict | condition |", "| --- | --- |"]
    lines += [f"| {_MARKS[line['verdict']]} {line['verdict']} | {_text(line['message'])} |" for line in outcome.lines]
    if outcome.problems:
        lines += ["", "| rule | severity | finding |", "| --- | --- | --- |"]
        lines += [
            f"| {problem.code} {_text(problem.name)} | {problem.severity} | {_text(problem.message)} |"
            for problem in outcome.problems
        ]
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    """Escape a text, so that nothing in it is markup, a mention or a link."""
    escaped = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return escaped.replace("@", "@\u200b")  # a backslash does not keep GitHub from notifying whom it takes for a user
