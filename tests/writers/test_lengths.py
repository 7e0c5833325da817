"""Lengths that a trainer cuts at, in characters and in the tokens of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from prefqa.errors import UsageError
from prefqa.writers import write_pairs

FRAME = pl.DataFrame(
    {
        "prompt": ["one two", "one two", "one"],
        "chosen": ["three four five", "three", "two"],
        "rejected": ["three", "four", "three three three three"],
    }
)


@pytest.fixture
def words() -> Any:
    """A tokenizer whose tokens are words; it is set to cut at two, as those of models often are."""
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {word: at for at, word in enumerate(["?", "one", "two", "three", "four", "five"])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="?"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.enable_truncation(2)
    return made


def n_too_long(path: Path, frame: pl.DataFrame = FRAME, **limits: Any) -> int:
    losses = write_pairs(frame, path, layout="trl-conversational", **limits)
    return int(losses.filter(reason="too_long")["count"].sum())


@pytest.mark.parametrize(("most", "n"), [(5, 0), (4, 2), (2, 3)])
def test_tokens_of_the_prompt_with_the_longer_response_are_counted(
    tmp_path: Path, words: Any, most: int, n: int
) -> None:
    assert n_too_long(tmp_path / "x.jsonl", max_tokens=most, tokenizer=words) == n
    saved = tmp_path / "model" / "tokenizer.json"
    saved.parent.mkdir()
    words.save(str(saved))
    for where in (saved, saved.parent, str(saved)):
        assert n_too_long(tmp_path / "x.jsonl", max_tokens=most, tokenizer=where) == n


def test_tokens_of_all_messages_count(tmp_path: Path, words: Any) -> None:
    turns = [{"role": role, "content": "one two"} for role in ("user", "assistant", "user")]
    frame = pl.DataFrame({"prompt": [turns], "chosen": ["three"], "rejected": ["four"]})
    assert n_too_long(tmp_path / "x.jsonl", frame, max_tokens=6, tokenizer=words) == 1
    assert n_too_long(tmp_path / "x.jsonl", frame, max_tokens=7, tokenizer=words) == 0


def test_both_limits_hold(tmp_path: Path, words: Any) -> None:
    limits = {"max_tokens": 4, "tokenizer": words, "max_characters": 11}
    assert n_too_long(tmp_path / "x.jsonl", **limits) == 3


def test_a_limit_without_its_tokenizer_is_refused(tmp_path: Path, words: Any) -> None:
    for limits in ({"max_tokens": 4}, {"tokenizer": words}):
        with pytest.raises(UsageError, match="go together"):
            n_too_long(tmp_path / "x.jsonl", **limits)
    with pytest.raises(UsageError, match="cannot be loaded"):
        n_too_long(tmp_path / "x.jsonl", max_tokens=4, tokenizer=tmp_path / "x.jsonl")
