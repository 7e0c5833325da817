"""Family PQ7, provenance: whether the data may be used, and says nothing of people that it should not."""

from __future__ import annotations

from prefqa.checks.rule import Example, Row, Rule, ranking, texts


def _texts(first: str | None, second: str | None, column: str) -> tuple[Row, ...]:
    """Two responses with these values of a column."""
    rows = texts("a b", "c d")
    return tuple({**row, column: value} for row, value in zip(rows, (first, second), strict=True))


def _of(first: str | None, second: str | None, column: str = "licence", **options: object) -> Example:
    """One judgment of two such responses."""
    return Example(ranking(1, 2), _texts(first, second, column), options=options)


def _by_guidelines(version: str, **options: object) -> Example:
    return Example(ranking(1, 2, guideline_version=version), options=options)


_FILES = {"v1": "guidelines-v1.md"}
#: Of the text of the guidelines in the tests.
_SHA256 = "cca165b68abcf3a7f20324a6ae9190a17569f78b836d554fd0764c36ce49c4c2"

PQ7 = (
    Rule(
        "PQ701",
        "no-licence",
        "warning",
        "responses or items without a licence, in a table that has the column",
        "What has no licence may not be passed on, and whether it may be trained on is open; found after training, "
        "it costs the model. Say where each response comes from and under which licence (Longpre et al. 2023, the "
        "Data Provenance Initiative, found the licence missing or wrong in most data sets on hubs).",
        bad=_of("MIT", None),
        good=_of("CC-BY-4.0", "CC-BY-4.0"),
    ),
    Rule(
        "PQ702",
        "personal-annotator-id",
        "warning",
        "annotator ids that look like an e-mail address or a phone number",
        "The ids go into reports, exports and data sets. Replace them by codes before anything is published: "
        "--pseudonymise, or pseudonymise under [read]. Examples show the form, not the id.",
        bad=Example(ranking(1, 2, annotator="jane.doe@university.edu")),
        good=Example(ranking(1, 2, annotator="annotator-07")),
    ),
    Rule(
        "PQ703",
        "unknown-licence",
        "info",
        "a licence that is no SPDX expression",
        "'Apache 2', 'open' and 'see website' mean nothing to a program, and often not to a lawyer. Write licences as "
        'SPDX lists them (Apache-2.0), or say in `names` what yours stand for: names = { odc-by = "ODC-By-1.0" }. '
        "Licences that SPDX does not list, such as those of models, are named here and judged by you: information.",
        bad=_of("MIT", "free for all"),
        good=_of("MIT", "Apache-2.0 OR CC-BY-4.0"),
        options={"names": {}},
        extra="licence",
    ),
    Rule(
        "PQ704",
        "non-commercial",
        "error",
        "a licence that forbids commercial use, which is declared",
        "A model trained on such texts cannot be sold without a doubt, and the texts cannot be taken out of it again. "
        'Declare `use`: "commercial" or "research"; without it the rule does not run. Of alternatives (OR) one that '
        "allows it is enough. What a licence means for training is for lawyers; the rule reads the licence only.",
        bad=_of("CC-BY-NC-4.0", "MIT", use="commercial"),
        good=_of("CC-BY-NC-4.0 OR MIT", "MIT", use="commercial"),
        options={"use": ""},
        extra="licence",
    ),
    Rule(
        "PQ705",
        "share-alike",
        "warning",
        "a licence that asks for the same licence, or forbids changes, and something else is released",
        "CC-BY-SA, ODbL or GPL texts may be passed on under their licence only, CC-BY-ND ones not changed. Say in "
        '`release` under which licence you pass on data made of them, or "nothing". Whether a model counts as made of '
        "its training data is not settled, so this is a warning.",
        bad=_of("CC-BY-SA-4.0", "MIT", release="Apache-2.0"),
        good=_of("CC-BY-SA-4.0", "MIT", release="CC-BY-SA-4.0"),
        options={"release": ""},
        extra="licence",
    ),
    Rule(
        "PQ706",
        "competing-terms",
        "warning",
        "responses of a model whose terms, as of a date, forbid to develop competing models with them",
        "Such a clause binds who accepted it, whatever licence the data set has; accounts have been suspended over "
        "it (ByteDance at OpenAI, December 2023). Each finding says whose terms, as of which day, and where they "
        "stand. The table is short and may be out of date, which models compete is not settled, and this is no "
        "legal advice: read the terms. `terms` adds beginnings of names with the address of their terms, and an "
        "empty address takes one out: terms = { grok = "
        '"https://...", '
        'gpt-4 = "" }. Needs the model of each response.',
        bad=_of("gpt-4-0613", "mistral-7b", "model"),
        good=_of("gpt-oss-20b", "mistral-7b", "model"),
        options={"terms": {}},
    ),
    Rule(
        "PQ707",
        "unpinned-source",
        "info",
        "a source that names no revision, or a branch",
        "Data sets on hubs are mended and replaced in place; who reads yours again next month gets other rows under "
        "the same name (Longpre et al. 2023). Looked at are where the data was read from, and the column source of "
        "responses and items where it holds addresses.",
        bad=_of("https://huggingface.co/datasets/openbmb/UltraFeedback", "shot by hand", "source"),
        good=_of("hf://openbmb/UltraFeedback@40b4365", "shot by hand", "source"),
    ),
    Rule(
        "PQ708",
        "guidelines-absent",
        "warning",
        "judgments by a version of the guidelines whose text is not there",
        "Without the text nobody can say what was asked for, compare versions, or train somebody new (Gebru et al. "
        "2021, Datasheets for datasets). Say in `files` where the text of each version stands: files = { v1 = "
        '"guidelines-v1.md" }. Needs guideline_version.',
        bad=_by_guidelines("v2", files=_FILES),
        good=_by_guidelines("v1", files=_FILES),
        options={"files": {}},
    ),
    Rule(
        "PQ709",
        "guidelines-changed",
        "error",
        "the text of a version of the guidelines is not the one that was recorded",
        "Judgments before and after the change carry one version and follow two rules: drift that no figure can "
        "date. Record in `sha256` what each text is, by the file it stands in; where PQ708 knows the files, the "
        "reason why this rule did not run says what to write.",
        bad=_by_guidelines("v1", sha256={"guidelines-v1.md": "0" * 64}),
        good=_by_guidelines("v1", sha256={"guidelines-v1.md": _SHA256}),
        options={"sha256": {}},
    ),
)
