"""What is checked, what was seen, and when it changed."""

from monitoring.models.captures import Capture
from monitoring.models.checks import Check
from monitoring.models.results import OutcomeChange, Result

__all__ = ["Capture", "Check", "OutcomeChange", "Result"]
