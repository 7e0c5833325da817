"""Family PQ2, the rule on languages: a response in another one than its prompt. Languages by `py3langid`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

import polars as pl

from prefqa._words import formatted
from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.language_model import identifier, languages
from prefqa.checks.texts import excerpt

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
#: Prompts that ask for another language than their own.
_ASKS = (
    r"(?i)translat|übersetz|traduc|tradui|traduz|перевод|перевед|翻译|翻譯|翻訳|訳して|번역|ترجم|अनुवाद|language|sprache|langue|"
    r"idioma|lingua|язык|语言|言語|\b(?:english|german|french|spanish|italian|portuguese|dutch|russian|chinese|mandarin|"
    r"cantonese|japanese|korean|arabic|hindi|urdu|bengali|turkish|polish|swedish|danish|norwegian|finnish|greek|hebrew|"
    r"latin|vietnamese|thai|indonesian|malay|persian|farsi|ukrainian|czech|romanian|hungarian|swahili|tagalog|filipino)\b"
)
#: Of a longer text this much is looked at.
_LOOKED_AT = 400


def other_language(frame: Frame) -> Found | NotRun:
    """PQ223."""
    texts, prompts = frame.responses, frame.prompts
    if isinstance(texts, str) or isinstance(prompts, str):
        return NotRun(texts if isinstance(texts, str) else str(prompts))
    if find_spec("py3langid") is None:
        return NotRun("the package py3langid is not installed: pip install 'prefqa[language]'")
    options = frame.options["PQ223"]
    words = pl.col("text").str.head(4 * _LOOKED_AT).str.replace_all(_NO_WORDS, " ").str.replace_all(r"\s+", " ")
    long = pl.col("words").str.count_matches(r"\pL") >= options["min_letters"]
    asked = (
        prompts.rows.select("item_id", "text")
        # The same items whatever their order: those whose id has the lowest hash.
        .bottom_k(options["max_items"], by=[pl.col("item_id").hash(), "item_id"])
        .with_columns(words=words.str.head(_LOOKED_AT))
        .filter(long & ~pl.col("text").str.contains(_ASKS).fill_null(False))
        .select("item_id", prompt="words")
    )
    with ThreadPoolExecutor(1) as pool:
        if asked.height:
            pool.submit(identifier)  # The model is unpacked while the answers are looked up.
        said = (
            texts.rows.select("item_id", "response_id", "text")
            .join(asked, on="item_id", how="inner")
            .with_columns(words=words.str.head(_LOOKED_AT))
            .filter(long)
        )
    if said.is_empty():
        return NotRun(f"no prompt and response have {options['min_letters']} letters of running text each")
    different = pl.concat([said["prompt"], said["words"]]).unique().to_list()
    sure = options["min_probability"]
    known = zip(different, languages(different), strict=True)
    codes = {text: code for text, (code, probability) in known if probability >= sure}
    both = said.with_columns(
        pl.col(name).replace_strict(codes, default=None, return_dtype=pl.String).alias(code)
        for name, code in (("prompt", "asked"), ("words", "answered"))
    ).drop_nulls(["asked", "answered"])
    alike = pl.any_horizontal(
        pl.col("asked") == pl.col("answered"),
        *(pl.col("asked").is_in(near) & pl.col("answered").is_in(near) for near in map(sorted, _NEAR)),
    )
    rows = both.filter(~alike).select(
        "item_id",
        "response_id",
        formatted("{} answered in {}: {}", "asked", "answered", excerpt(pl.col("text"))).alias("_value"),
    )
    n, of = rows.height, both.height
    message = (
        f"{n:,} of {of:,} responses whose language and that of the prompt are plain are in another one. Look whether "
        f"the prompt asks for that{_of_sample(prompts.n, options['max_items'])}."
    )
    return Found(rows.lazy(), n, of, message)


def _of_sample(n_prompts: int, most: int) -> str:
    return f"; looked at were {most:,} items of {n_prompts:,}" if n_prompts > most else ""
