"""What the rows of a JSON document are: a list of objects, a table by columns, one record, or a list in a container."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from prefqa.errors import ReadError

Row = dict[str, Any]

#: Names under which a container holds its rows, and a record nothing of the kind.
_ROWS = frozenset(
    "data rows records examples samples instances entries dataset train validation valid dev test".split()
)
#: Names under which a container may hold its rows, and a record its parts.
_PARTS = frozenset(
    "items results annotations judgments judgements rankings ratings preferences comparisons tasks".split()
)
#: Names of what a container says about its rows.
_ABOUT = frozenset(
    "version name title description info meta metadata schema source url author authors created created_at updated_at "
    "date exported_at license licence citation language split config total count size n num_rows num_examples page "
    "per_page pages next previous has_more offset limit cursor project project_id project_name format status ok "
    "success message features".split()
)
#: Fields that only a record has: a prompt, a response, a vote, who gave it.
_FIELDS = frozenset(
    "prompt instruction question text response_text response completion output winner vote preference choice "
    "response_a response_b response_1 response_2 response1 response2 model_a model_b item_id annotator_id "
    "response_id rank ranks ranking score rating chosen rejected responses completions response_ids answers "
    "messages conversation conversations worker_id user_id annotator".split()
)
#: Lists of one record, where a table by columns would have a column; and fields that no record has a list in.
_LISTS = frozenset("responses ranks ranking response_ids completions answers".split())
_SINGLE = frozenset("prompt instruction question item_id annotator_id worker_id user_id id".split())
_HINT = (
    "where the object is one record, write it as a list, [{...}], or as one line of a .jsonl file; where a list in it "
    "holds the rows, write that list alone."
)


def rows_of_document(path: Path, whole: Any) -> tuple[list[Row], tuple[str, ...]]:
    """Return the rows of a JSON document, and in a sentence what they were taken from where it is no plain list.

    A list of objects is the rows. An object is, in this order,

    1. one record, if it is a task or an annotation of Label Studio: `result` beside `task` or `completed_by`, or an
       object `data` beside `annotations`, `predictions`, `drafts` or `completions`;
    2. a table by columns, if it has two or more fields, and all are lists of plain values, of one length; unless the
       lists may be those of one record (`responses`, `ranks`) and no field is one that records have no list in;
    3. a container, if all that it holds is one list of objects that are no chat messages;
    4. one record, if a field is named as those of records are (`prompt`, `response_a`, `ranking`, `annotator_id`, ...)
       and no list as the rows of a container are;
    5. a container, if it holds exactly one list of objects, beside what is said about a data set (`version`,
       `metadata`, ...); beside any plain values, if the list is named as rows are (`data`, `rows`, `train`, ...);
    6. one record, if it has two or more fields and no list of objects.

    Raises:
        ReadError: an object that may be a record as well as a container, or is neither.
    """
    if isinstance(whole, list):
        if not all(isinstance(row, dict) for row in whole):
            raise ReadError(path, "a list of JSON objects is expected")
        return whole, ()
    if not isinstance(whole, dict):
        raise ReadError(path, "a list of JSON objects is expected")
    if _is_label_studio(whole):
        return [whole], ("a JSON object that is one record",)
    if len(whole) > 1 and all(isinstance(value, list) and value for value in whole.values()):
        table = _by_columns(path, whole)
        if table is not None:
            return table, ("a table by columns",)
    return _record_or_container(path, whole)


def _is_label_studio(whole: Row) -> bool:
    task = isinstance(whole.get("data"), dict) and not whole.keys().isdisjoint(
        ("annotations", "predictions", "drafts", "completions")
    )
    return task or ("result" in whole and not whole.keys().isdisjoint(("task", "completed_by")))


def _by_columns(path: Path, whole: Row) -> list[Row] | None:
    """Rows of an object of lists of one length; None where the object is no such table."""
    if len({len(value) for value in whole.values()}) > 1 or all(_objects(value) for value in whole.values()):
        return None
    names = set(map(_plain, whole))
    may_be_record = not _LISTS.isdisjoint(names) and _SINGLE.isdisjoint(names)
    if may_be_record or any(_objects(value) for value in whole.values()):
        reason = f"the object of lists {_listed(whole)} may be a table by columns, or one record"
        raise ReadError(path, reason, hint="write it as a list of objects, one for each row: [{...}, ...].")
    return [dict(zip(whole, row, strict=True)) for row in zip(*whole.values(), strict=True)]


def _record_or_container(path: Path, whole: Row) -> tuple[list[Row], tuple[str, ...]]:
    lists = [name for name, value in whole.items() if _objects(value)]
    record = ([whole], ("a JSON object that is one record",))
    if len(whole) == 1 and lists and not _are_messages(whole[lists[0]]):
        return whole[lists[0]], (f"rows of {lists[0]!r}",)
    of_rows = [name for name in whole if _plain(name) in _ROWS | _PARTS and (name in lists or whole[name] == [])]
    of_record = any(_plain(name) in _FIELDS for name in whole)
    if of_record and not of_rows:
        return record
    held = lists or of_rows
    if len(held) == 1 and not of_record:
        others = {name: value for name, value in whole.items() if name != held[0]}
        plain = _plain(held[0]) in _ROWS and "id" not in others
        if all(_is_about(name, value, plain) for name, value in others.items()):
            return whole[held[0]], (f"rows of {held[0]!r}",)
    if not lists and not of_rows and len(whole) > 1:
        if all(isinstance(value, dict) and value and all(map(str.isdigit, value)) for value in whole.values()):
            raise ReadError(path, "a table by columns and row numbers", hint='write it with orient="records".')
        return record
    if not lists:
        raise ReadError(path, "the JSON object holds no single list of rows", hint="a list of objects is expected.")
    if len(lists) > 1 and not of_record:
        raise ReadError(path, f"the JSON object holds several lists of objects: {_listed(lists)}", hint=_HINT)
    raise ReadError(path, f"the JSON object may be one record, or hold its rows in {_listed(lists)}", hint=_HINT)


def _objects(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _are_messages(objects: list[Row]) -> bool:
    return all({"role", "content"} <= one.keys() or {"from", "value"} <= one.keys() for one in objects)


def _is_about(name: str, value: Any, plain: bool) -> bool:
    """Whether a field beside the rows says something about all of them; any `plain` value does, where that suffices."""
    return _plain(name) in _ABOUT or value is None or (plain and not isinstance(value, dict | list))


def _plain(name: str) -> str:
    return name.strip().lower()


def _listed(names: Any) -> str:
    shown = list(map(repr, names))
    return ", ".join(shown[:4]) + (", ..." if len(shown) > 4 else "")
