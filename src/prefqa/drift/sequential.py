"""The sequential gate: one alarm over a whole campaign, however often one looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from prefqa._types import Floats
from prefqa.drift.evalues import Evidence, evidence
from prefqa.drift.features import POSITION
from prefqa.drift.looks import GOLD_STREAM, PERSON, look, material
from prefqa.drift.periods import cut, too_many
from prefqa.drift.result import CONFOUNDED, IDENTIFIED
from prefqa.drift.watch_state import read_state
from prefqa.errors import SizeError, UsageError
from prefqa.preferences import Preferences, as_preferences
from prefqa.results import Result, records
from prefqa.writers.atomic import content_of, rewrite_json

ANNOTATORS = "annotators"
STREAM_SCHEMA: dict[str, Any] = {
    "stream": pl.String,
    "grade": pl.String,
    "annotator_id": pl.String,
    "weight": pl.Float64,
    "e_value": pl.Float64,
    "since": pl.String,
    "n_looks": pl.Int64,
}
LOOK_SCHEMA: dict[str, Any] = {"period": pl.String, "n_judgments": pl.Int64, "e_value": pl.Float64}


@dataclass(frozen=True)
class WatchResult(Result):
    """What all looks so far say.

    `alarm` is true once the e-value has reached `threshold` = 1 / alpha at some look, null before there was a second
    one; `p_value` is 1 over the largest e-value so far, valid at any time. `streams` has what each score adds, the
    heaviest first; `looks` the e-value after each look. On identified streams alone rests the alarm; what changed
    answers move as well (length, any column of responses) makes a `warning` once its own e-value has reached the
    threshold, else null.
    """

    alarm: bool | None
    e_value: float
    p_value: float
    threshold: float
    streams: pl.DataFrame
    looks: pl.DataFrame
    by: str
    alpha: float = 0.05
    what: str | None = None
    since: str | None = None
    sentence: str = ""
    warning: str | None = None
    method: str = field(
        default="mixture e-process of Helmert contrasts within annotator and stratum; Ville's inequality"
    )

    def to_dict(self) -> dict[str, Any]:
        """Return the answer with the streams and looks beside it."""
        names = (
            "alarm",
            "e_value",
            "p_value",
            "threshold",
            "by",
            "alpha",
            "what",
            "since",
            "sentence",
            "warning",
            "method",
        )
        return {name: getattr(self, name) for name in names} | {
            "streams": records(self.streams),
            "looks": records(self.looks),
        }


def watch(
    prefs: Preferences,
    state: str | Path,
    *,
    time: str | None = None,
    every: str | None = None,
    version: str | None = None,
    batch: str | None = None,
    features: Sequence[str] = (),
    strata: Sequence[str] | None = None,
    alpha: float = 0.05,
    seed: int = 0,
) -> WatchResult:
    """Look once more at a campaign that is still running; over all looks a false alarm has probability at most `alpha`.

    Each period that the state does not know yet is a look: its scores (the weights of position, length and further
    features, right answers on gold items, and each annotator's care, which is agreement with the others) are compared
    with those of all periods before, within annotator and stratum (`looks.look`), and betted on (`evalues.evidence`).
    The e-values of the streams are averaged: half of the care's share for the annotators of the first look, the rest
    for those who come later. Scores are those of `drift`, so that new people, prompts or models and harder items are
    no change; the whole pool's weight of length or another feature, which changed answers move too, is never an
    alarm, but a warning with the same guarantee. The guarantee is Ville's inequality for normal, uncorrelated
    contrasts; looks until some hundred items are there are only learned from. docs/drift-sequential.md has measured
    rates.

    Args:
        prefs: the whole campaign so far; judgments that come late to a period already looked at count as before.
        state: a JSON file, read and written whole; it is made by the first look.
        time, every, version, batch: what a period is, as in `drift`. Run it when a period is over.
        features, strata: as in `drift`; they must not change between looks.
        alpha: probability of a false alarm over the whole campaign, set by the first look.
        seed: of the sample of items on which the model of votes is fitted.

    Raises:
        UsageError: nothing to tell periods by, a state begun with another alpha or cut, periods that are gone, or
            another process wrote the state meanwhile.
        ReadError: a state that is not one.
    """
    prefs = as_preferences(prefs)
    if not 0 < alpha < 1:
        raise UsageError(f"alpha must be between 0 and 1, not {alpha}")
    periods = cut(prefs, time=time, every=every, version=version, batch=batch)
    if periods is None:
        raise UsageError("no created_at or guideline_version column to tell periods by", hint="name one with batch=.")
    before_look = content_of(state)
    known = read_state(Path(state), alpha, periods.by)
    found = material(periods, features=tuple(features), strata=None if strata is None else tuple(strata), seed=seed)
    reason = too_many(found.periods, periods.by)
    if reason:
        raise SizeError(reason)
    seen = [one["period"] for one in known["looks"]]
    gone = [name for name in seen if name not in found.periods]
    if gone:
        raise UsageError(
            f"period {gone[0]!r} was looked at before and is not in the data",
            hint="give the whole campaign so far, or begin another state file.",
        )
    before = np.isin(found.periods, seen)
    for now, name in enumerate(found.periods):
        if name in seen or (before[now:].any() and not (version or batch)):
            before[now] = True
            continue
        streams = look(found, before, now)
        one = {"period": name, "n_judgments": int(found.n_judgments[now])}
        known["looks"].append(one | {"streams": {key: _short(part) for key, part in streams.items()}})
        before[now] = True
    rewrite_json(state, known, before_look)
    return _result(known)


def _short(contrast: list[float]) -> list[float]:
    """Six digits are enough, and keep the state small."""
    return [float(f"{value:.6g}") for value in contrast]


def _result(known: dict[str, Any]) -> WatchResult:
    looks, alpha = known["looks"], known["alpha"]
    table = {name: _table(looks, name) for name in dict.fromkeys(key for one in looks for key in one["streams"])}
    identified = [name for name in table if _grade(name) == IDENTIFIED]
    confounded = [name for name in table if _grade(name) == CONFOUNDED]
    found = {name: evidence(contrasts) for name, contrasts in table.items()}
    at_first = [name for name in confounded if looks and name in looks[0]["streams"]]
    of_answers = {name: (name in at_first) / max(len(at_first), 1) for name in confounded}
    weights = _weights(looks, identified)
    e_values, warned = (_averaged(found, part, len(looks)) for part in (weights, of_answers))
    weights |= of_answers
    at = np.flatnonzero(e_values >= 1 / alpha)
    rows = [_stream(name, weights[name], one, looks, table[name]) for name, one in found.items()]
    streams = pl.DataFrame(rows, schema=STREAM_SCHEMA, orient="row").sort(
        pl.col("grade") == CONFOUNDED, pl.col("weight") * pl.col("e_value"), "stream", "annotator_id",
        descending=[False, True, False, False],
    )  # fmt: skip
    shown = [(one["period"], one["n_judgments"], float(e)) for one, e in zip(looks, e_values, strict=True)]
    e_value = float(e_values[-1]) if looks else 1.0
    alarm = bool(at.size) if len(looks) > 1 else None
    first = streams.row(0, named=True) if streams.height and alarm else None  # identified streams stand first
    what = None if first is None else first["annotator_id"] or first["stream"]
    since = None if first is None else first["since"]
    return WatchResult(
        alarm, e_value, min(1.0, 1 / max(float(e_values.max(initial=1.0)), 1.0)), 1 / alpha, streams,
        pl.DataFrame(shown, schema=LOOK_SCHEMA, orient="row"), known["by"], alpha, what, since,
        _sentence(looks, what, since, at, e_value, alpha), _warning(streams, looks, warned, alpha),
    )  # fmt: skip


def _grade(stream: str) -> str:
    """Changed answers do not move how the order on the screen weighs, gold, or one annotator against the others."""
    return IDENTIFIED if stream in (POSITION, GOLD_STREAM) or stream.startswith(PERSON) else CONFOUNDED


def _averaged(found: dict[str, Evidence], weights: dict[str, float], n_looks: int) -> Floats:
    """The weighted mean of e-values after each look; what no stream has is 1."""
    e_values = np.ones(n_looks)
    for name, weight in weights.items():
        e_values += weight * np.expm1(np.minimum(found[name].log_e, 600.0))
    return e_values


def _warning(streams: pl.DataFrame, looks: list[dict[str, Any]], e_values: Floats, alpha: float) -> str | None:
    """What came to count otherwise in the whole pool, as changed answers would make it as well."""
    reached = np.flatnonzero(e_values >= 1 / alpha)
    if not reached.size:
        return None
    row = streams.filter(grade=CONFOUNDED).row(0, named=True)
    return (
        f"{row['stream']} came to count otherwise for the whole pool, likeliest from {row['since']} on (seen at the "
        f"look of {looks[int(reached[0])]['period']}): the rule or the answers changed; prefqa drift says how far the "
        "answers would have had to, and items judged before, shown again, would decide"
    )


def _table(looks: list[dict[str, Any]], name: str) -> Any:
    return np.array([one["streams"].get(name, [0.0] * 4) for one in looks])


def _weights(looks: list[dict[str, Any]], names: list[str]) -> dict[str, float]:
    """Equal shares for gold, for the annotators together, and for each pooled score of the first look.

    Half of the annotators' share goes to those of the first look, 1 / (2 t (t + 1)) of it to those who come at look t.
    """
    at_first = [name for name in (looks[0]["streams"] if looks else []) if not name.startswith(PERSON)]
    share = 1 / (len({*at_first, GOLD_STREAM}) + 1)
    weights = {name: share if name in {*at_first, GOLD_STREAM} else 0.0 for name in names}
    come: dict[int, list[str]] = {}
    for name in names:
        if name.startswith(PERSON):
            come.setdefault(next(t for t, one in enumerate(looks) if name in one["streams"]), []).append(name)
    for t, group in come.items():
        weights |= dict.fromkeys(group, share / 2 / (t * (t + 1) if t else 1) / len(group))
    return weights


def _stream(name: str, weight: float, found: Evidence, looks: list[dict[str, Any]], contrasts: Any) -> dict[str, Any]:
    person = name.removeprefix(PERSON) if name.startswith(PERSON) else None
    return {
        "stream": "annotator" if person is not None else name,
        "grade": _grade(name),
        "annotator_id": person,
        "weight": weight,
        "e_value": float(np.exp(min(float(found.log_e[-1]), 600.0))),
        "since": None if found.since is None else looks[found.since]["period"],
        "n_looks": int((contrasts[:, 1] > 0).sum()),
    }


def _sentence(
    looks: list[dict[str, Any]], what: str | None, since: str | None, at: Any, e_value: float, alpha: float
) -> str:
    if len(looks) < 2:
        return "There is nothing to compare yet."
    if what is None:
        return f"No alarm after {len(looks)} looks: e-value {e_value:.3g}, alarm at {1 / alpha:g}."
    first = looks[int(at[0])]["period"]
    return f"Alarm at the look of {first}: {what} has changed, likeliest from {since} on (e-value now {e_value:.3g})."
