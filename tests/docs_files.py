"""The tables "My file looks like this" of docs/data.md: each line as files, a configuration, and its outcome.

A cell of a file has its lines as code, `like,this`. Code that is the name of a file (`a.csv`, `votes/a.csv` in a
folder, `votes.zip/a.csv` in an archive, `votes.xlsx#Votes` for a sheet) names the file of the lines behind it; without
one they are `votes.csv`, or `votes.jsonl` if they begin with a brace. The last cell has the layout, and then each
judgment in words, or a column with its values.
"""

from __future__ import annotations

import io
import re
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa

PAGE = Path(__file__).parents[1] / "docs" / "data.md"
HEADER = "| my file | prefqa.toml | is read as |"
_FILE = re.compile(r"^[\w-]+\.?\w*(/[\w-]+)?\.(csv|tsv|json|jsonl|xlsx(#[\w ]+)?)$")
_VALUE = re.compile(r"^(\w+) = (.+)$")
_COUNT = re.compile(r"(\d+) left out \((PQ\d+)\)")
_UNREAD = re.compile(r"(\d+) not read \(PQ104\)")


@dataclass(frozen=True)
class Example:
    """A line of a table: files by name, lines of configuration, and the outcome.

    `asked`: without the configuration the file is refused by a message with these very lines; `refused`: it is refused.
    """

    files: dict[str, list[str]]
    config: str
    asked: bool
    refused: bool
    layout: str
    judgments: tuple[str, ...]
    values: dict[str, str]
    left_out: dict[str, int]
    n_unread: int
    encoding: str
    line: int

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of `prefqa.read` that the configuration stands for."""
        config = tomllib.loads(self.config)
        columns = {"columns": config["columns"]} if "columns" in config else {}
        return columns | config.get("read", {})

    def write(self, folder: Path) -> Path:
        """Write the files; return what is to be read: the file, the archive or the folder."""
        sheets: dict[str, dict[str, list[str]]] = {}
        packed: dict[str, dict[str, list[str]]] = {}
        for name, lines in self.files.items():
            if "#" in name:
                book, sheet = name.split("#")
                sheets.setdefault(book, {})[sheet] = lines
            elif ".zip/" in name:
                archive, inner = name.split("/")
                packed.setdefault(archive, {})[inner] = lines
            else:
                path = folder / name
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(_text(lines).encode(self.encoding))
        for book, pages in sheets.items():
            (folder / book).write_bytes(_workbook(pages))
        for archive, members in packed.items():
            with zipfile.ZipFile(folder / archive, "w") as made:
                for inner, lines in members.items():
                    made.writestr(inner, _text(lines))
        first = next(iter(self.files))
        return folder / re.split(r"[/#]", first)[0]


def examples() -> list[Example]:
    """Return every line of the tables."""
    return list(_examples(PAGE.read_text(encoding="utf-8").splitlines()))


def in_words(prefs: prefqa.Preferences) -> list[str]:
    """Return each judgment as the page writes it: who, by which criterion, and the order with its strength."""
    names = prefs.judgments.collect_schema().names()
    keys = [name for name in ("item_id", "annotator_id", "judgment_id", "criterion") if name in names]
    texts = _texts(prefs)
    rows = prefs.judgments.collect().sort("_row")
    return [_in_words(part, texts) for part in rows.partition_by(keys, maintain_order=True)]


def values_of(prefs: prefqa.Preferences, name: str) -> str:
    """Return the distinct values of a column of judgments, items or responses, in their order; "" without one."""
    for table in (prefs.judgments, prefs.items, prefs.responses):
        if table is not None and name in table.lazy().collect_schema():
            column = table.lazy().select(name).collect()[name]
            if column.dtype == pl.List:
                column = column.list.last().struct.field("content")
            return ", ".join(str(value) for value in column.drop_nulls().unique(maintain_order=True))
    return ""


def order(judgment: str) -> str:
    """Return a judgment with equal responses in the order of letters."""
    who, colon, ranked = judgment.rpartition(": ")
    return who + colon + " > ".join(" = ".join(sorted(part.split(" = "))) for part in ranked.split(" > "))


def code(cell: str) -> list[str]:
    """Return what a cell writes as code."""
    return re.findall(r"`([^`]+)`", cell)


def _examples(lines: list[str]) -> Iterator[Example]:
    inside = False
    for number, line in enumerate(lines, 1):
        if line == HEADER:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("| ---"):
            yield _example(line, number)


def _example(line: str, number: int) -> Example:
    file, config, outcome = (cell.strip() for cell in line.strip("|").split(" | "))
    said = code(outcome)
    values = {match[1]: match[2].replace("\\n", "\n") for one in said if (match := _VALUE.match(one))}
    return Example(
        files=_files(code(file)),
        config="\n".join(code(config)),
        asked=config.startswith("asks"),
        refused="refused" in config,
        layout=said[0] if said else "",
        judgments=tuple(one for one in said[1:] if not _VALUE.match(one)),
        values=values,
        left_out={code: int(n) for n, code in _COUNT.findall(outcome)},
        n_unread=int(unread[1]) if (unread := _UNREAD.search(outcome)) else 0,
        encoding="cp1252" if "in Windows-1252" in file else "utf-8",
        line=number,
    )


def _files(code: list[str]) -> dict[str, list[str]]:
    files: dict[str, list[str]] = {}
    for line in code:
        if _FILE.match(line):
            files[line] = []
        elif not files:
            files["votes.jsonl" if line.startswith("{") else "votes.csv"] = [line]
        else:
            files[list(files)[-1]].append(line)
    return files


def _text(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def _workbook(pages: dict[str, list[str]]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")

    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, lines in pages.items():
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line.split(","))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _texts(prefs: prefqa.Preferences) -> dict[tuple[str, str], str]:
    if prefs.texts is None:
        return {}
    found = prefs.texts.collect()
    return {
        (item, response): text if isinstance(text, str) else text[-1]["content"]
        for item, response, text in found.select("item_id", "response_id", "text").iter_rows()
        if text is not None
    }


def _in_words(rows: pl.DataFrame, texts: dict[tuple[str, str], str]) -> str:
    first = rows.row(0, named=True)
    who = [] if first["annotator_id"].startswith("unknown") else [first["annotator_id"]]
    if first.get("criterion"):
        who.append(first["criterion"])

    def name(row: dict[str, Any]) -> str:
        return str(texts.get((row["item_id"], row["response_id"]), row["response_id"])).strip()

    ranked = rows.filter(pl.col("rank").is_not_null()).sort("rank")
    groups = [part.to_dicts() for part in ranked.partition_by("rank", maintain_order=True)]
    words = " > ".join(" = ".join(sorted(map(name, group))) for group in groups)
    if not groups and first.get("label") is not None:
        words = f"label {first['label']}"
    elif not groups and rows.height > 1:
        words = "nothing ranked"
    elif not groups:
        words = f"score {first['score']:g}" if first.get("score") is not None else f"{name(first)}, not ranked"
    elif ranked.height == 1 and rows.height == 1:
        words = f"score {first['score']:g}" if first.get("score") is not None else words
    if first.get("strength"):
        words += f" (strength {first['strength']:g})"
    if first.get("both_bad"):
        words += " (both bad)"
    return ": ".join([*([", ".join(who)] if who else []), words])
