"""Rows of two responses side by side, with a vote, a score for each, or the better one first, become long rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name, whole_rank
from prefqa.errors import AmbiguousReadingError, Choice, PrefqaError, UsageError
from prefqa.preferences import JUDGMENT_TYPES, ROW
from prefqa.readers.ballots import BOTH_BAD, SAID, STRENGTH, VOTE, Ballots, with_votes
from prefqa.readers.cells import chat, decoded, encoded, is_messages, is_texts, split_prompt, text_of
from prefqa.readers.export import VALUES, note
from prefqa.readers.keys import PAIR, items_by_prompt, unnamed_annotators, with_annotator, with_item, with_prompt
from prefqa.readers.laid import Laid
from prefqa.readers.names import key, roles_of, tokens
from prefqa.readers.ordinals import with_plain_ranks
from prefqa.readers.records import fields_of
from prefqa.readers.scores import refuse_unclear_direction, scores_of
from prefqa.readers.sides import Pair, is_tie_column
from prefqa.readers.table import Table, Use, free_name
from prefqa.readers.unnamed import refuse_unnamed_prompt
from prefqa.readers.vocabulary import SIDES, Columns, number_of, quoted, read_values

#: A value with a blank, a line break or this many characters is a text and not a name.
_LONG = 60
#: Roles of messages that ask.
_ASKING = ("user", "system", "developer")
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
_ONE_HOT = {"1,0": "first", "0,1": "second"}
_ONE_HOT_TIE = {"1,0,0": "first", "0,1,0": "second", "0,0,1": "tie", "0,0,0": "missing"}


@dataclass(frozen=True)
class _Sides:
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


def sides_of(table: Table, *, preferred: bool = False, scheme: str | None = None) -> _Sides:
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
    return _Sides(**first, others=rest)


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


def refuse_second_pair(table: Table, sides: _Sides, kind: str, pair: Pair) -> None:
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


def is_pairwise(table: Table) -> bool:
    """Whether a table has two responses side by side and something that says which is better."""
    sides = sides_of(table)
    if sides.main is None:
        return False
    by_side = sides.vote or sides.score or sides.rank
    return bool(by_side or table.options.annotators or winner_columns(table))


def winner_columns(table: Table) -> list[str]:
    """Return the columns that may hold the vote on two responses."""
    paired = {name for pair in table.pairs if not pair.preferred for name in (pair.first, pair.second)}
    return [name for name in table.having("winner") if name not in paired and not table.schema[name].is_nested()]


def pairwise(table: Table) -> Laid:
    """Two responses side by side and what says which is better: two rows per vote, at position 1 and 2."""
    sides = sides_of(table, scheme=_scheme(table))
    main = sides.main
    if main is None:
        raise UsageError(f"{table.origin}: there are no two columns of responses")
    wide = table.options.annotator_columns(table.names)
    vote = None if wide else _vote_column(table, sides)
    if sides.text is not None:
        refuse_second_pair(table, sides, "text", sides.text)
    if not wide and vote is None:
        for kind, decisive in (("vote", sides.vote), ("rank", sides.rank), ("score", sides.score)):
            if decisive is not None:
                refuse_second_pair(table, sides, kind, decisive)
                break
    for pair in (sides.text, sides.model, sides.id, sides.score, sides.rank, sides.vote, *sides.others):
        if pair is not None:
            table = _give(table, pair)
    if vote is not None:
        table = table.give(vote, "winner", renamed=False)
    for name in wide:
        table = table.give(name, "winner", "the votes of one annotator", renamed=False)
    table = with_prompt(table)
    if not wide:
        table = with_annotator(table)
    table = with_item(table, row_is_judgment=not wide).with_optional()
    table = _aside(table)
    table, texts = _with_texts(table, sides)
    n_empty = 0
    columns = Columns("winner", table.shown(main.first), table.shown(main.second), table.origin)
    if wide:
        n_empty = _n_empty(table, wide)
        table, vote = _unpivoted(table, wide), "_answer"
        columns = replace(columns, vote=", ".join(wide[:6]))
    elif vote is not None:
        columns = replace(columns, vote=table.shown(vote))
    elif sides.vote is not None:
        table, vote, columns = _one_hot(table, sides.vote, columns)
    else:
        return _by_figures(table, sides, texts=texts)
    keys = [
        pair for pair in (sides.id, sides.model, sides.text if not texts or _short(table, sides.text) else None) if pair
    ]
    ballots = with_votes(table, vote, columns, [pair.first for pair in keys], [pair.second for pair in keys])
    table = table.with_frame(ballots.frame)
    laid = _two_rows(table, sides, texts=texts)
    values = pl.concat([ballots.values, *_empty_cells(columns, n_empty)])
    return replace(laid, values=values, notes=(*laid.notes, *_without_vote(ballots, wide)))


def _scheme(table: Table) -> str | None:
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


def is_chosen_rejected(table: Table) -> bool:
    """Whether a table has a preferred response and another one beside it."""
    return sides_of(table, preferred=True).text is not None


def chosen_rejected(table: Table) -> Laid:
    """A chosen and a rejected response per row: ranks 1 and 2; lists of them are the best and the others."""
    sides = sides_of(table, preferred=True)
    pair = sides.text
    if pair is None:
        raise UsageError(f"{table.origin}: there are no columns chosen and rejected")
    refuse_second_pair(table, sides, "text", pair)
    _refuse_names_of_sides(table, pair)
    _refuse_vote_beside(table, pair)
    table = decoded(table, [pair.first, pair.second], lists=True)
    several = any(is_texts(table.schema[name]) for name in (pair.first, pair.second))
    for one in (pair, sides.model, sides.id, sides.score, *sides.others):
        if one is not None:
            table = _give(table, one)
    table = with_item(with_annotator(with_prompt(table)), row_is_judgment=True).with_optional()
    if several:
        return _best_of_several(table, pair)
    table, _ = _with_texts(_aside(table), sides, texts=True)
    frame = table.frame.with_columns(pl.lit(1, pl.Int8).alias(VOTE), pl.lit(None, pl.String).alias(SAID))
    laid = _two_rows(table.with_frame(frame), sides, texts=True, placed=False)
    return replace(
        laid, detail=f"{table.shown(pair.first)!r} is preferred to {table.shown(pair.second)!r} in every row"
    )


def _refuse_names_of_sides(table: Table, pair: Pair) -> None:
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


def _refuse_vote_beside(table: Table, pair: Pair) -> None:
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


def _vote_column(table: Table, sides: _Sides) -> str | None:
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


def _aside(table: Table) -> Table:
    """The table with columns set aside that have the names of those that a pair becomes."""
    used = {use.column for use in table.uses}
    taken = [name for name in ("response_id", "rank", "position", "text", "score", "model") if name in table.schema]
    taken = [name for name in taken if name not in used]
    if not taken:
        return table
    have = table.schema.names()
    aside = {name: free_name(f"source_{name}", have) for name in taken}
    names = {**table.source_names, **{new: table.shown(name) for name, new in aside.items()}}
    return replace(table, frame=table.frame.rename(aside), source_names=names)


def _give(table: Table, pair: Pair) -> Table:
    role = {
        "text": "response",
        "id": "response_id",
        "model": "model",
        "score": "score",
        "rank": "rank",
        "vote": "winner",
    }
    name = role.get(pair.kind, f"{pair.attribute} of a response")
    for column, side in ((pair.first, "chosen" if pair.preferred else "first"), (pair.second, "other")):
        table = table.give(
            column,
            name,
            "the first"
            if side == "first"
            else "chosen"
            if side == "chosen"
            else ("rejected" if pair.preferred else "the second"),
            renamed=False,
        )
    return table


def _is_textual(table: Table, pair: Pair) -> bool:
    return all(
        table.schema[name] == pl.String() or is_messages(table.schema[name]) for name in (pair.first, pair.second)
    )


def _with_texts(table: Table, sides: _Sides, *, texts: bool | None = None) -> tuple[Table, bool]:
    """The table with texts and messages in one form, the prompt split off; and whether the columns hold texts."""
    pair = sides.text
    if pair is None:
        return table, False
    names = [pair.first, pair.second]
    table = chat(table, [*names, *(["prompt"] if table.used("prompt") else [])])
    schema = table.schema
    kinds = [schema[name] for name in names]
    if kinds[0] != kinds[1] and any(kind.is_nested() for kind in kinds) and pl.Null() not in kinds:
        both = " and ".join(f"{table.shown(name)!r} {kind}" for name, kind in zip(names, kinds, strict=True))
        raise UsageError(f"two sides of one pair are of different kinds: {both}", hint="bring both to one form.")
    if all(is_messages(kind) for kind in kinds):
        return _split_messages(table, pair), True
    table = _one_of_each(table, names)
    if texts is None:
        texts = sides.model is not None or sides.id is not None or _holds_texts(table, pair)
        if not texts:
            table = table.say(
                f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r} hold names of responses, not their texts"
            )
    return (_split_texts(table, pair) if texts and table.used("prompt") else table), texts


def _one_of_each(table: Table, names: Sequence[str]) -> Table:
    """The table with texts out of lists of one; other lists, and objects without a text, are refused."""
    for name in names:
        dtype = table.schema[name]
        if not dtype.is_nested():
            continue
        if is_texts(dtype) and table.frame.select((pl.col(name).list.len() <= 1).all()).collect().item():
            table = table.with_frame(table.frame.with_columns(pl.col(name).list.first()))
            continue
        kind = "lists" if isinstance(dtype, pl.List) else "objects"
        raise UsageError(
            f"{table.origin}: column {table.shown(name)!r} holds {kind} in which no text of a response is known: "
            f"{dtype}",
            hint="write each response as one text, or as chat messages with the fields role and content.",
        )
    return table


def _holds_texts(table: Table, pair: Pair) -> bool:
    """Whether two columns hold texts and not names: values with blanks or lines, or long ones, or ones that never recur."""
    if table.options.pair_values is not None:
        return table.options.pair_values == "texts"
    if table.schema[pair.first].is_nested():
        return True
    strings = [name for name in (pair.first, pair.second) if table.schema[name] == pl.String()]
    if not strings:
        return False
    values = pl.concat([table.sample(name)[name].alias("v") for name in strings]).drop_nulls()
    values = values.filter(values != "")
    if ((values.str.len_chars() > _LONG) | values.str.contains(r"\n|\S\s+\S+\s+\S")).any():
        return True
    blanks = values.str.contains(r"\S\s\S").mean()
    return isinstance(blanks, float) and blanks >= 0.5


def _short(table: Table, pair: Pair | None) -> bool:
    return pair is not None and table.schema[pair.first] == pl.String()


def _split_messages(table: Table, pair: Pair) -> Table:
    """Take the messages with which both dialogues begin as the prompt.

    Beside a prompt, dialogues that begin with the assistant go on from it: the calls of tools that both have are
    theirs.
    """
    kind = table.schema["prompt"] if table.used("prompt") else None
    nothing = kind is not None and kind.is_nested() and not is_messages(kind)  # empty lists alone
    asked = pl.lit(None, pl.String) if nothing else pl.col("prompt").cast(pl.String).str.strip_chars()
    asked = text_of("prompt") if is_messages(kind) else asked
    frame = split_prompt(table.frame, pair.first, pair.second, None if kind is None else _opens_dialogue(asked))
    split = frame.select(pl.col("_common").is_not_null().sum(), pl.len()).collect().row(0)
    shown = f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r}"
    if not split[0]:
        return table.with_frame(frame.drop("_common"))
    table = table.say(f"the messages with which both {shown} begin are the prompt ({split[0]:,} of {split[1]:,} rows)")
    if kind is None:
        frame = frame.with_columns(prompt=pl.col("_common")).drop("_common")
        return replace(table.with_frame(frame), uses=(*table.uses, _LEADING))
    begins = text_of("_common")
    ends_so = asked.str.ends_with(begins) if is_messages(kind) else pl.lit(value=False)  # a system prompt comes before
    differs = pl.col("_common").is_not_null() & ~begins.str.contains(asked, literal=True) & ~ends_so
    n = int(frame.select(differs.sum()).collect().item())
    if n:
        table = table.say(f"in {n:,} rows the column of the prompt does not occur in these messages, which are taken")
    if is_messages(kind):
        whole = pl.when(pl.col("_common").is_null() | ends_so).then("prompt").otherwise("_common")
        return table.with_frame(frame.with_columns(prompt=whole).drop("_common"))
    fields = fields_of(frame.collect_schema()["_common"])
    user = pl.struct(
        pl.lit("user").alias("role"),
        asked.alias("content") if nothing else pl.col("prompt").cast(pl.String).alias("content"),
        *(pl.lit(None, dtype).alias(name) for name, dtype in fields.items() if name not in ("role", "content")),
    )
    as_message = pl.when(asked.is_not_null()).then(pl.concat_list(user))
    return table.with_frame(frame.with_columns(prompt=pl.coalesce("_common", as_message)).drop("_common"))


#: The role of the messages with which both dialogues begin.
_LEADING = Use("(leading messages)", "prompt", "split off the dialogues")


def _opens_dialogue(asked: pl.Expr) -> pl.Expr:
    """Whether `_common` is a dialogue from its beginning, or holds what the prompt asks: then it is more than an answer."""
    role = pl.element().struct.field("role")
    first = pl.col("_common").list.first().struct.field("role")
    people = pl.col("_common").list.filter(role.is_in(_ASKING)).list.eval(pl.element().struct.field("content"))
    holds = people.list.join("\n").str.contains(asked, literal=True)
    return (asked.is_null() | first.is_in(_ASKING) | holds).fill_null(value=True)


def _split_texts(table: Table, pair: Pair) -> Table:
    """Cut the prompt off texts that begin with it on both sides."""
    schema = table.schema
    if schema["prompt"] != pl.String() or any(schema[name] != pl.String() for name in (pair.first, pair.second)):
        return table
    begins = pl.all_horizontal(
        pl.col(name).str.starts_with(pl.col("prompt"))
        & (pl.col(name).str.len_bytes() > pl.col("prompt").str.len_bytes())
        for name in (pair.first, pair.second)
    ) & (pl.col("prompt") != "")
    n, of = table.frame.select(begins.sum(), pl.len()).collect().row(0)
    if not n or n * 2 < of:  # a few answers that repeat the question are answers
        return table
    rest = [
        pl.when(begins).then(pl.col(name).str.slice(pl.col("prompt").str.len_chars())).otherwise(name).alias(name)
        for name in (pair.first, pair.second)
    ]
    table = table.say(f"the prompt with which both texts begin is cut off them ({n:,} of {of:,} rows)")
    return table.with_frame(table.frame.with_columns(rest))


def _unpivoted(table: Table, wide: Sequence[str]) -> Table:
    """One row per annotator's answer; an empty cell is none."""
    rest = [name for name in table.schema if name not in wide]
    frame = pl.concat(
        [
            table.frame.select(*rest, pl.lit(name).alias("annotator_id"), pl.col(name).cast(pl.String).alias("_answer"))
            for name in wide
        ]
    ).filter(pl.col("_answer").str.strip_chars().fill_null("") != "")
    table = replace(table, uses=(*table.uses, Use("(names of the columns)", "annotator_id", ", ".join(wide[:8]))))
    return table.with_frame(frame)


