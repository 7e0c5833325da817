"""The terminal: short, set for 80 columns, safe to print."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console
from rich.text import Text

import prefqa
from prefqa.checks import RULES, schema_tables
from prefqa.terminal import drift as terminal_drift
from prefqa.terminal import parts, summary


def printed(function: str, *arguments: object) -> str:
    out = io.StringIO()
    home = terminal_drift if function == "print_drift" else summary
    getattr(home, function)(Console(file=out, width=80, highlight=False), *arguments)
    return out.getvalue()


def test_a_run_fits_a_screen() -> None:
    run = prefqa.run(prefqa.simulate(n_items=200, seed=1, spammers=0.0, texts=False).preferences)
    lines = printed("print_run", run, Path("out")).splitlines()
    assert len(lines) < 25
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("Gate passed") for line in lines)
    text = " ".join(" ".join(lines).split())
    alpha = run.agreement.estimates["estimate"][0]
    found = f"{run.check.findings.height} findings"
    for words in ("200 items", found, f"alpha_nominal {alpha:.3f}", "Drift", "pairs by mallows", "Files out"):
        assert words in text


def test_a_failed_run_says_what_failed_and_where_the_findings_are() -> None:
    rows = [
        {"item_id": i, "annotator_id": a, "response_id": r, "rank": n}
        for i in "pq"
        for a in "st"
        for r, n in (("x", 1), ("y", 2 if (i, a) == ("p", "s") else -1))
    ]
    text = printed("print_run", prefqa.run(rows, config={"agreement": {"by": ["annotator_id"]}}), Path("out"))
    assert "PQ104 error" in text
    assert "Gate failed" in text
    assert "By annotator_id: see the report." in text


def test_no_figure_is_torn_over_two_lines() -> None:
    prefs = prefqa.simulate(
        n_items=200, seed=2, texts=False, weeks=6, drift=prefqa.Drift("position", 3, 1.5)
    ).preferences
    drifted = prefqa.drift(prefs)
    lines = printed("print_drift", drifted).splitlines()
    assert max(map(len, lines)) <= 80
    for row in drifted.detectors.filter(kind="context").iter_rows(named=True):
        estimate = [] if row["estimate"] is None else [f"{row['estimate']:.3f}"]
        figures = [*estimate, f"{row['ci_low']:.3f} to {row['ci_high']:.3f}"]
        assert any(all(word in line for word in (row["period"] or row["unit"], *figures)) for line in lines)
    assert drifted.alarm
    assert " ".join(drifted.changes.filter("alarm")["sentence"]) in " ".join(" ".join(lines).split())
    assert any(line.split()[0] == "position" and line.rstrip().endswith("changed") for line in lines if line.strip())


def test_slices_stand_below_each_other_and_are_bounded() -> None:
    prefs = prefqa.simulate(n_items=80, seed=1, texts=False).preferences
    result = prefqa.agreement(prefs, by="item_id", coefficients=["alpha_nominal"])
    text = printed("print_agreement", result)
    assert text.count("item_id=") == parts.MAX_ROWS
    assert "20 slices more" in text


def test_further_lines_stand_below_the_first() -> None:
    lines = printed("print_gate", prefqa.gate(check=failing())).splitlines()
    assert lines[0].startswith("fail         findings")
    out = io.StringIO()
    parts.hang(Console(file=out, width=40), Text("fail"), "word " * 20)
    assert [line[:13].strip() for line in out.getvalue().splitlines()] == ["fail", "", "", ""]
    assert max(map(len, out.getvalue().splitlines())) <= 40


def failing() -> prefqa.CheckResult:
    return prefqa.check(prefqa.read([{"item_id": None, "annotator_id": "a", "response_id": "x", "rank": 1}]))


def test_consensus_leaves_out_what_did_not_happen() -> None:
    result = prefqa.consensus(prefqa.simulate(n_items=20, seed=1, texts=False).preferences)
    text = printed("print_consensus", result)
    assert "with one best response" in text
    assert "with one response only" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_schema_and_rules_are_whole(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    summary.print_schema(console, schema_tables())
    summary.print_rules(
        console, [{"code": r.code, "name": r.name, "severity": r.severity, "summary": r.summary} for r in RULES]
    )
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "created_at" in text
    for rule in RULES:
        assert rule.code in text
        assert rule.name in text


def test_nothing_judged_is_said() -> None:
    empty = {name: [] for name in ("item_id", "annotator_id", "response_id", "rank")}
    run = prefqa.run(pl.DataFrame(empty, schema_overrides={"rank": pl.Int64}))
    text = printed("print_run", run, Path("out"))
    assert "0 items" in text
    assert "undefined" in text
    assert "None" not in text + printed("print_consensus", run.consensus)


def test_data_cannot_style_or_steer_the_terminal() -> None:
    rows = [
        {"item_id": "[red]p[/red]", "annotator_id": "a\x1b[2J\r\n", "response_id": r, "rank": n}
        for r, n in (("x", -1), ("y", 1))
    ]
    text = printed("print_findings", prefqa.check(prefqa.read(rows)))
    assert "[red]p[/red]" in text
    assert "\x1b" not in text
    assert "a\\x1b[2J\\r\\n" in text


def test_what_is_undefined_says_why() -> None:
    alone = prefqa.simulate(n_items=10, n_annotators=1, annotators_per_item=1, texts=False).preferences
    text = " ".join(printed("print_agreement", prefqa.agreement(alone)).split())
    assert "undefined" in text
    assert "two annotators" in text
    assert "could not be looked for" not in printed(
        "print_drift", prefqa.drift(prefqa.simulate(texts=False).preferences)
    )


def test_shown_cuts_and_neutralises() -> None:
    assert parts.shown("x" * 100) == "x" * 59 + "…"
    assert parts.shown("a\u202eb") == "a\\u202eb"
