"""The replayed KuCoin market is one: numbers without a hole, a book that never crosses, REST that says the same."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.kucoin_recording import FuturesRecording, SpotRecording

if TYPE_CHECKING:
    from benchmarks.kucoin_recording import Recording

MARKETS = [pytest.param(kind, id=kind.__name__) for kind in (SpotRecording, FuturesRecording)]
TIME_MS = 1_731_897_467_182


@cache
def recorded(kind: type[Recording]) -> Recording:
    """A short cycle takes as many numbers as a long one has room for: shared, and never changed."""
    return kind()


def frames_of(recording: Recording, start: int, end: int, *, cycle: int = 0) -> list[Any]:
    frames, data = [], recording.sent(start, end, cycle, TIME_MS)
    while data:
        size, skipped = (data[1], 2) if data[1] < 126 else (int.from_bytes(data[2:4]), 4)
        frames.append(json.loads(data[skipped : skipped + size])["data"])
        data = data[skipped + size :]
    return frames


def numbers_of(frame: Any) -> tuple[int, int]:
    return frame.get("sequenceStart", frame.get("sequence")), frame.get("sequenceEnd", frame.get("sequence"))


def applied(book: dict[str, Any], frames: list[Any]) -> tuple[dict[float, float], dict[float, float]]:
    """The REST book with the frames put on, by a reader too simple to be wrong."""
    bids, asks = ({float(price): float(size) for price, size in book[side]} for side in ("bids", "asks"))
    for frame in frames:
        if "change" in frame:
            price, side, size = frame["change"].split(",")
            rows = [(bids if side == "buy" else asks, price, size)]
        else:
            rows = [
                (side, price, size)
                for side, name in ((bids, "bids"), (asks, "asks"))
                for price, size, _ in frame["changes"][name]
            ]
        for side, price, size in rows:
            side[float(price)] = float(size)
    return tuple({price: size for price, size in side.items() if size} for side in (bids, asks))  # type: ignore[return-value]


@pytest.mark.slow(reason="a whole cycle of 100,000 changes is made")
@pytest.mark.parametrize("kind", MARKETS)
def test_sequences_have_no_hole_even_from_one_cycle_to_the_next(kind: type[Recording]) -> None:
    recording = recorded(kind)
    count = len(recording.frames)

    around = frames_of(recording, count - 500, count) + frames_of(recording, 0, 500, cycle=1)

    numbers = [numbers_of(frame) for frame in around]
    assert all(start == end + 1 for (_, end), (start, _) in pairwise(numbers))
    assert all(start <= end for start, end in numbers)


@pytest.mark.slow(reason="a whole cycle of 100,000 changes is made")
@pytest.mark.parametrize("kind", MARKETS)
def test_rest_says_what_the_frames_amount_to(kind: type[Recording]) -> None:
    recording = recorded(kind)
    start, end = 12_340, 12_777

    before = recording.rest_book(recording.book_after(start), 0, 100, TIME_MS)
    frames = frames_of(recording, start, end)
    after: Any = recording.rest_book(recording.book_after(end), 0, 20, TIME_MS)

    bids, asks = applied(before, frames)
    assert int(after["sequence"]) == numbers_of(frames[-1])[1]
    assert [tuple(map(float, level)) for level in after["bids"]] == sorted(bids.items(), reverse=True)[:20]
    assert [tuple(map(float, level)) for level in after["asks"]] == sorted(asks.items())[:20]


@pytest.mark.slow(reason="a whole cycle of 100,000 changes is made")
@pytest.mark.parametrize("kind", MARKETS)
def test_the_book_is_never_crossed_and_ends_as_it_began(kind: type[Recording]) -> None:
    recording = recorded(kind)
    count = len(recording.frames)

    books = [recording.book_after(index) for index in range(0, count, 251)]

    assert all(book.bids[0][0] < book.asks[0][0] for book in books)
    assert recording.book_after(count)[1:] == recording.book_after(0)[1:]


@pytest.mark.slow(reason="a whole cycle of 100,000 changes is made")
def test_some_spot_frames_span_several_numbers_and_most_one() -> None:
    frames = frames_of(recorded(SpotRecording), 0, 1_000)

    spans = [end - start + 1 for start, end in map(numbers_of, frames)]

    assert spans.count(1) > 600
    assert max(spans) == 5
