"""Findings and verdict in the formats that CI systems read."""

from prefqa.report.ci.registry import FORMATS

__all__ = ["FORMATS"]
