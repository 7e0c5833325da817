"""The command line: one command per step, the whole road as `run` and `demo`."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from prefqa.cli.agreement import agreement, disagreement, plan
from prefqa.cli.anchors import anchors
from prefqa.cli.checks import check, explain, rules
from prefqa.cli.consensus import consensus, relabel
from prefqa.cli.convert import convert
from prefqa.cli.inspect import inspect
from prefqa.cli.labels import label_consensus
from prefqa.cli.leaderboard import leaderboard
from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    EXIT_COULD_NOT_RUN,
    EXIT_FAILED,
    EXIT_OUR_FAULT,
    clean,
    config_option,
    format_option,
    input_argument,
    pseudonymise_option,
    refuse_empty,
    settings_of,
    show_result,
)
from prefqa.cli.watch import watch
from prefqa.errors import PrefqaError


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="prefqa")
def cli() -> None:
    """The quality gate for preference data."""


@cli.command(epilog=EPILOG)
@input_argument
@click.option("-o", "--out", required=True, type=click.Path(), help="Directory for the report and the files.")
@pseudonymise_option
@config_option
@format_option
def run(source: str, out: str, pseudonymise: str | None, config: str | None, as_: str) -> int:
    """Read, check, measure agreement and drift, build consensus pairs, apply the gate, write it all to OUT."""
    return _run(source, out, settings_of(config, pseudonymise=pseudonymise), as_)


@cli.command(epilog=EPILOG)
@click.option("-o", "--out", required=True, type=click.Path(), help="Directory for the report and the files.")
@click.option("--items", default=300, show_default=True, type=click.IntRange(1), help="Number of prompts.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Seed of the campaign.")
@config_option
@format_option
def demo(out: str, items: int, seed: int, config: str | None, as_: str) -> int:
    """Do what `run` does on a simulated campaign, in which from half-time annotators call more responses equal."""
    from prefqa.config import load_config
    from prefqa.simulate import Drift, simulate

    settings = load_config(config)
    planted = Drift("ties", at_week=6, size=0.25)
    campaign = simulate(n_items=items, seed=seed, repeats=0.03, missing=0.02, drift=planted)
    return _run(campaign.preferences, out, settings, as_)


@cli.command(epilog=EPILOG)
@input_argument
@click.option("--every", help='Length of a period: "1d", "1w", "1mo".')
@click.option("--time", help="Time column (default created_at).")
@click.option("--version", help="Column whose values are the periods, such as guideline_version.")
@click.option("--batch", help="Likewise, for batches.")
@click.option("--reference", help="Period to compare with (default the first).")
@config_option
@format_option
def drift(source: str, config: str | None, as_: str, **given: str | None) -> int:
    """Tell whether annotators came to follow another rule, or only the answers, prompts or people changed."""
    from prefqa.drift import drift as look

    settings = settings_of(config)
    options = settings.drift.model_dump() | {key: value for key, value in given.items() if value is not None}
    prefs, left_out = clean(source, settings, "rank")
    result = look(prefs, **options)
    show_result(as_, result.to_dict(), lambda _, console: _terminal_drift().print_drift(console, result), left_out)
    return EXIT_CLEAN


@cli.command(epilog=EPILOG)
@input_argument
@config_option
@format_option
def gate(source: str, config: str | None, as_: str) -> int:
    """Apply the thresholds of the config; exit code 1 if one is missed. Writes nothing."""
    from prefqa.pipeline import run as run_all

    done = run_all(source, config=settings_of(config))
    result, left_out = done.gate, refuse_empty(done.check).left_out
    show_result(as_, result.to_dict(), lambda terminal, console: terminal.print_gate(console, result), left_out)
    return EXIT_CLEAN if result.passed else EXIT_FAILED


@cli.command(epilog=EPILOG)
@input_argument
@click.option("-o", "--out", required=True, type=click.Path(dir_okay=False), help="The HTML file.")
@pseudonymise_option
@config_option
def report(source: str, out: str, pseudonymise: str | None, config: str | None) -> int:
    """Write the HTML report alone."""
    from prefqa.pipeline import run as run_all
    from prefqa.report import write_report

    done = run_all(source, config=settings_of(config, pseudonymise=pseudonymise))
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
    inspect, check, rules, explain, agreement, disagreement, plan, watch, anchors, consensus, relabel, label_consensus,
    leaderboard,
    convert,
)  # fmt: skip
for _command in _COMMANDS:
    cli.add_command(_command)


def main(arguments: list[str] | None = None) -> None:
    """Entry point: exit code 2 for what the caller can mend, 3 for a fault of ours."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # ids may hold what the terminal cannot show
    try:
        code = cli.main(args=arguments, standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except click.ClickException as error:
        error.show()
        code = EXIT_COULD_NOT_RUN
    except PrefqaError as error:
        click.echo(f"error: {error}", err=True)
        code = EXIT_COULD_NOT_RUN
    except BrokenPipeError:
        sys.stderr.close()
        code = EXIT_CLEAN
    except Exception:
        import traceback

        traceback.print_exc()
        click.echo("This is a fault of prefqa, not of your data. Please report it with the lines above.", err=True)
        code = EXIT_OUR_FAULT
    sys.exit(code if isinstance(code, int) else EXIT_CLEAN)


def _run(source: Any, out: str, settings: Any, as_: str) -> int:
    from prefqa.pipeline import run as run_all
    from prefqa.report import report as render

    with _progress(enabled=as_ == "text") as say:
        result = run_all(source, config=settings, progress=say)
        refuse_empty(result.check)
        say("report")
        html = render(result)
        say("write")
        result.write_files(out, html=html)
    show_result(as_, result.to_dict(), lambda terminal, console: terminal.print_run(console, result, Path(out)))
    return EXIT_CLEAN if result.gate.passed else EXIT_FAILED


@contextmanager
def _progress(*, enabled: bool) -> Iterator[Callable[[str], None]]:
    """Show the step under way on standard error, where that is a terminal."""
    from rich.console import Console

    console = Console(stderr=True)
    if not (enabled and console.is_terminal):
        yield lambda _step: None
        return
    with console.status("") as status:
        yield lambda step: status.update(f"{step} …")


def _terminal_drift() -> Any:
    from prefqa.terminal import drift as terminal_drift

    return terminal_drift
