"""What the values of a vote mean, judged from all of them together and from the names of the two responses.

A word names a side, a tie, two bad responses, or no vote. A number has a meaning only where the columns give it one:
0 and 1 beside `response_0` and `response_1`, 1 and 2 beside `response_1` and `response_2`. All other codes have two
readings at least (a 0 beside 1 and 2 may be a tie or the first, and one number alone says nothing): the caller is
asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from prefqa.errors import AmbiguousReadingError, Choice, UsageError
from prefqa.readers.names import key, tokens

Meaning = Literal["first", "second", "tie", "both_bad", "missing"]
MEANINGS: tuple[Meaning, ...] = ("first", "second", "tie", "both_bad", "missing")
#: Pairs of words that name two sides, the first side first.
SIDES: Mapping[str, tuple[str, str]] = {
    "letters": ("a", "b"),
    "numbers": ("1", "2"),
    "from zero": ("0", "1"),
    "places": ("left", "right"),
    "order": ("first", "second"),
    "ordinals": ("1st", "2nd"),
    "words": ("one", "two"),
    "x and y": ("x", "y"),
    "links": ("links", "rechts"),
    "gauche": ("gauche", "droite"),
    "izquierda": ("izquierda", "derecha"),
    "top": ("top", "bottom"),
}
_FIRST = {first for name, (first, _) in SIDES.items() if name not in ("numbers", "from zero")}
_SECOND = {second for name, (_, second) in SIDES.items() if name not in ("numbers", "from zero")}
_TIE = {
    "tie", "tied", "ties", "draw", "drawn", "equal", "equals", "equally", "same", "both", "neutral", "even",
    "similar", "comparable", "no preference", "no difference", "nopreference", "none preferred", "both good",
    "bothgood", "both equal", "both are good", "both equally good", "equally good", "equal quality", "both same",
    "the same", "about the same", "about equal", "roughly equal", "roughly the same", "approximately equal",
    "almost the same", "nearly the same", "equally preferred", "neither better", "neither is better",
    "no clear winner", "no winner", "tie both good", "both responses are equally good", "they are about the same",
    "they are the same", "they are equal", "50 50", "indifferent", "similar quality", "same quality", "both fine",
    "both are equal", "both are equally good", "it is a tie", "its a tie", "equivalent", "tossup", "toss up", "c",
    "gleich", "gleich gut", "unentschieden", "égal", "égaux", "égalité", "empate", "igual", "iguales", "pareil",
    "beide",
}  # fmt: skip
_BOTH_BAD = {
    "both bad", "bothbad", "tie bothbad", "tie both bad", "both are bad", "both equally bad", "equally bad",
    "neither", "both poor", "both responses are bad", "both are equally bad", "neither good", "neither is good",
    "neither are good", "both wrong", "both incorrect", "none", "none of them", "both unacceptable",
    "both terrible", "beide schlecht",
}  # fmt: skip
#: "none" may stand for no answer as well as for neither of the two: it is not read as either.
_UNREADABLE = {"none"}
_MISSING = {
    "", "skip", "skipped", "na", "n a", "nan", "null", "missing", "no vote", "no answer", "not answered",
    "unanswered", "unsure", "not sure", "hard to tell", "cannot tell", "cant tell", "dont know", "do not know",
    "i dont know", "uncertain", "cannot decide", "cant decide", "undecided", "hard to say", "cannot say",
    "cant say", "unclear", "unknown", "i am not sure", "not annotated", "unlabeled", "unlabelled", "no response",
    "invalid", "discarded", "rejected task",
}  # fmt: skip
#: Signs that stand for no answer; other signs, such as > and <, may be votes.
_BLANK = {"", "-", "--", "---", "–", "—", "?", "??", ".", "..", "...", "…", "*", "_", "/"}
_GRADES = {
    1.0: ("slightly", "a bit", "a little", "little", "somewhat", "marginally", "mildly", "weakly", "weak",
          "slight", "barely",
          "etwas", "un peu", "un poco"),
    2.0: ("clearly", "clear", "moderately", "rather", "definitely"),
    3.0: ("much", "significantly", "significant", "a lot", "far", "strongly", "strong", "substantially", "way",
          "very much",
          "considerably", "vastly", "viel", "beaucoup", "mucho"),
}  # fmt: skip
_PLAIN_GRADE = 2.0
_NOUNS = (
    "response|model|option|answer|assistant|output|completion|candidate|text|summary|system|choice|generation|reply|"
    "image|chatbot|bot|version|side|sample|result|translation|caption|story|essay|one|item|video|human ref"
)
_SIDE = (
    rf"(?:the )?(?:(?:{_NOUNS}) "
    rf")?(?P<{{0}}>a|b|x|y|0|1|2|left|right|first|second|1st|2nd|one|two|top|bottom|links|rechts|"
    rf"gauche|droite|izquierda|derecha)(?: (?:{_NOUNS}))?"
)
_ANY_GRADE = "|".join(word for words in _GRADES.values() for word in words)
_DEGREE = rf"(?: (?P<grade>{_ANY_GRADE}))?"
_S, _T = _SIDE.format("side"), _SIDE.format("other")
_VERB = "is|was|are|seems|looks|feels|be|ist|est|es"
_PHRASES = tuple(
    re.compile(rf"^{pattern}$")
    for pattern in (
        rf"{_S}",
        rf"{_S}(?: (?:{_VERB}))?{_DEGREE} "
        rf"(?P<word>better|preferred|best|preferable|superior|stronger|besser|mejor|meilleur|meilleure)"
        rf"(?: (?:than|to|over) {_T})?",
        rf"{_S}(?: (?:{_VERB}))?{_DEGREE} (?P<word>worse|worst|inferior|weaker)(?: (?:than|to) {_T})?",
        rf"{_S}(?: (?:{_VERB}))? (?:the )?(?P<word>winner|wins|win|won)",
        rf"{_S} (?P<word>loses|lost|lose)",
        rf"(?:i )?(?:(?P<grade>{_ANY_GRADE}) )?(?:i "
        rf")?(?:prefer|choose|pick|select|favou?r|prefers|chose|picked|selected|preferred)"
        rf"(?: to)? {_S}(?: (?:over|to) {_T})?(?: (?P<grade_after>{_ANY_GRADE}))?",
        rf"(?:the )?(?:winner|better|best|preferred|choice|preference|vote|verdict|final verdict)(?: "
        rf"(?:is|{_NOUNS}))? {_S}",
        rf"(?:the )?(?:better|preferred|best) (?:{_NOUNS}) (?:is )?{_S}",
        rf"{_S}{_DEGREE}",
        rf"(?P<grade_before>{_ANY_GRADE}) {_S}",
        rf"(?P<grade_before>{_ANY_GRADE}) (?:better|preferred|best) {_S}",
    )
)
_COMPARED = re.compile(rf"^{_S} ?(?P<sign>[><=]{{1,3}}|≫|≪|≻|≺|~) ?{_T}$")
_PLUSES = re.compile(r"^([AaBb])(\+{0,3})$")
_NUMBER = re.compile(r"^[+-]?\d+(?:[.,]\d+)?(?:e[+-]?\d+)?$", re.IGNORECASE)
_MAX_CHARACTERS = 120


@dataclass(frozen=True)
class Vote:
    """The meaning of one value: `label` is the word for a side as it was written, `strength` its grade, if graded."""

    meaning: Meaning | None
    label: str = ""
    strength: float | None = None


@dataclass(frozen=True)
class Columns:
    """The columns of a vote: its own name, those of the two responses, and the source, for messages."""

    vote: str
    first: str
    second: str
    origin: str = ""


def understand(values: Iterable[str], sides: tuple[str, str], *, column: str = "the vote") -> dict[str, str | None]:
    """Return the meaning of each distinct value: first, second, tie, both_bad, missing, or None where it has none.

    Parameters
    ----------
    values
        The distinct values of a vote as text.
    sides
        Names of the columns, or the words, for the first and the second response.
    column
        Name of the vote, for the message.

    Raises
    ------
    AmbiguousReadingError
        The values are numbers whose meaning the names do not state, or words with two readings.
    """
    votes = read_values(list(values), Columns(column, *sides))
    return {value: vote.meaning for value, vote in votes.items()}


def read_values(values: Sequence[str], columns: Columns) -> dict[str, Vote]:
    """Return the vote that each distinct value stands for; see `understand`."""
    words = {value: _word(value, columns) for value in values}
    words |= _with_pluses(words)
    numbers = {value: number for value in values if (number := number_of(value)) is not None}
    if numbers:
        words |= _read_numbers(numbers, columns, {value: vote for value, vote in words.items() if vote.meaning})
    _settle_numbered_sides(words, columns)
    graded = any(vote.strength is not None for vote in words.values())
    if graded:
        plain = {"first", "second"}
        words = {
            value: Vote(vote.meaning, vote.label, _PLAIN_GRADE)
            if vote.strength is None and vote.meaning in plain
            else vote
            for value, vote in words.items()
        }
    return words


def strengths_of(meanings: Mapping[str, str | None]) -> dict[str, float]:
    """Return the strength of each value that is a vote for a side, if any of the values says one.

    Of graded votes those without a word for the degree are stronger than "slightly" and weaker than "much".

    Parameters
    ----------
    meanings
        The meaning of each value, as from `understand`.
    """
    columns = Columns("the vote", "first response", "second response")
    decided = [value for value, meaning in meanings.items() if meaning in ("first", "second")]
    read = {value: vote.strength for value, vote in _with_pluses(_voted(meanings)).items() if vote.strength} or {
        value: grade
        for value in decided
        if (vote := _word(value, columns)).strength is not None and (grade := _grade(vote.strength)) is not None
    }
    return {value: read.get(value, _PLAIN_GRADE) for value in decided} if read else {}


def _voted(meanings: Mapping[str, str | None]) -> dict[str, Vote]:
    return {value: Vote(meaning) for value, meaning in meanings.items()}  # type: ignore[arg-type]


def number_of(value: str) -> float | None:
    """Return the number that a value is written as, or None."""
    text = value.strip()
    if not _NUMBER.match(text):
        return None
    return float(text.replace(",", "."))


def scheme_of(first: str, second: str) -> str | None:
    """Return by which pair of words two names differ (a key of `SIDES`), or None."""
    one, two = tokens(first), tokens(second)
    if len(one) != len(two):
        return None
    different = [(a, b) for a, b in zip(one, two, strict=True) if a != b]
    return next((name for name, pair in SIDES.items() if different == [pair]), None)


def mapped(value: str, votes: Mapping[str, object]) -> Vote | None:
    """Return the vote that a configuration gives to a value, compared without case and surrounding blanks."""
    wanted = value.strip().casefold()
    number = number_of(value)
    for name, meaning in votes.items():
        if name.strip().casefold() == wanted or (number is not None and number_of(name) == number):
            return _meant(meaning)
    return None


def _meant(given: object) -> Vote | None:
    """The vote that a configuration writes: a meaning, or one with its strength; None where there is no such vote."""
    if not isinstance(given, Mapping):
        return Vote(given) if given in MEANINGS else None
    meaning, strength = given.get("vote"), given.get("strength")
    if set(given) != {"vote", "strength"} or meaning not in ("first", "second") or isinstance(strength, bool):
        return None
    if not isinstance(strength, int | float) or not 0 < strength < float("inf"):
        return None
    return Vote(meaning, strength=float(strength))


def with_config(values: Sequence[str], votes: Mapping[str, object], columns: Columns) -> dict[str, Vote]:
    """Return the votes of values under `[read.votes]`: words for values, and perhaps a scale.

    Raises
    ------
    UsageError
        A meaning or a scale that there is not, or values that the configuration does not name.
    """
    scale = votes.get("scale")
    words = {name: meaning for name, meaning in votes.items() if name != "scale"}
    for name, meaning in words.items():
        if _meant(meaning) is None:
            hint = (
                f'write one of {", ".join(MEANINGS)}, {{vote = "first", strength = 2}} with a strength above 0, or a '
                "table scale = {first = 1, tie = 4, second = 7}."
            )
            raise UsageError(f"[read.votes] {name!r} = {meaning!r} is no vote", hint=hint)
    read: dict[str, Vote] = {}
    unknown = []
    for value in values:
        vote = mapped(value, words)
        if vote is None and scale is not None:
            vote = _on_scale(value, scale)
        elif vote is None and _word(value, columns).meaning == "missing":
            vote = Vote("missing")
        if vote is None:
            unknown.append(value)
        else:
            read[value] = vote
    if unknown:
        shown = ", ".join(repr(value[:60]) for value in sorted(unknown)[:10])
        lines = "\n".join(f'{quoted(value)} = "…"' for value in sorted(unknown)[:10])
        hint = f"name them too, by one of {', '.join(MEANINGS)}:\n[read.votes]\n{lines}"
        where = f"{columns.origin}: " if columns.origin else ""
        raise UsageError(
            f"{where}column {columns.vote!r} holds values that [read.votes] does not name: {shown}", hint=hint
        )
    return read


def quoted(value: str) -> str:
    """Return a value as a TOML key."""
    return json.dumps(value, ensure_ascii=not value.isprintable())


def numeric_choices(numbers: Sequence[float], columns: Columns) -> list[Choice]:
    """Return the readings that codes of a vote may have, each with its configuration."""
    first, second = columns.first, columns.second
    low, high = min(numbers), max(numbers)
    if all(number.is_integer() for number in map(float, numbers)) and high - low <= 2 and len(set(numbers)) <= 3:
        found = sorted(set(map(int, numbers)))
        if found[0] < 0:
            found = [-1, 0, 1]
        elif len(found) == 1 or found == [0, 1]:
            one = {0: "first", 1: "second"} if found[0] == 0 else {found[0]: "first"}
            two = {0: "second", 1: "first"} if found[0] == 0 else {found[0]: "second"}
            return [_table(one, f"{_show(one, columns)}"), _table(two, f"{_show(two, columns)}")]
        elif found == [1, 2]:
            one, two = {1: "first", 2: "second"}, {1: "second", 2: "first"}
            return [_table(one, _show(one, columns)), _table(two, _show(two, columns))]
        elif found == [0, 2]:
            found = [0, 1, 2]
        codes = dict(zip(found, ("first", "tie", "second"), strict=False))
        turned = dict(zip(found, ("second", "tie", "first"), strict=False))
        choices = [_table(codes, _show(codes, columns)), _table(turned, _show(turned, columns))]
        if found == [0, 1, 2]:
            tie_zero = {0: "tie", 1: "first", 2: "second"}
            tie_last = {0: "first", 1: "second", 2: "tie"}
            choices += [_table(tie_zero, _show(tie_zero, columns)), _table(tie_last, _show(tie_last, columns))]
        if found == [1, 2, 3]:
            tie_last = {1: "first", 2: "second", 3: "tie"}
            choices.append(_table(tie_last, _show(tie_last, columns)))
        return choices
    ends = (-max(abs(low), abs(high)), max(abs(low), abs(high))) if low < 0 else (low, high)
    middle = (ends[0] + ends[1]) / 2
    shown = [f"{number:g}" for number in (ends[0], middle, ends[1])]
    adjust = " (write the ends and the middle of your scale, if nobody used them)"
    low_first = f"{shown[0]} is {first!r} much better, {shown[1]} a tie, {shown[2]} {second!r} much better"
    high_first = f"{shown[2]} is {first!r} much better, {shown[1]} a tie, {shown[0]} {second!r} much better"
    return [
        Choice(
            f"a scale on which {low_first}{adjust}",
            f"[read.votes]\nscale = {{first = {shown[0]}, tie = {shown[1]}, second = {shown[2]}}}",
        ),
        Choice(
            f"a scale on which {high_first}{adjust}",
            f"[read.votes]\nscale = {{first = {shown[2]}, tie = {shown[1]}, second = {shown[0]}}}",
        ),
    ]


def _table(codes: Mapping[int, str], shown: str) -> Choice:
    lines = "\n".join(f'"{code}" = "{meaning}"' for code, meaning in codes.items())
    return Choice(shown, f"[read.votes]\n{lines}")


def _show(codes: Mapping[int, str], columns: Columns) -> str:
    names = {"first": f"{columns.first!r} better", "second": f"{columns.second!r} better", "tie": "a tie"}
    return ", ".join(f"{code} = {names[meaning]}" for code, meaning in codes.items())


def _on_scale(value: str, scale: object) -> Vote | None:
    if not isinstance(scale, Mapping) or not {"first", "second"} <= set(scale):
        raise UsageError("[read.votes] scale needs first and second", hint="scale = {first = 1, tie = 4, second = 7}")
    try:
        first, second = float(scale["first"]), float(scale["second"])
        tie = float(scale.get("tie", (first + second) / 2))
    except (TypeError, ValueError) as error:
        raise UsageError(f"[read.votes] scale holds what is no number: {dict(scale)}") from error
    if not (first < tie < second or second < tie < first):
        raise UsageError(f"[read.votes] scale: tie = {tie:g} is not between first = {first:g} and second = {second:g}")
    number = number_of(value)
    if number is None:
        return Vote("missing") if _plain(value) in _MISSING else None
    if not min(first, second) <= number <= max(first, second):
        return None
    if number == tie:
        return Vote("tie", strength=0.0)
    return Vote("first" if (number < tie) == (first < tie) else "second", strength=abs(number - tie))


def _read_numbers(numbers: Mapping[str, float], columns: Columns, words: Mapping[str, Vote]) -> dict[str, Vote]:
    """Codes under names that number the responses; refused under other names."""
    found = set(numbers.values())
    scheme = scheme_of(columns.first, columns.second)
    codes: dict[float, Meaning] = {}
    if scheme == "from zero" and found == {0.0, 1.0}:
        codes = {0.0: "first", 1.0: "second"}
    elif scheme == "numbers" and found == {1.0, 2.0}:
        codes = {1.0: "first", 2.0: "second"}
    if not codes:
        listed = ", ".join(f"{number:g}" for number in sorted(found)[:12]) + (", …" if len(found) > 12 else "")
        where = f"{columns.origin}: " if columns.origin else ""
        raise AmbiguousReadingError(
            f"{where}column {columns.vote!r} holds numbers ({listed}), and the file does not say which of them "
            f"stand for "
            f"{columns.first!r} and which for {columns.second!r}",
            [
                Choice(choice.meaning, "\n".join([choice.config, *_lines(words)]))
                for choice in numeric_choices(sorted(found), columns)
            ],
        )
    return {value: Vote(codes[number], label=f"{number:g}") for value, number in numbers.items()}


def _lines(words: Mapping[str, Vote]) -> list[str]:
    """Lines of `[read.votes]` for words beside numbers, so that no value is left without a meaning."""
    return [f'{quoted(value)} = "{vote.meaning}"' for value, vote in words.items() if value]


def _settle_numbered_sides(words: dict[str, Vote], columns: Columns) -> None:
    """Sides that words name by number ("Response 1"): which of them is the first depends on where counting begins."""
    labels = {vote.label for vote in words.values() if vote.label in ("0", "1", "2") and vote.meaning is None}
    if not labels:
        return
    scheme = scheme_of(columns.first, columns.second)
    if scheme == "from zero" and labels == {"0", "1"}:
        codes: dict[str, Meaning] = {"0": "first", "1": "second"}
    elif labels <= {"1", "2"} and scheme != "from zero" and (scheme == "numbers" or "2" in labels):
        codes = {"1": "first", "2": "second"}
    elif labels == {"0", "1"} and scheme != "numbers":
        codes = {"0": "first", "1": "second"}
    else:
        shown = ", ".join(sorted(repr(value) for value, vote in words.items() if vote.label in labels)[:6])
        one = "\n".join(f'{quoted(v)} = "first"' for v, vote in words.items() if vote.label in labels)
        two = "\n".join(f'{quoted(v)} = "second"' for v, vote in words.items() if vote.label in labels)
        raise AmbiguousReadingError(
            f"column {columns.vote!r} names sides by number ({shown}), and the file does not say where counting begins",
            [
                Choice(f"{columns.first!r} is meant", f"[read.votes]\n{one}"),
                Choice(f"{columns.second!r} is meant", f"[read.votes]\n{two}"),
            ],
        )
    for value, vote in words.items():
        if vote.label in codes and vote.meaning is None:
            meaning = codes[vote.label]
            strength = vote.strength
            if strength is not None and strength < 0:  # "1 is worse"
                meaning = "second" if meaning == "first" else "first"
            words[value] = Vote(meaning, vote.label, None if strength is None else _grade(strength))


def _word(value: str, columns: Columns) -> Vote:
    """The meaning of one value as words; numbers have none here."""
    if key(value) == key(columns.first):
        return Vote("first", label=columns.first)
    if key(value) == key(columns.second):
        return Vote("second", label=columns.second)
    if len(value) > _MAX_CHARACTERS or number_of(value) is not None:
        return Vote(None)
    plain = _plain(value)
    if plain in _UNREADABLE or (plain == "" and value.strip() not in _BLANK):
        return Vote(None)
    for known, meaning in ((_MISSING, "missing"), (_BOTH_BAD, "both_bad"), (_TIE, "tie")):
        if plain in known and not (plain == "c" and not value.strip().startswith("[")):
            return Vote(meaning)  # type: ignore[arg-type]
    compared = _COMPARED.match(_signs(value))
    if compared is not None:
        return _compared(compared)
    for phrase in _PHRASES:
        match = phrase.match(plain)
        if match is not None:
            return _phrase(match)
    return Vote(None)


def _with_pluses(words: Mapping[str, Vote]) -> dict[str, Vote]:
    """Votes of A, A+, A++ and B, B+, B++, where the other values show that they are no marks.

    Marks have no ++, and no value beside them that says that both are equal.
    """
    forms = {value: match for value in words if (match := _PLUSES.match(value.strip()))}
    most = {side: max((len(m[2]) for m in forms.values() if m[1].casefold() == side), default=0) for side in "ab"}
    others = {vote.meaning for value, vote in words.items() if value not in forms}
    shown = max(most.values()) > 1 or bool(others & {"tie", "both_bad"})
    if min(most.values()) == 0 or not shown or not others <= {"tie", "both_bad", "missing"}:
        return {}
    sides: dict[str, Meaning] = {"a": "first", "b": "second"}
    return {v: Vote(sides[m[1].casefold()], m[1], 1.0 + len(m[2])) for v, m in forms.items()}


def _compared(match: re.Match[str]) -> Vote:
    side, sign, other = match["side"], match["sign"], match["other"]
    if not _opposite(side, other):
        return Vote(None)
    if set(sign) <= {"=", "~"}:
        return Vote("tie")
    if {"<", ">"} <= set(sign) or len(set(sign) - {"="}) != 1:
        return Vote(None)
    better = side if sign[0] in ">≫≻" else other
    much = sign.count(">") + sign.count("<") > 1 or sign in ("≫", "≪")
    equal = "=" in sign  # A>=B: better or equal is no vote
    return Vote(None) if equal else _of_side(better, 3.0 if much else None)


def _phrase(match: re.Match[str]) -> Vote:
    parts = match.groupdict()
    side, other = parts["side"], parts.get("other")
    if other is not None and not _opposite(side, other):
        return Vote(None)
    word = next((parts[name] for name in ("grade", "grade_before", "grade_after") if parts.get(name)), None)
    strength = None if word is None else next(grade for grade, words in _GRADES.items() if word in words)
    worse = parts.get("word") in ("worse", "worst", "inferior", "weaker", "loses", "lost", "lose")
    return _of_side(side, strength, turned=worse)


def _of_side(side: str, strength: float | None, *, turned: bool = False) -> Vote:
    if side in ("0", "1", "2"):  # decided by all values together; a turned side has a negative grade until then
        grade = -(strength or _UNGRADED) if turned else strength
        return Vote(None, side, grade)
    is_first = (side in _FIRST) != turned
    return Vote("first" if is_first else "second", side, strength)


#: Stands for the grade of a side that is worse, and not said how much, until all values are known.
_UNGRADED = 100.0


def _grade(strength: float) -> float | None:
    return None if abs(strength) == _UNGRADED else abs(strength)


def _opposite(one: str, two: str) -> bool:
    """Whether two words name the two sides of one pair of words."""
    return any({one, two} == set(pair) for pair in SIDES.values())


def _signs(value: str) -> str:
    """Text in lower case with its comparison signs, without brackets and quotation marks."""
    text = re.sub(r"[\[\](){}\"'`*_\-.,:;!]", " ", value.casefold())
    return " ".join(text.split())


def _plain(value: str) -> str:
    """Text in lower case, words apart, without punctuation; a sign behind a letter, as in the mark A-, is kept."""
    value = re.sub(r"(?<=\w)([+-]+)$", lambda match: f" {'plus' if '+' in match[1] else 'minus'}", value.strip())
    text = re.sub(r"[^\w]+", " ", value.casefold().replace("'", "")).replace("_", " ")
    text = re.sub(rf"\b({_NOUNS})(\d)\b", r"\1 \2", text)
    return " ".join(text.split())
