"""Each annotator's overall vote on a pair of responses, beside the same annotator's votes by every criterion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from prefqa.coding import latest
from prefqa.criteria.items import BASE, linked
from prefqa.criteria.names import COLUMN, criteria_of, overall_of, required
from prefqa.errors import UsageError
from prefqa.preferences import Preferences

Values = Literal["votes", "scores"]
#: Rows that belong together: their prompt where it is known, else their item.
CLUSTER = "_cluster"
_CODE = "_code"


def differences(n: int) -> list[str]:
    """Return the columns with the criteria's differences, chosen less rejected, in the order of their names."""
    return [f"_d{i}" for i in range(n)]


@dataclass(frozen=True)
class CriteriaVotes:
    """Decided overall votes with the votes by all criteria.

    `frame`: one row per annotator and pair, by item_id (of the overall vote), annotator_id, chosen_id, rejected_id (as
    the overall vote has it), `_cluster`, and `differences(len(names))`: 1 where the criterion prefers chosen, 0 a tie,
    -1 where it prefers rejected; or differences of scores. `n_ties`: overall votes that are ties; `n_incomplete`:
    decided ones without a vote by some criterion; `n_of`: by criterion, votes beside a decided overall vote.
    """

    overall: str
    names: tuple[str, ...]
    frame: pl.DataFrame
    n_ties: int
    n_incomplete: int
    n_of: dict[str, int]
    link: str


def criteria_votes(
    prefs: Preferences,
    *,
    overall: str | None = None,
    names: Sequence[str] | None = None,
    item: str | None = None,
    values: Values = "votes",
) -> CriteriaVotes | str:
    """Put the votes of each annotator on a pair of responses side by side; or say why that is not possible.

    Args and errors are those of `prefqa.criteria`.
    """
    known = criteria_of(prefs)
    named = [name for name in known if name is not None]
    if overall is None and len(known) < 2:
        return "the data has no several criteria (column criterion)"
    total = overall_of(known, overall)
    if total is None:
        return (
            f"none of the criteria ({_listed(named)}) is known to be the overall vote: name it under [criteria] overall"
        )
    asked = (required(known, name, "names", "criteria") for name in names) if names is not None else iter(named)
    others = tuple(sorted({*asked} - {total}))
    if not others:
        return "there is no criterion beside the overall vote"
    if values == "scores" and "score" not in prefs.columns:
        raise UsageError(
            '[criteria] values = "scores", and there is no column score',
            hint='say values = "votes", or map the column.',
        )
    items, link = linked(prefs, item)
    if items is None:
        return link
    pairs = _pairs(_judged(prefs, items, (total, *others), values), len(others), values)
    return _sides(pairs, _clustered(prefs, items, total), total, others, link)


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")


def _judged(prefs: Preferences, items: pl.DataFrame, names: tuple[str, ...], values: Values) -> pl.DataFrame:
    """One row per annotator, prompt and response: the rank, or score, by each criterion as columns _v0, _v1, ..."""
    has = prefs.columns
    more = [name for name in ("judgment_id", "created_at", "score") if name in has]
    codes = pl.DataFrame({COLUMN: names, _CODE: range(len(names))}, schema_overrides={_CODE: pl.UInt16})
    keys = ["item_id", "annotator_id", "response_id", COLUMN]
    rows = prefs.usable().select(*keys, "rank", *more).join(codes.lazy(), on=COLUMN).collect(engine="streaming")
    if "judgment_id" in more:  # an item that several criteria share has a judgment by each
        rows = pl.concat([latest(part) for part in rows.partition_by(_CODE)]) if rows.height else rows
    value = pl.col("rank").cast(pl.Float64)
    if values == "scores":  # minus the score, so that less is better as of ranks
        value = pl.when(pl.col(_CODE) == 0).then(value).otherwise(-pl.col("score"))
    linked_rows = rows.join(items.lazy().collect(), on=["item_id", COLUMN])
    key = [BASE, "annotator_id", "response_id"]
    # What stands twice and contradicts itself is no vote.
    once = pl.when(value.n_unique() == 1).then(value.first())
    each = linked_rows.group_by(*key, _CODE).agg(_value=once).with_columns(pl.col("_value").fill_nan(None))
    columns = [pl.col("_value").filter(pl.col(_CODE) == i).first().alias(f"_v{i}") for i in range(len(names))]
    return each.group_by(key).agg(columns)


def _pairs(judged: pl.DataFrame, n: int, values: Values) -> pl.DataFrame:
    """Every pair with an overall vote: _y (1: the first id is better), and the criteria's differences, likewise."""
    sides = judged.filter(pl.col("_v0").is_not_null())
    both = sides.join(sides, on=[BASE, "annotator_id"], suffix="_2").filter(
        pl.col("response_id") < pl.col("response_id_2")
    )
    better = [(pl.col(f"_v{i}_2") - pl.col(f"_v{i}")) for i in range(n + 1)]
    named = differences(n)
    criteria = [(step.sign() if values == "votes" else step).alias(named[i]) for i, step in enumerate(better[1:])]
    return both.select(BASE, "annotator_id", "response_id", "response_id_2", better[0].sign().alias("_y"), *criteria)


def _clustered(prefs: Preferences, items: pl.DataFrame, overall: str) -> pl.DataFrame:
    """Item of the overall vote and cluster by prompt of responses: `_base`, item_id, `_cluster`."""
    own = items.filter(pl.col(COLUMN) == overall).group_by(BASE).agg(pl.col("item_id").min())
    if prefs.items is None or prefs.items.schema.get("prompt") != pl.String():
        return own.with_columns(pl.col(BASE).alias(CLUSTER))
    prompts = prefs.items.select("item_id", _prompt=pl.lit("prompt ") + pl.col("prompt"))
    joined = own.join(prompts, on="item_id", how="left")
    return joined.select(BASE, "item_id", pl.coalesce("_prompt", pl.lit("item ") + pl.col(BASE)).alias(CLUSTER))


def _sides(pairs: pl.DataFrame, items: pl.DataFrame, overall: str, names: tuple[str, ...], link: str) -> CriteriaVotes:
    """Turn every decided vote so that the response which the overall vote prefers is `chosen`."""
    steps = differences(len(names))
    decided = pairs.filter(pl.col("_y") != 0)
    complete = decided.drop_nulls(steps)
    first = pl.col("_y") > 0
    ids = ("response_id", "response_id_2")
    frame = complete.join(items, on=BASE).select(
        "item_id",
        "annotator_id",
        pl.when(first).then(ids[0]).otherwise(ids[1]).alias("chosen_id"),
        pl.when(first).then(ids[1]).otherwise(ids[0]).alias("rejected_id"),
        CLUSTER,
        *(pl.col(step) * pl.col("_y") + 0.0 for step in steps),
    )
    counted = decided.select(pl.col(steps).is_not_null().sum()).row(0)
    return CriteriaVotes(
        overall,
        names,
        frame.sort("item_id", "annotator_id", "chosen_id", "rejected_id"),
        pairs.height - decided.height,
        decided.height - complete.height,
        dict(zip(names, counted, strict=True)),
        link,
    )
