"""Runs the rules on annotators; one false-discovery rate holds over all of their tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Bools, Floats, Ints
from prefqa.checks.frame import NotRun
from prefqa.checks.rules import BY_CODE, with_defaults
from prefqa.preferences import Preferences, as_preferences
from prefqa.results import Result, records
from prefqa.screening import copying, habits, pace, skill
from prefqa.screening.evidence import Evidence, discoveries
from prefqa.screening.pool import Pool
from prefqa.screening.read import Read, read

FLAG_SCHEMA = {
    "code": pl.String,
    "annotator_id": pl.String,
    "other_id": pl.String,
    "effect": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "p_value": pl.Float64,
    "p_adjusted": pl.Float64,
    "n": pl.Int64,
    "unit": pl.String,
}
#: Rules with one answer per annotator.
SINGLE: Mapping[str, Callable[[Pool], Evidence | NotRun]] = {
    "PQ301": pace.too_fast,
    "PQ302": habits.straight_lining,
    "PQ303": habits.untouched_order,
    "PQ306": habits.length_following,
    "PQ308": skill.unlike_itself,
    "PQ309": skill.intransitive,
    "PQ310": skill.unreliable,
    "PQ311": skill.below_chance,
    "PQ313": pace.dominates,
    "PQ314": pace.too_few,
    "PQ315": pace.long_sessions,
    "PQ316": skill.gold_failures,
}
#: Rules on the pool as a whole are tested each for itself, at this level, and must reach a least effect.
POOL_LEVEL = 0.01
#: Rules that look at a sample of the items where the data are large.
FITTED = frozenset(f"PQ3{number:02}" for number in (1, 4, 5, 6, 7, 10, 11))
_NOTHING = NotRun("no judgment counts")
CODES = tuple(sorted([*SINGLE, "PQ304", "PQ305", "PQ307", "PQ312"]))


@dataclass(frozen=True)
class Screening(Result):
    """What the rules on annotators say.

    `flags` has one row per rule and annotator (PQ312: pair of annotators; PQ305, PQ307: the pool, annotator_id null):
    the effect, its 95 % interval, the p-value and the one adjusted over all tests of all annotators and rules
    (Benjamini and Hochberg), and the number of cases; `tested` how many each rule looked at; `not_run` what it lacked.
    Of `n_judgments`, the rules in FITTED look at `n_sampled`: all, or those of a sample of items where the data are
    large (`prefqa.screening.sample`).
    """

    flags: pl.DataFrame
    tested: dict[str, int]
    not_run: pl.DataFrame
    level: float
    n_judgments: int
    n_sampled: int

    def to_dict(self) -> dict[str, Any]:
        """Return the flags, how many were tested, and what could not run."""
        return {
            "flags": records(self.flags),
            "tested": self.tested,
            "not_run": records(self.not_run),
            "level": self.level,
            "n_judgments": self.n_judgments,
            "n_sampled": self.n_sampled,
        }


def screen(
    prefs: Preferences,
    *,
    codes: Iterable[str] = CODES,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    level: float = 0.05,
    rows: Read | None = None,
) -> Screening:
    """Screen annotators for habits and for lack of care.

    Args:
        prefs: the preferences, best after `check` has left out what cannot count.
        codes: which rules of family PQ3.
        options: options of rules by code, as for `check`.
        level: the false-discovery rate over all annotators and rules that have a test. Rules without one (load,
            sessions) are limits.
        rows: what `prefqa.screening.read` has read of the preferences, where it has.

    Returns:
        Screening.
    """
    wanted = [code for code in CODES if code in set(codes)]
    prefs = as_preferences(prefs)
    pool = Pool(prefs, with_defaults(options or {}), rows if rows is not None else read(prefs))
    sample = pool.sample if FITTED & set(wanted) else pool
    found: dict[str, Evidence] = {}
    names: dict[str, tuple[Ints, Ints | None]] = {}
    not_run: list[dict[str, str]] = []
    position = cache(lambda: habits.position_bias(sample))
    for code in wanted:
        if code in ("PQ304", "PQ305"):
            answer = _of_position(sample, code, position)
        else:
            answer = _answer(sample if code in FITTED else pool, code, names)
        if isinstance(answer, Evidence) and not _tested(answer):
            answer = NotRun("nobody has enough cases to test")
        if isinstance(answer, NotRun):
            not_run.append({"code": code, "reason": answer.reason})
        else:
            found[code] = answer
    family = [code for code in found if code not in ("PQ305", "PQ307")]
    every = np.concatenate([np.zeros(0), *(found[code].p for code in family)])
    adjusted, _ = discoveries(every, level)
    parts, start = [pl.DataFrame(schema=FLAG_SCHEMA)], 0
    for code, one in found.items():
        if code in family:
            q = adjusted[start : start + one.p.size]
            start += one.p.size
            hit = np.union1d(np.flatnonzero(np.nan_to_num(q, nan=2.0) <= level), one.flagged).astype(np.int64)
        else:
            q = np.full(one.p.size, np.nan)
            hit = np.flatnonzero(_clear(one, BY_CODE[code].options))
        parts.append(_flags(pool, code, one, q, hit, names.get(code)))
    tested = {code: _tested(one) for code, one in found.items()}
    schema = {"code": pl.String, "reason": pl.String}
    lacking = pl.DataFrame(not_run, schema=schema, orient="row").sort("code")
    sizes = pool.coded.item.size, sample.coded.item.size
    return Screening(pl.concat(parts), tested, lacking, level, *sizes)


def _answer(pool: Pool, code: str, names: dict[str, tuple[Ints, Ints | None]]) -> Evidence | NotRun:
    if not pool.coded.item.size:
        return _NOTHING
    if code == "PQ312":
        answer = copying.copies(pool)
        if isinstance(answer, NotRun):
            return answer
        names[code] = answer[1], answer[2]
        return answer[0]
    if code == "PQ307":
        return habits.length_of_majority(pool)
    return SINGLE[code](pool)


def _of_position(
    pool: Pool, code: str, position: Callable[[], tuple[Evidence, Evidence] | NotRun]
) -> Evidence | NotRun:
    """Both rules on positions come from one fit."""
    if not pool.coded.item.size:
        return _NOTHING
    both = position()
    if isinstance(both, NotRun):
        return both
    if code == "PQ305" and not pool.positions_vary:
        return NotRun("all annotators of an item saw one order: position and quality cannot be told apart")
    return both[0] if code == "PQ304" else both[1]


def _tested(one: Evidence) -> int:
    """How many got an answer: a test, or a value to hold against a limit."""
    return int(np.isfinite(one.effect).sum())


def _clear(one: Evidence, options: Mapping[str, Any]) -> Bools:
    """Whether an effect on the pool is significant and large enough to matter."""
    centre = 0.5 if "min_share" in options else 0.0
    least = float(options.get("min_share", 0.5 + options.get("min_effect", 0.0))) - 0.5
    return (np.nan_to_num(one.p, nan=1.0) < POOL_LEVEL) & (np.abs(one.effect - centre) >= least)


def _flags(
    pool: Pool, code: str, one: Evidence, q: Floats, hit: Ints, pair: tuple[Ints, Ints | None] | None
) -> pl.DataFrame:
    ids = pool.coded.annotator_ids
    null = pl.Series([None] * hit.size, dtype=pl.String)
    if code in ("PQ305", "PQ307"):
        who, other = null, null
    elif pair is not None and pair[1] is not None:
        who, other = ids.gather(pair[0][hit]), ids.gather(pair[1][hit])
    else:
        who, other = ids.gather(hit), null
    numbers = {
        "effect": one.effect,
        "ci_low": one.low,
        "ci_high": one.high,
        "p_value": one.p,
        "p_adjusted": q,
        "n": one.n,
    }
    columns = {name: pl.Series(values[hit], nan_to_null=True) for name, values in numbers.items()}
    frame = pl.DataFrame({"annotator_id": who, "other_id": other, **columns})
    return (
        frame.with_columns(pl.lit(code).alias("code"), pl.lit(one.unit).alias("unit"))
        .select(pl.col(name).cast(dtype) for name, dtype in FLAG_SCHEMA.items())
        .sort("p_value", pl.col("effect").abs(), "annotator_id", descending=[False, True, False])
    )
