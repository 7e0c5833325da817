"""Texts that are nearly the same: MinHash finds candidates, the share of common word pairs decides."""

from __future__ import annotations

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.near_sample import blocks_of_groups, could_be_near, pairs_of_runs
from prefqa.checks.texts import excerpt, normal

#: 25 bands of 5 values: texts of similarity .8 meet in a band with probability 1 - (1 - .8^5)^25 = .99995.
_BANDS, _ROWS = 25, 5
_CHUNK = 20_000
#: Of more text than this not all pairs of words are held at once.
_MOST_BYTES = 500_000_000
_SEED, _ODD = 42, 0x9E3779B97F4A7C15
#: Pairs of words that are sampled of a text, and how far below the threshold the sample's share may be.
_SAMPLED, _MARGIN = 32, 0.3


def near_duplicate_responses(frame: Frame) -> Found | NotRun:
    """PQ206."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    if not _there():
        return _MISSING
    figures = texts.figures.with_row_index("row").filter("there").unique(["item", "hash"], maintain_order=True)
    figures = figures.filter(pl.len().over("item") > 1)
    threshold = frame.options["PQ206"]["threshold"]
    likely = could_be_near(texts.rows["text"].gather(figures["row"]), figures["item"].to_numpy(), threshold)
    figures = figures.filter(pl.Series(likely))
    found = near(texts.rows["text"].gather(figures["row"]), threshold, within=figures["item"])
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
    the first of its band; or, with `within`, two texts of one group (groups are runs) that share enough of a sample of
    their pairs of words, those whose hash is least of all possible ones.
    """
    if within is None:
        at = _with_common_pairs(texts, threshold)
        signatures = _signatures(texts.gather(at))
        first, second = _candidates(signatures)
        likely = (signatures[first] == signatures[second]).mean(axis=1) >= threshold - 0.15
        first, second = at[first[likely]], at[second[likely]]
    else:
        first, second = _candidates_within(texts, within.to_numpy(), threshold)
    similarity = _similarity(texts, first, second)
    close = similarity >= threshold
    first, second, similarity = first[close], second[close], similarity[close]
    form = pl.DataFrame({"t": texts.gather(np.concatenate([first, second]))}).select(normal(pl.col("t")).hash())["t"]
    apart = form.to_numpy()[: first.size] != form.to_numpy()[first.size :]
    pairs = pl.DataFrame({"first": first[apart], "second": second[apart], "similarity": similarity[apart]})
    both = pl.concat([pairs.select(pl.col(name).alias("text"), "similarity") for name in ("first", "second")])
    return both.group_by("text").agg(pl.col("similarity").max()).sort("text")


def _shingles(texts: pl.Series) -> tuple[Ints, Ints]:
    """Hashes of all pairs of neighbouring words, text by text, and how many each text has."""
    words = pl.DataFrame({"t": texts}).lazy().select(normal(pl.col("t")).str.split(" ").alias("t")).collect()["t"]
    lengths = words.list.len().to_numpy().astype(np.int64)
    hashes = words.explode().hash(_SEED).to_numpy()
    last = np.cumsum(lengths) - 1
    pair = hashes * np.uint64(_ODD) + np.roll(hashes, -1)
    pair[last] = hashes[last]
    keep = np.ones(pair.size, bool)
    keep[last[lengths > 1]] = False
    return pair[keep], np.maximum(lengths - 1, 1)


def _with_common_pairs(texts: pl.Series, threshold: float) -> Ints:
    """Texts enough of whose pairs of words occur again: with s of u pairs nowhere else, J is at most (u - s) / u."""
    if int(texts.str.len_bytes().sum()) > _MOST_BYTES:
        return np.arange(texts.len())
    parts = [_shingles(texts[low : low + _CHUNK]) for low in range(0, texts.len(), _CHUNK)]
    if not parts:
        return np.zeros(0, np.int64)
    pair, size = (np.concatenate(part) for part in zip(*parts, strict=True))
    ordered = np.sort(pair)
    # A table of remainders may call a few more pairs common, which costs time alone.
    again = np.zeros(1 << 26, bool)
    again[ordered[1:][ordered[1:] == ordered[:-1]] & np.uint64(again.size - 1)] = True
    common = np.add.reduceat(again[pair & np.uint64(again.size - 1)], np.cumsum(size) - size, dtype=np.int64)
    return np.flatnonzero(common >= threshold * size)


