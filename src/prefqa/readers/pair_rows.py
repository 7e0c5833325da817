"""Rows of two responses side by side, with a vote, a score for each, or the better one first, become long rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name, whole_rank
from prefqa.dtypes import free_name
from prefqa.errors import AmbiguousReadingError, Choice, UsageError
from prefqa.preferences import JUDGMENT_TYPES, ROW
from prefqa.readers.ballots import BOTH_BAD, SAID, STRENGTH, VOTE, Ballots, with_votes
from prefqa.readers.cells import decoded, encoded, is_texts
from prefqa.readers.export import note
from prefqa.readers.keys import PAIR, items_by_prompt, unnamed_annotators, with_annotator, with_item, with_prompt
from prefqa.readers.laid import Laid
from prefqa.readers.ordinals import with_plain_ranks
from prefqa.readers.pair_columns import (
    Sides,
    refuse_names_of_sides,
    refuse_second_pair,
    refuse_vote_beside,
    scheme_of_votes,
    sides_of,
    vote_column,
    winner_columns,
)
from prefqa.readers.pair_texts import holds_strings, with_texts
from prefqa.readers.pair_votes import empty_cells, n_empty_cells, one_hot, unpivoted
from prefqa.readers.scores import refuse_unclear_direction, scores_of
from prefqa.readers.sides import Pair
from prefqa.readers.table import Table
from prefqa.readers.unnamed import refuse_unnamed_prompt
from prefqa.readers.vocabulary import SIDES, Columns


def is_pairwise(table: Table) -> bool:
    """Whether a table has two responses side by side and something that says which is better."""
    sides = sides_of(table)
    if sides.main is None:
        return False
    by_side = sides.vote or sides.score or sides.rank
    return bool(by_side or table.options.annotators or winner_columns(table))


def pairwise(table: Table) -> Laid:
    """Two responses side by side and what says which is better: two rows per vote, at position 1 and 2."""
    sides = sides_of(table, scheme=scheme_of_votes(table))
    main = sides.main
    if main is None:
        raise UsageError(f"{table.origin}: there are no two columns of responses")
    wide = table.options.annotator_columns(table.names)
    vote = None if wide else vote_column(table, sides)
    _refuse_second_pairs(table, sides, by_columns=not wide and vote is None)
    for pair in (sides.text, sides.model, sides.id, sides.score, sides.rank, sides.vote, *sides.others):
        table = table if pair is None else _give(table, pair)
    for name in (*wide, *([vote] if vote else [])):
        table = table.give(name, "winner", "the votes of one annotator" if wide else "", renamed=False)
    table = with_prompt(table)
    if not wide:
        table = with_annotator(table)
    table = with_item(table, row_is_judgment=not wide).with_optional()
    table = _aside(table)
    table, texts = with_texts(table, sides)
    n_empty = 0
    columns = Columns("winner", table.shown(main.first), table.shown(main.second), table.origin)
    if wide:
        n_empty = n_empty_cells(table, wide)
        table, vote = unpivoted(table, wide), "_answer"
        columns = replace(columns, vote=", ".join(wide[:6]))
    elif vote is not None:
        columns = replace(columns, vote=table.shown(vote))
    elif sides.vote is not None:
        table, vote, columns = one_hot(table, sides.vote, columns)
    else:
        return _by_figures(table, sides, texts=texts)
    keys = [
        pair
        for pair in (sides.id, sides.model, sides.text if not texts or holds_strings(table, sides.text) else None)
        if pair
    ]
    ballots = with_votes(table, vote, columns, [pair.first for pair in keys], [pair.second for pair in keys])
    table = table.with_frame(ballots.frame)
    laid = _two_rows(table, sides, texts=texts)
    values = pl.concat([ballots.values, *empty_cells(columns, n_empty)])
    return replace(laid, values=values, notes=(*laid.notes, *_without_vote(ballots, wide)))


def _refuse_second_pairs(table: Table, sides: Sides, *, by_columns: bool) -> None:
    """Refuse two pairs of texts, and where columns of both sides decide, two pairs of such."""
    if sides.text is not None:
        refuse_second_pair(table, sides, "text", sides.text)
    deciding = (("vote", sides.vote), ("rank", sides.rank), ("score", sides.score)) if by_columns else ()
    first = next(((kind, pair) for kind, pair in deciding if pair is not None), None)
    if first is not None:
        refuse_second_pair(table, sides, *first)


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
    refuse_names_of_sides(table, pair)
    refuse_vote_beside(table, pair)
    table = decoded(table, [pair.first, pair.second], lists=True)
    kinds = [table.schema[name] for name in (pair.first, pair.second)]
    several = any(map(is_texts, kinds)) and all(is_texts(kind) or not kind.is_nested() for kind in kinds)
    for one in (pair, sides.model, sides.id, sides.score, *sides.others):
        if one is not None:
            table = _give(table, one)
    table = with_item(with_annotator(with_prompt(table)), row_is_judgment=True).with_optional()
    if several:
        return _best_of_several(table, pair)
    table, _ = with_texts(_aside(table), sides, texts=True)
    frame = table.frame.with_columns(pl.lit(1, pl.Int8).alias(VOTE), pl.lit(None, pl.String).alias(SAID))
    laid = _two_rows(table.with_frame(frame), sides, texts=True, placed=False)
    return replace(
        laid, detail=f"{table.shown(pair.first)!r} is preferred to {table.shown(pair.second)!r} in every row"
    )


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


def _by_figures(table: Table, sides: Sides, *, texts: bool) -> Laid:
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


def _two_rows(table: Table, sides: Sides, *, texts: bool, placed: bool = True) -> Laid:
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


def _column_of(pair: Pair, sides: Sides, *, texts: bool) -> str | None:
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


def _prompt_or_texts(sides: Sides, *, texts: bool) -> tuple[str, str] | None:
    return (sides.text.first, sides.text.second) if sides.text is not None and texts else None


def _meets_itself(table: Table, sides: Sides, *, texts: bool) -> bool:
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
