"""Texts that are nearly the same: MinHash finds candidates, the share of common word pairs decides."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Ints
from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.texts import excerpt, normal

#: 25 bands of 5 values: texts of similarity .8 meet in a band with probability 1 - (1 - .8^5)^25 = .99995.
_BANDS, _ROWS = 25, 5
_CHUNK = 20_000
_SEED = 42


def near_duplicate_responses(frame: Frame) -> Found | NotRun:
    """PQ206."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    if not _there():
        return _MISSING
    figures = texts.figures.with_row_index("row").filter("there").unique(["item", "hash"], maintain_order=True)
    figures = figures.filter(pl.len().over("item") > 1)
    found = near(texts.rows["text"].gather(figures["row"]), frame.options["PQ206"]["threshold"], within=figures["item"])
    rows = texts.rows[figures["row"].gather(found["text"])].with_columns(
        found["similarity"],
    )
    n, of = rows["item_id"].n_unique(), texts.rows["item_id"].n_unique()
    message = (
        f"{n:,} of {of:,} items have two responses with nearly the same words: such pairs teach little, and their "
        "votes are near chance."
    )
    return Found(rows.lazy().with_columns(_shown()), n, of, message)


def near_duplicate_prompts(frame: Frame) -> Found | NotRun:
    """PQ207."""
    keys = frame.prompt_keys
    if isinstance(keys, str):
        return NotRun(keys)
    if not _there():
        return _MISSING
    single = keys.sort("item_id").unique("key", keep="first", maintain_order=True)
    found = near(single["prompt"], frame.options["PQ207"]["threshold"])
    rows = single[found["text"]].rename({"prompt": "text"}).with_columns(found["similarity"])
    n, of = rows.height, single.height
    message = (
        f"{n:,} of {of:,} different prompts have nearly the words of another. Keep them on one side of a split, and "
        "count them as one where you count prompts."
    )
    return Found(rows.lazy().with_columns(_shown()), n, of, message)


def near(texts: pl.Series, threshold: float, within: pl.Series | None = None) -> pl.DataFrame:
    """Return the texts (by number) that have a near, not equal, duplicate, with the greatest `similarity` found.

    Similarity is Jaccard's: distinct pairs of neighbouring words in common, of all that the two have (normalised; of a
    single word, the word itself). Candidates share a band of their MinHash signature (Broder 1997), each compared with
    the first of its band; or, with `within`, all pairs of one group are compared.
    """
    signatures, shingles, starts = _signatures(texts)
    if within is None:
        first, second = _candidates(signatures)
    else:
        first, second = _pairs_within(within.to_numpy())
    likely = (signatures[first] == signatures[second]).mean(axis=1) >= threshold - 0.15
    first, second = first[likely], second[likely]
    similarity = np.array(
        [
            _jaccard(shingles[starts[a] : starts[a + 1]], shingles[starts[b] : starts[b + 1]])
            for a, b in zip(first.tolist(), second.tolist(), strict=True)
        ],
        np.float64,
    )
    close = similarity >= threshold
    form = texts.to_frame("t").select(normal(pl.col("t")).hash())["t"].to_numpy()
    close &= form[first] != form[second]
    pairs = pl.DataFrame({"first": first[close], "second": second[close], "similarity": similarity[close]})
    both = pl.concat([pairs.select(pl.col(name).alias("text"), "similarity") for name in ("first", "second")])
    return both.group_by("text").agg(pl.col("similarity").max()).sort("text")


def _signatures(texts: pl.Series) -> tuple[Ints, Ints, Ints]:
    """MinHash signatures [n, 125]; the distinct shingles of all texts, text by text, and where each begins."""
    from rensa import RMinHash

    parts, all_shingles, sizes = [], [], []
    for low in range(0, texts.len(), _CHUNK):
        words = pl.DataFrame({"t": texts[low : low + _CHUNK]}).select(normal(pl.col("t")).str.split(" "))
        lengths = words["t"].list.len().to_numpy().astype(np.int64)
        hashes = words["t"].explode().hash(_SEED).to_numpy()
        text = np.repeat(np.arange(lengths.size), lengths)
        last = np.append(text[1:] != text[:-1], True) if text.size else np.zeros(0, bool)
        pair = hashes * np.uint64(0x9E3779B97F4A7C15) + np.roll(hashes, -1)
        pair[last] = hashes[last]
        keep = ~last | (lengths[text] == 1)
        distinct = pl.DataFrame({"text": text[keep], "pair": pair[keep]}).unique().sort("text", "pair")
        size = np.bincount(distinct["text"].to_numpy(), minlength=lengths.size)
        offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.uint64)
        flat = np.ascontiguousarray(distinct["pair"].to_numpy())
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, _BANDS * _ROWS, _SEED)
        parts.append(np.array(matrix.to_rows(), np.uint32).reshape(-1, _BANDS * _ROWS))
        all_shingles.append(flat)
        sizes.append(size)
    if not parts:
        return np.zeros((0, _BANDS * _ROWS), np.uint32), np.zeros(0, np.uint64), np.zeros(1, np.int64)
    starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))])
    return np.concatenate(parts), np.concatenate(all_shingles), starts


def _candidates(signatures: Ints) -> tuple[Ints, Ints]:
    """Pairs of texts that share a band: each with the first text that has it."""
    n = len(signatures)
    found = []
    for band in range(_BANDS):
        values = signatures[:, band * _ROWS : (band + 1) * _ROWS].astype(np.uint64)
        key = np.zeros(n, np.uint64)
        for column in values.T:
            key = key * np.uint64(0x9E3779B97F4A7C15) + column
        _, at, number = np.unique(key, return_index=True, return_inverse=True)
        leader = at[number]
        others = np.flatnonzero(leader != np.arange(n))
        found.append(leader[others] * np.int64(n) + others)
    packed = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    return packed // max(n, 1), packed % max(n, 1)


def _pairs_within(group: Ints) -> tuple[Ints, Ints]:
    """All pairs of neighbouring rows of one group; groups are runs."""
    first, second = [], []
    step = 1
    while True:
        at = np.flatnonzero(group[step:] == group[:-step]) if step < group.size else np.zeros(0, np.int64)
        if not at.size:
            break
        first.append(at)
        second.append(at + step)
        step += 1
    empty = np.zeros(0, np.int64)
    return np.concatenate([empty, *first]), np.concatenate([empty, *second])


def _jaccard(one: Ints, other: Ints) -> float:
    common = np.intersect1d(one, other, assume_unique=True).size
    return common / max(one.size + other.size - common, 1)


def _shown() -> pl.Expr:
    return formatted("similarity {}: {}", pl.col("similarity").round(2), excerpt(pl.col("text"))).alias("_value")


def _there() -> bool:
    from importlib.util import find_spec

    return find_spec("rensa") is not None


_MISSING = NotRun("the package rensa is not installed: pip install 'prefqa[text]'")
