"""Languages of many texts at once, by the model of `py3langid`, which itself takes them letter by letter in Python."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any
from unicodedata import normalize

import numpy as np

from prefqa._types import Floats, Ints, begins, distinct

#: Releases of the package whose arrays are known; with another its own slower way is taken.
_KNOWN = "0.4."
#: Texts that are looked at at once.
_CHUNK = 5_000


def languages(texts: Sequence[str]) -> list[tuple[str, float]]:
    """Return the most likely language of each text, and its probability, as the package's `classify` does."""
    model = identifier()
    if not version("py3langid").startswith(_KNOWN):
        return [model.classify(text) for text in texts]
    return [one for low in range(0, len(texts), _CHUNK) for one in _at_once(model, texts[low : low + _CHUNK])]


@cache
def identifier() -> Any:
    """What tells languages apart; loading it takes longer than a thousand texts."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _at_once(model: Any, texts: Sequence[str]) -> list[tuple[str, float]]:
    forms = [normalize("NFC", text.lower() if text.isupper() else text).encode() for text in texts]
    sizes = np.array([len(form) for form in forms])
    scores = _scores(model, *_features(model, forms, sizes), len(texts)) / np.sqrt(np.maximum(sizes, 1))[:, None]
    share = np.exp(scores - scores.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    # A language written in two scripts is there twice, and counts as one.
    classes = list(dict.fromkeys(model.nb_classes))
    merged = np.zeros((len(texts), len(classes)))
    for column, name in enumerate(model.nb_classes):
        merged[:, classes.index(name)] += share[:, column]
    best = merged.argmax(axis=1)
    return [(classes[at], probability) for at, probability in zip(best, merged.max(axis=1).tolist(), strict=True)]


def _features(model: Any, forms: list[bytes], sizes: Ints) -> tuple[Ints, Ints]:
    """Texts and the features found in them: the model's automaton takes one byte of every text at a time."""
    order = np.argsort(-sizes, kind="stable")
    moves, out = np.asarray(model.tk_nextmove), np.asarray(model.tk_output)
    row = np.asarray(model.tk_row).astype(np.int64) << 8
    data = np.frombuffer(b"".join(forms), np.uint8)
    begin = (np.cumsum(sizes) - sizes)[order]
    # The longest come first: those that still have a byte are the first ones.
    going = sizes.size - np.searchsorted(sizes[order][::-1], np.arange(sizes.max()), side="right")
    state = np.zeros(sizes.size, np.int64)
    text, feature = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for step, n in enumerate(going.tolist()):
        state = moves[row[state[:n]] + data[begin[:n] + step]]
        found = out[state]
        there = np.flatnonzero(found >= 0)
        text.append(order[there])
        feature.append(found[there])
    return np.concatenate(text), np.concatenate(feature)


def _scores(model: Any, text: Ints, feature: Ints, n: int) -> Floats:
    """Scores of naive Bayes, [n, languages], of the logarithms of how often a feature is in a text; 0 without any."""
    from scipy.sparse import csr_array

    key = np.sort(text << 32 | feature)
    first = np.flatnonzero(begins(key))
    count = np.diff(np.append(first, key.size)).astype(np.float32)
    used, column = distinct(key[first] & (2**32 - 1))
    ends = key[first].searchsorted(np.arange(n + 1) << 32)
    counts = csr_array((np.log1p(count), column, ends), shape=(n, used.size))
    scores = np.asarray(counts @ model.nb_ptc[used].astype(np.float32))
    scores[np.diff(ends) > 0] += model.nb_pc
    return scores
