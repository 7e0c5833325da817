"""The report: one file, nothing loaded, everything escaped, the same bytes."""

from __future__ import annotations

import builtins
import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.errors import MissingExtraError, UsageError
from prefqa.report import charts, html, text, write_report

EVIL = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "wbr"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())


@pytest.fixture(scope="module")
def run() -> prefqa.RunResult:
    return prefqa.run(prefqa.simulate(n_items=80, seed=1, weeks=3).preferences, config={"agreement": {"by": ["batch"]}})


def test_the_report_says_what_the_run_found(run: prefqa.RunResult) -> None:
    words = Page(prefqa.report(run)).words
    for said in (
        run.gate.verdict.upper(),
        "alpha_nominal",
        "batch",
        "week-01",
        "Findings",
        "Over time",
        "Annotators",
        "annotator-01",
    ):
        assert said in words
    alpha = run.agreement.estimates["estimate"][0]
    assert f"{alpha:.3f}" in words
    assert f"{run.check.not_run.height} rules could not run" in words
    assert '"max_examples": 5' in words
    assert "agreement is above chance" in words


def test_sections_stand_in_the_order_of_the_two_readers(run: prefqa.RunResult) -> None:
    ids = [attrs["id"] for _, attrs in Page(prefqa.report(run)).tags if "id" in attrs]
    assert ids == ["agreement", "time", "consensus", "leaderboard", "annotators", "findings", "settings"]


def test_tables_say_what_they_are(run: prefqa.RunResult) -> None:
    tags = Page(prefqa.report(run)).tags
    assert ("html", {"lang": "en"}) in tags
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    tables, captions = (sum(tag == name for tag, _ in tags) for name in ("table", "caption"))
    with_examples = run.check.findings["examples"].list.len() > 0
    assert tables == captions == 9 + with_examples.sum() + (not run.check.findings.is_empty())


def test_consensus_shows_its_calibration_the_annotators_and_what_is_doubtful(run: prefqa.RunResult) -> None:
    page = prefqa.report(run)
    words = Page(page).words
    assert "predicts held-out judgments" in words
    assert charts.calibration(run.consensus.overall["calibration"]) is not None
    assert "how often held-out votes were for it" in words
    least = html.doubtful(run.consensus.items)
    assert least["doubt"].is_sorted(descending=True)
    assert least["doubt"].is_between(0, 1).all()
    assert str(least["item_id"][0]) in words


def test_the_leaderboard_ranks_models_and_says_why_there_is_none(run: prefqa.RunResult) -> None:
    assert run.leaderboard is not None
    words = Page(prefqa.report(run)).words
    assert all(name in words for name in run.leaderboard.leaderboard["name"])
    without = prefqa.run(run.consensus._preferences, config={"leaderboard": {"by": "none"}})
    assert without.leaderboard is None
    assert "None: not asked for" in Page(prefqa.report(without)).words


def test_a_method_that_was_not_chosen_by_held_out_votes_has_no_curve() -> None:
    prefs = prefqa.simulate(n_items=20, seed=1, weeks=2).preferences
    words = Page(prefqa.report(prefqa.run(prefs, config={"consensus": {"method": "borda"}}))).words
    assert "held-out" not in words
    assert "drawn towards one half by a prior" in words


def test_nothing_is_loaded_from_elsewhere(run: prefqa.RunResult) -> None:
    whole = prefqa.report(run)
    page = Page(whole)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe", "img", "object", "base")]
    loaded = [
        value
        for _, attrs in page.tags
        for name, value in attrs.items()
        if name in ("src", "href", "xlink:href", "style") and value and "//" in value
    ]
    assert not loaded
    assert not re.findall(r"@import|url\(", whole)
    figures = sum(tag == "figure" for tag, _ in page.tags)
    assert sum(tag == "svg" for tag, _ in page.tags) == figures > 8
    assert not re.findall(r"https?://(?!www\.w3\.org/)", whole)
    assert not page.open


def test_data_is_escaped_wherever_it_stands() -> None:
    prefs = prefqa.simulate(n_items=40, seed=1, weeks=2, guideline_versions=2, texts=False).preferences
    names = ("item_id", "annotator_id", "response_id", "guideline_version", "batch")
    evil = prefs.judgments.with_columns(pl.format(f"{EVIL}{{}}", pl.col(n)).alias(n) for n in names)
    evil = evil.with_columns(rank=pl.col("rank") + 1)
    config = {"agreement": {"by": ["batch"]}, "drift": {"version": "guideline_version"}}
    run = prefqa.run(prefqa.Preferences.from_long(evil, source=prefqa.Preferences(evil).source), config=config)
    whole = prefqa.report(run)
    page = Page(whole)
    assert "script" not in {tag for tag, _ in page.tags}
    assert EVIL not in whole
    assert whole.count("&lt;script&gt;alert(1)") > 20
    svg = "".join(re.findall(r"<svg.*?</svg>", whole, flags=re.DOTALL))
    assert "&lt;script&gt;alert" in svg
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
    whole = prefqa.report(prefqa.run(prefqa.read(rows)))
    assert "no pair of responses was judged by two annotators" in whole
    assert "not looked for" in whole
    assert "p" * 200 not in whole


def test_no_usable_row_still_gives_a_report() -> None:
    words = Page(
        prefqa.report(prefqa.run([{"item_id": None, "annotator_id": "a", "response_id": "x", "rank": 1}]))
    ).words
    assert "FAIL" in words
    assert "PQ102" in words
    assert "No judgment counts: this verdict says nothing about the data." in words
    assert "No annotator has a judgment that counts." in words


def test_anything_but_a_run_is_refused() -> None:
    with pytest.raises(UsageError, match=r"prefqa\.run"):
        prefqa.report([1])  # type: ignore[arg-type]


