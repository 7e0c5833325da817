"""What the commands share: options, exit codes, reading and showing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

EXIT_CLEAN, EXIT_FAILED, EXIT_COULD_NOT_RUN, EXIT_OUR_FAULT = 0, 1, 2, 3
EPILOG = "Exit codes: 0 clean, 1 the gate failed, 2 could not run, 3 a fault of prefqa itself."

config_option = click.option("-c", "--config", type=click.Path(dir_okay=False), help="A prefqa.toml.")
format_option = click.option("--format", "as_", type=click.Choice(["text", "json"]), default="text", show_default=True)
input_argument = click.argument("source", metavar="INPUT")


pseudonymise_option = click.option(
    "--pseudonymise",
    metavar="KEY",
    help="Other ids for annotators, by a secret key: env:NAME, or the path of a file that holds it.",
)


def settings_of(config: str | None, *, pseudonymise: str | None = None) -> Any:
    """Return the configuration of a file, with what the command line says in its place."""
    from prefqa.config import load_config

    settings = load_config(config)
    if pseudonymise is None:
        return settings
    return settings.model_copy(update={"read": settings.read.model_copy(update={"pseudonymise": pseudonymise})})


def read_input(source: str, settings: Any) -> Any:
    """Return the preferences of INPUT."""
    from prefqa.pseudonyms import key_of, pseudonymise
    from prefqa.readers import read

    prefs = read(source, columns=settings.columns or None, **settings.read.arguments())
    key = settings.read.pseudonymise
    return pseudonymise(prefs, key_of(key)) if key else prefs


def checked(prefs: Any, settings: Any) -> Any:
    """Return what the rules find."""
    from prefqa.lint import check as run_checks
    from prefqa.readers import readable

    with readable(prefs.source.files):
        return run_checks(prefs, **settings.checks.model_dump(), drift=settings.drift.model_dump())


def clean(source: str, settings: Any) -> Any:
    """Return the preferences of INPUT without the rows that the rules leave out."""
    return checked(read_input(source, settings), settings).preferences


def show_result(as_: str, plain: dict[str, Any], show: Callable[[Any, Any], None]) -> None:
    """Print the JSON form, or what a person reads."""
    if as_ == "json":
        from prefqa.writers.atomic import dumps

        click.echo(dumps(plain), nl=False)
        return
    from rich.console import Console

    from prefqa import terminal

    show(terminal, Console(highlight=False))
