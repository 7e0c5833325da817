"""Did the rule that annotators follow change, when, and how sure is that."""

from prefqa.drift.compare import DriftResult, drift

__all__ = ["DriftResult", "drift"]
