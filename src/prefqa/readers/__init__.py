"""Reading: files, frames and datasets of any accepted shape become Preferences."""

from prefqa.readers.files import readable
from prefqa.readers.reader import read
from prefqa.readers.registry import FEEDBACK, INSTRUCTIONS, PUBLIC, TOOLS, TRAINERS
from prefqa.readers.shapes import SHAPES

__all__ = ["FEEDBACK", "INSTRUCTIONS", "PUBLIC", "SHAPES", "TOOLS", "TRAINERS", "read", "readable"]
