"""The formats by name. A new one is a module with a function of `Outcome`, and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prefqa.report.ci.github import github
from prefqa.report.ci.gitlab import gitlab
from prefqa.report.ci.junit import junit
from prefqa.report.ci.markdown import markdown
from prefqa.report.ci.outcome import Outcome
from prefqa.report.ci.sarif import sarif

FORMATS: Mapping[str, Callable[[Outcome], str]] = {
    "junit": junit,
    "sarif": sarif,
    "github": github,
    "gitlab": gitlab,
    "markdown": markdown,
}
