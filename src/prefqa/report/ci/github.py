"""Workflow commands of GitHub Actions, which become annotations of a pull request."""

from __future__ import annotations

from prefqa.report.ci.outcome import Outcome

_COMMANDS = {"error": "error", "warning": "warning", "info": "notice"}


def github(outcome: Outcome) -> str:
    """Return one command per finding and per condition of the gate that does not pass, and the verdict as the last."""
    file = _property(outcome.path)
    lines = [
        f"::{_COMMANDS[problem.severity]} file={file},title={_property(f'{problem.code} {problem.name}')}::"
        + _data("\n".join([problem.message, *problem.examples]))
        for problem in outcome.problems
    ]
    for line in outcome.lines:
        if line["verdict"] != "pass":
            command = "error" if line["verdict"] == "fail" else "warning"
            title = _property(f"prefqa gate: {line['name']}")
            lines.append(f"::{command} file={file},title={title}::{_data(line['message'])}")
    command = "notice" if outcome.gate.passed else "error"
    lines.append(f"::{command} file={file},title=prefqa::verdict: {outcome.gate.verdict}")
    return "\n".join(lines) + "\n"


def _data(text: str) -> str:
    """Escape the message of a command, as the runner's toolkit does."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
