"""The consensus on labels: which label each response has, with what probability, and how each annotator errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import polars as pl
from scipy.special import xlogy

from prefqa._types import Floats, sum_by
from prefqa.coding import Coded
from prefqa.consensus.label_errors import MAX_PARAMETERS, ReliabilityErrors, reliability_errors
from prefqa.consensus.label_model import LabelFit, Labels, fit_labels
from prefqa.errors import UsageError, nearest
from prefqa.preferences import Preferences, as_preferences
from prefqa.ratings import ratings_of_values
from prefqa.results import Result, records

LabelMethod = Literal["dawid-skene", "one-coin", "majority"]

#: What the prior on a row of a confusion matrix is worth, in labels.
SMOOTHING = 6.0
# Probabilities closer than this are rounding: the labels tie.
_ROUNDING = 1e-9
_NORMAL_975 = 1.959963984540054


@dataclass(frozen=True)
class LabelConsensus(Result):
    """The consensus on labels.

    Attributes:
        labels: one row per item and response, by both ids: label (the most probable; null where several are equally
            probable), probability (of it, or of each that ties), tie, entropy (of the probabilities, bits), n_labels.
        probabilities: one row per item, response and category: label, probability.
        annotators: one row per annotator, by id: n_labels; agreement (share of its labels that equal the consensus, a
            k-way tied consensus counts 1/k where it contains the label); reliability (expected share of right labels);
            se (its standard error), identified (whether the labels alone tell the reliability) and below_chance (the
            reliability is below 1 / number of categories by more than 1.96 se). The last four are null for "majority",
            where se is not known, or where `overall["reason"]` says why.
        confusion: one row per annotator, true_label and label: probability that the annotator gives it (null where no
            such true label was seen) and n, the expected number of such labels. Empty for "majority".
        priors: label, prior (share of true labels; for "majority" of the labels given).
        overall: method, smoothing, counts, log_likelihood, iterations, converged, identified (of all), reason.
        method: the method used.
    """

    labels: pl.DataFrame
    probabilities: pl.DataFrame
    annotators: pl.DataFrame
    confusion: pl.DataFrame
    priors: pl.DataFrame
    overall: dict[str, Any]
    method: str

    def to_dict(self) -> dict[str, Any]:
        """Return {"overall": {...}} and the rows of labels, annotators, confusion and priors."""
        frames = ("labels", "annotators", "confusion", "priors")
        return {"overall": self.overall} | {name: records(getattr(self, name)) for name in frames}


def label_consensus(
    preferences: Preferences,
    *,
    method: LabelMethod = "dawid-skene",
    smoothing: float = SMOOTHING,
    categories: Sequence[str] | None = None,
) -> LabelConsensus:
    """Combine the labels that several annotators gave to each response into one label with a probability.

    - "dawid-skene": a confusion matrix per annotator, so that each kind of error counts as what it is;
    - "one-coin": one share of right labels per annotator, errors spread evenly: better with few labels per annotator;
    - "majority": the share of each label; all annotators count alike.

    One label of each annotator counts per response (the latest, where it gave several); a label needs no rank.
    Formulas: `prefqa.consensus.label_model`, standard errors: `prefqa.consensus.label_errors`. The models name the
    true labels by the majority they begin at; where most annotators are worse than chance, the names are wrong.

    Args:
        preferences: judgments with a column `label`.
        method: see above.
        smoothing: what the prior on each row of a confusion matrix (or reliability) is worth, in labels, two thirds of
            them right; 0 for maximum likelihood, as published figures have it. Unused by "majority".
        categories: all labels that could be given; those there are by default.

    Raises:
        ColumnNotFoundError: there are no labels.
        UsageError: an unknown method, a negative smoothing, a label that is not among `categories`.

    Source: Dawid and Skene (1979), Applied Statistics 28.

    >>> import polars as pl
    >>> from prefqa.preferences import Preferences
    >>> said = {"item_id": ["p"] * 3, "response_id": ["r"] * 3, "annotator_id": ["x", "y", "z"]}
    >>> prefs = Preferences.from_long(pl.DataFrame(said | {"label": ["safe", "safe", "unsafe"]}))
    >>> label_consensus(prefs, method="majority").labels.row(0)[:4]
    ('p', 'r', 'safe', 0.6666666666666666)
    """
    preferences = as_preferences(preferences)
    if method not in get_args(LabelMethod):
        near = nearest(str(method), get_args(LabelMethod))
        hint = f"did you mean {near!r}?" if near else None
        raise UsageError(f"method={method!r} is not one of {', '.join(map(repr, get_args(LabelMethod)))}", hint=hint)
    if not (np.isfinite(smoothing) and smoothing >= 0):
        raise UsageError(f"smoothing is a number of labels, 0 or more, not {smoothing}")
    coded, values = preferences.coded_values("label", (), categories)
    given = ratings_of_values(coded, None, len(values))
    unit = np.repeat(np.arange(given.starts.size), given.lengths)
    labels = Labels(unit, given.annotator, given.value, given.starts.size, coded.annotator_ids.len(), len(values))
    fit = None if method == "majority" else fit_labels(labels, method, smoothing)
    posterior = labels.shares() if fit is None else fit.posterior
    units = pl.DataFrame(
        [
            coded.item_ids.gather(given.item[given.cluster]).alias("item_id"),
            coded.response_ids.gather(coded.slot_response).alias("response_id"),
        ]
    )
    errors = None if fit is None or not labels.n_units else reliability_errors(labels, fit, smoothing)
    annotators = _annotator_frame(coded, labels, posterior, fit, errors)
    table = _label_frame(units, labels, posterior, values)
    shares = posterior.mean(axis=0) if labels.n_units else np.zeros(len(values))
    return LabelConsensus(
        labels=table,
        probabilities=_probability_frame(units, posterior, values),
        annotators=annotators,
        confusion=_confusion_frame(coded, fit, values),
        priors=pl.DataFrame([values.alias("label"), pl.Series("prior", shares if fit is None else fit.priors)]),
        overall=_overall(method, smoothing, labels, table, annotators, fit, errors),
        method=method,
    )


def _ties(posterior: Floats) -> Floats:
    """[units, labels]: 1/k for each of the k most probable labels."""
    most = posterior >= posterior.max(axis=1, initial=0.0, keepdims=True) - _ROUNDING
    return np.asarray(most / np.maximum(most.sum(axis=1, keepdims=True), 1), np.float64)


def _label_frame(units: pl.DataFrame, labels: Labels, posterior: Floats, values: pl.Series) -> pl.DataFrame:
    if not labels.n_units:
        posterior = np.zeros((0, 1))
    share = _ties(posterior)
    tie = (share > 0).sum(axis=1) > 1
    best = pl.Series(posterior.argmax(axis=1)).set(pl.Series(tie), None)
    return units.with_columns(
        values.gather(best).alias("label"),
        pl.Series("probability", posterior.max(axis=1)),
        pl.Series("tie", tie),
        pl.Series("entropy", np.maximum(-xlogy(posterior, posterior).sum(axis=1) / np.log(2), 0.0)),
        pl.Series("n_labels", np.bincount(labels.unit, minlength=labels.n_units).astype(np.int64)),
    )


def _probability_frame(units: pl.DataFrame, posterior: Floats, values: pl.Series) -> pl.DataFrame:
    n, j = len(units), len(values)
    return units[np.repeat(np.arange(n), j)].with_columns(
        values.gather(np.tile(np.arange(j), n)).alias("label"), pl.Series("probability", posterior.ravel())
    )


def _annotator_frame(
    coded: Coded, labels: Labels, posterior: Floats, fit: LabelFit | None, errors: ReliabilityErrors | None
) -> pl.DataFrame:
    n = np.bincount(labels.annotator, minlength=labels.n_annotators).astype(np.int64)
    credit = sum_by(labels.annotator, _ties(posterior)[labels.unit, labels.label], labels.n_annotators)
    unknown = np.full(labels.n_annotators, np.nan)
    reliability = unknown if fit is None else np.where(n > 0, fit.reliability, np.nan)
    chance = 1 / max(labels.n_labels, 1)
    frame = pl.DataFrame(
        [
            coded.annotator_ids.alias("annotator_id"),
            pl.Series("n_labels", n),
            pl.Series("agreement", np.where(n > 0, credit / np.maximum(n, 1), np.nan), nan_to_null=True),
            pl.Series("reliability", reliability, nan_to_null=True),
            pl.Series("se", unknown if errors is None else errors.se, nan_to_null=True),
            pl.Series("identified", [None] * labels.n_annotators if errors is None else errors.identified, pl.Boolean),
        ]
    )
    return frame.with_columns(below_chance=pl.col("reliability") + _NORMAL_975 * pl.col("se") < chance)


def _confusion_frame(coded: Coded, fit: LabelFit | None, values: pl.Series) -> pl.DataFrame:
    j = len(values)
    confusion = np.zeros((0, j, j)) if fit is None else fit.confusion
    known = confusion.sum(axis=2, keepdims=True) > 0
    probability = np.where(known, confusion, np.nan)
    n = np.zeros((0, j, j)) if fit is None else fit.seen[:, :, None] * confusion
    each = np.arange(len(confusion))
    return pl.DataFrame(
        [
            coded.annotator_ids.gather(np.repeat(each, j * j)).alias("annotator_id"),
            values.gather(np.tile(np.repeat(np.arange(j), j), each.size)).alias("true_label"),
            values.gather(np.tile(np.arange(j), each.size * j)).alias("label"),
            pl.Series("probability", probability.ravel(), nan_to_null=True),
            pl.Series("n", n.ravel()),
        ]
    )


def _overall(
    method: str,
    smoothing: float,
    labels: Labels,
    table: pl.DataFrame,
    annotators: pl.DataFrame,
    fit: LabelFit | None,
    errors: ReliabilityErrors | None,
) -> dict[str, Any]:
    reason = None
    if fit is not None and errors is None and labels.n_units:
        reason = f"more than {MAX_PARAMETERS:,} parameters: no standard errors"
    elif errors is not None and not errors.identified.all():
        reason = f"the labels do not tell the reliability of {int((~errors.identified).sum())} annotators"
    return {
        "method": method,
        "smoothing": None if fit is None else float(smoothing),
        "n_units": labels.n_units,
        "n_labels": int(labels.unit.size),
        "n_annotators": labels.n_annotators,
        "n_categories": labels.n_labels,
        "n_tied": int(table["tie"].sum()),
        "mean_probability": None if table.is_empty() else float(table["probability"].mean()),  # type: ignore[arg-type]
        "annotators_below_chance": annotators.filter("below_chance")["annotator_id"].to_list(),
        "log_likelihood": None if fit is None else fit.log_likelihood,
        "iterations": None if fit is None else fit.n_iterations,
        "converged": None if fit is None else fit.converged,
        "identified": None if errors is None else bool(errors.identified.all()),
        "reason": reason,
    }
