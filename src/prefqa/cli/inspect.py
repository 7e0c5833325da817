"""The command that shows how a source is read, and writes it down as configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    config_option,
    format_option,
    input_argument,
    read_input,
    settings_of,
    show_result,
)


@click.command(epilog=EPILOG)
@input_argument
@click.option(
    "--write-config",
    "written",
    type=click.Path(dir_okay=False),
    help="Write this reading to a new .toml file: the next file is read the same way, or refused.",
)
@config_option
@format_option
def inspect(source: str, written: str | None, config: str | None, as_: str) -> int:
    """Show how INPUT is read: columns and their roles, the meaning of every vote, scales, times, three examples."""
    from prefqa.readers import readable
    from prefqa.terminal.reading import print_reading

    settings = settings_of(config, source)
    if written:
        _check_written(written)
    prefs = read_input(source, settings)
    with readable(prefs.source.files):
        reading = prefs.reading
    if written:
        _write(written, reading)
    show_result(as_, reading.to_dict(), lambda _, console: print_reading(console, reading))
    if written:
        click.echo(f"wrote {written}", err=True)
    return EXIT_CLEAN


def _check_written(path: str) -> None:
    from prefqa.errors import UsageError
    from prefqa.writers.targets import check_file

    if Path(path).suffix != ".toml":
        raise click.UsageError(f"a configuration is written as .toml, not {Path(path).suffix or 'without an ending'}")
    if Path(path).exists():
        raise UsageError(f"{path} exists", hint="give the name of a new file; prefqa does not change yours.")
    check_file(path)


def _write(path: str, reading: Any) -> None:
    from prefqa.readers.pinned import toml_of
    from prefqa.writers.atomic import write_text

    write_text(path, toml_of(reading))