def _n_empty(table: Table, wide: Sequence[str]) -> int:
    """Count the cells of annotators' columns that hold nothing."""
    empty = [(pl.col(name).cast(pl.String).str.strip_chars().fill_null("") == "").sum().alias(name) for name in wide]
    return int(sum(table.frame.select(empty).collect().row(0)))


def _empty_cells(columns: Columns, n: int) -> list[pl.DataFrame]:
    row = (columns.vote, "(empty cells)", "missing", n)
    return [pl.DataFrame([row], schema=VALUES, orient="row")] if n else []


def _one_hot(table: Table, pair: Pair, columns: Columns) -> tuple[Table, str, Columns]:
    """Columns of 0 and 1, one for each side and perhaps one for a tie, as one vote."""
    tie = next((name for name in table.names if is_tie_column(name)), None)
    names = [pair.first, pair.second, *([tie] if tie else [])]
    if tie is not None:
        table = table.give(tie, "winner", "a tie", renamed=False)
    truth = {
        "true": "1",
        "yes": "1",
        "x": "1",
        "1.0": "1",
        "false": "0",
        "no": "0",
        "": "0",
        "0.0": "0",
        "nan": "0",
        "null": "0",
    }
    flags = [pl.col(n).cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("").replace(truth) for n in names]
    table = table.with_frame(table.frame.with_columns(pl.concat_str(flags, separator=",").alias("_flags")))
    shown = [table.shown(name) for name in names]
    found = table.frame.select(pl.col("_flags").unique().sort()).collect()["_flags"].to_list()
    known = _ONE_HOT_TIE if tie else _ONE_HOT
    votes = table.options.votes or {}
    odd = [value for value in found if value not in known and value not in votes]
    if any(set(value.split(",")) - {"0", "1"} for value in odd):
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(map(repr, shown))} are read as 1 for the better response and 0 "
            f"otherwise, but "
            f"rows hold {', '.join(odd[:6])}",
            [
                Choice(
                    "they are numbers of votes or points: the response with more is the better one",
                    f"[columns]\nscore_a = {quoted(shown[0])}\nscore_b = {quoted(shown[1])}",
                ),
                Choice("another column holds the votes", '[columns]\nwinner = "…"'),
            ],
        )
    if odd:
        meanings = {"a tie": "tie", "no vote": "missing"}
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(map(repr, shown))} are read as 1 for the better response and 0 "
            f"otherwise, but "
            f"rows hold {', '.join(odd[:6])}",
            [
                Choice(
                    f"these rows are {words}",
                    "[read.votes]\n" + "\n".join(f'"{value}" = "{meaning}"' for value in odd[:6]),
                )
                for words, meaning in meanings.items()
            ],
        )
    options = replace(table.options, votes={**known, **votes})
    return replace(table, options=options), "_flags", replace(columns, vote=",".join(shown))


