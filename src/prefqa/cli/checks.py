"""The commands on rules: check, rules, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    checked,
    ci_format_option,
    config_option,
    exit_code,
    format_option,
    gate_options,
    input_argument,
    pseudonymise_option,
    read_input,
    refuse_empty,
    settings_of,
    show_result,
    show_verdict,
    unread,
    with_fail_on,
)


@click.command(epilog=EPILOG)
@input_argument
@click.option("--select", multiple=True, metavar="CODE", help="Run these rules only; PQ1 names all that begin so.")
@click.option("--ignore", multiple=True, metavar="CODE", help="Do not run these rules.")
@click.option("--severity", multiple=True, metavar="CODE=LEVEL", help="Another severity: error, warning or info.")
@click.option("--baseline", type=click.Path(dir_okay=False), help="An earlier findings.json: only what is new fails.")
@click.option("--fix", "fixed", type=click.Path(dir_okay=False), help="Write safely fixed data to this .parquet.")
@pseudonymise_option
@gate_options
@config_option
@ci_format_option
def check(source: str, fixed: str | None, pseudonymise: str | None, config: str | None, as_: str, **given: Any) -> int:
    """Check the data against the rules; fails on findings of severity error (see --fail-on).

    With --fix the fixed data is what is checked; every change stands beside it in a .changes.jsonl.
    """
    from prefqa.gate import gate

    settings = _with_options(settings_of(config, source, pseudonymise=pseudonymise), given)
    settings = with_fail_on(settings, given["fail_on"])
    if fixed:
        _check_fixed(fixed)
    prefs = read_input(source, settings)
    if fixed:
        prefs = _fixed(prefs, fixed)
    found = refuse_empty(checked(prefs, settings))
    alone = settings.gate.model_copy(update={"agreement": (), "drift": type(settings.gate.drift)()})
    verdict = gate(check=found, config=alone)
    plain = found.to_dict() | {"gate": verdict.to_dict()}

    def show(terminal: Any, console: Any) -> None:
        terminal.print_findings(console, found)
        if not verdict.passed:
            terminal.print_gate(console, verdict)

    if not show_verdict(as_, source, found, verdict):
        show_result(as_, plain, show)
    return exit_code(verdict, exit_zero=given["exit_zero"])


@click.command(epilog=EPILOG)
@format_option
def rules(as_: str) -> int:
    """List the rules of `check`."""
    from prefqa.checks import RULES

    listed = [{"code": r.code, "name": r.name, "severity": r.severity, "summary": r.summary} for r in RULES]
    show_result(as_, {"rules": listed}, lambda terminal, console: terminal.print_rules(console, listed))
    return EXIT_CLEAN


@click.command(epilog=EPILOG)
@click.argument("code")
def explain(code: str) -> int:
    """Explain a rule: the harm it prevents, its source, an example."""
    from prefqa.checks import explain as text_of

    click.echo(text_of(code))
    return EXIT_CLEAN


def _with_options(settings: Any, given: dict[str, Any]) -> Any:
    """The configuration with what the command line says in its place."""
    update = {name: given[name] for name in ("select", "ignore", "baseline") if given[name]}
    if given["severity"]:
        said = dict(one.partition("=")[::2] for one in given["severity"])
        update["severity"] = settings.checks.severity | said
    return settings.model_copy(update={"checks": settings.checks.model_copy(update=update)})


def _check_fixed(path: str) -> None:
    """Refuse a place that cannot take the fixed data and the changes, before anything is read."""
    from prefqa.checks.fixes import log_of
    from prefqa.writers.targets import check_file

    if Path(path).suffix != ".parquet":
        raise click.UsageError(f"fixed data is written as .parquet, not {Path(path).suffix or 'without an ending'}")
    for one in (path, log_of(path)):
        check_file(one)


def _fixed(prefs: Any, path: str) -> Any:
    from prefqa.checks import fix
    from prefqa.readers import readable

    with readable(prefs.source.files):
        result = fix(prefs)
    if result.preferences.judgments.head(1).collect().is_empty():
        raise unread(prefs.source)
    log = result.write(path)
    click.echo(f"{result.changes.height:,} changes; wrote {path} and {log}", err=True)
    return result.preferences
