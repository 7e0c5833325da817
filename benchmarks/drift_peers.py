"""What other tools say of the same campaigns, each run as its users run it, with its defaults.

All see the judgments in order of time. Four series, one figure in [0, 1] per judgment, over its pairs of responses: the
share in which the longer one wins, in which the one shown earlier wins, of ties, and of agreement with the majority of
the other annotators of the item. The column tests see these and category, annotator, model and length of the best.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from typing import NamedTuple

import numpy as np
import polars as pl

import prefqa
from prefqa.simulate import START

SERIES = ("longer", "earlier", "ties", "agreement")
NAMES = {"longer": "length", "words": "length", "earlier": "position", "place": "position", "ties": "ties"}
NAMES |= {"agreement": "strength", "annotator_id": "annotator"}


class Said(NamedTuple):
    """First alarm: in which week (from 0), since which week, and what changed; week None: no alarm."""

    week: int | None
    since: int | None = None
    what: str | None = None


def judgments(prefs: prefqa.Preferences) -> pl.DataFrame:
    """One row per judgment in order of time, with week, day, the series and the columns."""
    assert prefs.responses is not None
    assert prefs.items is not None
    rows = (
        prefs.judgments.collect().join(prefs.responses, on=["item_id", "response_id"]).join(prefs.items, on="item_id")
    )
    side = rows.select("judgment_id", "item_id", "batch", "response_id", "rank", "position", "n_words")
    pairs = side.join(side.drop("item_id", "batch"), on="judgment_id").filter(
        pl.col("response_id") < pl.col("response_id_right")
    )
    y = (pl.col("rank_right") - pl.col("rank")).sign()
    others = y.sum().over("item_id", "batch", "response_id", "response_id_right") - y
    share = (1 + y * (pl.col("n_words") - pl.col("n_words_right")).sign()) / 2
    figures = pairs.group_by("judgment_id").agg(
        longer=share.mean(),
        earlier=((1 + y * (pl.col("position_right") - pl.col("position")).sign()) / 2).mean(),
        ties=(y == 0).mean(),
        agreement=pl.when(others == 0).then(0.5).otherwise((y == others.sign()).cast(pl.Float64)).mean(),
    )
    best = rows.sort("judgment_id", "rank", "position").group_by("judgment_id", maintain_order=True).first()
    best = best.select(
        "judgment_id", "created_at", "annotator_id", "category", "model", words="n_words", place=pl.col("position") == 1
    )
    since = pl.col("created_at") - pl.lit(START)
    return (
        best.join(figures, on="judgment_id")
        .sort("created_at", "judgment_id")
        .with_columns(week=since.dt.total_days() // 7, day=since.dt.total_days())
    )


def adwin(frame: pl.DataFrame) -> Said:
    """ADWIN (delta .002) on each of the four series; any detection alarms."""
    from river.drift import ADWIN

    return _stream(frame, ADWIN)


def page_hinkley(frame: pl.DataFrame) -> Said:
    """Page-Hinkley on each of the four series; any detection alarms."""
    from river.drift import PageHinkley

    return _stream(frame, PageHinkley)


def _stream(frame: pl.DataFrame, make: Callable[[], object]) -> Said:
    weeks = frame["week"].to_numpy()
    found = []
    for name in SERIES:
        detector: object = make()
        for week, value in zip(weeks, frame[name].to_list(), strict=True):
            detector.update(value)  # type: ignore[attr-defined]
            if detector.drift_detected:  # type: ignore[attr-defined]
                found.append((int(week), name))
                break
    if not found:
        return Said(None)
    week, name = min(found)
    return Said(week, week, NAMES[name])


def column_tests(frame: pl.DataFrame) -> Said:
    """KS test per number and chi² per category, each week against the first; Bonferroni over columns, each week."""
    return _columns(frame, ("category", "annotator_id", "model", "words", "place", *SERIES), per_week=True)


def choice_tests(frame: pl.DataFrame) -> Said:
    """The same on the four series alone, Bonferroni over series and weeks."""
    return _columns(frame, SERIES, per_week=False)


def _columns(frame: pl.DataFrame, columns: tuple[str, ...], *, per_week: bool) -> Said:
    from scipy.stats import chi2_contingency, ks_2samp

    weeks = np.unique(frame["week"].to_numpy())
    level = 0.05 / len(columns) / (1 if per_week else len(weeks) - 1)
    parts = {week: frame.filter(pl.col("week") == week) for week in weeks}
    reference = parts[weeks[0]]
    for week in weeks[1:]:
        found = []
        for name in columns:
            a, b = reference[name], parts[week][name]
            if a.dtype.is_float() or name == "words":
                p = float(ks_2samp(a.to_numpy(), b.to_numpy()).pvalue)
            else:
                values = pl.concat([a, b]).cast(pl.String)
                table = pl.DataFrame({"value": values, "side": [0] * len(a) + [1] * len(b)})
                counts = table.pivot("side", index="value", values="side", aggregate_function="len").fill_null(0)
                counts_array = counts.drop("value").to_numpy()
                p = 1.0 if len(counts_array) < 2 else float(chi2_contingency(counts_array).pvalue)
            if p < level:
                found.append((p, name))
        if found:
            name = min(found)[1]
            return Said(int(week), int(week), NAMES.get(name, name))
    return Said(None)


def pelt(frame: pl.DataFrame) -> Said:
    """PELT (l2) on the daily means of the four series, standardised, penalty 5 log n; at the end of each week."""
    import ruptures

    daily = frame.group_by("day").agg(pl.col("week").first(), *(pl.col(name).mean() for name in SERIES)).sort("day")
    weeks, values = daily["week"].to_numpy(), daily.select(SERIES).to_numpy()
    for last in np.unique(weeks)[1:]:
        here = values[weeks <= last]
        spread = here.std(axis=0)
        signal = (here - here.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        penalty = (len(SERIES) + 1) * np.log(len(signal))
        cuts = ruptures.Pelt(model="l2", min_size=3, jump=1).fit(signal).predict(pen=penalty)
        if len(cuts) > 1:
            gap = np.abs(signal[: cuts[0]].mean(axis=0) - signal[cuts[0] :].mean(axis=0))
            return Said(int(last), int(weeks[cuts[0]]), NAMES[SERIES[int(gap.argmax())]])
    return Said(None)


PEERS: dict[str, tuple[str, Callable[[pl.DataFrame], Said]]] = {
    "ADWIN": ("river", adwin),
    "Page-Hinkley": ("river", page_hinkley),
    "KS, chi2: all columns": ("scipy", column_tests),
    "KS: the four series": ("scipy", choice_tests),
    "PELT": ("ruptures", pelt),
}


def available() -> dict[str, Callable[[pl.DataFrame], Said]]:
    """Peers that are installed, under their name, package and version."""
    return {
        f"{name} ({package} {version(package)})": run
        for name, (package, run) in PEERS.items()
        if find_spec(package) is not None
    }
