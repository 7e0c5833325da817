"""Inputs that real people have and that a reader may get wrong in silence: read right, refused, or counted.

Each input states who wins. Reading gives exactly these votes, or is refused by an error whose configuration gives them.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.errors import PrefqaError, ReadError
from readers import campaigns

Row = dict[str, Any]
Votes = Counter[tuple[frozenset[str], str]]
N = 6
PAIRED = ("a", "b", "a", "a", "b", "tie")
DECIDED = ("a", "b", "a", "a", "b", "b")
RANKED = ((1, 2, 3), (2, 3, 1), (3, 1, 2), (2, 1, 3), (1, 1, 2), (3, 2, 1))


def texts(i: int) -> tuple[str, str, str]:
    """The three answers to question `i`; no order of the alphabet is that of the columns."""
    first = f"Apples are answer {i} here" if i % 2 else f"Zebras are answer {i} here"
    second = f"Many monkeys say {i} instead" if i % 3 else f"Birds would say {i} instead"
    return first, second, f"Nobody knows answer {i} yet"


def row(i: int, **cells: Any) -> Row:
    return {"prompt": f"What is question {i}?", "annotator": f"ann{i % 2}", **cells}


def pairs(truth: Sequence[str], first: str = "response_a", second: str = "response_b", **columns: Any) -> list[Row]:
    """Two answers per row; a column is a function of the row, or its values for a, b and a tie."""

    def cell(value: Any, i: int, vote: str) -> Any:
        return value(i) if callable(value) else dict(zip(("a", "b", "tie"), value, strict=False))[vote]

    return [
        row(i, **{first: texts(i)[0], second: texts(i)[1]}, **{name: cell(v, i, vote) for name, v in columns.items()})
        for i, vote in enumerate(truth)
    ]


def triples(**columns: Callable[[int], Any]) -> list[Row]:
    """Three answers per row, with further columns, in the order in which these are given."""
    return [row(i, **{name: make(i) for name, make in columns.items()}) for i in range(N)]


def singles(name: str, value: Callable[[int], Any]) -> list[Row]:
    """One answer per row, with what its rank becomes."""
    return [row(i, response=texts(i)[j], **{name: value(RANKED[i][j])}) for i in range(N) for j in range(3)]


def votes_in(truth: Sequence[str]) -> Votes:
    votes: Votes = Counter()
    for i, vote in enumerate(truth):
        first, second, _ = texts(i)
        if vote in ("a", "b", "tie"):
            votes[frozenset((first, second)), {"a": first, "b": second}.get(vote, "tie")] += 1
    return votes


def votes_in_ranks() -> Votes:
    votes: Votes = Counter()
    for i, ranks in enumerate(RANKED):
        for (one, low), (two, high) in itertools.combinations(zip(texts(i), ranks, strict=True), 2):
            votes[frozenset((one, two)), "tie" if low == high else one if low < high else two] += 1
    return votes


def votes_of(prefs: prefqa.Preferences) -> Votes:
    return Counter((pair, winner) for (_, _, pair), winner in campaigns.votes_of(prefs).items())


def refused(source: Any, **given: Any) -> str:
    with pytest.raises(PrefqaError) as caught:
        prefqa.read(source, **given)
    return str(caught.value)


def pasted(source: Any, **given: Any) -> list[Votes | str]:
    """The votes that each configuration in the refusal gives, or its refusal."""
    outcomes: list[Votes | str] = []
    configs = campaigns.pastes(refused(source, **given))
    for config in [one for i, one in enumerate(configs) if one not in configs[:i]]:
        try:
            outcomes.append(votes_of(prefqa.read(source, **campaigns.merged(given, campaigns.arguments(config)))))
        except PrefqaError as error:
            outcomes.append(str(error))
    return outcomes


# Which columns belong together does not depend on their order.

LETTERS = {"a": 0, "b": 1, "c": 2}
REORDERED = ["abc", "cab", "bca", "cba"]


@pytest.mark.parametrize("ranks", REORDERED)
@pytest.mark.parametrize("answers", REORDERED)
def test_numbered_columns_belong_together_by_their_letters(answers: str, ranks: str) -> None:
    columns = {f"response_{one}": lambda i, j=LETTERS[one]: texts(i)[j] for one in answers}
    columns |= {f"rank_{one}": lambda i, j=LETTERS[one]: RANKED[i][j] for one in ranks}
    assert votes_of(prefqa.read(triples(**columns))) == votes_in_ranks()


@pytest.mark.parametrize("labels", ["abc", "012", "ABCD"])
def test_numbered_columns_of_unlike_labels_are_refused(labels: str) -> None:
    columns = {f"response_{j + 1}": lambda i, j=j: texts(i)[j] for j in range(3)}
    columns |= {f"rank_{one}": lambda i, j=j: RANKED[i][min(j, 2)] for j, one in enumerate(labels)}
    rows = triples(**columns)
    message = refused(rows)
    assert "not numbered alike" in message
    mapped = {f"rank_{j + 1}": f"rank_{one}" for j, one in enumerate(labels[:3])}
    if len(labels) == 3:
        assert votes_of(prefqa.read(rows, columns=mapped)) == votes_in_ranks()


def test_two_groups_of_scores_are_refused_with_the_columns_of_either() -> None:
    columns = {f"response_{j}": lambda i, j=j: texts(i)[j - 1] for j in (1, 2, 3)}
    columns |= {f"rating_{j}": lambda i, j=j: RANKED[i][j - 1] for j in (1, 2, 3)}
    columns |= {f"score_{j}": lambda i, j=j: 4 - RANKED[i][j - 1] for j in (1, 2, 3)}
    assert votes_in_ranks() in pasted(triples(**columns))


def test_order_of_columns_changes_nothing() -> None:
    rows = pairs(
        PAIRED,
        winner_a=(1, 0, 0),
        winner_b=(0, 1, 0),
        winner_tie=(0, 0, 1),
        model_a=lambda i: "gpt",
        model_b=lambda i: "llama",
        length_a=lambda i: 10 + i,
        length_b=lambda i: 30 - i,
        reward_a=lambda i: 0.1 * i,
        reward_b=lambda i: 0.3,
        tags=lambda i: [1, 2],
        source=lambda i: "web",
        id=lambda i: i,
        reason=lambda i: f"because of {i}",
    )
    names = list(rows[0])
    for seed in range(12):
        random.Random(seed).shuffle(names)
        assert votes_of(prefqa.read([{name: one[name] for name in names} for one in rows])) == votes_in(PAIRED)


@pytest.mark.parametrize("kind", ["score", "rank", "winner"])
def test_two_pairs_that_may_both_decide_are_refused(kind: str) -> None:
    good = {"score": (5, 1), "rank": (1, 2), "winner": (1, 0)}[kind]
    columns = {
        f"harmless_{kind}_a": good[::-1],
        f"harmless_{kind}_b": good,
        f"helpful_{kind}_a": good,
        f"helpful_{kind}_b": good[::-1],
    }
    turned = votes_in(tuple("b" if vote == "a" else "a" for vote in DECIDED))
    assert pasted(pairs(DECIDED, **columns)) == [turned, votes_in(DECIDED)]
    columns |= {f"{kind}_a": good, f"{kind}_b": good[::-1]}  # a pair without a criterion is the whole
    assert votes_of(prefqa.read(pairs(DECIDED, **columns))) == votes_in(DECIDED)


def test_of_two_pairs_of_texts_the_votes_name_one() -> None:
    rows = pairs(
        PAIRED,
        "answer_a",
        "answer_b",
        winner=("a", "b", "tie"),
        reply_1=lambda i: texts(i)[2],
        reply_2=lambda i: "Hm, what?",
    )
    assert votes_of(prefqa.read(rows)) == votes_in(PAIRED)


def test_columns_of_annotators_that_look_like_a_pair_are_votes() -> None:
    rows = pairs(DECIDED, Q1=("A", "B"), Q2=("A", "B"))
    read = prefqa.read(rows, annotators=["Q1", "Q2"])
    assert votes_of(read) == votes_in(DECIDED) + votes_in(DECIDED)


# Which direction is better.

LOWER = [
    "error_score",
    "loss_score",
    "rank_score",
    "harm_score",
    "hallucinations_rating",
    "penalty_points",
    "bad_score",
    "toxicity_score",
]


@pytest.mark.parametrize("name", LOWER)
def test_scores_whose_name_does_not_say_which_end_is_better_are_refused(name: str) -> None:
    turned = votes_in(["b" if v == "a" else "a" if v == "b" else v for v in PAIRED])
    for first, second in ((f"{name}_a", f"{name}_b"), (f"a_{name}", f"b_{name}")):
        offered = pasted(pairs(PAIRED, **{first: (0.1, 0.9, 0.5), second: (0.9, 0.1, 0.5)}))
        assert votes_in(PAIRED) in offered
        assert turned in offered
    assert votes_in_ranks() in pasted(singles(name, float), columns={"score": name})


def test_a_pair_of_measures_is_offered_as_scores_in_either_direction() -> None:
    assert votes_in(PAIRED) in pasted(pairs(PAIRED, error_a=(0.1, 0.9, 0.5), error_b=(0.9, 0.1, 0.5)))


def test_scores_with_a_direction_are_read() -> None:
    assert votes_of(prefqa.read(pairs(PAIRED, score_a=(5, 1, 3), score_b=(1, 5, 3)))) == votes_in(PAIRED)
    rows = pairs(PAIRED, error_score_a=(1, 5, 3), error_score_b=(5, 1, 3))
    assert votes_of(prefqa.read(rows, higher="worse")) == votes_in(PAIRED)


# Ranks and scores that are not written as numbers.

ORDINALS: dict[str, Callable[[int], str]] = {
    "1st": lambda k: ("1st", "2nd", "3rd")[k - 1],
    "#1": lambda k: f"#{k}",
    "1.": lambda k: f"{k}.",
    "Rank 1": lambda k: f"Rank {k}",
    "first": lambda k: ("first", "Second", "third")[k - 1],
}


@pytest.mark.parametrize("form", ORDINALS)
def test_ordinals_are_ranks(form: str) -> None:
    write = ORDINALS[form]
    assert votes_of(prefqa.read(singles("rank", write))) == votes_in_ranks()
    columns = {f"response_{one}": lambda i, j=j: texts(i)[j] for one, j in LETTERS.items()}
    columns |= {f"rank_{one}": lambda i, j=j: write(RANKED[i][j]) for one, j in LETTERS.items()}
    assert votes_of(prefqa.read(triples(**columns))) == votes_in_ranks()
    ranks = (write(1), write(2)), (write(2), write(1))
    rows = pairs(DECIDED, rank_a=(ranks[0][0], ranks[1][0]), rank_b=(ranks[0][1], ranks[1][1]))
    assert votes_of(prefqa.read(rows)) == votes_in(DECIDED)


@pytest.mark.parametrize("write", [lambda k: "abc"[k - 1], lambda k: "I" * k, lambda k: k - 0.5], ids=["a", "I", "0.5"])
def test_ranks_that_are_no_numbers_are_refused(write: Callable[[int], Any]) -> None:
    assert "most ranks are no whole numbers" in refused(singles("rank", write))


@pytest.mark.parametrize("write", ["{}%", "{}/5", "{},5"])
def test_scores_that_are_no_numbers_are_refused(write: str) -> None:
    assert "most scores are no numbers" in refused(singles("score", lambda k: write.format(4 - k)))


def test_pairs_of_marks_are_refused() -> None:
    assert "most scores are no numbers" in refused(pairs(DECIDED, grade_a=("A", "C"), grade_b=("B", "A")))
    assert "most ranks are no whole numbers" in refused(pairs(DECIDED, mean_rank_a=(1.3, 1.7), mean_rank_b=(1.7, 1.3)))


@pytest.mark.parametrize("name", ["rating", "stars", "ranking", "quality"])
def test_words_that_rate_are_not_dropped_as_if_nobody_had_rated(name: str) -> None:
    rows = singles(name, lambda k: ("good", "ok", "bad")[k - 1])
    message = refused(rows)
    assert "'bad', 'good', 'ok'" in message
    assert prefqa.read(rows, columns={"label": name}).source.shape == "labels"
    assert prefqa.read(rows, format="prompt-response").source.shape == "prompt-response"


# Votes in other words.


@pytest.mark.parametrize("name", ["winner", "a_is_better", "is_a_better", "prefers_a", "chosen_is_a", "label"])
@pytest.mark.parametrize("values", [(True, False), ("yes", "no"), (1, 0)])
def test_booleans_are_refused_until_someone_says_what_true_means(name: str, values: tuple[Any, Any]) -> None:
    rows = pairs(DECIDED, **{name: values})
    given = {} if name in ("winner", "label") else {"columns": {"winner": name}}
    assert votes_in(DECIDED) in pasted(rows, **given)
    if given:
        refused(rows)


def test_numbers_beside_words_are_pasted_with_the_words() -> None:
    rows = pairs(PAIRED, winner=lambda i: {"a": ("A", "1")[i % 2], "b": "2", "tie": "tie"}[PAIRED[i]])
    assert votes_in(PAIRED) in pasted(rows)


@pytest.mark.parametrize("name", ["loser", "worse_response", "which_is_worse", "not_preferred", "rejected", "worst"])
def test_a_column_of_the_worse_response_is_offered_turned(name: str) -> None:
    offered = pasted(pairs(DECIDED, **{name: ("b", "a")}))
    assert votes_in(DECIDED) in offered or any("[read.votes]" in one for one in offered if isinstance(one, str))


def test_counts_of_votes_are_no_votes_of_one_person() -> None:
    rows = pairs(PAIRED, votes_a=(3, 1, 2), votes_b=(0, 2, 2))
    assert pasted(rows)[0] == votes_in(PAIRED)


def test_flags_of_pandas_are_flags() -> None:
    nan = float("nan")
    rows = pairs(PAIRED, winner_a=(1.0, nan, nan), winner_b=(nan, 1.0, nan), winner_tie=(nan, nan, 1.0))
    assert votes_of(prefqa.read(rows)) == votes_in(PAIRED)


@pytest.mark.parametrize("suffix", [".0", ""])
def test_ids_that_pandas_made_floats_are_the_same_ids(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "votes.csv"
    rows = pairs(
        DECIDED, response_a_id=lambda i: 10 + 2 * i, response_b_id=lambda i: 11 + 2 * i,
        winner=lambda i: f"{10 + 2 * i + (DECIDED[i] == 'b')}{suffix}",
    )  # fmt: skip
    pl.DataFrame(rows).write_csv(path)
    assert votes_of(prefqa.read(path)) == votes_in(DECIDED)


def test_names_that_differ_from_row_to_row_are_not_offered_as_sides_without_a_word() -> None:
    names = (("gpt", "llama"), ("llama", "gpt"))
    rows = pairs(
        DECIDED, model_a=lambda i: names[i % 2][0], model_b=lambda i: names[i % 2][1],
        winner=lambda i: names[i % 2][DECIDED[i] == "b"].upper(),
    )  # fmt: skip
    assert "Names of responses are read where they are written as in 'model_a'" in refused(rows)


def test_chosen_and_rejected_that_name_columns_are_no_responses() -> None:
    for chosen, rejected, ends in ((("a", "b"), ("b", "a"), "ab"), ((1, 2), (2, 1), "12")):
        rows = pairs(DECIDED, f"option_{ends[0]}", f"option_{ends[1]}", chosen=chosen, rejected=rejected)
        assert votes_in(DECIDED) in pasted(rows)


def test_a_vote_against_the_chosen_response_is_refused() -> None:
    rows = pairs(DECIDED, "chosen", "rejected", winner=("chosen", "rejected"))
    assert pasted(rows) == [votes_in(["a"] * N), votes_in(DECIDED)]


@pytest.mark.parametrize("tie", ["A/B", "A,B", "A and B", "A&B", "AB", "[A, B]", "A or B", '["A","B"]', "A;B"])
def test_both_letters_are_counted_and_no_vote(tie: str) -> None:
    read = prefqa.read(pairs(PAIRED, winner=("A", "B", tie)))
    assert votes_of(read) == votes_in(PAIRED[:5])
    assert campaigns.n_counted(read) == 1


# Classes of Hugging Face data sets.


@pytest.fixture
def classes() -> Any:
    datasets = pytest.importorskip("datasets")
    rows = [{"prompt": f"What is question {i}?", "response_1": texts(i)[0], "response_2": texts(i)[1], "winner": vote}
            for i, vote in enumerate(["first" if one == "a" else "second" for one in DECIDED])]  # fmt: skip
    features = {name: datasets.Value("string") for name in ("prompt", "response_1", "response_2")}
    features["winner"] = datasets.ClassLabel(names=["tie", "second", "first"])  # 1 is the second response
    return datasets.Dataset.from_list(rows, features=datasets.Features(features))


def test_classes_are_read_by_their_names(classes: Any, tmp_path: Path) -> None:
    path = tmp_path / "votes.parquet"
    classes.to_parquet(path)
    for source in (classes, path):
        assert votes_of(prefqa.read(source)) == votes_in(DECIDED)
    assert any("tie, second, first" in one for one in prefqa.read(path).reading.statements)


def test_damaged_features_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "votes.parquet"
    frame = pl.DataFrame(pairs(PAIRED, winner=("a", "b", "tie")))
    for text in ("{", "[]", '{"info": 3}', '{"info": {"features": {"winner": {"_type": "ClassLabel", "names": [1]}}}}'):
        frame.write_parquet(path, metadata={"huggingface": text})
        assert votes_of(prefqa.read(path)) == votes_in(PAIRED)


# Types and names.

FRAME = pl.DataFrame(pairs(PAIRED, winner=("a", "b", "tie")))
OBJECTS = pl.Series("x", [object() for _ in range(N)], dtype=pl.Object)
TYPES: dict[str, pl.Expr | pl.Series] = {
    "categories": pl.all().cast(pl.Categorical),
    "enum": pl.col("winner").cast(pl.Enum(["a", "b", "tie"])),
    "bytes that are text": pl.all().cast(pl.Binary),
    "bytes": pl.lit(b"\xff\xfe").alias("image"),
    "objects": OBJECTS,
    "array": pl.Series("embedding", [[1.0, 2.0]] * N, dtype=pl.Array(pl.Float64, 2)),
    "duration": pl.lit(dt.timedelta(days=5)).alias("created_at"),
    "null": pl.lit(None).alias("created_at"),
    "list": pl.Series("score", [[1, 2]] * N),
}


@pytest.mark.parametrize("kind", TYPES)
def test_votes_beside_columns_of_any_type_are_read(kind: str) -> None:
    assert votes_of(prefqa.read(FRAME.with_columns(TYPES[kind]))) == votes_in(PAIRED)


@pytest.mark.parametrize("name", ["winner", "response_a", "annotator_id", "item_id"])
@pytest.mark.parametrize(
    "value",
    [
        pl.lit(b"\xff\xfe"),
        pl.lit(dt.timedelta(1)),
        pl.struct(x=1),
        pl.lit([1, 2], pl.List(pl.Int64)),
        pl.lit(None),
        OBJECTS,
    ],
    ids=["bytes", "duration", "struct", "list", "null", "object"],
)
def test_no_type_in_any_role_ends_in_a_traceback(name: str, value: pl.Expr | pl.Series) -> None:
    frame = FRAME.with_columns(value.alias(name))
    try:
        votes = votes_of(prefqa.read(frame))
    except PrefqaError:
        return
    assert prefqa.read(frame).usable().collect().height in (0, 2 * N)
    assert name != "winner" or not votes


def test_a_duration_is_seconds() -> None:
    read = prefqa.read(FRAME.with_columns(duration_s=pl.lit(dt.timedelta(minutes=1.5))))
    assert read.judgments.collect()["duration_s"].unique().to_list() == [90.0]


def test_arrays_of_ranks_are_lists() -> None:
    rows = {
        "prompt": [f"What is question {i}?" for i in range(N)],
        "responses": [texts(i) for i in range(N)],
        "ranks": RANKED,
    }
    types = {"responses": pl.Array(pl.String, 3), "ranks": pl.Array(pl.Int64, 3)}
    assert votes_of(prefqa.read(pl.DataFrame(rows, schema_overrides=types))) == votes_in_ranks()


def test_ids_without_a_value_are_no_item_called_nan() -> None:
    rows = [one | {"item_id": float("nan") if i == 2 else float(i)} for i, one in enumerate(FRAME.to_dicts())]
    ids = prefqa.read(rows).judgments.collect()["item_id"]
    assert sorted(set(ids.drop_nulls())) == ["0", "1", "3", "4", "5"]
    assert ids.null_count() == 2


@pytest.mark.parametrize(
    "names",
    [
        ["_row", "source_row"],
        ["rank", "source_rank"],
        ["status", "source_status"],
        ["both_bad", "strength"],
        ["_vote", "_said"],
        ["_common", "_k", "_0"],
        ["_id_1", "_pair"],
        ["item_id_unmapped"],
    ],
    ids=",".join,
)
def test_columns_called_as_ours_are_kept_apart(names: list[str]) -> None:
    extra = {name: [f"word {i}" for i in range(N)] for name in names}
    rows = pairs(PAIRED, winner=("a much better", "b slightly better", "both bad"))
    assert votes_of(
        prefqa.read(pl.DataFrame(rows).with_columns(**{n: pl.Series(v) for n, v in extra.items()}))
    ) == votes_in(PAIRED)
    turns = [
        {side: [{"role": "user", "content": f"What is question {i}?"}, {"role": "assistant", "content": texts(i)[j]}]
         for j, side in enumerate(("chosen", "rejected"))} | {name: i for name in names if name != "item_id_unmapped"}
        for i in range(N)
    ]  # fmt: skip
    assert votes_of(prefqa.read(turns)) == votes_in(["a"] * N)


@pytest.mark.parametrize("missing", [None, []], ids=["null", "empty"])
def test_dialogues_without_an_answer_are_found(missing: Any) -> None:
    turns = [
        {side: [{"role": "user", "content": f"What is question {i}?"}, {"role": "assistant", "content": texts(i)[j]}]
         for j, side in enumerate(("chosen", "rejected"))}
        for i in range(N)
    ]  # fmt: skip
    turns[2]["rejected"] = missing
    found = prefqa.check(prefqa.read(turns)).to_dict()["findings"]
    assert "PQ201" in {one["code"] for one in found}


@pytest.mark.parametrize("name", ["votes", "annotations", "judgments", "winner", "preference"])
@pytest.mark.parametrize(
    "value", [["a", "b"], {"winner": "a"}, [{"annotator": "x", "vote": "a"}]], ids=["list", "object", "objects"]
)
def test_several_votes_in_a_cell_are_refused(name: str, value: Any) -> None:
    assert "where one vote is expected" in refused(pairs(DECIDED, **{name: lambda i: value}))


@pytest.mark.parametrize("name", ["item_id", "annotator_id", "batch", "created_at"])
@pytest.mark.parametrize("value", [[1, 2], {"x": 1}], ids=["list", "object"])
def test_nested_values_in_a_standard_column_are_refused_with_what_does_without(name: str, value: Any) -> None:
    rows = pairs(DECIDED, **{name: lambda i: value}, winner=("a", "b"))
    assert pasted(rows)[0] == votes_in(DECIDED)


def test_a_response_in_a_list_of_one_is_its_text() -> None:
    rows = [one | {name: [one[name]] for name in ("response_a", "response_b")} for one in FRAME.to_dicts()]
    assert votes_of(prefqa.read(rows)) == votes_in(PAIRED)
    rows = [one | {name: {"foo": one[name]} for name in ("response_a", "response_b")} for one in FRAME.to_dicts()]
    assert "no text of a response is known" in refused(rows)


def test_a_lazy_frame_that_fails_is_a_read_error() -> None:
    for broken in (pl.col("nope"), pl.col("winner").cast(pl.Int64)):
        with pytest.raises(ReadError, match="lazy frame"):
            prefqa.read(FRAME.lazy().with_columns(broken))


# Lists.


def lists(**columns: Callable[[int], Any]) -> list[Row]:
    return [row(i, responses=list(texts(i)), **{name: make(i) for name, make in columns.items()}) for i in range(N)]


@pytest.mark.parametrize("scores", [["30%", "20%", "10%"], ["good", "bad", "ok"]])
def test_lists_of_scores_that_are_no_numbers_are_refused(scores: list[str]) -> None:
    assert "most scores are no numbers" in refused(lists(scores=lambda i: scores))


@pytest.mark.parametrize("letters", ["ABC", "abc"])
def test_an_order_of_letters_names_the_responses(letters: str) -> None:
    ranks = [one for one in RANKED if len(set(one)) == 3]
    rows = [
        row(i, responses=list(texts(i)), order=[letters[one.index(k)] for k in (1, 2, 3)])
        for i, one in enumerate(ranks)
    ]
    for i, one in enumerate(ranks):
        votes = votes_of(prefqa.read([rows[i]]))
        assert sum(n for (_, winner), n in votes.items() if winner == texts(i)[one.index(1)]) == 2


def test_an_order_of_unknown_names_is_refused() -> None:
    assert "which none of them is called" in refused(lists(order=lambda i: ["foo", "bar", "baz"]))


@pytest.mark.parametrize("order", [[0, 0, 1], [2, 2, 2]])
def test_an_order_that_names_a_response_twice_is_counted(order: list[int]) -> None:
    read = prefqa.read(lists(order=lambda i: order if i else [2, 0, 1]))
    assert sum(votes_of(read).values()) == 3
    assert campaigns.n_counted(read) >= N - 1


@pytest.mark.parametrize("layout", ["lists", "columns"])
def test_an_order_in_words_that_names_a_response_twice_is_counted(layout: str) -> None:
    def words(i: int) -> str:
        return "A > B > A" if i == 2 else "B > A > C"

    columns = {f"response_{one}": lambda i, j=j: texts(i)[j] for one, j in LETTERS.items()}
    read = prefqa.read(lists(ranking=words) if layout == "lists" else triples(**columns, ranking=words))
    assert sum(votes_of(read).values()) == 3 * (N - 1)
    assert campaigns.n_counted(read) == 1


# Columns that look the same, signs, and marks of the best.


@pytest.mark.parametrize(
    "values", [(">", "<", "="), ("👈", "👉", "🤝"), ("<-", "->", "-")], ids=["signs", "hands", "arrows"]
)
def test_signs_are_no_missing_votes(values: tuple[str, str, str]) -> None:
    assert "most votes are not understood" in refused(pairs(PAIRED, winner=values))


def test_columns_that_always_say_the_opposite_are_not_the_same() -> None:
    message = refused(pairs(DECIDED, vote=("A", "B"), choice=("B", "A")))
    assert "'vote'" in message
    assert "'choice'" in message
    rows = [one | {"overall score": 4 - one["Rating"]} for one in singles("Rating", lambda k: 4 - k)]
    assert votes_in_ranks() in pasted(rows)


@pytest.mark.parametrize("name", ["is_best", "chosen", "winner", "preferred", "selected"])
@pytest.mark.parametrize("values", [(True, False), (1, 0)], ids=["true", "1"])
def test_marks_of_the_best_response_are_not_dropped(name: str, values: tuple[Any, Any]) -> None:
    rows = singles(name, lambda k: values[0] if k == 1 else values[1])
    best = prefqa.read(rows, columns={"score": name})
    assert sum(votes_of(best).values()) == 3 * N
    refused(rows)
