r"""What else than a changed rule would explain a shift that all annotators show at once: the answers.

**Weight of a feature.** With quality q that nothing records and the feature x of standard deviation s, their
correlation rho and q's standard deviation sigma* make of a rule of weight w the weight :math:`w + \rho\sigma^*/s`, of
which the model sees :math:`\sigma = \sigma^* \sqrt{1 - \rho^2}` as what is left. So a shift d is explained, without
anybody changing, by

.. math:: d = r' \sigma' / s' - r \sigma / s, \qquad r = \rho / \sqrt{1 - \rho^2},

with a dash for what came after. Three explanations are worked out: rho rose from 0, it fell to 0, or it stayed and
items became harder or easier or the feature varied otherwise; the least rho of these is told. sigma is fitted by
period; without a second vote on pairs it is not known, and then the standard deviation of the logistic law stands for
it, as if all disagreement were quality. **Ties.** A wider threshold is explained by a share of pairs whose responses
are as good as the same, at whose gap of 0 a tie has probability :math:`\tanh(c / 2)`; a factor of 1.5 of the
threshold, beyond its interval, is put down to gaps that are not normal.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from prefqa.drift.evidence import Evidence
from prefqa.drift.features import LENGTH, POSITION
from prefqa.drift.scores import STRENGTH, TIES
from prefqa.drift.vote_table import SINCE

#: The largest correlation of a feature with unrecorded quality, and the largest share of pairs without any difference,
#: by which a shift may still be explained.
MAX_CORRELATION, MAX_ALIKE = 0.7, 0.3
#: What gaps that are not normal can make a threshold look wider or narrower by (log).
_WIDTH = float(np.log(1.5))
_CLEARLY = 1.1
ROSE, FELL, STAYED, ALIKE = "rose", "fell", "stayed", "alike"


class Bounds(NamedTuple):
    """Up to which correlation, and which share of pairs without a difference, an explanation is plausible."""

    correlation: float = MAX_CORRELATION
    alike: float = MAX_ALIKE

    def of(self, name: str) -> float:
        """The bound of a detector."""
        return self.alike if name == TIES else self.correlation


class Explanation(NamedTuple):
    """The least correlation that explains a shift, or share of pairs for ties.

    `sign` is that of the correlation, `how` it moved; `low` is the same at the interval's nearer end, 0 where the
    interval holds no shift.
    """

    by: float
    sign: int
    how: str
    low: float


def explanation(evidence: Evidence, contrast: int, column: int, effect: float, half: float) -> Explanation:
    """Explain a shift of the pool, `effect` and half its interval being in the unit of the detector."""
    factor = evidence.unit(column).factor
    name = evidence.scores.names[column]
    effect, half = effect / factor, half / abs(factor)
    allowed = half + (_WIDTH if name == TIES else 0.0)
    nearer = float(np.sign(effect) * max(abs(effect) - allowed, 0.0))
    by, sign, how = _explained(evidence, contrast, column, name, effect)
    low = _explained(evidence, contrast, column, name, nearer)[0] if nearer else 0.0
    return Explanation(by, sign, how, min(low, by))


def _explained(evidence: Evidence, contrast: int, column: int, name: str, effect: float) -> tuple[float, int, str]:
    if name == TIES:
        return _alike(evidence, contrast, effect)
    if name != STRENGTH:
        return _correlation(evidence, contrast, column, effect)
    names = evidence.votes.names
    features = [at for at, one in enumerate(names) if one != POSITION and not one.startswith(SINCE)]
    shifts = evidence.model.beta[features] * np.expm1(effect)
    each = [_correlation(evidence, contrast, at, float(d)) for at, d in zip(features, shifts, strict=True)]
    return max(each, default=(0.0, 1, STAYED))


def _correlation(evidence: Evidence, contrast: int, column: int, effect: float) -> tuple[float, int, str]:
    before, after = evidence.quality_per_feature(contrast, column)
    ratios = {ROSE: (effect, after), FELL: (-effect, before), STAYED: (effect, after - before)}
    found = [(abs(d) / max(abs(per), 1e-12), int(np.sign(d * per)) or 1, how) for how, (d, per) in ratios.items()]
    # The plainest, a correlation that rose, unless another is clearly less.
    ratio, sign, how = min(found, key=lambda one: one[0] * (1.0 if one[2] == ROSE else _CLEARLY))
    return float(ratio / np.sqrt(1 + ratio**2)), sign, how


def _alike(evidence: Evidence, contrast: int, effect: float) -> tuple[float, int, str]:
    """Share of pairs at a gap of 0 that came in (or went) and so made more (or fewer) ties."""
    assert evidence.model.threshold is not None  # noqa: S101 (ties are tested only where there are any)
    share = float(evidence.pooled_share(evidence.scores.column(TIES))[contrast])
    weight = evidence.n_votes_of_annotator / max(evidence.n_votes_of_annotator.sum(), 1)
    smaller = evidence.model.threshold * np.exp((-(1 - share) if effect > 0 else share) * effect)
    at_zero = float(weight @ np.tanh(smaller / 2))
    rate = evidence.tie_rate(contrast, before=effect > 0)
    widened = weight @ (np.expm1(2 * smaller * np.exp(abs(effect))) / np.expm1(2 * smaller))
    odds = rate / max(1 - rate, 1e-9) * float(widened)
    more = odds / (1 + odds)
    if at_zero <= rate:
        return 1.0, int(np.sign(effect)), ALIKE
    return min((more - rate) / (at_zero - rate), 1.0), int(np.sign(effect)), ALIKE


def words(explained: Explanation, name: str, *, length_is_log: bool = True) -> str:
    """What would explain a shift without anybody changing."""
    much = f"{explained.by:.2f}".replace("0.", ".", 1)
    if explained.how == ALIKE:
        moved = "came in" if explained.sign > 0 else "fell away"
        return f"a share of {much} of pairs without any difference that {moved} would explain it"
    subject = "length" if name == LENGTH and length_is_log else "the known features" if name == STRENGTH else name
    signed = much if explained.sign > 0 else f"-{much}"
    if explained.how == STAYED:
        return (
            f"a correlation of {subject} with quality of {signed} throughout would explain it, as items became easier "
            "or harder"
        )
    if explained.how == ROSE:
        verb = "rose" if explained.sign > 0 else "fell"
        return f"a correlation of {subject} with quality that {verb} from 0 to {signed} would explain it"
    verb = "fell" if explained.sign > 0 else "rose"
    return f"a correlation of {subject} with quality that {verb} from {signed} to 0 would explain it"


def favoured(name: str, effect: float, *, length_is_log: bool = True) -> str:
    """What the pool's votes came to do."""
    if name == TIES:
        return f"came to hold {'more' if effect > 0 else 'fewer'} ties than the gaps between responses account for"
    if name == STRENGTH:
        closer = "more" if effect > 0 else "less"
        return f"came to follow the known features {np.exp(effect):.2f} times as closely ({closer} than before)"
    if name == LENGTH and length_is_log:
        return f"came to favour {'longer' if effect > 0 else 'shorter'} responses"
    if name == POSITION:
        return f"came to favour the response shown {'first' if effect > 0 else 'last'}"
    return f"came to favour {'more' if effect > 0 else 'less'} {name}"
