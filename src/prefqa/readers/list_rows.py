"""Rows with a list of responses, and their ranks, order or scores, become long rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import polars as pl

from prefqa._words import formatted
from prefqa.casts import raw_name, whole_rank
from prefqa.errors import AmbiguousReadingError, Choice, UsageError
from prefqa.preferences import ROW
from prefqa.readers.cells import decoded, encoded, is_messages, is_texts
from prefqa.readers.keys import items_by_prompt, unnamed_annotators, with_annotator, with_item, with_prompt
from prefqa.readers.laid import Laid
from prefqa.readers.names import key, tokens
from prefqa.readers.ordinals import with_plain_ranks
from prefqa.readers.pair_rows import ranks_from_zero
from prefqa.readers.records import fields_of
from prefqa.readers.scores import refuse_unclear_direction
from prefqa.readers.sides import more_than_two
from prefqa.readers.table import Table, Use
from prefqa.readers.vocabulary import quoted

#: Names of lists beside the responses, by what they hold.
RANKS = ("ranks", "rank", "responseranks", "ranklist")
ORDERS = ("order", "orders", "rankorder", "sortedindices", "bestfirst", "rankedindices")
SCORES = ("scores", "score", "ratings", "rating", "rewards", "reward", "overallscores", "overallratings")
UNCLEAR = ("ranking", "rankings")
#: A list of answers under this name runs from best to worst, as LLaMA-Factory writes it.
_BEST_FIRST = ("output", "outputs", "rankedresponses", "rankedcompletions", "rankedoutputs", "rankedanswers",
               "rankedcandidates",
               "responsesranked", "sortedresponses", "rankedgenerations")  # fmt: skip
_RESPONSES = ("responses", "responseids", "completions", "generations", "candidates", "answers", "outputs",
              "options", "replies",
              "samples", "modelresponses", "summaries", "output", *_BEST_FIRST, "responsetexts", "texts",
              "models")  # fmt: skip
#: A list of numbers as JSON.
_NUMBERS = r"^\s*\[\s*-?\d[\d.\s,-]*\]\s*$"
_CAPITALS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: In the place of an order that names a response twice: it is of no response, and counted as such.
_NO_PLACES = pl.lit([], pl.List(pl.Int64))
_IDS = ("responseids", "responseid", "candidateids", "modelnames", "models")


def is_ranking_lists(table: Table) -> bool:
    """Whether a table has lists of responses, or a list `ranking` of them, or numbered columns with ranks or scores."""
    table = _as_numbers(table)
    if _numbered_columns(table) is not None or _objects(table) is not None:
        return True
    found = _lists(table, _RESPONSES)
    return bool(found or _lists(table, (*UNCLEAR, *ORDERS)))


class _Lists(NamedTuple):
    """Columns of lists of one row, by what they hold."""

    responses: str
    texts: str | None
    scores: str | None
    models: str | None
    positions: str | None


def ranking_lists(table: Table) -> Laid:
    """One row per judgment: a list of responses beside their ranks, order or scores, or the responses, best first."""
    table = _as_columns_of_lists(table)
    table, responses, texts, alone = _responses_of(table)
    place, table, scores, detail = _places(table, responses, alone=alone)
    models = next((n for n in _lists(table, ("models", "modelnames")) if n not in (responses, texts)), None)
    _refuse_text(table, [responses, texts, scores, models])
    if models is not None:
        table = table.give(models, "model", renamed=False)
    positions = next(iter(_lists(table, ("positions",))), None)
    if positions is not None:
        table = table.give(positions, "position", renamed=False)
    table = with_item(with_annotator(with_prompt(table)), row_is_judgment=True).with_optional()
    table = unnamed_annotators(items_by_prompt(table))
    lists = _Lists(responses, texts, scores, models, positions)
    long = _ranked(_exploded(table, lists, place), table, lists, by_score=detail.startswith("scores"))
    long = _with_responses(long, table.schema, responses, texts)
    named = {"_scores": "score", "_models": "model", "_positions": "position"}
    present = long.collect_schema().names()
    long = long.rename({old: new for old, new in named.items() if old in present and new not in present})
    columns = ("model",) if models is not None else ()
    long = long.drop("_place", "_unequal", strict=False)
    return Laid(table, long, f"ranking lists: {detail}", response_columns=columns)


def _refuse_text(table: Table, names: Sequence[str | None]) -> None:
    """Refuse columns of which some cells hold JSON lists and others do not, so that none was decoded."""
    schema = table.schema
    for name in names:
        if name is not None and not isinstance(schema[name], pl.List):
            raise UsageError(
                f"{table.origin}: column {table.shown(name)!r} holds lists in some rows and other values in others",
                hint="write a list in each row; leave the cell empty where there is none.",
            )


def _as_columns_of_lists(table: Table) -> Table:
    """The table with lists in place of numbered columns, objects, orders in words and JSON in cells."""
    table = _as_numbers(_from_objects(table))
    numbered = _numbered_columns(table)
    labels = None
    if numbered is not None:
        labels = _labels(numbered.get("responses") or numbered["models"])
        table = _as_lists(table, numbered)
        best = _best_column(table)
        table = table if best is None else _with_ranks_of_best(table, best, labels)
    words = _order_in_words(table)
    if words is not None:
        table = _with_ranks_of_words(table, words, labels)
    known = {*RANKS, *ORDERS, *SCORES, *UNCLEAR, *_RESPONSES, "positions"}
    return decoded(table, [name for name in table.names if key(name) in known], lists=True)


def _responses_of(table: Table) -> tuple[Table, str, str | None, bool]:
    """The table, its lists of responses, those of their texts beside ids, and whether `ranking` alone lists them."""
    found = _lists(table, _RESPONSES)
    alone = not found
    found = found or _lists(table, (*UNCLEAR, *ORDERS))
    if not found:
        name = next((n for n in table.names if key(n) in _RESPONSES), "responses")
        raise UsageError(
            f"{table.origin}: column {table.shown(name)!r} holds {table.schema.get(name)}, where a list of responses "
            "is expected"
        )
    responses = next((name for name in found if name == "response_ids"), found[0])
    table = table.give(responses, "responses", renamed=False)
    if responses != "response_ids" or len(found) == 1:
        return table, responses, None, alone
    texts = next(name for name in found if name != responses)
    return table.give(texts, "text of the responses", renamed=False), responses, texts, alone


def _exploded(table: Table, lists: _Lists, place: pl.Expr) -> pl.LazyFrame:
    """One row per response, with `_response`, `_place` and what else the lists hold of it.

    Lists of unequal length cannot be matched: every response of such a judgment gets a rank that is refused.
    """
    schema, responses = table.schema, lists.responses
    n = pl.col(responses).list.len()
    frame = table.frame.with_columns(pl.col(responses).alias("_response"), place.alias("_place"))
    listed = pl.col(responses).is_not_null()
    unequal = n != pl.col("_place").list.len()
    said = formatted("{} ranks for {} responses", pl.col("_place").list.len(), n)
    inner = frame.collect_schema()["_place"].inner  # type: ignore[attr-defined]
    nulls = pl.col(responses).list.eval(pl.lit(None, inner))
    frame = frame.with_columns(
        pl.when(unequal).then(said).alias("_unequal"),
        pl.when(unequal | pl.col("_place").is_null() | ~listed).then(nulls).otherwise(pl.col("_place")).alias("_place"),
    )
    beside = {"_scores": lists.scores, "_models": lists.models, "_positions": lists.positions, "_texts": lists.texts}
    columns = [
        _same_length(source, responses, schema, target in ("_scores", "_positions")).alias(target)
        for target, source in beside.items()
        if source is not None
    ]
    if lists.scores is not None:
        written = _same_length(lists.scores, responses, schema, numeric=False)
        columns.append(written.cast(pl.List(pl.String), strict=False).alias("_written"))
    frame = frame.with_columns(columns)
    drop = {responses, *(use.column for use in table.uses if use.role in _USED and use.column in schema)}
    frame = frame.drop([name for name in drop if name not in ("item_id", "annotator_id", "prompt")])
    frame = frame.drop([name for name in ("response_id", "rank", "score", "text") if name in frame.collect_schema()])
    exploded = [target for target, source in beside.items() if source is not None]
    exploded += ["_written"] if lists.scores is not None else []
    return frame.explode("_response", "_place", *exploded, empty_as_null=True)


def _ranked(long: pl.LazyFrame, table: Table, lists: _Lists, *, by_score: bool) -> pl.LazyFrame:
    """The rows with `rank`, and beside it as text what is no rank or no score."""
    if by_score:
        rank = pl.col("_scores").rank("min", descending=table.options.higher != "worse").over(ROW).cast(pl.Int64)
        unread = pl.lit(None, pl.String)
    else:
        rank = whole_rank(pl.col("_place"))
        unread = pl.when(rank.is_null() & pl.col("_place").is_not_null()).then(pl.col("_place").cast(pl.String))
    if lists.scores is not None:
        lost = pl.col("_scores").is_null() & pl.col("_written").is_not_null()
        long = long.with_columns(pl.when(lost).then("_written").alias(raw_name("score"))).drop("_written")
    return long.with_columns(rank.alias("rank"), pl.coalesce("_unequal", unread).alias(raw_name("rank")))


_USED = ("responses", "ranks", "order", "scores", "model", "position", "text of the responses")


def _with_responses(long: pl.LazyFrame, schema: pl.Schema, responses: str, texts: str | None) -> pl.LazyFrame:
    """Ids of responses: as they are where they are names, r1, r2, ... where they are texts or messages."""
    inner = schema[responses].inner  # type: ignore[attr-defined]
    if texts is not None:
        return long.rename({"_response": "response_id", "_texts": "text"})
    held = long.select("_response").head(500).collect()["_response"].drop_nulls()
    if inner == pl.String() and key(responses) not in _IDS:
        textual = bool((held.str.contains(r"\s") | (held.str.len_chars() > 60)).any())
    else:
        textual = inner.is_nested()
    if not textual:
        return long.rename({"_response": "response_id"})
    known = encoded("_response", inner).fill_null("")
    number = formatted("r{}", known.rank("dense").over("item_id").cast(pl.Int64))
    return long.with_columns(number.alias("response_id")).rename({"_response": "text"})


def _places(table: Table, responses: str, *, alone: bool) -> tuple[pl.Expr, Table, str | None, str]:
    """The rank of each response of a list, and in words where it comes from."""
    n = pl.col(responses).list.len()
    best_first = pl.int_ranges(1, n + 1)
    ranks = next(iter(_lists(table, RANKS)), None)
    scores = next(iter(_lists(table, SCORES)), None)
    unclear = next((name for name in _lists(table, UNCLEAR) if name != responses), None)
    order = next((name for name in _lists(table, ORDERS) if name != responses), None)
    if scores is not None:
        table = table.give(scores, "scores", renamed=False)
    if ranks is not None:
        table = with_plain_ranks(table.give(ranks, "ranks", renamed=False), [ranks])
        start = _first_rank(table, ranks)
        numbers = pl.col(ranks).cast(pl.List(pl.Float64), strict=False) + 1 if start == 0 else pl.col(ranks)
        return (
            numbers,
            table,
            scores,
            f"{table.shown(responses)!r} with their ranks in {table.shown(ranks)!r}, {start} is best",
        )
    if order is not None:
        return _by_order(table, responses, order, scores)
    if unclear is not None:
        return _by_unclear(table, responses, unclear, scores)
    if scores is not None:
        named = [use.column for use in table.uses if use.role == "scores" and use.column != scores]
        refuse_unclear_direction(table, named or [scores])
        word = "lower" if table.options.higher == "worse" else "higher"
        numbers = pl.col(scores).cast(pl.List(pl.Float64), strict=False)
        return numbers, table, scores, f"scores in {table.shown(scores)!r}, {word} is better"
    if alone or key(responses) in _BEST_FIRST or table.options.ranking == "order":
        return best_first, table, None, f"the responses in {table.shown(responses)!r}, best first"
    raise AmbiguousReadingError(
        f"{table.origin}: column {table.shown(responses)!r} lists responses, and no column says how they were ranked",
        [Choice("the lists run from best to worst", '[read]\nranking = "order"'), *_unnamed_numbers(table)],
    )


def _unnamed_numbers(table: Table) -> list[Choice]:
    """What lists of numbers under names that say nothing may be."""
    schema = table.schema
    found = []
    for name in table.names:
        dtype = schema[name]
        is_list = isinstance(dtype, pl.List) and dtype.inner.is_numeric()
        values = table.sample(name)[name].drop_nulls() if dtype == pl.String() else None
        if is_list or (values is not None and len(values) and values.str.contains(_NUMBERS).all()):
            found.append(table.shown(name))
    choices = []
    for name in found[:2] or ["…"]:
        shown = "another column" if name == "…" else repr(name)
        choices += [
            Choice(f"{shown} has their ranks (1 = best)", f'[columns]\nranks = "{name}"'),
            Choice(f"{shown} has their scores (higher is better)", f'[columns]\nscores = "{name}"'),
            Choice(f"{shown} has their places, best first", f'[columns]\norder = "{name}"'),
        ]
    return choices


def _by_order(table: Table, responses: str, order: str, scores: str | None) -> tuple[pl.Expr, Table, str | None, str]:
    """Places of the responses in order, best first, counted from 0 or 1; or their names."""
    table = table.give(order, "order", renamed=False)
    inner = table.schema[order].inner  # type: ignore[attr-defined]
    if inner == pl.String() and not _are_numbers(table, order):
        place = pl.col(order)
        names = pl.col(responses).cast(pl.List(pl.String))
        _refuse_unknown_names(table, responses, order)
        frame = table.frame.with_columns(_rank_of_names(table, names, place).alias("_order_ranks"))
        return pl.col("_order_ranks"), table.with_frame(frame), scores, f"{table.shown(order)!r} names them, best first"
    numbers = pl.col(order).cast(pl.List(pl.Int64), strict=False)
    start = _start_of_order(table, order, responses)
    ranks = (numbers - start).list.eval(pl.element().arg_sort()) + 1
    ranks = pl.when(numbers.list.n_unique() == numbers.list.len()).then(ranks).otherwise(_NO_PLACES)
    return ranks, table, scores, f"{table.shown(order)!r} lists their places from {start}, best first"


def _by_unclear(
    table: Table, responses: str, ranking: str, scores: str | None
) -> tuple[pl.Expr, Table, str | None, str]:
    """Numbers under the name `ranking`: ranks or an order, unless both say the same; names are an order."""
    inner = table.schema[ranking].inner  # type: ignore[attr-defined]
    if inner == pl.String() and not _are_numbers(table, ranking):
        return _by_order(table, responses, ranking, scores)
    shown, numbers = table.shown(ranking), pl.col(ranking).cast(pl.List(pl.Int64), strict=False)
    if table.options.ranking == "order":
        return _by_order(table, responses, ranking, scores)
    if table.options.ranking == "ranks":
        table = table.give(ranking, "ranks", renamed=False)
        start = _first_rank(table, ranking)
        return numbers + (1 - start), table, scores, f"ranks in {shown!r}, {start} is best"
    low = pl.col("n").list.min()
    whole = table.frame.select(n=numbers).filter(pl.col("n").is_not_null())
    as_ranks = pl.col("n") - low
    as_order = (pl.col("n") - low).list.eval(pl.element().arg_sort()).cast(pl.List(pl.Int64))
    differ = whole.select((as_ranks != as_order).any()).collect().item()
    starts = whole.select(low.unique()).collect()["n"].to_list()
    if differ is False and starts in ([0], [1]):
        table = table.give(ranking, "ranks", renamed=False)
        return (
            numbers + (1 - starts[0]),
            table,
            scores,
            f"{shown!r}, whose numbers say the same as ranks and as an order",
        )
    raise AmbiguousReadingError(
        f"{table.origin}: column {shown!r} holds numbers beside {table.shown(responses)!r}; they may be the rank "
        f"of each response "
        "(the first number is the rank of the first response) or the places of the responses in order (the first "
        "number is the "
        "place of the best one)",
        [
            Choice("they are places, best first", '[read]\nranking = "order"'),
            Choice(
                "they are ranks, the lowest number is best",
                '[read]\nranking = "ranks"' + ("\nranks_from = 0" if 0 in starts else ""),
            ),
        ],
    )


def _first_rank(table: Table, ranks: str) -> int:
    if table.options.ranks_from is not None:
        return table.options.ranks_from
    numbers = pl.col(ranks).cast(pl.List(pl.Float64), strict=False)
    if table.frame.select((numbers.list.min() == 0).any()).collect().item():
        raise ranks_from_zero(table, ranks)
    return 1


def _refuse_unknown_names(table: Table, responses: str, order: str) -> None:
    """Refuse an order of names of which most are neither names nor letters of the responses."""
    letters = pl.lit([*_CAPITALS, *_CAPITALS.lower()], pl.List(pl.String))
    known = pl.concat_list(pl.col(responses).cast(pl.List(pl.String)), letters)
    rows = table.frame.select(name=pl.col(order).cast(pl.List(pl.String)), known=known)
    odd = rows.select(pl.col("name").list.set_difference("known")).explode("name").drop_nulls()
    n_odd, n = odd.select(pl.len()).collect().item(), rows.select(pl.col("name").list.len().sum()).collect().item()
    if n_odd * 2 > (n or 0):
        shown = ", ".join(map(repr, odd.unique().sort("name").head(5).collect()["name"].to_list()))
        raise UsageError(
            f"{table.origin}: column {table.shown(order)!r} orders responses by {shown}, which none of them is called",
            hint=f"write the names as in {table.shown(responses)!r}, or A, B, … for the first, the second, ….",
        )


def _start_of_order(table: Table, order: str, responses: str) -> int:
    numbers = pl.col(order).cast(pl.List(pl.Int64), strict=False)
    low, high, most = (
        table.frame.select(
            numbers.list.min().min().alias("low"),
            numbers.list.max().max().alias("high"),
            pl.col(responses).list.len().max().alias("most"),
        )
        .collect()
        .row(0)
    )
    if low == 0:
        return 0
    if low == 1 and high == most:
        return 1
    raise UsageError(
        f"{table.origin}: column {table.shown(order)!r} should list the places of the responses, but runs from "
        f"{low} to {high} for "
        f"at most {most} responses"
    )


def _are_numbers(table: Table, name: str) -> bool:
    values = table.sample(name)[name].explode().drop_nulls()
    return not values.is_empty() and bool(values.cast(pl.String).str.contains(r"^\s*\d+(\.0)?\s*$").all())


def _rank_of_names(table: Table, names: pl.Expr, order: pl.Expr) -> pl.Expr:
    """The place of each name in an order, by letters (A, B, ...) where these are used; null where it is not there."""
    frame = table.frame.select(ROW, names=names, order=order.cast(pl.List(pl.String)))
    long = frame.explode("names").with_columns(_i=pl.int_range(pl.len()).over(ROW))
    letter = pl.col("_i").replace_strict(dict(enumerate(_CAPITALS)), default=None, return_dtype=pl.String)
    lower = pl.element().is_in(list(_CAPITALS.lower()))
    capital = pl.when(lower).then(pl.element().str.to_uppercase()).otherwise(pl.element())
    own = pl.col("order").list.set_intersection("names").list.len() == 0  # letters, not names
    frame = frame.with_columns(order=pl.when(own).then(pl.col("order").list.eval(capital)).otherwise("order"))
    by_name = frame.explode("order").with_columns(_p=pl.int_range(1, pl.len() + 1).over(ROW)).select(ROW, "order", "_p")
    joined = (
        long.with_columns(_letter=letter)
        .join(by_name, left_on=[ROW, "names"], right_on=[ROW, "order"], how="left", maintain_order="left")
        .join(
            by_name.rename({"_p": "_q"}),
            left_on=[ROW, "_letter"],
            right_on=[ROW, "order"],
            how="left",
            maintain_order="left",
        )
        .group_by(ROW, maintain_order=True)
        .agg(pl.coalesce("_p", "_q"))
        .sort(ROW)
        .collect()
    )
    return pl.lit(joined["_p"])


def _same_length(name: str, responses: str, schema: pl.Schema, numeric: bool) -> pl.Expr:
    """A list beside the responses, or nulls where it is not of their length."""
    other = (pl.col(name).list.len() != pl.col(responses).list.len()) | pl.any_horizontal(
        pl.col(column).is_null() for column in (name, responses)
    )
    inner = pl.Float64() if numeric else schema[name].inner  # type: ignore[attr-defined]
    values = pl.col(name).cast(pl.List(pl.Float64), strict=False) if numeric else pl.col(name)
    return pl.when(other).then(pl.col(responses).list.eval(pl.lit(None, inner))).otherwise(values)


def _lists(table: Table, names: tuple[str, ...]) -> list[str]:
    """Columns of these names that hold lists, or JSON lists as text, in the order of the names."""
    schema = table.schema
    by_key = {key(name): name for name in reversed(table.names)}
    found = [by_key[name] for name in dict.fromkeys(names) if name in by_key]
    of_numbers = {*RANKS, *SCORES} >= set(names)
    return [
        name for name in found if _is_list(table, name, schema[name]) and not (of_numbers and is_messages(schema[name]))
    ]


def _is_list(table: Table, name: str, dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List):
        return is_texts(dtype) or is_messages(dtype.inner) or is_messages(dtype)
    if dtype != pl.String():
        return False
    values = table.sample(name)[name].drop_nulls()
    values = values.filter(values.str.strip_chars() != "")
    return not values.is_empty() and bool(values.str.contains(r"(?s)^\s*\[.*\]\s*$").all())


def _numbered_columns(table: Table) -> dict[str, list[str]] | None:
    """Columns response_1, response_2, response_3 beside rank_1, ... or score_1, ...: groups by what they hold."""
    groups: dict[str, list[str]] = {}
    again: list[tuple[str, list[str]]] = []
    for group in sorted(more_than_two(table.names), key=lambda group: not _are_mapped(table, group)):
        base = key("".join(c for c in group[0] if not c.isdigit()))
        stem = base.rstrip("abcdefgh") if base not in ("rank",) else base
        for kind, words in (
            ("ranks", ("rank", "ranking", "place")),
            ("scores", ("score", "rating", "reward", "grade")),
            ("models", ("model", "modelname")),
            (
                "responses",
                ("response", "answer", "output", "completion", "candidate", "text", "summary", "generation", "option"),
            ),
        ):
            if any(word in (base, stem) or base.startswith(word) for word in words):
                if kind in groups:
                    again.append((kind, group))
                groups.setdefault(kind, _by_label(group))
                break
    decided = "ranks" in groups or "scores" in groups or bool(_lists(table, (*RANKS, *ORDERS, *SCORES, *UNCLEAR)))
    decided = decided or _order_in_words(table) is not None or _best_column(table) is not None
    if not decided or ("responses" not in groups and "models" not in groups):
        return None
    _refuse_second_groups(table, groups, again)
    _refuse_unlike_labels(table, groups)
    return groups


def _are_mapped(table: Table, group: list[str]) -> bool:
    """Whether the caller named these columns."""
    return all(name in table.source_names and "_unmapped" not in name for name in group)


def _by_label(group: list[str]) -> list[str]:
    """Columns in the order of their letters or numbers, whatever their order in the file."""
    labels = dict(zip(group, _labels(group), strict=True))
    return sorted(
        group,
        key=lambda name: (not labels[name].isdigit(), int(labels[name]) if labels[name].isdigit() else 0, labels[name]),
    )


def _refuse_second_groups(table: Table, groups: dict[str, list[str]], again: list[tuple[str, list[str]]]) -> None:
    """Refuse two groups that may both decide, such as `score_1`, ... beside `rating_1`, ..."""
    deciding = "ranks" if "ranks" in groups else "scores"
    for kind, group in again:
        if kind not in (deciding, "responses") or _are_mapped(table, groups[kind]):
            continue
        both = (groups[kind], _by_label(group))
        what = "the responses" if kind == "responses" else f"the {kind}"
        word = {"ranks": "rank", "scores": "score", "responses": "response"}[kind]
        raise AmbiguousReadingError(
            f"{table.origin}: columns {_listed(table, both[0])} and {_listed(table, both[1])} may both hold {what}",
            [
                Choice(
                    f"{table.shown(one[0])!r}, … hold {what}",
                    "[columns]\n"
                    + "\n".join(
                        f'"{word}_{label}" = {quoted(table.shown(name))}'
                        for label, name in zip(_labels(one), one, strict=True)
                    ),
                )
                for one in both
            ],
        )


def _refuse_unlike_labels(table: Table, groups: dict[str, list[str]]) -> None:
    """Refuse groups of which one has other letters or numbers than the responses have."""
    main = groups.get("responses") or groups["models"]
    labels = _labels(main)
    for kind, group in groups.items():
        if group is main or _labels(group) == labels:
            continue
        word = {"ranks": "rank", "scores": "score", "models": "model"}[kind]
        lines = "\n".join(f'"{word}_{label}" = "…"' for label in labels)
        raise UsageError(
            f"{table.origin}: columns {_listed(table, main)} and {_listed(table, group)} are not numbered alike, "
            f"so that "
            "it is not certain which belong together",
            hint=f"name the column that belongs to each response:\n[columns]\n{lines}",
        )


def _listed(table: Table, names: list[str]) -> str:
    return ", ".join(repr(table.shown(name)) for name in names)


def _order_in_words(table: Table) -> str | None:
    """A column that writes an order of responses in one text, such as `B > A = C`."""
    for name in table.names:
        if (
            key(name) in (*RANKS, *ORDERS, *UNCLEAR, "ranked", "preference", "winner")
            and table.schema[name] == pl.String()
        ):
            values = table.sample(name)[name].drop_nulls().str.strip_chars()
            values = values.filter(values != "")
            if not values.is_empty() and values.str.contains(r"^\s*[\w ]+(\s*[>=≻~]\s*[\w ]+)+\s*$").all():
                return name
    return None


def _best_column(table: Table) -> str | None:
    """The column that names the best of several responses."""
    found = [name for name in table.having("winner") if not table.schema[name].is_nested()]
    return found[0] if len(found) == 1 else None


def _with_ranks_of_best(table: Table, name: str, labels: list[str]) -> Table:
    """The table with `ranks`: 1 for the best response, 2 for the others; responses are named by letter or number.

    Raises:
        UsageError: a value that names none of them, or numbers beside letters.
    """
    said = pl.col(name).cast(pl.String).str.strip_chars().fill_null("")
    values = table.frame.select(said.unique().sort().alias("v")).collect()["v"].to_list()
    places = {value: labels.index(word) for value in values if (word := (tokens(value) or ("",))[-1]) in labels}
    odd = [value for value in values if value and value not in places]
    if odd:
        shown = ", ".join(repr(value[:40]) for value in odd[:6])
        raise UsageError(
            f"{table.origin}: column {table.shown(name)!r} should name the best of {len(labels)} responses, but "
            f"holds {shown}",
            hint=f"the responses are told apart by {', '.join(labels)}; write these, or give each response a "
            f"rank or a score.",
        )
    best = said.replace_strict(places, default=None, return_dtype=pl.Int64)
    ranks = pl.concat_list(
        [pl.when(best.is_not_null()).then(pl.when(best == i).then(1).otherwise(2)) for i in range(len(labels))]
    )
    frame = table.frame.with_columns(ranks.alias("ranks"))
    use = Use(name, "winner", "names the best response")
    return replace(
        table, frame=frame, uses=(*table.uses, use), source_names={**table.source_names, "ranks": table.shown(name)}
    )


def _as_numbers(table: Table) -> Table:
    """The table with ranks or orders that are written as "2,1,3" as lists."""
    frame = table.frame
    for name, dtype in table.schema.items():
        if dtype == pl.String() and key(name) in (*RANKS, *ORDERS, *UNCLEAR):
            values = table.sample(name)[name].drop_nulls().str.strip_chars()
            values = values.filter(values != "")
            if not values.is_empty() and values.str.contains(r"^\d+(\s*[,; ]\s*\d+)+$").all():
                frame = frame.with_columns(pl.col(name).str.extract_all(r"\d+").cast(pl.List(pl.Int64), strict=False))
    return table.with_frame(frame)


#: Fields of responses that are objects: their text, and what ranks them.
_TEXT_FIELDS = ("text", "response", "completion", "content", "output", "answer", "generation", "response_text")
_FIGURES = {
    "ranks": ("rank", "ranking", "place"),
    "scores": ("score", "rating", "reward", "overall_score"),
    "models": ("model", "model_name"),
}


def _objects(table: Table) -> str | None:
    """A column with lists of responses as objects that hold a text and a rank or a score."""
    for name in table.names:
        fields = (
            fields_of(table.schema[name]) if key(name) in _RESPONSES and isinstance(table.schema[name], pl.List) else {}
        )
        ranked = any(field in fields for kind in ("ranks", "scores") for field in _FIGURES[kind])
        if ranked and any(field in fields for field in _TEXT_FIELDS):
            return name
    return None


def _from_objects(table: Table) -> Table:
    """The table with lists of texts, ranks, scores and models in place of lists of objects."""
    name = _objects(table)
    if name is None:
        return table
    fields = fields_of(table.schema[name])
    text = next(field for field in _TEXT_FIELDS if field in fields)
    lists = [pl.col(name).list.eval(pl.element().struct.field(text)).alias("responses")]
    for target, names in _FIGURES.items():
        field = next((one for one in names if one in fields), None)
        if field is not None:
            lists.append(pl.col(name).list.eval(pl.element().struct.field(field)).alias(target))
    frame = table.frame.with_columns(lists)
    frame = frame if name == "responses" else frame.drop(name)
    return replace(table, frame=frame, source_names={**table.source_names, "responses": table.shown(name)})


def _labels(columns: list[str]) -> list[str]:
    """The letter or number by which each of several columns is told from the others."""
    different = [set(tokens(name)) for name in columns]
    common = set.intersection(*different)
    return [next((word for word in tokens(name) if word not in common), name) for name in columns]


def _with_ranks_of_words(table: Table, name: str, labels: list[str] | None) -> Table:
    """The table with `ranks`, read from an order in words: `>` parts places, `=` joins equal ones."""
    text = pl.col(name).str.to_lowercase().str.replace_all(r"[≻]", ">").str.replace_all(r"[~]", "=").str.strip_chars()
    part = (
        table.frame.select(ROW, groups=text.str.split(">"))
        .explode("groups")
        .with_columns(place=pl.int_range(1, pl.len() + 1).over(ROW))
        .with_columns(label=pl.col("groups").str.split("="))
        .explode("label")
        .with_columns(label=pl.col("label").str.replace_all(r"[\s_]+", " ").str.strip_chars())
        .with_columns(label=pl.col("label").str.split(" ").list.last())
    )
    if labels is None:
        labels = list("abcdefghijklmnopqrstuvwxyz")
    again = part.filter(pl.struct(ROW, "label").is_duplicated()).select(ROW).unique()
    part = part.join(again, on=ROW, how="anti", maintain_order="left")
    ranks = [
        part.filter(pl.col("label") == label).select(ROW, pl.col("place").alias(f"_place_{i}"))
        for i, label in enumerate(labels)
    ]
    found = part.select(pl.col("label").drop_nulls().unique().sort()).collect()["label"].to_list()
    odd = [label for label in found if label not in labels]
    if odd:
        shown = ", ".join(map(repr, odd[:5]))
        raise UsageError(
            f"{table.origin}: column {table.shown(name)!r} orders responses by {shown}, which none of them is called",
            hint=f"the responses are {', '.join(labels[:8])}.",
        )
    frame = table.frame
    for one in ranks:
        frame = frame.join(one, on=ROW, how="left", maintain_order="left")
    places = pl.concat_list([f"_place_{i}" for i in range(len(labels))])
    if "responses" in frame.collect_schema():
        places = places.list.head(pl.col("responses").list.len())
    frame = frame.join(again.with_columns(_again=True), on=ROW, how="left", maintain_order="left")
    places = pl.when("_again").then(_NO_PLACES).otherwise(places.cast(pl.List(pl.Int64)))
    frame = frame.with_columns(places.alias("ranks")).drop("_again").drop([f"_place_{i}" for i in range(len(labels))])
    named = {**table.source_names, "ranks": table.shown(name)}
    return replace(table, frame=frame, uses=(*table.uses, Use(name, "order")), source_names=named)


def _as_lists(table: Table, groups: dict[str, list[str]]) -> Table:
    """Columns that are numbered alike as lists."""
    frame = table.frame
    uses = list(table.uses)
    for kind, group in groups.items():
        name = {"ranks": "ranks", "scores": "scores", "models": "models", "responses": "responses"}[kind]
        frame = frame.with_columns(pl.concat_list(group).alias(name))
        uses += [Use(column, kind) for column in group]
    return replace(table, frame=frame.drop([c for group in groups.values() for c in group]), uses=tuple(uses))
