"""How a source was read: roles of columns, meanings of votes, scales, times and examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl

from prefqa.personal import masked
from prefqa.results import Result, records

COLUMNS = {"column": pl.String(), "role": pl.String(), "note": pl.String()}
VALUES = {"column": pl.String(), "value": pl.String(), "meaning": pl.String(), "count": pl.Int64()}


@dataclass(frozen=True)
class Facts:
    """What a reader knows of its reading before any row is counted.

    Attributes:
        columns: column, role and note of every column of the source; the role is null where a column is not used.
        values: how each value of a vote was read: first, second, tie, both_bad, missing, or null where it was not read.
        statements: further sentences, such as how items and responses are told apart.
        config: the keys of `[read]` and `[columns]` under which the source is read the same way.
    """

    columns: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COLUMNS))
    values: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=VALUES))
    statements: tuple[str, ...] = ()
    config: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return columns, values and statements as plain data."""
        return {
            "columns": records(self.columns),
            "values": records(self.values),
            "statements": list(self.statements),
        }


@dataclass(frozen=True)
class Reading(Result):
    """How a source was read.

    Attributes:
        origin: the source.
        layout: the shape or format that it was read as.
        detail: what that is.
        columns: see `Facts`.
        values: see `Facts`.
        statements: see `Facts`.
        figures: n_rows (judgments times responses), n_judgments, n_items, n_prompts, n_annotators, n_criteria, n_ranked
            (rows with a rank), n_unread_ranks, and n_votes_unread.
        scales: per column of numbers (score, rank): lowest, highest, number of distinct values, and which end is
            better.
        times: first and last time, and the number of judgments that have one; None without times.
        examples: three judgments in words.
        config: the reading as a configuration, for `prefqa inspect --write-config`.
    """

    origin: str
    layout: str
    detail: str
    columns: pl.DataFrame
    values: pl.DataFrame
    statements: tuple[str, ...]
    figures: dict[str, int]
    scales: pl.DataFrame
    times: dict[str, Any] | None
    examples: tuple[str, ...]
    config: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form: the attributes under their names."""
        return {
            "origin": self.origin,
            "layout": self.layout,
            "detail": self.detail,
            "columns": records(self.columns),
            "values": records(self.values),
            "statements": list(self.statements),
            "figures": self.figures,
            "scales": records(self.scales),
            "times": self.times,
            "examples": list(self.examples),
            "config": self.config,
        }


class _Preferences(Protocol):
    """What is looked at of preferences."""

    @property
    def judgments(self) -> pl.LazyFrame: ...
    @property
    def responses(self) -> pl.DataFrame | None: ...
    @property
    def items(self) -> pl.DataFrame | None: ...
    @property
    def source(self) -> Any: ...
    @property
    def texts(self) -> pl.LazyFrame | None: ...


def reading_of(prefs: _Preferences) -> Reading:
    """Count what was read and show three judgments."""
    source = prefs.source
    facts = source.facts
    names = prefs.judgments.collect_schema().names()
    judgments = prefs.judgments
    return Reading(
        origin=source.origin,
        layout=source.shape,
        detail=source.detail,
        columns=facts.columns,
        values=facts.values,
        statements=(*facts.statements, *_strength(judgments, names)),
        figures=_figures(prefs, names),
        scales=_scales(judgments, names, facts.config),
        times=_times(judgments, names),
        examples=_examples(prefs, names),
        config=facts.config,
    )


def short_lines(facts: Facts) -> list[str]:
    """Return the reading in a few lines: columns in their roles, values of votes, statements, and what is not used."""
    lines = []
    roles: dict[str, list[str]] = {}
    unused = []
    for column, role, _ in facts.columns.iter_rows():
        if role is None:
            unused.append(column)
        elif column != role:
            roles.setdefault(role, []).append(column)
    if roles:
        lines.append(
            "columns: " + "; ".join(f"{role} = {', '.join(map(repr, names[:6]))}" for role, names in roles.items())
        )
    for column in facts.values["column"].unique(maintain_order=True):
        rows = facts.values.filter(pl.col("column") == column)
        read = rows.filter(pl.col("meaning").is_not_null())
        lost = rows.filter(pl.col("meaning").is_null())
        parts = [f"{value!r} = {meaning} {n:,}" for _, value, meaning, n in read.head(8).iter_rows()]
        if read.height > 8:
            parts.append(f"{read.height - 8} further values {int(read['count'][8:].sum()):,}")
        if lost.height:
            shown = ", ".join(repr(value[:40]) for value in lost["value"].head(3))
            parts.append(f"{lost.height} values not read ({shown}) {int(lost['count'].sum()):,}")
        lines.append(f"{column}: " + "; ".join(parts))
    lines += facts.statements
    if unused:
        shown = ", ".join(map(repr, unused[:8])) + (f" and {len(unused) - 8} more" if len(unused) > 8 else "")
        lines.append(f"not used (kept to slice by): {shown}")
    return lines


def _figures(prefs: _Preferences, names: list[str]) -> dict[str, int]:
    keys = [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in names]
    wanted = {
        "n_rows": pl.len(),
        "n_judgments": pl.struct(*keys).n_unique(),
        "n_items": pl.col("item_id").n_unique(),
        "n_annotators": pl.col("annotator_id").n_unique(),
        "n_ranked": pl.col("rank").count(),
    }
    if "criterion" in names:
        wanted["n_criteria"] = pl.col("criterion").drop_nulls().n_unique()
    if "_rank_raw" in names:
        wanted["n_unread_ranks"] = pl.col("_rank_raw").count()
    counted = prefs.judgments.select(**wanted).collect(engine="streaming").row(0, named=True)
    figures = {name: int(value) for name, value in counted.items()}
    if prefs.items is not None and "prompt" in prefs.items.columns:
        figures["n_prompts"] = int(prefs.items["prompt"].drop_nulls().n_unique())
    if prefs.responses is not None:
        figures["n_responses"] = prefs.responses.height
    figures["n_votes_unread"] = int(prefs.source.facts.values.filter(pl.col("meaning").is_null())["count"].sum())
    return figures


def _scales(judgments: pl.LazyFrame, names: list[str], config: dict[str, Any]) -> pl.DataFrame:
    schema = {
        "column": pl.String(),
        "low": pl.Float64(),
        "high": pl.Float64(),
        "n_values": pl.Int64(),
        "better": pl.String(),
    }
    rows = []
    worse = config.get("read", {}).get("higher") == "worse"
    for name, better in (("score", "lower" if worse else "higher"), ("rank", "lower")):
        if name in names:
            value = pl.col(name)
            low, high, n = (
                judgments.select(
                    value.min().cast(pl.Float64).alias("low"),
                    value.max().cast(pl.Float64).alias("high"),
                    value.drop_nulls().n_unique().alias("n"),
                )
                .collect()
                .row(0)
            )
            if n:
                rows.append((name, low, high, n, better))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _strength(judgments: pl.LazyFrame, names: list[str]) -> tuple[str, ...]:
    """A sentence on the strengths of votes, where there are any."""
    if "strength" not in names:
        return ()
    decided = pl.col("strength").filter(pl.col("strength") > 0)
    grades, n = (
        judgments.filter(pl.col("rank") == 1)
        .select(decided.unique().sort().implode().alias("grades"), decided.count().alias("n"))
        .collect()
        .row(0)
    )
    if not grades:
        return ()
    shown = ", ".join(f"{grade:g}" for grade in grades[:8]) + (", …" if len(grades) > 8 else "")
    one = "it says nothing" if len(grades) == 1 else "higher is stronger"
    return (f"strength is kept: {len(grades):,} grade{'s' * (len(grades) > 1)} ({shown}; {one}) in {n:,} votes",)


def _times(judgments: pl.LazyFrame, names: list[str]) -> dict[str, Any] | None:
    if "created_at" not in names:
        return None
    time = pl.col("created_at")
    first, last, n = judgments.select(first=time.min(), last=time.max(), n=time.count()).collect().row(0)
    return {"first": first and first.isoformat(), "last": last and last.isoformat(), "n_rows": int(n)}


def _examples(prefs: _Preferences, names: list[str], n: int = 3) -> tuple[str, ...]:
    """Three judgments in words: who prefers what to what."""
    keys = [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in names]
    shown = [*keys, "response_id", "rank", *(name for name in ("score", "label") if name in names)]
    head = prefs.judgments.select("_row", *shown).head(200).collect()
    if head.is_empty():
        return ()
    first = head.select(keys).unique(maintain_order=True).head(n)
    # A judgment may go on beyond the first rows, or begin again far behind them (pairs are two blocks of rows).
    rows = (
        prefs.judgments.select("_row", *shown)
        .join(first.lazy(), on=keys, how="semi", nulls_equal=True)
        .collect()
        .sort("_row", "response_id")
    )
    texts = _texts(prefs, rows)
    lines = []
    for key in first.iter_rows(named=True):
        same = rows.filter(pl.all_horizontal(pl.col(name).eq_missing(pl.lit(key[name])) for name in keys))
        lines.append(f"{key['item_id']}, annotator {key['annotator_id']}: {_in_words(same, texts)}")
    return tuple(lines)


def _texts(prefs: _Preferences, rows: pl.DataFrame) -> dict[tuple[str, str], str]:
    texts = prefs.texts
    if texts is None:
        return {}
    schema = texts.collect_schema()
    if schema["text"] != pl.String():
        last = pl.col("text").list.last()
        fields = getattr(getattr(schema["text"], "inner", None), "fields", [])
        if not any(one.name == "content" for one in fields):
            return {}
        texts = texts.with_columns(text=last.struct.field("content").cast(pl.String))
    wanted = rows.select("item_id", "response_id").unique().lazy()
    found = (
        texts.join(wanted, on=["item_id", "response_id"], how="semi").select("item_id", "response_id", "text").collect()
    )
    return {(item, response): text for item, response, text in found.iter_rows() if text is not None}


def _in_words(rows: pl.DataFrame, texts: dict[tuple[str, str], str]) -> str:
    def name(row: dict[str, Any]) -> str:
        text = texts.get((row["item_id"], row["response_id"]), row["response_id"])
        text = masked(" ".join(str(text).split()))
        return repr(text if len(text) <= 48 else f"{text[:47]}…")

    ranked = rows.filter(pl.col("rank").is_not_null()).sort("rank", "response_id")
    if ranked.is_empty():
        row = rows.row(0, named=True)
        if row.get("label") is not None:
            return f"label {row['label']!r}"
        if row.get("score") is not None:
            return f"score {row['score']:g} for {name(row)}"
        return "nothing was ranked"
    groups = [part.to_dicts() for part in ranked.partition_by("rank", maintain_order=True)]
    parts = [" = ".join(name(row) for row in group) for group in groups]
    if len(groups) == 1:
        return f"{parts[0]} (a tie)" if len(groups[0]) > 1 else f"{parts[0]} alone is ranked"
    if len(groups) == 2 and all(len(group) == 1 for group in groups):
        return f"{parts[0]} preferred to {parts[1]}"
    return " > ".join(parts)
