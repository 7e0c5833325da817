"""Family PQ2, what a response is: a refusal, a model that speaks of itself, a loop, one word, flattery."""

from __future__ import annotations

from prefqa.checks.pq2_examples import PLANTS, PLANTS_TOO
from prefqa.checks.rule import Rule, of_texts

_REFUSAL = "I'm sorry, but I can't help with that."
_LANGUAGES = "English, German, French, Spanish, Portuguese, Chinese, Japanese and Russian"
_EFFECT = (
    "The finding says the effect on winning: the share of the decided votes on pairs in which one response has it and "
    "the other does not that go to the one that has it, with its interval over items."
)

PQ2_SAID = (
    Rule(
        "PQ225",
        "refusal",
        "info",
        "a response that refuses what was asked",
        "Whether to refuse is a policy of yours, and preferences teach it: where refusals win, the model learns to "
        "refuse more (Bai et al. 2022 on helpfulness against harmlessness; Röttger et al. 2024 on exaggerated safety). "
        f"Found at the beginning of a text, outside quotations, in {_LANGUAGES}; a text that apologises and then "
        f"answers is none. {_EFFECT}",
        bad=of_texts(PLANTS, _REFUSAL),
        good=of_texts(PLANTS, "I cannot recommend this book on plants enough."),
    ),
    Rule(
        "PQ226",
        "one-side-refuses",
        "info",
        "an item of which one response refuses and another does not",
        "Such a pair teaches whether to answer, not how. Hold the votes on them against your policy before you train "
        f"on them, or train on them apart. Refusals are those of PQ225. {_EFFECT}",
        bad=of_texts(PLANTS, _REFUSAL),
        good=of_texts(_REFUSAL, "I cannot assist with this request."),
    ),
    Rule(
        "PQ227",
        "assistant-identity",
        "warning",
        "a response that speaks of itself as an AI model, or names its maker",
        'Responses of other assistants say who they are, "as an AI language model made by …"; a model that is trained '
        f"on them takes on that name. Found outside quotations in {_LANGUAGES}. {_EFFECT}",
        bad=of_texts(PLANTS, "As an AI language model, I have no opinion on plants."),
        good=of_texts(PLANTS, "The film follows an AI language model that learns about plants."),
    ),
    Rule(
        "PQ228",
        "loop",
        "warning",
        "a response that repeats the same words until its end",
        "A generation that fell into a loop (Holtzman et al. 2020, The curious case of neural text degeneration). It "
        "loses almost always, and a pair with it teaches nothing that a limit at generation would not. A unit of 12 "
        "characters or more, 5 in Chinese and Japanese, that stands there four times, or a shorter one eight times; "
        f"numbers and case may differ, and lines of tables and rules do not count. {_EFFECT}",
        bad=of_texts(PLANTS, PLANTS + " Plants are green." * 8),
        good=of_texts(PLANTS, PLANTS + " Green, green plants are green, so very green."),
    ),
    Rule(
        "PQ229",
        "one-word",
        "info",
        "a response of a single word or number",
        "Right where the prompt asks for one; elsewhere a generation that stopped at once, or a label that was taken "
        f"for a text. In Chinese and Japanese up to four characters. {_EFFECT}",
        bad=of_texts(PLANTS, "Plants."),
        good=of_texts(PLANTS, "Green plants."),
    ),
    Rule(
        "PQ230",
        "flattery",
        "info",
        "a response that begins by praising the question or who asked it",
        '"Great question!" is the mildest form of sycophancy, which preferences are known to reward (Sharma et al. '
        "2024, Towards understanding sycophancy in language models). Found at the beginning, in "
        f"{_LANGUAGES}. {_EFFECT}",
        bad=of_texts(PLANTS, f"Great question! {PLANTS_TOO}"),
        good=of_texts(PLANTS, "Great questions on plants begin with why."),
    ),
)
