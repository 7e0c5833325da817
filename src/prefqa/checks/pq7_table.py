"""Family PQ7, provenance: whether the data may be used, and says nothing of people that it should not."""

from __future__ import annotations

from prefqa.checks.rule import Example, Rule, ranking, texts

PQ7 = (
    Rule(
        "PQ701",
        "no-licence",
        "warning",
        "responses without a licence, in a table that has the column",
        "What has no licence may not be passed on, and whether it may be trained on is open; found after training, "
        "it costs the model. Say where each response comes from and under which licence (Longpre et al. 2023, the "
        "Data Provenance Initiative, found the licence missing or wrong in most data sets on hubs).",
        bad=Example(ranking(1, 2), (*texts("a b", licence="MIT"), *texts("x", "c d", licence=None)[1:])),
        good=Example(ranking(1, 2), texts("a b", "c d", licence="CC-BY-4.0")),
    ),
    Rule(
        "PQ702",
        "personal-annotator-id",
        "warning",
        "annotator ids that look like an e-mail address or a phone number",
        "The ids go into reports, exports and data sets. Replace them by codes before anything is published. "
        "Examples show the form, not the id.",
        bad=Example(ranking(1, 2, annotator="jane.doe@university.edu")),
        good=Example(ranking(1, 2, annotator="annotator-07")),
    ),
)
