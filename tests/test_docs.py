"""What the README and the docs show works and is complete."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import polars as pl
import pytest
from pydantic import BaseModel

import prefqa
from prefqa.agreement.registry import COEFFICIENTS, TARGETS
from prefqa.config import Config, parse_config

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_ten_lines_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = prefqa.simulate(n_items=30, weeks=3, texts=False).preferences.judgments.select(pl.exclude("^_.*$")).collect()
    rows.rename({"item_id": "prompt_id"}).write_parquet(tmp_path / "judgments.parquet")
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    assert (tmp_path / "out" / "summary.json").exists()


def test_the_config_of_the_readme_is_valid() -> None:
    config = parse_config(tomllib.loads(blocks("toml")[0]))
    assert config.gate.agreement[0].min == 0.4
    assert config.columns == {"item_id": "prompt_id"}


def keys(model: type[BaseModel]) -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        inner = [a for a in (field.annotation, *getattr(field.annotation, "__args__", ())) if isinstance(a, type)]
        tables = [a for a in inner if issubclass(a, BaseModel)]
        found |= set().union(*(keys(table) for table in tables)) if tables else {name}
    return found


def test_every_key_of_the_config_is_documented() -> None:
    documented = (ROOT / "docs" / "config.md").read_text(encoding="utf-8")
    assert not {key for key in keys(Config) - {"columns"} if f"`{key}`" not in documented}


def test_every_coefficient_and_shape_is_documented() -> None:
    assert not {name for name in COEFFICIENTS if f"`{name}`" not in (ROOT / "docs" / "statistics.md").read_text()}
    page = (ROOT / "docs" / "agreement.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in page.splitlines() if line.startswith("| ")}
    for target, entries in TARGETS.items():
        assert not {name for name in entries if f"`{name}`" not in rows[target]}, target
    from prefqa.readers import BY_NAME, SHAPES
    from prefqa.writers import LAYOUTS

    layouts = (ROOT / "docs" / "layouts.md").read_text(encoding="utf-8")
    assert not {name for name in LAYOUTS if f"| `{name}` |" not in layouts}

    formats = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    assert not {name for name in BY_NAME if f"| `{name}` |" not in formats}

    assert not {shape.name for shape in SHAPES if f"`{shape.name}`" not in (ROOT / "docs" / "data.md").read_text()}


def test_links_between_the_documents_lead_somewhere() -> None:
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
