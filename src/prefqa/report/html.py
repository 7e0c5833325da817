"""From a run to one HTML file that opens without a network."""

from __future__ import annotations

import math
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from prefqa.agreement.meaning import BENCHMARKS, BY_PROBABILITY, in_words
from prefqa.checks import RULES
from prefqa.errors import MissingExtraError, UsageError
from prefqa.reading import short_lines
from prefqa.report import charts, text
from prefqa.results import records
from prefqa.writers.atomic import dumps, write_text

if TYPE_CHECKING:
    from prefqa.agreement import AgreementResult
    from prefqa.criteria import CriteriaResult
    from prefqa.drift import DriftResult
    from prefqa.pipeline import RunResult

#: Longest tables that a page still reads well with; all rows stand in the files beside the report.
MAX_ANNOTATORS, MAX_SLICES, MAX_PERIODS, MAX_EXAMPLES, MAX_LINES = 50, 60, 120, 10, 100
_MAX_SETTINGS = 20_000
#: Divided and doubtful items that are shown, and annotators whose reliability is drawn.
MAX_DIVIDED, MAX_BARS = 10, 40
#: Half a 95 % interval in standard errors.
_TWO_SIDED = 1.96
#: Bits of entropy of k responses whose order is not known at all; above 7 entropy is not computed.
_MOST_BITS = {k: math.log2(math.factorial(k)) for k in range(2, 8)}
_VERDICTS = ("fail", "inconclusive", "warn", "pass")


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
    filters = (text.number, text.count, text.share, text.short, text.title, text.interval, text.p_value)
    environment.filters |= {f"as_{one.__name__}": one for one in filters}
    return environment


def _content(run: RunResult) -> dict[str, Any]:
    """What the template names."""
    return {
        "name": Path(run.source.origin).name or run.source.origin,
        "version": version("prefqa"),
        "source": run.source,
        "reading": [text.printable(line) for line in short_lines(run.source.facts)],
        "check": run.check,
        "n_left_out": run.check.left_out.n_rows,
        "left_out": str(run.check.left_out),
        "findings": [_finding(row) for row in records(run.check.findings)],
        "not_run": records(run.check.not_run),
        "overall": run.consensus.overall,
        "items": _items(run.consensus.overall),
        "n_pairs": run.pairs.height,
        "training_pairs": run.pair_set.sentence,
        "histogram": charts.histogram(run.pairs["probability"].drop_nulls()),
        "settings": "\n".join(map(text.printable, dumps(run.settings)[:_MAX_SETTINGS].splitlines())),
        **_verdict(run),
        **_agreement(run.agreement),
        "heat_map": charts.matrix(run.disagreement.pairs),
        "divided": records(run.disagreement.items.head(MAX_DIVIDED)),
        "meaning_of_disagreement": [
            *text.words_of_split(run.disagreement.split),
            *text.sentences_of_ceiling(run.disagreement.ceiling),
        ],
        **_drift(run.drift, run.agreement.level),
        "criterion": run.criterion,
        "by_criterion": [
            (part.name, part.pair_set.sentence, "" if part.pair_set.no_file else part.file(number))
            for number, part in enumerate(run.by_criterion, start=1)
        ],
        **_criteria(run.criteria),
        **_leaderboard(run),
        **_annotators(run.consensus.annotators),
        "calibration": charts.calibration(run.consensus.overall["calibration"]),
        "doubtful": records(doubtful(run.consensus.items)),
    }


def _verdict(run: RunResult) -> dict[str, Any]:
    lines = sorted(records(run.gate.lines), key=lambda line: _VERDICTS.index(line["verdict"]))
    counts = {verdict: sum(line["verdict"] == verdict for line in lines) for verdict in _VERDICTS}
    notes = []
    if not run.consensus.overall["n_judgments"]:
        notes.append("No judgment counts: this verdict says nothing about the data.")
    if run.gate.not_judged:
        notes.append(f'Not judged ([gate] policy = "off"): {", ".join(run.gate.not_judged)}.')
    return {
        "verdict": run.gate.verdict,
        "verdict_sentence": text.gate_sentence(run.gate),
        "gate": lines[:MAX_LINES],
        "n_gate": len(lines),
        "gate_counts": {verdict: n for verdict, n in counts.items() if n},
        "gate_notes": notes,
    }


def _agreement(result: AgreementResult) -> dict[str, Any]:
    estimates = result.estimates
    whole = records(estimates.filter(pl.col("slice").is_null()))
    prefix = f"{result.by[0]}=" if len(result.by) == 1 else ""
    slices = [
        {"slice": str(name).removeprefix(prefix), "n_items": part["n_items"].max(), "cells": records(part)}
        for (name,), part in estimates.filter(pl.col("slice").is_not_null()).group_by("slice", maintain_order=True)
    ]
    return {
        "agreement": result,
        "estimates": [row | {"words": in_words(row, result.level)} for row in whole],
        "words_source": f"{BENCHMARKS['landis_koch'].source}: {BY_PROBABILITY}",
        "interval_chart": charts.intervals(whole, result.level),
        "slices": slices[:MAX_SLICES],
        "n_slices": len(slices),
        "sliced_by": result.by[0] if prefix else "slice",
    }


