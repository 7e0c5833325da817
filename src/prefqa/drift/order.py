"""Whether the order on the screen is random, or goes with what the responses are."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from prefqa.drift.features import POSITION
from prefqa.drift.model import VoteModel
from prefqa.drift.vote_table import SINCE, VoteTable


def order_p_value(votes: VoteTable, model: VoteModel) -> float:
    r"""Wald test that who stands first goes with nothing that is known of the responses.

    With x the place (1 where the response that comes first by id was shown first, else -1) and w a constant, the known
    features and the quality of the models, each as a difference, :math:`\sum x w` is 0 on average where the order is
    drawn by chance, judgment by judgment or item by item. Its variance is clustered by item.

    Returns:
        The p-value of :math:`U^T V^{-1} U`, chi² with the rank of V as degrees of freedom; 0 where no vote has a place.
    """
    place = votes.x[:, votes.names.index(POSITION)]
    if not place.any():
        return 0.0
    others = [at for at, name in enumerate(votes.names) if name != POSITION and not name.startswith(SINCE)]
    columns = [np.ones(votes.n), *votes.x[:, others].T]
    if votes.models is not None and model.quality.any():
        first, second = model.quality[votes.models.T]
        columns.append(first - second)
    starts = np.flatnonzero(np.append(True, votes.item[1:] != votes.item[:-1]))
    of_item = np.stack([np.add.reduceat(place * column, starts) for column in columns], axis=1)
    scale = np.sqrt((of_item**2).sum(axis=0))
    if not scale.any():
        return 1.0  # each order of each item as often as the other
    of_item = of_item[:, scale > 0] / scale[scale > 0]
    total, spread = of_item.sum(axis=0), of_item.T @ of_item
    statistic = float(total @ np.linalg.pinv(spread, rcond=1e-9, hermitian=True) @ total)
    return float(chdtrc(np.linalg.matrix_rank(spread, tol=1e-9, hermitian=True), statistic))
