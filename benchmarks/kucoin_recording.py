"""KuCoin level-2 streams of recorded shape, spot and futures: the frames, and the book at each of them.

Frames after the recorded ones (Kucoin/kucoin-universal-sdk, live captures): a futures frame is one change, a spot frame
mostly one, or several numbers of which only the last change of each price is told. How many are which is our guess.
Prices and sizes move from a seed. The second half of a cycle undoes the first, backwards, so that cycles follow one
another for ever: only the front of the sequence numbers differs, which is put in when a frame is sent, as is the time.
"""

from __future__ import annotations

import json
import random
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from benchmarks.server import websocket_frame

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NUMBERS_PER_CYCLE = 100_000
"""As many as the last five digits of a sequence number tell apart."""
LEVELS = 300
BOOK_EVERY = 100
"""Frames between two books that are kept; the ones between are made from the changes."""
SHOWN_LEVELS = 100

TIME = b"T" * 13
"""Where the time goes, in ms."""

Level = tuple[int, int]
"""Price in ticks and size in steps; both sides count prices upwards."""


class Change(NamedTuple):
    """One price of one side, and what became of it; size 0 is no level."""

    is_ask: bool
    price: int
    before: int
    after: int


class MovingBook:
    """Both sides, never crossed, and a change at a time near the best prices."""

    def __init__(self, seed: int, most_size: int) -> None:
        self._random = random.Random(seed)
        self._most_size = most_size
        self.sizes: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._keys: tuple[list[int], list[int]] = ([], [])
        """Prices of each side, bids negated, so that the best is first."""
        for is_ask in (False, True):
            for index in range(LEVELS):
                self.apply(Change(is_ask, 679_966 + (1 + 3 * index) * (1 if is_ask else -1), 0, self._size()))

    def _size(self) -> int:
        return self._random.randint(1, self._most_size)

    def next(self) -> Change:
        """What happens next: some take a level away, about as many bring a new one, and a wide spread is filled."""
        is_ask = self._random.random() < 0.5
        sign = 1 if is_ask else -1
        keys, sizes = self._keys[is_ask], self.sizes[is_ask]
        key = keys[min(int(self._random.expovariate(0.15)), len(keys) - 1)]
        spread = keys[0] + self._keys[not is_ask][0]
        chance = self._random.random()
        if chance < 0.1 and spread > 5:
            return Change(is_ask, sign * (keys[0] - self._random.randint(1, spread // 2)), 0, self._size())
        if chance < 0.2 and len(keys) > SHOWN_LEVELS:
            return Change(is_ask, sign * key, sizes[sign * key], 0)
        if chance < 0.4:
            beside = key + self._random.choice((-1, 1, 2))
            if sign * beside not in sizes and beside > keys[0] - spread:
                return Change(is_ask, sign * beside, 0, self._size())
        return Change(is_ask, sign * key, sizes[sign * key], self._size())

    def apply(self, change: Change) -> None:
        keys, sizes = self._keys[change.is_ask], self.sizes[change.is_ask]
        key = change.price if change.is_ask else -change.price
        if change.after:
            if change.price not in sizes:
                insort(keys, key)
            sizes[change.price] = change.after
        elif change.price in sizes:
            del keys[bisect_left(keys, key)], sizes[change.price]

    def levels(self) -> tuple[list[Level], list[Level]]:
        """Bids and asks, best first."""
        (bids, asks), (bid_keys, ask_keys) = self.sizes, self._keys
        return [(-key, bids[-key]) for key in bid_keys], [(key, asks[key]) for key in ask_keys]


class Step(NamedTuple):
    """What one frame tells: its numbers, counted from 0 at the start of the cycle, and its changes, oldest first."""

    first: int
    last: int
    changes: Sequence[tuple[int, Change]]
    """Each with its number."""


class Book(NamedTuple):
    """Best levels first; *last* is the number of the last frame in it, -1 at the start of the cycle."""

    last: int
    bids: list[Level]
    asks: list[Level]


def _forward(book: MovingBook, first: int, count: int) -> Step:
    """*count* numbers, of each price only the last change."""
    told: dict[tuple[bool, int], tuple[int, Change]] = {}
    for number in range(first, first + count):
        change = book.next()
        book.apply(change)
        place = change.is_ask, change.price
        _, earlier = told.pop(place, (number, change))
        told[place] = number, change._replace(before=earlier.before)
    return Step(first, first + count - 1, list(told.values()))


def _backward(step: Step) -> Step:
    """What undoes *step*, its numbers counted from the end of the cycle."""
    end = NUMBERS_PER_CYCLE - 1
    changes = [
        (end - number, Change(is_ask, price, after, before))
        for number, (is_ask, price, before, after) in reversed(step.changes)
    ]
    changes[-1] = end - step.first, changes[-1][1]  # the newest row has the frame's last number
    return Step(end - step.last, end - step.first, changes)


@dataclass
class Recording:
    """One cycle; a market says how its frames read."""

    seed: int = 7
    frames: list[bytes] = field(init=False, repr=False)
    """Framed for the socket, with the front of the sequence and the time left open."""

    symbol: ClassVar[str]
    front: ClassVar[int]
    """The sequence without its last five digits, in the first cycle."""
    most_size: ClassVar[int]

    def __post_init__(self) -> None:
        book = MovingBook(self.seed, self.most_size)
        self._steps: list[Step] = []
        self._books = [Book(-1, *book.levels())]
        self.frames = []
        for step in self._cycle(book):
            self._steps.append(step)
            self.frames.append(websocket_frame(self.frame_of(step)))
            if len(self._steps) % BOOK_EVERY == 0:
                self._books.append(Book(step.last, *book.levels()))

    def _cycle(self, book: MovingBook) -> Iterator[Step]:
        """Steps forward, and then the same backwards, each as *book* takes it."""
        sizes = random.Random(self.seed + 1)
        done: list[Step] = []
        half, number = NUMBERS_PER_CYCLE // 2, 0
        while number < half:
            count = min(self._numbers_in_a_frame(sizes), half - number)
            done.append(_forward(book, number, count))
            number += count
            yield done[-1]
        for step in reversed(done):
            back = _backward(step)
            for _, change in back.changes:
                book.apply(change)
            yield back

    def _numbers_in_a_frame(self, _sizes: random.Random) -> int:
        return 1

    def frame_of(self, step: Step) -> bytes:
        """The payload; the market's own."""
        raise NotImplementedError

    def rest_book(self, book: Book, cycle: int, depth: int, time_ms: int) -> dict[str, object]:
        """The `data` of a REST snapshot; the market's own."""
        raise NotImplementedError

    def sent(self, start: int, end: int, cycle: int, time_ms: int) -> bytes:
        """The frames from *start* to before *end* of a cycle, as they are at that time."""
        frames = b"".join(self.frames[start:end])
        return frames.replace(self.open_front, b"%d" % (self.front + cycle)).replace(TIME, b"%d" % time_ms)

    @property
    def open_front(self) -> bytes:
        """Where the front of a sequence goes."""
        return b"S" * len(str(self.front))

    def sequence(self, number: int, cycle: int) -> int:
        return (self.front + cycle) * NUMBERS_PER_CYCLE + number

    def last_number(self, index: int) -> int:
        """Of the frame at *index* of a cycle."""
        return self._steps[index].last

    def lasting_frame(self, start: int, *, for_frames: int) -> int:
        """The first frame from *start* whose one change, near the best prices, stands *for_frames* frames long."""
        for index in range(start, len(self._steps) - for_frames):
            if len(self._steps[index].changes) > 1:
                continue
            [(_, change)] = self._steps[index].changes
            book = self.book_after(index)
            near = (book.bids, book.asks)[change.is_ask][10:50]
            later = {told[:2] for step in self._steps[index + 1 : index + for_frames] for _, told in step.changes}
            if change.after and (change.price, change.before) in near and change[:2] not in later:
                return index
        raise ValueError("no change lasts that long")

    def book_after(self, count: int) -> Book:
        """The book after the first *count* frames of a cycle, each side cut to what REST shows."""
        kept = min(count // BOOK_EVERY, len(self._books) - 1)
        last, bids, asks = self._books[kept]
        sizes = dict(bids), dict(asks)
        for step in self._steps[kept * BOOK_EVERY : count]:
            last = step.last
            for _, change in step.changes:
                if change.after:
                    sizes[change.is_ask][change.price] = change.after
                else:
                    sizes[change.is_ask].pop(change.price, None)
        bids = sorted(sizes[False].items(), reverse=True)[:SHOWN_LEVELS]
        return Book(last, bids, sorted(sizes[True].items())[:SHOWN_LEVELS])


def price_text(ticks: int) -> str:
    """A tick is a tenth; no trailing zeros, as the venue prints."""
    return f"{ticks // 10}.{ticks % 10}" if ticks % 10 else str(ticks // 10)


def size_text(steps: int) -> str:
    """A step is 10^-8."""
    return f"{steps // 10**8}.{steps % 10**8:08d}".rstrip("0").rstrip(".")


class SpotRecording(Recording):
    """`/market/level2:BTC-USDT`."""

    symbol = "BTC-USDT"
    front = 147_016
    most_size = 300_000_000

    def _numbers_in_a_frame(self, sizes: random.Random) -> int:
        return 1 if sizes.random() < 0.75 else sizes.randint(2, 5)

    def frame_of(self, step: Step) -> bytes:
        front = self.open_front.decode()
        rows: tuple[list[str], list[str]] = ([], [])
        for number, (is_ask, price, _, after) in reversed(step.changes):
            rows[is_ask].append(f'["{price_text(price)}","{size_text(after)}","{front}{number:05d}"]')
        return (
            f'{{"topic":"/market/level2:{self.symbol}","type":"message","subject":"trade.l2update","data":{{"changes":'
            f'{{"asks":[{",".join(rows[True])}],"bids":[{",".join(rows[False])}]}},"sequenceEnd":{front}{step.last:05d},'
            f'"sequenceStart":{front}{step.first:05d},"symbol":"{self.symbol}","time":{TIME.decode()}}}}}'
        ).encode()

    def rest_book(self, book: Book, cycle: int, depth: int, time_ms: int) -> dict[str, object]:
        def shown(levels: list[Level]) -> list[list[str]]:
            return [[price_text(price), size_text(size)] for price, size in levels[:depth]]

        return {
            "time": time_ms,
            "sequence": str(self.sequence(book.last, cycle)),
            "bids": shown(book.bids),
            "asks": shown(book.asks),
        }


class FuturesRecording(Recording):
    """`/contractMarket/level2:XBTUSDTM`."""

    symbol = "XBTUSDTM"
    front = 17_094_004
    most_size = 9_999

    def frame_of(self, step: Step) -> bytes:
        [(_, (is_ask, price, _, after))] = step.changes
        sequence = f"{self.open_front.decode()}{step.last:05d}"
        return (
            f'{{"topic":"/contractMarket/level2:{self.symbol}","type":"message","subject":"level2","sn":{sequence},'
            f'"data":{{"sequence":{sequence},"change":"{price_text(price)},{"sell" if is_ask else "buy"},{after}",'
            f'"timestamp":{TIME.decode()}}}}}'
        ).encode()

    def rest_book(self, book: Book, cycle: int, depth: int, time_ms: int) -> dict[str, object]:
        def shown(levels: list[Level]) -> list[list[object]]:
            return [[json.loads(price_text(price)), size] for price, size in levels[:depth]]

        return {
            "sequence": self.sequence(book.last, cycle),
            "symbol": self.symbol,
            "bids": shown(book.bids),
            "asks": shown(book.asks),
            "ts": time_ms * 1_000_000,
        }
