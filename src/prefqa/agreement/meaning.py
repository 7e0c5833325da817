"""What others call a coefficient of some size, by the probability that it is at least that large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from scipy.special import ndtr, ndtri

#: Share of probability that a word must be backed by.
CONFIDENCE = 0.95
BY_PROBABILITY = "at least that with a probability of 95 % (Gwet 2014)"
#: Coefficients of which the words speak: those that are 0 at chance and 1 at full agreement.
CHANCE_CORRECTED = frozenset(
    {"alpha_nominal", "alpha_ordered", "alpha_ordinal", "alpha_interval", "alpha_ratio", "alpha_weighted"}
    | {"symmetric_kappa", "fleiss_kappa", "conger_kappa", "cohen_kappa", "scott_pi", "brennan_prediger"}
    | {"alpha_grades", "weighted_kappa"}
    | {"gwet_ac1", "gwet_ac2", "icc_1", "icc_2", "icc_3"}
)


class Benchmark(NamedTuple):
    """Words for sizes of a coefficient, from the best down, each with its lower bound, and whose words they are."""

    words: tuple[tuple[str, float], ...]
    source: str


BENCHMARKS = {
    "landis_koch": Benchmark(
        (
            ("almost perfect", 0.8),
            ("substantial", 0.6),
            ("moderate", 0.4),
            ("fair", 0.2),
            ("slight", 0.0),
            ("poor", -1.0),
        ),
        "Landis and Koch (1977), Biometrics 33, p. 165",
    ),
    "krippendorff": Benchmark(
        (("reliable", 0.8), ("tentative conclusions", 0.667), ("not reliable", -1.0)),
        "Krippendorff (2004), Human Communication Research 30, p. 429",
    ),
}


def meaning(estimate: float | None, se: float | None, benchmark: str = "landis_koch") -> str | None:
    r"""Return the best word that the coefficient deserves with probability .95, not the word of the bare estimate.

    .. math:: P(\kappa \ge b) = \frac{\Phi((\hat\kappa - b) / \sigma) - \Phi((\hat\kappa - 1) / \sigma)}
                                     {\Phi((\hat\kappa + 1) / \sigma) - \Phi((\hat\kappa - 1) / \sigma)}

    None without an estimate or a standard error. Source: Gwet (2014), Handbook of Inter-Rater Reliability, chapter 6.
    """
    if estimate is None or se is None:
        return None
    words = BENCHMARKS[benchmark].words
    if se <= 0:
        return next((word for word, bound in words if estimate >= bound), words[-1][0])
    whole = ndtr((estimate + 1) / se) - ndtr((estimate - 1) / se)
    for word, bound in words:
        if (ndtr((estimate - bound) / se) - ndtr((estimate - 1) / se)) / whole >= CONFIDENCE:
            return word
    return words[-1][0]


def in_words(row: Mapping[str, Any], level: float, benchmark: str = "landis_koch") -> str:
    """Return the word for a row of estimates; empty for coefficients of which the words do not speak.

    The error is the one that the interval stands for, which with few annotators is more than the standard error.
    """
    if row["coefficient"] not in CHANCE_CORRECTED or row["ci_low"] is None:
        return ""
    width = (row["ci_high"] - row["ci_low"]) / (2 * float(ndtri((1 + level) / 2)))
    return meaning(row["estimate"], max(row["se"], width), benchmark) or ""
