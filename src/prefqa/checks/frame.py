"""What the rules share: the rows, the figures per judgment, and the form in which a rule answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

import numpy as np
import polars as pl

from prefqa.casts import raw_name
from prefqa.checks.judged import Judged
from prefqa.checks.language import asked, identifier
from prefqa.checks.looks import looks_of
from prefqa.checks.media import COLUMNS, Media, media_of_prompts
from prefqa.checks.patterns import ASKS_TRUTH, ASKS_VALUE, TESTS
from prefqa.checks.said import SCREENS
from prefqa.checks.schemas import RANGES
from prefqa.checks.seen import Seen
from prefqa.checks.table import BAD, LONG, Table
from prefqa.checks.texts import Texts, none_said, normal, texts_of, unusable
from prefqa.checks.trajectories import Trajectories
from prefqa.coding import KEYS, Coded
from prefqa.lookup import is_of, with_codes
from prefqa.preferences import JUDGMENT_TYPES, NAIVE, ROW, SUBMITTED, Preferences
from prefqa.readers.long_rows import UNNAMED
from prefqa.response_texts import RESPONSE, is_plain

IDS = KEYS
RAW_RANK = raw_name("rank")
#: Shapes whose rows are votes on two responses.
PAIR_SHAPES = ("pairwise", "chosen_rejected")
_KINDS = ("human", "model")


@dataclass(frozen=True)
class Found:
    """Offending rows (with `_value`, what is wrong in the row), how many of how many, and the message.

    Where only some rows of a judgment are at fault and all are left out, `_value` is null in the others.
    """

    rows: pl.LazyFrame
    count: int
    of: int
    message: str


@dataclass(frozen=True)
class NotRun:
    """A rule that lacked what it needs."""

    reason: str


@dataclass(frozen=True)
class Frame:
    """What the rules share: all rows, the rows that can count, and one row of figures per judgment.

    `kept` are columns that the rules on annotators look at, read along for these.
    """

    prefs: Preferences
    now: datetime
    columns: tuple[str, ...]
    options: Mapping[str, Mapping[str, Any]]
    codes: frozenset[str]
    kept: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        prefs: Preferences,
        now: datetime,
        options: Mapping[str, Mapping[str, Any]],
        codes: Iterable[str],
        kept: Sequence[str] = (),
    ) -> Frame:
        """Prepare the view that the rules `codes` have of preferences."""
        columns = tuple(name for name in prefs.judgments.collect_schema().names() if name != LONG)
        return cls(prefs, now, columns, options, frozenset(codes), tuple(name for name in kept if name in columns))

    @cached_property
    def all_rows(self) -> pl.LazyFrame:
        """Every row, numbered."""
        judgments = self.prefs.judgments
        frame = judgments if LONG in judgments.collect_schema() else judgments.with_row_index(LONG)
        return frame if RAW_RANK in self.columns else frame.with_columns(pl.lit(None, pl.String).alias(RAW_RANK))

    @property
    def key(self) -> list[str]:
        """Columns that tell judgments apart."""
        return [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in self.columns]

    @property
    def no_id(self) -> pl.Expr:
        """Whether a row lacks an id."""
        return pl.any_horizontal(pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "") for name in IDS)

    @property
    def not_submitted(self) -> pl.Expr:
        """Whether a row is of a judgment that was not submitted."""
        return (pl.col("status") != SUBMITTED).fill_null(False) if "status" in self.columns else pl.lit(False)

    @cached_property
    def rows(self) -> pl.LazyFrame:
        """Rows with ids, submitted."""
        return self.all_rows.filter(~self.no_id & ~self.not_submitted)

    @property
    def unread(self) -> list[str]:
        """Columns, other than rank, some of whose values may not have been readable."""
        return [name for name in JUDGMENT_TYPES if name != "rank" and raw_name(name) in self.columns]

    @property
    def ranged(self) -> list[str]:
        """Optional columns whose values have a range."""
        return [name for name in RANGES if name in self.columns and name != "rank"]

    @property
    def tests(self) -> dict[str, pl.Expr]:
        """What the rules on single rows ask of a row, by name."""
        tests = {"null id": self.no_id, "not submitted": self.not_submitted}
        if "created_at" in self.columns:
            naive = pl.col(NAIVE) if NAIVE in self.columns else pl.lit(self.prefs.source.naive_time)
            tests["naive time"] = naive & pl.col("created_at").is_not_null()
            tests["future time"] = pl.col("created_at") > pl.lit(self.now).cast(pl.Datetime("us", "UTC"))
        if "annotator_kind" in self.columns:
            counts = ~self.no_id & ~self.not_submitted
            tests |= {kind: counts & (pl.col("annotator_kind") == kind) for kind in _KINDS}
        for name in self.unread:
            tests[f"unread {name}"] = pl.col(raw_name(name)).is_not_null()
        tests["unread"] = pl.any_horizontal(pl.lit(False), *(tests[f"unread {name}"] for name in self.unread))
        return {name: test.fill_null(False) for name, test in tests.items()}

    @cached_property
    def table(self) -> Table:
        """Ids and ranks of `rows` as codes, and how many rows pass each of `tests`: one pass for all."""
        # What ids say is seen from the codes, at once for all rows of an id.
        asked = {name: test for name, test in self.tests.items() if name not in ("null id", *_KINDS)}
        kinds = [kind for kind in _KINDS if kind in self.tests]
        asked |= {kind: pl.col("annotator_kind") == kind for kind in kinds}
        asked |= {f"range {name}": ~RANGES[name].test for name in self.ranged}
        return Table.read(self.all_rows, self.key, pl.col(RAW_RANK).is_not_null(), asked, kinds, self.kept)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows pass each of `tests`, how many break the `range` of a column, and how many `rows` there are."""
        return self.table.counts

    @cached_property
    def coded(self) -> Coded:
        """The rows that count, as `Preferences.coded`."""
        self.hand_over(self.prefs)
        return self.prefs.coded()

    @cached_property
    def judged(self) -> Judged:
        """`rows` sorted by judgment, as codes."""
        return Judged.of(self.table.keyed, self.key)

    @cached_property
    def judgments(self) -> pl.DataFrame:
        """Figures per judgment of `rows`, see `Judged.figures`; keys are codes."""
        return self.judged.figures()

    @cached_property
    def states(self) -> Literal["vote", "rank", "rating"]:
        """What the source states of responses. An export of a tool without rankings of three or more holds votes."""
        source = self.prefs.source
        if source.shape == "ratings":
            return "rating"
        pairs = source.shape in PAIR_SHAPES or (source.from_tool and self.judged.lengths.max(initial=0) <= 2)
        return "vote" if pairs else "rank"

    @cached_property
    def sound(self) -> pl.DataFrame:
        """Judgments without a rank that cannot be read."""
        return self.judgments.filter(pl.col("n_bad") == 0) if self.judged.n_bad.any() else self.judgments

    @property
    def nobody_is_known(self) -> bool:
        """Whether the source ranks responses without naming annotators: rows on one response may be of several."""
        return bool(self.judged.rank.any()) and self.table.keyed.ids.annotator_ids.to_list() == [UNNAMED]

    @cached_property
    def against_itself(self) -> pl.DataFrame:
        """Rows of pairs, both sides read from one row of the source, whose two responses are one: LONG, ROW, codes."""
        rows, sides = self.table.keyed.frame, [*self.key, "response_id", ROW]
        doubled = self.sound.filter(pl.col("n") > pl.col("n_responses"))
        of_pairs = self.prefs.source.shape in PAIR_SHAPES
        if doubled.is_empty() or not (of_pairs or "position" in self.columns):
            return rows.select(LONG, *sides).clear()
        both = rows.join(doubled, on=self.key, how="semi").filter(pl.len().over(sides) == 2).select(LONG, *sides)
        if of_pairs:
            return both
        places = self.rows.select(LONG, "position").join(both.lazy().select(LONG), on=LONG, how="semi").collect()
        placed = both.join(places, on=LONG).filter(pl.col("position").n_unique().over(sides) == 2)
        return placed.select(LONG, *sides)

    @cached_property
    def listed(self) -> pl.DataFrame | None:
        """The table of responses as codes, where the item was judged; a response that nobody judged has a new code.

        It is `judged.seen` itself where the table has just these, as most do.
        """
        if self.prefs.responses is None:
            return None
        item_ids, _, response_ids = self.table.keyed.ids
        seen = self.judged.seen
        item, response = (seen[name].to_numpy() for name in RESPONSE)
        if is_of(self.prefs.responses, (item_ids, item), (response_ids, response)):
            return seen
        known = self.prefs.responses.lazy().select("item_id", "response_id")
        coded = with_codes(known, item_ids, response_ids).filter(pl.col("item").is_not_null()).collect()
        code = coded["response"]
        if code.null_count():
            unseen = pl.when(code.is_null()).then("response_id").rank("dense") + response_ids.len()
            code = coded.select(pl.coalesce(code, unseen.cast(pl.UInt32)))["response"]
        return pl.DataFrame({"item_id": coded["item"].cast(pl.UInt32), "response_id": code.cast(pl.UInt32)})

    @cached_property
    def widths(self) -> pl.Series:
        """Number of responses of each item, by its code: those that were judged, and those of the table."""
        seen = self.judged.seen
        if self.listed is not None and self.listed is not seen:
            seen = pl.concat([seen, self.listed]).unique()
        return pl.Series(np.bincount(seen["item_id"].to_numpy()))

    @cached_property
    def seen(self) -> Seen | str:
        """What was seen in the texts of responses, or why there are none."""
        tests = {code: test for code, test in {**TESTS, **SCREENS}.items() if code in self.codes}
        looks, options = looks_of(self.codes), dict(self.options)
        options["PQ202"] = {
            **options["PQ202"],
            "asked": self._asking(ASKS_TRUTH),
            "asked_value": self._asking(ASKS_VALUE),
        }
        if "PQ223" in looks and not isinstance(self.prompts, str):
            options["PQ223"] = {**options["PQ223"], "asked": asked(self.prompts, options["PQ223"])}
            identifier()  # loaded once, before many ask for it
        else:
            looks.pop("PQ223", None)
        return Seen.of(self.prefs.texts, tests, looks, options)

    def _asking(self, pattern: str) -> pl.Series:
        """Items whose prompt, in any of its messages, asks as a pattern says."""
        prompts = self.prompts
        if isinstance(prompts, str):
            return pl.Series("item_id", [], pl.String)
        parts = [prompts.rows, *([prompts.earlier.rows] if prompts.earlier is not None else [])]
        asks = [part.filter(pl.col("text").str.contains(pattern))["item_id"] for part in parts]
        return pl.concat(asks)

    def hand_over_lengths(self) -> None:
        """Give the lengths of texts to the preferences, so that nobody reads these again for them."""
        if not isinstance(self.seen, str) and is_plain(self.seen.texts):
            self.prefs.know_lengths(self.seen.figures["n_chars"])

    @cached_property
    def prompts(self) -> Texts | str:
        """The prompts of items, or why there are none."""
        items = self.prefs.items
        reason = unusable({} if items is None else items.schema, "prompt")
        if items is None or reason is not None:
            return str(reason)
        tests = {code: test for code, test in TESTS.items() if test.of_prompts and code in self.codes}
        prompts = texts_of(items, "prompt", tests)
        return none_said(prompts.figures, prompts.rows, "prompt") or prompts

    @cached_property
    def trajectories(self) -> Trajectories | str:
        """Calls of tools and their results, or why there are none."""
        return Trajectories.of(self.prefs)

    @cached_property
    def media(self) -> pl.DataFrame | None:
        """Responses with media of their own, `media`; None where there are none."""
        found = Media.of(self.prefs, COLUMNS)
        return None if isinstance(found, str) or found.own.is_empty() else found.own

    def beside_equal_media(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return responses with equal texts, `_group` where it is known, as far as their media are equal, too."""
        if self.media is None or rows.is_empty():
            return rows
        keys = ["item_id", "media", *(name for name in ("_group",) if name in rows.columns)]
        both = rows.join(self.media, on=["item_id", "response_id"], how="left", maintain_order="left")
        return both.filter(pl.len().over(keys) > 1).drop("media")

    @cached_property
    def prompt_keys(self) -> pl.DataFrame | str:
        """Per item with a prompt: item_id, `prompt`, `key`, equal where prompts are, once normalised, and `has_media`.

        The same text beside another picture is another prompt.
        """
        prompts = self.prompts
        if isinstance(prompts, str):
            return prompts
        there = prompts.rows.filter(prompts.figures["there"])
        key = normal(there["text"]).hash()
        if "context" in there.columns:
            key ^= there["context"].hash()
        keys = there.select("item_id", pl.col("text").alias("prompt"), key.alias("key"))
        media = media_of_prompts(self.prefs, there)
        if media is None:
            return keys.with_columns(has_media=pl.lit(value=False))
        keys = keys.join(media, on="item_id", how="left", maintain_order="left")
        beside = pl.when(pl.col("media").is_not_null()).then(pl.col("media").hash()).otherwise(pl.lit(0, pl.UInt64))
        whole = keys.with_columns(pl.col("key") ^ beside, has_media=pl.col("media").is_not_null())
        return whole.drop("media")

    def hand_over(self, prefs: Preferences, without: pl.Series | None = None) -> None:
        """Give what was read to preferences that are these without some rows (their LONG)."""
        if self.table.blank_ids:
            return
        coded = self.judged.coded(self.table.keyed.ids) if without is None else None
        rows = self.table.usable(without) if self.kept or coded is None else None
        prefs.hand_over(rows, coded, None if coded is None else self.judged.place)

    def uncounted(self, quarantine: pl.DataFrame) -> dict[str, int]:
        """Count, by rule, the rows that count nowhere and are not in the quarantine, since the rule was not asked."""
        if RAW_RANK not in quarantine.columns:
            quarantine = quarantine.with_columns(pl.lit(None, pl.String).alias(RAW_RANK))
        no_id, not_submitted, unread = quarantine.select(
            no_id=self.no_id.sum(),
            not_submitted=(self.not_submitted & ~self.no_id).sum(),
            unread=(pl.col(RAW_RANK).is_not_null() & ~self.not_submitted & ~self.no_id).sum(),
        ).row(0)
        keyed = self.table.keyed.frame
        n_without_id = self.counts["null id"]
        missing = {
            "PQ102": n_without_id - no_id,
            "PQ110": self.n_rows - keyed.height - n_without_id - not_submitted,
            "PQ104": int(keyed[BAD].sum()) - unread,
        }
        return {code: n for code, n in missing.items() if n}

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.counts["rows"]

    @property
    def n_judgments(self) -> int:
        """Number of judgments that were submitted and have ids."""
        return self.judgments.height

    def of_judgments(self, judgments: pl.DataFrame) -> pl.LazyFrame:
        """Return the rows of these judgments with all columns."""
        there = self.table.keyed.frame.lazy().join(judgments.lazy().select(self.key), on=self.key, how="semi")
        return self.rows.join(there.select(LONG).collect().lazy(), on=LONG, how="semi")

    def ids_of_judgments(self, judgments: pl.DataFrame) -> pl.LazyFrame:
        """Return row numbers, ids and rank of the rows of judgments with `_value`, without another reading."""
        frame, ids = self.table.keyed
        rows = frame.lazy().join(judgments.lazy().select(*self.key, "_value"), on=self.key, how="inner")
        held = rows.select(LONG, ROW, *IDS, "rank", "_value").collect()
        return held.with_columns(
            known.gather(held[name]).alias(name) for name, known in zip(IDS, ids, strict=True)
        ).lazy()


def nothing(frame: Frame) -> Found:
    """A rule's answer where it finds nothing."""
    return Found(frame.all_rows.head(0).with_columns(pl.lit(None, pl.String).alias("_value")), 0, frame.n_rows, "")


def height(rows: pl.LazyFrame) -> int:
    """Number of rows."""
    return int(rows.select(pl.len()).collect(engine="streaming").item())


def held(rows: pl.LazyFrame) -> tuple[pl.LazyFrame, int]:
    """Rows that took some finding, kept so that they are looked for once, and their number."""
    held = rows.select(LONG, ROW, *IDS, "_value").collect(engine="streaming")
    return held.lazy(), held.height
