"""Family PQ7, rules on licences: known, and fit for the declared use; SPDX expressions by `license-expression`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import polars as pl

from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.errors import UsageError

USES = ("commercial", "research")
#: What `release` says where nothing is passed on.
NOTHING = "nothing"
_LICENCE = pl.col("licence")
_MISSING = NotRun("the package license-expression is not installed: pip install 'prefqa[licence]'")
_NONE = NotRun("there is no licence of responses or items")


def no_licence(frame: Frame) -> Found | NotRun:
    """PQ701."""
    table = _licensed(frame)
    if table is None:
        return _NONE
    rows = table.filter(~_said()).with_columns(pl.lit(None, pl.String).alias("_value"))
    n, of = rows.height, table.height
    return Found(rows.lazy(), n, of, f"{n:,} of {of:,} texts have no licence. Find out where they come from.")


def unknown_licence(frame: Frame) -> Found | NotRun:
    """PQ703."""
    return _of_licences(
        frame,
        lambda text: f"{text}: no SPDX expression" if _parsed(text) is None else None,
        "have a licence that is no SPDX expression, so nothing can check it. Write it as spdx.org lists it, or say "
        "what it stands for in the option names.",
    )


def non_commercial(frame: Frame) -> Found | NotRun:
    """PQ704."""
    use = frame.options["PQ704"]["use"]
    if not use:
        return NotRun(f"the option use is not set: {' or '.join(USES)}")
    if use not in USES:
        raise UsageError(f"option use of PQ704: {use!r} is not one of {', '.join(USES)}")
    return _of_licences(
        frame,
        lambda text: text if use == "commercial" and _restricts(_parsed(text), _forbids_commerce) else None,
        "have a licence that forbids commercial use, which is declared. Leave them out, or get another licence.",
    )


def share_alike(frame: Frame) -> Found | NotRun:
    """PQ705."""
    release = frame.options["PQ705"]["release"]
    if not release:
        return NotRun(f'the option release is not set: a licence, or "{NOTHING}"')
    allowed: set[str] = set()
    if release != NOTHING and _installed():
        whole = _parsed(release)
        if whole is None:
            raise UsageError(f"option release of PQ705: {release!r} is no SPDX expression")
        allowed = {symbol.key for symbol in _licensing().license_symbols(whole)}

    def binds(key: str) -> bool:
        return key not in allowed and (_shares_alike(key) or "-ND" in key)

    return _of_licences(
        frame,
        lambda text: text if release != NOTHING and _restricts(_parsed(text), binds) else None,
        f"have a licence that asks for the same licence, or forbids changes, and what is released is {release}. "
        "Release under their licence, or leave them out.",
    )


def _of_licences(frame: Frame, judge: Callable[[str], str | None], words: str) -> Found | NotRun:
    """A rule on the text of a licence: `judge` says what is wrong with one, or None."""
    table = _licensed(frame)
    if table is None:
        return _NONE
    if not _installed():
        return _MISSING
    names: Mapping[str, str] = frame.options["PQ703"]["names"]
    said = table.filter(_said())["licence"].unique().to_list()
    wrong = {text: fault for text in said if (fault := judge(names.get(text, text))) is not None}
    value = _LICENCE.replace_strict(wrong, default=None, return_dtype=pl.String).alias("_value")
    rows = table.with_columns(value).filter(pl.col("_value").is_not_null())
    n, of = rows.height, table.height
    listed = ", ".join(sorted(wrong)[:3])
    return Found(rows.lazy(), n, of, f"{n:,} of {of:,} texts ({listed}) {words}")


def _licensed(frame: Frame) -> pl.DataFrame | None:
    """Responses and items with their `licence`; None where neither table has the column."""
    tables = [table for table in (frame.prefs.responses, frame.prefs.items) if table is not None]
    parts = [
        table.select("item_id", *{"response_id"} & set(table.columns), _LICENCE.cast(pl.String))
        for table in tables
        if "licence" in table.columns
    ]
    return pl.concat(parts, how="diagonal") if parts else None


def _said() -> pl.Expr:
    return _LICENCE.str.contains(r"\S").fill_null(False)


def _installed() -> bool:
    from importlib.util import find_spec

    return find_spec("license_expression") is not None


@cache
def _licensing() -> Any:
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


@cache
def _categories() -> dict[str, str]:
    """What kind of licence each SPDX id is, in the words of the index that comes with the package."""
    from license_expression import get_license_index

    return {one["spdx_license_key"]: one["category"] or "" for one in get_license_index() if one["spdx_license_key"]}


@cache
def _parsed(text: str) -> Any:
    """The expression, or None for what is none."""
    try:
        return None if _licensing().validate(text).errors else _licensing().parse(text)
    except AttributeError:  # the package trips over characters that no id has, as in an address
        return None


def _restricts(expression: Any, binds: Callable[[str], bool]) -> bool:
    """Whether a licence binds: of alternatives (OR) all must, of what holds together (AND) one."""
    if expression is None:
        return False
    licensing = _licensing()
    if isinstance(expression, (licensing.OR, licensing.AND)):
        parts = [_restricts(part, binds) for part in expression.args]
        return all(parts) if isinstance(expression, licensing.OR) else any(parts)
    return binds(getattr(expression, "license_symbol", expression).key)


def _forbids_commerce(key: str) -> bool:
    return "-NC" in key or "noncommercial" in key.lower()


def _shares_alike(key: str) -> bool:
    return "-SA" in key or _categories().get(key, "").startswith("Copyleft")
