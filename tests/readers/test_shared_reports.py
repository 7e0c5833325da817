"""Reports of users: each input of shared/hunt is read as is said of it, or refused and then read."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import prefqa
from readers.campaigns import plain, votes_of
from readers.outcomes import (
    assert_refused_then,
    by_config,
    call,
    codes,
    column,
    configs_of,
    figures,
    flat,
    outcomes,
    pairs,
    prompts,
    rankings,
    refused,
)

pytestmark = pytest.mark.real_data


@pytest.fixture
def hunt(shared_inputs: Path) -> Path:
    return shared_inputs / "hunt"


def estimates(
    capsys: pytest.CaptureFixture[str], path: Path, target: str, coefficient: str, *more: str
) -> dict[str, Any]:
    """The only estimate of a coefficient, from the command line, where the library gives the same."""
    code, out, _ = call(
        capsys, "agreement", path, "--target", target, "--coefficient", coefficient, "--format", "json", *more
    )
    assert code == 0
    (found,) = json.loads(out)["estimates"]
    weights = dict(zip(more[::2], more[1::2], strict=True)).get("--weights")
    same = prefqa.agreement(prefqa.read(path), target=target, coefficients=[coefficient], weights=weights).estimates
    assert same["estimate"].to_list() == [found["estimate"]]
    return dict(found)


def scores(capsys: pytest.CaptureFixture[str], path: Path, *more: object) -> dict[str, Any]:
    """The leaderboard of a file as JSON."""
    code, out, _ = call(capsys, "leaderboard", path, "--format", "json", *more)
    assert code == 0
    return dict(json.loads(out))


def test_preferences_of_alpaca_eval(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "alpaca-eval-preference" / "annotations.json"
    prefs = prefqa.read(path)
    assert figures(prefs) == (6, 1, 6)
    first = Counter(winner.split()[0] for winner in votes_of(prefs).values())
    assert first == {"Baseline": 2, "Candidate": 2, "tie": 2}
    assert codes(prefs)["PQ727"] == ("info", 1)
    _, out, _ = call(capsys, "check", path)
    assert "1 of 7 records have no vote" in flat(out)


def test_lists_of_answers_are_rankings(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "alpaca-output-list" / "data.json"
    prefs = prefqa.read(path)
    orders = sorted(sorted(one, key=one.__getitem__) for one in rankings(prefs).values())
    assert orders == [["good", ""], ["good answer", "bad answer", "third answer"], ["only one"]]
    found = codes(prefs)
    assert found["PQ201"] == ("error", 1)
    assert found["PQ107"] == ("warning", 1)
    code, out, _ = call(capsys, "check", path)
    assert (code, "findings of severity error: PQ201" in flat(out)) == (1, True)


def test_an_empty_output_is_reported(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads((hunt / "alpaca-output-list" / "data.json").read_text())
    path = tmp_path / "one.json"
    path.write_text(json.dumps([row for row in rows if len(row["output"]) == 1]))
    code, out, err = call(capsys, "convert", path, "-o", tmp_path / "o.jsonl", "--layout", "trl")
    assert code != 3
    if code == 0:
        assert (tmp_path / "o.jsonl").read_text() == ""
    assert any(words in flat(out + err) for words in ("fewer than two responses", "no pair", "0 pairs"))


def test_codes_0_1_2_are_asked_about(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "codes-0-1-2" / "many.jsonl"
    right = {"m1": 72, "tie": 23, "m2": 25}
    texts = configs_of(refused(path))
    found = [models(by_config(path, text)) for text in texts]
    assert found == [
        right, {"m2": 72, "tie": 23, "m1": 25}, {"tie": 72, "m1": 23, "m2": 25}, {"m1": 72, "m2": 23, "tie": 25}
    ]  # fmt: skip
    assert_refused_then(capsys, path, tmp_path, [outcomes(by_config(path, text)) for text in texts])
    board = scores(capsys, path, "-c", tmp_path / "prefqa-1.toml")["leaderboard"]
    assert [(one["name"], one["n_wins"], one["n_ties"]) for one in board] == [("m1", 72, 23), ("m2", 25, 23)]
    readings = json.loads(call(capsys, "inspect", path, "-c", tmp_path / "prefqa-1.toml", "--format", "json")[1])
    assert {one["value"]: (one["meaning"], one["count"]) for one in readings["values"]} == {
        "0": ("first", 72), "1": ("tie", 23), "2": ("second", 25)
    }  # fmt: skip


def models(prefs: prefqa.Preferences) -> Counter[str]:
    """How often each response is better, by its name."""
    found = (
        "tie" if len(set(one.values())) == 1 else min(one, key=one.__getitem__) for one in rankings(prefs).values()
    )
    return Counter(found)


def test_instruction_and_input_are_the_prompt(hunt: Path) -> None:
    prefs = prefqa.read(hunt / "instruction-and-input" / "alpaca-ranking.json")
    start = "Translate into French.\n\n"
    assert {(item, winner) for (item, _, _), winner in votes_of(prefs).items()} == {
        (f"{start}dog", "chien"), (f"{start}cat", "chat"), (f"{start}house", "maison")
    }  # fmt: skip
    assert "PQ103" not in codes(prefs)


def test_buckets_have_the_order_of_the_configuration(
    hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = hunt / "label-studio-buckets-order" / "with-config" / "export.json"
    expected = {"text of r1": 1, "text of r2": 2, "text of r3": 3}
    assert list(rankings(prefqa.read(path)).values()) == [expected] * 2
    bare = hunt / "label-studio-buckets-order" / "export.json"
    code, _, err = call(capsys, "run", bare, "-o", tmp_path / "out")
    assert (code, "'Excellent', 'Good', 'Poor'" in err) == (2, True)
    (text,) = configs_of(err)
    assert list(rankings(by_config(bare, text)).values()) == [expected] * 2
    config = tmp_path / "prefqa.toml"
    config.write_text(text)
    assert call(capsys, "run", bare, "-o", tmp_path / "out", "-c", config)[0] == 0
    assert (pairs(tmp_path / "out")[0]["chosen_id"], pairs(tmp_path / "out")[0]["rejected_id"]) == ("r1", "r2")


def test_choices_show_their_kind_or_ask_for_the_configuration(
    hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = hunt / "label-studio-choices-csv"
    several = prefqa.read(folder / "multi.csv").judgments.select("item_id", "annotator_id", "label").collect()
    assert several.sort("item_id", "annotator_id")["label"].to_list() == [
        "helpful|verbose", "helpful", "verbose", "helpful|verbose"
    ]  # fmt: skip
    minimal = prefqa.read(folder / "min.json")
    sides = {key[:2]: min(one, key=one.__getitem__) for key, one in rankings(minimal).items()}
    assert sides == {("1", "5"): "left", ("1", "6"): "right", ("2", "6"): "left"}
    assert codes(minimal)["PQ104"] == ("error", 1)
    code, _, err = call(capsys, "run", folder / "single.csv", "-o", tmp_path / "out")
    assert code == 2
    assert all(words in err for words in ("name.project.json", "label_config.xml", "settings="))
    path = folder / "with-config" / "single.csv"
    assert call(capsys, "run", path, "-o", tmp_path / "out")[0] == 0
    expected = {("1", "u5"): "left", ("1", "u6"): "right", ("1", "u7"): "left", ("2", "u5"): "tie", ("2", "u6"): "left"}
    by_config_beside = prefqa.read(path)
    settings = prefqa.read(folder / "single.csv", settings=folder / "with-config" / "label_config.xml")
    for prefs in (by_config_beside, settings):
        found = rankings(prefs)
        assert {
            k[:2]: "tie" if len(set(v.values())) == 1 else min(v, key=v.__getitem__) for k, v in found.items()
        } == expected
        assert sorted(prompts(prefs)) == ["prompt 1", "prompt 2"]


def test_an_object_that_is_a_record_is_one_row(hunt: Path) -> None:
    folder = hunt / "label-studio-storage"
    expected = {("1", "5"): "left", ("1", "6"): "right", ("2", "5"): "left"}
    one_each = rankings(prefqa.read(folder / "one-annotation-per-file"))
    assert {k[:2]: min(v, key=v.__getitem__) for k, v in one_each.items()} == expected | {("2", "6"): "left"}
    whole = rankings(prefqa.read(folder / "one-task-per-file"))
    assert {k[:2]: min(v, key=v.__getitem__) for k, v in whole.items()} == expected
    assert (len(one_each), len(whole)) == (4, 3)
    assert list(rankings(prefqa.read(folder / "ranking.json")).values()) == [{"y": 1, "x": 2, "z": 3}]


@pytest.mark.parametrize("name", ["pairs", "extra-key", "tool-calls", "parts"])
def test_messages_of_other_keys(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = hunt / "message-keys-differ" / f"{name}.jsonl"
    code, _, err = call(capsys, "run", path, "-o", tmp_path / "out")
    assert (code, err) == (0, "")
    (row,) = pairs(tmp_path / "out")
    answers = ("10 o'clock", "I do not know") if name == "tool-calls" else ("Baikal", "lake")
    assert (plain(row["chosen"]), plain(row["rejected"])) == answers
    assert list(votes_of(prefqa.read(path)).values()) == [answers[0]]
    code, _, err = call(capsys, "convert", path, "-o", tmp_path / "o.jsonl", "--layout", "trl-conversational")
    assert (code, err) == (0, "")
    (written,) = map(json.loads, (tmp_path / "o.jsonl").read_text().splitlines())
    assert plain(written["chosen"]) == answers[0]
    assert [one["role"] for one in written["prompt"]] == ["user"]


@pytest.mark.parametrize(("name", "words"), [("extra-key", "name"), ("tool-calls", "tool_calls")])
def test_keys_of_messages_are_written_or_counted(
    hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: str
) -> None:
    path = hunt / "message-keys-differ" / f"{name}.jsonl"
    _, out, _ = call(capsys, "convert", path, "-o", tmp_path / "o.jsonl", "--layout", "trl-conversational")
    assert words in out + (tmp_path / "o.jsonl").read_text()


def test_one_column_per_annotator(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "one-column-per-annotator" / "votes.csv"
    prefs = prefqa.read(path)
    assert {key[:2]: winner for key, winner in votes_of(prefs).items()} == {
        ("q1", "ann_1"): "x", ("q1", "ann_2"): "x", ("q1", "ann_3"): "y",
        ("q2", "ann_1"): "w", ("q2", "ann_2"): "tie", ("q2", "ann_3"): "w",
        ("q3", "ann_1"): "u", ("q3", "ann_3"): "u",
    }  # fmt: skip
    named = prefqa.read(path, annotators=["ann_1", "ann_2", "ann_3"])
    assert votes_of(named) == votes_of(prefs)
    assert call(capsys, "run", path, "-o", tmp_path / "out")[0] == 0


def test_one_response_per_item_is_rated(hunt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = hunt / "one-response-per-item"
    path = folder / "scores.jsonl"
    for coefficient in ("alpha_nominal", "alpha_ordinal"):
        assert estimates(capsys, path, "scores", coefficient)["estimate"] == pytest.approx(0, abs=5e-4)
    assert estimates(capsys, path, "scores", "percent_agreement")["estimate"] == pytest.approx(0.92, abs=0.005)
    path = folder / "weighted-fleiss.jsonl"
    for weights, kappa in (("identity", 0.0878), ("linear", 0.0426)):
        found = estimates(capsys, path, "scores", "fleiss_kappa", "--weights", weights)
        assert found["estimate"] == pytest.approx(kappa, abs=5e-5)
    constant = estimates(capsys, folder / "constant.jsonl", "scores", "alpha_ordinal")
    assert (constant["estimate"], constant["reason"]) == (None, "all ratings are the same")
    for name, n in (("scores", 22), ("weighted-fleiss", 15), ("constant", 9)):
        code, out, _ = call(capsys, "check", folder / f"{name}.jsonl", "--format", "json")
        assert code == 0
        assert "PQ107" not in {one["code"] for one in json.loads(out)["findings"]}
        assert json.loads(out)["left_out"] == {"n_rows": 0, "of": n, "by_rule": []}


def test_leading_messages_are_the_prompt(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "prompt-within-chosen" / "pairs.jsonl"
    assert len(prompts(prefqa.read(path))) == 60
    assert call(capsys, "consensus", path, "-o", tmp_path / "p.jsonl")[0] == 0
    assert call(capsys, "run", path, "-o", tmp_path / "out")[0] == 0
    written = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text().splitlines()]
    for row in [*written, *pairs(tmp_path / "out")]:
        assert [one["role"] for one in row["prompt"]] == ["user"]
        assert row["prompt"][0]["content"].startswith("Question number ")
        assert [one["role"] for one in row["chosen"]] == [one["role"] for one in row["rejected"]] == ["assistant"]
        assert row["chosen"][0]["content"].startswith("good")
    assert len(written) == len(pairs(tmp_path / "out")) == 120


def test_no_question_is_in_two_parts(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "prompt-within-chosen" / "pairs.jsonl"
    assert call(capsys, "consensus", path, "-o", tmp_path / "p.jsonl", "--test-share", "0.3")[0] == 0
    parts = {one.name: one.read_text().splitlines() for one in tmp_path.glob("p.*")}
    assert len(parts) == 2
    questions = [{json.loads(line)["prompt"][0]["content"] for line in lines} for lines in parts.values()]
    assert (questions[0] & questions[1], len(questions[0] | questions[1])) == (set(), 60)
    assert sum(map(len, parts.values())) == 120


def test_prompts_of_several_splits_are_found(hunt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = call(capsys, "check", hunt / "prompt-within-chosen" / "with-split.jsonl", "--format", "json")
    found = {one["code"]: one for one in json.loads(out)["findings"]}
    assert (code, found["PQ210"]["severity"], found["PQ210"]["count"]) == (1, "error", 60)
    assert "PQ208" in json.loads(out)["ran"]


def test_several_turns_and_one_question_twice(hunt: Path) -> None:
    prefs = prefqa.read(hunt / "prompt-within-chosen" / "same-question.jsonl")
    assert len(votes_of(prefs)) == 4
    assert len(prompts(prefs)) == 3
    assert set(votes_of(prefs).values()) >= {"Baikal.", "The Nile.", "8849 m, the highest of all."}


def test_a_ranking_of_numbers_is_asked_about(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "ranking-beside-responses" / "responses.jsonl"
    texts = configs_of(refused(path))
    found = [
        sorted(sorted(one, key=one.__getitem__) for one in rankings(by_config(path, text)).values()) for text in texts
    ]
    right = [["r two", "r one", "r zero", "r three"], ["r two", "r zero", "r one", "r three"]]
    assert found[0] == sorted(right)
    assert found[1] != found[0]
    assert_refused_then(capsys, path, tmp_path, [outcomes(by_config(path, text)) for text in texts])


def test_rankings_that_are_drawn_do_not_agree(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "ranking-beside-responses" / "many-texts.jsonl"
    texts = configs_of(refused(path))
    assert_refused_then(capsys, path, tmp_path, [outcomes(by_config(path, text)) for text in texts])
    for number in range(len(texts)):
        config = tmp_path / f"prefqa-{number + 1}.toml"
        code, out, _ = call(capsys, "agreement", path, "-c", config, "--format", "json")
        alpha = next(one for one in json.loads(out)["estimates"] if one["coefficient"] == "alpha_nominal")
        assert (code, abs(alpha["estimate"]) < 0.2) == (0, True)


def test_how_much_better_is_read_and_self_battles_are_left_out(hunt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prefs = prefqa.read(hunt / "rows-left-out-unsaid" / "votes.jsonl")
    assert figures(prefs) == (60, 3, 180)
    assert prefqa.check(prefs).left_out.n_rows == 0
    path = hunt / "rows-left-out-unsaid" / "self-battle.jsonl"
    code, out, _ = call(capsys, "leaderboard", path)
    assert code == 0
    assert "14 of 36 rows left out (PQ123: a response compared with itself)." in flat(out)
    assert "7 votes of a name against itself left out" in flat(out)
    assert scores(capsys, path)["left_out"]["n_rows"] == 14
    for command in ("agreement", "disagreement", "consensus", "drift"):
        code, out, _ = call(capsys, command, path)
        assert "14 of 36 rows left out" in flat(out), command
        code, out, _ = call(capsys, command, path, "--format", "json")
        assert json.loads(out)["left_out"]["n_rows"] == 14, command


def test_minus_one_is_found_and_may_be_missing(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "score-of-minus-one" / "many.jsonl"
    code, out, _ = call(capsys, "check", path)
    assert code == 0
    assert "42 of 240 scores are far off the rest of their scale: -1 (42)" in flat(out)
    assert "missing = [-1] under [read]" in flat(out)
    config = tmp_path / "prefqa.toml"
    config.write_text("[read]\nmissing = [-1]\n")
    prefs = by_config(path, config.read_text())
    both = [one for one in rankings(prefs).values() if len(one) == 2]
    won = sum(1.0 if one["alpha"] < one["beta"] else 0.5 if one["alpha"] == one["beta"] else 0.0 for one in both)
    assert (len(both), round(won / len(both), 2)) == (78, 0.92)
    assert call(capsys, "check", path, "-c", config)[0] == 0


def test_preferences_in_the_form_of_sharegpt(hunt: Path) -> None:
    folder = hunt / "sharegpt-preferences"
    found = votes_of(prefqa.read(folder / "pairs.json"))
    assert {(item, winner) for (item, _, _), winner in found.items()} >= {("Are there signs?", "No")}
    assert sorted(found.values()) == ["Indeed", "No"]
    prefs = prefqa.read(folder / "multi-turn.json")
    assert [min(one, key=one.__getitem__) for one in rankings(prefs).values()] == ["Indeed it is"] * 3
    asked = prompts(prefs)
    assert [[one["role"] for one in prompt] for prompt in asked] == [["user", "assistant", "user"]] * 3
    assert len({prompt[0]["content"] for prompt in asked}) == 3


def test_votes_without_ids_are_votes_of_their_own(hunt: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = hunt / "votes-without-ids" / "battles.csv"
    board = scores(capsys, path)
    assert (board["overall"]["n_votes"], board["overall"]["n_ties"]) == (60, 6)
    expected = {"m1": 0.954, "m2": 0.410, "m3": -1.365}
    assert {one["name"]: one["score"] for one in board["leaderboard"]} == pytest.approx(expected, abs=5e-4)
    assert "PQ103" not in codes(prefqa.read(path))
    statements = " ".join(prefqa.read(path).reading.statements)
    assert "annotators cannot be compared" in statements
    path = hunt / "votes-without-ids" / "by-name.jsonl"
    winners = [{key[0]: winner} for key, winner in votes_of(prefqa.read(path)).items()]
    names = ("GPT-4", "GPT-4", "Claude", "Claude", "GPT-4", "Llama-2", "GPT-4", "tie")
    assert winners == [{f"b{n}": name} for n, name in enumerate(names)]
    assert scores(capsys, path)["leaderboard"][0]["name"] == "GPT-4"
    assert set(column(prefqa.read(path), "annotator_id")["annotator_id"]) == {"u0", "u1", "u2", "u3"}


@pytest.mark.parametrize("name", ["votes-without-ids/battles.csv", "one-column-per-annotator/votes.csv"])
def test_no_id_stands_for_a_prompt(hunt: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    call(capsys, "run", hunt / name, "-o", tmp_path / "out")
    assert not [row for row in pairs(tmp_path / "out") if row["prompt"] == row["item_id"]]
