"""Pairs of several criteria: of one, of the overall vote, or of each for itself, and never in one file."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

import prefqa
from prefqa.criteria import criteria_of, parts_of
from prefqa.errors import UsageError
from test_cli import call

ALL = ("harmless", "helpful", "overall")


def campaign(folder: Path, names: tuple[str, ...] = ALL, **more: object) -> Path:
    """Items that harmless turns round: by it b wins, by the others a; harmless has a tie each fifth item."""
    rows = [
        {"item_id": f"p{i}", "annotator_id": who, "criterion": name, "response_id": side, "prompt": f"Question {i}?",
         "text": f"Answer {side} to {i}.",
         "rank": 1 if (name == "harmless" and i % 5 == 0) or (side == ("b" if name == "harmless" else "a")) else 2}
        | more
        for i in range(20)
        for who in "xyz"
        for name in names
        for side in "ab"
    ]  # fmt: skip
    path = folder / "campaign.parquet"
    pl.DataFrame(rows).write_parquet(path)
    return path


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_run_takes_the_overall_vote_where_there_is_one(tmp_path: Path) -> None:
    run = prefqa.run(campaign(tmp_path))
    run.write_files(tmp_path / "out")
    assert run.criterion == "overall"
    assert not run.by_criterion
    rows = lines(tmp_path / "out" / "pairs.jsonl")
    assert len(rows) == 20
    assert {(row["criterion"], row["chosen_id"]) for row in rows} == {("overall", "a")}
    assert run.consensus.overall["n_items"] == 20
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["consensus"]["criterion"] == "overall"
    assert summary["criteria"]["names"] == ["harmless", "helpful"]


def test_run_takes_the_criterion_that_is_asked_for_fitted_to_its_judgments_alone(tmp_path: Path) -> None:
    path = campaign(tmp_path)
    run = prefqa.run(path, config={"consensus": {"criterion": "harmless"}})
    alone = prefqa.read(pl.read_parquet(path).filter(criterion="harmless").drop("criterion"))
    figures = ["chosen_id", "rejected_id", "probability", "n_votes", "tie"]
    assert run.pairs.select(figures).equals(prefqa.consensus(alone).pairs().select(figures))
    assert (
        prefqa.consensus(prefqa.read(path), criterion="harmless")
        .pairs()
        .select(figures)
        .equals(run.pairs.select(figures))
    )
    with pytest.raises(UsageError, match="did you mean 'harmless'"):
        prefqa.run(path, config={"consensus": {"criterion": "harmles"}})
    with pytest.raises(UsageError, match="the data has no criteria"):
        prefqa.run(prefqa.simulate(n_items=5, texts=False).preferences, config={"consensus": {"criterion": "helpful"}})


def test_without_an_overall_vote_each_criterion_has_a_file_of_its_own(tmp_path: Path) -> None:
    path = campaign(tmp_path, ("harmless", "helpful"))
    run = prefqa.run(path, config={"consensus": {"test_share": 0.3}})
    run.write_files(tmp_path / "out")
    names = {one.name for one in (tmp_path / "out").iterdir()}
    assert {"pairs.1-harmless.jsonl", "pairs.2-helpful.jsonl", "pairs.1-harmless.test.jsonl"} <= names
    assert "pairs.jsonl" not in names
    harmless, helpful = (lines(tmp_path / "out" / f"pairs.{name}.jsonl") for name in ("1-harmless", "2-helpful"))
    assert (len(harmless), {row["chosen_id"] for row in harmless}) == (16, {"b"})
    assert (len(helpful), {row["chosen_id"] for row in helpful}) == (20, {"a"})
    marked = pl.read_parquet(tmp_path / "out" / "pairs.parquet")
    assert dict(marked["criterion"].value_counts().rows()) == {"harmless": 20, "helpful": 20}
    assert marked["item_id"].is_sorted()
    assert run.criteria is not None
    assert "[criteria] overall" in str(run.criteria.reason)
    test = {row["prompt"] for row in lines(tmp_path / "out" / "pairs.1-harmless.test.jsonl")}
    assert not test & {row["prompt"] for row in lines(tmp_path / "out" / "pairs.2-helpful.train.jsonl")}
    again = prefqa.run(path, config={"consensus": {"criterion": "helpful"}})
    again.write_files(tmp_path / "out")
    assert not list((tmp_path / "out").glob("pairs.1-*"))


def test_names_of_criteria_lead_nowhere(tmp_path: Path) -> None:
    run = prefqa.run(campaign(tmp_path, ("../../x", "a/b", "日本", "a-b", " ")))
    assert [part.file(n) for n, part in enumerate(run.by_criterion, start=1)] == [
        "pairs.1.jsonl", "pairs.2-x.jsonl", "pairs.3-a-b.jsonl", "pairs.4-a-b.jsonl", "pairs.5.jsonl",
    ]  # fmt: skip


def test_judgments_without_a_criterion_are_a_part_of_their_own(tmp_path: Path) -> None:
    frame = pl.read_parquet(campaign(tmp_path, ("harmless", "helpful")))
    some = frame.with_columns(
        item_id=pl.concat_str("item_id", pl.lit("-"), "criterion"),
        criterion=pl.when(pl.col("criterion") != "helpful").then("criterion"),
    )
    prefs = prefqa.read(some)
    assert criteria_of(prefs) == ("harmless", None)
    run = prefqa.run(prefs)
    assert [(part.criterion, part.pair_set.n_pairs) for part in run.by_criterion] == [("harmless", 20), (None, 20)]


def test_one_criterion_or_none_changes_nothing(tmp_path: Path) -> None:
    for names in (("helpful",), ("overall",)):
        run = prefqa.run(campaign(tmp_path, names))
        assert (run.criterion, run.by_criterion, run.criteria) == (None, (), None)
        assert run.pair_set.no_file is None


@pytest.mark.parametrize(
    ("asked", "overall", "expected"),
    [
        (None, None, ("overall",)),
        (None, "helpful", ("helpful",)),
        ("helpful", None, ("helpful",)),
        ("each", None, ALL),
    ],
)
def test_which_pairs_are_wanted(asked: str | None, overall: str | None, expected: tuple[str, ...]) -> None:
    assert parts_of(ALL, asked, overall) == expected


def test_pairs_of_several_criteria_are_refused_by_every_layout(tmp_path: Path) -> None:
    prefs = prefqa.read(campaign(tmp_path))
    pairs = prefqa.consensus(prefs).pairs()
    assert set(pairs["criterion"]) == set(ALL)
    for layout in ("trl", "prefqa", "csv", "hugging-face"):
        with pytest.raises(UsageError, match="pairs of several criteria"):
            prefqa.write_pairs(pairs, tmp_path / "pairs.jsonl", layout=layout)
    with pytest.raises(UsageError, match="pairs of several criteria"):
        prefqa.consensus(prefs).pair_set().write(tmp_path / "pairs.jsonl", layout="trl")
    assert not (tmp_path / "pairs.jsonl").exists()
    prefqa.write_pairs(pairs.filter(criterion="helpful"), tmp_path / "pairs.jsonl", layout="trl")


def test_the_commands_take_a_criterion_and_say_which(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = campaign(tmp_path), tmp_path / "pairs.jsonl"
    code, said, _ = call(capsys, "convert", path, "-o", out, "--layout", "trl", "--criterion", "harmless")
    assert (code, "pairs of the criterion harmless" in said) == (0, True)
    assert {str(row["chosen"])[:8] for row in lines(out)} == {"Answer b"}
    code, said, _ = call(capsys, "consensus", path, "-o", out)
    assert "Consensus and pairs are of the criterion overall" in " ".join(said.split())
    assert {row["chosen_id"] for row in lines(out)} == {"a"}
    out.unlink()
    for command in (("consensus", path, "-o", out), ("convert", path, "-o", out, "--layout", "trl")):
        code, _, err = call(capsys, *command, "--criterion", "each")
        assert (code, "pairs of several criteria" in err, out.exists()) == (2, True, False)
    parsed = json.loads(call(capsys, "consensus", path, "--criterion", "each", "--format", "json")[1])
    assert [part["criterion"] for part in parsed["by_criterion"]] == list(ALL)
    assert parsed["by_criterion"][0]["pair_set"]["training_file"]["n_pairs"] == 16


def test_the_command_criteria_prints_weights_and_refuses_with_a_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = campaign(tmp_path)
    code, said, _ = call(capsys, "criteria", path)
    assert code == 0
    assert "separated" in said
    assert "60 votes on overall" in " ".join(said.split())
    parsed = json.loads(call(capsys, "criteria", path, "--overall", "harmless", "--format", "json")[1])
    assert (parsed["overall"], parsed["n_ties"], parsed["n_against_all"]) == ("harmless", 12, 48)
    code, _, err = call(capsys, "criteria", campaign(tmp_path, ("harmless", "helpful")))
    assert (code, "[criteria] overall" in err) == (2, True)


def test_the_summary_and_the_report_have_the_criteria(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, out = campaign(tmp_path), tmp_path / "out"
    _, said, _ = call(capsys, "run", path, "-o", out)
    words = " ".join(said.split())
    assert "Consensus and pairs are of the criterion overall (of harmless, helpful, overall" in words
    assert "Criteria 60 votes on overall" in words
    page = (out / "report.html").read_text()
    assert '<section id="criteria">' in page
    assert "Votes against their criteria" not in page  # there is none
    listed = pl.read_parquet(out / "contradictions.parquet")
    assert listed.height == 0
    named = campaign(tmp_path, ("<b>x</b>", "helpful"))
    call(capsys, "run", named, "-o", out)
    page = (out / "report.html").read_text()
    assert "<b>x</b>" not in page
    assert "pairs.1-b-x-b.jsonl" in page
    assert not (out / "contradictions.parquet").exists()


def test_votes_against_all_criteria_are_found_by_their_rule(tmp_path: Path) -> None:
    frame = pl.read_parquet(campaign(tmp_path))
    swapped = (pl.col("item_id") == "p7") & (pl.col("annotator_id") == "y") & (pl.col("criterion") == "overall")
    neutral = pl.when(criterion="harmless").then(1).otherwise("rank")
    planted = frame.with_columns(rank=pl.when(swapped).then(3 - pl.col("rank")).otherwise(neutral))
    found = prefqa.check(prefqa.read(planted), select=["PQ507"]).findings.row(0, named=True)
    assert (found["count"], round(found["share"] * 60)) == (1, 1)
    assert found["examples"][0] | {"row": None} == {
        "row": None, "item_id": "p7/overall", "annotator_id": "y", "response_id": None,
        "value": "b over a, against helpful",
    }  # fmt: skip
    options = {"PQ507": {"overall": "helpful"}}
    assert prefqa.check(prefqa.read(planted), select=["PQ507"], options=options).findings["count"].sum() == 1
    nothing = prefqa.check(prefqa.simulate(n_items=5, texts=False).preferences, select=["PQ507"])
    assert nothing.not_run["reason"].to_list() == ["the data has no several criteria (column criterion)"]
