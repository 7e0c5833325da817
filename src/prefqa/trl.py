"""Trainers of TRL that learn from the column `probability` of prefqa's training files.

TRL takes each pair for certain. These trainers weigh both orders of a pair by the probability that a fresh annotator
prefers `chosen`: soft-label Bradley-Terry for reward models, and the same loss on DPO's implicit rewards (conservative
DPO, with a smoothing of its own for each pair). Needs `pip install 'prefqa[trl]'`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from prefqa.errors import UsageError

try:
    import torch
    from torch.nn.functional import logsigmoid
    from trl import DPOTrainer, RewardTrainer
except ImportError as error:
    raise ImportError("prefqa.trl needs torch and trl: pip install 'prefqa[trl]'") from error

__all__ = ["COLUMN", "ProbabilityCollator", "SoftDPOTrainer", "SoftRewardTrainer", "soft_label_loss"]

#: The column of the training file.
COLUMN = "probability"
#: Losses of DPO that a soft label leaves as they are; of "sigmoid" it has a form.
_LEFT_ALONE = frozenset({"sft"})


def soft_label_loss(logits: torch.Tensor, probability: torch.Tensor) -> torch.Tensor:
    r"""Return the cross-entropy of each pair under its probability.

    .. math:: -p \log \sigma(z) - (1 - p) \log \sigma(-z) = -\log \sigma(z) + (1 - p) z

    Parameters
    ----------
    logits
        z, by how much the model prefers the chosen response: the difference of rewards, or for DPO beta times the
        difference of the log ratios.
    probability
        p in [0, 1]. With p = 1 this is the usual loss, with p = 1 - e for all pairs label smoothing by e.

    Returns
    -------
    torch.Tensor
        One loss per pair.

    Notes
    -----
    Mitchell (2023), A note on DPO with noisy preferences and relationship to IPO, equation 3, with e for each pair.
    """
    return -logsigmoid(logits) + (1 - probability) * logits


class ProbabilityCollator:
    """Collate a batch as another collator does, and add the probabilities as a tensor.

    Parameters
    ----------
    collator
        What collates the rest of the batch: TRL's own, or yours.

    Raises
    ------
    UsageError
        A pair without a probability, or with one outside [0, 1].
    """

    def __init__(self, collator: Callable[[list[dict[str, Any]]], dict[str, Any]]) -> None:
        self.collator = collator

    def __call__(self, examples: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the batch with the key `probability`, float32, one per pair."""
        values = [example.get(COLUMN) for example in examples]
        _check(values, "pair {row} of a batch")
        rest = [{name: value for name, value in example.items() if name != COLUMN} for example in examples]
        return self.collator(rest) | {COLUMN: torch.tensor(values, dtype=torch.float32)}


class _Soft:
    """What both trainers share: the column survives the preparation of the data and reaches the loss."""

    _signature_columns: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.data_collator: Any = ProbabilityCollator(self.data_collator)

    def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
        names = getattr(dataset, "column_names", None)
        if names is not None and COLUMN not in names:
            raise UsageError(
                f"the dataset has no column {COLUMN!r}; it has: {', '.join(names)}",
                hint="train on pairs.jsonl of prefqa run, or name the column so.",
            )
        if names is not None and hasattr(dataset, "__len__"):
            _check(dataset[COLUMN], "row {row}")
        return super()._prepare_dataset(dataset, *args, **kwargs)  # type: ignore[misc]

    def _set_signature_columns_if_needed(self) -> None:
        super()._set_signature_columns_if_needed()  # type: ignore[misc]
        if COLUMN not in self._signature_columns:
            self._signature_columns = [*self._signature_columns, COLUMN]


