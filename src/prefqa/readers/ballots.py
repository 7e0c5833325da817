"""A column of votes as votes: what each of its values means, in words, as a name, or by the configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from prefqa.errors import AmbiguousReadingError, Choice, UsageError
from prefqa.readers.export import VALUES
from prefqa.readers.table import Table
from prefqa.readers.vocabulary import Columns, Vote, number_of, quoted, read_values, with_config

#: Columns that `with_votes` adds: 1 or 2 for the better response, 0 for a tie, null where the value was not read.
VOTE, SAID, STRENGTH, BOTH_BAD = "_vote", "_said", "_strength", "_both_bad"
#: Distinct values beyond which only names and texts of the responses are looked for.
_MANY = 5_000
#: Distinct values beyond which they are no words for a side.
_WORDS = 12
_YES, _NO = {"true", "yes", "y", "t"}, {"false", "no", "n", "f"}
_YES_AND_NO = [{yes, no} for yes in _YES for no in _NO]
_CODES = {"first": 1, "second": 2, "tie": 0, "both_bad": 0, "missing": -1}


@dataclass(frozen=True)
class Ballots:
    """Rows with their votes, how each value was read, and how many rows had no vote."""

    frame: pl.LazyFrame
    values: pl.DataFrame
    n_rows: int
    missing: pl.DataFrame


def with_votes(table: Table, vote: str, columns: Columns, firsts: Sequence[str], seconds: Sequence[str]) -> Ballots:
    """Return the rows with a vote, in the columns VOTE, SAID, STRENGTH and BOTH_BAD.

    Parameters
    ----------
    table
        The rows.
    vote
        The column that holds the votes.
    columns
        Names of the vote and of the two responses as the file has them.
    firsts, seconds
        Columns that name the first and the second response (its id, model or text), which a vote may repeat.

    Raises
    ------
    AmbiguousReadingError
        Values with two readings, each with its configuration.
    UsageError
        Values of which most are not understood.
    """
    said = pl.col(vote).cast(pl.String, strict=False).str.strip_chars()
    is_first, is_second = (
        pl.any_horizontal(_as_name(said) == _as_name(pl.col(name).cast(pl.String).str.strip_chars()) for name in names)
        if names
        else pl.lit(value=False)
        for names in (firsts, seconds)
    )
    one, two = is_first.fill_null(value=False), is_second.fill_null(value=False)
    frame = table.frame.with_columns(
        said.fill_null("").alias(SAID), (one & ~two).alias("_is_1"), (two & ~one).alias("_is_2")
    )
    counts = (
        frame.group_by(SAID)
        .agg(n=pl.len(), first=pl.col("_is_1").sum(), second=pl.col("_is_2").sum())
        .sort(SAID)
        .collect()
        .with_columns(other=pl.col("n") - pl.col("first") - pl.col("second"))
    )
    names = [table.shown(name) for name in (*firsts, *seconds)]
    votes = _votes(counts, columns, table, names)
    codes = {value: _CODES[one.meaning] for value, one in votes.items() if one.meaning is not None}
    by_name = pl.when("_is_1").then(1).when("_is_2").then(2)
    read = (
        pl.when(pl.col(SAID).is_in(list(codes)))
        .then(pl.col(SAID).replace_strict(list(codes), list(codes.values()), default=None, return_dtype=pl.Int32))
        .otherwise(by_name)
        if codes
        else by_name
    )
    more = [read.cast(pl.Int8).alias(VOTE)]
    grades = {value: one.strength for value, one in votes.items() if one.strength is not None}
    if grades:
        more.append(
            pl.col(SAID)
            .replace_strict(list(grades), list(grades.values()), default=None, return_dtype=pl.Float64)
            .alias(STRENGTH)
        )
    bad = [value for value, one in votes.items() if one.meaning == "both_bad"]
    if bad:
        more.append(pl.col(SAID).is_in(bad).alias(BOTH_BAD))
    frame = frame.with_columns(more).drop("_is_1", "_is_2")
    missing = frame.filter(pl.col(VOTE) == -1).collect() if -1 in codes.values() else frame.head(0).collect()
    values = _values(counts, votes, columns)
    return Ballots(frame.filter((pl.col(VOTE) != -1).fill_null(value=True)), values, int(counts["n"].sum()), missing)


def _as_name(text: pl.Expr) -> pl.Expr:
    """Text by which names are compared: 12.0 and 12 are one number."""
    return text.str.replace(r"^(\d+)\.0+$", "${1}")


def _votes(counts: pl.DataFrame, columns: Columns, table: Table, names: Sequence[str]) -> dict[str, Vote]:
    """The values that words, numbers or the configuration explain; all others are looked for among the names."""
    options = table.options
    if options.votes:
        unnamed = counts.filter((pl.col("other") > 0) | pl.col(SAID).is_in(list(options.votes)))[SAID].to_list()
        return with_config(unnamed, options.votes, columns)
    if options.winner == "name":
        return {value: Vote("missing") for value in counts[SAID] if value == ""}
    named = counts.filter(pl.col("other") == 0)
    if counts.height > _MANY:
        values = counts.filter(pl.col("other") > 0)[SAID].head(_MANY).to_list()
    elif options.winner == "side":
        values = counts[SAID].to_list()
    else:
        numeric = {value for value in named[SAID] if number_of(value) is not None}
        values = [value for value in counts[SAID] if value not in numeric]
    votes = {value: one for value, one in read_values(values, columns).items() if one.meaning is not None}
    if options.winner is None:
        _refuse_two_meanings(counts, votes, columns)
    _refuse_most_unread(counts, votes, columns, names)
    return votes


def _refuse_two_meanings(counts: pl.DataFrame, votes: dict[str, Vote], columns: Columns) -> None:
    """Refuse words for a side that are also names of responses, where the two disagree."""
    for value, first, second in counts.select(SAID, "first", "second").iter_rows():
        meaning = votes[value].meaning if value in votes else None
        if (meaning == "first" and second) or (meaning == "second" and first):
            raise AmbiguousReadingError(
                f"{_where(columns)}column {columns.vote!r} holds {value!r}, which is a word for one side and the "
                f"name of a "
                "response on the other",
                [
                    Choice("the words name sides (A is the first column, B the second)", '[read]\nwinner = "side"'),
                    Choice("the words are names of responses", '[read]\nwinner = "name"'),
                ],
            )


def _refuse_most_unread(counts: pl.DataFrame, votes: dict[str, Vote], columns: Columns, names: Sequence[str]) -> None:
    missing = [value for value, one in votes.items() if one.meaning == "missing"]
    present = counts.filter(~pl.col(SAID).is_in(missing))
    unread = present.filter(~pl.col(SAID).is_in(list(votes)) & (pl.col("other") > 0)).sort("other", descending=True)
    if int(unread["other"].sum()) * 2 <= int(present["n"].sum()):
        return
    shown = ", ".join(f"{value[:60]!r} ({n:,})" for value, n in unread.select(SAID, "other").head(8).iter_rows())
    words = set(present[SAID].str.to_lowercase())
    if words in _YES_AND_NO:
        yes, no = (next(v for v in present[SAID] if v.lower() in known) for known in (_YES, _NO))
        raise AmbiguousReadingError(
            f"{_where(columns)}column {columns.vote!r} holds {yes!r} and {no!r}, and the file does not say "
            "for which response",
            [
                Choice(
                    f"{yes!r} is a vote for {one!r}, {no!r} for {two!r}",
                    f'[read.votes]\n{quoted(yes)} = "{first}"\n{quoted(no)} = "{second}"',
                )
                for one, two, first, second in (
                    (columns.first, columns.second, "first", "second"),
                    (columns.second, columns.first, "second", "first"),
                )
            ],
        )
    lines = "\n".join(f'{quoted(value)} = "…"' for value in unread[SAID].head(8) if len(value) <= 60)
    hint = (
        "say what each value means, by first, second, tie, both_bad or missing:\n"
        f"[read.votes]\n{lines}\n\nThe first response is {columns.first!r}, the second {columns.second!r}."
    )
    if unread.height > _WORDS:
        hint = 'name the column that holds the votes:\n[columns]\nwinner = "…"\n\n'
        hint += f"{columns.vote!r} holds no words for a side."
    if names:
        hint += f" Names of responses are read where they are written as in {', '.join(map(repr, names))}."
    raise UsageError(f"{_where(columns)}column {columns.vote!r}: most votes are not understood: {shown}", hint=hint)


def _values(counts: pl.DataFrame, votes: dict[str, Vote], columns: Columns) -> pl.DataFrame:
    """How each value was read, with its count; names of responses in one line for each side."""
    rows: list[tuple[str, str, str | None, int]] = []
    by_name = {"first": 0, "second": 0}
    for value, n, first, second, other in counts.select(SAID, "n", "first", "second", "other").iter_rows():
        if value in votes:
            rows.append((columns.vote, value or "(empty)", votes[value].meaning, n))
            continue
        by_name["first"] += first
        by_name["second"] += second
        if other:
            rows.append((columns.vote, value, None, other))
    for side, name in (("first", columns.first), ("second", columns.second)):
        if by_name[side]:
            rows.append((columns.vote, f"(what stands in {name})", side, by_name[side]))
    frame = pl.DataFrame(rows, schema=VALUES, orient="row")
    return frame.sort("count", "value", descending=[True, False])


def _where(columns: Columns) -> str:
    return f"{columns.origin}: " if columns.origin else ""
