"""Steps of a benchmark in processes of their own, so that one's memory is not another's peak."""

from __future__ import annotations

import subprocess
import sys


def run(script: str, *arguments: str) -> str:
    """Run a script in a process of its own and return what it printed."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout
