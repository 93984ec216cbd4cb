"""The KuCoin sandboxes' order books: numbered without a hole, equal to the snapshots, broken only by the faults."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox
from tests.connectors.sandbox.kucoin_wire import Book, Rest, Socket, rest_of, socket_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SNAPSHOTS = {
    "kucoin": "/api/v1/market/orderbook/level2_100?symbol=BTC-USDT",
    "kucoin_perpetual": "/api/v1/level2/depth100?symbol=XBTUSDTM",
}
FULL = {
    "kucoin": "/api/v3/market/orderbook/level2?symbol=BTC-USDT",
    "kucoin_perpetual": "/api/v1/level2/snapshot?symbol=XBTUSDTM",
}
TOPICS = {"kucoin": "/market/level2:BTC-USDT", "kucoin_perpetual": "/contractMarket/level2:XBTUSDTM"}


@dataclass
class Follower:
    """A client that keeps the book of one market."""

    sandbox: KucoinSandbox | KucoinPerpetualSandbox
    rest: Rest
    socket: Socket
    book: Book

    async def snapshot(self) -> dict[str, Any]:
        path, _, query = FULL[self.sandbox.exchange].partition("?")
        data: dict[str, Any] = (await self.rest.call("GET", path, query=query))["data"]
        return data

    async def read(self, frames: int) -> list[dict[str, Any]]:
        read = []
        for _ in range(frames):
            frame = await self.socket.data(TOPICS[self.sandbox.exchange])
            self.book.apply(frame)
            read.append(frame)
        return read

    async def read_up_to(self, sequence: int) -> None:
        while self.book.sequence < sequence:
            await self.read(1)

    async def agrees(self) -> bool:
        """Whether the book equals a snapshot of the same number."""
        snapshot = await self.snapshot()
        await self.read_up_to(int(snapshot["sequence"]))
        return self.book.agrees_with(snapshot)


@asynccontextmanager
async def following(kind: type[KucoinSandbox | KucoinPerpetualSandbox], rate: float = 400) -> AsyncIterator[Follower]:
    async with kind(seed=7, rate=rate) as sandbox, rest_of(sandbox) as rest, socket_of(rest) as socket:
        assert (await socket.subscribe(TOPICS[sandbox.exchange]))["type"] == "ack"
        follower = Follower(sandbox, rest, socket, Book({"sequence": 0, "bids": [], "asks": []}))
        follower.book = Book(await follower.snapshot())
        yield follower


@pytest.fixture(params=[KucoinSandbox, KucoinPerpetualSandbox], ids=lambda kind: str(kind.exchange))
async def follower(request: pytest.FixtureRequest) -> AsyncIterator[Follower]:
    async with following(request.param) as follower:
        yield follower


async def test_increments_lead_from_snapshot_to_snapshot(follower: Follower) -> None:
    for _ in range(5):
        await follower.read(20)
        assert not follower.book.is_crossed
        assert await follower.agrees()


@pytest.mark.slow(reason="a distorted futures book comes as thousands of single changes")
@pytest.mark.parametrize(
    ("fault", "parameters"),
    [
        ("wide_spread", {"percent": 5.0}),
        ("locked_book", {}),
        ("crossed_book", {}),
        ("empty_side", {"side": "asks"}),
        ("empty_side", {"side": "bids"}),
    ],
)
async def test_distorted_book_agrees_with_its_snapshots_from_beginning_to_end(
    follower: Follower, fault: str, parameters: dict[str, Any]
) -> None:
    await follower.read(5)
    for _ in range(2):
        follower.sandbox.faults.switch_on(fault, **parameters)
        for _ in range(3):
            assert await follower.agrees()
        bids, asks = follower.book.top("bids", 1), follower.book.top("asks", 1)
        if fault == "empty_side":
            assert [] in (bids, asks)
        else:
            spread = asks[0][0] - bids[0][0]
            assert {"wide_spread": spread > 3_000, "locked_book": spread == 0, "crossed_book": spread < 0}[fault]
        follower.sandbox.faults.clear()
        for _ in range(3):
            assert await follower.agrees()
        assert not follower.book.is_crossed


async def test_sequence_gap_skips_numbers_with_their_changes(follower: Follower) -> None:
    await follower.read(10)
    follower.sandbox.faults.switch_on("sequence_gap", every=5)
    with pytest.raises(AssertionError, match="gap"):
        await follower.read(200)


async def test_missing_update_leaves_no_hole_and_a_book_that_only_a_snapshot_contradicts(follower: Follower) -> None:
    assert await follower.agrees()
    follower.sandbox.faults.switch_on("missing_update", every=5)
    for _ in range(10):  # what was lost of a level comes back when the level changes again
        await follower.read(120)
        assert not follower.book.is_crossed
        if not await follower.agrees():
            return
    pytest.fail("after 1,200 frames with every fifth missing, the book is still that of the snapshot")


async def test_stall_silences_the_book_while_pongs_and_snapshots_go_on(follower: Follower) -> None:
    await follower.read(5)
    follower.sandbox.faults.switch_on("stall")
    before = await follower.snapshot()
    await follower.socket.say(id="still there", type="ping")
    pong = await follower.socket.answer()
    assert (pong["id"], pong["type"]) == ("still there", "pong")
    while (after := await follower.snapshot())["sequence"] == before["sequence"]:
        pass
    follower.sandbox.faults.clear()
    with pytest.raises(AssertionError, match="gap"):
        await follower.read(1)
    assert int(after["sequence"]) > int(before["sequence"])


async def test_late_frames_carry_a_time_of_the_past(follower: Follower) -> None:
    def time_ms(frame: dict[str, Any]) -> int:
        data = frame["data"]
        return int(data.get("time") or data.get("timestamp"))

    (before,) = await follower.read(1)
    follower.sandbox.faults.switch_on("late_frames", seconds=30)
    async with socket_of(follower.rest) as socket:
        await socket.subscribe(TOPICS[follower.sandbox.exchange])
        after = await socket.data(TOPICS[follower.sandbox.exchange])
    assert 28_000 < time_ms(before) - time_ms(after) < 30_000


async def test_spot_frame_collapses_changes_to_one_price_and_covers_every_number() -> None:
    async with following(KucoinSandbox, rate=2000) as follower:
        frames = await follower.read(200)
        for frame in frames:
            data = frame["data"]
            rows = [row for side in data["changes"].values() for row in side]
            numbers = [int(row[2]) for row in rows]
            assert data["sequenceStart"] <= min(numbers)
            assert max(numbers) <= data["sequenceEnd"]
        widths = [frame["data"]["sequenceEnd"] - frame["data"]["sequenceStart"] + 1 for frame in frames]
        assert max(widths) > 1


async def test_futures_frame_holds_one_change_and_its_number_twice() -> None:
    async with following(KucoinPerpetualSandbox) as follower:
        for frame in await follower.read(50):
            assert frame["sn"] == frame["data"]["sequence"]
            price, side, lots = frame["data"]["change"].split(",")
            assert (float(price) > 0, side in ("buy", "sell"), int(lots) >= 0) == (True, True, True)


async def test_short_snapshots_show_the_best_of_the_full_one() -> None:
    async with following(KucoinSandbox, rate=0.001) as follower:
        full = await follower.snapshot()
        short = (await follower.rest.client.get(SNAPSHOTS["kucoin"])).json()["data"]
        assert (len(full["bids"]), len(short["bids"])) == (900, 100)
        assert full["bids"][:100] == short["bids"]
        assert float(short["bids"][0][0]) > float(short["bids"][99][0])
        assert float(short["asks"][0][0]) < float(short["asks"][99][0])


@pytest.mark.slow(reason="reads 1500 frames")
async def test_market_of_many_updates_is_delivered_whole() -> None:
    async with following(KucoinSandbox, rate=2000) as follower:
        frames = await follower.read(1500)
    assert len(frames) == 1500
