"""The proof that the sandbox is faithful: ccxt and python-kraken-sdk, written by others, take it for Kraken."""

from __future__ import annotations

import asyncio
import functools
import importlib
import itertools
import json
import types
from typing import TYPE_CHECKING, Any

import ccxt
import ccxt.pro
import pytest
from kraken.base_api import SpotClient
from kraken.exceptions import KrakenInvalidNonceError, KrakenMarketInOnlyCancelModeError
from kraken.spot import Market, SpotOrderBookClient, SpotWSClient, Trade, User

from connectors.sandbox import KrakenSandbox, SandboxThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Digits(float):
    """A number that remembers how it was written: what ccxt's checksum code needs of its `number` setting."""

    text: str

    def __new__(cls, text: str) -> Digits:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def split(self, separator: str) -> list[str]:
        return self.text.split(separator)


@pytest.fixture
async def exchange(sandbox: KrakenSandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """ccxt with its checksum on, and with frames decoded without losing the digits that the checksum is made of."""
    client_module = importlib.import_module("ccxt.pro.kraken").Client.__module__
    wire = importlib.import_module(client_module)
    exact = types.SimpleNamespace(loads=functools.partial(json.loads, parse_float=str), dumps=json.dumps)
    monkeypatch.setattr(wire, "orjson", None)
    monkeypatch.setattr(wire, "json", exact)
    keys = {"apiKey": sandbox.credentials.api_key, "secret": sandbox.credentials.api_secret}
    exchange = ccxt.pro.kraken({**keys, "enableRateLimit": False})
    exchange.nonce = itertools.count(1_700_000_000_000).__next__  # its own are milliseconds: too coarse for loopback
    api = exchange.urls["api"]
    api["public"] = api["private"] = sandbox.urls["rest"]
    api["ws"] |= {
        "publicV2": sandbox.urls["ws"],
        "privateV2": sandbox.urls["ws_auth"],
        "private": sandbox.urls["ws_auth"],
    }
    exchange.number = Digits
    exchange.options["watchOrderBook"] = {"checksum": True}
    yield exchange
    await exchange.close()


async def test_ccxt_reads_every_public_endpoint(exchange: Any) -> None:
    assert (await exchange.fetch_status())["status"] == "ok"
    assert await exchange.fetch_time() > 1_700_000_000_000
    markets = await exchange.load_markets()
    assert markets["DOGE/USD"]["precision"]["price"] == 1e-07
    assert (markets["BTC/USD"]["active"], markets["ACA/EUR"]["active"]) == (True, False)
    assert markets["ETH/BTC"]["id"] == "XETHXXBT"
    book = await exchange.fetch_order_book("BTC/USD", 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    candles = await exchange.fetch_ohlcv("BTC/USD", "1h", limit=720)
    assert {later[0] - one[0] for one, later in itertools.pairwise(candles)} == {3_600_000}
    ticker = await exchange.fetch_ticker("BTC/USD")
    assert ticker["low"] <= ticker["last"] <= ticker["high"]
    trades = await exchange.fetch_trades("BTC/USD", limit=10)
    assert {trade["side"] for trade in trades} <= {"buy", "sell"}


async def test_ccxt_trades(exchange: Any) -> None:
    assert (await exchange.fetch_balance())["total"]["BTC"] == 2.5
    validated = await exchange.create_order("BTC/USD", "limit", "buy", 0.01, 70000.1, {"validate": True})
    assert validated["id"] is None
    placed = await exchange.create_order("BTC/USD", "limit", "buy", 0.01, 70000.1)
    (opened,) = await exchange.fetch_open_orders("BTC/USD")
    assert (opened["id"], opened["price"], opened["status"]) == (placed["id"], 70000.1, "open")
    await exchange.cancel_order(placed["id"])
    bought = await exchange.create_order("BTC/USD", "market", "buy", 0.01)
    order = await exchange.fetch_order(bought["id"])
    assert (order["status"], order["filled"], order["remaining"]) == ("closed", 0.01, 0)
    assert {one["status"] for one in await exchange.fetch_closed_orders()} == {"canceled", "closed"}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("bad_nonce", ccxt.InvalidNonce),
        ("invalid_key", ccxt.AuthenticationError),
        ("invalid_signature", ccxt.ExchangeError),
        ("permission_denied", ccxt.PermissionDenied),
        ("rate_limit", ccxt.DDoSProtection),
        ("maintenance", ccxt.ExchangeNotAvailable),
        ("http_5xx", ccxt.ExchangeNotAvailable),
    ],
)
async def test_ccxt_knows_the_faults_by_its_own_names(
    exchange: Any, sandbox: KrakenSandbox, fault: str, expected: type[Exception]
) -> None:
    await exchange.load_markets()
    sandbox.faults.switch_on(fault)
    with pytest.raises(expected):
        await exchange.fetch_balance()
    sandbox.faults.clear()
    assert (await exchange.fetch_balance())["total"]["BTC"] == 2.5


