"""Rules on media: planted faults are all found, whole files pass, and no path of the data leads out of the folder."""

from __future__ import annotations

import io
import struct
import wave
import zlib
from pathlib import Path
from typing import Any

import pytest

import prefqa
from prefqa.checks import CheckResult, check
from prefqa.checks.media_files import fault_of, located
from prefqa.checks.rule import Example, ranking


def png(pixel: int = 7) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes([0, pixel]))) + chunk(b"IEND", b"")


def jpeg() -> bytes:
    thumbnail = b"\xff\xd8\xff\xd9"  # an end marker inside a segment is not that of the picture
    segment = b"\xff\xe1" + struct.pack(">H", 2 + len(thumbnail)) + thumbnail
    scan = b"\xff\xda" + struct.pack(">H", 8) + b"\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34" * 20
    return b"\xff\xd8" + segment + scan + b"\xff\xd9"


def gif() -> bytes:
    palette, image = b"\x00\x00\x00\xff\xff\xff", b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00"
    extension = b"!\xf9\x04\x00\x00\x00\x00\x00"
    return b"GIF89a\x01\x00\x01\x00\x80\x00\x00" + palette + extension + image + b";"


def webp() -> bytes:
    body = b"WEBPVP8L" + struct.pack("<I", 10) + b"\x2f" + b"\x00" * 9
    return b"RIFF" + struct.pack("<I", len(body)) + body


def wav() -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(b"\x01\x02" * 100)
    return held.getvalue()


def mp3() -> bytes:
    frame = b"\xff\xfb\x90\x00" + b"\x00" * (144 * 128_000 // 44_100 - 4)
    return b"ID3\x04\x00\x00\x00\x00\x00\x05" + b"\x00" * 5 + frame * 4


def mp4() -> bytes:
    def box(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", 8 + len(data)) + name + data

    return box(b"ftyp", b"isom" + b"\x00" * 8) + box(b"mdat", b"\x00" * 50) + box(b"moov", b"\x00" * 30)


WHOLE = {"png": png(), "jpg": jpeg(), "gif": gif(), "webp": webp(), "wav": wav(), "mp3": mp3(), "mp4": mp4()}


@pytest.mark.parametrize("kind", WHOLE)
def test_a_whole_file_passes_and_one_cut_anywhere_does_not(kind: str, tmp_path: Path) -> None:
    data, file = WHOLE[kind], tmp_path / f"file.{kind}"
    file.write_bytes(data)
    assert fault_of(file) is None
    boundaries = {15 + n * 417 for n in range(5)} if kind == "mp3" else set[int]()  # whole frames are a whole file
    for length in range(len(data)):
        file.write_bytes(data[:length])
        if length not in boundaries - {15}:
            assert fault_of(file) is not None, length


@pytest.mark.parametrize("kind", WHOLE)
def test_another_file_under_the_name_of_a_kind_is_found(kind: str, tmp_path: Path) -> None:
    file = tmp_path / f"file.{kind.upper()}"
    file.write_text("<html>404 Not Found</html>")
    assert fault_of(file) == f"is no {kind.upper()} file"
    (tmp_path / "file.bin").write_text("anything")
    assert fault_of(tmp_path / "file.bin") is None


def test_damaged_headers_are_no_error(tmp_path: Path) -> None:
    file = tmp_path / "file.bin"
    for data in WHOLE.values():
        for place in range(min(len(data), 60)):
            for value in (0, 0x7F, 0xFF):
                file.write_bytes(data[:place] + bytes([value]) + data[place + 1 :])
                fault_of(file)


def campaign(*pairs: tuple[Any, Any], column: str = "image", **more: Any) -> prefqa.Preferences:
    judgments = tuple(row for i in range(len(pairs)) for row in ranking(1, 2, item=f"p{i}"))
    responses = [
        {"item_id": f"p{i}", "response_id": "ab"[side], column: path}
        | {name: values[i] for name, values in more.items()}
        for i, pair in enumerate(pairs)
        for side, path in enumerate(pair)
    ]
    return Example(judgments, responses).preferences()


def checked(prefs: prefqa.Preferences, folder: Path | None) -> CheckResult:
    codes = ["PQ235", "PQ236", "PQ237"]
    options = {code: {"folder": str(folder)} for code in codes} if folder else {}
    return check(prefs, select=codes, options=options, max_examples=100)


def counts(found: CheckResult) -> dict[str, int]:
    return dict(found.findings.select("code", "count").rows())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    held = tmp_path / "media"
    (held / "more").mkdir(parents=True)
    for kind, data in WHOLE.items():
        (held / f"whole.{kind}").write_bytes(data)
        (held / f"cut.{kind}").write_bytes(data[: len(data) - 3])
        (held / f"empty.{kind}").write_bytes(b"")
    (held / "more" / "copy.png").write_bytes(png())
    (held / "more" / "same-size.png").write_bytes(png(8))
    (tmp_path / "secret.png").write_bytes(b"")
    return held


def test_planted_faults_are_all_found_and_nothing_else(folder: Path) -> None:
    pairs = [(f"whole.{kind}", f"{fault}.{kind}") for kind in WHOLE for fault in ("cut", "empty", "lost")]
    found = checked(campaign(*pairs, ("whole.png", "more/same-size.png"), ("whole.png", "more/copy.png")), folder)
    assert counts(found) == {"PQ235": 7, "PQ236": 14, "PQ237": 1}
    values = {row["value"] for row in found.findings.row(by_predicate=prefqa_code("PQ236"), named=True)["examples"]}
    assert values == {
        f"{name}.{kind} {why}"
        for kind in WHOLE
        for name, why in (("cut", "ends before its end"), ("empty", "is empty"))
    }


def prefqa_code(code: str) -> Any:
    import polars as pl

    return pl.col("code") == code


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "more/../../secret.png",
        "/etc/hostname",
        "link.png",
        "linked/secret.png",
        "/proc/self/environ",
        "a\0b",
        ".",
        "more",
    ],
)
def test_no_path_leads_out_of_the_folder(path: str, folder: Path) -> None:
    (folder / "link.png").symlink_to(folder.parent / "secret.png")
    (folder / "linked").symlink_to(folder.parent, target_is_directory=True)
    assert isinstance(located(folder, path), str)
    found = checked(campaign(("whole.png", path)), folder)
    assert counts(found) == {"PQ235": 1}


