"""Integer codes for the keys of judgments, made once; everything after this works on integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from prefqa._types import Ints, begins
from prefqa.errors import SizeError
from prefqa.slots import Rows, slots_of, without_duplicates

#: Items with more responses are wide; so many comparisons of two responses may their judgments make together.
WIDE, MAX_WIDE_VOTES = 128, 5_000_000
KEYS = ("item_id", "annotator_id", "response_id")


@dataclass(frozen=True)
class Coded:
    """Ranked rows as integers, sorted by (cell, item, annotator, response), one judgment per cell, item, annotator.

    Per judgment: `cell` (empty without `by`), `item`, `annotator`, and `starts`, the index of its first row. Per row:
    `slot`, the response's number within the unit (item within the cell), 0 .. K-1 in the order of response_id, and
    `rank`. `slot_response` lists the responses of all units, unit by unit, slot by slot. `item_ids`, `annotator_ids`
    and `response_ids` are sorted; a code is an index into them.
    """

    cell: Ints
    item: Ints
    annotator: Ints
    starts: Ints
    slot: Ints
    rank: Ints
    slot_response: Ints
    item_ids: pl.Series
    annotator_ids: pl.Series
    response_ids: pl.Series
    cells: pl.DataFrame

    @property
    def lengths(self) -> Ints:
        """Number of rows of each judgment."""
        return np.diff(np.append(self.starts, self.rank.size))

    @property
    def unit_starts(self) -> Ints:
        """Index of the first judgment of each unit."""
        return np.flatnonzero(begins(self.cell, self.item))

    @property
    def widths(self) -> Ints:
        """Number of responses of each unit."""
        unit_starts = self.unit_starts
        if not unit_starts.size:
            return unit_starts
        return np.maximum.reduceat(self.slot, self.starts[unit_starts]).astype(np.int64) + 1

    @property
    def listed_from(self) -> Ints:
        """Per judgment, where in `slot_response` the responses of its unit begin."""
        widths = self.widths
        return np.repeat(np.cumsum(widths) - widths, np.diff(np.append(self.unit_starts, self.item.size)))

    def rows_of_items(self, items: Ints) -> pl.DataFrame:
        """Return the rows of some items: judgment (its number), item_id, response_id, rank."""
        first = self.listed_from
        judgment = np.repeat(np.arange(self.item.size), self.lengths)
        rows = np.flatnonzero(np.isin(self.item, items)[judgment])
        at = judgment[rows]
        return pl.DataFrame(
            {
                "judgment": at,
                "item_id": self.item_ids.gather(self.item[at]),
                "response_id": self.response_ids.gather(self.slot_response[first[at] + self.slot[rows]]),
                "rank": self.rank[rows],
            }
        )


class RowIds(NamedTuple):
    """The ids that the codes of rows are numbers of, each sorted."""

    item_ids: pl.Series
    annotator_ids: pl.Series
    response_ids: pl.Series


def encode(usable: pl.LazyFrame, by: Sequence[str] = ()) -> Coded:
    """Code the usable rows of judgments.

    Where one annotator judged an item (of a cell) several times, told apart by judgment_id, the latest judgment
    counts: by created_at, then by judgment_id. Rows that stand twice with one rank count once; with contradicting
    ranks none of them counts.
    """
    return encode_rows(read_rows(usable, by), by)


def encode_rows(frame: pl.DataFrame, by: Sequence[str] = ()) -> Coded:
    """As `encode`, of rows that `read_rows` has read with these or more slice columns."""
    return with_slots(*sort_rows(frame, by))


def with_slots(rows: Rows, ids: RowIds, cells: pl.DataFrame) -> Coded:
    """Number the responses of each unit.

    Raises:
        SizeError: items of very many responses that were ranked very often.
    """
    slot, slot_response = slots_of(rows)
    coded = Coded(rows.cell, rows.item, rows.annotator, rows.starts, slot, rows.rank, slot_response, *ids, cells)
    return narrow_enough(coded)


def narrow_enough(coded: Coded) -> Coded:
    """Return the codes, or refuse what would take minutes and gigabytes, since responses are compared in pairs.

    Raises:
        SizeError: items of very many responses that were ranked very often.
    """
    if not coded.slot.size or coded.slot.max() < WIDE:
        return coded
    starts, widths = coded.unit_starts, coded.widths
    wide = np.flatnonzero(widths > WIDE)
    n_judgments = np.diff(np.append(starts, coded.item.size))[wide]
    n = int((n_judgments * (widths[wide] * (widths[wide] - 1) // 2)).sum())
    if n > MAX_WIDE_VOTES:
        most = wide[widths[wide].argmax()]
        item = coded.item_ids[int(coded.item[starts[most]])]
        raise SizeError(
            f"responses are compared in pairs, and {wide.size:,} items with more than {WIDE} responses give {n:,} "
            f"comparisons, of which {MAX_WIDE_VOTES:,} are the most; item {item!r} has {int(widths[most]):,} responses",
            hint="look whether item_id is the column of what was judged together; if it is, give parts of the long "
            "rankings, such as their first 100 responses.",
        )
    return coded


def sort_rows(frame: pl.DataFrame, by: Sequence[str] = ()) -> tuple[Rows, RowIds, pl.DataFrame]:
    """Code and sort rows that `read_rows` has read, without numbering the responses of each item.

    Returns:
        The rows; the ids that their codes stand for; the cells.
    """
    frame, cells = _in_cells(frame, by)
    item, item_ids = codes_of(frame, "item_id")
    annotator, annotator_ids = codes_of(frame, "annotator_id")
    response, response_ids = codes_of(frame, "response_id")
    cell = frame["_cell"].to_numpy() if by else np.zeros(0, np.uint32)
    rank = frame["rank"].to_numpy()
    del frame
    ids = RowIds(item_ids, annotator_ids, response_ids)
    return sort_codes(cell, item, annotator, response, rank, ids, max(len(cells), 1)), ids, cells


def sort_codes(
    cell: Ints, item: Ints, annotator: Ints, response: Ints, rank: Ints, ids: RowIds, n_cells: int = 1
) -> Rows:
    """Sort rows that are codes already; of rows that stand twice keep what `encode` says."""
    columns, sizes = [cell, item, annotator, response, rank], [n_cells, *map(len, ids), int(rank.max(initial=0)) + 1]
    (cell, item, annotator), starts, response, rank = sorted_codes(columns, sizes)
    return without_duplicates(Rows(cell, item, annotator, starts, response, rank.astype(np.int32)))


def read_rows(usable: pl.LazyFrame, by: Sequence[str] = ()) -> pl.DataFrame:
    """Read the needed columns, and those of slices, into memory in one pass."""
    names = usable.collect_schema().names()
    more = [name for name in ("judgment_id", "created_at") if "judgment_id" in names and name in names]
    # One dictionary per key, filled while the rows stream past.
    keys = [pl.col(name).cast(pl.Categorical(pl.Categories.random())) for name in KEYS]
    slices = [pl.col(name).alias(f"_by_{name}") for name in by]
    return usable.select(*keys, "rank", *more, *slices).collect(engine="streaming")


def _in_cells(frame: pl.DataFrame, by: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cells numbered, repeated judgments of a cell reduced to the latest."""
    cells = pl.DataFrame({"cell": [0]})
    if by:
        aliases = [f"_by_{name}" for name in by]
        frame, cells = _numbered(frame, aliases)
        cells = cells.rename({"_cell": "cell"} | dict(zip(aliases, by, strict=True)))
    if "judgment_id" in frame.columns:
        frame = latest(frame, by=bool(by))
    return frame, cells


