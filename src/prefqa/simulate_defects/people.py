"""Habits and faults of annotators (family PQ3), and ids that are one."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from prefqa._words import formatted
from prefqa.simulate_defects.parts import JUDGMENT, Ground, Planted

_K = pl.len().over(JUDGMENT)
_LATEST = pl.col("judgment_id") == pl.col("judgment_id").max().over("item_id", "annotator_id")
#: The ranks that an annotator gives, by the place on the screen, the length, or a draw; `_u` is a draw per judgment.
RANKS: Mapping[str, pl.Expr] = {
    "PQ302": _K + 1 - pl.col("position"),
    "PQ303": pl.col("position"),
    "PQ304": pl.when(pl.col("_u") < 0.6).then(pl.col("position")).otherwise(pl.col("rank")),
    "PQ306": pl.when(pl.col("_u") < 0.6)
    .then(pl.col("_chars").rank("ordinal", descending=True).over(JUDGMENT))
    .otherwise(pl.col("rank")),
    # Who repeats a judgment gives any order the second time.
    "PQ308": pl.when(_LATEST & (pl.col("judgment_id").n_unique().over("item_id", "annotator_id") > 1))
    .then(pl.col("_v").rank("ordinal").over(JUDGMENT))
    .otherwise(pl.col("rank")),
    "PQ310": pl.col("_v").rank("ordinal").over(JUDGMENT),
    "PQ311": _K + 1 - pl.col("rank"),
    "PQ316": pl.when(pl.col("gold_rank").is_not_null()).then(_K + 1 - pl.col("gold_rank")).otherwise(pl.col("rank")),
}
_OTHERS = ("PQ121", "PQ301", "PQ312", "PQ314", "PQ315")
CODES = tuple(sorted([*RANKS, *_OTHERS]))


def plant_people(ground: Ground, code: str) -> Planted:
    """Plant a habit or a fault of annotators: of the share of them, two at least."""
    rows, hit = ground.rows, ground.some(("annotator_id",), least=2)
    if code == "PQ312":
        return _copies(ground, code, hit["annotator_id"].to_list())
    theirs = pl.col("annotator_id").is_in(hit["annotator_id"].implode())
    if code == "PQ121":
        written = pl.when(theirs & (pl.col("item_id").hash(1) % 2 == 0)).then(pl.col("annotator_id").str.to_uppercase())
        changed = rows.with_columns(written.otherwise(pl.col("annotator_id")).alias("annotator_id"))
        both = pl.concat([hit, hit.select(pl.col("annotator_id").str.to_uppercase())])
        return ground.planted(code, changed, both)
    if code == "PQ301":
        fast = pl.when(theirs).then(pl.col("duration_s") / 20).otherwise(pl.col("duration_s"))
        return ground.planted(code, rows.with_columns(duration_s=fast), hit)
    nth = pl.struct("judgment_id").rank("dense").over("annotator_id").cast(pl.Int64)
    if code == "PQ314":
        return ground.planted(code, rows.filter(~theirs | (nth <= 10)), hit)
    if code == "PQ315":
        begun = pl.col("created_at").min().over("annotator_id") + pl.duration(minutes=12 * nth)
        at = pl.when(theirs).then(begun).otherwise(pl.col("created_at"))
        return ground.planted(code, rows.with_columns(created_at=at), hit)
    assert ground.prefs.responses is not None  # noqa: S101
    chars = ground.prefs.responses.select("item_id", "response_id", _chars=pl.col("text").str.len_chars())
    wide = rows.join(chars, on=["item_id", "response_id"], how="left", maintain_order="left").with_columns(
        _v=pl.Series(ground.rng.random(rows.height)), _u=pl.Series(ground.rng.random(rows.height))
    )
    wide = wide.with_columns(pl.col("_u").first().over(JUDGMENT))
    ranked = wide.with_columns(rank=pl.when(theirs).then(RANKS[code].cast(pl.Int64)).otherwise(pl.col("rank")))
    return ground.planted(code, ranked, hit)


def _copies(ground: Ground, code: str, people: list[str]) -> Planted:
    people = people[: len(people) // 2 * 2]
    copied = dict(zip(people[::2], people[1::2], strict=True))
    copies = ground.rows.filter(pl.col("annotator_id").is_in(list(copied))).with_columns(
        pl.col("annotator_id").replace(copied), judgment_id=formatted("{}/copy", "judgment_id")
    )
    kept = ground.rows.filter(~pl.col("annotator_id").is_in(list(copied.values())))
    return ground.planted(code, pl.concat([kept, copies]), pl.DataFrame({"annotator_id": people}))
