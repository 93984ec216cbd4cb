"""When to ping a session, and how long to wait for the pong: without heartbeats only it tells that a link lives."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connectors.book_feed import KeepAlive


class Pings:
    """Of one connection. It is told what was sent and heard; all times are the monotonic clock's."""

    def __init__(self, keep_alive: KeepAlive, now: float) -> None:
        self._keep_alive = keep_alive
        self._sent_at = now
        self._unanswered_since = inf

    def due_at(self, heard_at: float, quiet_s: float) -> float:
        """As often as the venue wants; sooner on a link that was quiet for *quiet_s* since *heard_at*."""
        return min(self._sent_at + self._keep_alive.interval_s, max(heard_at, self._sent_at) + quiet_s)

    @property
    def overdue_at(self) -> float:
        """When the pong that is waited for has taken too long; never, where none is."""
        return self._unanswered_since + self._keep_alive.timeout_s

    def note_ping(self, now: float) -> None:
        self._sent_at = now
        self._unanswered_since = min(self._unanswered_since, now)

    def note_pong(self) -> None:
        self._unanswered_since = inf
