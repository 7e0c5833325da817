"""Our files in the real trl: its data utilities, and one step of its DPO, reward and KTO trainers on tiny models."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import prefqa
from prefqa.writers import write_pairs
from prefqa.writers.pair_files import write_pair_file

pytest.importorskip("trl", reason="the package trl is not installed (pip install 'prefqa[trl]')")
import datasets
import jinja2
import torch
import transformers
import trl

from tiny_models import CHAT, byte_tokenizer, settings, tiny
from writers.fixtures import ADD, FIXTURES, TEMPLATES
from writers.test_fixtures import divided

pytestmark = [
    pytest.mark.trl,
    pytest.mark.filterwarnings("ignore"),  # those of other packages about each other
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return byte_tokenizer()


def campaign(*, chat: bool) -> prefqa.Preferences:
    prefs = prefqa.simulate(n_items=8, n_responses=3, seed=1, tie_threshold=0.4).preferences
    if not chat:
        return prefs
    assert prefs.responses is not None
    message = pl.concat_list(pl.struct(role=pl.lit("assistant"), content="text"))
    return replace(prefs, responses=prefs.responses.with_columns(text=message))


def loaded(prefs: prefqa.Preferences, folder: Path, **selection: Any) -> Any:
    """Write pairs.jsonl, and read it as trainers' users do."""
    path = folder / "pairs.jsonl"
    write_pair_file(prefqa.consensus(prefs, method="majority").pairs(**selection), path)
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(folder / "cache"))


def parameters(model: Any) -> Any:
    return torch.cat([each.detach().flatten().clone() for each in model.parameters()])


def takes_a_dpo_step(tokenizer: Any, folder: Path, data: Any) -> None:
    model, reference = (tiny(transformers.LlamaForCausalLM, tokenizer) for _ in range(2))
    before = parameters(model)
    trainer = trl.DPOTrainer(
        model=model, ref_model=reference, args=settings(trl.DPOConfig, folder, max_length=512), train_dataset=data,
        processing_class=tokenizer,
    )  # fmt: skip
    assert len(trainer.train_dataset) == len(data)
    # At the start the policy is the reference, so the loss is log 2 whatever the pairs.
    assert trainer.train().training_loss == pytest.approx(0.6931, abs=1e-3)
    assert not torch.equal(parameters(model), before)


@pytest.mark.parametrize("chat", [False, True], ids=["text", "chat"])
def test_dpo_takes_a_step(tokenizer: Any, tmp_path: Path, chat: bool) -> None:
    data = loaded(campaign(chat=chat), tmp_path, ties="half")
    assert ("role" in data[0]["prompt"][0]) == chat
    takes_a_dpo_step(tokenizer, tmp_path, data)


def reward_trainer(tokenizer: Any, folder: Path, data: Any) -> Any:
    model = tiny(transformers.LlamaForSequenceClassification, tokenizer, num_labels=1)
    return trl.RewardTrainer(
        model=model, args=settings(trl.RewardConfig, folder, max_length=1024), train_dataset=data,
        processing_class=tokenizer,
    )  # fmt: skip


@pytest.mark.parametrize("margin", ["logit", "theta", "graded"])
@pytest.mark.parametrize("chat", [False, True], ids=["text", "chat"])
def test_the_reward_trainer_takes_a_step_and_subtracts_the_margin(
    tokenizer: Any, tmp_path: Path, chat: bool, margin: str
) -> None:
    data = loaded(campaign(chat=chat), tmp_path, margin=margin, ties="drop")
    trainer = reward_trainer(tokenizer, tmp_path, data)
    assert len(trainer.train_dataset) == len(data)
    batch = trainer.data_collator([trainer.train_dataset[at] for at in range(4)])
    assert batch["margin"].tolist() == pytest.approx(data["margin"][:4])
    assert batch["margin"].abs().max() > 0
    with torch.no_grad():
        rewards = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits.squeeze(-1)
        chosen, rejected = torch.chunk(rewards, 2)
        expected = -torch.nn.functional.logsigmoid(chosen - rejected - batch["margin"]).mean()
        assert float(trainer.compute_loss(trainer.model, dict(batch))) == pytest.approx(float(expected), rel=1e-5)
    before = parameters(trainer.model)
    assert trainer.train().training_loss > 0
    assert not torch.equal(parameters(trainer.model), before)