def _drift(result: DriftResult, level: float) -> dict[str, Any]:
    detectors = [
        {"name": name, "title": charts.TITLES.get(str(name), name), "rows": records(part), "seen": _seen(part)}
        for (name,), part in result.detectors.group_by("detector", maintain_order=True)
    ]
    n_periods = result.timeline["period"].n_unique()
    return {
        "drift": result,
        "changes": records(result.changes),
        "detectors": [one | {"rows": one["rows"][:MAX_PERIODS], "n_rows": len(one["rows"])} for one in detectors],
        "timeline": charts.timeline(result.timeline, result.changes, level),
        "annotator_lines": charts.annotator_lines(result.lines),
        "n_periods": n_periods,
        "too_many_periods": n_periods > charts.MAX_PERIODS,
    }


def _seen(part: pl.DataFrame) -> str | None:
    """The smallest change that could have been seen: in the period with most data, and in that with least."""
    seen = part["min_detectable"].drop_nulls().sort().to_list()
    if not seen:
        return None
    low, high = text.number(seen[0]), text.number(seen[-1])
    return low if low == high else f"{low} to {high}, depending on the period"


def _items(overall: dict[str, Any]) -> list[tuple[str, int]]:
    """How the items came out; what no item did is not listed, but for the first four."""
    words = {
        "one response is best": "n_items_with_winner",
        "several share first place": "n_items_tied",
        "all votes on each pair are equal": "n_items_unanimous",
        "majorities run in a circle (cycle)": "n_items_with_cycle",
        "judged by one annotator only": "n_items_single_annotator",
        "one response only, nothing to compare": "n_items_single_response",
        "best order not proven (Kemeny search cut short)": "n_items_not_exact",
    }
    listed = [(said, int(overall.get(key, 0))) for said, key in words.items()]
    return listed[:4] + [(said, n) for said, n in listed[4:] if n]


def _leaderboard(run: RunResult) -> dict[str, Any]:
    board = run.leaderboard
    if board is None:
        return {"leaderboard": None, "no_leaderboard": run.no_leaderboard, "names": [], "names_chart": None}
    names = records(board.leaderboard.head(MAX_ANNOTATORS))
    bars = [row | {"estimate": row["score"]} for row in names[:MAX_BARS]]
    caption = f"Scores on the log scale with their {board.level:.0%} intervals, 0 is the mean of all"
    return {"leaderboard": board, "names": names, "names_chart": charts.points(bars, caption)}


def _criteria(found: CriteriaResult | None) -> dict[str, Any]:
    """Weights of criteria, and the votes that contradict them most."""
    if found is None:
        return {"criteria": None, "criteria_weights": [], "contradictions": []}
    listed = [
        row | {"against": ", ".join(vote["criterion"] for vote in row["criteria"] if vote["prefers"] == "rejected")}
        for row in records(found.contradictions.head(MAX_DIVIDED))
    ]
    return {"criteria": found, "criteria_weights": records(found.weights), "contradictions": listed}


def _annotators(annotators: pl.DataFrame) -> dict[str, Any]:
    worst_first = annotators.sort("reliability", "agreement_with_others", "annotator_id", nulls_last=True)
    shown = worst_first.head(MAX_ANNOTATORS)
    half = _TWO_SIDED * pl.col("reliability_se")
    bars = shown.head(MAX_BARS).select(
        name="annotator_id",
        estimate="reliability",
        ci_low=(pl.col("reliability") - half).clip(0, 1),
        ci_high=(pl.col("reliability") + half).clip(0, 1),
    )
    caption = "Reliability: the share of an annotator's votes expected to be right, with its 95% interval, lowest first"
    return {
        "annotators": records(shown),
        "n_annotators": annotators.height,
        "weighed": annotators["reliability"].null_count() < annotators.height,
        "reliability_chart": charts.points(records(bars), caption, (0.0, 1.0)),
    }


def doubtful(items: pl.DataFrame) -> pl.DataFrame:
    """Return the items whose order is least certain: entropy of the order as a share of the most there can be."""
    most = pl.col("k").replace_strict(_MOST_BITS, default=None, return_dtype=pl.Float64)
    open_ = items.with_columns(doubt=pl.col("entropy") / most).filter(pl.col("doubt") > 0)
    return open_.sort("doubt", "item_id", descending=[True, False]).head(MAX_DIVIDED)


def _finding(row: dict[str, Any]) -> dict[str, Any]:
    explained = {rule.code: rule.explanation for rule in RULES}
    return row | {"examples": row["examples"][:MAX_EXAMPLES], "explanation": explained.get(row["code"], "")}
