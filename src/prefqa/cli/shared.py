"""What the commands share: options, exit codes, reading and showing."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

if TYPE_CHECKING:
    from prefqa.checks.left_out import LeftOut

EXIT_CLEAN, EXIT_FAILED, EXIT_COULD_NOT_RUN, EXIT_OUR_FAULT, EXIT_INTERRUPTED = 0, 1, 2, 3, 130
EPILOG = (
    "Exit codes: 0 clean, 1 the gate failed, 2 could not run, 3 a fault of prefqa itself, 130 interrupted, "
    "143 ended by SIGTERM."
)

_config_file = click.option(
    "-c",
    "--config",
    type=click.Path(dir_okay=False),
    help="A prefqa.toml. Without it the nearest one is used, in the folder of INPUT or above, or [tool.prefqa] there.",
)


def _isolate(context: click.Context, _option: click.Parameter, value: bool) -> None:
    context.meta[_ISOLATED] = value


_ISOLATED = "prefqa.isolated"
_isolated = click.option(
    "--isolated",
    is_flag=True,
    expose_value=False,
    callback=_isolate,
    help="Use no configuration file but the one given with -c.",
)


def config_option(command: _Command) -> _Command:
    """Add the options that choose the configuration."""
    return _config_file(_isolated(command))


format_option = click.option("--format", "as_", type=click.Choice(["text", "json"]), default="text", show_default=True)
criterion_option = click.option(
    "--criterion", help='Pairs of this criterion, or of "each"; without it of the overall vote, where there is one.'
)
CI_FORMATS = ("junit", "sarif", "github", "gitlab", "markdown")
ci_format_option = click.option(
    "--format",
    "--output-format",
    "as_",
    type=click.Choice(["text", "json", *CI_FORMATS]),
    default="text",
    show_default=True,
    help="What is printed: for a person, for a program, or for a CI system.",
)
input_argument = click.argument("source", metavar="INPUT")
_fail_on = click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "info", "never"]),
    help="Least severity of findings that fails ([gate] fail_on; default error).",
)
_exit_zero = click.option("--exit-zero", is_flag=True, help="Exit with 0 also where the gate fails.")


_period_options = (
    click.option("--every", help='Length of a period: "1d", "1w", "1mo".'),
    click.option("--time", help="Time column (default created_at)."),
    click.option("--version", help="Column whose values are the periods, such as guideline_version."),
    click.option("--batch", help="Likewise, for batches."),
)


def period_options(command: _Command) -> _Command:
    """Add the options that cut a campaign into periods."""
    for option in reversed(_period_options):
        command = option(command)
    return command


def gate_options(command: _Command) -> _Command:
    """Add the options that say what fails."""
    return _fail_on(_exit_zero(command))


def with_fail_on(settings: Any, fail_on: str | None) -> Any:
    """Return the configuration with the severity that fails in its place."""
    if fail_on is None:
        return settings
    return settings.model_copy(update={"gate": settings.gate.model_copy(update={"fail_on": fail_on})})


def exit_code(gate: Any, *, exit_zero: bool) -> int:
    """Return the exit code of a verdict."""
    return EXIT_CLEAN if gate.passed or exit_zero else EXIT_FAILED


pseudonymise_option = click.option(
    "--pseudonymise",
    metavar="KEY",
    help="Other ids for annotators, by a secret key: env:NAME, or the path of a file that holds it.",
)


def settings_of(config: str | None, source: str | None = None, *, pseudonymise: str | None = None) -> Any:
    """Return the configuration, with what the command line says in its place.

    Without `config` it is that of the nearest file, from the folder of `source` upwards; standard error names it.
    """
    from prefqa.config import find_config, load_config

    if config is None and not click.get_current_context().meta.get(_ISOLATED):
        near = find_config(source)
        if near is not None:
            config = str(near)
            click.echo(f"Configuration: {shown_path(near)}", err=True)
    settings = load_config(config)
    if pseudonymise is None:
        return settings
    return settings.model_copy(update={"read": settings.read.model_copy(update={"pseudonymise": pseudonymise})})


def shown_path(path: Path) -> str:
    """Return a path as it is printed: from the working folder, where it lies in it."""
    with suppress(ValueError):
        path = path.relative_to(Path.cwd())
    return str(path)


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


def show_verdict(as_: str, origin: str, check: Any, gate: Any) -> bool:
    """Print findings and verdict for a CI system; return whether `as_` is such a format."""
    if as_ not in CI_FORMATS:
        return False
    from prefqa.report.ci import FORMATS
    from prefqa.report.ci.outcome import Outcome

    text = FORMATS[as_](Outcome(origin, check, gate))
    if as_ == "github":
        from prefqa.cli.streams import echo_commands

        echo_commands(text)
    else:
        click.echo(text, nl=False)
    return True


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
