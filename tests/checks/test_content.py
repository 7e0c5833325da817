"""Rules on texts and prompts: at their borders, against brute force, and on data that other people collected."""

from __future__ import annotations

import json
import unicodedata
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import prefqa
from prefqa.checks import CheckResult, check
from prefqa.checks.pq2_examples import TRANSPORT
from prefqa.checks.rule import of_texts, prompts, ranking, texts

needs_text = pytest.mark.skipif(find_spec("rensa") is None or find_spec("ftfy") is None, reason="needs prefqa[text]")


def counts(found: CheckResult) -> dict[str, int]:
    return dict(found.findings.select("code", "count").rows())


def of(*contents: Any, prompt: Any = None, **options: Any) -> dict[str, int]:
    return counts(check(of_texts(*contents, prompt=prompt).preferences(), select=["PQ2"], **options))


WORDS = st.text(st.sampled_from("aAbB \t\n\u00a0\x85\u2028\u1680ﬁﬀＡé\u0301e\u200b"), max_size=90)


@given(st.lists(WORDS, min_size=2, max_size=5))
def test_same_but_for_form_is_what_python_normalises_alike(contents: list[str]) -> None:
    def normal(text: str) -> str:
        return " ".join(unicodedata.normalize("NFKC", text).lower().split())

    there = [text for text in contents if text.strip(" \t\n\u00a0\x85\u2028\u1680\u200b")]
    groups: dict[str, set[str]] = {}
    for text in there:
        groups.setdefault(normal(text), set()).add(text)
    found = of(*contents)
    assert found.get("PQ204", 0) == any(len(group) > 1 for group in groups.values())
    assert found.get("PQ203", 0) == (len(set(there)) < len(there))
    assert found.get("PQ201", 0) == len(contents) - len(there)


FORMS = {"fi": "ﬁ", "a": "Ａ", "é": "e\u0301", " ": "  ", "b": "B", ".": "․"}


@given(st.text(st.sampled_from("fiaéb .1"), min_size=1, max_size=70), st.data())
def test_a_text_in_another_form_is_found_wherever_the_form_differs(text: str, data: st.DataObject) -> None:
    other = text
    for plain, form in FORMS.items():
        parts = other.split(plain)
        joints = data.draw(st.lists(st.sampled_from([plain, form]), min_size=len(parts) - 1, max_size=len(parts) - 1))
        other = "".join(part + joint for part, joint in zip(parts, [*joints, ""], strict=True))
    blank = data.draw(st.sampled_from([" ", "\x85", "\u1680", "\u2028", "\u2029", "\u3000"]))
    other = other.replace(" ", blank, 1)
    other = data.draw(st.sampled_from(["", " ", "\n", "\u00a0 "])) + other
    assert of(text, other, "something else").get("PQ204", 0) == (other != text and text.strip() != "")


def test_a_text_that_ends_as_a_sentence_does_is_not_cut_however_many_are_as_long() -> None:
    ends = [
        "so it went o",
        "it is over. ",
        'he said "no."',
        "終わりました。",
        "done```\n",
        "and he said:",
        "on and...",
        "on and …",
    ]
    lengths = [*range(200, 400), *[300] * 60 * len(ends)]
    said = [f"{at:05}".ljust(length - 13, "x") + ends[at % len(ends)].rjust(13) for at, length in enumerate(lengths)]
    responses = pl.DataFrame({"item_id": "q", "response_id": [str(at) for at in range(len(said))], "text": said})
    prefs = prefqa.Preferences.from_long(pl.DataFrame(ranking(1, 2)), responses=responses)
    cut = check(prefs, select=["PQ212"], max_examples=10**6).findings["examples"].explode().struct.field("response_id")
    unfinished = [
        at
        for at, (text, n) in enumerate(zip(said, lengths, strict=True))
        if text.endswith(("o", ":", "...", "…")) and n == 300
    ]
    assert sorted(cut.cast(pl.Int64)) == unfinished


