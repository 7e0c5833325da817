"""The HTML report: one self-contained file."""

from prefqa.report.html import report, write_report

__all__ = ["report", "write_report"]
