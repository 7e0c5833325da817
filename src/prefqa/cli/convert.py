"""Command `convert`: any accepted shape or export to the standard form, or to a layout of a trainer or a tool."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from prefqa.cli.shared import (
    EPILOG,
    EXIT_CLEAN,
    checked,
    config_option,
    criterion_option,
    input_argument,
    pseudonymise_option,
    read_input,
    refuse_empty,
    refuse_unstated,
    settings_of,
    unread,
)


@click.command(epilog=EPILOG)
@input_argument
@click.option("-o", "--out", required=True, type=click.Path(), help="The file, or the directory, to write.")
@click.option("--layout", help="Layout of a trainer or tool (see docs/layouts.md); without it the standard form.")
@criterion_option
@click.option("--max-characters", type=click.IntRange(1), help="Count pairs longer than this, which trainers cut.")
@click.option("--max-tokens", type=click.IntRange(1), help="The same in tokens; needs --tokenizer.")
@click.option("--tokenizer", help="What counts the tokens: a tokenizer.json, or the name of a model on the hub.")
@pseudonymise_option
@config_option
def convert(
    source: str,
    out: str,
    layout: str | None,
    criterion: str | None,
    pseudonymise: str | None,
    config: str | None,
    **limits: Any,
) -> int:
    """Write INPUT in the standard form, or its consensus pairs or judgments in a layout."""
    from prefqa.readers import readable

    settings = settings_of(config, source, pseudonymise=pseudonymise)
    if criterion is not None:
        own = settings.consensus.model_copy(update={"criterion": criterion})
        settings = settings.model_copy(update={"consensus": own})
    _check_out(out, layout)
    prefs = read_input(source, settings)
    with readable(prefs.source.files):
        lines = _standard(prefs, out) if layout is None else _laid_out(prefs, out, layout, settings, limits)
    click.echo("\n".join([prefs.source.detail, *lines, f"wrote {out}"]))
    return EXIT_CLEAN


def _check_out(out: str, layout: str | None) -> None:
    """Refuse a place that cannot take what is asked for, before anything is read."""
    from prefqa.writers.registry import check_place, layout_of
    from prefqa.writers.targets import check_file

    if layout is not None:
        check_place(layout_of(layout), out)
        return
    if Path(out).suffix != ".parquet":
        raise click.UsageError(f"judgments are written as .parquet, not {Path(out).suffix or 'without an ending'}")
    check_file(out)


def _standard(prefs: Any, out: str) -> list[str]:
    import polars as pl

    from prefqa.casts import raw_name
    from prefqa.preferences import JUDGMENT_TYPES
    from prefqa.writers.atomic import write_parquet

    judgments = prefs.judgments.collect()
    if judgments.is_empty():
        raise unread(prefs.source)
    plain = judgments.lazy().select(pl.exclude("^_.*$"))
    write_parquet(out, _with_tables(plain, prefs).collect())
    raw = {name: raw_name(name) for name in JUDGMENT_TYPES if raw_name(name) in judgments.columns}
    lost = {name: judgments.height - judgments[raw].null_count() for name, raw in raw.items()}
    return [
        f"{n:,} of {judgments.height:,} rows hold a {name} that could not be read; it is written as missing"
        for name, n in lost.items()
        if n
    ]


def _with_tables(judgments: Any, prefs: Any) -> Any:
    """Put beside each judgment what the tables of responses and items hold; the file is all that is written."""
    from prefqa.readers.keys import PROMPTS, TEXTS

    prefs = prefs.with_texts()
    for table, keys, texts in (
        (prefs.responses, ["item_id", "response_id"], TEXTS),
        (prefs.items, ["item_id"], PROMPTS),
    ):
        names = judgments.collect_schema().names()
        held = set(texts) if set(texts) & set(names) else set()
        more = [] if table is None else [name for name in table.columns if name not in {*names, *held}]
        if more:
            judgments = judgments.join(table.lazy().select(*keys, *more), on=keys, how="left", maintain_order="left")
    return judgments


def _laid_out(prefs: Any, out: str, layout: str, settings: Any, limits: dict[str, Any]) -> list[str]:
    """Write the consensus pairs, or the judgments, and return lines on what was left out or will be lost."""
    import polars as pl

    from prefqa.consensus import consensus
    from prefqa.pipeline import consensus_of
    from prefqa.writers import PairLayout, Tables, layout_of
    from prefqa.writers.pair_losses import NOT_WRITTEN

    found = layout_of(layout)
    clean = refuse_empty(checked(prefs, settings))
    lines = [f"{clean.left_out}"] if clean.left_out.n_rows else []
    rows = clean.preferences
    if isinstance(found, PairLayout):
        refuse_unstated(clean, "rank")
        built = consensus_of(rows, settings)
        pairs = built.pair_set
        if built.criterion is not None:
            lines.append(f"pairs of the criterion {built.criterion}")
        losses = pairs.write(out, layout=layout, **limits)
        not_written = set(losses["reason"]) & set(NOT_WRITTEN) - ({"tie"} if found.ties else set())
        lines.append(f"{pairs.sentence_without(not_written)}.")
        return lines + [
            f"{count:,} of {pairs.frame.height:,} rows: {meaning}"
            for reason, count, _, meaning in losses.rows()
            if reason not in not_written
        ]
    long = rows.judgments.select(pl.exclude("^_.*$")).collect()
    places = consensus(rows, method=settings.consensus.method).responses.select("item_id", "response_id", "place")
    losses = found.write(Tables(long, rows.with_texts().responses, rows.items, places), Path(out))
    return lines + [f"{count:,}: {meaning}" for _, count, _, meaning in losses.rows()]
