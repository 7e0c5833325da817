"""The commands about agreement: how much, with whom and where not, and how much data it takes to know."""

from __future__ import annotations

from typing import Any

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    clean,
    config_option,
    format_option,
    input_argument,
    settings_of,
    show_result,
)

_TARGETS = ["votes", "ranks", "grades", "scores", "labels"]
_WEIGHTS = ["identity", "linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar"]
_weights = click.option("--weights", type=click.Choice(_WEIGHTS), help="How far apart unlike categories are.")
_SHARE = click.FloatRange(0, 1, min_open=True, max_open=True)
_level = click.option("--level", type=_SHARE, help="Confidence level.")


@click.command(epilog=EPILOG)
@input_argument
@click.option("--by", multiple=True, help="Column to slice by (may be given several times).")
@click.option("--target", multiple=True, type=click.Choice(_TARGETS), help="What to measure (default votes, ranks).")
@click.option("--coefficient", "coefficients", multiple=True, help='Name of a coefficient, or "all".')
@click.option("--orientation", type=click.Choice(["symmetric", "id", "position"]), help="Which response is first.")
@click.option("--inference", type=click.Choice(["items+annotators", "items"]), help="Over what intervals speak.")
@click.option("--method", type=click.Choice(["jackknife", "percentile", "bca"]), help="How intervals are made.")
@_weights
@_level
@config_option
@format_option
def agreement(source: str, config: str | None, as_: str, **given: Any) -> int:
    """Measure inter-annotator agreement."""
    from prefqa.agreement import agreement as measure

    settings = settings_of(config, source)
    if given["coefficients"] == ("all",):
        given["coefficients"] = "all"
    options = settings.agreement.model_dump() | {name: value for name, value in given.items() if value}
    prefs, left_out = clean(source, settings)
    result = measure(prefs, **options)
    show_result(as_, result.to_dict(), lambda terminal, console: terminal.print_agreement(console, result), left_out)
    return EXIT_CLEAN


@click.command(epilog=EPILOG)
@input_argument
@click.option("--target", type=click.Choice(["votes", "scores", "labels"]), default="votes", show_default=True)
@click.option("--items", "n_items", type=click.IntRange(0), default=20, show_default=True, help="Items to list.")
@_weights
@_level
@config_option
@format_option
def disagreement(source: str, config: str | None, as_: str, **given: Any) -> int:
    """Show who disagrees with whom, where and about what, and the ceiling that sets for a reward model."""
    from prefqa.agreement import disagreement as measure

    options = {name: value for name, value in given.items() if value is not None}
    prefs, left_out = clean(source, settings_of(config, source))
    result = measure(prefs, **options)
    show_result(as_, result.to_dict(), lambda _, console: _terminal().print_disagreement(console, result), left_out)
    return EXIT_CLEAN


@click.command(epilog=EPILOG)
@input_argument
@click.option("--coefficient", default="alpha_nominal", show_default=True, help="Whose precision is wanted.")
@click.option("--target", type=click.Choice(_TARGETS), help="Where the name is in several.")
@click.option("--half-width", type=click.FloatRange(0, min_open=True), default=0.05, show_default=True, help="Wanted.")
@click.option("--reliability", type=_SHARE, default=0.8, show_default=True, help="Wanted of an item's mean.")
@_weights
@_level
@config_option
@format_option
def plan(source: str, config: str | None, as_: str, **given: Any) -> int:
    """Tell from a pilot how many items and annotators a wanted precision needs."""
    from prefqa.agreement import plan as make

    options = {name: value for name, value in given.items() if value is not None}
    prefs, left_out = clean(source, settings_of(config, source))
    result = make(prefs, **options)
    show_result(as_, result.to_dict(), lambda _, console: _terminal().print_plan(console, result), left_out)
    return EXIT_CLEAN


def _terminal() -> Any:
    from prefqa.terminal import agreement as terminal_agreement

    return terminal_agreement