def laid_out(folder: Path, layout: str) -> Any:
    """Pairs of a campaign in a layout, as trainers' users load them."""
    path = folder / f"{layout}.jsonl"
    pairs = prefqa.consensus(campaign(chat=False), method="majority").pairs(ties="drop")
    assert pairs.height > 4
    write_pairs(pairs, path, layout=layout)
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(folder / "cache"))


#: Layouts of pairs by whether they hold messages.
PAIRED = {
    "trl": False,
    "trl-conversational": True,
    "trl-implicit": True,
    "trl-implicit-text": False,
    "trl-margin": True,
}


@pytest.mark.parametrize("layout", PAIRED)
def test_its_data_utilities_find_prompt_and_responses(tokenizer: Any, tmp_path: Path, layout: str) -> None:
    given, chat = laid_out(tmp_path, layout), PAIRED[layout]
    explicit = laid_out(tmp_path, "trl-conversational" if chat else "trl")
    found = given.map(trl.maybe_extract_prompt)
    for row, expected in zip(found, explicit, strict=True):
        if layout == "trl-implicit-text":  # what the responses share at their start goes to the prompt
            assert row["prompt"].startswith(expected["prompt"].rstrip())
            assert row["prompt"] + row["chosen"] == expected["prompt"] + expected["chosen"]
        else:
            assert {name: row[name] for name in expected} == expected
    assert trl.is_conversational(found[0]) == chat
    templated = found.map(trl.maybe_apply_chat_template, fn_kwargs={"processing_class": tokenizer})
    if chat:
        text = explicit[0]["chosen"][0]["content"]
        assert templated[0]["chosen"].endswith(text)
        assert templated[0]["prompt"].startswith("<user>")
    unpaired = trl.maybe_unpair_preference_dataset(found)
    assert len(unpaired) == 2 * len(given)
    ours = laid_out(tmp_path, "trl-unpaired" if chat else "trl-unpaired-text")
    if layout not in ("trl-implicit-text",):
        both = [
            {(str(row["prompt"]), str(row["completion"]), row["label"]) for row in rows} for rows in (unpaired, ours)
        ]
        assert both[0] == both[1]


@pytest.mark.parametrize("layout", PAIRED)
def test_dpo_takes_a_step_from_each_layout(tokenizer: Any, tmp_path: Path, layout: str) -> None:
    data = laid_out(tmp_path, layout)
    takes_a_dpo_step(tokenizer, tmp_path, data)


@pytest.mark.parametrize("layout", PAIRED)
def test_the_reward_trainer_takes_a_step_from_each_layout(tokenizer: Any, tmp_path: Path, layout: str) -> None:
    data = laid_out(tmp_path, layout)
    trainer = reward_trainer(tokenizer, tmp_path, data)
    assert len(trainer.train_dataset) == len(data)
    before = parameters(trainer.model)
    assert trainer.train().training_loss > 0
    assert not torch.equal(parameters(trainer.model), before)


@pytest.mark.parametrize("layout", ["trl-unpaired", "trl-unpaired-text", "trl", "trl-conversational"])
def test_kto_takes_a_step(tokenizer: Any, tmp_path: Path, layout: str) -> None:
    data = laid_out(tmp_path, layout)
    model, reference = (tiny(transformers.LlamaForCausalLM, tokenizer) for _ in range(2))
    before = parameters(model)
    trainer = trl.KTOTrainer(
        model=model, ref_model=reference, args=settings(trl.KTOConfig, tmp_path, max_length=512), train_dataset=data,
        processing_class=tokenizer,
    )  # fmt: skip
    unpaired = layout.startswith("trl-unpaired")
    assert len(trainer.train_dataset) == len(data) * (1 if unpaired else 2)
    # Policy and reference agree at the start, so every row loses 1 - sigmoid(0).
    assert trainer.train().training_loss == pytest.approx(0.5, abs=0.02)
    assert not torch.equal(parameters(model), before)