@pytest.mark.parametrize("symbol", ["BTC/USD", "DOGE/USD"])
async def test_ccxt_checks_every_checksum_of_the_stream(exchange: Any, symbol: str) -> None:
    checked = 0
    crc32 = exchange.crc32

    def counting_crc32(text: str, signed: bool) -> int:
        nonlocal checked
        checked += 1
        return int(crc32(text, signed))

    exchange.crc32 = counting_crc32
    for _ in range(25):
        book = await asyncio.wait_for(exchange.watch_order_book(symbol, 10), 5)
        assert book["bids"][0][0] < book["asks"][0][0]
    assert checked >= 25


async def test_ccxt_rejects_a_bad_checksum(exchange: Any, sandbox: KrakenSandbox) -> None:
    await asyncio.wait_for(exchange.watch_order_book("BTC/USD", 10), 5)
    sandbox.faults.switch_on("bad_checksum")
    with pytest.raises(ccxt.ChecksumError):
        await asyncio.wait_for(watch_forever(exchange), 5)


async def watch_forever(exchange: Any) -> None:
    while True:
        await exchange.watch_order_book("BTC/USD", 10)


async def test_ccxt_follows_tickers_trades_candles_and_its_own_orders(exchange: Any) -> None:
    async with asyncio.timeout(10):
        ticker = await exchange.watch_ticker("BTC/USD")
        assert ticker["bid"] < ticker["ask"]
        assert (await exchange.watch_trades("BTC/USD"))[-1]["symbol"] == "BTC/USD"
        assert len((await exchange.watch_ohlcv("BTC/USD", "1m"))[-1]) == 6
        assert (await exchange.watch_balance())["total"]["BTC"] == 2.5
        watching = asyncio.create_task(exchange.watch_orders())
        placed = await exchange.create_order_ws("BTC/USD", "limit", "buy", 0.01, 70000.1)
        assert (await watching)[-1]["id"] == placed["id"]


@pytest.fixture
def threaded() -> Iterator[SandboxThread[KrakenSandbox]]:
    """The SDK's calls block, so the sandbox runs beside them."""
    with SandboxThread(lambda: KrakenSandbox(seed=7, rate=200)) as sandbox:
        yield sandbox


def test_sdk_reads_and_trades(threaded: SandboxThread[KrakenSandbox]) -> None:
    url, credentials = threaded.urls["rest"], threaded.credentials
    keys: dict[str, Any] = {"key": credentials.api_key, "secret": credentials.api_secret, "url": url}
    order: dict[str, Any] = {"ordertype": "limit", "side": "buy", "volume": "0.01", "price": "70000"}
    with Market(url=url) as market, User(**keys) as user, Trade(**keys) as trade:
        assert market.get_system_status()["status"] == "online"
        assert list(market.get_asset_pairs(pair="BTC/USD")) == ["BTC/USD"]
        assert len(market.get_ohlc(pair="XBTUSD", interval=1440)["XXBTZUSD"]) == 720
        assert user.get_balance(currency="XBT")["balance"] == 2.5
        assert "txid" not in trade.create_order(pair="XBTUSD", validate=True, **order)
        (txid,) = trade.create_order(pair="XBTUSD", **order)["txid"]
        assert list(user.get_open_orders()["open"]) == [txid]
        assert trade.cancel_order(txid=txid) == {"count": 1}
        with pytest.raises(KrakenMarketInOnlyCancelModeError):
            trade.create_order(pair="ACAEUR", **{**order, "volume": "20000", "price": "0.02"})
        threaded.faults.switch_on("bad_nonce")
        with pytest.raises(KrakenInvalidNonceError):
            user.get_account_balance()


@pytest.mark.slow(reason="the SDK waits one to two seconds before it connects")
async def test_sdk_keeps_a_valid_order_book_until_a_checksum_is_bad(
    threaded: SandboxThread[KrakenSandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = threaded.urls["rest"].removeprefix("http://")
    monkeypatch.setattr(SpotClient, "URL", threaded.urls["rest"])
    monkeypatch.setattr(SpotOrderBookClient, "WS_URL", f"ws://{root}")
    seen: asyncio.Queue[bool] = asyncio.Queue()

    async def on_update(pair: str, message: dict[str, Any]) -> None:
        if message.get("type") == "update":
            book = client.get(pair)
            await seen.put(book is not None and book["valid"])

    client = SpotOrderBookClient(depth=10, callback=on_update)
    async with asyncio.timeout(20):
        await client.start()
        await client.add_book(pairs=["BTC/USD"])
        assert [await seen.get() for _ in range(100)] == [True] * 100
        threaded.faults.switch_on("bad_checksum")
        while await seen.get():
            pass
        threaded.faults.clear()
        await client.close()


@pytest.mark.slow(reason="the SDK waits one to two seconds before it connects")
async def test_sdk_opens_the_private_stream(threaded: SandboxThread[KrakenSandbox]) -> None:
    root = threaded.urls["rest"].removeprefix("http://")
    frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    client = SpotWSClient(
        key=threaded.credentials.api_key,
        secret=threaded.credentials.api_secret,
        callback=frames.put,
        no_public=True,
        rest_url=threaded.urls["rest"],
        auth_ws_url=f"ws://{root}/auth",
    )
    async with asyncio.timeout(20):
        await client.start()
        await client.subscribe(params={"channel": "executions"})
        while (frame := await frames.get()).get("channel") != "executions":
            pass
        assert (frame["type"], frame["sequence"]) == ("snapshot", 1)
        await client.close()
