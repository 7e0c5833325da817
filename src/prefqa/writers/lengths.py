"""How long a prompt and its response are, in characters or in the tokens of a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from prefqa.errors import MissingExtraError, UsageError
from prefqa.messages import spoken
from prefqa.writers.pair_forms import SIDES

#: Texts that a tokenizer is given at once.
_BATCH = 10_000


@dataclass(frozen=True)
class Limits:
    """The length of prompt and response together beyond which a trainer cuts or drops; None: there is none.

    `tokenizer` counts the tokens: a tokenizer.json or its folder, the name of a model on the Hugging Face hub, or a
    `tokenizers.Tokenizer`.
    """

    max_characters: int | None = None
    max_tokens: int | None = None
    tokenizer: Any = None

    def __post_init__(self) -> None:
        if (self.max_tokens is None) != (self.tokenizer is None):
            raise UsageError("max_tokens and tokenizer go together", hint="give both, or max_characters.")


def too_long(rows: pl.DataFrame, limits: Limits) -> pl.Series | None:
    """Whether the prompt with the longer response exceeds a limit; None without one.

    Counted are the contents of all messages and the calls of tools as JSON, not what a chat template puts around them.
    """
    texts_of = {name: spoken(name, rows.schema[name]) for name in ("prompt", *SIDES)}
    tests = []
    if limits.max_characters is not None:
        tests.append(_longer(rows, texts_of, pl.element().str.len_chars(), limits.max_characters))
    if limits.max_tokens is not None:
        contents = [rows.select(text.alias("content").explode()).to_series() for text in texts_of.values()]
        texts = pl.concat(contents).drop_nulls().unique(maintain_order=True)
        counts = _token_counts(texts, limits.tokenizer)
        count = pl.element().replace_strict(texts, counts, default=0, return_dtype=pl.Int64)
        tests.append(_longer(rows, texts_of, count, limits.max_tokens))
    return None if not tests else pl.select(pl.any_horizontal(tests)).to_series()


def _longer(rows: pl.DataFrame, texts_of: Mapping[str, pl.Expr], length: pl.Expr, most: int) -> pl.Series:
    prompt, *sides = (text.list.eval(length).list.sum().fill_null(0) for text in texts_of.values())
    return rows.select(prompt + pl.max_horizontal(sides) > most).to_series()


def _token_counts(texts: pl.Series, tokenizer: Any) -> pl.Series:
    loaded = _loaded(tokenizer)
    counts: list[int] = []
    for batch in texts.to_frame().iter_slices(_BATCH):
        encoded = loaded.encode_batch(batch.to_series().to_list(), add_special_tokens=False)
        counts += [len(one.ids) for one in encoded]
    return pl.Series(counts, dtype=pl.Int64)


def _loaded(tokenizer: Any) -> Any:
    """The tokenizer, which neither cuts nor pads."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingExtraError("tokenizers", "tokens") from error
    if isinstance(tokenizer, Tokenizer):
        loaded = Tokenizer.from_str(tokenizer.to_str())
    else:
        path = Path(tokenizer)
        path = path / "tokenizer.json" if path.is_dir() else path
        try:
            loaded = Tokenizer.from_file(str(path)) if path.is_file() else Tokenizer.from_pretrained(str(tokenizer))
        except Exception as error:  # the package raises bare Exception for all that goes wrong
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            hint = "name a tokenizer.json, or a model on the hub."
            raise UsageError(f"the tokenizer {tokenizer} cannot be loaded: {reason}", hint=hint) from error
    loaded.no_truncation()
    loaded.no_padding()
    return loaded
