"""The command line: one command per step, the whole road as `run` and `demo`."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click

from prefqa.cli.agreement import agreement, disagreement, plan
from prefqa.cli.anchors import anchors
from prefqa.cli.checks import check, explain, rules
from prefqa.cli.consensus import consensus, relabel
from prefqa.cli.convert import convert
from prefqa.cli.criteria import criteria
from prefqa.cli.init import init
from prefqa.cli.inspect import inspect
from prefqa.cli.labels import label_consensus
from prefqa.cli.leaderboard import leaderboard
from prefqa.cli.process import Ended, ending_by_signals, refuse_closed_output, standard_streams
from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    EXIT_COULD_NOT_RUN,
    EXIT_INTERRUPTED,
    EXIT_OUR_FAULT,
    ci_format_option,
    clean,
    config_option,
    exit_code,
    format_option,
    gate_options,
    input_argument,
    period_options,
    pseudonymise_option,
    refuse_empty,
    settings_of,
    show_result,
    show_verdict,
    with_fail_on,
)
from prefqa.cli.streams import for_rich
from prefqa.cli.watch import watch
from prefqa.errors import PrefqaError

#: What the system refuses only where a program is wrong.
_OUR_ERRORS = frozenset((errno.EBADF, errno.EINVAL, errno.EFAULT))


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="prefqa")
def cli() -> None:
    """The quality gate for preference data."""


@cli.command(epilog=EPILOG)
@input_argument
@click.option("-o", "--out", required=True, type=click.Path(), help="Directory for the report and the files.")
@pseudonymise_option
@gate_options
@config_option
@ci_format_option
def run(
    source: str, out: str, pseudonymise: str | None, config: str | None, as_: str, fail_on: str | None, exit_zero: bool
) -> int:
    """Read, check, measure agreement and drift, build consensus pairs, apply the gate, write it all to OUT."""
    settings = with_fail_on(settings_of(config, source, pseudonymise=pseudonymise), fail_on)
    _check_out(out)
    return _run(source, out, settings, as_, exit_zero=exit_zero)


@cli.command(epilog=EPILOG)
@click.option("-o", "--out", required=True, type=click.Path(), help="Directory for the report and the files.")
@click.option("--items", default=300, show_default=True, type=click.IntRange(1), help="Number of prompts.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the campaign.")
@gate_options
@config_option
@ci_format_option
def demo(out: str, items: int, seed: int, config: str | None, as_: str, fail_on: str | None, exit_zero: bool) -> int:
    """Do what `run` does on a simulated campaign, in which from half-time annotators favour what is shown first."""
    from prefqa.simulate import Drift, simulate

    settings = with_fail_on(settings_of(config), fail_on)
    _check_out(out)
    planted = Drift("position", at_week=6, size=0.8)
    campaign = simulate(n_items=items, seed=seed, repeats=0.03, missing=0.02, drift=planted)
    return _run(campaign.preferences, out, settings, as_, exit_zero=exit_zero)


@cli.command(epilog=EPILOG)
@input_argument
@period_options
@click.option("--reference", help="Period to compare with (default the first).")
@config_option
@format_option
def drift(source: str, config: str | None, as_: str, **given: str | None) -> int:
    """Tell whether annotators came to follow another rule, or only the answers, prompts or people changed."""
    from prefqa.drift import drift as look

    settings = settings_of(config, source)
    options = settings.drift.model_dump() | {key: value for key, value in given.items() if value is not None}
    prefs, left_out = clean(source, settings, "rank")
    result = look(prefs, **options)
    show_result(as_, result.to_dict(), lambda _, console: _terminal_drift().print_drift(console, result), left_out)
    return EXIT_CLEAN


@cli.command(epilog=EPILOG)
@input_argument
@gate_options
@config_option
@ci_format_option
def gate(source: str, config: str | None, as_: str, fail_on: str | None, exit_zero: bool) -> int:
    """Apply the thresholds of the config; exit code 1 if one is missed. Writes nothing."""
    from prefqa.pipeline import run as run_all

    done = run_all(source, config=with_fail_on(settings_of(config, source), fail_on))
    result, left_out = done.gate, refuse_empty(done.check).left_out
    if not show_verdict(as_, source, done.check, result):
        show_result(as_, result.to_dict(), lambda terminal, console: terminal.print_gate(console, result), left_out)
    return exit_code(result, exit_zero=exit_zero)


@cli.command(epilog=EPILOG)
@input_argument
@click.option("-o", "--out", required=True, type=click.Path(dir_okay=False), help="The HTML file.")
@pseudonymise_option
@config_option
def report(source: str, out: str, pseudonymise: str | None, config: str | None) -> int:
    """Write the HTML report alone."""
    from prefqa.pipeline import run as run_all
    from prefqa.report import write_report
    from prefqa.writers.targets import check_file

    check_file(out)
    done = run_all(source, config=settings_of(config, source, pseudonymise=pseudonymise))
    left_out = refuse_empty(done.check).left_out
    write_report(done, out)
    if left_out.n_rows:
        click.echo(f"{left_out}.")
    return EXIT_CLEAN


@cli.command(epilog=EPILOG)
@format_option
def schema(as_: str) -> int:
    """Show the columns of judgments, responses and items."""
    from prefqa.checks import schema_tables

    tables = schema_tables()
    show_result(as_, tables, lambda terminal, console: terminal.print_schema(console, tables))
    return EXIT_CLEAN


_COMMANDS = (
    init, inspect, check, rules, explain, agreement, disagreement, plan, watch, anchors, consensus, criteria, relabel,
    label_consensus, leaderboard,
    convert,
)  # fmt: skip
for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: exit code 2 for what the caller can mend, 3 for a fault of ours, 128 + n where signal n ended it."""
    with standard_streams():
        try:
            with ending_by_signals():
                code = _invoked(sys.argv[1:] if arguments is None else arguments)
                sys.stdout.flush()
        except BaseException as error:  # panics of Polars are no Exception
            error = _ending(error)
            code = _code_of(error)
            with suppress(PrefqaError, OSError):  # standard error may be full, too
                _tell(error, code)
    sys.exit(code)


