"""Which function finds what a rule describes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from prefqa.checks import near, pq1_pool, pq1_rows, pq1_structure, pq2_pairs, pq2_prompts, pq2_scores, pq2_texts
from prefqa.checks.frame import Found, Frame, NotRun
from prefqa.checks.pq7_exports import EXPORTS, noted

FINDERS: dict[str, Callable[[Frame], Found | NotRun]] = {
    "PQ101": pq1_rows.mistyped_value,
    "PQ102": pq1_rows.null_id,
    "PQ103": pq1_structure.duplicate_judgment,
    "PQ104": pq1_structure.bad_rank,
    "PQ105": pq1_structure.rank_gaps,
    "PQ106": pq1_structure.partial_ranking,
    "PQ107": pq1_structure.one_response,
    "PQ108": pq1_structure.unknown_response,
    "PQ109": pq1_structure.score_contradicts_rank,
    "PQ110": pq1_rows.not_submitted,
    "PQ111": pq1_rows.naive_time,
    "PQ112": pq1_rows.future_time,
    "PQ113": pq1_structure.option_order,
    "PQ114": pq1_structure.repeated_judgment,
    "PQ115": pq1_rows.mixed_annotator_kinds,
    "PQ116": pq1_rows.out_of_range,
    "PQ117": pq1_pool.one_annotator,
    "PQ118": pq1_pool.separate_groups,
    "PQ119": pq1_pool.unbalanced_load,
    "PQ120": pq1_pool.before_guidelines,
    "PQ121": pq1_pool.ids_alike,
    "PQ201": pq2_texts.empty_response,
    "PQ202": pq2_texts.not_text,
    "PQ203": pq2_pairs.same_text,
    "PQ204": pq2_pairs.same_but_for_form,
    "PQ205": pq2_pairs.equal_ranked_apart,
    "PQ206": near.near_duplicate_responses,
    "PQ207": near.near_duplicate_prompts,
    "PQ208": pq2_prompts.repeated_prompt,
    "PQ209": pq2_prompts.contradictory_repeats,
    "PQ210": pq2_prompts.split_leak,
    "PQ211": pq2_prompts.benchmark_overlap,
    "PQ212": pq2_texts.cut_at_a_length,
    "PQ213": pq2_texts.unfinished,
    "PQ214": pq2_texts.error_text,
    "PQ215": pq2_texts.redacted,
    "PQ216": pq2_texts.template_tokens,
    "PQ217": pq2_texts.roles_out_of_turn,
    "PQ218": pq2_pairs.contexts_differ,
    "PQ219": pq2_texts.mojibake,
    "PQ220": pq2_scores.score_pile_up,
    "PQ221": pq2_scores.overall_against_aspects,
    "PQ222": pq2_texts.personal_data,
    **{rule.code: partial(noted, code=rule.code) for rule in EXPORTS},
}
