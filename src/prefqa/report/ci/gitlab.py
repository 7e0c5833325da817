"""GitLab's code quality report: a JSON list of issues."""

from __future__ import annotations

from hashlib import sha256

from prefqa.report.ci.outcome import Outcome
from prefqa.writers.atomic import dumps

_SEVERITIES = {"error": "major", "warning": "minor", "info": "info"}


def gitlab(outcome: Outcome) -> str:
    """Return an issue per finding, and one per condition of the gate that fails."""
    issues = [(problem.code, problem.message, _SEVERITIES[problem.severity]) for problem in outcome.problems]
    issues += [
        (f"gate {line['name']}", line["message"], "blocker") for line in outcome.lines if line["verdict"] == "fail"
    ]
    listed = [
        {
            "description": message,
            "check_name": name,
            # The same finding in the next pipeline is the same issue, whatever its counts.
            "fingerprint": sha256(f"{name}\n{outcome.path}".encode()).hexdigest(),
            "severity": severity,
            "location": {"path": outcome.path, "lines": {"begin": 1}},
        }
        for name, message, severity in issues
    ]
    return dumps(listed)
