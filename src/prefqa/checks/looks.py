"""What each rule looks for in the texts of responses: one function of a block of whole items per rule."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec
from typing import Any

import polars as pl

from prefqa._words import formatted
from prefqa.checks import patterns, said
from prefqa.checks.language import languages
from prefqa.checks.near import near
from prefqa.checks.near_sample import could_be_near
from prefqa.checks.texts import Texts, excerpt, mask_of, normal, normal_candidates
from prefqa.personal import KEY, MAIL, NOBODY_MAIL, NOBODY_PHONE, PHONE, masked_column
from prefqa.response_texts import TEXT_RAW

#: What a rule finds in a block of texts under its options: the keys of rows, with `_value`.
Look = Callable[[Texts, Mapping[str, Any]], pl.DataFrame]
#: Packages that rules need, and the extras they are in.
PACKAGES = {
    "PQ206": ("rensa", "text"),
    "PQ207": ("rensa", "text"),
    "PQ219": ("ftfy", "text"),
    "PQ223": ("py3langid", "language"),
}
_WRONG_TURN = (
    r"(^|,)(user,user|assistant,assistant|(user|system|developer),(tool|function|observation))(,|$)|,system|"
    r"(^|,)(user|system|developer|tool|function|observation|\?)$"
)
_TEXT = pl.col("text")


def looks_of(codes: Collection[str]) -> dict[str, Look]:
    """Return the looks that rules take, as far as their packages are there."""
    return {code: look for code, look in LOOKS.items() if code in codes and missing(code) is None}


def missing(code: str) -> str | None:
    """Say which package a rule lacks, if it does."""
    package, extra = PACKAGES.get(code, (None, None))
    if package is None or find_spec(package) is not None:
        return None
    return f"the package {package} is not installed: pip install 'prefqa[{extra}]'"


def similar() -> pl.Expr:
    """How near a text is to another, and how it begins."""
    return formatted("similarity {}: {}", pl.col("similarity").round(2), excerpt(_TEXT))


def _empty(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    empty = ~texts.figures["there"]
    if TEXT_RAW in texts.rows.columns:
        empty &= texts.rows[TEXT_RAW].is_null()
    if "calls" in texts.rows.columns:  # a call of a tool is a response without a text
        empty &= ~texts.rows["calls"]
    if "parts" in texts.rows.columns:  # and so is a picture
        empty &= texts.rows["parts"].is_null()
    return texts.where(empty, pl.when(_TEXT.is_null()).then(pl.lit("null")).otherwise(pl.lit("blank")))


def _not_text(texts: Texts, options: Mapping[str, Any]) -> pl.DataFrame:
    odd = texts.figures["PQ202"]
    if odd.any():
        for answers, asks, asked in (
            (patterns.TRUTH, patterns.ASKS_TRUTH, options["asked"]),
            (patterns.NO_VALUE, patterns.ASKS_VALUE, options["asked_value"]),
        ):
            is_answer = texts.rows["item_id"].is_in(asked.implode())
            if "context" in texts.rows.columns:
                is_answer |= texts.rows["context"].str.contains(asks).fill_null(value=False)
            odd &= ~(texts.rows["text"].str.contains(answers).fill_null(value=False) & is_answer)
    value = _TEXT.str.strip_chars()
    if TEXT_RAW in texts.rows.columns:
        odd |= texts.rows[TEXT_RAW].is_not_null()
        value = pl.coalesce(TEXT_RAW, value)
    return texts.where(odd, value)


def _same(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    return texts.told(texts.rows[texts.twins["row"]])


def _same_but_for_form(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    candidates = normal_candidates(texts)
    if candidates.is_empty():
        return texts.none
    form = normal(texts.rows["text"].gather(candidates["row"])).hash()
    form ^= texts.figures["before"].gather(candidates["row"])
    alike = candidates.with_columns(form.alias("normal")).filter(pl.col("hash").n_unique().over("item", "normal") > 1)
    return texts.told(texts.rows[alike["row"]])


def _twins(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    return _same(texts, _options).with_columns(texts.twins["group"].alias("_group"))


def _near(texts: Texts, options: Mapping[str, Any]) -> pl.DataFrame:
    # Of a response of several turns the last one alone says little.
    whole = texts.figures["there"] & (texts.figures["before"] == 0)
    figures = texts.figures.select("item", "hash").with_row_index("row").filter(whole)
    if texts.twins.height:
        figures = figures.unique(["item", "hash"], keep="first", maintain_order=True)
    item = pl.col("item")
    figures = figures.filter(((item == item.shift()) | (item == item.shift(-1))).fill_null(False))
    said = texts.rows["text"]
    # Filtered, not gathered: that would copy the texts.
    compared = said if figures.height == texts.n else said.filter(mask_of(figures["row"], texts.n))
    likely = could_be_near(compared, figures["item"].to_numpy(), options["threshold"])
    if not likely.any():
        return texts.none
    figures = figures.filter(pl.Series(likely))
    found = near(said.gather(figures["row"]), options["threshold"], within=figures["item"])
    rows = texts.rows[figures["row"].gather(found["text"])].with_columns(found["similarity"])
    return texts.told(rows, similar())


def _matching(code: str) -> Look:
    return lambda texts, _options: texts.where(texts.figures[code])


def _everywhere(look: Look) -> Look:
    """A look that is taken at all messages, each text reported once."""

    def found(texts: Texts, options: Mapping[str, Any]) -> pl.DataFrame:
        rows = look(texts, options)
        if texts.earlier is None:
            return rows
        keys = [name for name in rows.columns if not name.startswith("_")]
        both = pl.concat([rows, look(texts.earlier, options)])
        return both.unique(keys, keep="first", maintain_order=True).sort(keys, maintain_order=True)

    return found


def _out_of_turn(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    if "roles" not in texts.rows.columns:
        return texts.none
    roles = pl.col("roles")
    return texts.where(texts.rows["roles"].str.contains(_WRONG_TURN).fill_null(False), roles)


def _contexts_differ(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    if "context" not in texts.rows.columns:
        return texts.none
    # Messages that begin with the model are a response of several turns, not a conversation that it answers.
    context = pl.when(~pl.col("roles").str.starts_with("assistant")).then("context")
    differ = texts.rows.select(context.drop_nulls().n_unique().over("item_id") > 1).to_series()
    return texts.where(differ, excerpt(masked_column(pl.col("context")).str.tail(50)))


def _mojibake(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    from ftfy.badness import is_bad

    if not texts.figures["PQ219"].any():
        return texts.none
    rows = texts.rows.filter(texts.figures["PQ219"])
    bad = [is_bad(text) or "\N{REPLACEMENT CHARACTER}" in text for text in rows["text"]]
    return texts.told(rows.filter(pl.Series(bad, dtype=pl.Boolean)))


def _personal(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    if not texts.figures["PQ222"].any():
        return texts.none
    mails = _TEXT.str.extract_all(MAIL).list.eval(pl.element().filter(~pl.element().str.contains(NOBODY_MAIL)))
    phones = _TEXT.str.extract_all(PHONE).list.eval(pl.element().filter(~pl.element().str.contains(NOBODY_PHONE)))
    kinds = {"e-mail address": mails, "phone number": phones, "key": _TEXT.str.extract_all(KEY)}
    said = [pl.when(pl.col(kind) > 0).then(formatted(f"{kind}: {{}}", pl.col(kind))) for kind in kinds]
    rows = texts.rows.filter(texts.figures["PQ222"])
    counted = rows.with_columns(found.list.len().alias(kind) for kind, found in kinds.items())
    counted = counted.filter(pl.sum_horizontal(*kinds) > 0)
    return texts.told(counted, pl.concat_str(said, separator=", ", ignore_nulls=True))


LOOKS: dict[str, Look] = {
    "PQ201": _empty,
    "PQ202": _not_text,
    "PQ203": _twins,
    "PQ204": _same_but_for_form,
    "PQ205": _twins,
    "PQ206": _near,
    "PQ213": _matching("PQ213"),
    "PQ214": _matching("PQ214"),
    "PQ215": _everywhere(_matching("PQ215")),
    "PQ216": _everywhere(_matching("PQ216")),
    "PQ217": _out_of_turn,
    "PQ218": _contexts_differ,
    "PQ219": _everywhere(_mojibake),
    "PQ222": _everywhere(_personal),
    "PQ223": languages,
    **said.LOOKS,
}
#: Rules that look through the texts of responses, or wait until that is done.
OF_TEXTS = frozenset({*LOOKS, "PQ209", "PQ212"})
