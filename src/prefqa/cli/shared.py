"""What the commands share: options, exit codes, reading and showing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from prefqa.checks.left_out import LeftOut

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


class Clean(NamedTuple):
    """The preferences without the rows that the rules leave out, and how many these are, by rule."""

    preferences: Any
    left_out: LeftOut


def clean(source: str, settings: Any, *values: str) -> Clean:
    """Return the preferences of INPUT without the rows that the rules leave out.

    Args:
        source: INPUT.
        settings: the configuration.
        values: what a row must state to be measured: a rank, a score or a label; any of these if nothing is named.

    Raises:
        PrefqaError: nothing was read, or no row that counts states one of `values`.
    """
    found = refuse_empty(checked(read_input(source, settings), settings))
    refuse_unstated(found, *values)
    return Clean(found.preferences, found.left_out)


def refuse_unstated(found: Any, *values: str) -> None:
    """Refuse to measure what no row states.

    Raises:
        UsageError: no row that a check left in states one of `values`.
    """
    if found.states(*values):
        return
    from prefqa.errors import UsageError

    source, left_out = found.preferences.source, found.left_out
    wanted = " or ".join(f"a {value}" for value in values) or "a rank, a score or a label"
    why = f"no row that counts states {wanted}"
    if left_out.n_rows:
        codes = [rule["code"] for rule in left_out.by_rule]
        messages = found.findings.filter(found.findings["code"].is_in(codes))["message"]
        why = " ".join([f"{why}; {left_out}.", *messages])
    hint = f"prefqa check {source.origin} shows what was found; columns of other names are mapped under [columns]."
    raise UsageError(f"{source.origin}: there is nothing to measure: {why}", hint=hint)


def refuse_empty(found: Any) -> Any:
    """Return what a check found, if there was anything to check.

    Raises:
        ReadError: no judgment was read.
    """
    if not found.n_rows:
        raise unread(found.preferences.source)
    return found


def unread(source: Any) -> Exception:
    """Build the error for a source of which no judgment was read."""
    from prefqa.errors import ReadError

    noted = "".join(f" {note.message}" for note in source.notes)
    reason = f"no judgment was read ({source.detail or source.shape}).{noted}"
    hint = "look whether the export holds answers that were submitted, and whether this is the file that you meant."
    return ReadError(source.origin, reason, hint=hint)


def show_result(
    as_: str, plain: dict[str, Any], show: Callable[[Any, Any], None], left_out: LeftOut | None = None
) -> None:
    """Print the JSON form, or what a person reads; with what was `left_out` before, where that is not in it."""
    if as_ == "json":
        from prefqa.writers.atomic import dumps

        click.echo(dumps(plain if left_out is None else plain | {"left_out": left_out.to_dict()}), nl=False)
        return
    from rich.console import Console

    from prefqa import terminal
    from prefqa.cli.streams import for_rich

    console = Console(highlight=False, file=for_rich(sys.stdout))
    if left_out is not None:
        terminal.print_left_out(console, left_out)
    show(terminal, console)