def _by_figures(table: Table, sides: _Sides, *, texts: bool) -> Laid:
    """Two scores or two ranks side by side; both sides need one."""
    pair = sides.rank or sides.score
    if pair is None:
        raise UsageError(f"{table.origin}: nothing says which response is better")
    options = table.options
    if sides.rank is not None:
        table = with_plain_ranks(table, [pair.first, pair.second])
        found = table.sample(pair.first)[pair.first].cast(pl.String).cast(pl.Float64, strict=False)
        start = 0 if options.ranks_from == 0 else 1
        if options.ranks_from is None and (found == 0).any():
            words = SIDES[pair.scheme] if pair.scheme in SIDES else pair.scheme.split("/")
            names = [table.shown(pair.first), table.shown(pair.second)]
            raise ranks_from_zero(table, pair.first, {f"score_{w}": n for w, n in zip(words, names, strict=True)})
        values = [
            whole_rank(pl.col(name).cast(pl.Float64, strict=False) + (1 - start)) for name in (pair.first, pair.second)
        ]
        better_is_lower = True
        detail = f"ranks in {table.shown(pair.first)!r} and {table.shown(pair.second)!r}, {start} is best"
    else:
        refuse_unclear_direction(table, [pair.first, pair.second])
        values = [scores_of(table, name) for name in (pair.first, pair.second)]
        better_is_lower = options.higher == "worse"
        word = "lower" if better_is_lower else "higher"
        detail = f"scores in {table.shown(pair.first)!r} and {table.shown(pair.second)!r}, {word} is better"
    one, two = values
    first_better = (one < two) if better_is_lower else (one > two)
    vote = pl.when(one == two).then(0).when(first_better).then(1).when(one.is_not_null() & two.is_not_null()).then(2)
    said = pl.concat_str(
        [pl.col(name).cast(pl.String).fill_null("(empty)") for name in (pair.first, pair.second)], separator=" and "
    )
    frame = table.frame.with_columns(vote.cast(pl.Int8).alias(VOTE), said.alias(SAID))
    if sides.rank is None:
        frame = frame.with_columns(s.alias(name) for s, name in zip(values, (pair.first, pair.second), strict=True))
    laid = _two_rows(table.with_frame(frame), sides, texts=texts)
    counts = frame.group_by(VOTE).agg(count=pl.len().cast(pl.Int64)).collect()
    meaning = pl.col(VOTE).replace_strict({1: "first", 2: "second", 0: "tie"}, default=None, return_dtype=pl.String)
    shown = pl.lit(f"{table.shown(pair.first)}, {table.shown(pair.second)}").alias("column")
    value = pl.col(VOTE).replace_strict(
        {1: "the first is better", 2: "the second is better", 0: "equal"}, default="not read", return_dtype=pl.String
    )
    listed = counts.select(shown, value.alias("value"), meaning.alias("meaning"), "count").sort("value")
    return replace(laid, values=listed, detail=f"{laid.detail}; {detail}")