def test_what_trl_takes_in_silence_does_not_reach_it(tokenizer: Any, tmp_path: Path) -> None:
    row = {"prompt": "Why?", "margin": 0.0}
    useless = datasets.Dataset.from_list(
        [row | {"chosen": "So.", "rejected": "So."}, row | {"chosen": "", "rejected": ""}]
    )
    assert len(reward_trainer(tokenizer, tmp_path, useless).train_dataset) == 2
    prefs = campaign(chat=False)
    assert prefs.responses is not None
    text = pl.when(pl.col("response_id") == "response-1").then(pl.lit(" ")).otherwise(pl.lit("So."))
    pairs = prefqa.consensus(replace(prefs, responses=prefs.responses.with_columns(text=text))).pair_set()
    assert pairs.frame.is_empty()
    assert dict(pairs.left_out.rows()) == {"no_text": 16, "same_text": 8}


# What people label now: trajectories with tools, and pictures.

QWEN_LIKE = TEMPLATES["qwen-vl"].replace("<|image_pad|>", "<pic>")
TOOL_LIKE = TEMPLATES["qwen-vl"]


def of_fixture(name: str, folder: Path, layout: str = "trl-conversational") -> tuple[list[Any], Any]:
    """Four rows of a fixture, and what `datasets` reads of our file of them."""
    given = folder / "source.jsonl"
    rows = [dict(row) for row in FIXTURES[name]][:1] * 4
    rows = [row | {"id": f"q{at}"} for at, row in enumerate(rows)]
    given.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    path = folder / f"{layout}.jsonl"
    prefs = prefqa.read(given, columns={"item_id": "id"})
    prefqa.consensus(prefs, method="majority").pair_set().write(path, layout=layout)
    return rows, datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(folder / "cache"))


TOOL_FIXTURES = [name for name in FIXTURES if name.startswith(("tool-", "trajectory")) and "function-call" not in name]


@pytest.mark.parametrize("name", [name for name in TOOL_FIXTURES if "no-content" not in name])
def test_dpo_takes_a_step_on_calls_of_tools(tokenizer: Any, tmp_path: Path, name: str) -> None:
    rows, data = of_fixture(name, tmp_path)
    templated = data.map(trl.maybe_extract_prompt)
    tokenizer.chat_template = TOOL_LIKE
    try:
        for side in ("chosen", "rejected"):
            text = tokenizer.apply_chat_template(
                templated[0]["prompt"] + templated[0][side], tools=templated[0].get("tools"), tokenize=False
            )
            source = divided(rows[0])
            before = source["prompt"] + source[side]
            assert text == tokenizer.apply_chat_template(before, tools=source.get("tools"), tokenize=False)
            assert "Oslo" in text
        takes_a_dpo_step(tokenizer, tmp_path, data)
    finally:
        tokenizer.chat_template = CHAT


@pytest.mark.parametrize("name", ["tool-call", "trajectory", "trajectory-both"])
@pytest.mark.parametrize("layout", ["prefqa", "trl-implicit", "trl-margin"])
def test_reward_training_takes_a_step_on_trajectories(tokenizer: Any, tmp_path: Path, name: str, layout: str) -> None:
    _, data = of_fixture(name, tmp_path, layout)
    tokenizer.chat_template = TOOL_LIKE
    try:
        trainer = reward_trainer(tokenizer, tmp_path, data)
        assert len(trainer.train_dataset) == len(data) == 4
        before = parameters(trainer.model)
        assert trainer.train().training_loss > 0
        assert not torch.equal(parameters(trainer.model), before)
    finally:
        tokenizer.chat_template = CHAT


