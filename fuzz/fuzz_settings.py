"""Broken configurations, companion files and states, driven by coverage: each ends well or in an error of ours.

Run: pip install -e '.[fuzz]' && python fuzz/fuzz_settings.py -max_total_time=600 -timeout=20 [CORPUS]

The input is a byte that chooses a kind of file, and the bytes of the file. Without a corpus it starts from whole files.
Options that begin with one dash are libFuzzer's.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import atheris

from json_changes import change_one, places_in

with atheris.instrument_imports(
    include=["prefqa.companions", "prefqa.config", "prefqa.readers", "prefqa.drift.watch_state", "prefqa.drift.evalues"]
):
    from prefqa.checks.baseline import known_counts
    from prefqa.checks.rules import with_defaults
    from prefqa.config import load_config
    from prefqa.drift.sequential import _result
    from prefqa.drift.watch_state import read_state
    from prefqa.errors import PrefqaError, ReadError
    from prefqa.readers.argilla_settings import settings_beside
    from prefqa.readers.croissant import licence_beside
    from prefqa.readers.label_studio_config import project_beside
    from prefqa.writers.manifest import listed

FOLDER = Path(tempfile.mkdtemp(prefix="prefqa-fuzz-"))


def _config(path: Path) -> None:
    with_defaults(load_config(path).checks.options)


def _state(path: Path) -> None:
    before = path.read_bytes()
    try:
        _result(read_state(path, 0.05, "created_at every 1w"))
    except ReadError:
        assert path.read_bytes() == before


def _argilla(path: Path) -> None:
    _ = settings_beside(None, path).guideline_version


#: Per kind: the name of the file, and what reads it.
READERS: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("prefqa.toml", _config),
    ("argilla.yaml", _argilla),
    ("settings.json", _argilla),
    ("project.json", lambda path: project_beside(None, path)),
    ("label_config.xml", lambda path: project_beside(None, path)),
    ("croissant.json", licence_beside),
    ("state.json", _state),
    ("findings.json", known_counts),
    ("prefqa-files.json", lambda path: listed(path.parent)),
)
_XML = '<View><Text name="t" value="$prompt"/><Pairwise name="p" toName="a,b"/><Ranker name="r" toName="t"/></View>'
_YAML = """
guidelines: Be kind.
fields: &f [{name: prompt}, {name: response}]
more: *f
questions:
- {name: rank, settings: {type: ranking, options: [{value: a}, {value: b}]}}
- {name: mood, type: label_selection, labels: [x, y]}
"""
_TOML = """
[read]
shape = "rankings"
missing = [-1, "n/a"]
votes = { A = "first", B = "second" }
[columns]
prompt = ["a", "b"]
rank = false
[checks.options.PQ206]
threshold = 0.9
[[checks.slices]]
where = "batch=pilot"
ignore = ["PQ105"]
[[gate.agreement]]
coefficient = "alpha_nominal"
min = 0.4
[drift]
every = "1w"
"""
_LOOKS = [
    {"period": f"2025-01-{6 + 7 * n:02}", "n_judgments": 10, "streams": {"position": [0.1 * n, 1.0, 1.0, 2.0]}}
    for n in range(3)
]
WHOLE: dict[str, Any] = {
    "prefqa.toml": _TOML,
    "argilla.yaml": _YAML,
    "settings.json": {"guidelines": "x", "fields": [{"name": "f"}], "questions": [{"name": "q", "id": "1", "settings": {
        "type": "rating", "options": [{"value": 1}, {"value": 2}]}}]},
    "project.json": {"label_config": _XML, "skipped_annotations_number": 3},
    "label_config.xml": _XML,
    "croissant.json": {"license": [{"name": "MIT"}, "CC-BY-4.0"], "@type": "sc:Dataset"},
    "state.json": {"format": "prefqa watch 1", "alpha": 0.05, "by": "created_at every 1w", "looks": _LOOKS},
    "findings.json": {"findings": [{"code": "PQ101", "count": 3}]},
    "prefqa-files.json": {"files": {"pairs.jsonl": "sha256:0"}},
}  # fmt: skip
#: Values that are put in the place of others.
VALUES: list[Any] = [
    *(None, True, 0, 1, -1, 1.5, 1e308, float("nan"), float("inf"), 10**400, "", "a", "\x00", "\ud800", "<!DOCTYPE a>"),
    *([], [None], [[]], {}, {"a": 1}, [1, 2], [0.0, 1.0, -1.0, 1e30]),
]


def try_one(data: bytes) -> None:
    """Read the bytes as a file of a kind."""
    if len(data) < 2:
        return
    name, read = READERS[data[0] % len(READERS)]
    path = FOLDER / name
    path.write_bytes(data[1:])
    try:
        read(path)
    except PrefqaError as error:
        assert str(error)  # noqa: PT017


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Change one value of the JSON, at any depth; every third time, and where there is no JSON, the bytes."""
    draw = random.Random(seed)
    try:
        whole = json.loads(data[1:])
    except (ValueError, RecursionError):
        whole = None
    places = [] if whole is None else places_in(whole)
    if not places or draw.random() < 1 / 3:
        return bytes(atheris.Mutate(data, most))
    change_one(places, VALUES, draw)
    return (data[:1] + json.dumps(whole).encode())[:most]


def main() -> None:
    """Fuzz until the time is over."""
    arguments = sys.argv
    if not any(not one.startswith("-") for one in arguments[1:]):
        corpus = FOLDER / "corpus"
        corpus.mkdir()
        for number, (name, _) in enumerate(READERS):
            whole = WHOLE[name]
            text = whole if isinstance(whole, str) else json.dumps(whole)
            (corpus / name).write_bytes(bytes([number]) + text.encode())
        arguments = [*arguments, str(corpus)]
    atheris.Setup(arguments, try_one, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
