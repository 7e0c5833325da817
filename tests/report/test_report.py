"""The report: one file, nothing loaded, everything escaped, the same bytes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.errors import UsageError

EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture(scope="module")
def run() -> prefqa.RunResult:
    return prefqa.run(prefqa.simulate(n_items=80, seed=1, weeks=3).preferences, config={"agreement": {"by": ["batch"]}})


def test_the_report_says_what_the_run_found(run: prefqa.RunResult) -> None:
    text = " ".join("".join(Page(prefqa.report(run)).text).split())
    for words in ("PASS", "alpha_nominal", "batch=week-01", "Findings", "Over time", "Annotators", "annotator-01"):
        assert words in text
    alpha = run.agreement.estimates["estimate"][0]
    assert f"{alpha:.3f}" in text


def test_nothing_is_loaded_from_elsewhere(run: prefqa.RunResult) -> None:
    html = prefqa.report(run)
    page = Page(html)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "img", "object", "base")]
    loaded = [
        value
        for _, attrs in page.tags
        for name, value in attrs.items()
        if name in ("src", "href", "xlink:href", "style") and value and "//" in value
    ]
    assert not loaded
    assert not re.findall(r"@import|url\(", html)
    assert sum(tag == "svg" for tag, _ in page.tags) == 3


def test_data_is_escaped_wherever_it_stands() -> None:
    prefs = prefqa.simulate(n_items=40, seed=1, weeks=2, guideline_versions=2, texts=False).preferences
    names = ("item_id", "annotator_id", "response_id", "guideline_version", "batch")
    evil = prefs.judgments.with_columns(pl.format(f"{EVIL}{{}}", pl.col(n)).alias(n) for n in names)
    evil = evil.with_columns(rank=pl.col("rank") + 1)
    config = {"agreement": {"by": ["batch"]}, "drift": {"version": "guideline_version"}}
    run = prefqa.run(prefqa.Preferences.from_long(evil, source=prefqa.Preferences(evil).source), config=config)
    html = prefqa.report(run)
    page = Page(html)
    assert "script" not in {tag for tag, _ in page.tags}
    assert EVIL not in html
    assert any(EVIL in text for text in page.text)
    assert not [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)]


def test_the_same_run_gives_the_same_bytes(run: prefqa.RunResult) -> None:
    shuffled = prefqa.simulate(n_items=80, seed=1, weeks=3).preferences
    rows = shuffled.judgments.collect().sample(fraction=1, shuffle=True, seed=3)
    again = prefqa.run(shuffled.with_judgments(rows.lazy()), config={"agreement": {"by": ["batch"]}})
    assert prefqa.report(run) == prefqa.report(again)


def test_what_is_undefined_is_said_and_long_ids_are_cut(tmp_path: Path) -> None:
    rows = [
        {"item_id": "p" * 10_000, "annotator_id": "a", "response_id": r, "rank": n} for r, n in (("x", 1), ("y", 3))
    ]
    html = prefqa.report(prefqa.run(prefqa.read(rows)))
    assert "no pair of responses was judged by two annotators" in html
    assert "not looked for" in html
    assert "p" * 200 not in html


def test_no_usable_row_still_gives_a_report() -> None:
    html = prefqa.report(prefqa.run([{"item_id": None, "annotator_id": "a", "response_id": "x", "rank": 1}]))
    assert "FAIL" in html
    assert "PQ102" in html


def test_anything_but_a_run_is_refused() -> None:
    with pytest.raises(UsageError, match=r"prefqa\.run"):
        prefqa.report([1])  # type: ignore[arg-type]
