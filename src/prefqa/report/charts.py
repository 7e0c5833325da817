"""The charts of the report, as SVG that stands in the page."""

from __future__ import annotations

from typing import Any

import polars as pl

from prefqa.errors import MissingExtraError

_COLOURS = {"line": "#3b6ea8", "grid": "#8884", "text": "#808080"}
_TITLES = {"alpha_nominal": "Agreement (alpha)", "tie_rate": "Share of ties"}
_MAX_PERIODS = 400


def timeline(frame: pl.DataFrame) -> list[str]:
    """One chart per coefficient: estimate and interval by period; none where there is nothing to draw."""
    drawn = frame.filter(pl.col("estimate").is_not_null())
    if drawn["period"].n_unique() < 2 or drawn["period"].n_unique() > _MAX_PERIODS:
        return []
    return [
        _svg(_by_period(part, _TITLES.get(str(name), str(name))))
        for (name,), part in drawn.group_by("coefficient", maintain_order=True)
    ]


def histogram(probabilities: pl.Series) -> str | None:
    """How sure the pairs are: the number of pairs by probability, in steps of .05."""
    if probabilities.is_empty():
        return None
    edge = (probabilities * 20).floor().clip(0, 19) / 20
    counted = pl.DataFrame({"low": edge}).group_by("low").len("pairs").sort("low")
    rows = [{"low": low, "high": low + 0.05, "pairs": n} for low, n in counted.iter_rows()]
    alt = _altair()
    chart = (
        alt.Chart(alt.Data(values=rows), width=620, height=150)
        .mark_bar(color=_COLOURS["line"], binSpacing=1, orient="vertical")
        .encode(
            alt.X(
                "low:Q",
                title="probability that a fresh annotator prefers the chosen response",
                scale=alt.Scale(domain=[0, 1]),
            ),
            alt.X2("high:Q"),
            alt.Y("pairs:Q", title="pairs"),
        )
    )
    return _svg(chart)


def _by_period(part: pl.DataFrame, title: str) -> Any:
    alt = _altair()
    rows = [{**row, "period": _label(row["period"])} for row in part.iter_rows(named=True)]
    order = list(dict.fromkeys(row["period"] for row in rows))
    base = alt.Chart(alt.Data(values=rows), width=620, height=170).encode(
        alt.X("period:N", sort=order, title=None, axis=alt.Axis(labelAngle=-40, labelLimit=120, labelOverlap=True))
    )
    low, high = alt.Y("ci_low:Q", title=title, scale=alt.Scale(zero=False)), alt.Y2("ci_high:Q")
    band = base.mark_rule(color=_COLOURS["line"], strokeWidth=2, opacity=0.45).encode(low, high)
    line = base.mark_line(color=_COLOURS["line"], point=alt.OverlayMarkDef(color=_COLOURS["line"], size=45)).encode(
        alt.Y("estimate:Q", title=title)
    )
    return band + line


def _label(period: object) -> str:
    text = "".join(c if c.isprintable() else "�" for c in str(period)[:40])
    return text or "(blank)"


def _svg(chart: Any) -> str:
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtraError("vl-convert-python", "report") from error
    text = _COLOURS["text"]
    axis = {
        "labelColor": text,
        "titleColor": text,
        "gridColor": _COLOURS["grid"],
        "domainColor": text,
        "tickColor": text,
    }
    styled = chart.configure(background="transparent", font="sans-serif").configure_axis(
        **axis, titleFontWeight="normal"
    )
    return str(vl_convert.vegalite_to_svg(styled.configure_view(stroke=None).to_dict()))


def _altair() -> Any:
    try:
        import altair
    except ImportError as error:
        raise MissingExtraError("altair", "report") from error
    return altair
