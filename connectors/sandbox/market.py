"""A moving market for the sandboxes: order books, trades and candles that follow from one seed and agree.

Prices are whole ticks (10^-price_decimals of the quote), sizes whole lots (10^-size_decimals of the base).
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from connectors.sandbox.book import BookSide, ShownSide
from connectors.sandbox.candles import CandleHistory, made_up_past

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connectors.sandbox.faults import Faults
    from connectors.types import TradingPair

SECOND_NS = 1_000_000_000
WARM_UP_S = 30
WARM_UP_RATE = 16
TRADES_KEPT = 1000
TRADES_PER_MINUTE = 80  # of the busiest pair at the usual rate, in its made-up past
MAX_STEPS_AT_ONCE = 1000  # a market that cannot keep up, as after a laptop's sleep, loses moves instead of time


@dataclass(frozen=True, slots=True)
class PairSpec:
    """How one pair behaves. `pace` is its share of the busiest pair's updates; 0 is a frozen book."""

    pair: TradingPair
    price_decimals: int
    size_decimals: int
    start_price: int
    typical_size: int
    pace: float
    levels: int
    spacing: int = 3
    quiet: float = 0.02


@dataclass(frozen=True, slots=True)
class Trade:
    """One public trade; `taker_side` is "buy" or "sell", `taker_type` "market" or "limit"."""

    number: int
    time_ns: int
    price: int
    size: int
    taker_side: str
    taker_type: str


