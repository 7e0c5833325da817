"""Pseudonyms for annotators: keyed, so that who lacks the key cannot try names until one fits."""

from __future__ import annotations

import hmac
import os
from dataclasses import replace
from pathlib import Path

import polars as pl

from prefqa.errors import UsageError
from prefqa.notes import Note
from prefqa.preferences import Preferences
from prefqa.reading import Facts

#: Fewer bytes can be guessed.
LEAST_KEY = 16
_ENV = "env:"
#: Hexadecimal digits of a pseudonym: 64 bits, so that a million annotators collide with a chance below 1 in 10 million.
_DIGITS = 16


def key_of(source: str) -> bytes:
    """Return the key that "env:NAME" (an environment variable) or a path holds, without blanks around it.

    Raises:
        UsageError: there is none, or it is shorter than 16 bytes.
    """
    if source.startswith(_ENV):
        key = os.environ.get(source.removeprefix(_ENV), "").strip().encode()
    else:
        try:
            key = Path(source).read_bytes().strip()
        except (OSError, ValueError) as error:  # a name with a null byte is a ValueError
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"the key for pseudonyms cannot be read from {source!r}: {reason}") from error
    if len(key) < LEAST_KEY:
        raise UsageError(
            f"the key for pseudonyms from {source} has {len(key)} bytes, and needs {LEAST_KEY} or more",
            hint="make one with: openssl rand -hex 32; keep it away from the data.",
        )
    return key


def pseudonymise(prefs: Preferences, key: bytes) -> Preferences:
    """Return the preferences with another id for every annotator: the same key gives the same ids.

    A pseudonym is "a-" and the first 16 hexadecimal digits of HMAC-SHA256 (RFC 2104) of the id. Replaced are
    annotator_id, the ids in what a reader noted, and ids that stand within judgment_id (those with a letter and three
    characters or more; others would be found by chance). Null and blank ids stay, since rule PQ102 speaks of them. All
    other columns and texts stay as they are: whether they name people is not known here.
    """
    ids = prefs.judgments.select(pl.col("annotator_id").unique().sort().drop_nulls()).collect().to_series().to_list()
    noted = {one for note in prefs.source.notes for one in note.rows["annotator_id"].drop_nulls()}
    names = {one: _pseudonym(one, key) for one in sorted({*ids, *noted}) if one.strip()}
    replaced = [_renamed("annotator_id", names)]
    if "judgment_id" in prefs.columns:
        replaced.append(_within("judgment_id", names))
    notes = tuple(_of_note(note, names) for note in prefs.source.notes)
    source = replace(prefs.source, notes=notes, facts=_of_facts(prefs.source.facts, names))
    return replace(prefs.with_judgments(prefs.judgments.with_columns(replaced)), source=source)


def _pseudonym(name: str, key: bytes) -> str:
    return "a-" + hmac.new(key, name.encode(), "sha256").hexdigest()[:_DIGITS]


def _renamed(column: str, names: dict[str, str]) -> pl.Expr:
    return pl.col(column).replace(list(names), list(names.values())) if names else pl.col(column)


def _within(column: str, names: dict[str, str]) -> pl.Expr:
    told = {one: name for one, name in names.items() if len(one) >= 3 and any(map(str.isalpha, one))}
    # The longest first: of "ann" and "anna" the latter must not become a pseudonym and an "a".
    order = sorted(told, key=lambda one: (-len(one), one))
    return (
        pl.col(column).str.replace_many(order, [told[one] for one in order], leftmost=True) if told else pl.col(column)
    )


def _of_facts(facts: Facts, names: dict[str, str]) -> Facts:
    """The reading without names of annotators, which are names of columns where each annotator has one."""
    if not names:
        return facts
    old = sorted(names, key=lambda one: (-len(one), one))
    listed = pl.col("column").replace(old, [names[one] for one in old])
    columns = facts.columns.with_columns(listed, _within("note", names))
    values = facts.values.with_columns(_within("column", names))
    return Facts(columns, values, facts.statements, {})


def _of_note(note: Note, names: dict[str, str]) -> Note:
    rows = note.rows.with_columns(
        _renamed("annotator_id", names), _within("_value", names).replace(list(names), list(names.values()))
    )
    return replace(note, rows=rows)
