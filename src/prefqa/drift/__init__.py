"""Did the rule that annotators follow change, when, and how sure is that."""

from prefqa.drift.anchor_plan import AnchorPlan, plan_anchors
from prefqa.drift.compare import drift
from prefqa.drift.result import DriftResult
from prefqa.drift.sequential import WatchResult, watch

__all__ = ["AnchorPlan", "DriftResult", "WatchResult", "drift", "plan_anchors", "watch"]
