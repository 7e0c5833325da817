"""Each line of the threat model names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs" / "threat-model.md").read_text(encoding="utf-8")
WRITTEN = {
    name
    for file in TESTS.rglob("test_*.py")
    for name in re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE)
}
LINES = [line for line in PAGE.splitlines() if line.startswith("| ") and "---" not in line and "| test |" not in line]


def test_each_line_names_a_test_that_exists() -> None:
    assert len(LINES) > 15
    for line in LINES:
        named = re.findall(r"`(test_\w+)`", line.split("|")[-2])
        assert named, line
        assert not [name for name in named if name not in WRITTEN], line
