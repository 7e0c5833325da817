"""Family PQ2, prompts that share a run of words with a benchmark."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.pq2_prompts import benchmark_prompts
from prefqa.checks.rule import Example, Rule, prompts, ranking
from prefqa.checks.texts import excerpt
from prefqa.checks.word_grams import word_grams
from prefqa.errors import UsageError

_FILE = Path(__file__).with_name("benchmark_grams.parquet")
#: Prompts that are compared at once.
_BLOCK = 100_000
_SKY = "Explain in two or three sentences to a curious child of six why the sky is blue at noon and red at dusk."

#: Benchmarks in the file, all under licences that allow it; docs/checks.md names the sources.
BENCHMARKS = ("humaneval", "mmlu", "truthfulqa")

PQ2_BENCHMARKS = (
    Rule(
        "PQ238",
        "benchmark-words",
        "warning",
        "a prompt that shares a run of 13 words with a benchmark",
        "A model that trains on the questions of a benchmark is measured by memory. Thirteen words in a row are what "
        "the authors of GPT-3 took for an overlap (Brown et al. 2020, appendix C); a question of 8 to 12 words must be "
        "the whole prompt, a shorter one is not compared. Hashes of those in `benchmarks` come with prefqa: up "
        "to five runs of each question of HumanEval, TruthfulQA and 2,850 test questions of MMLU (of 14,042), without "
        "runs that two questions share. `files` names others, of which all runs are compared: .jsonl, .json, .csv, "
        ".parquet with the column `column`, or .txt, one prompt a line. A reworded question is not found.",
        bad=Example(
            ranking(1, 2),
            items=prompts(p1=f"Please answer. {_SKY} Thanks!"),
            options={"files": ["benchmark_words.txt"]},
        ),
        good=Example(
            ranking(1, 2),
            items=prompts(p1="Explain in two or three sentences to a chemist why rust forms on iron but not on gold."),
            options={"files": ["benchmark_words.txt"]},
        ),
        options={"benchmarks": BENCHMARKS, "files": (), "column": "prompt"},
    ),
)


def benchmark_words(frame: Frame) -> Found | NotRun:
    """PQ238."""
    options = frame.options["PQ238"]
    unknown = [name for name in options["benchmarks"] if name not in BENCHMARKS]
    if unknown:
        raise UsageError(
            f"option benchmarks of PQ238 names {unknown[0]!r}, which is not among {', '.join(BENCHMARKS)}",
            hint="name a file of your own with the option files.",
        )
    keys = frame.prompt_keys
    if isinstance(keys, str):
        return NotRun(keys)
    grams = known_grams().filter(pl.col("benchmark").is_in(list(options["benchmarks"])))
    parts = [_own(path, options["column"]) for path in options["files"]]
    known = pl.concat([grams, *parts]).unique("gram", keep="first", maintain_order=True)
    if known.is_empty():
        return NotRun("the options benchmarks and files name nothing")
    shared = [_shared(keys.slice(start, _BLOCK), known) for start in range(0, keys.height, _BLOCK)]
    rows = pl.concat(shared) if shared else keys.clear().with_columns(benchmark=pl.lit("", pl.String))
    counts = rows.group_by("benchmark").len().sort("len", "benchmark", descending=[True, False])
    listed = ", ".join(f"{name} {n:,}" for name, n in counts.head(5).iter_rows())
    message = (
        f"{rows.height:,} of {keys.height:,} prompts share a run of 13 words with a question of a benchmark "
        f"({listed}). Leave them out of training, or do not report that benchmark."
    )
    value = pl.format("{}: {}", "benchmark", excerpt(pl.col("prompt")))
    return Found(rows.select("item_id", value.alias("_value")).lazy(), rows.height, keys.height, message)


def _shared(keys: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Prompts with a run that is known, and the benchmark of the first of them."""
    own = word_grams(keys["prompt"]).join(known, on="gram", how="inner", maintain_order="left")
    first = own.unique("text", keep="first", maintain_order=True)
    return keys.with_row_index("text").join(first, on="text", how="inner", maintain_order="left").select(
        *keys.columns, pl.col("benchmark").cast(pl.String)
    )  # fmt: skip


def _own(path: str, column: str) -> pl.DataFrame:
    grams = word_grams(benchmark_prompts(path, column, "PQ238")["prompt"])
    return grams.select(pl.lit(Path(path).name).alias("benchmark"), "gram")


@cache
def known_grams() -> pl.DataFrame:
    """Return the hashes that come with prefqa: `benchmark`, `gram`."""
    return pl.read_parquet(_FILE, glob=False).with_columns(pl.col("benchmark").cast(pl.String))
