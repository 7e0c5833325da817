"""Runs the rules: what they share is computed once, what they leave out is named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

import polars as pl

from prefqa._words import formatted
from prefqa.checks.baseline import with_baseline
from prefqa.checks.finders import FINDERS
from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.looks import OF_TEXTS, missing
from prefqa.checks.request import Request
from prefqa.checks.result import EXAMPLE, FINDING_SCHEMA, CheckResult, by_severity
from prefqa.checks.rule import Rule
from prefqa.checks.said import LOOKS as WITH_EFFECT
from prefqa.checks.slices import outside
from prefqa.checks.table import LONG
from prefqa.dtypes import free_name
from prefqa.personal import masked
from prefqa.preferences import ROW, Preferences, as_preferences

T = TypeVar("T")
#: Columns of the quarantine beside those of the judgments.
_OF_QUARANTINE = ("row", "code", "reason")


def check(prefs: Preferences, **asked: Any) -> CheckResult:
    """Check preferences against the rules on the data alone; see `prefqa.check`, which adds the others."""
    return check_data(prefs, Request(**asked))[0]


def check_data(
    prefs: Preferences,
    request: Request,
    kept: Sequence[str] = (),
    further: Callable[[Preferences], T | None] = lambda _: None,
) -> tuple[CheckResult, T | None]:
    """Check preferences against the rules on the data; hand on what was read, with the columns `kept`.

    Rows that no result can use (empty ids, not submitted, no rank) are never counted anywhere, whether or not their
    rule runs; the rule puts them into the quarantine. What `further` makes of the preferences that are left in is
    returned too.
    """
    prefs = as_preferences(prefs)
    rules = request.rules(FINDERS)
    known = request.known
    unasked = request.without(rules)
    now = request.now or datetime.now(UTC)
    frames = {
        wheres: Frame.of(
            outside(prefs, wheres),
            now,
            request.settings,
            [rule.code for rule in rules if unasked[rule.code] == wheres],
            () if wheres else kept,
        )
        for wheres in {(), *unasked.values()}
    }
    frame = frames[()]
    by_code = {rule.code: frames[unasked[rule.code]] for rule in rules}
    for code, its in by_code.items():
        _ = its.prompts if code in OF_TEXTS else its.table  # both sides ask for them: made before they part
    of_texts = {code: its for code, its in by_code.items() if code in OF_TEXTS}
    others = {code: its for code, its in by_code.items() if code not in OF_TEXTS}
    # Until the first texts are read there is time for the others, which take one core for most of theirs.
    with ThreadPoolExecutor(1) as beside:
        rest = beside.submit(_found, others)
        found = _found(of_texts) | rest.result()
    if any(its is frame and missing(code) is None for code, its in of_texts.items()):  # else nobody has read texts
        frame.hand_over_lengths()
    leaving = [(rule, found[rule.code]) for rule in rules if rule.quarantines]
    left_out = [_left_out(rule, one) for rule, one in leaving if isinstance(one, Found) and one.count]
    quarantine, clean, n_ranked = _split(prefs, frame, left_out)
    more = further(clean)
    findings = [
        finding(rule, one, request.level_of(rule), request.max_examples)
        for rule in rules
        if isinstance(one := found[rule.code], Found) and one.count
    ]
    not_run = [{"code": code, "reason": one.reason} for code, one in found.items() if isinstance(one, NotRun)]
    checked = CheckResult(
        findings=by_severity(with_baseline(pl.DataFrame(findings, schema=FINDING_SCHEMA, orient="row"), known)),
        quarantine=quarantine,
        preferences=clean,
        not_run=pl.DataFrame(not_run, schema={"code": pl.String, "reason": pl.String}, orient="row").sort("code"),
        n_rows=frame.n_rows,
        n_judgments=frame.n_judgments,
        ran=tuple(rule.code for rule in rules if not isinstance(found[rule.code], NotRun)),
        uncounted=frame.uncounted(quarantine),
        n_ranked=n_ranked,
        marked={
            code: one.rows.select("item_id", "response_id").collect()
            for code, one in found.items()
            if code in WITH_EFFECT and isinstance(one, Found) and one.count
        },
    )
    return checked, more


def _found(frames: Mapping[str, Frame]) -> dict[str, Found | NotRun]:
    """What rules find, each in its frame."""
    return {code: FINDERS[code](frame) for code, frame in frames.items()}


def finding(rule: Rule, found: Found, severity: str, max_examples: int) -> dict[str, object]:
    """Return the row of the findings for what a rule found."""
    have = found.rows.collect_schema()
    columns = dict(zip(EXAMPLE, (ROW, "item_id", "annotator_id", "response_id", "_value"), strict=True))
    examples = (
        found.rows.select(
            (pl.col(column) if column in have else pl.lit(None)).cast(EXAMPLE[name]).alias(name)
            for name, column in columns.items()
        )
        .bottom_k(max_examples, by=[pl.col("value").is_null(), *EXAMPLE])
        .sort(*EXAMPLE)
        .collect()
    )
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": severity,
        "count": found.count,
        "share": found.count / found.of if found.of else 0.0,
        "message": found.message,
        "examples": [row | {"value": row["value"] and masked(row["value"])} for row in examples.to_dicts()],
        "baseline": None,
    }


def _left_out(rule: Rule, found: Found) -> pl.LazyFrame:
    reason = pl.when(pl.col("_value").is_not_null()).then(
        formatted("{}: {}", pl.lit(rule.summary), pl.col("_value").cast(pl.String))
    )
    return found.rows.select(
        LONG, pl.lit(rule.code).alias("code"), reason.otherwise(pl.lit(rule.summary)).alias("reason")
    )


def _split(prefs: Preferences, frame: Frame, left_out: list[pl.LazyFrame]) -> tuple[pl.DataFrame, Preferences, int]:
    """Divide the rows into the quarantine (each once, with its first code) and the preferences that go on.

    The third value is how many rows with a rank go on.

    What was read of these is handed over, so that nobody reads it again.
    """
    names = [name for name in prefs.judgments.collect_schema().names() if name not in (ROW, LONG)]
    taken = {*names, *_OF_QUARANTINE}
    theirs = {name: free_name(f"source_{name}", taken) for name in names if name in _OF_QUARANTINE}
    if not left_out:
        frame.hand_over(prefs)
        empty = prefs.judgments.head(0).rename(theirs).rename({ROW: "row"}).collect()
        empty = empty.with_columns(code=pl.lit(None, pl.String), reason=pl.lit(None, pl.String))
        return empty, prefs, int(frame.table.ranked().sum())
    bad = pl.concat(left_out).collect().sort(LONG, "code", "reason").unique(LONG, keep="first", maintain_order=True)
    long = frame.all_rows.select(LONG, ROW, *names)
    quarantine = long.rename(theirs).join(bad.lazy(), on=LONG, how="inner").sort(ROW, LONG).drop(LONG)
    clean = long.join(bad.lazy().select(LONG), on=LONG, how="anti", maintain_order="left").drop(LONG)
    going_on = prefs.with_judgments(clean)
    frame.hand_over(going_on, bad[LONG])
    return quarantine.rename({ROW: "row"}).collect(), going_on, int(frame.table.ranked(bad[LONG]).sum())
