"""Languages of prompts and of their responses, by `py3langid`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from prefqa._words import formatted
from prefqa.checks.texts import Texts, excerpt

#: What is no language: code, markup and addresses.
_NO_WORDS = r"(?s)```.*?(?:```|$)|`[^`\n]*`|https?://\S+|<[^<>\n]{1,80}>|\\[a-zA-Z]+|[\d_#*|{}()\[\]=+/<>\\^$&~-]+"
#: Languages that one text is easily taken for another of: the same or nearly the same to a reader.
_NEAR = (
    {"no", "nb", "nn", "da"},
    {"bs", "hr", "sr"},
    {"id", "ms", "jv"},
    {"cs", "sk"},
    {"gl", "pt", "es"},
    {"hi", "mr", "ne"},
    {"af", "nl"},
)
_ALIKE = pl.any_horizontal(
    pl.col("asked") == pl.col("answered"),
    *(pl.col("asked").is_in(near) & pl.col("answered").is_in(near) for near in map(sorted, _NEAR)),
)
#: Prompts that ask for another language than their own.
_ASKS = (
    r"(?i)translat|übersetz|traduc|tradui|traduz|перевод|перевед|翻译|翻譯|翻訳|訳して|번역|ترجم|अनुवाद|language|sprache|langue|"
    r"idioma|lingua|язык|语言|言語|\b(?:english|german|french|spanish|italian|portuguese|dutch|russian|chinese|mandarin|"
    r"cantonese|japanese|korean|arabic|hindi|urdu|bengali|turkish|polish|swedish|danish|norwegian|finnish|greek|hebrew|"
    r"latin|vietnamese|thai|indonesian|malay|persian|farsi|ukrainian|czech|romanian|hungarian|swahili|tagalog|filipino)\b"
)
#: Of a longer text this much is looked at.
_LOOKED_AT = 400
#: Characters from which these are taken.
_TAKEN_FROM = 4 * _LOOKED_AT


def asked(prompts: Texts, options: Mapping[str, Any]) -> pl.DataFrame:
    """Return item_id and running text, `prompt`, of the prompts that are looked at: long, and naming no language."""
    return (
        prompts.rows.select("item_id", "text")
        # The same items whatever their order: those whose id has the lowest hash.
        .bottom_k(options["max_items"], by=[pl.col("item_id").hash(), "item_id"])
        .with_columns(prompt=_words())
        .filter(_long("prompt", options) & ~pl.col("text").str.contains(_ASKS).fill_null(False))
        .select("item_id", "prompt")
    )


def languages(texts: Texts, options: Mapping[str, Any]) -> pl.DataFrame:
    """Return the keys of long texts that answer the prompts `asked`, their own language and that of the prompt.

    A language that is not plain is null. `_value` is how the text begins.
    """
    said = (
        texts.rows.lazy()
        .select("item_id", "response_id", "text")
        .join(options["asked"].lazy(), on="item_id", how="inner", maintain_order="left")
        .with_columns(words=_words())
        .filter(_long("words", options))
        .collect()
    )
    found = {text: identifier().classify(text) for text in {*said["prompt"], *said["words"]}}
    codes = {text: code for text, (code, probability) in found.items() if probability >= options["min_probability"]}
    both = (
        pl.Series(name, [codes.get(text) for text in said[column]], pl.String)
        for name, column in (("asked", "prompt"), ("answered", "words"))
    )
    return said.select("item_id", "response_id", *both, excerpt(pl.col("text")).alias("_value"))


def answered_otherwise(said: pl.DataFrame) -> pl.DataFrame:
    """Of texts with plain `languages`, those in another language than their prompt; `_value` says both."""
    shown = formatted("{} answered in {}: {}", "asked", "answered", "_value")
    return said.filter(~_ALIKE).with_columns(shown.alias("_value"))


def _words() -> pl.Expr:
    running = pl.col("text").str.head(_TAKEN_FROM).str.replace_all(_NO_WORDS, " ").str.replace_all(r"\s+", " ")
    return running.str.head(_LOOKED_AT)


def _long(column: str, options: Mapping[str, Any]) -> pl.Expr:
    return pl.col(column).str.count_matches(r"\pL") >= pl.lit(options["min_letters"])


@cache
def identifier() -> Any:
    """What tells languages apart; loading it takes longer than a thousand texts."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    found = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # The same numbers: it keeps them in half the space, and would widen them again for every text.
    found.nb_ptc = found.nb_ptc.astype(np.float32)
    return found
