"""Did the rule that annotators follow change, when, and how sure is that."""

from prefqa.drift.compare import drift
from prefqa.drift.result import DriftResult

__all__ = ["DriftResult", "drift"]
