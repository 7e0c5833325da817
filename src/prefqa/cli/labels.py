"""The command that combines the labels of several annotators."""

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

_METHODS = ["dawid-skene", "one-coin", "majority"]


@click.command("label-consensus", epilog=EPILOG)
@input_argument
@click.option("--method", type=click.Choice(_METHODS), help="How labels are combined (default dawid-skene).")
@click.option("--smoothing", type=click.FloatRange(0), help="Worth of the prior, in labels; 0 = maximum likelihood.")
@config_option
@format_option
def label_consensus(source: str, config: str | None, as_: str, **given: Any) -> int:
    """Combine the labels of several annotators into one with a probability; tell how each annotator errs."""
    from prefqa.consensus import label_consensus as combine

    settings = settings_of(config, source)
    options = settings.labels.model_dump() | {name: value for name, value in given.items() if value is not None}
    prefs, left_out = clean(source, settings, "label")
    result = combine(prefs, **options)
    show_result(as_, result.to_dict(), lambda _, console: _terminal().print_labels(console, result), left_out)
    return EXIT_CLEAN


def _terminal() -> Any:
    from prefqa.terminal import labels as terminal_labels

    return terminal_labels
