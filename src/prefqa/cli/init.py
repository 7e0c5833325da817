"""The command that writes a first configuration from what it measures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from prefqa.cli.shared import EPILOG, EXIT_CLEAN, clean, input_argument
from prefqa.config import Config

_GATE = """
[gate]
policy = "default"        # "strict": warnings fail; "off": only findings and the lines below are judged
fail_on = "error"         # severity from which findings fail: error, warning, info, never
allow_inconclusive = false

{agreement}
# How much of a finding is tolerated; prefqa rules lists the codes.
# [[gate.findings]]
# code = "PQ103"
# max_share = 0.01

[gate.drift]
alarm = "warn"            # "fail" or "ignore"
"""
_FLOOR = """# Agreement: {measured}. The gate fails where the whole interval lies below
# this, and is inconclusive where the interval covers it.
[[gate.agreement]]
coefficient = "{name}"
min = {floor}
"""
_NO_FLOOR = """# Agreement: {measured}.
# [[gate.agreement]]
# coefficient = "alpha_nominal"
# min = 0.4
"""


@click.command(epilog=EPILOG)
@input_argument
@click.option(
    "-o", "--out", default="prefqa.toml", show_default=True, type=click.Path(dir_okay=False), help="The new file."
)
def init(source: str, out: str) -> int:
    """Write a commented prefqa.toml from how INPUT is read and how well its annotators agree."""
    from prefqa.errors import UsageError
    from prefqa.readers import readable
    from prefqa.readers.pinned import toml_of
    from prefqa.writers.atomic import write_text

    if Path(out).suffix != ".toml":
        raise click.UsageError(f"a configuration is written as .toml, not {Path(out).suffix or 'without an ending'}")
    if Path(out).exists():
        raise UsageError(f"{out} exists", hint="give the name of a new file with -o; prefqa does not change yours.")
    prefs = clean(source, Config()).preferences
    with readable(prefs.source.files):
        text = toml_of(prefs.reading, command="prefqa init") + _GATE.format(agreement=_agreement(prefs))
    write_text(out, text)
    click.echo(f"wrote {out}: prefqa run {source} -o out uses it")
    return EXIT_CLEAN


def _agreement(prefs: Any) -> str:
    """Return the lines on agreement: a floor below the interval that was measured, if that is above chance."""
    from prefqa.agreement import agreement
    from prefqa.gate_policy import headline

    row = headline(agreement(prefs))
    if row is None or row["ci_low"] is None:
        reason = "no coefficient" if row is None else row["reason"] or "no interval"
        return _NO_FLOOR.format(measured=f"could not be measured ({reason})")
    measured = f"{row['coefficient']} {row['estimate']:.3f} ({row['ci_low']:.3f} to {row['ci_high']:.3f})"
    floor = math.floor(row["ci_low"] * 20) / 20
    if floor <= 0:
        return _NO_FLOOR.format(measured=f"{measured}, which may be chance")
    return _FLOOR.format(measured=measured, name=row["coefficient"], floor=floor)