class PairMarket:
    """Order book, trades and candles of one pair; `shown_bids` and `shown_asks` are the book as it is published."""

    def __init__(self, spec: PairSpec, seed: int, start_ns: int) -> None:
        self.spec = spec
        self.rng = Random(f"{seed} {spec.pair}")
        self.bids, self.asks = BookSide(-1), BookSide(1)
        self.shown_bids, self.shown_asks = ShownSide(self.bids), ShownSide(self.asks)
        self.fair = float(spec.start_price)
        self.trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self.trade_count = 0
        self._unread: list[tuple[int, int, int]] = []
        self._changed_from: tuple[dict[int, int], dict[int, int]] | None = None
        self._steps_owed = 0.0
        self.candles = CandleHistory(
            start_s=start_ns // SECOND_NS,
            price=spec.start_price,
            past=made_up_past(
                start_s=start_ns // SECOND_NS,
                price=spec.start_price,
                volume_per_minute=0.7 * TRADES_PER_MINUTE * spec.pace * spec.typical_size,
                trades_per_minute=TRADES_PER_MINUTE * spec.pace,
                quiet=spec.quiet,
                rng=Random(f"{seed} {spec.pair} past"),
            ),
        )
        for side in (self.bids, self.asks):
            self._extend(side)

    @property
    def last_price(self) -> int:
        return self.trades[-1].price if self.trades else self.spec.start_price

    def steps_due(self, seconds: float, rate: float) -> int:
        self._steps_owed += seconds * rate * self.spec.pace
        due = min(int(self._steps_owed), MAX_STEPS_AT_ONCE)
        self._steps_owed -= int(self._steps_owed)
        return due

    def step(self, now_ns: int) -> list[Trade]:
        """One move of the market: a few levels change, sometimes a trade takes from the other side."""
        spec, rng = self.spec, self.rng
        jump = 12 if rng.random() < 0.03 else 0.2
        self.fair += rng.gauss(0, spec.spacing * jump) + 0.00002 * (spec.start_price - self.fair)
        trades: list[Trade] = []
        chance = rng.random()
        if self._passed(self.asks) is not None:
            trades = self._clear_passed(self.asks, "buy", now_ns)
        elif self._passed(self.bids) is not None:
            trades = self._clear_passed(self.bids, "sell", now_ns)
        elif chance < 0.04:
            taker_side = "buy" if chance < 0.02 else "sell"
            trades = self.trade(taker_side, rng.randint(1, spec.typical_size * 2), now_ns)
        elif chance < 0.40:
            self._quote(self.bids)
            self._quote(self.asks)
        else:
            self._quote(self.bids if chance < 0.70 else self.asks)
        for side in (self.bids, self.asks):
            self._extend(side)
        return trades

    def show_as(self, faults: Faults) -> bool:
        """Publish the book as the *faults* have it; true where that changes what is shown."""
        bids, asks = self.shown_bids, self.shown_asks
        ghosts = {"crossed_book": self._crossing_bid, "locked_book": self._locking_bid}
        ghost = next((make for name, make in ghosts.items() if faults.is_on(name)), None)
        empty, wide = faults.get("empty_side"), faults.get("wide_spread")
        hidden = empty["side"] if empty else None
        moved = math.ceil(self.spec.start_price * wide["percent"] / 200) if wide else 0
        before = bids.all(), asks.all()
        if self._is_recording:
            self._unread = self.take_changes()
        is_changed = bids.distort(is_empty=hidden == "bids", moved=moved, ghost=ghost)
        is_changed |= asks.distort(is_empty=hidden == "asks", moved=moved, ghost=None)
        if is_changed and self._is_recording:
            self._changed_from = before
        return is_changed

    @property
    def _is_recording(self) -> bool:
        return self.bids.changes is not None

    def record_changes(self) -> None:
        """From now on keep every change of the book until `take_changes`, for a venue that numbers them."""
        self.bids.changes = self.asks.changes = []

    def take_changes(self) -> list[tuple[int, int, int]]:
        """What changed in the published book since this was last asked, as it happened.

        Each is (sign of the side, price, whole size or 0 for a level that is gone).
        """
        taken, self._unread = self._unread, []
        recorded = self.bids.changes or []
        if self._changed_from is None:
            taken += recorded
        else:
            now = (self.shown_bids.all(), self.shown_asks.all())
            for sign, old, new in zip((-1, 1), self._changed_from, now, strict=True):
                taken += [(sign, price, size) for price, size in new.items() if old.get(price) != size]
                taken += [(sign, price, 0) for price in old if price not in new]  # last: no side is empty in between
            self._changed_from = None if self.shown_bids.is_true and self.shown_asks.is_true else now
        recorded.clear()
        return taken

    def trade(
        self, taker_side: str, size: int, now_ns: int, *, limit: int | None = None, taker_type: str = "market"
    ) -> list[Trade]:
        """Take up to *size* from the other side, at *limit* or better; the public trades it made."""
        book_side = self.asks if taker_side == "buy" else self.bids
        made = []
        for price, filled in book_side.take(size, limit):
            self.trade_count += 1
            trade = Trade(self.trade_count, now_ns, price, filled, taker_side, taker_type)
            self.candles.record(now_ns // SECOND_NS, price, filled)
            self.trades.append(trade)
            made.append(trade)
        return made

    def _passed(self, side: BookSide) -> int | None:
        """The best price of *side* if the fair price lies beyond it."""
        best = side.best
        return best if best is not None and best * side.sign < self.fair * side.sign else None

    def _clear_passed(self, side: BookSide, taker_side: str, now_ns: int) -> list[Trade]:
        """Most makers leave the levels that the fair price has passed; who stays is taken, our accounts among them."""
        trades: list[Trade] = []
        for _ in range(4):
            price = self._passed(side)
            if price is None:
                break
            if self.rng.random() < 0.9:
                side.put(price, 0)
            if side.has(price):
                trades += self.trade(taker_side, side.sizes[price * side.sign], now_ns, limit=price)
        return trades

    def _quote(self, side: BookSide) -> None:
        """Change, withdraw or add one order near the best price, never across the other side."""
        rng = self.rng
        if rng.random() < 0.5 and side.keys:
            rank = min(int(rng.expovariate(0.12)), len(side.keys) - 1)
            price = side.keys[rank] * side.sign
            side.put(price, 0 if rng.random() < 0.4 else self._some_size())
            return
        distance = 1 + int(rng.expovariate(1 / (self.spec.spacing * 6)))
        key = int(self.fair) * side.sign + distance
        other = self.asks if side is self.bids else self.bids
        if other.keys:
            key = max(key, 1 - other.keys[0])
        side.put(key * side.sign, self._some_size())

    def _extend(self, side: BookSide) -> None:
        """Keep the side as deep as the pair is, adding and dropping at the far end."""
        while side.others > self.spec.levels:
            side.put(side.worst_of_others or 0, 0)
        while side.others < self.spec.levels:
            worst = side.worst_of_others or int(self.fair)
            price = worst + self.rng.randint(1, self.spec.spacing * 2) * side.sign
            if price <= 0 or side.has(price):
                return
            side.put(price, self._some_size())

    def _some_size(self) -> int:
        return max(1, int(math.exp(self.rng.gauss(0, 1.2)) * self.spec.typical_size))

    def _crossing_bid(self) -> tuple[int, int] | None:
        """A bid above the best ask: what a corrupt venue would show."""
        best = self.shown_asks.best
        return (best + self.spec.spacing, self.spec.typical_size) if best is not None else None

    def _locking_bid(self) -> tuple[int, int] | None:
        best = self.shown_asks.best
        return (best, self.spec.typical_size) if best is not None else None


class Market:
    """All pairs of one venue, moved by the clock; `on_step` hears of every move."""

    def __init__(self, specs: Iterable[PairSpec], *, seed: int, now_ns: int) -> None:
        """The market begins half a minute before *now_ns*, so that trades and a forming candle are there at once."""
        self._moved_ns = now_ns - WARM_UP_S * SECOND_NS
        self.pairs = {spec.pair: PairMarket(spec, seed, self._moved_ns) for spec in specs}
        self.on_step: Callable[[PairMarket, list[Trade]], None] = lambda _market, _trades: None
        self.advance(now_ns, WARM_UP_RATE)

    def advance(self, now_ns: int, rate: float) -> None:
        """Make the moves due by *now_ns* at *rate* updates a second on the busiest pair."""
        begin, seconds = self._moved_ns, max(0, now_ns - self._moved_ns) / SECOND_NS
        self._moved_ns = max(now_ns, begin)
        for market in self.pairs.values():
            due = market.steps_due(seconds, rate)
            for number in range(1, due + 1):
                trades = market.step(begin + (now_ns - begin) * number // due)
                self.on_step(market, trades)
