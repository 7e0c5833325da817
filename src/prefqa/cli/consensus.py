"""The commands about the consensus: its pairs, and which items to have judged once more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    clean,
    config_option,
    criterion_option,
    format_option,
    input_argument,
    settings_of,
    show_result,
)

#: The values of `prefqa.consensus`'s Method, Select, Ties and Margin, slow to import; a test holds them equal.
METHODS = (
    "auto", "majority", "borda", "kemeny", "dawid-skene", "two-coin", "mallows", "graded", "bradley-terry",
    "weighted-bradley-terry", "plackett-luce",
)  # fmt: skip
SELECT = ("all", "best-worst", "adjacent", "best-vs-rest")
TIES = ("keep", "drop", "half")
MARGINS = ("logit", "theta", "graded")
_SHARE = click.FloatRange(0, 1, max_open=True)
_method = click.option("--method", type=click.Choice(METHODS), help="How responses are ranked.")


@click.command(epilog=EPILOG)
@input_argument
@_method
@criterion_option
@click.option("--select", type=click.Choice(SELECT), help="Which pairs of an item are taken.")
@click.option("--min-probability", type=click.FloatRange(0, 1), help="Leave out pairs less sure than this.")
@click.option("--ties", type=click.Choice(TIES), help="Keep ties, drop them, or give each two rows of half weight.")
@click.option("--margin", type=click.Choice(MARGINS), help="How much better chosen is: log odds, worths, or grades.")
@click.option("-o", "--out", type=click.Path(dir_okay=False), help="Write the pairs to this .parquet or .jsonl file.")
@click.option("--test-share", type=_SHARE, help="Split by prompt: write OUT as one .train and one .test file.")
@click.option("--validation-share", type=_SHARE, help="Likewise, for a .validation file.")
@click.option("--split-seed", type=int, help="Another seed, another split.")
@config_option
@format_option
def consensus(source: str, out: str | None, config: str | None, as_: str, **given: Any) -> int:
    """Turn the rankings of several annotators into consensus pairs."""
    from prefqa.config import parse_config
    from prefqa.pipeline import consensus_of
    from prefqa.results import records
    from prefqa.terminal.consensus import print_criterion, print_pairs
    from prefqa.writers.pair_files import write_in_place, writer_of
    from prefqa.writers.pair_forms import CARRIED, SIDES
    from prefqa.writers.targets import check_file

    if out:
        writer_of(out)
        check_file(out)
    settings = settings_of(config, source)
    asked = settings.consensus.model_dump() | {name: value for name, value in given.items() if value is not None}
    settings = settings.model_copy(update={"consensus": parse_config({"consensus": asked}).consensus})
    prefs, left_out = clean(source, settings, "rank")
    built = consensus_of(prefs, settings)
    found, pairs, split = built.consensus, built.pair_set, built.split
    written: list[Any] = []
    if out:
        is_table = Path(out).suffix.lower() == ".parquet"
        if not is_table:
            pairs.require_texts()
        written = list(
            write_in_place(out, pairs.marked if is_table else pairs.training, split.parts if split else None)
        )
    plain = {
        "overall": found.overall,
        "pairs": records(pairs.frame.drop("prompt", *SIDES, *CARRIED, strict=False)) if as_ == "json" else [],
        "pair_set": pairs.to_dict(),
        "split": split and records(split.sizes),
        "criterion": built.criterion,
        "by_criterion": [part.to_dict() for part in built.by_criterion],
    }

    def show(terminal: Any, console: Any) -> None:
        print_criterion(console, built)
        terminal.print_consensus(console, found)
        print_pairs(console, pairs, split, written)

    show_result(as_, plain, show, left_out)
    return EXIT_CLEAN


@click.command(epilog=EPILOG)
@input_argument
@click.option("--budget", required=True, type=click.IntRange(1), help="How many judgments to buy.")
@_method
@config_option
@format_option
def relabel(source: str, budget: int, method: str | None, config: str | None, as_: str) -> int:
    """Tell which items to have judged once more, and what pair accuracy that buys."""
    from prefqa.consensus import consensus as build
    from prefqa.terminal.consensus import print_relabel

    settings = settings_of(config, source)
    prefs, left_out = clean(source, settings, "rank")
    found = build(prefs, method=method or settings.consensus.method)  # type: ignore[arg-type]
    plan = found.plan(budget)
    show_result(as_, plan.to_dict(), lambda _, console: print_relabel(console, plan), left_out)
    return EXIT_CLEAN
