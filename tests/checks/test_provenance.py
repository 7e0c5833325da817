"""Licences, terms, sources, guidelines and languages: what each rule takes for a fault, and what it leaves alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from prefqa.checks import CheckResult, check, language_model
from prefqa.checks.rule import Example, of_texts, ranking, texts
from prefqa.errors import UsageError
from prefqa.preferences import Preferences, Source

needs_licence = pytest.mark.skipif(find_spec("license_expression") is None, reason="needs prefqa[licence]")
needs_language = pytest.mark.skipif(find_spec("py3langid") is None, reason="needs prefqa[language]")


def found(code: str, *, options: dict[str, Any] | None = None, **columns: Any) -> CheckResult:
    """Check one response with these columns, and another one without fault."""
    rows = (*texts("a b", **columns), *texts("x", "c d")[1:])
    prefs = Example(ranking(1, 2), rows).preferences()
    return check(prefs, select=[code], options={code: options or {}})


def is_found(code: str, *, options: dict[str, Any] | None = None, **columns: Any) -> bool:
    result = found(code, options=options, **columns)
    assert result.ran == (code,), result.not_run
    return result.findings.height > 0


@needs_licence
@pytest.mark.parametrize(
    ("licence", "unknown", "no_commerce", "binds"),
    [
        ("MIT", False, False, False),
        ("apache-2.0", False, False, False),
        ("CC0-1.0", False, False, False),
        ("CC-BY-4.0", False, False, False),
        ("cc-by-nc-4.0", False, True, False),
        ("CC-BY-NC-SA-4.0", False, True, True),
        ("CC-BY-ND-4.0", False, False, True),
        ("CC-BY-SA-3.0", False, False, True),
        ("ODbL-1.0", False, False, True),
        ("GPL-3.0-or-later", False, False, True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False, False, True),
        ("PolyForm-Noncommercial-1.0.0", False, True, False),
        ("CC-BY-NC-4.0 OR MIT", False, False, False),
        ("CC-BY-NC-4.0 AND MIT", False, True, False),
        ("(CC-BY-NC-4.0 OR CC-BY-NC-SA-4.0) AND Apache-2.0", False, True, False),
        ("Apache 2", True, False, False),
        ("llama3", True, False, False),
    ],
)
def test_licences_are_read_as_spdx_expressions(licence: str, unknown: bool, no_commerce: bool, binds: bool) -> None:
    assert is_found("PQ703", licence=licence) is unknown
    assert is_found("PQ704", licence=licence, options={"use": "commercial"}) is no_commerce
    assert not is_found("PQ704", licence=licence, options={"use": "research"})
    assert is_found("PQ705", licence=licence, options={"release": "Apache-2.0"}) is binds
    assert not is_found("PQ705", licence=licence, options={"release": "nothing"})


@needs_licence
def test_names_stand_for_licences_and_items_have_licences_too() -> None:
    assert not is_found("PQ703", licence="odc-by", options={"names": {"odc-by": "ODC-By-1.0"}})
    items = ({"item_id": "p1", "prompt": "why?", "licence": "CC-BY-NC-4.0"},)
    prefs = Example(ranking(1, 2), items=items).preferences()
    result = check(prefs, select=["PQ704"], options={"PQ704": {"use": "commercial"}})
    assert result.findings["count"].to_list() == [1]


@needs_licence
@pytest.mark.parametrize(("code", "options"), [("PQ704", {"use": "war"}), ("PQ705", {"release": "no licence"})])
def test_a_declared_use_that_there_is_not_is_a_usage_error(code: str, options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=f"of {code}"):
        found(code, licence="MIT", options=options)


def test_without_a_declared_use_nothing_is_held_against_it() -> None:
    assert "use is not set" in found("PQ704", licence="MIT").not_run["reason"][0]
    assert "release is not set" in found("PQ705", licence="MIT").not_run["reason"][0]


@pytest.mark.parametrize(
    ("model", "forbidden"),
    [
        ("gpt-4", True), ("openai/gpt-4o-mini", True), ("GPT-3.5-turbo", True), ("ChatGPT", True), ("claude-2.1", True),
        ("gemini-1.5-pro", True), ("o1-mini", True), ("meta-llama/Llama-2-70b-chat-hf", True),
        ("meta-llama/Meta-Llama-3-8B-Instruct", True), ("llama-3-70b", True), ("meta-llama/Llama-3.1-8B", False),
        ("gpt-oss-120b", False), ("gpt-j-6b", False), ("gpt4all", False), ("gpt-2", False), ("mistral-7b", False),
        ("qwen2-72b", False), (None, False),
    ],
)  # fmt: skip
def test_terms_are_told_by_the_longest_beginning_of_a_models_name(model: str | None, forbidden: bool) -> None:
    assert is_found("PQ706", model=model) is forbidden


def test_every_finding_on_terms_says_whose_as_of_when_and_where() -> None:
    (examples,) = found("PQ706", model="claude-2").findings["examples"]
    assert examples[0]["value"] == (
        "claude-2: terms of Anthropic as of 2025-06-17, https://www.anthropic.com/legal/commercial-terms"
    )


def test_the_table_of_terms_can_be_added_to_and_taken_from() -> None:
    assert is_found("PQ706", model="Grok-2", options={"terms": {"grok": "https://terms"}})
    assert not is_found("PQ706", model="gpt-4", options={"terms": {"gpt-4": ""}})
    assert is_found("PQ706", model="gpt-4o", options={"terms": {"gpt-": ""}})


@pytest.mark.parametrize(
    ("source", "moves"),
    [
        ("hf://openbmb/UltraFeedback", True),
        ("hf://datasets/openbmb/UltraFeedback", True),
        ("hf://openbmb/UltraFeedback@main", True),
        ("hf://openbmb/UltraFeedback@40b436560ca83a8dba36114c22ab3c66e43f6d5e", False),
        ("https://huggingface.co/datasets/openbmb/UltraFeedback", True),
        ("https://huggingface.co/datasets/openbmb/UltraFeedback/tree/40b4365", False),
        ("https://huggingface.co/datasets/a/b/resolve/main/train.jsonl", True),
        ("https://huggingface.co/datasets/a/b/resolve/40b4365/train.jsonl", False),
        ("https://github.com/a/b", True),
        ("https://github.com/a/b/blob/main/data.json", True),
        ("https://github.com/a/b/blob/3f2a9c1/data.json", False),
        ("https://raw.githubusercontent.com/a/b/master/data.json", True),
        ("https://raw.githubusercontent.com/a/b/3f2a9c1/data.json", False),
        ("sharegpt", False),
        ("https://example.org/page", False),
    ],
)
def test_a_source_is_pinned_where_it_names_a_revision(source: str, moves: bool) -> None:
    assert is_found("PQ707", source=source) is moves


def test_where_the_data_was_read_from_counts_too() -> None:
    rows = pl.DataFrame(list(ranking(1, 2)))
    for origin, count in (("hf://a/b", [1]), ("hf://a/b@40b4365", [])):
        prefs = Preferences.from_long(rows, source=Source(origin))
        assert check(prefs, select=["PQ707"]).findings["count"].to_list() == count
    assert check(Preferences.from_long(rows), select=["PQ707"]).not_run.height == 1


def test_guidelines_are_there_where_their_file_has_text(tmp_path: Path) -> None:
    (tmp_path / "v1.md").write_text("Prefer the right answer.")
    (tmp_path / "v2.md").write_text(" \n")
    rows = [row for v in ("v1", "v2", "v3", None) for row in ranking(1, 2, item=f"{v}", guideline_version=v)]
    prefs = Example(rows).preferences()
    files = {v: str(tmp_path / f"{v}.md") for v in ("v1", "v2", "v3")}
    result = check(prefs, select=["PQ708"], options={"PQ708": {"files": files}})
    assert result.findings["count"].to_list() == [4]
    assert "v2 (2 rows), v3 (2 rows)" in result.findings["message"][0]


def test_guidelines_that_changed_are_told_by_their_hash_which_the_reason_shows(tmp_path: Path) -> None:
    path = tmp_path / "v1.md"
    path.write_text("abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-4, example "abc"
    prefs = Example(ranking(1, 2)).preferences()
    unset = check(prefs, select=["PQ709"], options={"PQ708": {"files": {"v1": str(path)}}})
    assert known in unset.not_run["reason"][0]
    options = {"PQ709": {"sha256": {str(path): known}}}
    assert check(prefs, select=["PQ709"], options=options).findings.is_empty()
    path.write_text("abcd")
    assert check(prefs, select=["PQ709"], options=options).findings["count"].to_list() == [1]
    path.unlink()
    assert "cannot be read" in str(check(prefs, select=["PQ709"], options=options).findings["examples"][0][0]["value"])


ENGLISH = "The train leaves at noon from the central station, and it stops in every village on its way to the sea."
GERMAN = "Der Zug fährt mittags vom Hauptbahnhof ab und hält auf dem Weg zum Meer in jedem Dorf an der Strecke."
JAPANESE = (
    "電車は正午に中央駅を出発し、海までの途中にあるすべての村に停車しますので、どうぞゆっくり景色を楽しんでください。"
)
CROATIAN = (
    "Vlak polazi u podne s glavnog kolodvora i zaustavlja se u svakom selu na putu prema moru, pa uživajte u pogledu."
)
SERBIAN = "Voz polazi u podne sa glavne stanice i zaustavlja se u svakom selu na putu ka moru, pa uživajte u pogledu."
CODE = "```python\nfor i in range(10):\n    print(i, end=' ')\nwhile True:\n    break\nimport os, sys, re, json\n```"


@needs_language
@pytest.mark.parametrize(
    ("prompt", "answer", "odd"),
    [
        (ENGLISH, GERMAN, True),
        (GERMAN, ENGLISH, True),
        (JAPANESE, ENGLISH, True),
        (ENGLISH, ENGLISH, False),
        (GERMAN, GERMAN, False),
        (CROATIAN, SERBIAN, False),
        (ENGLISH, f"{CODE}\n{ENGLISH}", False),
        ("Translate into German, please: " + ENGLISH, GERMAN, False),
        ("Say it the way a French writer would: " + ENGLISH, GERMAN, False),
    ],
)
def test_an_answer_in_another_language_is_found_unless_it_was_asked_for(prompt: str, answer: str, odd: bool) -> None:
    result = check(
        of_texts(ENGLISH if prompt is ENGLISH else prompt, answer, prompt=prompt).preferences(), select=["PQ223"]
    )
    assert [one["response_id"] for examples in result.findings["examples"] for one in examples] == ["b"] * odd


@needs_language
def test_languages_of_many_texts_are_those_of_each(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [ENGLISH, GERMAN, JAPANESE, CROATIAN, SERBIAN.upper(), "", "!", "Ćao svima, како сте данас?", "cafe\u0301"]
    monkeypatch.setattr(language_model, "_CHUNK", 4)
    one_by_one = [language_model.identifier().classify(text) for text in texts]
    for known in (language_model._KNOWN, "none"):
        monkeypatch.setattr(language_model, "_KNOWN", known)
        codes, probabilities = zip(*language_model.languages(texts), strict=True)
        assert list(codes) == [code for code, _ in one_by_one]
        assert probabilities == pytest.approx([probability for _, probability in one_by_one], abs=1e-3)


@needs_language
def test_short_texts_and_code_have_no_language() -> None:
    result = check(of_texts("Oui, bien sûr.", CODE, prompt=ENGLISH).preferences(), select=["PQ223"])
    assert "letters of running text" in result.not_run["reason"][0]