def test_a_length_counts_and_is_named_by_what_is_unfinished_there() -> None:
    ends = {300: ["it is over."] * 60, 350: ["it goes o"] * 40, 390: ["it is over."] * 60 + ["it goes o"] * 8}
    said = [f"{at:05}".ljust(at % 200 + 200, "x") for at in range(200)]
    for length, those in ends.items():
        said += [f"{length}-{at:03}".ljust(length - len(end), "y") + end for at, end in enumerate(those)]
    responses = pl.DataFrame({"item_id": "q", "response_id": [str(at) for at in range(len(said))], "text": said})
    prefs = prefqa.Preferences.from_long(pl.DataFrame(ranking(1, 2)), responses=responses)
    found = check(prefs, select=["PQ212"]).findings.row(0, named=True)
    assert found["count"] == 41
    assert "(41 of 350 characters)" in found["message"]


@pytest.mark.parametrize("cut", [False, True])
def test_lengths_that_begin_at_once_are_no_cut(cut: bool) -> None:
    lengths = [*range(200, 400)] * 12 + [400] * (200 if cut else 0)
    said = [f"{at:05}".ljust(length, "x") for at, length in enumerate(lengths)]
    responses = pl.DataFrame({"item_id": "q", "response_id": [str(at) for at in range(len(said))], "text": said})
    prefs = prefqa.Preferences.from_long(pl.DataFrame(ranking(1, 2)), responses=responses)
    found = counts(check(prefs, select=["PQ212"]))
    assert found == ({"PQ212": 200} if cut else {})


def test_long_texts_that_differ_in_the_middle_only_are_not_the_same() -> None:
    one = "Begin " * 30 + "x" + " end" * 30
    assert of(one, one.replace("x", "y")).get("PQ204") is None
    assert of(one, " " * 80 + one)["PQ204"] == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Error: request failed", "PQ214"),
        ("N/A", "PQ214"),
        ("...", "PQ214"),
        ("502 Bad Gateway", "PQ214"),
        ("[INST] hello [/INST]", "PQ216"),
        ("Sure.\n\nHuman: and now?", "PQ216"),
        ("so it goes ▌", "PQ213"),
        ("```\nprint(1)", "PQ213"),
        ("Dear [REDACTED], thanks", "PQ215"),
        ("null", "PQ202"),
        ("my key is sk-" + "a1B2" * 8, "PQ222"),
        ("call (650) 636-4884 now", "PQ222"),
    ],
)
def test_a_text_that_one_rule_finds(text: str, code: str) -> None:
    assert set(of("An ordinary answer of some words.", text, ignore=["PQ229"])) == {code}


@pytest.mark.parametrize(
    "text",
    [
        "Errors are human.",
        "None of these.",
        "😻🐱🐱🐱",
        "An error occurred to me: I had left the stove on, and so I ran home as fast as I could. " + TRANSPORT * 2,
        "Use <s> in HTML for text that no longer holds, and a < b in mathematics.",
        "Write ```code``` so.",
        "Call 555-0199, or mail me@example.org.",
        "Dear [Your Name],",
        "True.",
        "Test the engine first; then it is done.",
        "Voilà, façade, naïve: 20 € for “this”…",
        "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
        "On 2024-03-01 10:00:00, 3.14159265358979",
    ],
)
def test_ordinary_texts_are_left_alone(text: str) -> None:
    assert of("An ordinary answer of some words.", text, ignore=["PQ229"]) == {}


def test_personal_data_is_counted_and_never_shown() -> None:
    found = check(of_texts("x y", "Mail ann@uni.edu or bob@uni.edu, key AKIA" + "A" * 16).preferences())
    finding = found.findings.row(by_predicate=pl.col("code") == "PQ222", named=True)
    assert finding["examples"][0]["value"] == "e-mail address: 2, key: 1"
    assert "uni.edu" not in json.dumps(found.to_dict())


def test_values_that_were_no_texts_are_found_beside_those_that_are() -> None:
    responses = [row | {"_text_raw": raw} for row, raw in zip(texts("a b", None), (None, "17"), strict=True)]
    prefs = prefqa.Preferences.from_long(pl.DataFrame(ranking(1, 2)), responses=pl.DataFrame(responses))
    assert counts(check(prefs, select=["PQ2"])) == {"PQ202": 1}
    numbers = pl.DataFrame({"item_id": ["p1", "p1"], "response_id": ["a", "b"], "text": [1, 2]})
    prefs = prefqa.Preferences.from_long(pl.DataFrame(ranking(1, 2)), responses=numbers)
    assert counts(check(prefs, select=["PQ2"])) == {"PQ202": 2}


