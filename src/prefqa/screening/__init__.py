"""Screening of annotators: who may not have read, looked or understood, with effect and evidence (rules PQ3)."""

from prefqa.screening.screen import Screening, screen

__all__ = ["Screening", "screen"]
