"""Without torch, the bridge to trl says what to install; without asking for it, prefqa never loads torch."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest


@pytest.mark.skipif(find_spec("trl") is not None, reason="trl is installed")
def test_the_extra_is_named() -> None:
    with pytest.raises(ImportError, match=r"pip install 'prefqa\[trl\]'"):
        import prefqa.trl  # noqa: F401


def test_prefqa_does_not_load_torch() -> None:
    code = "import sys, prefqa; prefqa.run, prefqa.write_pairs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
