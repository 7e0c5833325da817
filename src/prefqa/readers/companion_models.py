"""What the settings of annotation tools hold, as far as it is read; further keys mean nothing here."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: What the files are, in errors.
ARGILLA = "settings of an Argilla dataset"
LABEL_STUDIO = "settings of a Label Studio project"
#: A name that may be written as a number.
Name = str | int | float | bool
_Count = Annotated[int, Field(ge=0, lt=2**53)]


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class Option(_Read):
    """An option that is an object."""

    value: Name


Options = dict[Name, object] | list[Name | Option]


class QuestionSettings(_Read):
    """Settings of a question: its kind and options, where they are not beside its name."""

    type: str | None = None
    options: Options | None = None


class Question(_Read):
    """A question of Argilla 1.x or 2.x."""

    name: Name
    id: Name | None = None
    type: str | None = None
    values: Options | None = None
    labels: Options | None = None
    settings: QuestionSettings | None = None


class FieldOfRecord(_Read):
    """A field of Argilla's records."""

    name: Name


class ArgillaSettings(_Read):
    """Settings of an Argilla dataset."""

    questions: list[Question]
    fields: list[FieldOfRecord] | None = None
    guidelines: str | None = None


class LabelStudioProject(_Read):
    """Settings of a Label Studio project."""

    label_config: str
    skipped_annotations_number: _Count | None = None
