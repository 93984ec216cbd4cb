"""Tells the operator at the start that a setting of the live checks cannot be read, before a run meets it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from connectors.catalog import CONNECTORS
from connectors.errors import UsageError
from monitoring.cadence import cadence_of
from monitoring.checks.environment import urls_of
from monitoring.checks.layers import read_operators_limits
from monitoring.checks.thresholds import UnknownThreshold
from monitoring.checks.vantage import control_hosts

if TYPE_CHECKING:
    from collections.abc import Callable


@register("monitoring")
def settings_can_be_read(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    refusals = [_refusal(cadence_of, ""), _refusal(control_hosts), _refusal(read_operators_limits)]
    refusals += [_refusal(urls_of, connector, os.environ) for connector in CONNECTORS.values()]
    return [Error(text, id="monitoring.E001") for text in refusals if text]


def _refusal(read: Callable[..., object], *arguments: object) -> str:
    """What reading says against the environment, "" where it says nothing."""
    try:
        read(*arguments)
    except (ImproperlyConfigured, UsageError, UnknownThreshold) as refusal:
        return str(refusal)
    return ""
