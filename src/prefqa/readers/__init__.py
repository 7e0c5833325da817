"""Reading: files, frames and datasets of any accepted shape become Preferences."""

from prefqa.readers.files import readable
from prefqa.readers.reader import read
from prefqa.readers.registry import BY_NAME, FEEDBACK, INSTRUCTIONS, PLATFORMS, PUBLIC, SETS, TOOLS, TRAINERS
from prefqa.readers.shapes import SHAPES

__all__ = [
    "BY_NAME",
    "FEEDBACK",
    "INSTRUCTIONS",
    "PLATFORMS",
    "PUBLIC",
    "SETS",
    "SHAPES",
    "TOOLS",
    "TRAINERS",
    "read",
    "readable",
]
