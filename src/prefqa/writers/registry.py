"""Every layout that is written: its name, what it holds, and who writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from prefqa.errors import UsageError, nearest
from prefqa.writers.argilla import write_argilla
from prefqa.writers.atomic import check_rows
from prefqa.writers.axolotl import write_bradley_terry, write_chat, write_intel
from prefqa.writers.csv_pairs import write_csv_pairs
from prefqa.writers.hugging_face import write_hugging_face
from prefqa.writers.label_studio import write_label_studio
from prefqa.writers.lengths import Limits
from prefqa.writers.llama_factory import write_alpaca, write_sharegpt
from prefqa.writers.nemo_rl import write_nemo_rl
from prefqa.writers.openrlhf import write_openrlhf
from prefqa.writers.own import write_own
from prefqa.writers.pair_fit import fit_columns, fit_messages
from prefqa.writers.pair_forms import CARRIED, Pairs, prepare_pairs
from prefqa.writers.pair_losses import losses_of
from prefqa.writers.preflib import write_preflib
from prefqa.writers.rubric import write_rubric
from prefqa.writers.tables import Tables
from prefqa.writers.targets import check_file, check_folder
from prefqa.writers.trl import (
    write_conversational,
    write_implicit,
    write_joined,
    write_margin,
    write_standard,
    write_unpaired,
    write_unpaired_texts,
)
from prefqa.writers.verl import write_verl

Place = Literal["rows", "file", "folder"]


@dataclass(frozen=True)
class PairLayout:
    """A layout of pairs.

    `carries`: columns of an item that have a place in it. `single`: a response is one message of text, of which role
    and content are written. `ties`: rows of which neither response won have a place. `prompt`: how the prompt stands in
    it: in each row, "optional" where a file without it is read as one, or "within" the responses. `joined`: prompt and
    response are one text. `place`: what is written: a file of "rows", whose ending says its form, another "file", or a
    "folder".
    """

    name: str
    what: str
    write: Callable[[Pairs, Path], None]
    carries: tuple[str, ...] = ()
    single: bool = False
    ties: bool = False
    prompt: str = "stated"
    joined: bool = False
    place: Place = "rows"


@dataclass(frozen=True)
class TableLayout:
    """A layout of judgments and texts; `write` returns what it cannot hold, as `write_pairs` does."""

    name: str
    what: str
    write: Callable[[Tables, Path], pl.DataFrame]
    place: Place = "rows"


_TRL = ("tools", "images")
PAIR_LAYOUTS = (
    PairLayout(
        "prefqa", "prompt, chosen, rejected as they are, ids and figures: pairs.jsonl of run", write_own,
        carries=CARRIED, prompt="optional",
    ),
    PairLayout("trl", "prompt, chosen, rejected as texts", write_standard, carries=_TRL, prompt="optional"),
    PairLayout(
        "trl-conversational", "prompt, chosen, rejected as messages", write_conversational,
        carries=_TRL, prompt="optional",
    ),
    PairLayout(
        "trl-implicit", "chosen, rejected as whole conversations", write_implicit, carries=_TRL, prompt="within"
    ),
    PairLayout(
        "trl-implicit-text", "chosen, rejected as prompt and response in one text", write_joined,
        prompt="within", joined=True,
    ),
    PairLayout(
        "trl-margin", "as trl-conversational, with margin for RewardTrainer", write_margin,
        carries=_TRL, prompt="optional",
    ),
    PairLayout(
        "trl-unpaired", "prompt, completion, label for KTOTrainer: two rows per pair", write_unpaired, carries=_TRL
    ),
    PairLayout("trl-unpaired-text", "the same as texts", write_unpaired_texts),
    PairLayout("openrlhf", "chosen, rejected as whole conversations, margin", write_openrlhf, prompt="within"),
    PairLayout("axolotl-intel", "chatml.intel: system, question, chosen, rejected", write_intel),
    PairLayout("axolotl-chat", "chat_template.default: messages, chosen, rejected", write_chat, single=True),
    PairLayout(
        "axolotl-bradley-terry", "bradley_terry.chat_template: system, input, chosen, rejected", write_bradley_terry,
        single=True,
    ),
    PairLayout("llama-factory", "alpaca, with dataset_info.json", write_alpaca, carries=CARRIED),
    PairLayout(
        "llama-factory-sharegpt", "sharegpt, with dataset_info.json", write_sharegpt, carries=CARRIED, single=True
    ),
    PairLayout("nemo-rl", "context and two completions, rank 0 the better", write_nemo_rl),
    PairLayout("verl", "Parquet: prompt, reward_model, extra_info", write_verl, single=True, place="file"),
    PairLayout(
        "hugging-face", "a directory of Parquet by split, with a card", write_hugging_face,
        carries=CARRIED, prompt="optional", place="folder",
    ),
    PairLayout("csv", "texts and figures; formulas neutralised", write_csv_pairs, ties=True, place="file"),
)  # fmt: skip
TABLE_LAYOUTS = (
    TableLayout("argilla", "records for a further round, with suggestions", write_argilla),
    TableLayout("label-studio", "tasks for a Ranker, with predictions and the configuration", write_label_studio),
    TableLayout("rubric", "prompt, response, criteria, score: the mean over annotators, with n and sd", write_rubric),
    TableLayout("preflib", "a directory of one ordinal file per item", write_preflib, place="folder"),
)
LAYOUTS = {layout.name: layout for layout in (*PAIR_LAYOUTS, *TABLE_LAYOUTS)}


def layout_of(name: str) -> PairLayout | TableLayout:
    """Return a layout by name.

    Raises:
        UsageError: there is no such layout.
    """
    if name not in LAYOUTS:
        close = nearest(name, LAYOUTS)
        hint = f"did you mean {close!r}?" if close else f"there are: {', '.join(LAYOUTS)}."
        raise UsageError(f"unknown layout {name!r}", hint=hint)
    return LAYOUTS[name]


def check_place(layout: PairLayout | TableLayout, path: str | Path) -> None:
    """Refuse a place that cannot take a layout, before anything is computed.

    Raises:
        UsageError: see `targets.check_file` and `check_folder`; or the ending of the file is none of rows.
    """
    if layout.place == "folder":
        check_folder(path)
        return
    if layout.place == "rows":
        check_rows(path)
    check_file(path)


def write_pairs(
    frame: pl.DataFrame,
    path: str | Path,
    *,
    layout: str,
    max_characters: int | None = None,
    max_tokens: int | None = None,
    tokenizer: Any = None,
    facts: Mapping[str, Any] | None = None,
) -> pl.DataFrame:
    """Write pairs in a layout, and return what its trainer will lose.

    Args:
        frame: `ConsensusResult.pairs()`, or any frame with chosen, rejected and perhaps prompt.
        path: the file, whose ending says .jsonl, .json or .parquet; a directory for hugging-face.
        layout: a name out of `PAIR_LAYOUTS`.
        max_characters: length of prompt and response together beyond which the trainer cuts or drops.
        max_tokens: the same in tokens of `tokenizer`, without those that a chat template adds.
        tokenizer: a tokenizer.json or its folder, the name of a model on the Hugging Face hub, or a
            `tokenizers.Tokenizer`.
        facts: what the card of hugging-face says beside the counts; `license` stands in its head.

    Returns:
        reason, count, share and meaning of what is lost: rows that teach nothing, which are not written (without text,
        of which both responses are the same, ties but for those of `ties="half"`), and rows that are written and that
        the trainer will drop or cut, or that lose what the layout has no place for.

    Raises:
        UsageError: an unknown layout, one for judgments, or one that cannot hold these pairs.
    """
    found = layout_of(layout)
    if not isinstance(found, PairLayout):
        raise UsageError(f"layout {layout!r} holds judgments, not pairs", hint="use prefqa convert.")
    pairs = prepare_pairs(frame, facts=facts, ties=found.ties, needs_prompt=found.prompt != "within")
    pairs, lost = fit_columns(pairs, layout, found.carries)
    fitted, keys = fit_messages(pairs, layout) if found.single else (pairs, [])
    limits = Limits(max_characters, max_tokens, tokenizer)
    losses = losses_of(pairs, limits, joined=found.joined, states_prompt=found.prompt == "stated", lost=lost, keys=keys)
    found.write(fitted, Path(path))
    return losses
