"""What a person reads in the terminal: short tables and one line per fact."""

from prefqa.terminal.summary import (
    print_agreement,
    print_consensus,
    print_findings,
    print_gate,
    print_left_out,
    print_rules,
    print_run,
    print_schema,
)

__all__ = [
    "print_agreement",
    "print_consensus",
    "print_findings",
    "print_gate",
    "print_left_out",
    "print_rules",
    "print_run",
    "print_schema",
]