def ranks_from_zero(table: Table, column: str, scores: Mapping[str, str] | None = None) -> AmbiguousReadingError:
    """Return the refusal of ranks that begin at 0; `scores` are the columns that they are if they are ratings."""
    as_scores = scores or {"score": table.shown(column)}
    lines = "\n".join(f'{role} = "{name}"' for role, name in as_scores.items())
    return AmbiguousReadingError(
        f"{table.origin}: column {table.shown(column)!r} holds a rank of 0; 1 is read as the best rank",
        [
            Choice("ranks begin at 0, which is the best", "[read]\nranks_from = 0"),
            Choice("0 stands for a response that was not ranked", '[read]\nranks_from = 1\nmissing = ["0"]'),
            Choice("the numbers are ratings, higher is better", f'[read]\nhigher = "better"\n\n[columns]\n{lines}'),
        ],
    )


def _two_rows(table: Table, sides: _Sides, *, texts: bool, placed: bool = True) -> Laid:
    """Two rows per vote, with ranks, positions, texts and what else is known of either response."""
    main = sides.main
    if main is None:
        raise UsageError(f"{table.origin}: there are no two columns of responses")
    by_text = sides.text is not None and texts
    schema = table.schema
    named = sides.id or (
        sides.model if sides.model is not None and not _meets_itself(table, sides, texts=texts) else None
    )
    numbered = named is None and by_text
    id_of = named or main
    if by_text:
        refuse_unnamed_prompt(table)
    if not table.used("item_id"):
        whole = _prompt_or_texts(sides, texts=texts)
        table = items_by_prompt(table, whole)
        if not table.used("prompt") and whole is None:
            table = table.say("no column names the items: each row is an item of its own")
    frame = table.frame
    one, two = (encoded(name, schema[name]) for name in (id_of.first, id_of.second))
    blank = [one.fill_null(""), two.fill_null("")] if numbered else [one, two]
    both = pl.concat_list(blank).list.sort().list.join("|")
    frame = frame.with_columns(blank[0].alias("_id_1"), blank[1].alias("_id_2"), both.alias(PAIR))
    criterion = ["criterion"] if "criterion" in frame.collect_schema() else []
    table = (
        unnamed_annotators(table.with_frame(frame), PAIR, *criterion)
        if "annotator_id" not in frame.collect_schema()
        else (table.with_frame(frame))
    )
    frame = table.frame
    carried = {
        pair for pair in (sides.text, sides.model, sides.id, sides.score, sides.rank, sides.vote, *sides.others) if pair
    }
    own: list[tuple[Pair, str]] = []
    for pair in carried:
        name = _column_of(pair, sides, texts=texts)
        if name is not None:
            own.append((pair, name))
    used = {name for pair in carried for name in (pair.first, pair.second)}
    have = frame.collect_schema().names()
    drop = [n for n in (*used, "_id_1", "_id_2", VOTE, SAID, "_answer", "_flags") if n in have]
    drop += [use.column for use in table.uses if use.role == "winner" and use.column in have and use.column not in drop]
    vote = pl.col(VOTE)
    rows = []
    for place in (1, 2):
        rank = pl.when(vote.is_in([0, place])).then(1).when(vote.is_not_null()).then(2)
        unread = pl.when(vote.is_null()).then(pl.coalesce(SAID, pl.lit("(no vote)")))
        rows.append(
            frame.select(
                pl.exclude(drop),
                pl.col(f"_id_{place}").alias("response_id"),
                rank.cast(pl.Int64).alias("rank"),
                unread.alias(raw_name("rank")),
                *([pl.lit(place, pl.Int64).alias("position")] if placed and "position" not in have else []),
                *(pl.col(pair.first if place == 1 else pair.second).alias(name) for pair, name in own),
            )
        )
    long = pl.concat(rows, how="vertical_relaxed")
    for added, name in ((STRENGTH, "strength"), (BOTH_BAD, "both_bad")):
        if added in have:
            aside = {name: free_name(f"source_{name}", have)} if name in have else {}
            long = long.rename({**aside, added: name})
    if numbered:
        # An item id and a text that recur give the same number whatever the order of rows.
        number = formatted("r{}", pl.col("response_id").rank("dense").over("item_id").cast(pl.Int64))
        long = long.with_columns(response_id=number)
        long = long.with_columns(pl.col("response_id").sort().str.join("|").over(ROW, "annotator_id").alias(PAIR))
    columns = tuple(name for _, name in own if name not in ("text", "score"))
    return Laid(table, long, "two responses and the better of them, or a tie", response_columns=columns)


