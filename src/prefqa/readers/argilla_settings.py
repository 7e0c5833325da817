"""Settings of an Argilla dataset, which stand beside its records: options, kinds of questions, guidelines."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
        return "sha256:" + hashlib.sha256(self.guidelines.encode(errors="backslashreplace")).hexdigest()[:12]


def settings_beside(records: Path | None, given: Path | None) -> Settings:
    """Read the settings that were given, or those that stand beside the records; empty ones where there are none."""
    if given is None:
        folder = None if records is None else records if records.is_dir() else records.parent
        given = next((folder / name for name in NAMES if (folder / name).is_file()), None) if folder else None
    return Settings() if given is None else _parsed(given)


def _parsed(path: Path) -> Settings:
    from prefqa.companions import checked, yaml_of
    from prefqa.readers.companion_models import ARGILLA, ArgillaSettings

    whole = checked(ArgillaSettings, yaml_of(path, ARGILLA), path, ARGILLA)
    kinds, options, names = {}, {}, {}
    for question in whole.questions:
        name, inner = str(question.name), question.settings
        kinds[name] = str((inner and inner.type) or question.type)
        names[str(question.id)] = name
        options[name] = _options(question.values or question.labels or (inner and inner.options) or ())
    return Settings(kinds, options, names, tuple(str(one.name) for one in whole.fields or ()), whole.guidelines, path)


def _options(values: Any) -> tuple[str, ...]:
    """Options as a mapping of names to titles, a list of names, or a list of objects with a value."""
    return tuple(str(getattr(one, "value", one)) for one in values)
