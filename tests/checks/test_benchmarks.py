"""Prompts that share a run of words with a benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.checks.rule import Example, prompts, ranking
from prefqa.checks.word_grams import MIN_WORDS, N_WORDS, word_grams
from prefqa.errors import UsageError

WORDS = st.lists(st.sampled_from(["the", "Sky", "is", "blue", "at", "noon", "Ä"]), max_size=30)


@given(st.lists(WORDS, max_size=6))
def test_runs_are_those_of_brute_force(contents: list[list[str]]) -> None:
    grams = word_grams(pl.Series([" ".join(words) for words in contents], dtype=pl.String))
    runs: dict[tuple[str, ...], set[int]] = {}
    n_rows = 0
    for number, words in enumerate(contents):
        lowered = [word.lower() for word in words]
        width = N_WORDS if len(words) >= N_WORDS else len(words)
        if width >= MIN_WORDS:
            hashes = grams.filter(pl.col("text") == number)["gram"].to_list()
            windows = [tuple(lowered[start : start + width]) for start in range(len(words) - width + 1)]
            assert len(hashes) == len(windows)
            n_rows += len(windows)
            for window, gram in zip(windows, hashes, strict=True):
                runs.setdefault(window, set()).add(gram)
    assert grams.height == n_rows
    assert all(len(grams) == 1 for grams in runs.values())
    assert len(set().union(*runs.values())) == len(runs)


def test_hashes_stay_the_same_since_a_file_holds_them() -> None:
    text = "one two three four five six seven eight nine ten eleven twelve thirteen"
    assert word_grams(pl.Series([text, f"  {text.upper()}!?"]))["gram"].to_list() == [GRAM, GRAM]


GRAM = 14346667307630588027


def _check(*contents: str, **options: Any) -> list[tuple[int, str]]:
    judged = [row for number in range(len(contents)) for row in ranking(1, 2, item=f"p{number}")]
    asked = prompts(**{f"p{number}": text for number, text in enumerate(contents)})
    result = prefqa.check(Example(judged, items=asked).preferences(), select=["PQ238"], options={"PQ238": options})
    return result.findings.select("count", "message").rows()


LONG = "Name the river on which the three largest cities of the country of my birth were founded in 1312."
SHORT = "Which of these rivers is longest by far?"


def test_own_files_are_compared_in_whole_and_in_part(tmp_path: Path) -> None:
    file = tmp_path / "ours.jsonl"
    file.write_text(f'{{"question": "{LONG}"}}\n{{"question": "{SHORT}"}}\n', encoding="utf-8")
    contents = [LONG, f"Hello. {LONG.upper()} Thanks", " ".join(LONG.split()[:12]), SHORT, f"{SHORT} Say why.", "Hi"]
    [(count, message)] = _check(*contents, files=[str(file)], column="question")
    assert count == 3
    assert "ours.jsonl 3" in message
    with pytest.raises(UsageError, match=r"option files of PQ238: .*no column 'prompt'"):
        _check(*contents, files=[str(file)])


def test_a_benchmark_that_is_not_there_is_refused() -> None:
    with pytest.raises(UsageError, match="option benchmarks of PQ238 names 'gsm8k', which is not among humaneval"):
        _check(LONG, benchmarks=["gsm8k"])


def test_the_file_holds_each_benchmark() -> None:
    from prefqa.checks.pq2_benchmarks import BENCHMARKS, known_grams

    grams = known_grams()
    assert tuple(grams["benchmark"].unique().sort()) == BENCHMARKS
    assert grams["gram"].is_unique().all()
