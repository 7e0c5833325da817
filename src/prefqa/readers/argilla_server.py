"""A dataset on an Argilla server, read through the client of its own package, as the server holds it.

The package's own records lose the ranks of rankings and the times of responses; the server's answers have them.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from prefqa.errors import MissingExtraError, ReadError, UsageError, nearest
from prefqa.readers.blocks import folder

#: How the address of a dataset on a server begins.
SERVER = "argilla://"
_PAGE = 500
_SAID = {"api_url": "ARGILLA_API_URL", "api_key": "ARGILLA_API_KEY"}


def download(address: str) -> Path:
    """Bring the raw records of argilla://NAME or argilla://WORKSPACE/NAME into a temporary file, its settings beside.

    Where the server is and who asks is said as Argilla's package takes it: ARGILLA_API_URL and ARGILLA_API_KEY.

    Raises:
        UsageError: an address that names no dataset.
        ReadError: the server does not answer, refuses, or has no such dataset.
    """
    name = address.removeprefix(SERVER)
    if not re.fullmatch(r"[^/]+(/[^/]+)?", name):
        raise UsageError(f"{address} names no dataset", hint="write argilla://NAME or argilla://WORKSPACE/NAME.")
    try:
        import argilla
    except ImportError as error:
        raise MissingExtraError("argilla", "argilla-server") from error
    try:
        # The package itself looks at these only when it is first imported.
        said = {option: os.environ[variable] for option, variable in _SAID.items() if os.environ.get(variable)}
        return _fetched(argilla.Argilla(**said).http_client, address, *reversed(name.split("/")))
    except ReadError:
        raise
    except Exception as error:  # the package and its HTTP client raise many kinds
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        hint = "look at ARGILLA_API_URL and ARGILLA_API_KEY."
        raise ReadError(address, f"cannot be read: {type(error).__name__}: {reason}", hint=hint) from error


def _fetched(client: Any, address: str, name: str, workspace: str | None = None) -> Path:
    dataset = _dataset(client, address, name, workspace)
    where = f"/api/v1/datasets/{dataset['id']}"
    questions, fields = (_got(client, f"{where}/{part}")["items"] for part in ("questions", "fields"))
    names = {question["id"]: question["name"] for question in questions}
    out = Path(tempfile.mkdtemp(dir=folder()))
    settings = {"guidelines": dataset.get("guidelines"), "questions": questions, "fields": fields}
    (out / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    path = out / "records.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for record in _records(client, where):
            for suggestion in record.get("suggestions") or ():
                suggestion["question_name"] = names.get(suggestion.get("question_id"))
            file.write(json.dumps(record) + "\n")
    if not path.stat().st_size:
        raise ReadError(address, "the dataset holds no record")
    return path


def _dataset(client: Any, address: str, name: str, workspace: str | None) -> dict[str, Any]:
    found = [one for one in _got(client, "/api/v1/me/datasets")["items"] if one["name"] == name]
    if workspace is not None:
        named = {one["id"]: one["name"] for one in _got(client, "/api/v1/me/workspaces")["items"]}
        found = [one for one in found if named.get(one["workspace_id"]) == workspace]
    if not found:
        close = nearest(name, [one["name"] for one in _got(client, "/api/v1/me/datasets")["items"]])
        raise ReadError(address, "there is no such dataset", hint=f"did you mean {close!r}?" if close else None)
    if len(found) > 1:
        raise ReadError(address, f"{len(found)} workspaces have such a dataset", hint="write argilla://WORKSPACE/NAME.")
    return dict(found[0])


def _records(client: Any, where: str) -> Iterator[dict[str, Any]]:
    start, include = 0, ["responses", "suggestions"]
    while page := _got(client, f"{where}/records", offset=start, limit=_PAGE, include=include)["items"]:
        yield from page
        start += len(page)


def _got(client: Any, url: str, **parameters: Any) -> dict[str, Any]:
    answer = client.get(url, params=parameters)
    answer.raise_for_status()
    return dict(answer.json())
