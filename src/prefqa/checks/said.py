"""What a response says of itself and of who asked: refusals, a model that speaks of itself, flattery, loops, one word.

A cheap question (`SCREENS`) is asked of all texts; the phrases of a language only of those it leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl

from prefqa.checks import phrases
from prefqa.checks.patterns import Test
from prefqa.checks.texts import Texts, mask_of

_TEXT = pl.col("text")
#: Characters at the beginning of a text in which a refusal, and flattery, are looked for; bytes of a single word.
_HEAD, _OPENING, _WORD_BYTES = 280, 160, 80
_QUOTES = '"“”„«»「『'
#: Some words of one sentence, none of them quoted.
_SOME = rf"[^.!?\n{_QUOTES}]*?"
_OTHER_LETTER = r"[[\pL\pM\pN]--[\p{Han}\p{Hiragana}\p{Katakana}]]"
#: A word or a number; of Chinese and Japanese, which have no blanks, up to four characters.
_WORD = (
    r"^[\s\pP\pS]*(?:[\p{Han}\p{Hiragana}]{1,4}|[\p{Katakana}ー]+|"
    rf"{_OTHER_LETTER}+(?:['’.,:%/-]{_OTHER_LETTER}+)*)[\s\pP\pS]*$"
)
#: Characters at two places near the end that stand elsewhere in a text that repeats itself; one may hold a number.
_PROBE = 12
#: From so many characters a text can loop; only the last ones are looked at.
_LOOP_CHARS, _LOOKED_AT = 60, 20_000
#: Repeated lines of these are rules and tables, not loops.
_RULES = frozenset("-_.=*#~+|/\\─━═…·•:^`'\" \t\n\r0")


def _patterns(of: phrases.Phrases, before: str) -> list[str]:
    """One expression per language of phrases that follow `before`."""
    return [f"(?i){before}(?:{'|'.join(each)})".replace("'", "['’]").replace("§", _SOME) for each in of.values()]


_REFUSALS = _patterns(phrases.REFUSALS, rf"^[^{_QUOTES}]*?")
_NO_REFUSALS = _patterns(phrases.NO_REFUSALS, "")
_IDENTITY = _patterns(phrases.IDENTITY, rf"(?:^|[^{_QUOTES}'‘])")
_FLATTERY = _patterns(phrases.FLATTERY, r"^[\s*_#>-]*")


def _has(text: pl.Expr, stems: tuple[str, ...]) -> pl.Expr:
    return text.str.contains_any(list(stems), ascii_case_insensitive=True)


def _screen(test: pl.Expr) -> Test:
    return Test(test, test, of_prompts=False)


_MAY_REFUSE = _screen(_has(_TEXT.str.head(_HEAD), phrases.REFUSAL_STEMS))
_REPEATS = _TEXT.str.head(-_PROBE).str.contains(_TEXT.str.tail(_PROBE), literal=True)
_SECOND = _TEXT.str.tail(3 * _PROBE).str.head(_PROBE)
#: By code.
SCREENS: dict[str, Test] = {
    "PQ225": _MAY_REFUSE,
    "PQ226": _MAY_REFUSE,
    "PQ227": _screen(
        _TEXT.str.contains_any(list(phrases.IDENTITY_NAMES)) | _has(_TEXT, phrases.IDENTITY_STEMS),
    ),
    "PQ228": _screen(
        (_TEXT.str.len_bytes() >= _LOOP_CHARS)
        & (_REPEATS | _TEXT.str.head(-3 * _PROBE).str.contains(_SECOND, literal=True))
    ),
    "PQ229": Test(
        _TEXT.str.len_bytes() <= _WORD_BYTES,
        (_TEXT.str.len_bytes() <= _WORD_BYTES) & _TEXT.str.contains(_WORD),
        of_prompts=False,
    ),
    "PQ230": _screen(_has(_TEXT.str.head(_OPENING), phrases.FLATTERY_STEMS)),
}


def _any(patterns: list[str]) -> Callable[[pl.Series], pl.Series]:
    def matches(texts: pl.Series) -> pl.Series:
        asked = pl.any_horizontal(pl.col("text").str.contains(pattern) for pattern in patterns)
        return texts.to_frame("text").select(asked.fill_null(value=False)).to_series()

    return matches


def refuses(texts: pl.Series) -> pl.Series:
    """Whether a text declines, at its beginning, what was asked, and does not answer after all."""
    head = texts.str.head(_HEAD)
    return _any(_REFUSALS)(head) & ~_any(_NO_REFUSALS)(head)


#: Whether a text speaks of itself as of a model, or by the name of one.
speaks_of_itself = _any(_IDENTITY)


def flatters(texts: pl.Series) -> pl.Series:
    """Whether a text begins by praising the question or who asked it."""
    return _any(_FLATTERY)(texts.str.head(_OPENING))


def loops(texts: pl.Series) -> pl.Series:
    """Whether a text repeats itself until its end."""
    return pl.Series([n_repeats(text) > 0 for text in texts], dtype=pl.Boolean)


def n_repeats(text: str) -> int:
    """How often the same words stand at the end of a text, one after the other; 0 where they are no loop.

    Case, and numbers, may differ. A unit of 12 characters or more (5 of Chinese and Japanese) must stand there four
    times, a shorter one eight times, and all of it be 60 characters (24).
    """
    squeezed = _squeezed(text[-_LOOKED_AT:])
    # The last unit may end with another mark than those before it.
    return max(_n_repeats(squeezed), _n_repeats(squeezed.rstrip(" .!?…。！？,")))


def _n_repeats(squeezed: str) -> int:
    size = len(squeezed)
    place = squeezed.rfind(squeezed[-_PROBE:], 0, size - 1)  # overlaps the end where the unit is shorter
    if size <= _PROBE or place < 0:
        return 0
    period = size - _PROBE - place
    codes = np.frombuffer(squeezed.encode("utf-32-le", "surrogatepass"), np.uint32)
    differ = np.flatnonzero(codes[period:] != codes[:-period])
    covered = size - (int(differ[-1]) + 1 if differ.size else 0)
    times = (covered + 1) // period  # the blank, or the mark, after the last unit is not there
    return times if _is_loop(squeezed[-period:], times, covered) else 0


def _squeezed(text: str) -> str:
    """Text in small letters, every number as 0, and one blank for many."""
    return re.sub(r"\s+", " ", re.sub(r"\d+", "0", text)).lower().strip()


def _is_loop(unit: str, times: int, covered: int) -> bool:
    wide = 2.5 if any("\u3040" <= one <= "\u9fff" for one in unit) else 1.0
    if set(unit) <= _RULES:
        return False
    enough = 4 if len(unit) * wide >= _PROBE else 8
    return times >= enough and covered * wide >= _LOOP_CHARS


def _look(code: str, matches: Callable[[pl.Series], pl.Series]) -> Callable[[Texts, Mapping[str, Any]], pl.DataFrame]:
    return lambda texts, _options: texts.where(_mask(texts, code, matches))


def _mask(texts: Texts, code: str, matches: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Which texts match, asked of those that their screen leaves."""
    screened = texts.figures[code]
    if not screened.any():
        return screened
    return mask_of(screened.arg_true().filter(matches(texts.rows["text"].filter(screened))), texts.n)


def one_side_refuses(texts: Texts, _options: Mapping[str, Any]) -> pl.DataFrame:
    """Return the refusals in items of which another response is none."""
    refusing = _mask(texts, "PQ226", refuses)
    if not refusing.any():
        return texts.none
    figures = texts.figures.select("item", "there", refusing=refusing)
    answered = (figures["there"] & ~refusing).alias("answered")
    both = figures.with_columns(answered).select(pl.col("refusing") & pl.col("answered").any().over("item"))
    return texts.where(both.to_series())


LOOKS = {
    "PQ225": _look("PQ225", refuses),
    "PQ226": one_side_refuses,
    "PQ227": _look("PQ227", speaks_of_itself),
    "PQ228": _look("PQ228", loops),
    "PQ229": lambda texts, _options: texts.where(texts.figures["PQ229"]),
    "PQ230": _look("PQ230", flatters),
}
