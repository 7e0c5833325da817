"""Names and synthetic texts of simulated campaigns, built by whole columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from prefqa._types import Floats, Ints
from prefqa._words import formatted

_CATEGORIES = ("coding", "facts", "planning", "reasoning", "writing")
_TASKS = (
    "Explain", "Summarise", "Compare two views on", "Write a short note about", "List common mistakes with",
    "Give a worked example of", "Draft an email about", "Describe to a beginner",
)  # fmt: skip
_TOPICS = (
    "compound interest", "photosynthesis", "unit testing", "the water cycle", "public key encryption", "sleep hygiene",
    "sourdough baking", "the causes of inflation", "binary search", "reading a contract", "train travel in winter",
    "a job interview", "vaccines", "version control", "the Renaissance", "budgeting for a family", "solar panels",
)  # fmt: skip
_WORDS = (
    "the a of and to in is that it with as for on by this one which from first then because however while often "
    "also more when most each between after before example reason answer question result step case part point time "
    "people work change way value need rule idea start finish small large clear simple useful careful common known "
    "means shows gives takes keeps makes helps allows follows depends explains begins remains compares"
).split()
_MEDIAN_WORDS, LOG_SPREAD, _MOST_WORDS = 45, 0.5, 400
_BASE_WORDS = 4_096


@dataclass(frozen=True)
class Names:
    """Ids of a campaign, each sorted, so that a code is an index."""

    items: pl.Series
    responses: pl.Series
    annotators: pl.Series

    @classmethod
    def of(cls, n_items: int, n_responses: int, n_annotators: int) -> Names:
        """Number items, responses and annotators from 1, padded to equal width."""
        return cls(
            _numbered("item_id", "item-", n_items),
            _numbered("response_id", "response-", n_responses),
            _numbered("annotator_id", "annotator-", n_annotators),
        )

    def keys(self) -> pl.DataFrame:
        """Return item_id and response_id of every response, sorted."""
        n, k = self.items.len(), self.responses.len()
        item = self.items.gather(np.repeat(np.arange(n), k))
        return pl.DataFrame([item, self.responses.gather(np.tile(np.arange(k), n))])


def n_words(length_z: Floats) -> Ints:
    """Return the number of words of responses with these standardised log lengths."""
    words = np.rint(_MEDIAN_WORDS * np.exp(LOG_SPREAD * length_z))
    return np.asarray(np.clip(words, 3, _MOST_WORDS).astype(np.int64))


def category_scale() -> Floats:
    """Return the place of each category on a scale from -1 to 1."""
    return np.linspace(-1.0, 1.0, len(_CATEGORIES))


def category(rng: np.random.Generator, tilt: Floats) -> Ints:
    """Draw the category of each item, with odds exp(tilt * place on the scale)."""
    score = tilt[:, None] * category_scale() + rng.gumbel(size=(tilt.size, len(_CATEGORIES)))
    return np.asarray(np.argmax(score, axis=1))


def responses(
    rng: np.random.Generator, names: Names, n_words: Ints, model: Ints | None, *, texts: bool
) -> pl.DataFrame:
    """Return responses: item_id, response_id, model (by default one per response), n_words and, with texts, text."""
    named = pl.col("response_id").str.strip_prefix("response-") if model is None else pl.Series(model.reshape(-1) + 1)
    frame = names.keys().with_columns(model=formatted("model-{}", named), n_words=pl.Series(n_words.reshape(-1)))
    if not texts:
        return frame
    vocabulary = np.array(_WORDS)[rng.integers(0, len(_WORDS), _BASE_WORDS + _MOST_WORDS)]
    base = " ".join(vocabulary.tolist())
    bounds = np.concatenate([[0], np.cumsum(np.char.str_len(vocabulary) + 1)])
    first = rng.integers(0, _BASE_WORDS, frame.height)
    cut = pl.DataFrame({"at": bounds[first], "length": bounds[first + n_words.reshape(-1)] - bounds[first] - 1})
    words = cut.select(pl.lit(base).str.slice(pl.col("at"), pl.col("length")).alias("text"))["text"]
    return frame.with_columns(text=words.str.slice(0, 1).str.to_uppercase() + words.str.slice(1) + pl.lit("."))


def items(rng: np.random.Generator, names: Names, category: Ints | None, *, texts: bool) -> pl.DataFrame:
    """Return items: item_id, category (by default drawn evenly) and, with texts, prompt."""
    n = names.items.len()
    drawn, task, topic = (_drawn(rng, choice, n) for choice in (_CATEGORIES, _TASKS, _TOPICS))
    named = drawn if category is None else pl.Series(_CATEGORIES).gather(category)
    frame = pl.DataFrame([names.items, named.alias("category")])
    if not texts:
        return frame
    number = pl.col("item_id").str.strip_prefix("item-")
    return frame.with_columns(prompt=formatted("{} {}. (Request {})", task, topic, number))


def _drawn(rng: np.random.Generator, choice: tuple[str, ...], n: int) -> pl.Series:
    return pl.Series(choice).gather(rng.integers(0, len(choice), n))


def _numbered(name: str, prefix: str, n: int) -> pl.Series:
    number = pl.int_range(1, n + 1, eager=True).cast(pl.String).str.zfill(len(str(n)))
    return (prefix + number).alias(name)