def test_an_absolute_path_within_the_folder_is_looked_at(folder: Path) -> None:
    assert counts(checked(campaign((str(folder / "whole.png"), str(folder / "cut.png"))), folder)) == {"PQ236": 1}


def test_without_a_folder_nothing_is_opened_and_paths_alone_are_compared() -> None:
    found = checked(campaign(("one.png", "one.png"), ("one.png", "two.png")), None)
    assert counts(found) == {"PQ237": 1}
    assert set(found.not_run["reason"]) == {"the option folder, in which the files must lie, is not set"}


def test_a_folder_that_is_none_is_said_and_addresses_are_counted(folder: Path) -> None:
    none = checked(campaign(("one.png", "two.png")), folder / "lost")
    assert "which is no folder" in none.not_run["reason"][0]
    found = checked(
        campaign(("https://example.com/one.png", "lost.png"), ("data:image/png;base64,xx", "whole.gif")), folder
    )
    assert counts(found) == {"PQ235": 1}
    assert "2 are addresses or data" in found.findings["message"].item()


@pytest.mark.parametrize(
    "form", [lambda path: [path], lambda path: {"path": path, "bytes": None}, lambda path: [{"path": path}]]
)
def test_paths_may_be_lists_and_objects(form: Any, folder: Path) -> None:
    prefs = campaign((form("whole.png"), form("cut.png")), column="images")
    assert counts(checked(prefs, folder)) == {"PQ236": 1}


def test_a_picture_of_the_prompt_is_no_picture_of_both_responses(folder: Path) -> None:
    rows = [{"prompt": f"Q{i}", "chosen": "x", "rejected": "y", "images": ["whole.png", "lost.png"]} for i in range(3)]
    found = checked(prefqa.read(rows), folder)
    assert counts(found) == {"PQ235": 1}
    assert dict(found.not_run.rows())["PQ237"] == "media are of the items, not of their responses"


def test_the_same_text_beside_another_picture_is_no_duplicate() -> None:
    said = ["A cat.", "A cat.", ""]
    codes = ["PQ201", "PQ203", "PQ204", "PQ205"]
    apart = campaign(("1.png", "2.png"), ("3.png", "4.png"), ("5.png", "6.png"), text=said)
    assert counts(check(apart, select=codes)) == {}
    same = campaign(("1.png", "1.png"), ("3.png", "4.png"), ("5.png", "6.png"), text=said)
    assert counts(check(same, select=codes)) == {"PQ203": 1, "PQ205": 1}
    assert counts(check(campaign((None, None), text=said[:1]), select=codes)) == {"PQ203": 1, "PQ205": 1}
