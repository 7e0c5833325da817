"""Preferences for images of text-to-image models: their texts are empty, their paths stand in the column `image`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from prefqa._words import formatted
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.declared import TEXT, Declaration
from prefqa.readers.identity import by_prompt, no_vote
from prefqa.readers.tool import has_columns, listed

_IMAGE = pl.Struct({"path": TEXT})
_NUMBERS = pl.List(TEXT)
_RATINGS = ("overall_rating", "image_text_alignment_rating", "fidelity_rating")
_PICK = (
    "caption", "image_0_uid", "image_1_uid", "image_0_url", "image_1_url", "label_0", "label_1", "has_label",
    "best_image_uid", "model_0", "model_1", "user_id", "created_at",
)  # fmt: skip


def _pick(frame: pl.DataFrame) -> pl.DataFrame:
    labels = [pl.col(f"label_{n}").cast(pl.Float64, strict=False) for n in (0, 1)]
    # Both labels say the same, or one of them is missing: a pair that contradicts itself is not read.
    first = pl.coalesce(labels[0], 1 - labels[1])
    agree = (labels[0].is_null() | labels[1].is_null() | ((labels[0] + labels[1] - 1).abs() < 1e-6)).fill_null(True)
    best = pl.col("best_image_uid")
    by_best = pl.when(best == pl.col("image_0_uid")).then(1.0).when(best == pl.col("image_1_uid")).then(0.0)
    first = pl.when(best == "tie").then(pl.coalesce(first, 0.5)).otherwise(pl.coalesce(first, by_best))
    vote = (
        pl.when(first == 1).then(pl.lit("first")).when(first == 0).then(pl.lit("second"))
        .when(first == 0.5).then(pl.lit("tie"))
    )  # fmt: skip
    written = pl.coalesce(pl.concat_str("label_0", "label_1", separator=", "), "label_0", "label_1", "best_image_uid")
    rows = frame.with_columns(item_id=by_prompt(frame, "caption")).filter(_labelled())
    sides = {
        f"{side}_{name}": column
        for n, side in enumerate(("first", "second"))
        for name, column in (
            ("id", pl.col(f"image_{n}_uid")),
            ("image", pl.coalesce(f"image_{n}_url", f"image_{n}_uid")),
            ("model", pl.col(f"model_{n}")),
        )
    }
    return rows.select(
        ROW, "item_id", "created_at", prompt="caption", annotator_id="user_id", vote=pl.when(agree).then(vote),
        said=written, position=pl.lit(None, pl.Int64), **sides,
    )  # fmt: skip


def _labelled() -> pl.Expr:
    written = pl.col("has_label").str.to_lowercase()
    some = pl.any_horizontal(pl.col(name).is_not_null() for name in ("label_0", "label_1", "best_image_uid"))
    return some & ~written.is_in(["false", "0", "0.0"]).fill_null(value=False)


def _unlabelled(frame: pl.DataFrame) -> tuple[Note, ...]:
    return no_vote(frame.with_columns(_said=pl.when(_labelled()).then(pl.lit("1"))), "_said")


def _preferred(frame: pl.DataFrame) -> pl.DataFrame:
    """One of two or more images has the number 1, the others 0; anything else is not read."""
    numbers = pl.col("human_preference").list.eval(pl.element().cast(pl.Float64, strict=False))
    single = (numbers.list.sum() == 1) & numbers.list.eval(pl.element().is_in([0.0, 1.0])).list.all()
    written = pl.col("human_preference").list.join(",", ignore_nulls=True)
    ranks = (
        pl.when(single)
        .then(numbers.list.eval(pl.when(pl.element() == 1).then(pl.lit("1")).otherwise(pl.lit("2"))))
        .otherwise(numbers.list.eval(pl.lit("")))
    )
    rows = frame.with_columns(item_id=by_prompt(frame, "prompt"), annotator_id="user_hash", _ranks=ranks, _said=written)
    rows = _per_image(rows, pl.coalesce("file_path", "image_path"))
    return rows.with_columns(rank=pl.when(pl.col("rank") == "").then("_said").otherwise("rank")).drop("_said")


def _ranked_by_each(frame: pl.DataFrame) -> pl.DataFrame:
    """Rankings of each annotator where they are there; otherwise the one of all."""
    item = by_prompt(frame, "prompt")
    each = frame.select(
        ROW, "prompt", "image_path", item_id=item, _raw=pl.coalesce("raw_annotations", "raw_annotation"), _ranks="rank"
    )
    raw = each.filter(pl.col("_raw").list.len() > 0)
    single = raw.drop("_ranks").with_columns(_who=pl.int_ranges(pl.col("_raw").list.len())).explode("_raw", "_who")
    hashed = pl.col("_raw").struct.field("user_hash")
    single = single.with_columns(
        _ranks=pl.col("_raw").struct.field("rank"),
        annotator_id=pl.coalesce(hashed, formatted("row-{}-{}", ROW, pl.col("_who") + 1)),
    )
    merged = each.filter(pl.col("_raw").list.len().fill_null(0) == 0).with_columns(annotator_id=pl.lit(None, TEXT))
    kept = [ROW, "prompt", "item_id", "annotator_id", "image_path", "_ranks"]
    rows = pl.concat([single.select(kept), merged.select(kept)]).with_row_index("_judgment")
    return _from_one(_per_image(rows, pl.col("image_path")), "_judgment").drop("_judgment")


def _per_image(rows: pl.DataFrame, images: pl.Expr) -> pl.DataFrame:
    """One row per image, with its path as name; where the lists are not of one length, no rank is read."""
    rows = rows.with_columns(_images=images)
    n_images, n_ranks = pl.col("_images").list.len(), pl.col("_ranks").list.len()
    unequal = formatted("{} numbers for {} images", n_ranks.fill_null(0), n_images)
    same = (n_images == n_ranks).fill_null(value=False)
    ranks = pl.when(same).then("_ranks").otherwise(pl.col("_images").list.eval(pl.lit(None, TEXT)))
    rows = rows.filter(n_images > 0).with_columns(ranks.alias("rank"), pl.when(~same).then(unequal).alias("_unequal"))
    each = rows.drop("_ranks").explode("_images", "rank").with_columns(pl.coalesce("_unequal", "rank").alias("rank"))
    return each.drop("_unequal", "file_path", "image_path", "human_preference", "user_hash", strict=False).with_columns(
        response_id="_images", image="_images"
    ).drop("_images")  # fmt: skip


def _from_one(rows: pl.DataFrame, judgment: str) -> pl.DataFrame:
    """Ranks counted from 1, where a set counts from 0; what is no number stays as it is."""
    number = pl.col("rank").cast(pl.Float64, strict=False)
    whole = (number >= 0) & (number == number.floor())
    usable = whole.fill_null(value=False).all().over(judgment)
    placed = number.rank("min").over(judgment).cast(pl.Int64).cast(TEXT)
    return rows.with_columns(rank=pl.when(usable).then(placed).otherwise(pl.coalesce("rank", pl.lit("(no rank)"))))


def _generations(frame: pl.DataFrame) -> pl.DataFrame:
    item = pl.coalesce("id", "prompt_id", formatted("row-{}", ROW))
    rows = frame.select(ROW, "prompt", item_id=item, image_path="generations", _ranks="ranking")
    return _from_one(_per_image(rows, pl.col("image_path")), ROW)


def _path(column: str) -> pl.Expr:
    return pl.col(column).struct.field("path")


def _flat_fields(schema: pl.Schema) -> Mapping[str, pl.DataType]:
    plain = dict.fromkeys(("prompt_id", "prompt", "classification", "image_path", "rank", *_RATINGS), TEXT)
    return plain if "image_path" in schema else {**plain, "image": _IMAGE}


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    image = pl.col("image_path") if "image" not in frame.columns else pl.coalesce("image_path", _path("image"))
    name = pl.coalesce(image, formatted("row-{}", ROW))
    rows = frame.with_columns(item_id="prompt_id", response_id=name, image=image).drop("prompt_id", "image_path")
    return rows.filter(pl.col("rank").is_not_null())


def _grouped(frame: pl.DataFrame) -> pl.DataFrame:
    paths = pl.col("image").list.eval(pl.element().struct.field("path"))
    named = pl.int_ranges(1, pl.col("image").list.len() + 1).list.eval(formatted("image-{}", pl.element()))
    known = pl.col("image").list.eval(pl.element().struct.field("path").is_not_null()).list.all()
    rows = frame.select(
        ROW, "prompt", "classification", item_id=pl.coalesce("prompt_id", formatted("row-{}", ROW)),
        image_path=pl.when(known).then(paths).otherwise(named), _ranks="rank",
    )  # fmt: skip
    return _from_one(_per_image(rows, pl.col("image_path")), ROW)


def _better(frame: pl.DataFrame) -> pl.DataFrame:
    sides = [pl.coalesce(_path(name), pl.lit(name)) for name in ("img_better", "img_worse")]
    item = pl.coalesce("prompt_id", formatted("row-{}", ROW))
    unnamed = _path("img_better").is_null() | _path("img_worse").is_null()
    return frame.select(
        ROW, "prompt", "classification", item_id=pl.when(unnamed).then(formatted("row-{}", ROW)).otherwise(item),
        first_id=sides[0], second_id=sides[1], first_image=_path("img_better"), second_image=_path("img_worse"),
        vote=pl.lit("first"), said=pl.lit("img_better"), position=pl.lit(None, pl.Int64),
    )  # fmt: skip


def _holds_lists(values: pl.Series) -> bool:
    """Whether values are lists, or texts that look like JSON lists."""
    if values.dtype != TEXT:
        return isinstance(values.dtype, pl.List)
    return bool(values.str.strip_chars().str.starts_with("[").any())


def _lists_beside(numbers: str, *images: str) -> Callable[[pl.Schema], str | None]:
    """Recognise a list of numbers, or text that may hold one, beside lists of images and a prompt."""

    def sees(schema: pl.Schema) -> str | None:
        listed_as = next((name for name in images if name in schema), None)
        if listed_as is None or "prompt" not in schema or numbers not in schema:
            return None
        usable = isinstance(schema[numbers], pl.List) or schema[numbers] == TEXT
        return f"columns {listed(['prompt', listed_as, numbers])}" if usable else None

    return sees


PICK = Declaration(
    name="pick-a-pic",
    what="Pick-a-Pic",
    sees=has_columns("caption", "image_0_uid", "image_1_uid"),
    confirms=lambda head: bool({"label_0", "label_1", "best_image_uid"} & set(head.columns)),
    fields=dict.fromkeys(_PICK, TEXT),
    rows=_pick,
    form="pairs",
    detail="label_0 1 prefers image 0, 0 image 1, 0.5 is a tie",
    notes=_unlabelled,
    of_response=("image",),
)
HPD = Declaration(
    name="hpd",
    what="Human Preference Dataset v2, choices",
    sees=_lists_beside("human_preference", "file_path", "image_path"),
    confirms=lambda head: _holds_lists(head["human_preference"]),
    fields={
        "prompt": TEXT, "user_hash": TEXT, "human_preference": _NUMBERS, "file_path": _NUMBERS, "image_path": _NUMBERS,
    },
    rows=_preferred,
    form="ranked",
    detail="the image with the number 1 in human_preference is the better one",
    of_response=("image",),
)  # fmt: skip
HPD_RANKS = Declaration(
    name="hpd-rankings",
    what="Human Preference Dataset v2, rankings",
    sees=_lists_beside("rank", "image_path"),
    confirms=lambda head: _holds_lists(head["rank"]),
    fields={
        "prompt": TEXT, "image_path": _NUMBERS, "rank": _NUMBERS,
        **dict.fromkeys(
            ("raw_annotations", "raw_annotation"), pl.List(pl.Struct({"rank": _NUMBERS, "user_hash": TEXT}))
        ),
    },
    rows=_ranked_by_each,
    form="ranked",
    detail="the smallest rank is the best image; rankings of each annotator, or where there are none the averaged one",
    of_response=("image",),
)  # fmt: skip
IMAGE_REWARD = Declaration(
    name="image-reward",
    what="ImageReward",
    sees=_lists_beside("ranking", "generations"),
    confirms=lambda head: _holds_lists(head["ranking"]),
    fields={"id": TEXT, "prompt_id": TEXT, "prompt": TEXT, "generations": _NUMBERS, "ranking": _NUMBERS},
    rows=_generations,
    form="ranked",
    detail="the smallest number in ranking is the best image",
    of_response=("image",),
)
IMAGE_REWARD_DB = Declaration(
    name="image-reward-db",
    what="ImageRewardDB, images",
    sees=has_columns("prompt_id", "prompt", "rank", "image_amount_in_total"),
    fields=_flat_fields,
    rows=_flat,
    form="ranked",
    detail="rank 1 is the best image of its prompt; the three ratings are kept with the image",
    notes=lambda frame: no_vote(frame, "rank"),
    of_response=("image", *_RATINGS),
)
IMAGE_REWARD_GROUPS = Declaration(
    name="image-reward-groups",
    what="ImageRewardDB, groups",
    sees=has_columns("prompt_id", "prompt", "image", "rank", "overall_rating"),
    confirms=lambda head: _holds_lists(head["rank"]),
    fields={
        **dict.fromkeys(("prompt_id", "prompt", "classification"), TEXT),
        "image": pl.List(_IMAGE),
        "rank": _NUMBERS,
    },
    rows=_grouped,
    form="ranked",
    detail="the smallest rank is the best image",
    of_response=("image",),
)
IMAGE_REWARD_PAIRS = Declaration(
    name="image-reward-pairs",
    what="ImageRewardDB, pairs",
    sees=has_columns("prompt", "img_better", "img_worse"),
    fields={
        **dict.fromkeys(("prompt_id", "prompt", "classification"), TEXT),
        "img_better": _IMAGE,
        "img_worse": _IMAGE,
    },
    rows=_better,
    form="pairs",
    detail="img_better is the better one",
    of_response=("image",),
)
