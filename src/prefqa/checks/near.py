"""Texts that are nearly the same: MinHash finds candidates, the share of common word pairs decides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints, begins
from prefqa.checks.near_sample import blocks_of_groups, pairs_of_runs
from prefqa.checks.near_sharing import CHUNK, HASH, sharing
from prefqa.checks.texts import changed, n_texts, normal, not_ascii

#: 25 bands of 5 values: texts of similarity .8 meet in a band with probability 1 - (1 - .8^5)^25 = .99995.
_BANDS, _ROWS = 25, 5
#: Pairs of texts that are compared at once.
_PAIRS = 4_000
#: Of more text than this not all pairs of words are held at once.
_MOST_BYTES = 500_000_000
_SEED, _ODD, _LENGTH = 42, np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
#: Bytes of text that are looked at at once; and what keeps of 8 bytes the first ones, by how many.
_PIECE = 1_000_000
_HEAD = np.array([256**n - 1 for n in range(9)], np.uint64)
#: Pairs of words that are sampled of a text, and how far below the threshold the sample's share may be.
_SAMPLED, _MARGIN = 32, 0.3

_NONE: Ints = np.zeros(0, np.int64)


def near(texts: pl.Series, threshold: float, within: pl.Series | None = None) -> pl.DataFrame:
    """Return the texts (by number) that have a near, not equal, duplicate, with the greatest `similarity` found.

    Similarity is Jaccard's: distinct pairs of neighbouring words in common, of all that the two have (normalised; of a
    single word, the word itself). Candidates share one of their rarest pairs of words (the prefix filter of Bayardo, Ma
    and Srikant 2007), or, where many texts do, a band of their MinHash signature (Broder 1997), each compared with the
    first of its band; with `within`, two texts of one group (groups are runs) that share enough of a sample of their
    pairs of words, those whose hash is least of all possible ones.
    """
    texts = changed(texts, not_ascii(texts), normal)
    if within is None:
        first, second, similarity = _candidates_anywhere(texts, threshold)
    else:
        first, second = _candidates_within(texts, within.to_numpy(), threshold)
        similarity = _similarity(texts, first, second)
    close = similarity >= threshold
    first, second, similarity = first[close], second[close], similarity[close]
    if not first.size:
        return pl.DataFrame(schema={"text": pl.Int64, "similarity": pl.Float64})
    alike = np.flatnonzero(similarity == 1.0)
    form = normal(texts.gather(np.concatenate([first[alike], second[alike]]))).hash()
    equal = np.equal(*np.split(form.to_numpy(), 2))
    apart = np.ones(first.size, bool)
    apart[alike[equal]] = False
    pairs = pl.DataFrame({"first": first[apart], "second": second[apart], "similarity": similarity[apart]})
    both = pl.concat([pairs.select(pl.col(name).alias("text"), "similarity") for name in ("first", "second")])
    return both.group_by("text").agg(pl.col("similarity").max()).sort("text")


def _pieces(texts: pl.Series) -> list[pl.Series]:
    """Texts, in pieces so small that they and what is made of them stay near the processor."""
    step = min(n_texts(texts, _PIECE), CHUNK)
    return [texts[low : low + step] for low in range(0, max(texts.len(), 1), step)]


def _shingles(texts: pl.Series) -> tuple[Ints, Ints]:
    """Hashes of all pairs of neighbouring words, text by text, and how many each text has.

    Of texts that are not ASCII it takes the words as they are: `near` has brought these to their form.
    """
    data, ends = _read(texts)
    at = np.flatnonzero((data == ord(" ")) | (data - np.uint8(9) < np.uint8(5)))
    length = np.diff(at, prepend=-1) - 1
    last = at.searchsorted(ends)
    if not length.all():  # blanks that follow each other; a text without any word has one that is empty
        word = length > 0
        before = np.flatnonzero(~word).searchsorted(last, side="right")
        none = np.diff(last - before, prepend=-1) == 0
        if none.any():
            word[last[none]] = True
            before = np.flatnonzero(~word).searchsorted(last, side="right")
        last, at, length = last - before, at[word], length[word]
    hashes = _hashes(data, at - length, length)
    size = np.diff(last, prepend=-1)
    pair = hashes * _ODD
    pair[:-1] += hashes[1:]
    keep = np.ones(pair.size, bool)
    keep[last[size > 1]] = False
    single = last[size == 1]
    pair[single] = hashes[single]
    return pair[keep], np.maximum(size - 1, 1)


def _read(texts: pl.Series) -> tuple[Ints, Ints]:
    """The bytes of texts, ASCII in small letters, each followed by a blank, and where that is; 8 bytes more."""
    ends = np.cumsum(texts.str.len_bytes().to_numpy().astype(np.int64) + 1) - 1
    joined = texts.str.join("\n", ignore_nulls=False).cast(pl.Binary).item() + b"\n" + bytes(8)
    data = np.frombuffer(joined, np.uint8)
    return data | (data - np.uint8(ord("A")) < np.uint8(26)).view(np.uint8) << np.uint8(5), ends


def _hashes(data: Ints, at: Ints, length: Ints) -> Ints:
    """Hashes of words that begin there; 8 bytes follow the last."""
    found = _eight(data, at, length)
    found += length.astype(np.uint64) * _LENGTH
    long = np.flatnonzero(length > 8)
    if long.size:
        more = (length[long] - 1) >> 3
        starts = np.cumsum(more) - more
        place = np.arange(1, more.sum() + 1) - np.repeat(starts, more)
        eights = _eight(data, np.repeat(at[long], more) + 8 * place, np.repeat(length[long], more) - 8 * place)
        found[long] += np.add.reduceat(eights * (2 * place + 1).astype(np.uint64), starts)
    return found


def _eight(data: Ints, at: Ints, length: Ints) -> Ints:
    """Hashes of 8 bytes, or as many as are left."""
    word = np.ndarray(data.size - 7, np.uint64, data, strides=(1,))[at]
    word &= _HEAD.take(length, mode="clip")
    word *= _ODD
    word ^= word >> np.uint64(32)
    return word


def _distinct(texts: pl.Series) -> tuple[Ints, Ints]:
    """Return the distinct pairs of words of at most `CHUNK` texts, as their hashes' first bits, and how many.

    They come text by text, in each in the order of their hashes.
    """
    pair, size = _shingles(texts)
    text = np.repeat(np.arange(size.size, dtype=np.uint64), size)
    keys = np.sort(text << np.uint64(HASH) | pair >> np.uint64(64 - HASH))
    keys = keys[begins(keys)]
    number = (keys >> np.uint64(HASH)).astype(np.int64)
    return keys & np.uint64(2**HASH - 1), np.bincount(number, minlength=size.size)


def _signatures(texts: pl.Series) -> Ints:
    """MinHash signatures, [n, 125]."""
    from rensa import RMinHash

    parts = [np.zeros((0, _BANDS * _ROWS), np.uint32)]
    for low in range(0, texts.len(), CHUNK):
        pair, size = _shingles(texts[low : low + CHUNK])
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
    for low, high, here in blocks_of_groups(group, CHUNK):
        pair, size = _shingles(texts[low:high])
        least = np.repeat(np.minimum.reduceat(size, here), np.diff(np.append(here, high - low)))
        limit = (np.minimum(1.0, _SAMPLED / least) * (2.0**64 - 2**12)).astype(np.uint64)
        text = np.repeat(np.arange(low, high), size)
        mixed = pair * _ODD
        mixed ^= mixed >> np.uint64(32)
        kept = mixed <= limit[text - low]
        text, key = text[kept], (pair[kept] ^ group[text[kept]].astype(np.uint64)) * _ODD
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
    parts = [np.zeros(0)]
    for low in range(0, first.size, _PAIRS):
        both = np.concatenate([first[low : low + _PAIRS], second[low : low + _PAIRS]])
        used, number = np.unique(both, return_inverse=True)
        pair, size = _distinct(texts.gather(used))
        parts.append(_jaccard(pair, size, np.cumsum(size) - size, *np.split(number, 2)))
    return np.concatenate(parts)


def _jaccard(pair: Ints, size: Ints, starts: Ints, first: Ints, second: Ints) -> Floats:
    number = np.concatenate([first, second])
    many = size[number]
    at = np.repeat(starts[number] - (np.cumsum(many) - many), many) + np.arange(many.sum())
    couple = np.repeat(np.tile(np.arange(first.size, dtype=np.uint64), 2), many)
    keys = np.sort(couple << np.uint64(HASH) | pair[at])
    twice = (keys[~begins(keys)] >> np.uint64(HASH)).astype(np.int64)
    common = np.bincount(twice, minlength=first.size)
    return np.asarray(common / np.maximum(many[: first.size] + many[first.size :] - common, 1))


def _candidates_anywhere(texts: pl.Series, threshold: float) -> tuple[Ints, Ints, Floats]:
    """Pairs of texts that could be similar, all but of a crowd those only that MinHash finds; and their similarity."""
    few = int(texts.str.len_bytes().sum()) <= _MOST_BYTES
    first, second, similarity = _NONE, _NONE, np.zeros(0)
    crowd: Ints = np.arange(texts.len())
    if few:
        with ThreadPoolExecutor(pl.thread_pool_size()) as pool:
            pair, size, first, second, crowd = sharing(pool, pool.map(_shingles, _pieces(texts)), threshold)
        starts = np.cumsum(size) - size
        blocks = [slice(low, low + _PAIRS) for low in range(0, first.size, _PAIRS)]
        found = (_jaccard(pair, size, starts, first[at], second[at]) for at in blocks)
        similarity = np.concatenate([np.zeros(0), *found])
        del pair
    signatures = _signatures(texts.gather(crowd))
    one, other = _candidates(signatures)
    likely = (signatures[one] == signatures[other]).mean(axis=1) >= threshold - 0.15
    one, other = crowd[one[likely]], crowd[other[likely]]
    return (
        np.append(first, one),
        np.append(second, other),
        np.append(similarity, _similarity(texts, one, other)),
    )


def _candidates(signatures: Ints) -> tuple[Ints, Ints]:
    """Pairs of texts that share a band: each with the first text that has it."""
    n = len(signatures)
    found = []
    for band in range(_BANDS):
        values = signatures[:, band * _ROWS : (band + 1) * _ROWS].astype(np.uint64)
        key = np.zeros(n, np.uint64)
        for column in values.T:
            key = key * _ODD + column
        _, at, number = np.unique(key, return_index=True, return_inverse=True)
        leader = at[number]
        others = np.flatnonzero(leader != np.arange(n))
        found.append(leader[others] * np.int64(n) + others)
    packed = np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)
    return packed // max(n, 1), packed % max(n, 1)
