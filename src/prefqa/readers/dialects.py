"""The dialect of a separated text file: its separator, encoding, line ends, blanks and decimal commas."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from prefqa.casts import DECIMAL_COMMA, THOUSANDS
from prefqa.errors import ReadError, UsageError
from prefqa.readers.encodings import UTF8, checked_encoding, start_of

#: What may stand between two fields.
SEPARATORS = (",", ";", "\t", "|")
#: Characters and rows from the start of a file that show its dialect.
_HEAD, _ROWS = 1 << 18, 200


@dataclass(frozen=True)
class Dialect:
    """How the fields of a file are told apart.

    Attributes:
        separator: what stands between two fields.
        encoding: the name of its encoding, as Python knows it.
        blanks_after: blanks after separators belong to no value.
        cr_lines: lines end in a carriage return alone.
        columns: names of the columns.
        decimal_commas: columns of numbers with decimal commas, as far as the first rows show; none where the separator
            is a comma. See `prefqa.casts.decimal_commas`.
        usual: the separator that the ending of the file's name stands for.
        nameless: columns that have no name in the file.
    """

    separator: str
    encoding: str = UTF8
    blanks_after: bool = False
    cr_lines: bool = False
    columns: tuple[str, ...] = ()
    decimal_commas: tuple[str, ...] = ()
    usual: str = ","
    nameless: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether Polars reads the file as it is."""
        return self.encoding == UTF8 and not self.blanks_after and not self.cr_lines

    def describe(self) -> tuple[str, ...]:
        """Return in short sentences what is not as the ending of the file's name lets one expect."""
        said = {
            f"separator {_shown(self.separator)}": self.separator != self.usual,
            f"encoding {self.encoding}": self.encoding != UTF8,
            "lines end in a carriage return": self.cr_lines,
            "blanks after separators left out": self.blanks_after,
            f"columns without a name called {', '.join(self.nameless)}": bool(self.nameless),
            f"decimal commas in {', '.join(self.decimal_commas)}": bool(self.decimal_commas),
        }
        return tuple(sentence for sentence, holds in said.items() if holds)


def dialect_of(path: Path, usual: str = ",", separator: str | None = None, encoding: str | None = None) -> Dialect:
    """Find the dialect of a file by its header and first rows.

    The separator is the usual one where the header has no other outside quotes. Otherwise that one which splits the
    rows into as many fields as the header; where several do, or none, the file is refused.

    Args:
        path: the file; may be packed.
        usual: the separator that the ending of its name stands for.
        separator: the separator, where it is known.
        encoding: the encoding, where it is known.

    Raises:
        ReadError: a file whose separator or encoding is not clear, or with two columns of one name.
        UsageError: a separator that is not one character, or an unknown encoding.
    """
    if separator is not None and (len(separator) != 1 or separator in '"\r\n'):
        raise UsageError(f"the separator {separator!r} is not one character", hint='such as\n[read]\nseparator = ";"')
    found, text, whole = start_of(path, None if encoding is None else checked_encoding(encoding))
    whole, text = whole and len(text) <= _HEAD, text[:_HEAD].lstrip("\ufeff\r\n")
    if "\0" in text[:1_000]:
        hint = 'name its encoding in the config, such as\n[read]\nencoding = "utf-16-le"'
        raise ReadError(path, "holds zero bytes, as UTF-16 does", hint=hint)
    cr_lines = "\r" in text and "\n" not in _masked(text, separator or usual)
    chosen = separator or _separator(path, _rows_by(text, whole, cr_lines, usual), usual)
    rows = _rows(text, whole, cr_lines, chosen)
    blanks_after = _has_blanks_after(rows, text, chosen)
    parsed = _parsed(text.replace("\r", "\n") if cr_lines else text, chosen, blanks_after, len(rows))
    header = [name.strip() for name in (parsed[0] if parsed else [])]
    nameless = tuple(f"column_{place}" for place, name in enumerate(header, 1) if not name) if len(header) > 1 else ()
    columns = tuple(name or f"column_{place}" for place, name in enumerate(header, 1))
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise ReadError(path, f"two columns have one name: {', '.join(map(repr, doubled))}", line=1, hint="rename one.")
    commas = () if chosen == "," else _with_commas(columns, parsed[1:])
    return Dialect(chosen, found, blanks_after, cr_lines, columns, commas, usual, nameless)


