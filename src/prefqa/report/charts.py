"""The charts of the report, as SVG that stands in the page."""

from __future__ import annotations

from typing import Any, NamedTuple

import polars as pl

from prefqa.errors import MissingExtraError
from prefqa.report.text import printable

#: The style sheet of the page gives each of these another value in the dark.
LINE, ALARM, TEXT, GRID = "#3b6ea8", "#b3261e", "#5b6570", "#dde2e7"
TITLES = {
    "alpha_nominal": "Agreement (alpha)",
    "tie_rate": "Share of ties",
    "alpha_nominal, same mix": "Agreement (alpha) as with the reference's kinds of items, models and lengths,",
    "tie_rate, same mix": "Share of ties as with the reference's kinds of items, models and lengths,",
    "length": "Weight of length (log odds for twice as long)",
    "position": "Weight of standing first (log odds)",
    "gold": "Right answers on gold items",
    "gold so far": "Right answers on gold items so far, at all periods at once,",
    "score level": "Mean score, for the same annotators",
    "score spread": "Spread of the scores of a judgment, for the same annotators",
    "ties": "Threshold below which responses tie (log)",
}
#: What the line of an annotator says, where the title of the pool's weight would not.
OWN = {"care": "agreement with the others on the same kind of items (log of care)"}
#: Annotators in colour; more cannot be told apart.
MAX_COLOURS = 10
#: More periods than this are a smear; the table and summary.json have them.
MAX_PERIODS = 400
#: More annotators than this do not fit a heat map; summary.json has all pairs.
MAX_MATRIX = 60
_LEGIBLE = 28  # pixels that a figure needs
_LONGEST_LABEL = 40


class Chart(NamedTuple):
    """A drawing and what it shows, in words."""

    caption: str
    svg: str


def timeline(frame: pl.DataFrame, changes: pl.DataFrame, level: float = 0.95) -> list[Chart]:
    """One chart per coefficient: estimate and interval by period; none where there is nothing to draw.

    A confirmed change is marked in the period from which on it holds.
    """
    drawn = frame.filter(pl.col("estimate").is_not_null())
    if not 2 <= drawn["period"].n_unique() <= MAX_PERIODS:
        return []
    alarms = changes.select(coefficient="what", period="since", alarm=True).unique()
    marked = drawn.join(alarms, on=["coefficient", "period"], how="left", maintain_order="left")
    labels = _labels(drawn["period"].unique(maintain_order=True).to_list())
    charts = []
    for (name,), part in marked.group_by("coefficient", maintain_order=True):
        caption = f"{TITLES.get(str(name), name)} by period, with its {level:.0%} interval"
        caption += "; diamonds: changed from here on" if part["alarm"].any() else ""
        charts.append(Chart(caption, _svg(_by_period(part, labels))))
    return charts


def annotator_lines(frame: pl.DataFrame) -> list[Chart]:
    """One chart per coefficient: a line per annotator over the periods, those who changed in colour."""
    periods = frame["period"].unique().sort().to_list()
    if not 2 <= len(periods) <= MAX_PERIODS:
        return []
    labels, charts = _labels(periods), []
    for (name,), part in frame.sort("period").group_by("coefficient", maintain_order=True):
        changed = part.filter("changed")["annotator_id"].unique().sort().to_list()
        caption = f"Each annotator against their own other periods: {OWN.get(str(name), TITLES.get(str(name), name))}"
        caption += "; in colour who changed" if changed else "; nobody stands out"
        charts.append(Chart(caption, _svg(_by_annotator(part, labels, _labels(changed[:MAX_COLOURS])))))
    return charts


