"""The labelling configuration of a Label Studio project: which control asks what about which fields of a task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from prefqa.errors import ReadError

#: Controls whose answers are read, by the type that results carry.
CONTROLS = ("pairwise", "ranker", "rating", "choices", "textarea")


@dataclass(frozen=True)
class Control:
    """A control: its type, the fields of the task that it is about, and the buckets of a Ranker, best first."""

    kind: str
    fields: tuple[str, ...]
    buckets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """The controls by name, and how many annotations were skipped, where the project's settings tell."""

    controls: Mapping[str, Control] = field(default_factory=dict)
    n_skipped: int | None = None
    path: Path | None = None


def project_beside(export: Path | None, given: Path | None) -> Project:
    """Read the project's settings or labelling configuration that was given, or that stands beside the export.

    Beside `name.json` these are `name.project.json`, `project.json`, `name.xml` and `label_config.xml`.
    """
    if given is None and export is not None:
        stem = export.name.split(".")[0]
        names = (f"{stem}.project.json", "project.json", f"{stem}.xml", "label_config.xml")
        given = next((export.parent / name for name in names if (export.parent / name).is_file()), None)
    return Project() if given is None else _parsed(given)


def _parsed(path: Path) -> Project:
    from prefqa.companions import checked, json_of, text_of
    from prefqa.readers.companion_models import LABEL_STUDIO, LabelStudioProject

    whole = json_of(path, LABEL_STUDIO) if path.suffix == ".json" else {"label_config": text_of(path)}
    project = checked(LabelStudioProject, whole, path, LABEL_STUDIO)
    xml = project.label_config
    if "<!" in xml.replace("<!--", ""):
        raise ReadError(path, "a labelling configuration declares no document type or entities")
    try:
        tags = list(ElementTree.fromstring(xml).iter())  # noqa: S314 (entities are refused above)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ReadError(path, f"the labelling configuration is no XML: {error}") from error
    values = {tag.get("name"): tag.get("value", "").removeprefix("$") for tag in tags if tag.get("name")}
    controls = {}
    for tag in tags:
        kind, name = tag.tag.lower(), tag.get("name")
        if kind in CONTROLS and name:
            about = [one.strip() for one in tag.get("toName", "").split(",") if one.strip()]
            buckets = tuple(one.get("name", "") for one in tag if one.tag == "Bucket")
            controls[name] = Control(kind, tuple(values.get(one, "") for one in about), buckets)
    return Project(controls, project.skipped_annotations_number, path)