def _masked(text: str, separator: str) -> str:
    """Text in which all that stands in quotes is left out."""
    quoted = rf'(?:^|(?<={re.escape(separator)}))([ ]*)"[^"]*(?:""[^"]*)*(?:"|\Z)'
    return re.sub(quoted, r'\1""', text, flags=re.MULTILINE)


def _rows(text: str, whole: bool, cr_lines: bool, separator: str) -> list[str]:
    """Rows from the start of a file, what stands in quotes left out; the last one may be cut and is dropped."""
    rows = re.split("\r" if cr_lines else "\r?\n", _masked(text, separator))
    if not whole and len(rows) > 1:
        rows.pop()
    return [row for row in rows if row.strip()][: _ROWS + 1]


def _rows_by(text: str, whole: bool, cr_lines: bool, usual: str) -> dict[str, list[str]]:
    """Rows by each separator that may be that of the file; by the usual one alone, where the header has no other."""
    header = _rows(text, whole, cr_lines, usual)[:1]
    others = [one for one in SEPARATORS if one != usual and header and one in header[0]]
    return {one: _rows(text, whole, cr_lines, one) for one in (usual, *others)}


def _separator(path: Path, rows: dict[str, list[str]], usual: str) -> str:
    shares = {one: _share_even(found, one) for one, found in rows.items() if found and one in found[0]}
    if not shares:
        return usual
    even = [one for one, share in shares.items() if share == 1] or [one for one, share in shares.items() if share > 0.8]
    if len(even) == 1:
        return even[0]
    if len(shares) == 1 and (usual in shares or max(shares.values()) >= 0.5):
        return next(iter(shares))
    named = [_shown(one) for one in (even or [usual, *(one for one in shares if one != usual)])]
    what = f"the separator is not clear: it may be {' or '.join(named)}"
    example = '"\\t"' if "\t" in rows and ";" not in rows else '";"'
    raise ReadError(path, what, line=1, hint=f"name it in the config:\n[read]\nseparator = {example}")


def _share_even(rows: list[str], separator: str) -> float:
    width = rows[0].count(separator)
    return sum(row.count(separator) == width for row in rows[1:]) / max(len(rows) - 1, 1) if len(rows) > 1 else 1.0


def _has_blanks_after(rows: list[str], text: str, separator: str) -> bool:
    """Whether each separator of the first rows is followed by a blank, or a quoted field begins after one."""
    if separator == " " or f"{separator} " not in text:
        return False
    one = re.escape(separator)
    quoted = re.compile(rf'{one} +""')
    bare = re.compile(rf"{one}(?! |$|{one})")
    values = rows[1:] or rows
    blank = any(f"{separator} " in row for row in values) and not any(bare.search(row) for row in values)
    return blank or any(quoted.search(row) for row in rows)


def _parsed(text: str, separator: str, blanks_after: bool, n_rows: int) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=blanks_after)
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) >= n_rows:
                break
    except csv.Error:  # a row that is broken is named when all are read
        pass
    return rows


def _with_commas(columns: tuple[str, ...], rows: list[list[str]]) -> tuple[str, ...]:
    found = []
    for place, name in enumerate(columns):
        values = [row[place] for row in rows if len(row) > place and row[place].strip()]
        decides = any("," in value and not re.match(THOUSANDS, value) for value in values)
        if decides and all(re.match(DECIMAL_COMMA, value) for value in values):
            found.append(name)
    return tuple(found)


def _shown(separator: str) -> str:
    return "tab" if separator == "\t" else repr(separator)
