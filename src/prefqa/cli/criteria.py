"""The command that weighs criteria for the overall vote."""

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


@click.command(epilog=EPILOG)
@input_argument
@click.option("--overall", help="The criterion that is the overall vote; without it the one that is named so.")
@click.option("--name", "names", multiple=True, help="A criterion to weigh (repeatable); without it all others.")
@click.option("--item", help="Column that says which items are one prompt with the same responses.")
@click.option("--values", type=click.Choice(["votes", "scores"]), help="Weigh votes, or differences of scores.")
@click.option("--max-probability", type=click.FloatRange(0, 1), help="List overall votes less probable than this.")
@config_option
@format_option
def criteria(source: str, config: str | None, as_: str, names: tuple[str, ...], **given: Any) -> int:
    """Tell what each criterion weighs for the overall vote, and which overall votes go against their criteria."""
    from prefqa.criteria import criteria as weigh
    from prefqa.errors import UsageError

    settings = settings_of(config, source)
    asked = settings.criteria.model_dump() | {name: value for name, value in given.items() if value is not None}
    asked |= {"names": names} if names else {}
    prefs, left_out = clean(source, settings, "rank")
    result = weigh(prefs, **asked, level=settings.agreement.level)
    if result.reason is not None:
        raise UsageError(f"{source}: criteria cannot be weighed: {result.reason}")
    show_result(as_, result.to_dict(), lambda _, console: _terminal().print_criteria(console, result), left_out)
    return EXIT_CLEAN


def _terminal() -> Any:
    from prefqa.terminal import criteria as terminal_criteria

    return terminal_criteria
