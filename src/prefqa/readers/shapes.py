"""The layouts that preference data comes in: by which columns each is recognised, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prefqa.errors import AmbiguousReadingError, Choice, ColumnNotFoundError, UsageError, nearest
from prefqa.readers.laid import Laid
from prefqa.readers.list_rows import is_ranking_lists, ranking_lists
from prefqa.readers.long_rows import (
    is_labels,
    is_numeric,
    is_rankings,
    is_ratings,
    is_records,
    labels,
    rankings,
    ratings,
    records,
    wide_labels,
)
from prefqa.readers.names import MEASURES, ROW_IDS, key, roles_of, tokens
from prefqa.readers.pair_columns import distinct_values, holds_votes, sides_of, turned_votes
from prefqa.readers.pair_rows import chosen_rejected, is_chosen_rejected, is_pairwise, pairwise
from prefqa.readers.sides import ANNOTATOR_WORDS, Pair, more_than_two
from prefqa.readers.table import Table
from prefqa.readers.unnamed import likely_ratings
from prefqa.readers.vocabulary import SIDES, quoted


@dataclass(frozen=True)
class Shape:
    """A layout: its name, what it is, whether a table has it, how it becomes long, and the columns that it needs."""

    name: str
    detail: str
    fits: Callable[[Table], bool]
    read: Callable[[Table], Laid]
    needs: tuple[str, ...]

    def missing(self, table: Table) -> list[str]:
        """Return the needed roles that no column of the table can play."""
        pairs = {"response_a", "response_b"} & set(self.needs) and sides_of(table).main is not None
        preferred = "chosen" in self.needs and sides_of(table, preferred=True).text is not None
        lacking = [role for role in self.needs if not table.has(*_ALTERNATIVES.get(role, (role,)))]
        if pairs:
            lacking = [role for role in lacking if role not in ("response_a", "response_b")]
        return [role for role in lacking if not (preferred and role in ("chosen", "rejected"))]


#: Roles that may stand in for another.
_ALTERNATIVES = {"item_id": ("item_id", "prompt"), "response_id": ("response_id", "text", "model")}
#: Every layout; detection takes the first that fits, those whose names leave no doubt first.
SHAPES = (
    Shape(
        "rankings",
        "one row per judgment and response, with its rank",
        is_rankings,
        rankings,
        ("item_id", "response_id", "rank"),
    ),
    Shape(
        "pairwise",
        "two responses and the better of them, or a tie",
        is_pairwise,
        pairwise,
        ("response_a", "response_b", "winner"),
    ),
    Shape(
        "chosen_rejected",
        "the better response and the other",
        is_chosen_rejected,
        chosen_rejected,
        ("chosen", "rejected"),
    ),
    Shape(
        "ranking_lists",
        "a list of responses and of their ranks, order or scores",
        is_ranking_lists,
        ranking_lists,
        ("responses",),
    ),
    Shape(
        "ratings",
        "one row per judgment and response, with its score",
        is_ratings,
        ratings,
        ("item_id", "response_id", "score"),
    ),
    Shape(
        "labels",
        "one row per item and annotator, with a label",
        is_labels,
        labels,
        ("item_id", "annotator_id", "label"),
    ),
    Shape(
        "records",
        "one row per item and annotator, with a score of the item",
        is_records,
        records,
        ("item_id", "annotator_id", "score"),
    ),
)


def shape_named(name: str) -> Shape:
    """Return a layout by name.

    Raises:
        UsageError: a layout that there is not.
    """
    shape = next((one for one in SHAPES if one.name == name), None)
    if shape is None:
        close = nearest(name, [one.name for one in SHAPES])
        listed = ", ".join(["auto", *(one.name for one in SHAPES)])
        raise UsageError(
            f"unknown shape {name!r}", hint=f"did you mean {close!r}?" if close else f"there are: {listed}."
        )
    return shape


def laid_out(table: Table, wanted: str) -> tuple[Shape, Laid] | None:
    """Return the layout that a table has, or the one that was asked for, and its long rows; None where none fits.

    Raises:
        ColumnNotFoundError: columns that the layout asked for needs and the data lacks.
        AmbiguousReadingError: two readings, each with its configuration.
    """
    if table.options.annotators and sides_of(table).main is None:
        shape = shape_named("labels")
        laid = wide_labels(table)
        return shape_named({"score": "ratings", "rank": "rankings"}.get(_role_of(laid), "labels")), laid
    if wanted != "auto":
        shape = shape_named(wanted)
        lacking = shape.missing(table)
        if lacking and not (shape.fits(table) or (table.options.annotators and shape.name == "pairwise")):
            raise lacking_roles(table, lacking, f"shape {shape.name!r} needs {', '.join(map(repr, lacking))}")
        return shape, shape.read(table)
    standard = {"item_id", "annotator_id", "response_id"} <= set(table.names)
    order = sorted(SHAPES, key=lambda one: standard and one.name not in ("rankings", "ratings"))
    if not standard:
        order = [one for one in SHAPES if one.name != "rankings"]
        place = next(i for i, one in enumerate(order) if one.name == "ratings")
        order.insert(place, SHAPES[0])
    for shape in order:
        if shape.fits(table):
            return shape, shape.read(table)
    table = _with_named_annotators(table)
    if table.options.annotators:
        return shape_named("pairwise"), pairwise(table)
    return None


def lacking_roles(table: Table, roles: list[str], reason: str) -> ColumnNotFoundError:
    """Return the error for roles that no column plays."""
    names = ", ".join(repr(table.shown(name)) for name in table.names) or "none"
    lines = "\n".join(f'{role} = "…"' for role in roles)
    return ColumnNotFoundError(
        f"{table.origin}: {reason}, and no column is known to hold {'it' if len(roles) == 1 else 'them'}. The "
        f"data has: {names}."
        f"\nHint: name {'it' if len(roles) == 1 else 'them'}:\n[columns]\n{lines}"
    )


def refuse(table: Table) -> Exception:
    """Return the error for a table that fits no layout: what was recognised, what is missing, and what to write."""
    names = [table.shown(name) for name in table.names]
    known = {name: roles_of(name) for name in table.names}
    recognised = [f"{table.shown(name)!r} as {roles[0]}" for name, roles in known.items() if roles]
    recognised += [
        f"{table.shown(p.first)!r} and {table.shown(p.second)!r} as two {_KINDS[p.kind]}" for p in table.pairs
    ]
    lists = more_than_two(table.names)
    sides = sides_of(table)
    where = f"{table.origin}: the columns fit no layout of preferences"
    seen = f"Recognised: {', '.join(recognised)}." if recognised else "No column has a name that is known."
    if sides.main is not None:
        return _without_votes(table, where, seen)
    ratings_by = likely_ratings(table)
    if ratings_by:
        return AmbiguousReadingError(f"{where}. {seen.removesuffix('.')}", ratings_by)
    if lists and set(tokens(lists[0][0])) & ANNOTATOR_WORDS:
        listed = ", ".join(f'"{table.shown(name)}"' for name in lists[0])
        hint = f"if each of these columns holds the answers of one annotator:\n[read]\nannotators = [{listed}]"
    elif lists:
        shown = ", ".join(table.shown(name) for name in lists[0])
        hint = f"{shown} are numbered alike; give each response a rank or a score in columns numbered the same way."
    else:
        closest = min(SHAPES, key=lambda one: (len(one.missing(table)) / len(one.needs), SHAPES.index(one)))
        lacking = closest.missing(table) or list(closest.needs)
        lines = "\n".join(f'{role} = "…"' for role in lacking)
        hint = f"{closest.name} is nearest ({closest.detail}); name the columns that it lacks:\n[columns]\n{lines}"
    return ColumnNotFoundError(
        f"{where}. The data has: {', '.join(map(repr, names)) or 'no columns'}. {seen}\nHint: {hint}"
    )


def _without_votes(table: Table, where: str, seen: str) -> Exception:
    """The error for two responses side by side of which nothing that is understood says which is better."""
    sides = sides_of(table)
    other = next((pair for pair in table.pairs if pair.kind in ("score", "rank", "vote") and not pair.preferred), None)
    if other is not None and sides.main is not None:
        return _under_other_words(table, where, other, sides.main)
    paired = {name for pair in table.pairs for name in (pair.first, pair.second)}
    known = {"prompt", "item_id", "annotator_id", "created_at", "duration_s"}
    votes = [
        name for name in table.names
        if name not in paired and not known & set(roles_of(name)) and distinct_values(table, name)
    ]  # fmt: skip
    nested = [
        name for name in table.names if (name not in paired and "winner" in roles_of(name)) or key(name) in _SEVERAL
    ]
    nested = [name for name in nested if table.schema[name].is_nested()]
    if nested and not votes:
        shown = ", ".join(repr(table.shown(name)) for name in nested)
        hint = "write one vote per row, in a column of text or numbers, and repeat the row for each vote"
        return UsageError(
            f"{where}: column {shown} holds lists or objects where one vote is expected. {seen}", hint=f"{hint}."
        )
    figures = [
        pair
        for pair in table.pairs
        if pair.kind == "other" and all(is_numeric(table, n) for n in (pair.first, pair.second))
    ]
    if figures and not votes:
        return AmbiguousReadingError(
            f"{where}: nothing is known to say which response is better. {seen.removesuffix('.')}",
            [
                Choice(
                    f"{table.shown(pair.first)!r} and {table.shown(pair.second)!r} decide, {word} is better",
                    f"[columns]\nscore_a = {quoted(table.shown(pair.first))}\n"
                    f"score_b = {quoted(table.shown(pair.second))}\n\n"
                    f'[read]\nhigher = "{higher}"',
                )
                for pair in figures[:4]
                for word, higher in (("higher", "better"), ("lower", "worse"))
            ],
        )
    if not votes:
        lines = '[columns]\nwinner = "…"'
        hint = f"nothing says which of the two responses is better; add a column of votes and name it:\n{lines}"
        return ColumnNotFoundError(f"{where}. {seen}\nHint: {hint}")
    listed = ", ".join(f'"{table.shown(name)}"' for name in votes)
    choices = []
    if len(votes) > 1:
        choices.append(
            Choice("each of these columns holds the votes of one annotator", f"[read]\nannotators = [{listed}]")
        )
    choices += [
        Choice(f"{table.shown(n)!r} holds the votes", f'[columns]\nwinner = "{table.shown(n)}"') for n in votes[:4]
    ]
    return AmbiguousReadingError(f"{where}: no column is known to hold the votes. {seen.removesuffix('.')}", choices)


def _labelled(table: Table, label: str, instructions: str) -> AmbiguousReadingError:
    """The refusal of prompts with responses and a label, which may be a rating."""
    shown = table.shown(label)
    values = ", ".join(repr(value) for value in sorted(distinct_values(table, label))[:4])
    return AmbiguousReadingError(
        f"{table.origin}: column {shown!r} ({values}) stands beside prompts and responses; it may rate the responses",
        [
            Choice("it is a rating, higher (or true) is better", f'[columns]\nscore = "{shown}"'),
            Choice("it rates nothing: prompts with answers", f'[read]\nformat = "{instructions}"'),
        ],
    )


def _under_other_words(table: Table, where: str, figures: Pair, main: Pair) -> Exception:
    """The error for figures of two responses under other words than these: which belongs to which is not known."""
    names = [_with_word(figures, SIDES[main.scheme][place]) for place in (0, 1)]
    one, two = table.shown(figures.first), table.shown(figures.second)
    first, second = table.shown(main.first), table.shown(main.second)
    return AmbiguousReadingError(
        f"{where}: {one!r} and {two!r} are told apart by other words than {first!r} and {second!r}",
        [
            Choice(f"{a!r} belongs to {first!r}", f'[columns]\n{names[0]} = "{a}"\n{names[1]} = "{b}"')
            for a, b in ((one, two), (two, one))
        ],
    )


def _with_word(pair: Pair, word: str) -> str:
    return "_".join((*pair.base, word))


def refuse_unread_numbers(table: Table, instructions: str) -> None:
    """Refuse to read prompts with responses as instruction data where columns beside them may be their ratings.

    Raises:
        AmbiguousReadingError: columns of numbers under names that no layout knows.
    """
    numbers = [
        name for name in table.names
        if not roles_of(name) and key(name) not in ROW_IDS and not set(tokens(name)) & MEASURES and is_numeric(table,
        name)
    ]  # fmt: skip
    labels = [
        name for name in table.names
        if {"label", "score", "rank"} & set(roles_of(name)) and not {"prompt", "text"} & set(roles_of(name))
        and not table.schema[name].is_nested() and distinct_values(table, name)
    ]  # fmt: skip
    if labels:
        raise _labelled(table, labels[0], instructions)
    if not numbers:
        _refuse_unread_words(table, instructions)
        return
    listed = ", ".join(f'"{table.shown(name)}"' for name in numbers)
    one = f'"{table.shown(numbers[0])}"'
    raise AmbiguousReadingError(
        f"{table.origin}: {'columns' if len(numbers) > 1 else 'column'} {listed} "
        f"{'hold' if len(numbers) > 1 else 'holds'} numbers "
        "beside prompts and responses; they may be ratings, which decide which response is better, or figures "
        "that decide "
        "nothing",
        [
            *(
                [
                    Choice(
                        "each holds the ratings of one annotator, higher is better",
                        f'[read]\nannotators = [{listed}]\ngives = "scores"',
                    )
                ]
                if len(numbers) > 1
                else []
            ),
            Choice("they are ratings, higher is better, each a criterion", f"[columns]\nscore = [{listed}]"),
            Choice(f"{one} alone is a rating", f"[columns]\nscore = {one}"),
            Choice("nobody rated anything: prompts with answers", f'[read]\nformat = "{instructions}"'),
        ],
    )


def _refuse_unread_words(table: Table, instructions: str) -> None:
    """Refuse columns that by their names rate or rank responses, in words that no layout reads as numbers."""
    deciding = {"winner", "rank", "score"}
    names = [name for name in table.names if deciding & set(roles_of(name)) and "text" not in roles_of(name)]
    names += [name for name in table.names if name not in names and set(tokens(name)) & _PREFERS]
    for name in names:
        values = distinct_values(table, name)
        if len(values) < 2 or key(name) in ("label", "annotation"):
            continue
        column = quoted(table.shown(name))
        shown = ", ".join(repr(value[:40]) for value in sorted(values)[:6])
        if {value.lower() for value in values} in ({"true", "false"}, {"0", "1"}, {"0.0", "1.0"}):
            raise AmbiguousReadingError(
                f"{table.origin}: column {table.shown(name)!r} holds {shown} beside prompts and responses, and "
                f"the file does not "
                "say whether these are judgments",
                [
                    Choice("a response with true or 1 is better than one without", f"[columns]\nscore = {column}"),
                    Choice("they are labels, which rank nothing", f"[columns]\nlabel = {column}"),
                    Choice("nobody rated anything: prompts with answers", f'[read]\nformat = "{instructions}"'),
                ],
            )
        raise AmbiguousReadingError(
            f"{table.origin}: column {table.shown(name)!r} holds {shown}, which are no numbers, so that they do not "
            "say which response is better",
            [
                Choice("they are labels, which rank nothing", f"[columns]\nlabel = {column}"),
                Choice("nobody rated anything: prompts with answers", f'[read]\nformat = "{instructions}"'),
                Choice(
                    "they are ranks or scores: write them as numbers into a column of their own",
                    '[columns]\nscore = "…"',
                ),
            ],
        )


#: Names of columns that hold several votes in one cell.
_SEVERAL = {"votes", "annotations", "judgments", "judgements", "preferences", "choices", "winners", "labels", "ratings"}
#: Words of columns that mark the better of several responses.
_PREFERS = {"best", "chosen", "selected", "winner", "winning", "preferred", "better", "rejected", "worst", "accepted"}
_KINDS = {
    "text": "responses", "model": "models", "id": "ids of responses", "score": "scores", "rank": "ranks",
    "vote": "votes",
    "other": "columns of one kind",
}  # fmt: skip


def _role_of(laid: Laid) -> str:
    roles = {use.role for use in laid.table.uses}
    return next((role for role in ("score", "rank", "label") if role in roles), "label")


def _with_named_annotators(table: Table) -> Table:
    """Take columns such as `annotator_1`, which their names say hold one annotator's votes; ask about others.

    Raises:
        AmbiguousReadingError: columns of votes whose names do not say whose they are.
    """
    sides = sides_of(table)
    if sides.main is None:
        return table
    votes = [name for name in table.names if holds_votes(table, name, (sides.main.first, sides.main.second))]
    named = [name for name in table.names if set(tokens(name)) & ANNOTATOR_WORDS and tokens(name)[-1].isdigit()]
    if named and set(votes) <= set(named):
        from dataclasses import replace

        return replace(table, options=replace(table.options, annotators=tuple(named)))
    if votes:
        listed = ", ".join(f'"{table.shown(name)}"' for name in votes)
        several = len(votes) > 1
        each = "each holds the votes of one annotator" if several else "it holds the votes of one annotator"
        choices = [Choice(each, f"[read]\nannotators = [{listed}]")]
        for name in votes[:3]:
            column, alone = table.shown(name), " alone" if several else ""
            turned = turned_votes(table, name, (sides.main.first, sides.main.second))
            if turned:
                lines = "\n".join(f'{quoted(value)} = "{meaning}"' for value, meaning in turned.items())
                choices.append(
                    Choice(
                        f"{column!r} names the worse response",
                        f"[columns]\nwinner = {quoted(column)}\n\n[read.votes]\n{lines}",
                    )
                )
            choices.append(
                Choice(f"{column!r}{alone} names the better response", f"[columns]\nwinner = {quoted(column)}")
            )
        if several:
            choices.append(Choice("each is a criterion that was judged", f"[columns]\nwinner = [{listed}]"))
        raise AmbiguousReadingError(
            f"{table.origin}: {'columns' if len(votes) > 1 else 'column'} {listed} "
            f"{'hold' if len(votes) > 1 else 'holds'} votes on "
            f"{table.shown(sides.main.first)!r} and {table.shown(sides.main.second)!r}, under no name that says what "
            f"{'they are' if len(votes) > 1 else 'it is'}",
            choices,
        )
    return table