@pytest.mark.parametrize(
    "name", [name for name in FIXTURES if name.startswith("image") and name != "image-beside-text"]
)
def test_its_data_functions_see_each_picture_once_and_the_question(tmp_path: Path, name: str) -> None:
    rows, data = of_fixture(name, tmp_path)
    source = divided(rows[0])
    for side in ("chosen", "rejected"):
        messages = trl.maybe_extract_prompt(data[0])
        given = messages["prompt"] + messages[side]
        assert given == source["prompt"] + source[side]
        placed = trl.prepare_multimodal_messages(given, images=list(data[0].get("images") or []))
        parts = [part for message in placed for part in message["content"] if isinstance(message["content"], list)]
        pictures = [part for part in parts if part["type"] in ("image", "image_url")]
        expected = [
            part for message in source["prompt"] + source[side] if isinstance(message["content"], list)
            for part in message["content"] if part["type"] in ("image", "image_url")
        ]  # fmt: skip
        assert len(pictures) == len(expected)
        assert not any(part.get(key, "") is None for part in parts for key in ("image", "text", "image_url"))
        text = rendered_text(QWEN_LIKE, placed, None)
        assert text.count("<pic>") == len(expected)
        said = [part["text"] for part in parts if part["type"] == "text"]
        assert all(words in text for words in said)


@pytest.mark.parametrize("name", ["image-in-part", "image-url", "image-parts-everywhere", "image-system"])
def test_dpo_takes_a_step_on_rows_with_paths_of_images(tokenizer: Any, tmp_path: Path, name: str) -> None:
    """A model of text alone: the template prints a mark for each picture, whose paths stay in the file."""
    _, data = of_fixture(name, tmp_path)
    data = data.remove_columns([name for name in ("images",) if name in data.column_names])
    tokenizer.chat_template = QWEN_LIKE
    try:
        takes_a_dpo_step(tokenizer, tmp_path, data)
    finally:
        tokenizer.chat_template = CHAT


def test_a_directory_for_the_hub_loads_each_message_as_it_was(tmp_path: Path) -> None:
    rows = [*FIXTURES["trajectory-both"], *FIXTURES["image-in-part"], *FIXTURES["keys-null"]]
    given = tmp_path / "source.jsonl"
    given.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    prefqa.consensus(prefqa.read(given), method="majority").pair_set().write(tmp_path / "set", layout="hugging-face")
    loaded = datasets.load_dataset(str(tmp_path / "set"), split="train", cache_dir=str(tmp_path / "cache"))
    names = ("prompt", "chosen", "rejected")
    found = sorted(json.dumps({name: row[name] for name in names}) for row in loaded)
    assert found == sorted(json.dumps({name: row[name] for name in names}) for row in rows)


def test_parquet_of_the_hub_in_which_messages_are_json_is_read(tmp_path: Path) -> None:
    # Of tools the hub's Parquet has typed columns, in which a null and an absent key are one: this row has neither.
    rows = [*FIXTURES["trajectory-both"], *FIXTURES["image-in-part"], *FIXTURES["keys-null"]]
    rows[0] = rows[0] | {"tools": [ADD]}
    given, stored = tmp_path / "source.jsonl", tmp_path / "source.parquet"
    given.write_text("\n".join(json.dumps(row | {"tools": row.get("tools")}) for row in rows), encoding="utf-8")
    data = datasets.load_dataset("json", data_files=str(given), split="train", cache_dir=str(tmp_path / "cache"))
    assert "Json" in str(data.features)
    data.to_parquet(str(stored))
    texts = []
    for source in (given, stored, data):
        path = tmp_path / "out.jsonl"
        pairs = prefqa.consensus(prefqa.read(source), method="majority").pair_set()
        pairs.write(path, layout="trl-conversational")
        texts.append(sorted(json.dumps(json.loads(line), sort_keys=True) for line in path.read_text().splitlines()))
    assert texts[0] == texts[1] == texts[2]


def rendered_text(template: str, messages: list[Any], tools: Any) -> str:
    return str(jinja2.Environment().from_string(template).render(messages=messages, tools=tools))
