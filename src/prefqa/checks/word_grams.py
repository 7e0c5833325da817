"""Hashes of runs of 13 words: the same in every version and on every machine, so that they can be kept in a file."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa.checks.texts import normal

#: Words of a run, as Brown et al. (2020, appendix C) compare them. A shorter text counts as a whole.
N_WORDS = 13
#: A whole text of fewer words than this says too little to be recognised by.
MIN_WORDS = 8
_ODD = np.uint64(0x9E3779B97F4A7C15)


def word_grams(texts: pl.Series) -> pl.DataFrame:
    """Hash all runs of 13 words of each text, or the whole text where it has 8 to 12 words.

    Words are runs of letters and digits, compared without case and form of characters. A whole text is hashed with its
    length, so that it equals whole texts only.

    Returns:
        `text` (UInt32, position in `texts`) and `gram` (UInt64), one row per run.
    """
    words = normal(texts).str.extract_all(r"[\p{L}\p{N}]+")
    size = words.list.len().fill_null(0).to_numpy().astype(np.int64)
    hashes, starts = _hashes(words.explode().drop_nulls()), np.cumsum(size) - size
    parts = [_runs(hashes, starts, size, np.flatnonzero(size >= N_WORDS), N_WORDS)]
    parts += [_runs(hashes, starts, size, np.flatnonzero(size == n), n) for n in range(MIN_WORDS, N_WORDS)]
    return pl.concat(parts)


def _hashes(words: pl.Series) -> Ints:
    """Hash words; by a digest per distinct word, since Polars' own hash may change with its version."""
    distinct = words.unique()
    digests = [int.from_bytes(blake2b(word.encode(), digest_size=8).digest(), "little") for word in distinct]
    codes = words.cast(pl.Enum(distinct)).to_physical().to_numpy()
    return np.asarray(np.array(digests, np.uint64)[codes])


def _runs(hashes: Ints, starts: Ints, size: Ints, texts: Ints, n: int) -> pl.DataFrame:
    """Hash all runs of `n` words of these texts."""
    runs = size[texts] - n + 1
    first = np.repeat(starts[texts] - (np.cumsum(runs) - runs), runs) + np.arange(runs.sum())
    gram = np.full(first.size, n, np.uint64)
    for place in range(n):
        gram = gram * _ODD + hashes[first + place]
        gram ^= gram >> np.uint64(29)
    return pl.DataFrame({"text": np.repeat(texts, runs).astype(np.uint32), "gram": gram})
