"""Steps on all votes, against the fit to all votes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import prefqa
from prefqa.drift.fit import fit
from prefqa.drift.model import VoteModel
from prefqa.drift.periods import cut
from prefqa.drift.rankings import Rankings, rankings
from prefqa.drift.refine import refined


@pytest.fixture(scope="module")
def votes() -> Rankings:
    prefs = prefqa.simulate(
        1500, 2, 8, 3, seed=2, weeks=3, habits=0.3, length_bias=0.3, tie_threshold=0.2, spammers=0.0, texts=False
    ).preferences
    periods = cut(prefs, time=None, every=None, version=None, batch=None)
    assert periods is not None
    return rankings(periods)


def own_weights(model: VoteModel) -> np.ndarray[Any, Any]:
    """What each annotator makes of each feature in all, beside the care and the threshold (logarithms)."""
    assert model.threshold is not None
    weights = model.care[:, None] * model.beta + model.habit
    return np.column_stack([weights[:, :2], np.log(model.care), np.log(model.threshold)])


def test_three_steps_on_all_votes_come_near_the_fit_to_all_votes(votes: Rankings) -> None:
    of_all, model = fit(votes.votes(), single=False), fit(votes.sampled(1_000, 0), single=False)
    target = own_weights(of_all)
    of_sample = np.abs(own_weights(model) - target).mean()
    for _ in range(3):
        model = refined(votes, model)
    assert np.abs(own_weights(model) - target).mean() < 0.4 * of_sample


def test_at_the_fit_to_all_votes_annotators_stay_where_they_are(votes: Rankings) -> None:
    of_all = fit(votes.votes(), single=False)
    moved = np.abs(own_weights(refined(votes, of_all)) - own_weights(of_all)).mean()
    assert moved < 0.1 * np.abs(own_weights(fit(votes.sampled(1_000, 0), single=False)) - own_weights(of_all)).mean()
