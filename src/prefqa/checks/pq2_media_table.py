"""Family PQ2, what is wrong with media."""

from __future__ import annotations

from prefqa.checks.media import COLUMNS
from prefqa.checks.rule import Example, Rule, ranking

_SAFE = (
    "A path of the data is opened only if the option `folder` names the folder that it lies in; one that leads out of "
    "it is reported and never opened. Addresses are not followed."
)


def _of(first: str, second: str, folder: str = "media") -> Example:
    rows = [
        {"item_id": "p1", "response_id": name, "image": path} for name, path in zip("ab", (first, second), strict=True)
    ]
    return Example(ranking(1, 2), rows, options={"folder": folder} if folder else {})


PQ2_MEDIA = (
    Rule(
        "PQ235",
        "missing-media",
        "error",
        "a path of an image, video or sound without a file",
        "The trainer stops at it, or goes on without the picture that was judged. Paths stand in columns of responses, "
        "items or judgments (`columns`), as text, lists of it, or objects with a path, or in the parts of messages. "
        f"{_SAFE}",
        bad=_of("whole.png", "lost.png"),
        good=_of("whole.png", "other.gif"),
        options={"folder": "", "columns": COLUMNS},
    ),
    Rule(
        "PQ236",
        "broken-media",
        "error",
        "a media file that is empty, cut off, or not of the kind that its name says",
        "A download that broke off, or an error page under the name of a picture: decoders refuse it, or fill the rest "
        "with grey. Told from headers and lengths alone, for PNG, JPEG, GIF, WebP, WAV, MP3 and MP4; nothing decoded: "
        f"a file of the right length whose content is damaged passes. {_SAFE}",
        bad=_of("whole.png", "cut.png"),
        good=_of("whole.png", "other.gif"),
        options={"folder": "", "columns": COLUMNS},
    ),
    Rule(
        "PQ237",
        "same-media",
        "warning",
        "two responses of one item with the very same image, video or sound",
        "Nobody can prefer one of two equal pictures; mostly one file was saved twice. Told by the paths, and with "
        f"`folder` by the bytes of files of one size. Media of a prompt, which both share, do not count. {_SAFE}",
        bad=_of("whole.png", "copy.png"),
        good=_of("whole.png", "other.gif"),
        options={"folder": "", "columns": COLUMNS},
    ),
)
