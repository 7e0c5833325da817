"""What answers to Potato's schemas mean: votes on A and B, rankings, best and worst, ratings, labels and texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl

from prefqa.errors import ReadError, UsageError
from prefqa.notes import Note
from prefqa.preferences import JUDGMENT_TYPES, ROW
from prefqa.readers.declared import pair_rows, vote_values
from prefqa.readers.export import RECORD, note
from prefqa.readers.long_rows import PAIR
from prefqa.readers.tool import listed
from prefqa.readers.vocabulary import understand
from prefqa.readers.vote_columns import strength_of

Kind = Literal[
    "vote", "scale", "ranking", "best-worst", "ratings of options", "rating", "label", "number", "text", "unknown"
]
#: Labels that Potato gives to the one field of a schema, where the answer is its value.
FIXED = ("selection", "scale_value", "rank_order", "best", "worst", "justification", "free_response", "select-one",
         "text_box", "slider")  # fmt: skip
_BESIDE = ("justification", "free_response")
#: The values that a pairwise schema writes, whatever the labels of its tiles are.
_TILES: Mapping[str, str | None] = {"A": "first", "B": "second", "tie": "tie"}
_JUDGED = ("vote", "scale", "ranking", "best-worst", "ratings of options")
_WHO = [ROW, "item_id", "annotator_id"]
_POINT = r"^(?:scale_)?(\d{1,4})$"


def read_answers(origin: str, answers: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None, str, tuple[Note, ...]]:
    """Return rankings, how the values of votes were read, what was read in words, and notes on what was not.

    Args:
        origin: what errors name.
        answers: `_WHO`, schema, label and value.
    """
    schemas = {str(name): part for (name,), part in answers.partition_by("schema", as_dict=True).items()}
    kinds = {name: _kind(part) for name, part in sorted(schemas.items())}
    judged = {name: kind for name, kind in kinds.items() if kind in _JUDGED}
    notes = _not_read(schemas, kinds)
    if judged:
        long, values, skipped = _judgments(origin, schemas, judged)
        notes += note(
            "PQ727",
            "{n} of {of} answers to pairwise questions name neither a side nor a tie; they give no judgment.",
            skipped,
            skipped.height + long.select(*_WHO, "criterion").n_unique(),
            value=pl.col("said"),
        )
        beside = {name: kind for name, kind in kinds.items() if kind in ("rating", "label", "number", "text")}
        for name, kind in beside.items():
            column = f"answer_{name}" if name in {*JUDGMENT_TYPES, *long.columns} else name
            whole = _single(schemas[name], kind).rename({"_answer": column})
            long = long.join(whole, on=_WHO, how="left", maintain_order="left")
        said = ", ".join(f"{kind} {name!r}" for name, kind in judged.items())
        more = f"; other answers as columns: {listed(list(beside))}" if beside else ""
        return long, values, f"{said}{more}", notes
    others = {name: kind for name, kind in kinds.items() if kind != "unknown"}
    if not others:
        found = f"there are {listed(list(kinds))}" if kinds else "there are no answers"
        hint = "read are pairwise, ranking, best-worst, multirate, likert, slider, radio, checkboxes and text."
        raise ReadError(origin, f"no schema holds answers that are read: {found}", hint=hint)
    long = pl.concat(
        [_about_record(name, kind, schemas[name]) for name, kind in others.items()], how="diagonal_relaxed"
    )
    return long, None, ", ".join(f"{kind} {name!r}" for name, kind in others.items()), notes


def _kind(part: pl.DataFrame) -> Kind:
    """The kind of a schema by the labels and values of all its answers."""
    main = part.filter(~pl.col("label").is_in(_BESIDE))
    labels, values = set(main["label"].unique().to_list()), set(main["value"].unique().to_list())
    if not labels:
        return "text"
    for label, kind in (("selection", "vote"), ("scale_value", "scale"), ("rank_order", "ranking")):
        if labels == {label}:
            return kind  # type: ignore[return-value]
    if labels <= {"best", "worst"}:
        return "best-worst"
    if main.select(pl.col("label").str.contains(_POINT) | (pl.col("label") == "bad_text")).to_series().all():
        return "rating"
    if values <= set(_TILES) and not labels & {*FIXED, *_TILES, ""}:
        return "vote"
    return _kind_by_values(main, labels, values)


def _kind_by_values(main: pl.DataFrame, labels: set[str], values: set[str]) -> Kind:
    plain = pl.col("value").str.to_lowercase()
    named = main.select(((pl.col("value") == pl.col("label")) | plain.is_in(["true", "on"])).all()).item()
    several = main.group_by(_WHO).len()["len"].max() != 1
    constant = main.group_by("label").agg(pl.col("value").n_unique())["value"].max() == 1
    numeric = all(value.replace(".", "", 1).lstrip("-").isdigit() for value in values)
    if named:
        return "vote" if _sides_of(labels) else "label"
    if len(labels) == 1:
        label = next(iter(labels))
        return "number" if numeric else "label" if label == "select-one" else "text"
    if not several and constant and numeric:  # keys of the options in version 1
        return "vote" if _sides_of(labels) else "label"
    if several and numeric and not constant:
        return "ratings of options"
    return "unknown"


def _sides_of(labels: set[str]) -> Mapping[str, str | None] | None:
    """The meaning of options that name two sides; bare letters may be the names of anything, unless there is a tie."""
    try:
        meanings = understand(sorted(labels), ("A", "B"))
    except UsageError:
        return None
    sides = {"first", "second"} <= set(meanings.values()) and None not in meanings.values()
    letters = {label.strip().lower() for label in labels} <= {"a", "b"}
    return meanings if sides and not letters else None


def _judgments(
    origin: str, schemas: Mapping[str, pl.DataFrame], kinds: Mapping[str, str]
) -> tuple[pl.DataFrame, pl.DataFrame | None, pl.DataFrame]:
    """Rankings of all schemas, how the values of votes were read, and the votes that name neither a side nor a tie."""
    long, values = [], []
    skipped = [pl.DataFrame(schema={ROW: pl.UInt32(), "item_id": pl.String(), "annotator_id": pl.String(),
                                    "said": pl.String()})]  # fmt: skip
    for name, kind in kinds.items():
        part = schemas[name].filter(~pl.col("label").is_in(_BESIDE))
        if kind in ("vote", "scale"):
            votes = _votes(part) if kind == "vote" else _scale(origin, name, part)
            none = (pl.col("vote") == "missing").fill_null(False)
            skipped.append(votes.filter(none).select(skipped[0].columns))
            votes = votes.filter(~none)
            values += [vote_values(one, str(criterion)) for (criterion,), one in
                       votes.partition_by("criterion", as_dict=True).items()]  # fmt: skip
            rows = pl.concat(pair_rows(one).drop(PAIR) for one in votes.partition_by("criterion") or [votes])
        elif kind == "ranking":
            rows = _rankings(origin, name, part)
        elif kind == "best-worst":
            rows = _best_worst(part)
        else:
            score = pl.col("value").cast(pl.Float64, strict=False)
            rank = score.rank("min", descending=True).over(_WHO).cast(pl.Int64).cast(pl.String)
            rows = part.select(*_WHO, response_id="label", score=score, rank=rank)
        if "criterion" not in rows.columns:
            rows = rows.with_columns(criterion=pl.lit(name))
        long.append(rows.with_columns(pl.col("rank").cast(pl.String)))
    whole = pl.concat(long, how="diagonal_relaxed")
    return whole, pl.concat(values) if values else None, pl.concat(skipped)


def _votes(part: pl.DataFrame) -> pl.DataFrame:
    """Votes of a pairwise schema, one criterion per dimension; or of options that name two sides."""
    options = _sides_of(set(part["label"].unique().to_list()))
    if options is not None and not set(part["value"].unique().to_list()) <= set(_TILES):
        rows = part.with_columns(said="label", criterion="schema")
        meanings = options
    else:
        dimension = pl.concat_str("schema", "label", separator="/")
        criterion = pl.when(pl.col("label") == "selection").then("schema").otherwise(dimension)
        rows, meanings = part.with_columns(said="value", criterion=criterion), _TILES
    vote = pl.col("said").replace_strict(meanings, default=None, return_dtype=pl.String)
    return rows.select(
        *_WHO, "criterion", "said", vote=vote, first_id=pl.lit("A"), second_id=pl.lit("B"),
        **strength_of(pl.col("said"), meanings),
    )  # fmt: skip


def _scale(origin: str, name: str, part: pl.DataFrame) -> pl.DataFrame:
    """Votes of a slider between two items: negative prefers A, positive B.

    Raises:
        ReadError: no value is negative, so 0 may not be the middle of the scale.
    """
    number = pl.col("value").cast(pl.Float64, strict=False)
    lowest = part.select(number.min()).item()
    if lowest is None or lowest >= 0:
        what = f"no value of the scale {name!r} is negative, so that its middle may be another number than 0"
        hint = "write its votes as A, B and tie, and say which columns they are:\n" + "\n".join(
            ["[columns]", 'item_id = "instance_id"', 'annotator_id = "user_id"', 'response_a = "..."',
             'response_b = "..."', 'winner = "..."']
        )  # fmt: skip
        raise ReadError(origin, what, hint=hint)
    vote = pl.when(number < 0).then(pl.lit("first")).when(number > 0).then(pl.lit("second")).when(number == 0).then(
        pl.lit("tie"))  # fmt: skip
    return part.select(
        *_WHO, criterion="schema", said="value", vote=vote, strength=number.abs(), first_id=pl.lit("A"),
        second_id=pl.lit("B"),
    )  # fmt: skip


def _rankings(origin: str, name: str, part: pl.DataFrame) -> pl.DataFrame:
    """Names of the options from the first to the last, with commas between them.

    Raises:
        ReadError: a name holds a comma.
    """
    if part["value"].str.contains(", ", literal=True).any():
        what = f"an option of the ranking {name!r} has a comma in its name, and commas stand between the options"
        raise ReadError(origin, what, hint="replace the comma in the names, in the export and the configuration.")
    lists = part.select(*_WHO, response_id=pl.col("value").str.split(","))
    places = lists.with_columns(rank=pl.int_ranges(1, pl.col("response_id").list.len() + 1))
    return places.explode("response_id", "rank")


def _best_worst(part: pl.DataFrame) -> pl.DataFrame:
    """Best first, worst last, the others between them; all tuples of a schema have the same number of items."""
    wide = part.group_by(_WHO, maintain_order=True).agg(
        pl.col("value").filter(pl.col("label") == side).first().alias(side) for side in ("best", "worst")
    )
    letters = part["value"].filter(part["value"].str.contains(r"^[A-Z]$"))
    last = ord(str(letters.max())) if len(letters) else ord("A")
    shown = [chr(code) for code in range(ord("A"), last + 1)]
    broken = pl.any_horizontal(~pl.col(side).str.contains(r"^[A-Z]$") for side in ("best", "worst")).fill_null(False)
    broken = broken | (pl.col("best") == pl.col("worst")).fill_null(False)
    each = wide.with_columns(response_id=pl.lit(shown)).explode("response_id")
    mine = pl.col("response_id")
    rank = pl.when(mine == pl.col("best")).then(1).when(mine == pl.col("worst")).then(3).otherwise(2)
    dense = rank.rank("dense").over(_WHO).cast(pl.String)
    said = pl.concat_str("best", "worst", separator="/", ignore_nulls=True)
    return each.with_columns(rank=pl.when(broken).then(said).otherwise(dense)).drop("best", "worst")


def _about_record(name: str, kind: str, part: pl.DataFrame) -> pl.DataFrame:
    """Ratings, labels and texts about the instance as a whole."""
    single = _single(part, kind).with_columns(criterion=pl.lit(name))
    if kind == "text":
        return single.rename({"_answer": "text"}).with_columns(response_id="annotator_id")
    column = "label" if kind == "label" else "score"
    return single.rename({"_answer": column}).with_columns(response_id=pl.lit(RECORD))


def _single(part: pl.DataFrame, kind: str) -> pl.DataFrame:
    """One answer per judgment: the point of a scale, the number, the text, or the chosen labels."""
    main = part if kind == "text" else part.filter(~pl.col("label").is_in(_BESIDE))
    if kind == "label":
        chosen = pl.when(pl.col("label") == "select-one").then("value").otherwise("label")
        answer = chosen.unique().sort().str.join("|")
    elif kind == "text":
        answer = pl.col("value").first()
    else:
        answer = _number(kind)
    return main.group_by(_WHO, maintain_order=True).agg(answer.alias("_answer"))


def _number(kind: str) -> pl.Expr:
    """The only number of a judgment; null where there are two, or where label and value name different points."""
    value = pl.col("value").cast(pl.Float64, strict=False)
    if kind == "rating":
        point = pl.col("label").str.extract(_POINT).cast(pl.Float64, strict=False)
        # Version 1 writes the key of the point, which is its last digit.
        value = pl.when((value == point) | (value == point % 10) | value.is_null()).then(point)
    return pl.when(pl.len() == 1).then(value.first())


def _not_read(schemas: Mapping[str, pl.DataFrame], kinds: Mapping[str, str]) -> tuple[Note, ...]:
    unknown = [schemas[name] for name, kind in kinds.items() if kind == "unknown"]
    n = sum(part.height for part in schemas.values())
    notes: tuple[Note, ...] = ()
    if unknown:
        names = listed([name for name, kind in kinds.items() if kind == "unknown"])
        message = f"{{n}} of {{of}} answers are to schemas of a kind that is not read: {names}."
        notes = note("PQ728", message, pl.concat(unknown), n, value=pl.col("value"))
    for name, kind in kinds.items():
        if kind == "rating":
            single = _single(schemas[name], kind)
            message = f"{{n}} of {{of}} ratings of {name!r} name no one point of the scale; they count as missing."
            notes += note("PQ728", message, single.filter(pl.col("_answer").is_null()), single.height)
    return notes
