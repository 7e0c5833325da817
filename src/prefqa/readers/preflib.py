"""PrefLib's ordinal files (.soc, .soi, .toc, .toi): lines of a count and an order, best first, ties in braces."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.preferences import ROW
from prefqa.readers.export import Export, Extract

#: The columns of such a file as a frame: each line, its number, and the path of the file.
LINE, NUMBER, FILE = "_preflib_line", "_preflib_number", "_preflib_file"
ENDINGS = (".soc", ".soi", ".toc", ".toi")
MAX_VOTERS = 20_000_000
_ORDER = r"^\s*(\d+)\s*:\s*(\S.*?)\s*$"
_NAME = r"^#\s*ALTERNATIVE NAME (\d+):\s*(.*?)\s*$"


def read_preflib(export: Export) -> Extract:
    """Read files: each is one item, its alternatives are responses, every voter a judgment; who voted is not told.

    Raises:
        ReadError: a file with another ending, a line that is neither a comment nor a count and an order, or too many
            voters.
    """
    lines = export.records.typed().with_row_index(ROW).collect()
    if LINE not in lines.columns:
        raise ReadError(export.origin, f"PrefLib's files end in {', '.join(ENDINGS)}", hint="rename it if it is one.")
    lines = lines.with_columns(item_id=pl.col(FILE).str.replace(r"^.*[/\\]", "").str.replace(r"\.[^.]*$", ""))
    n_files = lines[FILE].n_unique()
    if lines["item_id"].n_unique() < n_files:
        raise ReadError(export.origin, "files of one name in several folders", hint="each names an item: rename them.")
    said = lines.filter(~pl.col(LINE).str.starts_with("#") & (pl.col(LINE).str.strip_chars() != ""))
    parts = said.with_columns(
        _count=pl.col(LINE).str.extract(_ORDER, 1).cast(pl.Int64, strict=False),
        _order=pl.col(LINE).str.extract(_ORDER, 2),
    )
    broken = parts.filter(pl.col("_count").is_null() | ~pl.col("_order").str.contains(r"^[^{}]*(\{[^{}]*\}[^{}]*)*$"))
    if not broken.is_empty():
        raise ReadError(broken[FILE][0], "a count and an order are expected, as 3: 1,{2,4}", line=broken[NUMBER][0])
    if parts.is_empty():
        if lines[LINE].str.contains("\r.").any():
            what = "lines end in a carriage return alone"
            raise ReadError(export.origin, what, hint="save it with the line ends of Unix or Windows.")
        raise ReadError(export.origin, "the file holds no orders")
    if (parts["_count"].cast(pl.Float64).sum() or 0) > MAX_VOTERS:
        raise ReadError(export.origin, f"more than {MAX_VOTERS:,} voters")
    first = pl.col("_count").cum_sum().over(FILE) - pl.col("_count")
    groups = pl.col("_order").str.extract_all(r"\{[^}]*\}|[^,{}\s]+")
    voters = parts.with_columns(
        _voter=pl.int_ranges(first + 1, first + pl.col("_count") + 1), _groups=groups
    ).filter(pl.col("_count") > 0)  # fmt: skip
    placed = voters.with_columns(rank=pl.int_ranges(1, pl.col("_groups").list.len() + 1)).explode("_groups", "rank")
    each = placed.with_columns(response_id=pl.col("_groups").str.strip_chars("{}").str.split(",")).explode(
        "response_id"
    )
    named = each.with_columns(pl.col("response_id").str.strip_chars()).filter(pl.col("response_id") != "")
    # Nothing says that the third voter of one file is the third of another.
    voter = formatted("voter-{}", "_voter") if n_files == 1 else formatted("{}/voter-{}", "item_id", "_voter")
    long = named.explode("_voter").select(ROW, "response_id", "rank", "item_id", annotator_id=voter)
    names = lines.select(
        "item_id", response_id=pl.col(LINE).str.extract(_NAME, 1), text=pl.col(LINE).str.extract(_NAME, 2)
    )
    responses = names.drop_nulls()
    detail = "orders from best to worst, braces are ties, what is not named is not ranked"
    return Extract(long, responses if responses.height else None, None, detail)
