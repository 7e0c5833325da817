"""Family PQ2, rules on single texts: empty, no text, cut, errors, marks that do not belong, personal data."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from prefqa._words import formatted
from prefqa.checks import patterns
from prefqa.checks.frame import Found, Frame, NotRun, nothing
from prefqa.checks.texts import Texts
from prefqa.preferences import raw_name

_RAW = raw_name("text")


def empty_response(frame: Frame) -> Found | NotRun:
    """PQ201."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    empty = ~texts.figures["there"]
    if _RAW in texts.rows.columns:
        empty &= texts.rows[_RAW].is_null()
    value = pl.when(pl.col("text").is_null()).then(pl.lit("null")).otherwise(pl.lit("blank"))
    rows = texts.where(empty, value)
    n_items = rows["item_id"].n_unique()
    message = (
        f"{rows.height:,} of {texts.n:,} responses are empty, in {n_items:,} items. Look for a filter or a join that "
        "lost the text, or leave these items out."
    )
    return Found(rows.lazy(), rows.height, texts.n, message)


def not_text(frame: Frame) -> Found | NotRun:
    """PQ202."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    odd = texts.figures["PQ202"]
    value = pl.col("text").str.strip_chars()
    if _RAW in texts.rows.columns:
        odd |= texts.rows[_RAW].is_not_null()
        value = pl.coalesce(_RAW, value)
    rows = texts.where(odd, value)
    n_items = rows["item_id"].n_unique()
    message = (
        f"{rows.height:,} of {texts.n:,} responses are a bare true, false, null or number, in {n_items:,} items: most "
        "likely a value of another type, written as text. Look what the file had there."
    )
    return Found(rows.lazy(), rows.height, texts.n, message)


def cut_at_a_length(frame: Frame) -> Found | NotRun:
    """PQ212."""
    from scipy.special import pdtrc

    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    options = frame.options["PQ212"]
    lengths = texts.figures.filter("there").unique("hash")["n_chars"].to_numpy()
    if lengths.size < options["min_count"]:
        return NotRun(f"there are fewer than {options['min_count']} different texts")
    counts = np.bincount(lengths).astype(np.float64)
    total = np.concatenate([[0.0], np.cumsum(counts)])
    at = np.flatnonzero(counts >= options["min_count"])
    at = at[at >= options["min_chars"]]
    half = np.maximum(at // 20, 10)
    low, high = at - half, np.minimum(at + half + 1, counts.size)
    # At the greatest length nothing lies above: then the neighbours below say how many to expect.
    around = (total[high] - total[low] - counts[at]) / (high - low - 1)
    chance = pdtrc(counts[at] - 1, np.maximum(around, 1 / (2 * half))) * max(at.size, 1)
    piled = at[chance < 1e-9]
    if not piled.size:
        return nothing(frame)
    rows = texts.where(
        texts.figures["n_chars"].is_in(piled.tolist()) & texts.figures["there"],
        formatted("{} characters, ending …{}", pl.col("text").str.len_chars(), pl.col("text").str.tail(30)),
    )
    named = ", ".join(f"{int(counts[one]):,} of {one:,} characters" for one in piled[np.argsort(-counts[piled])][:3])
    message = (
        f"{rows.height:,} of {texts.n:,} responses end where many others do ({named}): cut at a limit. Look for a "
        "limit in the export or in the generation."
    )
    return Found(rows.lazy(), rows.height, texts.n, message)


def roles_out_of_turn(frame: Frame) -> Found | NotRun:
    """PQ217."""
    texts = frame.responses
    if isinstance(texts, str):
        return NotRun(texts)
    if "roles" not in texts.rows.columns:
        return NotRun("responses are plain texts, not chat messages")
    wrong = r"(^|,)(user,user|assistant,assistant)(,|$)|,system|(^|,)(user|system|\?)$"
    odd = texts.rows["roles"].str.contains(wrong).fill_null(False)
    rows = texts.where(odd, pl.col("roles"))
    message = (
        f"{rows.height:,} of {texts.n:,} conversations have roles that do not take turns, or do not end on the model."
    )
    return Found(rows.lazy(), rows.height, texts.n, message)


def mojibake(frame: Frame) -> Found | NotRun:
    """PQ219."""
    try:
        from ftfy.badness import is_bad
    except ImportError:
        return NotRun("the package ftfy is not installed: pip install 'prefqa[text]'")

    def truly(rows: pl.DataFrame) -> pl.DataFrame:
        bad = [is_bad(text) or "\N{REPLACEMENT CHARACTER}" in text for text in rows["text"]]
        return rows.filter(pl.Series(bad, dtype=pl.Boolean))

    return _both(
        frame,
        "PQ219",
        "hold letters of a wrongly read encoding, such as â€™ for an apostrophe. Read the source as UTF-8.",
        truly,
    )


def personal_data(frame: Frame) -> Found | NotRun:
    """PQ222."""
    text = pl.col("text")
    mails = text.str.extract_all(patterns.MAIL).list.eval(
        pl.element().filter(~pl.element().str.contains(patterns.NOBODY_MAIL))
    )
    phones = text.str.extract_all(patterns.PHONE).list.eval(
        pl.element().filter(~pl.element().str.contains(patterns.NOBODY_PHONE))
    )
    kinds = {"e-mail address": mails, "phone number": phones, "key": text.str.extract_all(patterns.KEY)}

    def counted(rows: pl.DataFrame) -> pl.DataFrame:
        said = [pl.when(pl.col(kind) > 0).then(formatted(f"{kind}: {{}}", pl.col(kind))) for kind in kinds]
        return (
            rows.with_columns(found.list.len().alias(kind) for kind, found in kinds.items())
            .with_columns(pl.concat_str(said, separator=", ", ignore_nulls=True).alias("_value"))
            .filter(pl.sum_horizontal(*kinds) > 0)
        )

    return _both(
        frame,
        "PQ222",
        "hold what looks like an e-mail address, a phone number or a secret key; they are counted here and never "
        "shown. Replace them before training.",
        counted,
    )


def _of_pattern(code: str, words: str, *, both: bool) -> Callable[[Frame], Found | NotRun]:
    """A rule that is one test of a text."""

    def found(frame: Frame) -> Found | NotRun:
        if both:
            return _both(frame, code, words)
        texts = frame.responses
        if isinstance(texts, str):
            return NotRun(texts)
        rows = _matching(texts, code)
        return Found(rows.lazy(), rows.height, texts.n, f"{rows.height:,} of {texts.n:,} responses {words}")

    return found


def _both(
    frame: Frame, code: str, words: str, sift: Callable[[pl.DataFrame], pl.DataFrame] = lambda rows: rows
) -> Found | NotRun:
    """A rule that is one test of responses and of prompts, whichever there are; `sift` looks closer."""
    tables = {"responses": frame.responses, "prompts": frame.prompts}
    known = {name: texts for name, texts in tables.items() if not isinstance(texts, str)}
    if not known:
        return NotRun(str(frame.responses))
    parts = {name: sift(_matching(texts, code)) for name, texts in known.items()}
    n, of = sum(part.height for part in parts.values()), sum(texts.n for texts in known.values())
    said = " and ".join(f"{parts[name].height:,} of {texts.n:,} {name}" for name, texts in known.items())
    kept = [part.select("item_id", *{"response_id"} & set(part.columns), "_value") for part in parts.values()]
    return Found(pl.concat(kept, how="diagonal").lazy(), n, of, f"{said} {words}")


def _matching(texts: Texts, code: str) -> pl.DataFrame:
    return texts.where(texts.figures[code])


unfinished = _of_pattern(
    "PQ213",
    "are unfinished: a code block that is not closed, or a cursor mark at the end. Look for a limit of the "
    "generation, or a copy taken too early.",
    both=False,
)
error_text = _of_pattern(
    "PQ214",
    "are an error message or a placeholder. Leave their items out, or get the responses anew.",
    both=False,
)
redacted = _of_pattern(
    "PQ215", "hold marks that stand for something removed. A model learns to write the marks.", both=True
)
template_tokens = _of_pattern(
    "PQ216",
    "hold tokens or headings of a chat template. Strip them: the trainer adds its own.",
    both=True,
)
