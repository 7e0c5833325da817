"""The command that plans which items to show again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    clean,
    config_option,
    format_option,
    input_argument,
    period_options,
    settings_of,
    show_result,
)

if TYPE_CHECKING:
    from rich.console import Console

    from prefqa.drift.anchor_plan import AnchorPlan


@click.command(epilog=EPILOG)
@input_argument
@period_options
@click.option("--judgments-per-item", type=click.IntRange(min=1), help="Of each item (default: as in the campaign).")
@config_option
@format_option
def anchors(source: str, config: str | None, as_: str, judgments_per_item: int | None, **given: str | None) -> int:
    """Plan how many items judged before to show again, so that a changed rule is told from changed answers."""
    from prefqa.drift.anchor_plan import plan_anchors

    settings = settings_of(config, source)
    names = ("time", "every", "version", "batch", "features", "strata", "alpha")
    options = {name: value for name, value in settings.drift.model_dump().items() if name in names}
    cuts = {name: value for name, value in given.items() if value is not None}
    prefs, left_out = clean(source, settings, "rank")
    result = plan_anchors(prefs, judgments_per_item=judgments_per_item, **options | cuts)
    show_result(as_, result.to_dict(), lambda _, console: _print(console, result), left_out)
    return EXIT_CLEAN


def _print(console: Console, result: AnchorPlan) -> None:
    from prefqa.terminal.parts import hang, number, shown, table

    rows: list[tuple[str, ...]] = [
        (
            shown(row["detector"], 20),
            str(row["n_per_period"]),
            str(row["n_judgments_per_period"]),
            number(row["min_detectable"]),
            number(row["as_correlation"]),
        )
        for row in result.plan.iter_rows(named=True)
    ]
    head = ("detector", "items a period", "judgments", "smallest change", "as correlation")
    console.print(table(head, rows, right=(1, 2, 3, 4), fold=(0,)))
    said = (
        f"{result.n_periods} periods with the change after half of them, {result.judgments_per_item} judgments of each "
        f"item, found with a probability of {result.power:.0%}; as correlation: what a correlation of the feature with "
        "unrecorded quality would have to be to look like such a change where the items are new."
    )
    hang(console, None, said, style="dim")
