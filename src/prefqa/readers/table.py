"""A table of a source under its own column names, and what has been understood of it so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from prefqa.dtypes import free_name
from prefqa.errors import AmbiguousReadingError, Choice
from prefqa.notes import Note
from prefqa.preferences import ROW
from prefqa.readers.names import MILLISECONDS, ROW_IDS, candidates, key, tokens
from prefqa.readers.options import Options
from prefqa.readers.sides import Pair, pairs_of
from prefqa.times import time_forms, time_of

#: Rows that are looked at where a few tell what a column holds.
SAMPLE = 500
#: Optional columns of judgments: taken by their aliases in every layout, where their content fits.
OPTIONAL = (
    "criterion", "created_at", "duration_s", "batch", "guideline_version", "judgment_id", "is_gold", "status",
    "annotator_kind",
)  # fmt: skip
#: Roles that say which response is better.
_DECIDING = {"winner", "rank", "score"}
_STATUS = {"submitted", "draft", "discarded"}


#: Columns that layouts add while they read, and drop: columns of the source by these names are renamed before.
WORKING = (
    "_vote", "_said", "_strength", "_both_bad", "_is_1", "_is_2", "_answer", "_flags", "_id_1", "_id_2",
    "_response", "_place", "_unequal", "_scores", "_models", "_positions", "_texts", "_common", "_written",
    "_again", "_k", "_n", "_0", "_1", "_order_ranks", "_part",
)  # fmt: skip


@dataclass(frozen=True)
class Use:
    """The role that a column plays, and how."""

    column: str
    role: str
    note: str = ""


@dataclass(frozen=True)
class Table:
    """The columns of a source, with those that a caller mapped or freed, before a layout is chosen.

    Attributes:
        frame: the rows, with `_row`; mapped columns have their standard names already.
        origin: the source, for messages.
        options: what the caller said.
        source_names: the file's own name of columns that were renamed.
        freed: standard names that the caller took from their columns.
        uses: the roles given so far.
    """

    frame: pl.LazyFrame
    origin: str
    options: Options
    source_names: Mapping[str, str] = field(default_factory=dict)
    freed: frozenset[str] = frozenset()
    uses: tuple[Use, ...] = ()
    statements: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the columns."""
        return self.frame.collect_schema()

    @property
    def names(self) -> list[str]:
        """Names of the columns, without our own."""
        used = {use.column for use in self.uses}
        return [name for name in self.schema if name != ROW and name not in used and name not in self.freed]

    @property
    def pairs(self) -> list[Pair]:
        """Columns that come in pairs and have no role yet."""
        schema = self.schema
        return [pair for pair in pairs_of(self.names) if not self._holds_lists(pair, schema)]

    @staticmethod
    def _holds_lists(pair: Pair, schema: pl.Schema) -> bool:
        """Whether lists or objects stand where a name, a number or a vote is expected."""
        nested = schema[pair.first].is_nested() or schema[pair.second].is_nested()
        return nested and pair.kind in ("model", "id", "score", "rank", "vote")

    def shown(self, column: str) -> str:
        """Return the name that a column has in the file."""
        return self.source_names.get(column, column)

    def sample(self, *columns: str) -> pl.DataFrame:
        """Return the first rows of some columns."""
        return self.frame.select(columns).head(SAMPLE).collect()

    def having(self, role: str) -> list[str]:
        """Return the columns that may play a role, by name, and by content where names say too little."""
        if role in self.freed:
            return []
        found = candidates(role, self.names)
        return found if found == [role] else [name for name in found if self._fits(role, name)]

    def has(self, *roles: str) -> bool:
        """Whether one of these roles can be played by a column."""
        return any(self.having(role) for role in roles)

    def pick(self, role: str) -> str | None:
        """Return the column of a role, None where there is none.

        Raises:
            AmbiguousReadingError: two columns of such a name that hold different things.
        """
        found = self.having(role)
        if len(found) < 2:
            return found[0] if found else None
        same = [name for name in found[1:] if self.alike(found[0], name, strictly=role in _DECIDING)]
        other = [name for name in found[1:] if name not in same]
        if not other:
            return found[0]
        names = [found[0], *other]
        raise AmbiguousReadingError(
            f"{self.origin}: columns {', '.join(repr(self.shown(name)) for name in names)} may all be the "
            f"{_plain(role)}, and "
            "they hold different values",
            [Choice(f"{self.shown(name)!r} is", f'[columns]\n{role} = "{self.shown(name)}"') for name in names],
        )

    def give(self, column: str, role: str, note: str = "", *, renamed: bool = True) -> Table:
        """Return the table with a column in a role, under the role's name where `renamed`."""
        use = Use(role if renamed else column, role, note)
        if not renamed or column == role:
            return replace(self, uses=(*self.uses, use))
        frame = self.frame
        aside = {role: free_name(f"{role}_unmapped", self.schema.names())} if role in self.schema else {}
        frame = frame.rename({**aside, column: role})
        names = dict(self.source_names)
        for old, new in aside.items():
            names[new] = names.pop(old, old)
        names[role] = names.pop(column, column)
        return replace(self, frame=frame, source_names=names, uses=(*self.uses, use))

    def take(self, *roles: str, notes: Mapping[str, str] | None = None) -> Table:
        """Return the table with these roles given to the columns that may play them, where there are any."""
        table = self
        for role in roles:
            column = table.pick(role)
            if column is not None:
                table = table.give(column, role, (notes or {}).get(role, ""))
        return table

    def say(self, *statements: str) -> Table:
        """Return the table with further statements on how it was read."""
        return replace(self, statements=(*self.statements, *statements))

    def with_frame(self, frame: pl.LazyFrame) -> Table:
        """Return the table with other rows or columns."""
        return replace(self, frame=frame)

    def used(self, role: str) -> bool:
        """Whether a column plays this role."""
        return any(use.role == role for use in self.uses)

    def with_optional(self) -> Table:
        """Return the table with the optional columns of judgments in their roles."""
        table = self._with_status()._with_strength()
        for role in OPTIONAL:
            if role == "status":
                continue
            found = table.having(role)
            if role == "criterion" and len(found) > 1:
                table = table.take(role)
            elif found:
                table = table.give(found[0], role)
                others = [table.shown(name) for name in found[1:]]
                if others:
                    table = table.say(
                        f"{role} is read from {table.shown(role)!r}, not from {', '.join(map(repr, others))}"
                    )
        if table.used("duration_s") and tokens(table.shown("duration_s"))[-1:] in MILLISECONDS:
            seconds = pl.col("duration_s").cast(pl.Float64, strict=False) / 1000
            table = table.with_frame(table.frame.with_columns(duration_s=seconds))
        return table

    def _with_status(self) -> Table:
        """Take a column `status` for ours only where it holds our words; otherwise it may be used to slice."""
        if "status" not in self.names:
            return self
        dtype = self.schema["status"]
        values: set[str] = set()
        if not dtype.is_nested():
            text = pl.col("status").cast(pl.String).str.strip_chars().str.to_lowercase()
            found = self.frame.select(text.unique()).head(50).collect()["status"].drop_nulls().to_list()
            values = {value for value in found if value}
        if values <= _STATUS:
            return self.give("status", "status")
        if self.source_names.get("status", "status") != "status" or values & _STATUS:
            return self.give("status", "status")  # mapped by the caller, or partly ours: the checks name the others
        shown = ", ".join(repr(value[:40]) for value in sorted(values)[:4])
        aside = free_name("source_status", self.schema.names())
        frame = self.frame.rename({"status": aside})
        names = {**self.source_names, aside: "status"}
        return replace(self, frame=frame, source_names=names).say(
            f"column 'status' holds {shown}, not submitted, draft or discarded: it is kept as {aside!r}, to slice by"
        )

    def _with_strength(self) -> Table:
        """Take a column `strength` for that of votes only where it holds numbers of 0 or more, as `_with_status`."""
        if "strength" not in self.names:
            return self
        given = self.source_names.get("strength", "strength") != "strength"
        number = pl.col("strength").cast(pl.Float64, strict=False)
        text = pl.col("strength").cast(pl.String).str.strip_chars()
        odd = self.frame.select(text.filter((number.is_null() & (text != "")) | (number < 0)).unique().sort().head(4))
        found = [] if given or self.schema["strength"].is_nested() else odd.collect()["strength"].to_list()
        if given or not (found or self.schema["strength"].is_nested()):
            return self.give("strength", "strength")
        aside = free_name("source_strength", self.schema.names())
        names = {**self.source_names, aside: "strength"}
        return replace(self, frame=self.frame.rename({"strength": aside}), source_names=names).say(
            f"column 'strength' holds {', '.join(repr(value[:40]) for value in found) or 'no single values'}, not by "
            f"how much a vote prefers its response, a number of 0 or more: it is kept as {aside!r}, to slice by"
        )

    def alike(self, one: str, two: str, *, strictly: bool = False) -> bool:
        """Whether two columns say the same, under one name or two for each value.

        `strictly`, no value of one column stands for another one that it has itself: A for B, or 1 for 5.
        """
        if self.schema[one].is_nested() or self.schema[two].is_nested():
            return False
        values = self.frame.select(one=pl.col(one).cast(pl.String), two=pl.col(two).cast(pl.String)).unique().collect()
        other = values.filter(pl.col("one") != pl.col("two"))
        if strictly:
            turned = (
                other[a].is_in(values[b].drop_nulls().to_list()).any() for a, b in (("one", "two"), ("two", "one"))
            )
            if any(turned):
                return False
        return values.height == values["one"].n_unique() == values["two"].n_unique()

    def _fits(self, role: str, name: str) -> bool:
        """Whether the content of a column fits a role that its name allows."""
        dtype = self.schema[name]
        if role in ("responses",):
            return isinstance(dtype, pl.List) and not isinstance(dtype.inner, pl.Struct)
        if role in ("prompt", "text"):
            return dtype == pl.String() or dtype.is_nested()
        if dtype.is_nested() or dtype == pl.Null():
            return False
        values = self.sample(name)[name].drop_nulls()
        if values.is_empty():
            return False
        if role == "created_at":
            if dtype.is_temporal():
                return dtype != pl.Time() and not isinstance(dtype, pl.Duration)
            if self.options.time_format is not None:
                return True
            sample = values.to_frame()
            forms = time_forms(sample.lazy(), name, dtype)
            read = sample.select(time_of(pl.col(name), dtype, forms))[name].drop_nulls()
            return len(read) * 2 > len(values) or (dtype == pl.String() and len(forms.how) > 0)
        if role in ("duration_s", "position", "score", "rank"):
            numbers = values.cast(pl.String).str.strip_chars().str.replace(",", ".", literal=True)
            share = numbers.cast(pl.Float64, strict=False).is_not_null().mean()
            return isinstance(share, float) and share > 0.5
        if role == "annotator_id" and dtype == pl.String():
            asked = values.str.contains(r"\s\S+\s.*[.?!]\s*$").mean()  # a sentence, as in a column `user` of a dialogue
            names = isinstance(asked, float) and asked <= 0.5
            return names and bool((values.str.len_chars() <= 80).all() and not values.str.contains("\n").any())
        if role == "model" and dtype == pl.String():
            return bool((values.str.len_chars() <= 120).all())
        return True


def row_ids(names: Sequence[str]) -> list[str]:
    """Return columns that may number the rows or the items."""
    return [name for name in names if key(name) in ROW_IDS]


def _plain(role: str) -> str:
    words = {"item_id": "item", "annotator_id": "annotator", "response_id": "response", "created_at": "time"}
    return words.get(role, role)
