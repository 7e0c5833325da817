"""From a run to one HTML file that opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from prefqa.errors import MissingExtraError, UsageError
from prefqa.report import charts
from prefqa.results import records
from prefqa.writers.atomic import dumps, write_text

if TYPE_CHECKING:
    from prefqa.pipeline import RunResult

#: Longest tables that a page still reads well with; all rows stand in the files beside the report.
MAX_ANNOTATORS, MAX_SLICES, MAX_PERIODS = 50, 60, 120
_LONGEST = 80


def report(run: RunResult) -> str:
    """Return the report of a run as one HTML page: no script, nothing loaded from elsewhere, all data escaped.

    Raises:
        UsageError: for anything but the result of `prefqa.run`.
        MissingExtraError: where jinja2, altair or vl-convert is not installed.
    """
    if not hasattr(run, "gate") or not hasattr(run, "consensus"):
        raise UsageError(f"expected the result of prefqa.run, not {type(run).__name__}")
    return str(_environment().get_template("report.html.j2").render(_content(run)))


def write_report(run: RunResult, out: str | Path) -> None:
    """Write the report of a run to `out`, whole or not at all."""
    write_text(out, report(run))


def _environment() -> Any:
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtraError("jinja2", "report") from error
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.PackageLoader("prefqa", "report"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = (number, count, share, short, interval, p_value)
    environment.filters |= {function.__name__: function for function in filters}
    return environment


def _content(run: RunResult) -> dict[str, Any]:
    overall = run.consensus.overall
    estimates = run.agreement.estimates
    sliced = estimates.filter(pl.col("slice").is_not_null())
    detectors = run.drift.detectors
    annotators = run.consensus.annotators.sort("agreement_with_others", "annotator_id", nulls_last=True)
    return {
        "name": Path(run.source.origin).name or run.source.origin,
        "source": run.source,
        "passed": run.gate.passed,
        "gate": records(run.gate.lines),
        "overall": overall,
        "n_left_out": run.check.quarantine.height,
        "check": run.check,
        "findings": records(run.check.findings),
        "not_run": records(run.check.not_run),
        "agreement": run.agreement,
        "estimates": records(estimates.filter(pl.col("slice").is_null())),
        "sliced": records(sliced.head(MAX_SLICES)),
        "n_sliced": sliced.height,
        "drift": run.drift,
        "changes": records(run.drift.changes),
        "detectors": records(detectors.head(MAX_PERIODS)),
        "n_detectors": detectors.height,
        "timeline": charts.timeline(run.drift.timeline),
        "pairs": run.pairs,
        "histogram": charts.histogram(run.pairs["probability"].drop_nulls()),
        "annotators": records(annotators.head(MAX_ANNOTATORS)),
        "n_annotators": annotators.height,
        "settings": dumps(run.settings),
    }


def number(value: float | None, digits: int = 3) -> str:
    """A figure with a fixed number of digits; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def count(value: int | None) -> str:
    """A count with thousands set apart."""
    return "–" if value is None else f"{value:,}"


def p_value(value: float | None) -> str:
    """A p-value; one too small for three digits is said to be so."""
    return "< 0.001" if value is not None and value < 0.001 else number(value)


def share(value: float | None) -> str:
    """A share as a percentage."""
    return "–" if value is None else f"{value:.1%}"


def interval(row: dict[str, Any]) -> str:
    """The interval of an estimate, or a dash."""
    return "–" if row["ci_low"] is None else f"{number(row['ci_low'])} to {number(row['ci_high'])}"


def short(value: object, longest: int = _LONGEST) -> str:
    """An id or value as one line, cut where it is too long."""
    text = "" if value is None else "".join(c if c.isprintable() else "�" for c in str(value)[: longest + 1])
    return text if len(text) <= longest else text[: longest - 1] + "…"
