"""Everything that the detectors on scores share, worked out once: votes, model, scores, cells, contrasts, scan."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Event

import numpy as np

from prefqa._types import Bools, Floats, Ints, begins, distinct, sum_by
from prefqa.drift.contrasts import Cells, Compared, Contrasts, against_others, cell_sums, compare
from prefqa.drift.features import POSITION
from prefqa.drift.fit import fit
from prefqa.drift.model import VoteModel
from prefqa.drift.order import order_p_value
from prefqa.drift.rankings import Rankings
from prefqa.drift.refine import refined
from prefqa.drift.scan import Scan, Slack, scan
from prefqa.drift.scores import CARE, SPREAD, STRENGTH, TIES, Scores, score_judgments, together, without_nuisance
from prefqa.drift.units import Unit, unit
from prefqa.drift.vote_table import SINCE, VoteTable

#: Votes on which the model is fitted; so many per annotator more, so that habits are known.
FIT_VOTES, FIT_PER_ANNOTATOR = 20_000, 60
#: Steps after the fit on a sample. The last is on all votes, those before on no more than so many, or so many per
#: annotator: what they leave is of the order of their error squared, and the last step corrects what is linear in it.
REFINEMENTS, REFINE_VOTES, REFINE_PER_ANNOTATOR = 3, 500_000, 500
#: Without this share of pairs with votes of two annotators, difficulty and rule cannot be told apart.
MIN_OVERLAP = 0.05
#: Votes on which that is looked up.
OVERLAP_VOTES = 500_000
#: Votes on which the distribution of features, the share of ties and the order on the screen are looked up.
SHOWN_VOTES = 200_000
#: Below this p the order on the screen counts as not random.
MIN_ORDER_P = 0.001
LOGISTIC_SD = float(np.pi / np.sqrt(3))
#: Share of a shift of sigma that a law of votes other than the model's may leave in weights.
MISFIT = 0.5
#: Share of a shift of everybody's weight by which annotators may differ in it, as they see other things in the answers.
MISFIT_OF_MOVES = 0.25


@dataclass(frozen=True)
class Evidence:
    """The scan of a campaign with all that it rests on.

    `spread` is sigma by period where another model tells it better than this one's, whose weights do not move. `noise`
    is by column the variance of a contrast within items by what a shift of 1 adds to it (`noise_within_items`).
    """

    votes: Rankings
    model: VoteModel
    scores: Scores
    cells: Cells
    contrasts: Contrasts
    scan: Scan
    free: tuple[int, ...] | None = None
    spread: Floats | None = None
    noise: Floats = field(default_factory=lambda: np.zeros(0))

    @classmethod
    def of(
        cls,
        votes: Rankings,
        contrasts: Contrasts,
        *,
        seed: int,
        scored: Event | None = None,
        free: tuple[int, ...] | None = None,
    ) -> Evidence:
        """Fit the model on a sample of items, score all judgments, compare the periods.

        `scored` is set when the votes are scored: what comes after takes one core. The features `free` weigh otherwise
        in each period, as thresholds then do.
        """
        single = overlap(votes, seed) < MIN_OVERLAP
        model = fitted(votes, single=single, seed=seed, free=free)
        scores = score_judgments(votes, model)
        if scored is not None:
            scored.set()
        scores = together(scores, votes.cluster)
        noise = noise_within_items(scores)
        scores = without_nuisance(scores, single=single)
        cells = cell_sums(scores, len(votes.periods))
        slack = None if free is None else _slack(votes, model, free, scores.names, contrasts, seed=seed)
        scanned = scan(scores, cells, contrasts, len(votes.annotators), slack)
        return cls(votes, model, scores, cells, contrasts, scanned, free, None, noise)

    def without_answers(self, *, seed: int, scored: Event | None = None) -> Evidence:
        """The same with all in the model by which changed answers move the whole pool: what is left is identified."""
        names = self.votes.names
        free = tuple(at for at, name in enumerate(names) if name != POSITION or not self.position_is_random)
        return Evidence.of(self.votes.with_models_by_period(), self.contrasts, seed=seed, scored=scored, free=free)

    def light(self) -> Evidence:
        """The same without the scores of single judgments."""
        none = np.zeros((0, 0), np.float32)
        return replace(self, scores=replace(self.scores, score=none, information=none))

    def given(self, contrast: int, column: int, moved: Bools, *, seed: int) -> Evidence:
        """The same with a confirmed change of a feature's weight in the model, for those who moved."""
        votes = self.votes.with_change(column, self.contrasts.after[contrast], moved)
        return replace(Evidence.of(votes, self.contrasts, seed=seed, free=self.free), spread=self.spread)

    @cached_property
    def pool_columns(self) -> Ints:
        """Scores that the pool is tested on."""
        names = [name for name in self.votes.names if not name.startswith(SINCE)]
        if not self.model.single:
            names += [STRENGTH] if len(names) > 1 else []
            names += [TIES] if self.model.threshold is not None else []
        return np.array([self.scores.column(name) for name in names], np.int64)

    @cached_property
    def annotator_columns(self) -> Ints:
        """Scores that each annotator is tested on."""
        names = [name for name, common in zip(self.votes.names, self.votes.is_common, strict=True) if not common]
        if not self.model.single:
            names += [CARE, *([TIES] if self.model.threshold is not None else [])]
        return np.array([self.scores.column(name) for name in names], np.int64)

    @cached_property
    def by_period(self) -> Compared:
        """Each period against all others, within cells."""
        return compare(self.cells, against_others(self.votes.periods))

    def grid(self, columns: Ints) -> Bools:
        """Which (contrast, column) belong to these columns and rest on any data."""
        use = np.zeros(self.scan.z.shape, bool)
        use[:, columns] = True
        return np.asarray(use & (self.scan.z != 0))

    @cached_property
    def sensitivity(self) -> Floats:
        """Information left of each contrast when the items' z is not seen: N is about this times the shift."""
        return self.scan.weight * self.scores.kept

    @cached_property
    def annotator_sensitivity(self) -> Floats:
        """The same of each annotator: the pool's, shared out as the variances of their own scores.

        By the information identity a score's variance is its information, of which careful annotators lose more when z
        is not seen; the expected information does not know that.
        """
        total = self.scan.annotator_variance.sum(axis=0)
        return np.asarray(self.scan.annotator_variance * self.sensitivity / np.where(total > 0, total, 1.0))

    @cached_property
    def relative_sensitivity(self) -> Floats:
        """What is left of an annotator's sensitivity against the others."""
        variance = self.scan.annotator_variance
        left = self.scan.relative_variance / np.where(variance > 0, variance, 1.0)
        return np.asarray(self.annotator_sensitivity * left)

    @cached_property
    def typical_care(self) -> float:
        """Care of the annotator of the median vote."""
        of_annotator = sum_by(self.votes.annotator, self.votes.n_votes, self.model.care.size)
        order = np.argsort(self.model.care, kind="stable")
        up_to = np.cumsum(of_annotator[order])
        if not self.votes.n:
            return 1.0
        middle = up_to.searchsorted([(self.votes.n - 1) // 2, self.votes.n // 2], side="right")
        return float(self.model.care[order][middle].mean())

    def unit(self, column: int) -> Unit:
        """The unit in which a column's shift is told."""
        name = self.scores.names[column]
        scale = float(self.votes.scale[column]) if column < len(self.votes.names) else 1.0
        return unit(name, scale, self.typical_care, length_is_log=self.votes.length_is_log)

    @cached_property
    def _information_of_period(self) -> Floats:
        return np.asarray(self.cells.information.sum(axis=0))

    def pooled_share(self, column: int) -> Floats:
        """Per contrast, the share of the information that stands before."""
        of_period = self._information_of_period[:, column]
        before, after = self.contrasts.before @ of_period, self.contrasts.after @ of_period
        return np.asarray(before / np.maximum(before + after, 1e-300))

    @cached_property
    def sample(self) -> VoteTable:
        """Votes of whole items that show how features and ties are distributed."""
        return self.votes.sampled(SHOWN_VOTES, 0)

    @cached_property
    def spread_by_period(self) -> Floats:
        """Root mean square of sigma over the strata of each period, by votes.

        Where it is not known all disagreement is taken for it: the standard deviation of the logistic law.
        """
        return spread_by_period(self.votes, self.model) if self.spread is None else self.spread

    def quality_per_feature(self, contrast: int, column: int) -> tuple[float, float]:
        """Sigma / s before and after: what a unit of unrecorded quality is in units of a feature's weight."""
        squares = sum_by(self.sample.period, self.sample.x[:, column] ** 2, len(self.votes.periods))
        votes = sum_by(self.sample.period, np.ones(self.sample.n), len(self.votes.periods))
        sides = []
        for side in (self.contrasts.before[contrast], self.contrasts.after[contrast]):
            n = max(float(self.n_votes[side].sum()), 1.0)
            sigma = np.sqrt(float((self.n_votes * self.spread_by_period**2)[side].sum()) / n)
            s = np.sqrt(float(squares[side].sum()) / max(float(votes[side].sum()), 1.0))
            sides.append(float(sigma / max(s, 1e-9)))
        return sides[0], sides[1]

    def spread_shift(self, contrast: int) -> tuple[float, float]:
        """Shift of log sigma from before to after, and its standard error."""
        at = contrast, self.scores.column(SPREAD)
        weight = float(self.scan.weight[at])
        if self.model.single or weight <= 0:
            return 0.0, 0.0
        shift = float(_spread_shifts(self.votes, self.spread_by_period, self.contrasts)[contrast])
        return shift, float(np.sqrt(self.scan.by_item[at])) / weight

    def tie_rate(self, contrast: int, *, before: bool) -> float:
        """Share of ties on a side."""
        side = (self.contrasts.before if before else self.contrasts.after)[contrast]
        there = side[self.sample.period]
        return float((self.sample.said[there] == 0).mean()) if there.any() else 0.0

    @cached_property
    def position_is_random(self) -> bool:
        """Whether nothing says that the order on the screen goes with what the responses are."""
        if POSITION not in self.votes.names:
            return False
        if self.free is not None:
            return self.votes.names.index(POSITION) not in self.free
        return order_p_value(self.sample, self.model) >= MIN_ORDER_P

    @cached_property
    def identified_columns(self) -> Ints:
        """Scores of the pool that changed answers cannot move: position, where its order is random."""
        names = [POSITION] if self.position_is_random else []
        return np.array([self.scores.column(name) for name in names], np.int64)

    @cached_property
    def confounded_columns(self) -> Ints:
        """Scores of the pool that changed answers move as well as a changed rule."""
        return np.setdiff1d(self.pool_columns, self.identified_columns)

    @cached_property
    def n_votes(self) -> Ints:
        """Votes by period."""
        return sum_by(self.votes.period, self.votes.n_votes, len(self.votes.periods)).astype(np.int64)

    @cached_property
    def n_items(self) -> Ints:
        """Items by period."""
        n = len(self.votes.periods)
        pairs, _ = distinct(self.votes.item.astype(np.int64) * n + self.votes.period)
        return np.bincount(pairs % n, minlength=n)

    @cached_property
    def n_votes_of_annotator(self) -> Ints:
        """Votes by annotator."""
        return sum_by(self.scores.annotator, self.scores.n_votes, self.model.care.size).astype(np.int64)

    @cached_property
    def n_items_of_annotator(self) -> Ints:
        """Items by annotator."""
        n = self.model.care.size
        pairs = self.scores.item.astype(np.int64) * n + self.scores.annotator
        ordered = np.sort(pairs)
        return np.bincount(ordered[begins(ordered)] % n, minlength=n)


def spread_by_period(votes: Rankings, model: VoteModel) -> Floats:
    """Root mean square of sigma over the strata of each period, by votes; the logistic law's where it is not known."""
    if model.single:
        return np.full(len(votes.periods), LOGISTIC_SD)
    count = np.zeros(model.sigma.shape)
    np.add.at(count, (votes.stratum, votes.period), votes.n_votes)
    return np.asarray(np.sqrt((count * model.sigma**2).sum(axis=0) / np.maximum(count.sum(axis=0), 1)))


def _spread_shifts(votes: Rankings, spread: Floats, contrasts: Contrasts) -> Floats:
    """Shift of log sigma from before to after in each contrast."""
    n = sum_by(votes.period, votes.n_votes, len(votes.periods))
    squares = n * spread**2
    before, after = (
        side @ squares / np.maximum(side @ n, 1)
        for side in (contrasts.before.astype(float), contrasts.after.astype(float))
    )
    return np.asarray(0.5 * np.log(np.maximum(after, 1e-12) / np.maximum(before, 1e-12)))


def _slack(
    votes: Rankings, model: VoteModel, free: tuple[int, ...], names: list[str], contrasts: Contrasts, *, seed: int
) -> Slack:
    """What items that become harder or easier may do to weights, care and thresholds under another law of votes.

    Without conditioning on the item all weights would move by the factor of sigma. The model conditions on it, by a
    logistic law and normal gaps; where votes have heavier tails, or gaps are not normal, a part of that is left. So
    of each weight, and of each annotator's log care and log threshold against the others', the share `MISFIT` of the
    shift of log sigma is not held against anybody; nor the share `MISFIT_OF_MOVES` of what everybody's weight moved.
    """
    n, people = len(model.beta), model.care.size
    common = np.zeros(len(names))
    common[:n] = np.abs(model.beta)
    own = np.zeros((people, len(names)))
    own[:, :n] = np.abs(model.beta + model.habit / model.care[:, None])
    logs = {CARE: np.log(model.care), TIES: np.zeros(people) if model.threshold is None else np.log(model.threshold)}
    for name, log in logs.items():
        own[:, names.index(name)] = np.abs(log - np.median(log))
    # Where a rule changed that the model holds still, sigma and thresholds would move to fit its votes: here all moves.
    sample = votes.sampled(max(FIT_VOTES, FIT_PER_ANNOTATOR * people), seed)
    loose = fit(sample, single=model.single, free=tuple(range(n)))
    moved = MISFIT * np.abs(_spread_shifts(votes, spread_by_period(votes, loose), contrasts))
    slack = own[:, None, :] * moved[:, None]
    if loose.widths.size:
        width = np.abs(_means(votes, loose.widths[:, None], contrasts))[:, 0]
        care, ties = names.index(CARE), names.index(TIES)
        slack[:, :, care] += MISFIT * own[:, None, care] * width
        slack[:, :, ties] += (MISFIT * own[:, None, ties] + MISFIT_OF_MOVES) * width
    if free:
        slack[:, :, list(free)] += MISFIT_OF_MOVES * np.abs(_means(votes, loose.moves, contrasts))[:, list(free)]
    return Slack(moved[:, None] * common, slack)


def _means(votes: Rankings, of_period: Floats, contrasts: Contrasts) -> Floats:
    """Mean over votes after less that before, of figures by period, [n_contrasts, ..]."""
    n = sum_by(votes.period, votes.n_votes, len(votes.periods))
    before, after = (
        side @ (n[:, None] * of_period) / np.maximum(side @ n, 1)[:, None]
        for side in (contrasts.before.astype(float), contrasts.after.astype(float))
    )
    return np.asarray(after - before)


def fitted(
    votes: Rankings, *, single: bool, at_least: int = 0, seed: int, free: tuple[int, ...] | None = None
) -> VoteModel:
    """Fit the model on a sample of items of at least so many votes, then let all votes move it."""
    sample = votes.sampled(max(FIT_VOTES, FIT_PER_ANNOTATOR * len(votes.annotators), at_least), seed)
    model = fit(sample, single=single, free=free)
    if sample.n < votes.n and not single:
        some = votes.some(max(REFINE_VOTES, REFINE_PER_ANNOTATOR * len(votes.annotators)), seed)
        for step in range(REFINEMENTS):
            model = refined(some if step < REFINEMENTS - 1 else votes, model)
    return model


def noise_within_items(scores: Scores) -> Floats:
    """Variance of a score's contrast between two halves of an item's judgments, by what a shift of 1 adds to it.

    It would be 1 if all votes were independent given the item, and is more as people differ and as the votes of one
    ranking hang together. 0 where no item has two judgments.
    """
    starts = np.flatnonzero(begins(scores.item))
    lengths = np.diff(np.append(starts, scores.item.size))
    side = (np.arange(scores.item.size) - np.repeat(starts, lengths)) % 2
    item = np.repeat(np.arange(starts.size), lengths)
    out = np.zeros(len(scores.names))
    for column in range(len(scores.names)):
        sums = []
        for half in (0, 1):
            mine = side == half
            sums.append(
                [sum_by(item[mine], part[mine, column], starts.size) for part in (scores.score, scores.information)]
            )
        (s_one, w_one), (s_other, w_other) = sums
        both = (w_one > 0) & (w_other > 0)
        share = np.where(both, w_one / np.where(both, w_one + w_other, 1.0), 0.0)
        contrast = np.where(both, share * s_other - (1 - share) * s_one, 0.0)
        weight = float((share * w_other).sum())
        out[column] = float((contrast**2).sum()) / weight if weight > 0 else 0.0
    return out


def overlap(votes: Rankings, seed: int) -> float:
    """Share of units on which more than one annotator voted, among whole items of many votes."""
    some = votes.sampled(OVERLAP_VOTES, seed)
    if not some.n:
        return 0.0
    several = np.maximum.reduceat(some.annotator, some.starts) != np.minimum.reduceat(some.annotator, some.starts)
    return float(several.mean())


__all__ = ["CARE", "SPREAD", "STRENGTH", "TIES", "Evidence", "overlap"]