def test_a_finding_shows_the_rows_to_mend_and_why() -> None:
    rows = [
        {"item_id": "p", "annotator_id": "שלום", "response_id": r, "rank": n}
        for r, n in (("x", "1"), ("y", "uppermost"))
    ]
    page = Page(prefqa.report(prefqa.run(rows, config={"checks": {"max_examples": 100}})))
    assert "PQ104" in page.words
    assert "uppermost" in page.words
    assert "שלום" in page.words
    assert "to rank by it can turn the preference upside down" in page.words
    assert ("details", {"open": None}) in page.tags


def test_a_change_over_time_is_told_and_marked() -> None:
    drift = prefqa.Drift("position", 3, 1.5)
    prefs = prefqa.simulate(n_items=300, seed=0, texts=False, weeks=6, drift=drift).preferences
    found = prefqa.run(prefs)
    whole = prefqa.report(found)
    words = Page(whole).words
    assert found.drift.alarm
    assert found.drift.changes["sentence"][0] in words
    assert "The smallest changes that could have been seen" in words
    assert "changed" in words
    assert "! WARN" in words
    assert found.gate.passed
    svg = re.findall(r"<svg.*?</svg>", whole, flags=re.DOTALL)
    assert any(charts.ALARM in one for one in svg if "2025-" in one)
    assert "< 0.001" in words


def test_an_inconclusive_gate_is_called_so() -> None:
    prefs = prefqa.simulate(n_items=40, seed=1, texts=False).preferences
    estimate = prefqa.agreement(prefs, coefficients=["alpha_nominal"]).estimates["estimate"][0]
    gate = {"agreement": [{"coefficient": "alpha_nominal", "min": round(estimate, 2)}]}
    words = Page(prefqa.report(prefqa.run(prefs, config={"gate": gate}))).words
    assert "? INCONCLUSIVE" in words
    assert "1 condition could not be decided" in words
    allowed = prefqa.run(prefs, config={"gate": gate | {"allow_inconclusive": True}})
    assert "The configuration allows that" in Page(prefqa.report(allowed)).words


def test_the_page_stays_small_whatever_the_data() -> None:
    prefs = prefqa.simulate(n_items=500, n_annotators=200, seed=1, texts=False).preferences
    long = prefs.with_judgments(prefs.judgments.with_columns(batch=pl.col("item_id")))
    config = {"agreement": {"by": ["batch"]}, "drift": {"batch": "batch"}, "checks": {"max_examples": 1000}}
    whole = prefqa.report(prefqa.run(long, config=config))
    words = Page(whole).words
    assert len(whole) < 400_000
    assert f"{html.MAX_ANNOTATORS} of 200" in words
    assert f"The first {html.MAX_SLICES} of 500" in words
    assert "500 periods are too many to draw" in words


def test_periods_with_the_same_beginning_stay_apart_in_the_chart() -> None:
    labels = charts._labels(["v" * 50 + "1", "v" * 50 + "2", "", "a\u202eb"])
    assert len(set(labels.values())) == 4
    assert all("\u202e" not in label for label in labels.values())


def test_missing_intervals_leave_the_point() -> None:
    schema = {"period": pl.String, "coefficient": pl.String, "estimate": pl.Float64}
    schema |= {"ci_low": pl.Float64, "ci_high": pl.Float64}
    rows = [("a", "tie_rate", 0.1, None, None), ("b", "tie_rate", 0.2, 0.1, 0.3), ("c", "tie_rate", None, None, None)]
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    none = pl.DataFrame(schema={"what": pl.String, "since": pl.String})
    assert len(charts.timeline(frame, none)) == 1
    assert charts.timeline(frame.head(1), none) == []
    assert charts.timeline(frame.head(0), none) == []


def test_the_style_sheet_knows_the_colours_of_the_charts(run: prefqa.RunResult) -> None:
    whole = prefqa.report(run)
    style, svg = whole.partition("</style>")[0], "".join(re.findall(r"<svg.*?</svg>", whole, flags=re.DOTALL))
    for colour in (charts.LINE, charts.ALARM, charts.TEXT, charts.GRID):
        assert f'="{colour}"]' in style
    drawn = set(re.findall(r'(?:fill|stroke)="(#[0-9a-f]+)"', svg))
    assert drawn <= {charts.LINE, charts.ALARM, charts.TEXT, charts.GRID}


@pytest.mark.parametrize("package", ["jinja2", "altair", "vl_convert"])
def test_a_missing_package_is_named(run: prefqa.RunResult, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    real = builtins.__import__

    def without(name: str, *rest: object, **more: object) -> object:
        if name == package:
            raise ImportError(name)
        return real(name, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"prefqa\[report\]"):
        prefqa.report(run)


def test_the_file_is_written_whole(run: prefqa.RunResult, tmp_path: Path) -> None:
    write_report(run, tmp_path / "new" / "report.html")
    assert (tmp_path / "new" / "report.html").read_text(encoding="utf-8") == prefqa.report(run)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["report.html"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (text.number(-0.0001), "0.000"),
        (text.number(-0.5), "−0.500"),
        (text.number(None), "–"),
        (text.share(0.0001), "< 0.1%"),
        (text.share(0.0), "0.0%"),
        (text.p_value(0.0), "< 0.001"),
        (text.p_value(None), "–"),
        (text.short("a\u00a0b\u202e\x1b"), "a b��"),
        (text.short("👩\u200d🔬"), "👩\u200d🔬"),
        (text.short("x" * 100), "x" * 79 + "…"),
        (text.title("x" * 80), ""),
        (text.title("x" * 90), "x" * 90),
    ],
)
def test_values_read_well(shown: str, expected: str) -> None:
    assert shown == expected
