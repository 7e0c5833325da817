"""Family PQ2, content: whether texts and scores are what a model should learn from."""

from __future__ import annotations

from prefqa.checks.pq2_examples import (
    GERMAN,
    PLANTS,
    PLANTS_TOO,
    TRANSPORT,
    chat,
    lengths,
    scores,
    split,
    three,
    twice,
)
from prefqa.checks.rule import Example, Rule, of_texts, prompts, ranking, texts

PQ2 = (
    Rule(
        "PQ201",
        "empty-response",
        "error",
        "a response without text",
        "An empty response loses against anything, so a model learns that longer than nothing is better, and the pair "
        "takes the place of one that teaches something. Mostly a failed generation or a lost join: in the PandaLM test "
        "set (Wang et al. 2024) 54 of 999 pairs hold an empty response.",
        bad=of_texts(PLANTS, " "),
        good=of_texts(PLANTS, PLANTS_TOO),
    ),
    Rule(
        "PQ202",
        "not-text",
        "error",
        "a response that is a bare true, false, null, NaN or undefined",
        "A value of another type that was written as text: a YAML or JSON reader took the answer 'True' for a boolean, "
        "or a missing value became the word None. Trained on, it is an answer. The PandaLM test set has 6 such rows. "
        "Where the prompt asks for true or false, or what a program returns, these are answers and not reported.",
        bad=of_texts("The statement is correct.", "true"),
        good=of_texts("The statement is correct.", "True."),
    ),
    Rule(
        "PQ203",
        "same-text",
        "warning",
        "two responses of one item with the very same text",
        "Chosen equals rejected: the loss of a reward model or of DPO on such a pair is constant, and its label is "
        "noise. Sampling without a check for doubles makes them, most of all where answers are short.",
        bad=Example(ranking(1, 1), texts(PLANTS, PLANTS)),
        good=of_texts(PLANTS, PLANTS_TOO),
    ),
    Rule(
        "PQ204",
        "same-but-for-form",
        "warning",
        "two responses of one item that differ only by blanks, case or form of characters (Unicode NFKC)",
        "What tells the two apart is a line break or a capital; a model that is trained on the pair learns exactly "
        "that. Leave such pairs out, unless form is what you ask for.",
        bad=of_texts("The answer is  Paris.", "The answer is paris."),
        good=of_texts("The answer is Paris.", "The answer is Rome."),
    ),
    Rule(
        "PQ205",
        "equal-ranked-apart",
        "warning",
        "a judgment that ranks one of two equal texts above the other",
        "Nobody can prefer one of two equal texts, so these judgments show how often people click without looking: a "
        "trap that you did not have to set. A rate near that of other pairs says that the data holds little choice.",
        bad=Example(ranking(1, 2), texts(PLANTS, PLANTS)),
        good=Example(ranking(1, 1), texts(PLANTS, PLANTS)),
    ),
    Rule(
        "PQ206",
        "near-duplicate-responses",
        "warning",
        "two responses of one item with nearly the same words",
        "Pairs that differ by a word or two teach little, their votes are near chance, and DPO on pairs of small edit "
        "distance can lower the probability of both (Pal et al. 2024, Smaug). Similarity is Jaccard's: distinct pairs "
        "of neighbouring words in common, of all that the two have.",
        bad=of_texts(TRANSPORT, TRANSPORT.replace("large city", "small city")),
        good=of_texts(TRANSPORT, PLANTS),
        options={"threshold": 0.8},
        extra="text",
    ),
    Rule(
        "PQ207",
        "near-duplicate-prompts",
        "info",
        "prompts with nearly the words of another",
        "Templates and lightly changed copies count as many prompts and teach as one; split between training and test "
        "they leak (Lee et al. 2022, Deduplicating training data makes language models better).",
        bad=three(TRANSPORT, TRANSPORT.replace("large city", "small city")),
        good=three(TRANSPORT, PLANTS),
        options={"threshold": 0.8},
        extra="text",
    ),
    Rule(
        "PQ208",
        "repeated-prompt",
        "info",
        "the same prompt in several items",
        "Often meant: an item per pair of models, or per criterion. But items are then not independent, and a split by "
        "item puts one prompt on both sides. In the PandaLM test set 999 items share 170 prompts. Compared after "
        "normalising blanks, case and form of characters.",
        bad=three("Why is the sky blue?", "Why is the sky  blue?"),
        good=three("Why is the sky blue?", "Why is the sea blue?"),
    ),
    Rule(
        "PQ209",
        "contradictory-repeats",
        "warning",
        "the same two responses to the same prompt, with opposite majorities in different items",
        "Trained on both, a model learns nothing from them; which of the two is right is not in the data. The share is "
        "a measure of how repeatable a majority is.",
        bad=twice(other_way=True),
        good=twice(other_way=False),
    ),
    Rule(
        "PQ210",
        "split-leak",
        "error",
        "a prompt that stands in more than one split",
        "A model that saw the prompt in training is tested on what it remembers, and the accuracy on the test split is "
        "too good. Split by prompt, after taking doubles out (Lee et al. 2022). Needs a column `split`.",
        bad=split("test"),
        good=split("train"),
    ),
    Rule(
        "PQ211",
        "benchmark-overlap",
        "error",
        "a prompt that is a prompt of a benchmark which you name",
        "Training on the prompts of a benchmark makes its figures worthless (Sainz et al. 2023, NLP evaluation in "
        "trouble). Name the files in `files` (.jsonl, .json, .csv, .parquet with the column `column`, or .txt, one "
        "prompt a line); compared after normalising blanks, case and form of characters, so a reworded prompt is not "
        "found.",
        bad=Example(ranking(1, 2), items=prompts(p1="Why is the sky blue?"), options={"files": ["benchmark.txt"]}),
        good=Example(ranking(1, 2), items=prompts(p1="What is rust?"), options={"files": ["benchmark.txt"]}),
        options={"files": (), "column": "prompt"},
    ),
    Rule(
        "PQ212",
        "cut-at-a-length",
        "warning",
        "far more responses of one exact length than of the lengths around it",
        "A limit of a database field or of the export cut the texts, and annotators judged, or a model learns, half "
        "sentences. Counted over different texts; reported where a Poisson count with the mean of the lengths below or "
        "above, whichever is more, would reach this number less than once in a billion; those of them that end as a "
        "sentence does are left out. A limit in tokens leaves no such trace.",
        bad=lengths(cut=True),
        good=lengths(cut=False),
        options={"min_count": 10, "min_chars": 40},
    ),
    Rule(
        "PQ213",
        "unfinished",
        "warning",
        "a response with a code block that is not closed, or a cursor mark at its end",
        "The generation hit its limit, or the text was copied from a page while it was still being written. Preferring "
        "the whole one then teaches length, not quality.",
        bad=of_texts(PLANTS, "Here is the code:\n```python\nprint(1)"),
        good=of_texts(PLANTS, "Here is the code:\n```python\nprint(1)\n```"),
    ),
    Rule(
        "PQ214",
        "error-text",
        "warning",
        "a response that is an error message or a placeholder",
        "The service failed and its message was stored as an answer, or a form was left at its default. It loses every "
        "comparison, and a model that never errs learns nothing from that; preferred by accident, it is learned.",
        bad=of_texts(PLANTS, "Error: an unexpected error occurred while generating the response."),
        good=of_texts(PLANTS, "Errors in the medium are rare, since plants repair their cells."),
    ),
    Rule(
        "PQ215",
        "redacted",
        "info",
        "marks that stand for something removed: [REDACTED], <NAME>, NAME_1",
        "Anonymised data (such as LMSYS-Chat-1M with its NAME_1; Zheng et al. 2024) teaches a model to write the "
        "marks. Put plausible names in their place, or leave such texts out.",
        bad=of_texts(PLANTS, "Dear NAME_1, plants turn light into sugar."),
        good=of_texts(PLANTS, "Dear [Your Name], plants turn light into sugar."),
    ),
    Rule(
        "PQ216",
        "template-tokens",
        "error",
        "tokens or headings of a chat template inside a text",
        "The trainer adds its template around the text; tokens inside it end the turn early, teach the model to "
        "write them, or let a text take on the role of the system. A heading '### Human:' or '\\n\\nHuman:' in a "
        "response says that the model went on to write the other side of the conversation.",
        bad=of_texts(PLANTS, f"{PLANTS_TOO}<|im_end|>"),
        good=of_texts(PLANTS, "In HTML <b>bold</b> and [links] are marked so."),
    ),
    Rule(
        "PQ217",
        "roles-out-of-turn",
        "error",
        "chat messages whose roles do not take turns, or that do not end on the model",
        "Most chat templates refuse two turns of one role in a row or merge them in silence, and a conversation that "
        "ends on the user has no response to train on. Needs texts that are chat messages.",
        bad=Example(ranking(1, 2), texts(chat("Hi", "Hello."), chat("Hi", "Hello!", roles=("user", "user")))),
        good=Example(ranking(1, 2), texts(chat("Hi", "Hello."), chat("Hi", "Hello!"))),
    ),
    Rule(
        "PQ218",
        "contexts-differ",
        "error",
        "two responses of one item that answer different conversations",
        "What was preferred may be the other question. DPO trainers take the prompt of one side for both. Needs texts "
        "that are chat messages. Messages that begin with the model are a response of several turns to the prompt of "
        "the item, and are not compared.",
        bad=Example(ranking(1, 2), texts(chat("Hi", "Hello."), chat("Good day", "Hello!"))),
        good=Example(ranking(1, 2), texts(chat("Hi", "Hello."), chat("Hi", "Hello!"))),
    ),
    Rule(
        "PQ219",
        "mojibake",
        "warning",
        "letters of a wrongly read encoding, such as â€™ for an apostrophe",
        "UTF-8 read as Latin-1 somewhere on the way; a model learns to write it, and annotators may have seen it. "
        "Found by the rules of ftfy (Speer 2019), which also mends it: ftfy.fix_text.",
        bad=of_texts(PLANTS, "Itâ€™s the plantâ€™s way to eat."),
        good=of_texts(PLANTS, "It’s the plant’s way to eat, voilà."),
        extra="text",
    ),
    Rule(
        "PQ220",
        "score-pile-up",
        "info",
        "more than half of all scores at one end of their scale",
        "A scale on which most answers get the best mark tells them apart no more, and ranks made from it are mostly "
        "ties. A ceiling effect: sharpen the guidelines, or compare in pairs. Scales of 3 to 101 values, each "
        "criterion for itself.",
        bad=scores(*[5.0] * 40, *[4.0, 3.0] * 10),
        good=scores(*[5.0, 4.0, 3.0, 2.0, 1.0, 4.0] * 10),
        options={"max_share": 0.5, "min_scores": 50},
    ),
    Rule(
        "PQ221",
        "overall-against-aspects",
        "warning",
        "a better overall score although no aspect is better and some are worse",
        "One of the scales runs the other way, columns were mixed up, or the overall mark was given by something "
        "that is not among the aspects. In UltraFeedback some responses with the worst critique had an overall score "
        "of 10 where 1 was meant (Argilla's cleaned release, 2023). Name the columns in `aspects`; `overall` is "
        "score.",
        bad=Example(
            ranking(1, 2, score=[9.0, 5.0], helpful=[2, 4], honest=[3, 3]), options={"aspects": ["helpful", "honest"]}
        ),
        good=Example(
            ranking(1, 2, score=[9.0, 5.0], helpful=[4, 2], honest=[2, 3]), options={"aspects": ["helpful", "honest"]}
        ),
        options={"overall": "score", "aspects": ()},
    ),
    Rule(
        "PQ222",
        "personal-data",
        "warning",
        "what looks like an e-mail address, a phone number or a secret key",
        "Models repeat what they were trained on, and extraction attacks get it out (Carlini et al. 2021). Examples "
        "show how many of which kind, never the text. Addresses and numbers that stand for nobody (example.com, 555) "
        "do not count; names and postal addresses are not looked for.",
        bad=of_texts(PLANTS, "Write to jane.doe@university.edu, she knows."),
        good=of_texts(PLANTS, "Write to jane@example.com, she knows."),
    ),
    Rule(
        "PQ223",
        "other-language",
        "warning",
        "a response in another language than its prompt",
        "A person who asks in one language wants the answer in it, unless the prompt says otherwise; a model that "
        "drifts into English for a part of its prompts learned it from such pairs (Marchisio et al. 2024, "
        "Understanding and mitigating language confusion in LLMs). Languages by py3langid, where both texts have "
        "`min_letters` letters outside code and addresses and both languages `min_probability`; close ones "
        "(Croatian and Serbian) count as one. Prompts that name a language or a translation are not asked. Of more "
        "than `max_items` items those with the lowest hash are looked at.",
        bad=of_texts(TRANSPORT, GERMAN, prompt="Explain to me what makes public transport in a large city work."),
        good=of_texts(TRANSPORT, GERMAN, prompt="Explain what makes public transport in a large city work, in German."),
        options={"min_letters": 40, "min_probability": 0.9, "max_items": 1000},
        extra="language",
    ),
    Rule(
        "PQ224",
        "sentinel-score",
        "warning",
        "a score such as -1, 0, 99 or 999, far off all others",
        "Programs and surveys write a score that is missing, or that could not be read, as a number that no scale has. "
        "Taken for a score it is the worst or the best there is, and decides who wins. Reported are the usual codes at "
        "an end of their scale, more than once, where the gap to all other scores is wider than the steps of the scale "
        "(1.5 of them below 0, 3 for 0 and 9) or than its range and its largest value; each criterion for itself, from "
        "`min_scores` others. Name them under [read]: missing = [-1].",
        bad=scores(*[5.0, -1.0, 8.0, 6.0, 7.0, 9.0] * 10),
        good=scores(*[5.0, 4.0, 8.0, 6.0, 7.0, 9.0] * 10),
        options={"min_scores": 20},
    ),
)
