"""Shared fixtures: the real data beside the project, and the import path of the test helpers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))
settings.register_profile(
    "default",
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SHARED = Path(__file__).resolve().parents[2] / "shared"
REAL = ("crs-rlhf-argilla", "llmfao", "pandalm-test", "rankme", "seq2seq-potato", "tulu1-human-eval")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets, one subfolder each."""
    if not (SHARED / "data").is_dir():
        pytest.skip("the folder shared/data is not beside the project")
    return SHARED / "data"


@pytest.fixture(scope="session")
def shared_inputs() -> Path:
    """The folder of inputs with what is true of them, in `formats` and `hunt`, a folder each."""
    if not (SHARED / "formats").is_dir() or not (SHARED / "hunt").is_dir():
        pytest.skip("the folders shared/formats and shared/hunt are not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def oracles() -> Path:
    """The folder of inputs with the figures that other packages print for them."""
    if not (SHARED / "oracles").is_dir():
        pytest.skip("the folder shared/oracles is not beside the project")
    return SHARED / "oracles"