def _numbered(frame: pl.DataFrame, names: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put the number of their combination, `_cell`, in place of some columns; the combinations in order, nulls last."""
    if len(names) > 1 or frame.schema[names[0]] != pl.String():
        cells = frame.select(names).unique().sort(names, nulls_last=True).with_row_index("_cell")
        return frame.join(cells, on=names, how="left", nulls_equal=True).drop(names), cells
    # Texts are put into a dictionary quicker than they are looked up.
    column = frame[names[0]].cast(pl.Categorical(pl.Categories.random()))
    seen = column.unique()
    cells = pl.DataFrame({"code": seen.to_physical(), names[0]: seen.cast(pl.String)})
    cells = cells.sort(names, nulls_last=True).with_row_index("_cell")
    code, known = column.to_physical(), cells["code"]
    none = int(known.max() or 0) + 1  # type: ignore[arg-type]
    number = np.zeros(none + 1, np.uint32)
    number[known.fill_null(none).to_numpy()] = np.arange(cells.height)
    numbered = number[code.fill_null(none).to_numpy()]
    return frame.drop(names).with_columns(pl.Series("_cell", numbered)), cells.drop("code")


def latest(frame: pl.DataFrame, *, by: bool = False) -> pl.DataFrame:
    """Of the judgments of one item (of a cell) by one annotator, told apart by judgment_id, keep the latest."""
    unit = (["_cell"] if by else []) + ["item_id", "annotator_id"]
    times = [pl.col("created_at").max()] if "created_at" in frame.columns else []
    again = judged_again(frame, unit)
    if again.is_empty():
        return frame
    repeated = frame.join(again, on=unit, how="semi").group_by(*unit, "judgment_id").agg(*times)
    order = [name for name in ("created_at", "judgment_id") if name in repeated.columns]
    superseded = repeated.sort(*unit, *order, nulls_last=False).filter(
        pl.int_range(pl.len()).over(unit) < pl.len().over(unit) - 1
    )
    return frame.join(superseded, on=[*unit, "judgment_id"], how="anti", nulls_equal=True)


def judged_again(frame: pl.DataFrame, unit: Sequence[str]) -> pl.DataFrame:
    """Return the units (their keys) that hold several judgments, told apart by judgment_id, also an empty one."""
    judgment = pl.col("_judgment")
    # Rows of one judgment mostly stand together; a hash is quicker to compare than an id.
    hashed = frame.lazy().select(*unit, pl.col("judgment_id").hash().alias("_judgment"))
    keys = [judgment, *(pl.col(name).to_physical() for name in unit)]
    repeats = pl.all_horizontal((key == key.shift()).fill_null(False) for key in keys)
    spans = hashed.filter(~repeats).group_by(unit).agg(least=judgment.min(), most=judgment.max())
    return spans.filter(pl.col("least") != pl.col("most")).select(unit).collect()


def codes_of(frame: pl.DataFrame, name: str) -> tuple[Ints, pl.Series]:
    """Codes of a string column, in the sorted order of its distinct values, and these values."""
    column = frame[name]
    physical = column.to_physical().to_numpy()
    row = np.full(int(physical.max(initial=0)) + 1, -1)
    row[physical] = np.arange(physical.size)  # one of each
    seen = np.flatnonzero(row >= 0)
    ids = column.gather(row[seen]).cast(pl.String)
    order = ids.arg_sort().to_numpy()
    codes = np.zeros(row.size, np.uint32)
    codes[seen[order]] = np.arange(seen.size, dtype=np.uint32)
    return codes[physical], ids.gather(order)


def sorted_codes(columns: list[Ints], sizes: list[int]) -> tuple[list[Ints], Ints, Ints, Ints]:
    """Sort rows by all columns, first to last: as one packed integer where 64 bits hold them, else as a frame.

    The last two columns are per row, those before tell judgments apart; one that is empty does not count.

    Returns:
        The keys of each judgment, the first row of each, and the last two columns row by row.
    """
    bits = bits_of(sizes)
    if sum(bits) > 64:
        return _sorted_frame(columns)
    packed = np.zeros(columns[-1].size, np.uint64)
    for column, width in zip(columns, bits, strict=True):
        packed <<= np.uint64(width)
        if column.size:
            packed |= column if column.dtype == np.uint32 else column.astype(np.uint64)
    if not (packed[1:] >= packed[:-1]).all():
        packed = pl.Series(packed).sort().to_numpy()
    last = _field(packed, 0, bits[-1])
    row = _field(packed, bits[-1], bits[-2])
    starts = np.flatnonzero(begins(packed >> np.uint64(bits[-1] + bits[-2])))
    first = packed[starts]
    keys = [_field(first, sum(bits[i + 1 :]), bits[i]) if columns[i].size else columns[i] for i in range(len(bits) - 2)]
    return keys, starts, row, last


def bits_of(sizes: Sequence[int]) -> list[int]:
    """Bits that each of so many codes needs."""
    return [max(size - 1, 0).bit_length() for size in sizes]


def _field(packed: Ints, shift: int, width: int) -> Ints:
    field = packed >> np.uint64(shift)
    field &= np.uint64((1 << width) - 1)
    return field.astype(np.uint32)


def _sorted_frame(columns: list[Ints]) -> tuple[list[Ints], Ints, Ints, Ints]:
    frame = pl.DataFrame({f"c{i}": c for i, c in enumerate(columns) if c.size}).sort(pl.all())
    whole = iter(frame.get_columns())
    *keys, row, last = (next(whole).to_numpy() if c.size else c for c in columns)
    starts = np.flatnonzero(begins(*keys))
    return [key[starts] if key.size else key for key in keys], starts, row, last
