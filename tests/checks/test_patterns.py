"""What single texts are asked: the cheap question never drops a text that the closer one means."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefqa.checks.patterns import TESTS
from prefqa.checks.texts import texts_of

PIECES = st.sampled_from(
    [
        *("word ", "\n", "\n\n", " ", "é", "1", "true", "null", "N/A", "TODO", "Internal server error", "error: "),
        *("[REDACTED]", "<PERSON_1>", "NAME_12", "███", "XXXXXX", "<|im_end|>", "[/INST]", "<<SYS>>", "<s>", "</s>"),
        *("### Human:", "Human:", "```", "▌", "█", "@", "jo@firm.org", "+49 30 123 4567", "(415) 321-4567"),
        *("415-321-4567", "sk-" + "a1" * 12, "AKIA" + "Q" * 16, "hf_" + "x" * 30, "Ã©", "â€™", "ï»¿", "\ufffd"),
    ]
)


@pytest.mark.parametrize("code", TESTS)
@given(st.lists(st.lists(PIECES, max_size=6).map("".join), min_size=1, max_size=8))
def test_what_is_meant_passes_the_screen(code: str, said: list[str]) -> None:
    test = TESTS[code]
    seen = pl.DataFrame({"text": said}).select(screen=test.screen, closer=test.closer)
    assert seen.filter(pl.col("closer") & ~pl.col("screen")).is_empty()
    table = pl.DataFrame({"item_id": "q", "text": said})
    assert texts_of(table, "text", TESTS).figures[code].to_list() == seen["closer"].to_list()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("PQ202", " true "),
        ("PQ213", "a list:\n```python\nx"),
        ("PQ213", "and then ▌"),
        ("PQ214", "Internal server error"),
        ("PQ214", "N/A"),
        ("PQ215", "ask [NAME_1] " + "word " * 200),
        ("PQ216", "word " * 200 + "<|im_end|>"),
        ("PQ219", "word " * 200 + "itâ€™s"),
        ("PQ222", "word " * 200 + "jo@firm.org"),
        ("PQ222", "word " * 200 + "(415) 321-4567"),
        ("PQ222", "word " * 200 + "sk-" + "a1" * 12),
    ],
)
def test_each_is_meant_by_some_text(code: str, text: str) -> None:
    figures = texts_of(pl.DataFrame({"item_id": "q", "text": [text, "A plain answer."]}), "text", TESTS).figures
    assert figures[code].to_list() == [True, False]
