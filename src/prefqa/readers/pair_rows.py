"""Rows of two responses side by side, with a vote, a score for each, or the better one first, become long rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name, whole_rank
from prefqa.errors import AmbiguousReadingError, Choice, PrefqaError, UsageError
from prefqa.messages import split_prompt, split_text, text_of, whole_prompt
from prefqa.preferences import JUDGMENT_TYPES, ROW
from prefqa.readers.ballots import BOTH_BAD, SAID, STRENGTH, VOTE, Ballots, with_votes
from prefqa.readers.cells import chat, decoded, encoded, is_messages, is_texts
from prefqa.readers.export import VALUES, note
from prefqa.readers.keys import PAIR, items_by_prompt, unnamed_annotators, with_annotator, with_item, with_prompt
from prefqa.readers.laid import Laid
from prefqa.readers.names import roles_of
from prefqa.readers.scores import scores_of
from prefqa.readers.sides import Pair, is_tie_column
from prefqa.readers.table import Table, Use
from prefqa.readers.vocabulary import Columns, read_values

#: A value with a blank, a line break or this many characters is a text and not a name.
_LONG = 60
#: Distinct values beyond which a column holds no votes.
_FEW = 30
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


def sides_of(table: Table, *, preferred: bool = False) -> _Sides:
    """Return the pairs of columns of a table by what they hold."""
    pairs = [pair for pair in table.pairs if pair.preferred == preferred]
    first = {
        kind: next((p for p in pairs if p.kind == kind), None)
        for kind in ("text", "model", "id", "score", "rank", "vote")
    }
    if first["text"] is None:  # a pair of another name may hold the texts, such as tweet_a and tweet_b
        first["text"] = next((p for p in pairs if p.kind == "other" and _is_textual(table, p)), None)
    rest = tuple(pair for pair in pairs if pair not in first.values())
    return _Sides(**first, others=rest)  # type: ignore[arg-type]


def is_pairwise(table: Table) -> bool:
    """Whether a table has two responses side by side and something that says which is better."""
    sides = sides_of(table)
    if sides.main is None:
        return False
    by_side = sides.vote or sides.score or sides.rank
    return bool(by_side or table.options.annotators or winner_columns(table, sides))


def winner_columns(table: Table, sides: _Sides) -> list[str]:
    """Return the columns that may hold the vote on two responses."""
    paired = {name for pair in table.pairs for name in (pair.first, pair.second)}
    return [name for name in table.having("winner") if name not in paired and not table.schema[name].is_nested()]


def pairwise(table: Table) -> Laid:
    """Two responses side by side and what says which is better: two rows per vote, at position 1 and 2."""
    sides = sides_of(table)
    main = sides.main
    if main is None:
        raise UsageError(f"{table.origin}: there are no two columns of responses")
    wide = table.options.annotator_columns(table.names)
    vote = None if wide else _vote_column(table, sides)
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


def is_chosen_rejected(table: Table) -> bool:
    """Whether a table has a preferred response and another one beside it."""
    return sides_of(table, preferred=True).text is not None


def chosen_rejected(table: Table) -> Laid:
    """A chosen and a rejected response per row: ranks 1 and 2; lists of them are the best and the others."""
    sides = sides_of(table, preferred=True)
    pair = sides.text
    if pair is None:
        raise UsageError(f"{table.origin}: there are no columns chosen and rejected")
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


def _vote_column(table: Table, sides: _Sides) -> str | None:
    """The column of votes.

    Raises:
        AmbiguousReadingError: two columns of votes that say different things, neither under the standard name.
    """
    found = winner_columns(table, sides)
    kept = next((name for name in found if name == "winner"), None) or (table.pick("winner") if found else None)
    if kept is None or kept == "winner" or sides.main is None:
        return kept
    main = (sides.main.first, sides.main.second)
    paired = {name for pair in table.pairs for name in (pair.first, pair.second)}
    other = [
        name for name in table.names
        if name != kept and name not in paired and "winner" in roles_of(name) and holds_votes(table, name, main)
        and not table.alike(kept, name)
    ]  # fmt: skip
    if other:
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(repr(table.shown(name)) for name in (kept, *other))} all hold votes, and they "
            "differ",
            [
                Choice(f"{table.shown(n)!r} is the vote", f'[columns]\nwinner = "{table.shown(n)}"')
                for n in (kept, *other)
            ],
        )
    return kept


def holds_votes(table: Table, name: str, columns: tuple[str, str]) -> bool:
    """Whether all values of a column are words for a side, a tie or no vote."""
    if table.schema[name].is_nested() or name in columns:
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


def distinct_values(table: Table, name: str) -> list[str]:
    """Return the values of a column as text; none where there are more than a vote has."""
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
    names = {**table.source_names, **{f"source_{name}": table.shown(name) for name in taken}}
    return replace(table, frame=table.frame.rename({name: f"source_{name}" for name in taken}), source_names=names)


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
    """The table with texts and messages in their form, the prompt split off; and whether the main columns hold texts."""
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
    if texts is None:
        named = sides.model or sides.id
        texts = _holds_texts(table, pair) if named is None else not _are_names(table, pair, named)
        if not texts:
            table = table.say(
                f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r} hold names of responses, not their texts"
            )
    return (_split_texts(table, pair) if texts and table.used("prompt") else table), texts


def _holds_texts(table: Table, pair: Pair) -> bool:
    """Whether two columns hold texts and not names: values with blanks or lines, or long ones, or ones that never recur."""
    if table.options.pair_values is not None:
        return table.options.pair_values == "texts"
    if table.schema[pair.first].is_nested():
        return True
    if table.schema[pair.first] != pl.String():
        return False
    values = pl.concat([table.sample(name)[name].alias("v") for name in (pair.first, pair.second)]).drop_nulls()
    values = values.filter(values != "")
    if ((values.str.len_chars() > _LONG) | values.str.contains(r"\n|\S\s+\S+\s+\S")).any():
        return True
    blanks = values.str.contains(r"\S\s\S").mean()
    return isinstance(blanks, float) and blanks >= 0.5


def _are_names(table: Table, pair: Pair, named: Pair) -> bool:
    """Whether two columns hold further names of responses that others name: one each, whatever the prompt."""
    if not table.used("prompt") or any(table.schema[name].is_nested() for name in (pair.first, pair.second)):
        return False
    prompt = encoded("prompt", table.schema["prompt"])
    sides = zip((pair.first, pair.second), (named.first, named.second), strict=True)
    columns = [[pl.col(v).cast(pl.String).alias("value"), pl.col(n).cast(pl.String).alias("name")] for v, n in sides]
    both = pl.concat(
        pl.collect_all([table.frame.select(prompt.alias("prompt"), *side) for side in columns])
    ).drop_nulls()
    values, names = both["value"].n_unique(), both.select("value", "name").n_unique()
    several = both.select("value", "prompt").n_unique()
    return bool(values) and values == names and several >= 2 * values


def _short(table: Table, pair: Pair | None) -> bool:
    return pair is not None and table.schema[pair.first] == pl.String()


def _split_messages(table: Table, pair: Pair) -> Table:
    """Take the messages with which both dialogues begin as the prompt, where no prompt stands apart from them."""
    known = table.used("prompt")
    frame = split_prompt(table.frame if known else table.frame.drop("prompt", strict=False), pair.first, pair.second)
    n, of = frame.select(pl.col("_common").is_not_null().sum(), pl.len()).collect().row(0)
    if not n:
        return table
    schema = frame.collect_schema()
    shown = f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r}"
    table = table.say(f"the messages with which both {shown} begin are the prompt ({n:,} of {of:,} rows)")
    if not known:
        table = replace(table, uses=(*table.uses, _prompt_use()))
    elif not is_messages(schema["prompt"]):
        prompt = pl.col("prompt").cast(pl.String).str.strip_chars()
        differs = pl.col("_common").is_not_null() & ~text_of("_common").str.contains(prompt, literal=True)
        n = int(frame.select(differs.sum()).collect().item())
        if n:
            table = table.say(
                f"in {n:,} rows the column of the prompt does not occur in these messages, which are taken"
            )
    return table.with_frame(frame.with_columns(prompt=whole_prompt(schema)).drop("_common"))


def _prompt_use() -> Use:
    return Use("(leading messages)", "prompt", "split off the dialogues")


def _split_texts(table: Table, pair: Pair) -> Table:
    """Cut the prompt off texts that begin with it on both sides."""
    schema = table.schema
    if schema["prompt"] != pl.String() or any(schema[name] != pl.String() for name in (pair.first, pair.second)):
        return table
    frame, n, of = split_text(table.frame, pair.first, pair.second)
    if not n:
        return table
    return table.with_frame(frame).say(f"the prompt with which both texts begin is cut off them ({n:,} of {of:,} rows)")


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
    truth = {"true": "1", "yes": "1", "x": "1", "1.0": "1", "false": "0", "no": "0", "": "0", "0.0": "0"}
    flags = [pl.col(n).cast(pl.String).str.strip_chars().str.to_lowercase().fill_null("").replace(truth) for n in names]
    table = table.with_frame(table.frame.with_columns(pl.concat_str(flags, separator=",").alias("_flags")))
    shown = [table.shown(name) for name in names]
    found = table.frame.select(pl.col("_flags").unique().sort()).collect()["_flags"].to_list()
    known = _ONE_HOT_TIE if tie else _ONE_HOT
    votes = table.options.votes or {}
    odd = [value for value in found if value not in known and value not in votes]
    if odd:
        meanings = {"a tie": "tie", "no vote": "missing"}
        raise AmbiguousReadingError(
            f"{table.origin}: columns {', '.join(map(repr, shown))} are read as 1 for the better response and 0 otherwise, but "
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
        found = table.sample(pair.first)[pair.first].cast(pl.String).cast(pl.Float64, strict=False)
        start = 0 if options.ranks_from == 0 else 1
        if options.ranks_from is None and (found == 0).any():
            raise ranks_from_zero(table, pair.first)
        values = [
            whole_rank(pl.col(name).cast(pl.Float64, strict=False) + (1 - start)) for name in (pair.first, pair.second)
        ]
        better_is_lower = True
        detail = f"ranks in {table.shown(pair.first)!r} and {table.shown(pair.second)!r}, {start} is best"
    else:
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


def ranks_from_zero(table: Table, column: str) -> AmbiguousReadingError:
    """Return the refusal of ranks that begin at 0."""
    return AmbiguousReadingError(
        f"{table.origin}: column {table.shown(column)!r} holds a rank of 0; 1 is read as the best rank",
        [
            Choice("ranks begin at 0, which is the best", "[read]\nranks_from = 0"),
            Choice("0 stands for a response that was not ranked", '[read]\nranks_from = 1\nmissing = ["0"]'),
            Choice("the numbers are ratings, higher is better", f'[columns]\nscore = "{table.shown(column)}"'),
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
    if STRENGTH in have:
        long = long.rename({STRENGTH: "strength"})
    if BOTH_BAD in have:
        long = long.rename({BOTH_BAD: "both_bad"})
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
