"""The columns of two responses side by side: which belong together, and which holds the votes on them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from prefqa.errors import AmbiguousReadingError, Choice, PrefqaError
from prefqa.readers.cells import is_messages
from prefqa.readers.names import key, roles_of, tokens
from prefqa.readers.sides import Pair
from prefqa.readers.table import Table
from prefqa.readers.vocabulary import SIDES, Columns, number_of, quoted, read_values

#: Names of columns that hold votes in one file and something else in the next.
_MANY_MEANINGS = {"label", "answer", "rating", "score", "response", "annotation", "value"}


#: Words of columns that name the worse response.
_WORSE = {
    "worse",
    "worst",
    "loser",
    "losing",
    "lost",
    "rejected",
    "reject",
    "inferior",
    "dispreferred",
    "not",
    "non",
    "bad",
}


#: Distinct values beyond which a column holds no votes.
_FEW = 30


_ANY_SIDE = {word for pair in SIDES.values() for word in pair}


@dataclass(frozen=True)
class Sides:
    """The columns of the two responses: what they hold, and which pair names them."""

    text: Pair | None
    model: Pair | None
    id: Pair | None
    score: Pair | None
    rank: Pair | None
    vote: Pair | None
    others: tuple[Pair, ...]

    @property
    def main(self) -> Pair | None:
        """The pair that stands for the responses."""
        return self.text or self.id or self.model


def sides_of(table: Table, *, preferred: bool = False, scheme: str | None = None) -> Sides:
    """Return the pairs of columns of a table by what they hold, all told apart by the same two words.

    Pairs under other words (`model_x` beside `left`) are left out: which of them belongs to which side is not known.
    """
    taken = set(table.options.annotator_columns(table.names)) if table.options.annotators else set()
    pairs = [pair for pair in table.pairs if pair.preferred == preferred and not {pair.first, pair.second} & taken]
    pairs = [pair for pair in pairs if scheme in (None, pair.scheme)]
    pairs.sort(
        key=lambda pair: (not _is_named(table, pair), pair.base not in _PLAIN, len(pair.base), pair.base, pair.first)
    )
    text = next((pair for pair in pairs if pair.kind == "text"), None)
    main = text or next((pair for pair in pairs if pair.kind in ("id", "model")), None)
    pairs = [pair for pair in pairs if main is None or pair.scheme == main.scheme]
    first = {
        kind: next((p for p in pairs if p.kind == kind), None)
        for kind in ("text", "model", "id", "score", "rank", "vote")
    }
    if first["text"] is None:  # a pair of another name may hold the texts, such as tweet_a and tweet_b
        first["text"] = next((p for p in pairs if p.kind == "other" and _is_textual(table, p)), None)
    rest = tuple(pair for pair in pairs if pair not in first.values())
    return Sides(**first, others=rest)


#: Standard names of two columns, which win over all others.
_STANDARD = {("response_a", "response_b"), ("chosen", "rejected")}


#: Pairs of these names mean the whole response, beside others that are about a part or a criterion of it.
_PLAIN = {
    ("score",),
    ("rating",),
    ("rank",),
    ("ranking",),
    ("winner",),
    ("vote",),
    ("wins",),
    ("win",),
    ("won",),
    ("response",),
}


#: The name under which a pair of a kind is mapped.
_WORD = {"text": "response", "score": "score", "rank": "rank", "vote": "winner"}


def _is_named(table: Table, pair: Pair) -> bool:
    """Whether a pair has the standard names, or the caller mapped it."""
    mapped = all(name in table.source_names and "_unmapped" not in name for name in (pair.first, pair.second))
    return mapped or (pair.first, pair.second) in _STANDARD


def refuse_second_pair(table: Table, sides: Sides, kind: str, pair: Pair) -> None:
    """Refuse two pairs of columns of which either may decide, or be the responses.

    Raises:
        AmbiguousReadingError: with the configuration for each.
    """
    again = [other for other in sides.others if other.kind == kind and other.preferred == pair.preferred]
    again = [other for other in again if not _same(table, pair, other)]
    plain = pair.base in _PLAIN and not any(other.base in _PLAIN for other in again)
    if not again or _is_named(table, pair) or plain:
        return
    what = {"text": "the responses", "score": "the scores that decide", "rank": "the ranks", "vote": "the votes"}[kind]
    ends = ("chosen", "rejected") if pair.preferred else (f"{_WORD[kind]}_a", f"{_WORD[kind]}_b")
    both = [(table.shown(one.first), table.shown(one.second)) for one in (pair, *again)]
    raise AmbiguousReadingError(
        f"{table.origin}: {'; '.join(f'{first!r} and {second!r}' for first, second in both[:6])} may all be {what}",
        [
            Choice(
                f"{first!r} and {second!r} are",
                f"[columns]\n{ends[0]} = {quoted(first)}\n{ends[1]} = {quoted(second)}",
            )
            for first, second in both[:6]
        ],
    )


def _same(table: Table, one: Pair, two: Pair) -> bool:
    """Whether two pairs hold the same values."""
    names = ((one.first, two.first), (one.second, two.second))
    if any(table.schema[a] != table.schema[b] for a, b in names):
        return False
    differ = pl.any_horizontal(pl.col(a).ne_missing(pl.col(b)).any() for a, b in names)
    return not table.frame.select(differ).collect().item()


def winner_columns(table: Table) -> list[str]:
    """Return the columns that may hold the vote on two responses."""
    paired = {name for pair in table.pairs if not pair.preferred for name in (pair.first, pair.second)}
    return [name for name in table.having("winner") if name not in paired and not table.schema[name].is_nested()]


def scheme_of_votes(table: Table) -> str | None:
    """The words that tell the two responses apart, where columns use several pairs of words: those that the votes use.

    Raises:
        AmbiguousReadingError: votes that use none of them, or several.
    """
    pairs = [pair for pair in table.pairs if not pair.preferred and pair.kind in ("text", "id", "model")]
    schemes = list(dict.fromkeys(pair.scheme for pair in pairs))
    if len(schemes) < 2:
        return None
    sides = sides_of(table)
    wide = table.options.annotator_columns(table.names)
    columns = wide or winner_columns(table)[:1]
    words = {word for name in columns for value in distinct_values(table, name) for word in tokens(value)}
    used = [scheme for scheme in schemes if words & set(SIDES[scheme])]
    if len(used) == 1:
        return used[0]
    if not used and (sides.vote or not columns or not words & _ANY_SIDE):
        return None  # names or texts of responses, or columns that say it themselves
    shown = [f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r}" for pair in pairs]
    raise AmbiguousReadingError(
        f"{table.origin}: the responses may be {', or '.join(shown)}, and the votes do not say which of these "
        f"they mean",
        [
            Choice(
                f"{table.shown(pair.first)!r} is the first, {table.shown(pair.second)!r} the second",
                f'[columns]\nresponse_a = "{table.shown(pair.first)}"\nresponse_b = "{table.shown(pair.second)}"',
            )
            for pair in pairs
        ],
    )


def refuse_names_of_sides(table: Table, pair: Pair) -> None:
    """Refuse `chosen` and `rejected` that hold no responses but say which of two other columns is better.

    Raises:
        AmbiguousReadingError: with the configuration that reads `chosen` as the vote.
    """
    sides = sides_of(table)
    if sides.main is None or table.schema[pair.first].is_nested():
        return
    columns = Columns(table.shown(pair.first), table.shown(sides.main.first), table.shown(sides.main.second))
    values = distinct_values(table, pair.first)
    if not values or not all(number_of(value) is not None or meaning_of(value, columns) for value in values):
        return
    raise AmbiguousReadingError(
        f"{table.origin}: column {columns.vote!r} holds {', '.join(map(repr, sorted(values)[:6]))} and no responses; "
        f"these may name {columns.first!r} and {columns.second!r}",
        [
            Choice(f"{columns.vote!r} says which of the two is better", f"[columns]\nwinner = {quoted(columns.vote)}"),
            Choice("these are the responses themselves", '[read]\nshape = "chosen_rejected"'),
        ],
    )


def refuse_vote_beside(table: Table, pair: Pair) -> None:
    """Refuse a vote beside `chosen` and `rejected` by which the rejected response is the better one in some rows.

    Raises:
        AmbiguousReadingError: with the configuration for either reading.
    """
    columns = Columns("winner", table.shown(pair.first), table.shown(pair.second))
    for name in table.having("winner"):
        if table.schema[name].is_nested() or name in (pair.first, pair.second) or key(name) in _MANY_MEANINGS:
            continue
        values = distinct_values(table, name)
        meanings = {meaning_of(value, columns) for value in values}
        if "second" not in meanings or None in meanings:
            continue
        first, second, vote = columns.first, columns.second, table.shown(name)
        raise AmbiguousReadingError(
            f"{table.origin}: column {vote!r} holds votes beside {first!r} and {second!r}, and by some of them "
            f"{second!r} "
            "is better",
            [
                Choice(f"{first!r} is better in every row", "[columns]\nwinner = false"),
                Choice(
                    f"{vote!r} says which of the two is better",
                    f"[columns]\nresponse_a = {quoted(first)}\nresponse_b = {quoted(second)}\nwinner = {quoted(vote)}",
                ),
            ],
        )


def meaning_of(value: str, columns: Columns) -> str | None:
    """Return what a word means on its own as a vote; None for numbers, and for words that mean nothing."""
    try:
        return read_values([value], columns)[value].meaning
    except PrefqaError:
        return None


def vote_column(table: Table, sides: Sides) -> str | None:
    """The column of votes.

    Raises:
        AmbiguousReadingError: two columns of votes that say different things, neither under the standard name.
    """
    found = winner_columns(table)
    kept = next((name for name in found if name == "winner"), None) or (table.pick("winner") if found else None)
    if kept is None or kept == "winner" or sides.main is None:
        return kept
    main = (sides.main.first, sides.main.second)
    paired = {name for pair in table.pairs for name in (pair.first, pair.second)}
    other = [
        name for name in table.names
        if name != kept and name not in paired and "winner" in roles_of(name) and holds_votes(table, name, main)
        and not table.alike(kept, name, strictly=True)
    ]  # fmt: skip
    if other:
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(repr(table.shown(name)) for name in (kept, *other))} all hold "
            f"votes, and they "
            "differ",
            [
                Choice(f"{table.shown(n)!r} is the vote", f'[columns]\nwinner = "{table.shown(n)}"')
                for n in (kept, *other)
            ],
        )
    return kept


def holds_votes(table: Table, name: str, columns: tuple[str, str]) -> bool:
    """Whether all values of a column are words for a side, a tie or no vote."""
    if name in columns:
        return False
    values = distinct_values(table, name)
    if not values:
        return False
    try:
        votes = read_values(values, Columns(name, *columns))
    except PrefqaError:
        return False
    meanings = [vote.meaning for vote in votes.values()]
    return None not in meanings and bool({"first", "second"} & set(meanings))


def turned_votes(table: Table, name: str, columns: tuple[str, str]) -> dict[str, str]:
    """Return the votes of a column that names the worse response, as its name says; none under any other name."""
    if not set(tokens(table.shown(name))) & _WORSE:
        return {}
    votes = read_values(distinct_values(table, name), Columns(name, *columns))
    other = {"first": "second", "second": "first"}
    return {
        value: other.get(vote.meaning, vote.meaning)
        for value, vote in votes.items()
        if vote.meaning is not None and value
    }


def distinct_values(table: Table, name: str) -> list[str]:
    """Return the values of a column as text; none where there are more than a vote has, or lists or objects."""
    if table.schema[name].is_nested():
        return []
    said = pl.col(name).cast(pl.String, strict=False).str.strip_chars()
    values = table.frame.select(said.unique()).head(_FEW + 1).collect()[name].drop_nulls().to_list()
    return values if len(values) <= _FEW else []


def _is_textual(table: Table, pair: Pair) -> bool:
    return all(
        table.schema[name] == pl.String() or is_messages(table.schema[name]) for name in (pair.first, pair.second)
    )
