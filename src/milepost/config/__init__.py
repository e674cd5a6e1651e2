"""Configuration: the settings, the file they may stand in, and which way of giving one counts."""

from milepost.config.load import Loaded, load, load_all
from milepost.config.settings import Settings

__all__ = ["Loaded", "Settings", "load", "load_all"]