def _invoked(arguments: list[str]) -> int:
    """Carry out a command; click's own way to do so takes a closed pipe, or the end of a file, for a failure."""
    refuse_closed_output()
    if "_PREFQA_COMPLETE" in os.environ:
        cli.main(args=arguments, prog_name="prefqa")
    try:
        with cli.make_context("prefqa", list(arguments)) as context:
            code = cli.invoke(context)
    except click.exceptions.Exit as end:
        code = end.exit_code
    return code if isinstance(code, int) else EXIT_CLEAN


def _ending(error: BaseException) -> BaseException:
    """Return the interrupt that another error hides: Python and some libraries put their own in its place."""
    cause: BaseException | None = error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        if isinstance(cause, KeyboardInterrupt | Ended):
            return cause
        seen.add(id(cause))
        cause = cause.__cause__ or cause.__context__
    return error


def _code_of(error: BaseException) -> int:
    """Return the exit code of a command that an error ended."""
    match error:
        case KeyboardInterrupt() | click.exceptions.Abort():
            return EXIT_INTERRUPTED
        case Ended():
            return error.code
        case click.ClickException() | PrefqaError() | MemoryError():
            return EXIT_COULD_NOT_RUN
        case OSError() if error.errno is not None and error.errno not in _OUR_ERRORS:
            return EXIT_COULD_NOT_RUN
    return EXIT_OUR_FAULT


def _tell(error: BaseException, code: int) -> None:
    """Say on standard error why a command ended."""
    if code == EXIT_OUR_FAULT:
        import traceback

        traceback.print_exception(error)
        click.echo("This is a fault of prefqa, not of your data. Please report it with the lines above.", err=True)
        return
    match error:
        case click.ClickException():
            error.show()
            return
        case KeyboardInterrupt() | click.exceptions.Abort():
            reason = "interrupted"
        case Ended():
            reason = f"ended by {error}"
        case MemoryError():
            reason = "there is not enough memory for this input"
        case OSError():
            where = f"{error.filename}: " if error.filename is not None else ""
            reason = f"{where}{error.strerror or error}"
        case _:
            reason = str(error)
    click.echo(f"error: {reason}", err=True)


def _check_out(out: str) -> None:
    from prefqa.pipeline import FILES
    from prefqa.writers.targets import check_folder

    check_folder(out, FILES)


def _run(source: Any, out: str, settings: Any, as_: str, *, exit_zero: bool) -> int:
    from prefqa.pipeline import run as run_all
    from prefqa.report import report as render

    with _progress(enabled=as_ == "text") as say:
        result = run_all(source, config=settings, progress=say)
        refuse_empty(result.check)
        say("report")
        html = render(result)
        say("write")
        result.write_files(out, html=html)
    if not show_verdict(as_, result.source.origin, result.check, result.gate):
        show_result(as_, result.to_dict(), lambda terminal, console: terminal.print_run(console, result, Path(out)))
    return exit_code(result.gate, exit_zero=exit_zero)


@contextmanager
def _progress(*, enabled: bool) -> Iterator[Callable[[str], None]]:
    """Show the step under way on standard error, where that is a terminal."""
    from rich.console import Console

    console = Console(file=for_rich(sys.stderr))
    if not (enabled and console.is_terminal):
        yield lambda _step: None
        return
    with console.status("") as status:
        yield lambda step: status.update(f"{step} …")


def _terminal_drift() -> Any:
    from prefqa.terminal import drift as terminal_drift

    return terminal_drift