class SoftRewardTrainer(_Soft, RewardTrainer):  # type: ignore[misc, unused-ignore]
    """Train a reward model on probabilities: TRL's `RewardTrainer` with the soft-label Bradley-Terry loss.

    It takes the arguments of `trl.RewardTrainer`. A column `margin` is not used: that of prefqa's files is made of the
    same probability, and would count it twice.

    Raises
    ------
    UsageError
        Data without the column `probability`, or with values outside [0, 1].
    """

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Return TRL's loss plus (1 - p) z, which makes it the loss under p."""
        inputs = dict(inputs)
        probability = inputs.pop(COLUMN)
        inputs.pop("margin", None)
        loss, outputs = super().compute_loss(model, inputs, True, num_items_in_batch)
        chosen, rejected = torch.chunk(outputs.logits.squeeze(-1), chunks=2)
        logits = chosen - rejected
        loss = loss + ((1 - probability.to(logits)) * logits).mean()
        return (loss, outputs) if return_outputs else loss


class SoftDPOTrainer(_Soft, DPOTrainer):  # type: ignore[misc, unused-ignore]
    """Train a policy on probabilities: TRL's `DPOTrainer` with the loss "sigmoid" under each pair's probability.

    It takes the arguments of `trl.DPOTrainer`. "sft" may stand beside "sigmoid" in `loss_type`.

    Raises
    ------
    UsageError
        Data without the column `probability`, or with values outside [0, 1]; a setting under which the loss has no
        soft label: another `loss_type`, `label_smoothing`, `f_divergence_type`, `ld_alpha` or `use_weighting`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, value, allowed in (
            ("label_smoothing", self.label_smoothing, 0.0),
            ("f_divergence_type", str(getattr(self.f_divergence_type, "value", self.f_divergence_type)), "reverse_kl"),
            ("ld_alpha", self.ld_alpha, None),
            ("use_weighting", self.use_weighting, False),
        ):
            if value != allowed:
                raise UsageError(f"{name}={value!r} and probabilities cannot be combined", hint=f"leave {name} out.")
        others = [name for name in self.loss_types if name != "sigmoid" and name not in _LEFT_ALONE]
        if others or "sigmoid" not in self.loss_types:
            named = ", ".join(map(repr, others or self.loss_types))
            raise UsageError(
                f"loss_type {named} has no form for probabilities", hint='use "sigmoid", alone or with "sft".'
            )

    def compute_ref_log_probs(self, model: Any, inputs: dict[str, Any]) -> Any:
        """Return TRL's log probabilities under the reference, of a batch that may hold probabilities."""
        return super().compute_ref_log_probs(model, {name: inputs[name] for name in inputs if name != COLUMN})

    def _compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool) -> Any:
        """Return TRL's loss plus (1 - p) z, with z from the outputs of the very passes that TRL makes."""
        inputs = dict(inputs)
        probability = inputs.pop(COLUMN)
        passes: list[Any] = []
        modules = {id(one): one for one in (self.model, self.ref_model) if one is not None}
        hooks = [one.register_forward_hook(lambda _m, _i, output: passes.append(output)) for one in modules.values()]
        try:
            result = super()._compute_loss(model, inputs, return_outputs)
        finally:
            for hook in hooks:
                hook.remove()
        length = inputs["completion_mask"].shape[1] - 1
        chosen, rejected = passes[0].log_probs[:, -length:].sum(dim=1).chunk(2)
        if self.precompute_ref_logps:
            reference = inputs["ref_chosen_logps"], inputs["ref_rejected_logps"]
        else:
            reference = passes[1].log_probs[:, -length:].sum(dim=1).chunk(2)
        logits = self.beta * ((chosen - reference[0]) - (rejected - reference[1]))
        weight = dict(zip(self.loss_types, self.loss_weights, strict=True))["sigmoid"]
        added = weight * ((1 - probability.to(logits)) * logits).mean()
        return (result[0] + added, result[1]) if return_outputs else result + added


def _check(values: Sequence[Any], place: str) -> None:
    for row, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            where = place.format(row=row)
            raise UsageError(f"{COLUMN} of {where} is {value!r}", hint="it is a number from 0 to 1 for each pair.")
