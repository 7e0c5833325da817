"""The command line."""

from prefqa.cli.main import cli, main

__all__ = ["cli", "main"]