def _column_of(pair: Pair, sides: _Sides, *, texts: bool) -> str | None:
    """The column of long rows that a pair becomes."""
    if pair is sides.text:
        return "text" if texts else None
    if pair is sides.model:
        return "model"
    if pair is sides.score:
        return "score"
    if pair in (sides.id, sides.rank, sides.vote):
        return None
    name = pair.attribute
    return f"response_{name}" if name in JUDGMENT_TYPES or name in ("prompt", "text", "model") else name


def _prompt_or_texts(sides: _Sides, *, texts: bool) -> tuple[str, str] | None:
    return (sides.text.first, sides.text.second) if sides.text is not None and texts else None


def _meets_itself(table: Table, sides: _Sides, *, texts: bool) -> bool:
    """Whether a model meets itself with two texts: then its name does not tell the two apart."""
    if sides.model is None or sides.text is None or not texts:
        return False
    same = pl.col(sides.model.first).cast(pl.String) == pl.col(sides.model.second).cast(pl.String)
    return bool(table.frame.select(same.any()).collect().item())


def _best_of_several(table: Table, pair: Pair) -> Laid:
    """Lists of chosen and of rejected responses: all chosen share rank 1, all rejected rank 2."""
    as_list = [
        pl.col(name) if is_texts(table.schema[name]) else pl.concat_list(pl.col(name).cast(pl.String)).alias(name)
        for name in (pair.first, pair.second)
    ]
    table = items_by_prompt(table.with_frame(table.frame.with_columns(as_list)))
    table = table if table.used("annotator_id") else unnamed_annotators(table)
    rows = [
        table.frame.select(
            pl.exclude(pair.first, pair.second),
            pl.col(name).cast(pl.List(pl.String)).alias("text"),
            pl.lit(rank, pl.Int64).alias("rank"),
        ).explode("text")
        for rank, name in ((1, pair.first), (2, pair.second))
    ]
    long = pl.concat(rows, how="vertical_relaxed").filter(pl.col("text").is_not_null())
    number = formatted("r{}", pl.col("text").rank("dense").over("item_id").cast(pl.Int64))
    return Laid(
        table, long.with_columns(response_id=number), "lists of chosen responses, rank 1, and of rejected ones, rank 2"
    )


def _without_vote(ballots: Ballots, wide: Sequence[str]) -> tuple:  # type: ignore[type-arg]
    if wide:
        return ()
    names = [n for n in (ROW, "item_id", "annotator_id") if n in ballots.missing.columns]
    message = "{n} of {of} rows hold no vote (empty or skipped) and are left out."
    return note("PQ727", message, ballots.missing.select(names, pl.col(SAID)), ballots.n_rows, value=pl.col(SAID))
