"""A venue's pairs and their rules, fetched once and looked up many times."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connectors.errors import UnknownPair, nearest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connectors.types import PairRules, TradingPair


class KnownPairs:
    """The last list that *fetch* returned; callers at the same time share one."""

    def __init__(self, fetch: Callable[[], Awaitable[dict[TradingPair, PairRules]]], *, venue: str) -> None:
        self._fetch = fetch
        self._venue = venue
        self._rules: dict[TradingPair, PairRules] | None = None
        self._lock = asyncio.Lock()

    async def refresh(self) -> dict[TradingPair, PairRules]:
        self._rules = await self._fetch()
        return self._rules

    async def all(self) -> dict[TradingPair, PairRules]:
        async with self._lock:
            return self._rules if self._rules is not None else await self.refresh()

    async def rules_of(self, pair: TradingPair) -> PairRules:
        """Raises UnknownPair, naming the nearest pairs."""
        rules = await self.all()
        if pair not in rules:
            raise UnknownPair(f"no pair {pair}: {nearest(str(pair), map(str, rules))}", venue=self._venue)
        return rules[pair]
