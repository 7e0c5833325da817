"""Text from data on a page of Markdown: it reads as it is written, and makes no link, picture, table or HTML."""

from __future__ import annotations

import re

_MARKS = re.compile(r"[\\`*\[\]<>!|&]")


def plain(text: object) -> str:
    r"""Return text as Markdown that renders as that text, on one line.

    Example:
        >>> print(plain("<b> [x](y)"))
        \<b\> \[x\](y)
    """
    return _MARKS.sub(r"\\\g<0>", " ".join(str(text).split()))
