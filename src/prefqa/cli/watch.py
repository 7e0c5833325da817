"""The command that looks at a running campaign again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    EXIT_FAILED,
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

    from prefqa.drift import WatchResult

_TOP = 10


@click.command(epilog=EPILOG)
@input_argument
@click.option("--state", required=True, type=click.Path(dir_okay=False), help="JSON file that remembers the looks.")
@period_options
@click.option("--alpha", type=click.FloatRange(0, 1, min_open=True, max_open=True), help="Over the whole campaign.")
@config_option
@format_option
def watch(source: str, state: str, config: str | None, as_: str, **given: Any) -> int:
    """Look once more at a running campaign: exit code 1 once the rule has changed, however often one looks."""
    from prefqa.drift import watch as look
    from prefqa.writers.targets import check_file

    check_file(state)
    settings = settings_of(config, source)
    names = ("time", "every", "version", "batch", "alpha")
    options = {name: value for name, value in settings.drift.model_dump().items() if name in names}
    cuts = {name: value for name, value in given.items() if value is not None}
    prefs, left_out = clean(source, settings, "rank")
    result = look(prefs, state, **options | cuts)
    show_result(as_, result.to_dict(), lambda _, console: _print(console, result), left_out)
    return EXIT_FAILED if result.alarm else EXIT_CLEAN


def _print(console: Console, result: WatchResult) -> None:
    from prefqa.terminal.parts import hang, number, shown, table

    hang(console, None, result.sentence)
    if result.warning:
        hang(console, None, f"Note: {result.warning}.", style="yellow")
    rows: list[tuple[str, ...]] = [
        (
            shown(row["annotator_id"] or row["stream"], 24),
            f"{row['e_value']:.3g}",
            number(row["weight"]),
            row["since"] or "",
        )
        for row in result.streams.head(_TOP).iter_rows(named=True)
    ]
    if rows:
        console.print(table(("score", "e-value", "weight", "likeliest since"), rows, right=(1, 2), fold=(0,)))
    hang(console, None, f"{result.method}; the alarm is the weighted mean at {result.threshold:g}.", style="dim")