def _signatures(texts: pl.Series) -> Ints:
    """MinHash signatures, [n, 125]."""
    from rensa import RMinHash

    parts = [np.zeros((0, _BANDS * _ROWS), np.uint32)]
    for low in range(0, texts.len(), _CHUNK):
        pair, size = _shingles(texts[low : low + _CHUNK])
        offsets = np.concatenate([[0], np.cumsum(size)]).astype(np.uint64)
        flat = np.ascontiguousarray(pair)
        matrix = RMinHash.digest_matrix_from_flat_token_hashes(flat, offsets, _BANDS * _ROWS, _SEED)
        parts.append(np.array(matrix.to_rows(), np.uint32).reshape(-1, _BANDS * _ROWS))
    return np.concatenate(parts)


def _candidates_within(texts: pl.Series, group: Ints, threshold: float) -> tuple[Ints, Ints]:
    """Pairs of texts of one group that share enough of a sample of their pairs of words.

    The sample is those whose hash is below a limit, the same for all texts of a group, so that the shortest of them has
    about 32. The share that two texts have in common there has a standard error of .07 at a similarity of .8, and the
    limit is .3 below the threshold.
    """
    found = [np.zeros((0, 2), np.int64)]
    for low, high, here in blocks_of_groups(group, _CHUNK):
        pair, size = _shingles(texts[low:high])
        least = np.repeat(np.minimum.reduceat(size, here), np.diff(np.append(here, high - low)))
        limit = (np.minimum(1.0, _SAMPLED / least) * (2.0**64 - 2**12)).astype(np.uint64)
        text = np.repeat(np.arange(low, high), size)
        mixed = pair * np.uint64(_ODD)
        mixed ^= mixed >> np.uint64(32)
        kept = mixed <= limit[text - low]
        text, key = text[kept], (pair[kept] ^ group[text[kept]].astype(np.uint64)) * np.uint64(_ODD)
        order = np.argsort(key, kind="stable")
        text, key = text[order], key[order]
        again = np.append(False, (key[1:] == key[:-1]) & (text[1:] == text[:-1]))[: key.size]
        text, key = text[~again], key[~again]
        n = np.bincount(text - low, minlength=high - low)
        one, other = pairs_of_runs(key)
        common, shared = np.unique(text[one] * np.int64(group.size) + text[other], return_counts=True)
        first, second = common // max(group.size, 1), common % max(group.size, 1)
        likely = shared / (n[first - low] + n[second - low] - shared) >= threshold - _MARGIN
        found.append(np.stack([first[likely], second[likely]], axis=1))
    return np.concatenate(found)[:, 0], np.concatenate(found)[:, 1]


def _similarity(texts: pl.Series, first: Ints, second: Ints) -> Floats:
    """Jaccard similarity of pairs of texts."""
    used, number = np.unique(np.concatenate([first, second]), return_inverse=True)
    if not used.size:
        return np.zeros(0)
    pair, size = _shingles(texts.gather(used))
    text = np.repeat(np.arange(used.size), size)
    distinct = pl.DataFrame({"text": text, "pair": pair}).unique().sort("text", "pair")
    shingles = distinct["pair"].to_numpy()
    starts = np.append(0, np.cumsum(np.bincount(distinct["text"].to_numpy(), minlength=used.size)))
    return np.array(
        [
            _jaccard(shingles[starts[a] : starts[a + 1]], shingles[starts[b] : starts[b + 1]])
            for a, b in zip(number[: first.size].tolist(), number[first.size :].tolist(), strict=True)
        ],
        np.float64,
    )


def _candidates(signatures: Ints) -> tuple[Ints, Ints]:
    """Pairs of texts that share a band: each with the first text that has it."""
    n = len(signatures)
    found = []
    for band in range(_BANDS):
        values = signatures[:, band * _ROWS : (band + 1) * _ROWS].astype(np.uint64)
        key = np.zeros(n, np.uint64)
        for column in values.T:
            key = key * np.uint64(_ODD) + column
        _, at, number = np.unique(key, return_index=True, return_inverse=True)
        leader = at[number]
        others = np.flatnonzero(leader != np.arange(n))
        found.append(leader[others] * np.int64(n) + others)
    packed = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    return packed // max(n, 1), packed % max(n, 1)


def _jaccard(one: Ints, other: Ints) -> float:
    common = np.intersect1d(one, other, assume_unique=True).size
    return common / max(one.size + other.size - common, 1)


def _shown() -> pl.Expr:
    return formatted("similarity {}: {}", pl.col("similarity").round(2), excerpt(pl.col("text"))).alias("_value")


def _there() -> bool:
    from importlib.util import find_spec

    return find_spec("rensa") is not None


_MISSING = NotRun("the package rensa is not installed: pip install 'prefqa[text]'")
