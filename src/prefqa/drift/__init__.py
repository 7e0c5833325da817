"""Did the rule that annotators follow change, when, and how sure is that."""

from prefqa.drift.compare import drift
from prefqa.drift.result import DriftResult
from prefqa.drift.sequential import WatchResult, watch

__all__ = ["DriftResult", "WatchResult", "drift", "watch"]
