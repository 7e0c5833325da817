"""Two sides of a pair among the columns of a table, and the columns that hold votes on them.

Tables of crowdsourcing platforms and surveys have columns that their requesters named. Which two columns are the
responses, and which holds the vote, is taken from names and values only where there is one reading of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from prefqa.errors import UsageError
from prefqa.preferences import ROW
from prefqa.readers.declared import pair_rows, vote_values
from prefqa.readers.long_rows import PAIR
from prefqa.readers.vocabulary import strengths_of, understand

#: Words that name the first and the second of two columns.
_TWO = (("a", "b"), ("1", "2"), ("0", "1"), ("left", "right"), ("first", "second"), ("one", "two"), ("x", "y"))
#: Words of columns that describe a response and are not its text.
_ABOUT = frozenset("id model name source system length len score temperature".split())
#: Share of answers that must be understood in a column of votes.
_UNDERSTOOD = 0.9
Meanings = Mapping[str, str | None]


@dataclass(frozen=True)
class Pair:
    """Two columns of one table, first and second, with the words that tell them apart."""

    first: str
    second: str
    words: tuple[str, str]
    stem: tuple[str, ...]

    @property
    def is_text(self) -> bool:
        """Whether the columns may hold the responses, and not their models or ids."""
        return not set(self.stem) & _ABOUT


def pairs_among(names: Sequence[str]) -> list[Pair]:
    """Return pairs of names that differ in one word for a side, where no third name belongs to them."""
    words = {name: _words(name) for name in names}
    found = []
    for first, theirs in words.items():
        for place, word in enumerate(theirs):
            family = [
                (name, other[place])
                for name, other in words.items()
                if len(other) == len(theirs)
                and other[:place] + other[place + 1 :] == theirs[:place] + theirs[place + 1 :]
            ]
            sides = next((two for two in _TWO if two[0] == word), None)
            if sides is None or {side for _, side in family} != set(sides):
                continue
            second = next(name for name, side in family if side == sides[1])
            found.append(Pair(first, second, sides, theirs[:place] + theirs[place + 1 :]))
    return found


def meanings_of(values: pl.Series, sides: Sequence[tuple[str, str]], *, ties: bool = False) -> Meanings | None:
    """Return the meaning of each value of a column of votes, or None where the column holds no votes.

    Args:
        values: answers, as text.
        sides: names of the two responses, each way in which an answer may write them.
        ties: whether a column may hold ties alone.

    Raises:
        UsageError: votes in a form that has several readings.
    """
    counts = values.drop_nulls().value_counts(sort=True)
    distinct = counts.to_series(0).to_list()
    if not distinct or len(distinct) > 200:
        return None
    meanings: dict[str, str | None] = {}
    for two in sides:
        named = {name.lower(): side for name, side in zip(two, ("first", "second"), strict=True) if not name.isdigit()}
        meanings |= {value: named[low] for value in distinct if (low := value.strip().lower()) in named}
        if meanings:
            break
    rest = [value for value in distinct if value not in meanings]
    if rest:
        meanings |= understand(rest, sides[-1])
    if not {"first", "second", *(("tie",) if ties else ())} & set(meanings.values()):
        return None
    read = [value for value, meaning in meanings.items() if meaning is not None]
    known = counts.filter(pl.col(values.name).is_in(read)).select(pl.col("count").sum()).item()
    return meanings if known >= _UNDERSTOOD * counts.select(pl.col("count").sum()).item() else None


def with_votes(rows: pl.DataFrame, column: str, meanings: Meanings) -> pl.DataFrame:
    """Add `said`, the value as it was written, and `vote`, its meaning; rows without an answer are left out.

    Where answers say by how much, `strength` is there too.
    """
    said = pl.col(column)
    vote = said.replace_strict(meanings, default=None, return_dtype=pl.String)
    answered = rows.with_columns(said=said, vote=vote, **strength_of(said, meanings)).filter(
        pl.col("said").is_not_null()
    )
    return answered.filter((pl.col("vote") != "missing") | pl.col("vote").is_null())


def strength_of(said: pl.Expr, meanings: Meanings) -> dict[str, pl.Expr]:
    """Return the column `strength` of votes, if any of their values says one."""
    grades = strengths_of(meanings)
    known = said.replace_strict(list(grades), list(grades.values()), default=None, return_dtype=pl.Float64)
    return {"strength": known} if grades else {}


def without_side(rows: pl.DataFrame, column: str, meanings: Meanings) -> pl.DataFrame:
    """Return the rows whose answer says that there is none (skipped, cannot tell), with `said`."""
    names = [value for value, meaning in meanings.items() if meaning == "missing"]
    return rows.filter(pl.col(column).is_in(names)).with_columns(said=pl.col(column))


def long_votes(parts: Sequence[tuple[str, pl.DataFrame]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rankings of votes on one pair per row, and how each value was read; several questions become criteria.

    Args:
        parts: name of the question, and its rows with `vote` and `said` (see `readers.declared`).
    """
    several = len(parts) > 1
    long = []
    for name, rows in parts:
        part = pair_rows(rows.with_columns(criterion=pl.lit(name)) if several else rows)
        long.append(part.drop(PAIR) if several else part)
    return pl.concat(long, how="diagonal_relaxed"), pl.concat(vote_values(rows, name) for name, rows in parts)


def votes_among(
    rows: pl.DataFrame, columns: Sequence[str], sides: Sequence[tuple[str, str]]
) -> tuple[dict[str, Meanings], list[str]]:
    """Return the columns that hold votes with the meaning of their values, and why others could not be read."""
    votes, reasons = {}, []
    for column in columns:
        try:
            meanings = meanings_of(rows[column], sides)
        except UsageError as error:
            reasons.append(f"{column!r}: {str(error).splitlines()[0]}")
            continue
        if meanings is not None:
            votes[column] = meanings
    return votes, reasons


def unanswered(rows: pl.DataFrame, parts: Sequence[tuple[str, pl.DataFrame]]) -> pl.DataFrame:
    """Rows that answer none of the questions."""
    answered = pl.concat([part.select(ROW) for _, part in parts]).unique() if parts else rows.select(ROW).clear()
    return rows.join(answered, on=ROW, how="anti", maintain_order="left")


def config(lines: Mapping[str, str | None]) -> str:
    """Return lines of configuration to paste; a value that is not known stands as "..."."""
    return "\n".join(["[columns]", *(f'{name} = "{value or "..."}"' for name, value in lines.items())])


def chosen_of(flags: Mapping[str, str]) -> pl.Expr:
    """Return the option whose column says true: several joined by "|", null where there is none.

    Args:
        flags: columns of true and false by the option that each stands for.
    """
    picked = [
        pl.when(pl.col(column).str.to_lowercase().str.strip_chars() == "true").then(pl.lit(option))
        for option, column in flags.items()
    ]
    joined = pl.concat_list(picked).list.drop_nulls().list.join("|")
    return pl.when(joined != "").then(joined)


def _words(name: str) -> tuple[str, ...]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])", "_", name)
    return tuple(word for word in re.split(r"[^0-9A-Za-z]+", apart.lower()) if word)
