"""Family PQ2, rules on prompts across items: repeated, contradictory, leaked between splits or from a benchmark."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun, nothing
from prefqa.checks.texts import excerpt, normal, repeated
from prefqa.errors import UsageError


def repeated_prompt(frame: Frame) -> Found | NotRun:
    """PQ208."""
    keys = frame.prompt_keys
    if isinstance(keys, str):
        return NotRun(keys)
    several = _several(keys)
    rows = several.select("item_id", formatted("{} items: {}", "n", excerpt(pl.col("prompt"))).alias("_value"))
    n, of = several.height, keys.height
    distinct = of - n + several["key"].n_unique()
    message = (
        f"{n:,} of {of:,} items share their prompt with another: there are {distinct:,} different prompts. Split by "
        "prompt, not by item, and count prompts where prompts are what you draw."
    )
    return Found(rows.lazy(), n, of, message)


def contradictory_repeats(frame: Frame) -> Found | NotRun:
    """PQ209."""
    # Texts first: till these are read the rules beside this one have asked for the keys.
    seen, keys, responses = frame.seen, frame.prompt_keys, frame.prefs.responses
    if isinstance(keys, str) or isinstance(seen, str) or responses is None:
        return NotRun(str(keys) if isinstance(keys, str) else str(seen))
    several = _several(keys)
    if several.is_empty():
        return nothing(frame)
    theirs = responses["item_id"].is_in(several["item_id"].implode()) & seen.figures["there"]
    known = (
        responses.select("item_id", "response_id")
        .filter(theirs)
        .with_columns(seen.figures["hash"].filter(theirs))
        .join(several.select("item_id", "key"), on="item_id", how="inner")
        .filter(pl.col("item_id").n_unique().over("key", "hash") > 1)
    )
    if known.is_empty():  # to read all judgments again takes long
        return nothing(frame)
    ranked = (
        frame.rows.filter(pl.col("rank").is_not_null())
        .join(known.lazy(), on=["item_id", "response_id"], how="inner")
        .select(*frame.key, "rank", "hash", "key")
    )
    pairs = (
        ranked.join(ranked, on=frame.key, how="inner", suffix="_2", nulls_equal=True)
        .filter(pl.col("hash") < pl.col("hash_2"))
        .group_by("item_id", "key", "hash", "hash_2")
        .agg((pl.col("rank_2") - pl.col("rank")).sign().sum().alias("margin"))
        .collect(engine="streaming")
    )
    again = pairs.filter(pl.len().over("key", "hash", "hash_2") > 1)
    if again.is_empty():
        return nothing(frame)
    sides = (
        pl.col("margin").sign().min().over("key", "hash", "hash_2"),
        pl.col("margin").sign().max().over("key", "hash", "hash_2"),
    )
    odd = again.filter((sides[0] < 0) & (sides[1] > 0))
    n, of = (frame_.select("key", "hash", "hash_2").n_unique() for frame_ in (odd, again))
    rows = odd.select("item_id").unique().join(several, on="item_id").select(
        "item_id", excerpt(pl.col("prompt")).alias("_value")
    )  # fmt: skip
    message = (
        f"{n:,} of {of:,} pairs of texts that stand in several items of one prompt win in one and lose in another. "
        "Judge them together."
    )
    return Found(rows.lazy(), n, of, message)


def split_leak(frame: Frame) -> Found | NotRun:
    """PQ210."""
    items = frame.prefs.items
    if "split" in frame.columns:
        splits = frame.all_rows.select("item_id", "split").unique()
    elif items is not None and "split" in items.columns:
        splits = items.lazy().select("item_id", pl.col("split").cast(pl.String))
    else:
        return NotRun("there is no split column")
    keys = frame.prompt_keys
    if isinstance(keys, str):
        keyed = splits.with_columns(pl.col("item_id").alias("key"), pl.col("item_id").alias("prompt"))
    else:
        keyed = splits.join(keys.lazy(), on="item_id", how="inner")
    known = keyed.filter(pl.col("split").is_not_null()).collect(engine="streaming")
    leaked = known.filter(pl.col("split").n_unique().over("key") > 1)
    n, of = leaked["key"].n_unique(), known["key"].n_unique()
    rows = leaked.select("item_id", formatted("{}: {}", "split", excerpt(pl.col("prompt"))).alias("_value"))
    message = f"{n:,} of {of:,} prompts stand in several splits: the test has been seen in training. Split by prompt."
    return Found(rows.lazy(), n, of, message)


def benchmark_overlap(frame: Frame) -> Found | NotRun:
    """PQ211."""
    options = frame.options["PQ211"]
    if not options["files"]:
        return NotRun("the option files, which hold the prompts of benchmarks, is not set")
    keys = frame.prompt_keys
    if isinstance(keys, str):
        return NotRun(keys)
    known = pl.concat([benchmark_prompts(path, options["column"], "PQ211") for path in options["files"]])
    found = keys.join(known.unique("key").rename({"prompt": "_theirs"}), on="key", how="inner")
    rows = found.select("item_id", formatted("{}: {}", "file", excerpt(pl.col("prompt"))).alias("_value"))
    message = (
        f"{found.height:,} of {keys.height:,} prompts are prompts of a benchmark, but for blanks and case. Leave "
        "them out of training, or the benchmark measures memory."
    )
    return Found(rows.lazy(), found.height, keys.height, message)


def benchmark_prompts(path: str, column: str, code: str) -> pl.DataFrame:
    """Prompts of a file: one a line where it is plain text, else a column of a table."""
    from pathlib import Path

    from prefqa.readers.files import scan_file

    file = Path(path)
    if file.suffix == ".txt":
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise UsageError(f"option files of {code}: {path}: {error.strerror}") from error
        prompts = pl.LazyFrame({"prompt": lines}, schema={"prompt": pl.String})
    else:
        frame = scan_file(file)
        if column not in frame.collect_schema():
            raise UsageError(
                f"option files of {code}: {path} has no column {column!r}", hint="say which with the option column."
            )
        prompts = frame.select(pl.col(column).cast(pl.String).alias("prompt"))
    said = prompts.filter(pl.col("prompt").str.contains(r"\S")).collect()
    return said.with_columns(normal(said["prompt"]).hash().alias("key"), file=pl.lit(file.name))


def _several(keys: pl.DataFrame) -> pl.DataFrame:
    """Items whose prompt stands in `n` > 1 items."""
    # Mostly few are: to put the keys in order is cheaper than to count each.
    some = keys.filter(keys["key"].is_in(repeated(keys["key"]).implode()))
    return some.with_columns(pl.len().over("key").alias("n"))