def histogram(probabilities: pl.Series) -> Chart | None:
    """How sure the pairs are: the number of pairs by probability, in steps of .05."""
    if probabilities.is_empty():
        return None
    step = (probabilities * 20).floor().clip(0, 19).cast(pl.Int64)
    counted = pl.DataFrame({"step": step}).group_by("step").len("pairs").sort("step")
    rows = [{"low": at / 20, "high": (at + 1) / 20, "pairs": n} for at, n in counted.iter_rows()]
    alt = _altair()
    chart = (
        alt.Chart(alt.Data(values=rows), width=560, height=150)
        .mark_bar(color=LINE, binSpacing=1, orient="vertical")
        .encode(
            alt.X("low:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(tickCount=10, format=".1f")),
            alt.X2("high:Q"),
            alt.Y("pairs:Q", title=None, axis=alt.Axis(tickCount=4, tickMinStep=1)),
        )
    )
    return Chart("Pairs by the probability that a fresh annotator prefers the chosen response", _svg(chart))


def intervals(estimates: list[dict[str, Any]], level: float) -> Chart | None:
    """Coefficients as points with their intervals as bars."""
    rows = [row | {"name": row["coefficient"]} for row in estimates]
    low = min(0.0, *(row["ci_low"] for row in rows if row["ci_low"] is not None), 0.0)
    return points(rows, f"Estimates with their {level:.0%} intervals", (max(low, -1.0), 1.0))


def points(rows: list[dict[str, Any]], caption: str, domain: tuple[float, float] | None = None) -> Chart | None:
    """Estimates as points with their intervals as bars, one line per name; none where there is no estimate.

    Args:
        rows: name, estimate, ci_low, ci_high; rows without an estimate are left out.
        caption: what is drawn.
        domain: of the axis; by default as wide as the intervals.
    """
    names = _labels([row["name"] for row in rows if row["estimate"] is not None])
    drawn = [
        {"name": names[row["name"]], **{key: row[key] for key in ("estimate", "ci_low", "ci_high")}}
        for row in rows
        if row["estimate"] is not None
    ]
    if not drawn:
        return None
    alt = _altair()
    y = alt.Y("name:N", sort=[row["name"] for row in drawn], title=None, axis=alt.Axis(labelLimit=260))
    base = alt.Chart(alt.Data(values=drawn), width=480, height=22 * len(drawn)).encode(y)
    known = "isValid(datum.ci_low) && isValid(datum.ci_high)"
    scale = alt.Scale(domain=list(domain)) if domain else alt.Scale(zero=False)
    bars = base.transform_filter(known).mark_rule(color=LINE, strokeWidth=5, opacity=0.4)
    bars = bars.encode(alt.X("ci_low:Q", title=None, scale=scale), alt.X2("ci_high:Q"))
    marks = base.mark_point(color=LINE, filled=True, size=60).encode(alt.X("estimate:Q", title=None, scale=scale))
    return Chart(caption, _svg(bars + marks))


def calibration(steps: list[dict[str, Any]]) -> Chart | None:
    """Predicted against observed shares of held-out votes, with two standard errors; none without held-out votes."""
    if not steps:
        return None
    rows = [
        {"predicted": row["predicted"], "observed": row["observed"]}
        | {"low": max(row["observed"] - 2 * row["se"], 0), "high": min(row["observed"] + 2 * row["se"], 1)}
        for row in steps
    ]
    alt = _altair()
    size, scale = {"width": 260, "height": 260}, alt.Scale(domain=[0.5, 1.0])
    y_scale = alt.Scale(domain=[min(0.5, *(row["low"] for row in rows)), 1.0])
    x = alt.X("predicted:Q", title="predicted", scale=scale, axis=alt.Axis(format=".1f", tickCount=5))
    y = alt.Y("observed:Q", title="observed", scale=y_scale, axis=alt.Axis(format=".1f", tickCount=5))
    same = alt.Chart(alt.Data(values=[{"predicted": v, "observed": v} for v in (0.5, 1.0)]), **size)
    base = alt.Chart(alt.Data(values=rows), **size)
    line = same.mark_line(color=TEXT, strokeDash=[4, 4], strokeWidth=1).encode(x, y)
    bars = base.mark_rule(color=LINE, strokeWidth=2, opacity=0.45).encode(x, alt.Y("low:Q"), alt.Y2("high:Q"))
    marks = base.mark_point(color=LINE, filled=True, size=60).encode(x, y)
    caption = "Probability of the likelier response, and how often held-out votes were for it; on the line they agree"
    return Chart(caption, _svg(line + bars + marks))


def matrix(pairs: pl.DataFrame) -> Chart | None:
    """Cohen's kappa of each two annotators as a heat map; none for one annotator or very many."""
    names = pl.concat([pairs["annotator_a"], pairs["annotator_b"].rename("annotator_a")]).unique().sort().to_list()
    if not 2 < len(names) <= MAX_MATRIX or pairs["kappa"].null_count() == pairs.height:
        return None
    labels = _labels(names)
    rows = [
        {"one": labels[row[a]], "other": labels[row[b]], "kappa": row["kappa"], "strength": abs(row["kappa"])}
        for row in pairs.drop_nulls("kappa").iter_rows(named=True)
        for a, b in (("annotator_a", "annotator_b"), ("annotator_b", "annotator_a"))
    ]
    alt = _altair()
    order, size = list(labels.values()), max(9, min(34, 760 // len(names)))
    base = alt.Chart(alt.Data(values=rows), width=size * len(names), height=size * len(names)).encode(
        alt.X("one:N", sort=order, title=None, axis=alt.Axis(labelAngle=-60, labelLimit=140)),
        alt.Y("other:N", sort=order, title=None, axis=alt.Axis(labelLimit=140)),
    )
    strength = alt.Opacity("strength:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=[0.06, 0.6]))
    cells = [
        base.transform_filter(f"datum.kappa {sign} 0").mark_rect(color=color).encode(strength)
        for sign, color in ((">=", LINE), ("<", ALARM))
    ]
    if size >= _LEGIBLE:
        cells.append(base.mark_text(color=TEXT, fontSize=10).encode(alt.Text("kappa:Q", format=".2f")))
    caption = (
        "Cohen's kappa of each two annotators, fuller colour for more, red below 0; blank: nothing judged in common"
    )
    return Chart(caption, _svg(alt.layer(*cells)))


def _by_period(part: pl.DataFrame, labels: dict[str | None, str]) -> Any:
    alt = _altair()
    rows = [{**row, "period": labels[row["period"]]} for row in part.iter_rows(named=True)]
    order = [row["period"] for row in rows]
    x = alt.X("period:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40, labelLimit=120, labelOverlap=True))
    data, size = alt.Data(values=rows), {"width": min(840, max(360, 110 * len(rows))), "height": 170}
    y = alt.Y("estimate:Q", title=None, scale=alt.Scale(zero=False), axis=alt.Axis(tickCount=5))
    base = alt.Chart(data, **size).encode(x)
    known = "isValid(datum.ci_low) && isValid(datum.ci_high)"
    bars = base.transform_filter(known).mark_rule(color=LINE, strokeWidth=2, opacity=0.45)
    bars = bars.encode(alt.Y("ci_low:Q", title=None), alt.Y2("ci_high:Q"))
    line = base.mark_line(color=LINE, point=alt.OverlayMarkDef(color=LINE, size=45)).encode(y)
    alarms = base.transform_filter("datum.alarm").mark_point(
        color=ALARM, fill=ALARM, opacity=1, shape="diamond", size=130
    )
    return bars + line + alarms.encode(y)


def _by_annotator(part: pl.DataFrame, labels: dict[str | None, str], colours: dict[str | None, str]) -> Any:
    alt = _altair()
    rows = [
        {
            "period": labels[row["period"]],
            "who": number,
            "name": colours.get(row["annotator_id"], ""),
            "y": row["estimate"],
        }
        for row, number in zip(part.iter_rows(named=True), part["annotator_id"].rank("dense").to_list(), strict=True)
    ]
    order = list(labels.values())
    x = alt.X("period:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40, labelLimit=120, labelOverlap=True))
    y = alt.Y("y:Q", title=None, axis=alt.Axis(tickCount=5))
    base = alt.Chart(alt.Data(values=rows), width=min(840, max(360, 110 * len(order))), height=220).encode(x, y)
    others = base.transform_filter("datum.name == ''").mark_line(color=TEXT, opacity=0.3, strokeWidth=1)
    colour = alt.Color("name:N", title=None, sort=list(colours.values()), legend=alt.Legend(labelLimit=200))
    changed = base.transform_filter("datum.name != ''").mark_line(strokeWidth=2.5, point=True).encode(colour)
    lines = others.encode(alt.Detail("who:N"))
    return lines + changed if colours else lines


def _labels(periods: list[str | None]) -> dict[str | None, str]:
    """A short label per period, no two alike."""
    labels: dict[str | None, str] = {}
    for period in periods:
        text = printable(str(period)[: _LONGEST_LABEL + 1]).strip() or "(blank)"
        text = text if len(text) <= _LONGEST_LABEL else text[: _LONGEST_LABEL - 1] + "…"
        taken, n, label = set(labels.values()), 2, text
        while label in taken:
            label, n = f"{text} ({n})", n + 1
        labels[period] = label
    return labels


def _svg(chart: Any) -> str:
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtraError("vl-convert-python", "report") from error
    axis = {
        "titleColor": TEXT,
        "titleFontWeight": "normal",
        "labelColor": TEXT,
        "gridColor": GRID,
        "domainColor": GRID,
        "tickColor": GRID,
        "labelFontSize": 12,
    }
    styled = chart.configure(background="transparent", font="sans-serif", aria=False).configure_axis(**axis)
    return str(vl_convert.vegalite_to_svg(styled.configure_view(stroke=None).to_dict()))


def _altair() -> Any:
    try:
        import altair
    except ImportError as error:
        raise MissingExtraError("altair", "report") from error
    return altair
