"""The state of a sequential gate on disk: what each look brought, read only where all of it fits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prefqa.companions import checked, json_of
from prefqa.errors import ReadError, UsageError

FORMAT: Literal["prefqa watch 1"] = "prefqa watch 1"
_WHAT = "state of watch"
_HINT = "name another file to begin anew."
#: Sums over votes; squares and ratios of such are floats, too.
_Figure = Annotated[float, Field(allow_inf_nan=False, ge=-1e30, le=1e30)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Look(_Part):
    """A look: its period, and the contrast of each stream: difference, weight, variance, information."""

    period: str
    n_judgments: Annotated[int, Field(ge=0, lt=2**63)]
    streams: dict[str, tuple[_Figure, _Figure, _Figure, _Figure]]


class State(_Part):
    """All looks so far."""

    format: Literal["prefqa watch 1"]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    by: str
    looks: list[Look]

    @model_validator(mode="after")
    def _each_period_once(self) -> State:
        periods = [look.period for look in self.looks]
        if len(set(periods)) < len(periods):
            raise ValueError("a period that was looked at twice")
        return self


def read_state(path: Path, alpha: float, by: str) -> dict[str, Any]:
    """Return a state as plain data; one without looks where there is no file yet.

    Raises:
        ReadError: a file that is no state, with the key that does not fit; the file is left as it is.
        UsageError: a state that was begun with another alpha or cut.
    """
    if not path.exists():
        return {"format": FORMAT, "alpha": alpha, "by": by, "looks": []}
    try:
        state = checked(State, _with_tuples(json_of(path, _WHAT)), path, _WHAT)
    except ReadError as error:
        reason = error.reason.removeprefix(f"is no {_WHAT}: ")
        raise ReadError(path, f"not a {_WHAT}: {reason}", hint=_HINT) from error
    for name, before, now in (("alpha", state.alpha, alpha), ("by", state.by, by)):
        if before != now:
            raise UsageError(
                f"{path} was begun with {name} {before!r}, and this look has {now!r}",
                hint="keep to it, or begin another state file.",
            )
    plain = state.model_dump()
    for one in plain["looks"]:
        one["streams"] = {name: list(contrast) for name, contrast in one["streams"].items()}
    return plain


def _with_tuples(whole: Any) -> Any:
    """The contrasts of JSON, which has lists alone, as tuples."""
    if isinstance(whole, dict) and isinstance(whole.get("looks"), list):
        for look in whole["looks"]:
            if isinstance(look, dict) and isinstance(look.get("streams"), dict):
                streams = look["streams"]
                look["streams"] = {k: tuple(v) if isinstance(v, list) else v for k, v in streams.items()}
    return whole
