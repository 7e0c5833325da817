"""The linter of preference data: rules with codes, findings, and a quarantine of every row left out."""

from prefqa.checks.engine import check
from prefqa.checks.fixes import Fixed, fix
from prefqa.checks.result import CheckResult
from prefqa.checks.rule import Rule
from prefqa.checks.rules import RULES, explain
from prefqa.checks.schemas import schema_failures, schema_tables

__all__ = ["RULES", "CheckResult", "Fixed", "Rule", "check", "explain", "fix", "schema_failures", "schema_tables"]
