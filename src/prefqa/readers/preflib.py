"""PrefLib's ordinal files (.soc, .soi, .toc, .toi): lines of a count and an order, best first, ties in braces."""

from __future__ import annotations

import polars as pl

from prefqa._words import formatted
from prefqa.errors import ReadError
from prefqa.preferences import ROW
from prefqa.readers.export import Export, Extract

#: The one column of such a file as a frame.
LINE = "_preflib_line"
ENDINGS = (".soc", ".soi", ".toc", ".toi")
MAX_VOTERS = 20_000_000
_ORDER = r"^\s*(\d+)\s*:\s*(\S.*?)\s*$"
_NAME = r"^#\s*ALTERNATIVE NAME (\d+):\s*(.*?)\s*$"


def read_preflib(export: Export) -> Extract:
    """Read a file: it is one item, its alternatives are responses, every voter a judgment; who voted is not told.

    Raises:
        ReadError: a file with another ending, a line that is neither a comment nor a count and an order, or too many
            voters.
    """
    lines = export.records.typed().with_row_index(ROW).collect()
    if LINE not in lines.columns:
        raise ReadError(export.origin, f"PrefLib's files end in {', '.join(ENDINGS)}", hint="rename it if it is one.")
    said = lines.filter(~pl.col(LINE).str.starts_with("#") & (pl.col(LINE).str.strip_chars() != ""))
    parts = said.with_columns(
        _count=pl.col(LINE).str.extract(_ORDER, 1).cast(pl.Int64, strict=False),
        _order=pl.col(LINE).str.extract(_ORDER, 2),
    )
    broken = parts.filter(pl.col("_count").is_null() | ~pl.col("_order").str.contains(r"^[^{}]*(\{[^{}]*\}[^{}]*)*$"))
    if not broken.is_empty():
        raise ReadError(export.origin, "a count and an order are expected, as 3: 1,{2,4}", line=broken[ROW][0] + 1)
    if parts.is_empty():
        raise ReadError(export.origin, "the file holds no orders")
    if (parts["_count"].cast(pl.Float64).sum() or 0) > MAX_VOTERS:
        raise ReadError(export.origin, f"more than {MAX_VOTERS:,} voters")
    item = export.path.name.split(".")[0] if export.path is not None else "preflib"
    first = parts["_count"].cum_sum() - parts["_count"]
    groups = pl.col("_order").str.extract_all(r"\{[^}]*\}|[^,{}\s]+")
    voters = parts.with_columns(
        _voter=pl.int_ranges(first + 1, first + parts["_count"] + 1), _groups=groups
    ).filter(pl.col("_count") > 0)  # fmt: skip
    placed = voters.with_columns(rank=pl.int_ranges(1, pl.col("_groups").list.len() + 1)).explode("_groups", "rank")
    each = placed.with_columns(response_id=pl.col("_groups").str.strip_chars("{}").str.split(",")).explode(
        "response_id"
    )
    named = each.with_columns(pl.col("response_id").str.strip_chars()).filter(pl.col("response_id") != "")
    long = named.explode("_voter").select(
        ROW, "response_id", "rank", item_id=pl.lit(item), annotator_id=formatted("voter-{}", "_voter")
    )
    names = lines.select(response_id=pl.col(LINE).str.extract(_NAME, 1), text=pl.col(LINE).str.extract(_NAME, 2))
    responses = names.drop_nulls().with_columns(item_id=pl.lit(item))
    detail = "orders from best to worst, braces are ties, what is not named is not ranked"
    return Extract(long, responses if responses.height else None, None, detail)
