"""Settings of an Argilla dataset, which stand beside its records: options, kinds of questions, guidelines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefqa.errors import MissingExtraError, ReadError

#: Where Argilla 1.x and 2.x write the settings, seen from the folder of the records.
NAMES = ("argilla.yaml", "argilla.yml", "argilla.cfg", ".argilla/settings.json", "settings.json")
#: Our word for the kinds of questions of both versions.
KINDS = {
    "ranking": "ranking",
    "rating": "rating",
    "label_selection": "label",
    "multi_label_selection": "labels",
    "text": "text",
}


@dataclass(frozen=True)
class Settings:
    """Kinds and options by question, names by id of the question, the fields, and the guidelines."""

    kinds: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    guidelines: str | None = None
    path: Path | None = None

    @property
    def guideline_version(self) -> str | None:
        """The guidelines' text as a short hash, so that another text is another version."""
        if not self.guidelines:
            return None
        return "sha256:" + hashlib.sha256(self.guidelines.encode()).hexdigest()[:12]


def settings_beside(records: Path | None, given: Path | None) -> Settings:
    """Read the settings that were given, or those that stand beside the records; empty ones where there are none."""
    if given is None:
        folder = None if records is None else records if records.is_dir() else records.parent
        given = next((folder / name for name in NAMES if (folder / name).is_file()), None) if folder else None
    return Settings() if given is None else _parsed(given)


def _parsed(path: Path) -> Settings:
    whole = _loaded(path)
    if not isinstance(whole, dict) or not isinstance(whole.get("questions"), list):
        raise ReadError(path, "these are no settings of an Argilla dataset: there is no list of questions")
    kinds, options, names = {}, {}, {}
    for question in whole["questions"]:
        if not isinstance(question, dict) or "name" not in question:
            raise ReadError(path, "a question without a name")
        name, inner = str(question["name"]), question.get("settings") or {}
        kinds[name] = str(inner.get("type", question.get("type")))
        names[str(question.get("id"))] = name
        options[name] = _options(question.get("values") or question.get("labels") or inner.get("options") or ())
    fields = tuple(str(one["name"]) for one in whole.get("fields") or () if isinstance(one, dict) and "name" in one)
    return Settings(kinds, options, names, fields, whole.get("guidelines"), path)


def _loaded(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(path, f"cannot be read: {error}") from error
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        pass
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("pyyaml", "argilla") from error
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        raise ReadError(path, f"neither JSON nor YAML: {str(error).splitlines()[0]}") from error


def _options(values: Any) -> tuple[str, ...]:
    """Options as a mapping of names to titles, a list of names, or a list of objects with a value."""
    return tuple(str(one["value"]) if isinstance(one, dict) and "value" in one else str(one) for one in values)
