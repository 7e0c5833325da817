"""Reading: files, frames and datasets of any accepted shape become Preferences."""

from prefqa.readers.files import readable
from prefqa.readers.reader import read
from prefqa.readers.registry import INSTRUCTIONS, PUBLIC, SETS, TOOLS
from prefqa.readers.shapes import SHAPES

__all__ = ["INSTRUCTIONS", "PUBLIC", "SETS", "SHAPES", "TOOLS", "read", "readable"]
