"""The terminal: short, set for 80 columns, safe to print."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

import prefqa
from prefqa import terminal


def printed(function: str, *arguments: object) -> str:
    out = io.StringIO()
    getattr(terminal, function)(Console(file=out, width=80, highlight=False), *arguments)
    return out.getvalue()


def test_a_run_fits_a_screen() -> None:
    run = prefqa.run(prefqa.simulate(n_items=50, seed=1, texts=False).preferences)
    lines = printed("print_run", run, Path("out")).splitlines()
    assert len(lines) < 25
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("Gate passed") for line in lines)


def test_data_cannot_style_or_steer_the_terminal() -> None:
    rows = [
        {"item_id": "[red]p[/red]", "annotator_id": "a\x1b[2J\r\n", "response_id": r, "rank": n}
        for r, n in (("x", 0), ("y", 1))
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
    assert terminal.shown("x" * 100) == "x" * 59 + "…"
    assert terminal.shown("a\u202eb") == "a\\u202eb"
