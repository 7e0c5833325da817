"""Trainers that learn from probabilities: losses and gradients against plain torch, steps in the real trl."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest

import prefqa
from prefqa.errors import UsageError
from prefqa.writers.pair_files import write_pair_file

pytest.importorskip("trl", reason="the package trl is not installed (pip install 'prefqa[trl]')")
import datasets
import torch
import transformers
import trl

from prefqa.trl import ProbabilityCollator, SoftDPOTrainer, SoftRewardTrainer, soft_label_loss
from tiny_models import byte_tokenizer, settings, tiny

pytestmark = [pytest.mark.trl, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return byte_tokenizer()


def reference(logits: Any, probability: Any) -> Any:
    """The cross-entropy, by its definition."""
    p = torch.sigmoid(logits)
    return -(probability * torch.log(p) + (1 - probability) * torch.log(1 - p))


@pytest.mark.parametrize("p", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_loss_and_gradient_are_those_of_the_definition(p: float) -> None:
    logits = torch.linspace(-8, 8, 33, dtype=torch.float64, requires_grad=True)
    probability = torch.full_like(logits, p, requires_grad=False)
    ours, theirs = soft_label_loss(logits, probability), reference(logits, probability)
    assert torch.allclose(ours, theirs, atol=1e-12)
    [gradient] = torch.autograd.grad(ours.sum(), logits)
    assert torch.allclose(gradient, torch.sigmoid(logits) - p, atol=1e-12)
    assert torch.autograd.gradcheck(lambda z: soft_label_loss(z, probability), (logits,))


def test_closed_forms() -> None:
    logits = torch.linspace(-5, 5, 11, dtype=torch.float64)
    one, half = torch.ones_like(logits), torch.full_like(logits, 0.5)
    assert torch.allclose(soft_label_loss(logits, one), -torch.nn.functional.logsigmoid(logits))
    assert torch.allclose(soft_label_loss(logits, half), soft_label_loss(-logits, half))
    assert torch.allclose(soft_label_loss(logits, one * 0.8), soft_label_loss(-logits, one * 0.2))
    far = torch.tensor([1e4, -1e4], dtype=torch.float32)
    assert torch.isfinite(soft_label_loss(far, torch.tensor([0.7, 0.7]))).all()


ROWS = [
    {"prompt": "What is 1 + 1? ", "chosen": "It is 2.", "rejected": "It is 3.", "probability": 0.9, "margin": 2.2},
    {"prompt": "Say hello. ", "chosen": "Hello!", "rejected": "No, never again.", "probability": 0.6, "margin": 0.4},
    {"prompt": "Name a fruit. ", "chosen": "An apple.", "rejected": "A stone.", "probability": 1.0, "margin": 5.0},
    {"prompt": "Why? ", "chosen": "Because.", "rejected": "Why not, who knows.", "probability": 0.5, "margin": 0.0},
]


def data(**changed: float) -> Any:
    return datasets.Dataset.from_list([row | changed for row in ROWS])


def dpo(kind: Any, tokenizer: Any, folder: Path, rows: Any, **more: Any) -> Any:
    model, ref = (tiny(transformers.LlamaForCausalLM, tokenizer) for _ in range(2))
    with torch.no_grad():  # away from the reference, so that the loss is not log 2
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)) * 0.05)
    arguments = settings(trl.DPOConfig, folder, max_length=512, **more)
    return kind(model=model, ref_model=ref, args=arguments, train_dataset=rows, processing_class=tokenizer)


def loss_and_gradient(trainer: Any) -> tuple[float, Any, Any]:
    batch = trainer.data_collator([trainer.train_dataset[row] for row in range(len(ROWS))])
    trainer.model.eval()
    trainer.model.zero_grad()
    loss = trainer.compute_loss(trainer.model, batch)
    loss.backward()
    return loss.item(), torch.cat([p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None]), batch


def test_dpo_with_certain_pairs_is_that_of_trl(tokenizer: Any, tmp_path: Path) -> None:
    ours = loss_and_gradient(dpo(SoftDPOTrainer, tokenizer, tmp_path, data(probability=1.0)))
    theirs = loss_and_gradient(dpo(trl.DPOTrainer, tokenizer, tmp_path, data()))
    assert abs(ours[0] - math.log(2)) > 1e-4
    assert ours[0] == pytest.approx(theirs[0], abs=1e-6)
    assert torch.allclose(ours[1], theirs[1], atol=1e-7)


@pytest.mark.parametrize("precompute", [False, True])
def test_dpo_weighs_both_orders(tokenizer: Any, tmp_path: Path, precompute: bool) -> None:
    swapped = [row | {"chosen": row["rejected"], "rejected": row["chosen"]} for row in ROWS]
    for p in (0.5, 0.8):
        more = {"precompute_ref_log_probs": True} if precompute else {}
        ours = loss_and_gradient(dpo(SoftDPOTrainer, tokenizer, tmp_path, data(probability=p), **more))
        one = loss_and_gradient(dpo(trl.DPOTrainer, tokenizer, tmp_path, data()))
        other = loss_and_gradient(dpo(trl.DPOTrainer, tokenizer, tmp_path, datasets.Dataset.from_list(swapped)))
        assert ours[0] == pytest.approx(p * one[0] + (1 - p) * other[0], abs=1e-5)
        assert torch.allclose(ours[1], p * one[1] + (1 - p) * other[1], atol=1e-6)


def test_dpo_beside_sft_keeps_its_weight(tokenizer: Any, tmp_path: Path) -> None:
    more = {"loss_type": ["sigmoid", "sft"], "loss_weights": [0.5, 1.0]}
    ours = loss_and_gradient(dpo(SoftDPOTrainer, tokenizer, tmp_path, data(probability=1.0), **more))
    theirs = loss_and_gradient(dpo(trl.DPOTrainer, tokenizer, tmp_path, data(), **more))
    assert ours[0] == pytest.approx(theirs[0], abs=1e-6)


@pytest.mark.parametrize(
    "setting",
    [
        {"label_smoothing": 0.1},
        {"loss_type": ["ipo"]},
        {"loss_type": ["sft"]},
        {"use_weighting": True},
        {"ld_alpha": 0.5},
    ],
    ids=str,
)
def test_dpo_refuses_what_has_no_soft_label(tokenizer: Any, tmp_path: Path, setting: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="|".join([*setting, "loss_type"])):
        dpo(SoftDPOTrainer, tokenizer, tmp_path, data(), **setting)


def reward(kind: Any, tokenizer: Any, folder: Path, rows: Any, **more: Any) -> Any:
    model = tiny(transformers.LlamaForSequenceClassification, tokenizer, num_labels=1)
    arguments = settings(trl.RewardConfig, folder, max_length=1024, **more)
    return kind(model=model, args=arguments, train_dataset=rows, processing_class=tokenizer)


def test_reward_with_certain_pairs_is_that_of_trl_without_margin(tokenizer: Any, tmp_path: Path) -> None:
    ours = loss_and_gradient(reward(SoftRewardTrainer, tokenizer, tmp_path, data(probability=1.0)))
    theirs = loss_and_gradient(reward(trl.RewardTrainer, tokenizer, tmp_path, data().remove_columns("margin")))
    assert ours[0] == pytest.approx(theirs[0], abs=1e-6)
    assert torch.allclose(ours[1], theirs[1], atol=1e-7)


def test_reward_loss_is_the_cross_entropy(tokenizer: Any, tmp_path: Path) -> None:
    trainer = reward(SoftRewardTrainer, tokenizer, tmp_path, data_of_rows(), center_rewards_coefficient=0.1)
    loss, _, batch = loss_and_gradient(trainer)
    assert batch["probability"].tolist() == pytest.approx([row["probability"] for row in ROWS])
    with torch.no_grad():
        rewards = trainer.model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).logits
        chosen, rejected = rewards.squeeze(-1).chunk(2)
    expected = reference(chosen - rejected, batch["probability"]).mean() + 0.1 * ((chosen + rejected) ** 2).mean()
    assert loss == pytest.approx(expected.item(), abs=1e-6)


def data_of_rows() -> Any:
    return datasets.Dataset.from_list(ROWS)


@pytest.mark.parametrize(("value", "shown"), [(None, "None"), (1.2, "1.2"), (-0.1, "-0.1"), (math.nan, "nan")])
def test_a_value_that_is_no_probability_is_refused(tokenizer: Any, tmp_path: Path, value: Any, shown: str) -> None:
    rows = datasets.Dataset.from_list([*ROWS[:2], ROWS[2] | {"probability": value}])
    with pytest.raises(UsageError, match=f"probability of row 2 is {shown}"):
        reward(SoftRewardTrainer, tokenizer, tmp_path, rows)
    with pytest.raises(UsageError, match="probability of pair 1 of a batch"):
        ProbabilityCollator(lambda _examples: {})([ROWS[0], ROWS[2] | {"probability": value}])
    with pytest.raises(UsageError, match="no column 'probability'"):
        reward(SoftRewardTrainer, tokenizer, tmp_path, data_of_rows().remove_columns("probability"))


@pytest.mark.parametrize("kind", ["dpo", "reward"])
def test_our_files_train_and_evaluate(tokenizer: Any, tmp_path: Path, kind: str) -> None:
    prefs = prefqa.simulate(n_items=8, n_responses=3, seed=1, tie_threshold=0.4).preferences
    path = tmp_path / "pairs.jsonl"
    write_pair_file(prefqa.consensus(prefs, method="majority").pairs(ties="drop"), path)
    rows = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    make = {"dpo": lambda: dpo(SoftDPOTrainer, tokenizer, tmp_path, rows, gradient_accumulation_steps=2)}
    make["reward"] = lambda: reward(SoftRewardTrainer, tokenizer, tmp_path, rows, gradient_accumulation_steps=2)
    trainer = make[kind]()
    before = torch.cat([p.detach().flatten().clone() for p in trainer.model.parameters()])
    assert math.isfinite(trainer.train().training_loss)
    assert not torch.equal(before, torch.cat([p.detach().flatten() for p in trainer.model.parameters()]))
    assert math.isfinite(trainer.evaluate(rows.select(range(6)))["eval_loss"])


def test_the_code_of_the_docs_runs(tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Path(__file__).parents[2] / "docs" / "training.md"
    [block] = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    model = tiny(transformers.LlamaForSequenceClassification, tokenizer, num_labels=1)
    model.save_pretrained("Qwen/Qwen3-0.6B")
    tokenizer.save_pretrained("Qwen/Qwen3-0.6B")
    Path("out").mkdir()
    prefs = prefqa.simulate(n_items=8, n_responses=3, seed=1).preferences
    write_pair_file(prefqa.consensus(prefs, method="majority").pairs(ties="drop"), Path("out/pairs.jsonl"))
    short = 'output_dir="reward", max_steps=1, use_cpu=True, bf16=False, report_to="none", save_strategy="no"'
    assert 'output_dir="reward"' in block
    exec(compile(block.replace('output_dir="reward"', short), "training.md", "exec"), {})