def test_tables_without_texts_are_not_looked_at_and_say_so() -> None:
    prefs = prefqa.Preferences.from_long(pl.DataFrame(ranking(1, 2)))
    found = check(prefs, select=["PQ2"])
    assert found.findings.is_empty()
    assert found.ran == ()


def test_a_leak_is_found_by_item_where_there_are_no_prompts() -> None:
    rows = [*ranking(1, 2, split="train"), *ranking(1, 2, annotator="bob", split="test")]
    assert counts(check(prefqa.Preferences.from_long(pl.DataFrame(rows)), select=["PQ210"])) == {"PQ210": 1}


@pytest.mark.parametrize("ending", ["jsonl", "csv", "txt"])
def test_benchmarks_are_read_from_files(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"bench.{ending}"
    frame = pl.DataFrame({"question": ["What is  RUST?"]})
    {
        "jsonl": lambda: frame.write_ndjson(path),
        "csv": lambda: frame.write_csv(path),
        "txt": lambda: path.write_text("What is  RUST?\n"),
    }[ending]()
    example = of_texts("a b", "c d", prompt="What is rust?")
    options = {"PQ211": {"files": [str(path)], "column": "question"}}
    assert counts(check(example.preferences(), select=["PQ211"], options=options)) == {"PQ211": 1}
    with pytest.raises(prefqa.PrefqaError, match=r"no\.csv"):
        check(example.preferences(), select=["PQ211"], options={"PQ211": {"files": [str(tmp_path / "no.csv")]}})


@needs_text
@given(st.integers(0, 2**32 - 1), st.integers(1, 14))
def test_near_duplicates_are_those_of_exact_jaccard_similarity(seed: int, changed: int) -> None:
    import numpy as np

    from prefqa.checks.near import near

    rng = np.random.default_rng(seed)
    words = rng.integers(0, 5000, (6, 60)).astype(str)
    twin = words[0].copy()
    twin[rng.permutation(60)[:changed]] = "new"
    sentences = [" ".join(row) for row in (*words, twin)]

    def pairs(text: str) -> set[tuple[str, str]]:
        each = text.split()
        return set(pairwise(each))

    one, other = pairs(sentences[0]), pairs(sentences[-1])
    similarity = len(one & other) / len(one | other)
    found = near(pl.Series(sentences), 0.7)
    if similarity >= 0.7:
        assert found["text"].to_list() == [0, 6]
        assert found["similarity"].to_list() == pytest.approx([similarity] * 2)
    else:
        assert found.is_empty()


@pytest.fixture(scope="module")
def pandalm(real_data: Path) -> prefqa.Preferences:
    """The test set of PandaLM: two answers and three labels (1, 2, 0 = similar) in each row."""
    source = json.loads((real_data / "pandalm-test" / "testset-v1.json").read_text())
    judgments, responses, items = [], [], {}
    for row in source:
        item = f"idx{row['idx']:03d}"
        items[item] = f"{row['instruction']}\n\n{row['input']}"
        for place, model in enumerate(row["cmp_key"].split("_"), 1):
            text = row[f"response{place}"]
            text = text if isinstance(text, str) else json.dumps(text)
            responses.append({"item_id": item, "response_id": model, "text": text})
            for who in ("annotator1", "annotator2", "annotator3"):
                rank = 1 if row[who] in (0, place) else 2
                judgments.append({"item_id": item, "annotator_id": who, "response_id": model, "rank": rank})
    return prefqa.Preferences.from_long(
        pl.DataFrame(judgments), responses=pl.DataFrame(responses), items=pl.DataFrame(prompts(**items))
    )


@pytest.mark.real_data
def test_pandalm_has_54_empty_and_6_boolean_responses_and_170_prompts(pandalm: prefqa.Preferences) -> None:
    found = check(pandalm, select=["PQ2"], ignore=["PQ206", "PQ207", "PQ219"])
    known = {"PQ201": 54, "PQ202": 6, "PQ208": 988, "PQ222": 7}
    assert counts(found) == known | {"PQ228": 95, "PQ229": 154}  # models without instruction tuning repeat themselves
    messages = dict(found.findings.select("code", "message").rows())
    assert "170 different prompts" in messages["PQ208"]
    assert "54 items" in messages["PQ201"]


@pytest.mark.real_data
def test_tulu_has_nine_pairs_judged_twice_by_one_annotator(real_data: Path) -> None:
    found = check(prefqa.read(real_data / "tulu1-human-eval" / "judgments.parquet"))
    assert counts(found)["PQ114"] == 9


@pytest.mark.real_data
def test_rankme_annotators_rank_equal_texts_apart_in_14_of_324_judgments(real_data: Path) -> None:
    found = check(prefqa.read(real_data / "rankme" / "judgments.parquet"), select=["PQ205"])
    assert "Of 324 judgments on two equal texts 14 rank them apart" in found.findings["message"][0]


def test_what_is_taken_to_have_one_form_has_it() -> None:
    """By Unicode's own data: no such character changes under NFKC, nor two of them beside each other, as composites."""
    import re
    import unicodedata

    from prefqa.checks.patterns import ODD_BLANK, UNSTABLE

    unstable = re.compile(re.sub(r"\\x\{([0-9A-F]+)\}", lambda code: rf"\u{int(code[1], 16):04x}", UNSTABLE))
    stable = {chr(code) for code in range(0x10000) if not unstable.match(chr(code))}
    assert len(stable) > 20_000
    assert all(unicodedata.normalize("NFKC", one) == one and not unicodedata.combining(one) for one in stable)
    parts = [unicodedata.decomposition(chr(code)).split() for code in range(0x110000)]
    pairs = [[chr(int(part, 16)) for part in both] for both in parts if len(both) == 2 and not both[0].startswith("<")]
    assert not any(set(pair) <= stable for pair in pairs)
    blank = re.compile(re.sub(r"\\x\{([0-9A-F]+)\}", lambda code: rf"\u{int(code[1], 16):04x}", ODD_BLANK))
    spaces = pl.Series([chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000])
    assert all(blank.match(one) for one in spaces.filter(spaces.str.contains(r"^\s$")) if one != " ")


@given(st.lists(WORDS, min_size=1, max_size=5))
def test_texts_are_brought_to_the_form_of_the_definition(texts: list[str]) -> None:
    from prefqa.checks.texts import normal

    text = pl.col("t")
    plain = text.str.normalize("NFKC").str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()
    frame = pl.DataFrame({"t": texts})
    assert normal(frame.to_series()).equals(frame.select(plain).to_series())


@needs_text
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_near_duplicates_within_a_group_are_those_of_exact_jaccard_similarity(seed: int, changed: int) -> None:
    import numpy as np

    from prefqa.checks.near import near

    rng = np.random.default_rng(seed)
    words = rng.integers(0, 5000, (9, 300)).astype(str)
    words[4] = words[3]
    words[4][rng.permutation(300)[:changed]] = "new"
    words[5] = words[3]

    def pairs(text: str) -> set[tuple[str, str]]:
        return set(pairwise(text.split()))

    sentences = [" ".join(row) for row in words]
    one, other = pairs(sentences[3]), pairs(sentences[4])
    similarity = len(one & other) / len(one | other)
    found = near(pl.Series(sentences), 0.8, within=pl.Series([0, 0, 0, 1, 1, 2, 2, 2, 3]))
    assert found["text"].to_list() == ([3, 4] if similarity >= 0.8 else [])
    assert found["similarity"].to_list() == pytest.approx([similarity] * found.height)


@pytest.mark.parametrize(
    ("prompt", "answer", "n"),
    [
        ("True or false: the Nile is longer than the Rhine.", "True", 0),
        ("Is the following statement correct? Water boils at 50 °C.", "false", 0),
        ("Wahr oder falsch? Der Mond ist ein Planet.", "false", 0),
        ("对还是错：鲸鱼是鱼。", "False", 0),
        ("Return a boolean.", "true", 0),
        ("True or false: the Nile is longer than the Rhine.", "null", 1),
        ("Name a river.", "True", 1),
        (None, "True", 1),
    ],
)
def test_true_is_an_answer_where_the_prompt_asks_for_it(prompt: str | None, answer: str, n: int) -> None:
    assert of("The statement is correct.", answer, prompt=prompt).get("PQ202", 0) == n


def test_true_is_an_answer_where_the_conversation_asks_for_it() -> None:
    def chat(asked: str) -> list[dict[str, str]]:
        return [{"role": "user", "content": asked}, {"role": "assistant", "content": "True"}]

    assert "PQ202" not in of(chat("True or false: 2 is prime."), chat("True or false: 2 is prime."))
    assert of(chat("Name a river."), chat("Name a river."))["PQ202"] == 2
