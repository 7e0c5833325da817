"""Broken exports, driven by coverage: every reader ends well or in an error of ours, within a time limit.

Run: pip install -e '.[fuzz]' && python fuzz/fuzz_readers.py -max_total_time=600 -timeout=20 [CORPUS]

The input is a byte that chooses a format, one that chooses an ending, and the bytes of the file; those of a packed file
are packed first. Without a corpus it starts from the exports that the tests make, as text and as tables of Parquet and
Arrow. Options that begin with one dash are libFuzzer's.
"""

from __future__ import annotations

import gzip
import importlib.util
import io
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import atheris
import polars as pl

from json_changes import change_one, places_in

with atheris.instrument_imports(include=["prefqa.readers", "prefqa.preferences", "prefqa.dtypes", "prefqa.casts"]):
    import prefqa
    from prefqa.errors import PrefqaError
    from prefqa.readers.registry import BY_NAME

FORMATS = ["auto", *sorted(BY_NAME)]
ENDINGS = [".jsonl", ".json", ".csv", ".toc", ".tsv", ".jsonl.gz", ".parquet", ".arrow", ".xlsx", ".zip"]
FOLDER = Path(tempfile.mkdtemp(prefix="prefqa-fuzz-"))


def try_one(data: bytes) -> None:
    """Read the bytes, and look at what the reader noted."""
    if len(data) < 3:
        return
    form, ending = FORMATS[data[0] % len(FORMATS)], ENDINGS[data[1] % len(ENDINGS)]
    path = FOLDER / f"x{ending}"
    path.write_bytes(gzip.compress(data[2:], 1) if ending.endswith(".gz") else data[2:])
    try:
        prefs = prefqa.read(path, format=form)
        found = prefqa.check(prefs, select=["PQ1", "PQ7"])
        left = found.preferences.judgments.collect()
        assert found.n_rows == left.height + found.quarantine.height
    except PrefqaError as error:
        assert str(error)  # noqa: PT017


#: Values that are put in the place of others.
VALUES: list[Any] = [
    *(None, True, 0, 1, -1, 1.5, 1e300, 2**63, "", "a", "\x1f", "\\", "[", '{"', "[1]", "2024-01-01"),
    *([], [None], [[]], {}, {"a": 1}, {"value": "a", "rank": 1}, {"rank": [1], "value": ["a"]}),
    *({"ranker": {"_": ["a"]}}, {"choices": ["left"]}),
]


def mutated(data: bytes, most: int, seed: int) -> bytes:
    """Change one value of the JSON, at any depth; every third time, and where there is no JSON, the bytes."""
    draw = random.Random(seed)
    try:
        records = [json.loads(line) for line in data[2:].split(b"\n")]
    except (ValueError, RecursionError):
        records = []
    if not records or draw.random() < 1 / 3:
        return bytes(atheris.Mutate(data, most))
    if places := places_in(draw.choice(records)):
        change_one(places, VALUES, draw)
    return (data[:2] + "\n".join(map(json.dumps, records)).encode())[:most]


def seeds(folder: Path) -> None:
    """Write what the tests read as the beginning of a corpus."""
    path = Path(__file__).parents[1] / "tests" / "readers" / "test_robustness.py"
    spec = importlib.util.spec_from_file_location("exports", path)
    assert spec is not None
    assert spec.loader is not None
    exports = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(exports)
    for name, records in exports.EXPORTS.items():
        lines, whole = "\n".join(map(json.dumps, records)).encode(), json.dumps(records).encode()
        for form in ("auto", name):
            for ending, content in ((".jsonl", lines), (".json", whole), (".jsonl.gz", lines), *_tables(records)):
                head = bytes([FORMATS.index(form), ENDINGS.index(ending)])
                (folder / f"{name}-{form}{ending}").write_bytes(head + content)


def _tables(records: list[dict[str, Any]]) -> list[tuple[str, bytes]]:
    """Records as tables, where their values fit one."""
    try:
        frame = pl.from_dicts(records, infer_schema_length=None)
        parquet, arrow = io.BytesIO(), io.BytesIO()
        frame.write_parquet(parquet, compression="uncompressed", statistics=False)
        frame.write_ipc(arrow)
    except (pl.exceptions.PolarsError, TypeError):
        return []
    return [(".parquet", parquet.getvalue()), (".arrow", arrow.getvalue())]


def main() -> None:
    """Fuzz until the time is over."""
    arguments = sys.argv
    if not any(not one.startswith("-") for one in arguments[1:]):
        corpus = FOLDER / "corpus"
        corpus.mkdir()
        seeds(corpus)
        arguments = [*arguments, str(corpus)]
    atheris.Setup(arguments, try_one, custom_mutator=mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
