"""The recorded epochs: readable files, checked as a whole, and taken through the same steps as any other epoch."""

from registry.services.history.files import read_history
from registry.services.history.load import HistoryRefused, load_history
from registry.services.history.report import find_in_history

__all__ = ["HistoryRefused", "find_in_history", "load_history", "read_history"]
