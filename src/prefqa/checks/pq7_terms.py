"""Family PQ7: models whose terms, as of a date, forbid to develop competing models with what they write.

The table is no legal advice, and terms change: the option `terms` of PQ706 adds to it and takes away from it.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from prefqa.checks.frame import Found, Frame, NotRun


class Terms(NamedTuple):
    """Terms of use: whose, as of which day, and where they stand."""

    whose: str
    as_of: str
    url: str


_OPENAI = Terms("OpenAI", "2024-01-31", "https://openai.com/policies/terms-of-use/")
_ANTHROPIC = Terms("Anthropic", "2025-06-17", "https://www.anthropic.com/legal/commercial-terms")
_GEMINI = Terms("Google Gemini API", "2026-03-23", "https://ai.google.dev/gemini-api/terms")
_LLAMA_2 = Terms("Llama 2", "2023-07-18", "https://ai.meta.com/llama/license/")
_LLAMA_3 = Terms("Llama 3", "2024-04-18", "https://llama.meta.com/llama3/license/")
#: Beginnings of the names of models; the longest that fits counts, and None takes a name out. Llama 3.1 and later
#: allow it, if the model's name begins with Llama.
TERMS: dict[str, Terms | None] = {
    "gpt-3": _OPENAI,
    "gpt-4": _OPENAI,
    "gpt-5": _OPENAI,
    "chatgpt": _OPENAI,
    "text-davinci": _OPENAI,
    "o1": _OPENAI,
    "o3": _OPENAI,
    "o4-mini": _OPENAI,
    "claude": _ANTHROPIC,
    "gemini": _GEMINI,
    "llama-2": _LLAMA_2,
    "meta-llama-3-": _LLAMA_3,
    "llama-3-": _LLAMA_3,
}


def competing_terms(frame: Frame) -> Found | NotRun:
    """PQ706."""
    responses = frame.prefs.responses
    if responses is None or "model" not in responses.columns:
        return NotRun("there is no model of responses")
    given = {
        name.lower(): Terms("your table", "when you wrote it", url) if url else None
        for name, url in frame.options["PQ706"]["terms"].items()
    }
    table = TERMS | given
    model = pl.col("model").cast(pl.String)
    names = responses.select(model.drop_nulls().unique().sort()).to_series().to_list()
    found = {name: terms for name in names if (terms := _of_model(name, table)) is not None}
    said = {name: f"{name}: terms of {one.whose} as of {one.as_of}, {one.url}" for name, one in found.items()}
    value = model.replace_strict(said, default=None, return_dtype=pl.String).alias("_value")
    rows = responses.select("item_id", "response_id", value).filter(pl.col("_value").is_not_null())
    whose = sorted({f"{one.whose} as of {one.as_of}: {one.url}" for one in found.values()})
    n, of = rows.height, responses.height
    message = (
        f"{n:,} of {of:,} responses are of models whose terms forbade to develop competing models with what they "
        f"write ({'; '.join(whose)}). Read the terms that hold for you, and ask who knows the law; this table may be "
        "out of date."
    )
    return Found(rows.lazy(), n, of, message)


def _of_model(name: str, table: dict[str, Terms | None]) -> Terms | None:
    """The terms of the longest beginning that fits the name without its owner."""
    bare = name.lower().rsplit("/", 1)[-1].strip()
    fitting = [beginning for beginning in table if bare.startswith(beginning)]
    return table[max(fitting, key=len)] if fitting else None
