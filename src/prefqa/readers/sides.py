"""Columns that come in pairs, one for each of two responses: which belong together, and what they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from prefqa.readers.names import key, tokens
from prefqa.readers.vocabulary import SIDES

Kind = Literal["text", "model", "id", "score", "rank", "vote", "other"]
#: Words for the response that was preferred and the other one.
PREFERRED = (
    ("chosen", "rejected"),
    ("preferred", "dispreferred"),
    ("preferred", "rejected"),
    ("accepted", "rejected"),
    ("winning", "losing"),
    ("winner", "loser"),
    ("win", "lose"),
    ("better", "worse"),
    ("positive", "negative"),
    ("pos", "neg"),
    ("good", "bad"),
    ("w", "l"),
)
#: The same where the second is the first with a word before it.
_NEGATED = (("preferred", "non"), ("preferred", "not"), ("chosen", "non"))
_MODEL = {
    ("model",), ("model", "name"), ("model", "id"), ("generator",), ("llm",), ("system",), ("system", "name"),
     ("engine",),
    ("policy",), ("response", "model"), ("name",), ("model", "version"), ("output", "model"), ("completion", "model"),
}  # fmt: skip
_ID = {("id",), ("response", "id"), ("completion", "id"), ("answer", "id"), ("output", "id"), ("candidate", "id")}
_SCORE_WORDS = {"score", "scores", "rating", "ratings", "reward", "grade", "stars", "points", "quality", "logit"}
_RANK_WORDS = {"rank", "ranking", "place"}
_VOTE_WORDS = {"winner", "win", "wins", "won", "better", "preferred", "vote", "votes", "selected", "label", "best"}
_TEXT_WORDS = {
    "response", "responses", "answer", "output", "completion", "candidate", "option", "text", "summary",
    "generation", "reply", "continuation", "conversation", "messages", "dialogue", "dialog", "translation",
    "caption", "story", "essay", "assistant", "content", "body", "ref", "sample", "passage", "image", "video",
    "trajectory", "message", "solution",
}  # fmt: skip
#: Words of columns that hold the answers of one annotator each.
ANNOTATOR_WORDS = {
    "annotator", "ann", "rater", "judge", "worker", "labeler", "labeller", "coder", "user", "evaluator", "expert",
    "reviewer", "participant", "person", "crowdworker", "assessor", "grader",
}  # fmt: skip
_NOT_TEXT = {
    "length",
    "len",
    "tokens",
    "chars",
    "words",
    "count",
    "time",
    "url",
    "source",
    "language",
    "safe",
    "toxicity",
}


@dataclass(frozen=True)
class Pair:
    """Two columns that hold the same thing of the first and of the second response."""

    first: str
    second: str
    base: tuple[str, ...]
    kind: Kind
    scheme: str
    preferred: bool = False

    @property
    def attribute(self) -> str:
        """Name of the response column that the pair becomes."""
        return "_".join(self.base) or "text"


def pairs_of(names: Sequence[str]) -> list[Pair]:
    """Return the pairs among columns: `response_a` and `response_b`, `Left answer` and `Right answer`, ...

    A column belongs to one pair at most. Three columns or more that are numbered alike are no pair.
    """
    words = {name: tokens(name) for name in names}
    numbered = _numbered(words)
    pairs: list[Pair] = []
    used: set[str] = set()
    schemes = [*((name, pair, False) for name, pair in SIDES.items())]
    schemes += [("/".join(pair), pair, True) for pair in PREFERRED]
    for scheme, (one, two), preferred in schemes:
        for name in names:
            if name in used or one not in words[name]:
                continue
            for place, word in enumerate(words[name]):
                if word != one:
                    continue
                base = (*words[name][:place], *words[name][place + 1 :])
                wanted = (*words[name][:place], two, *words[name][place + 1 :])
                other = next((n for n in names if n not in used and n != name and words[n] == wanted), None)
                if other is None or (base, place) in numbered or set(base) & ANNOTATOR_WORDS:
                    continue
                pairs.append(Pair(name, other, base, _kind(base, preferred), scheme, preferred))
                used |= {name, other}
                break
    for one, negation in _NEGATED:
        for name in names:
            other = next((n for n in names if words[n] == _with_negation(words[name], one, negation)), None)
            if one in words[name] and other is not None and not {name, other} & used and negation not in words[name]:
                base = tuple(word for word in words[name] if word != one)
                pairs.append(
                    Pair(name, other, base, _kind(base, preferred=True), f"{one}/{negation} {one}", preferred=True)
                )
                used |= {name, other}
    return sorted(pairs, key=lambda pair: names.index(pair.first))


def more_than_two(names: Sequence[str]) -> list[list[str]]:
    """Return the groups of three columns or more that are numbered alike: `response_1`, `response_2`, `response_3`."""
    words = {name: tokens(name) for name in names}
    groups: dict[tuple[tuple[str, ...], int], list[str]] = {}
    for name in names:
        for place, word in enumerate(words[name]):
            if word.isdigit() or word in "abcdefgh":
                base = (*words[name][:place], "#", *words[name][place + 1 :])
                groups.setdefault((base, place), []).append(name)
    wanted = [group for (base, place), group in groups.items() if (_bare(base), place) in _numbered(words)]
    return [group for group in wanted if len(group) > 2]


def _bare(base: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in base if word != "#")


def _numbered(words: dict[str, tuple[str, ...]]) -> set[tuple[tuple[str, ...], int]]:
    """Bases (and places in them) under which three columns or more are counted: 1, 2, 3 or a, b, c."""
    counted: dict[tuple[tuple[str, ...], int], set[str]] = {}
    for name_words in words.values():
        for place, word in enumerate(name_words):
            if word.isdigit() or (len(word) == 1 and word in "abcdefgh"):
                base = (*name_words[:place], *name_words[place + 1 :])
                counted.setdefault((base, place), set()).add(word)
    return {
        where
        for where, found in counted.items()
        if {"1", "2", "3"} <= found or {"0", "1", "2"} <= found or {"a", "b", "c"} <= found
    }


def _with_negation(words: tuple[str, ...], one: str, negation: str) -> tuple[str, ...]:
    if one not in words:
        return ()
    place = words.index(one)
    return (*words[:place], negation, *words[place:])


def _kind(base: tuple[str, ...], preferred: bool) -> Kind:
    found = set(base)
    if base in _MODEL:
        return "model"
    if base in _ID:
        return "id"
    if found & _NOT_TEXT:
        return "other"
    if found & _SCORE_WORDS:
        return "score"
    if found & _RANK_WORDS:
        return "rank"
    if found & _VOTE_WORDS and not preferred:
        return "vote"
    if not base or found & _TEXT_WORDS or (preferred and base == ("y",)):
        return "text"
    return "other"


def is_tie_column(name: str) -> bool:
    """Whether a column says that two responses are equal: `winner_tie`, `tie`, `is_tie`."""
    return key(name) in {
        "tie",
        "ties",
        "istie",
        "winnertie",
        "tied",
        "votetie",
        "tievote",
        "preferencetie",
        "equal",
        "draw",
    }
