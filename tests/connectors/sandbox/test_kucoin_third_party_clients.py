"""The proof that the sandboxes are faithful: ccxt and python-kucoin, written by others, take them for KuCoin."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import ccxt
import ccxt.pro
import pytest
from kucoin.asyncio import KucoinSocketManager
from kucoin.asyncio.websockets import ReconnectingWebsocket
from kucoin.client import Client
from kucoin.exceptions import KucoinAPIException

from connectors.sandbox import KucoinPerpetualSandbox, KucoinSandbox, SandboxThread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SPOT, PERPETUAL = "BTC/USDT", "BTC/USDT:USDT"
MARKETS = [(SPOT, 0.01, {}), (PERPETUAL, 3, {"leverage": 5})]


@pytest.fixture
async def spot() -> AsyncIterator[KucoinSandbox]:
    async with KucoinSandbox(seed=7, rate=400) as sandbox:
        yield sandbox


@pytest.fixture
async def perpetual(spot: KucoinSandbox) -> AsyncIterator[KucoinPerpetualSandbox]:
    async with KucoinPerpetualSandbox(seed=7, rate=400, credentials=spot.credentials) as sandbox:
        yield sandbox


def client_of(kind: type, spot: KucoinSandbox, perpetual: KucoinPerpetualSandbox) -> Any:
    """A ccxt client whose every host is one of ours."""
    keys = spot.credentials
    client = kind(
        {"apiKey": keys.api_key, "secret": keys.api_secret, "password": keys.passphrase, "enableRateLimit": False}
    )
    api = client.urls["api"]
    for name in [name for name, url in api.items() if isinstance(url, str)]:
        api[name] = (perpetual if name.startswith("futures") else spot).urls["rest"]
    return client


@pytest.fixture
async def exchange(spot: KucoinSandbox, perpetual: KucoinPerpetualSandbox) -> AsyncIterator[Any]:
    exchange = client_of(ccxt.pro.kucoin, spot, perpetual)
    yield exchange
    await exchange.close()


async def test_ccxt_reads_every_public_endpoint_of_both_markets(exchange: Any) -> None:
    assert (await exchange.fetch_status())["status"] == "ok"
    assert await exchange.fetch_time() > 1_700_000_000_000
    markets = await exchange.load_markets()
    assert markets["DOGE/USDT"]["precision"] == {"amount": 0.0001, "price": 0.00001}
    assert [markets[name]["active"] for name in (SPOT, "BSV/USDT", PERPETUAL, "DOT/USDT:USDT")] == [
        True,
        False,
        True,
        False,
    ]
    assert [markets[name]["contractSize"] for name in (PERPETUAL, "ETH/USDT:USDT", "BTC/USD:BTC")] == [0.001, 0.01, 1]
    assert (markets["BTC/USD:BTC"]["inverse"], markets["BTC/USD:BTC-261225"]["future"]) == (True, True)
    for symbol in (SPOT, PERPETUAL):
        book = await exchange.fetch_order_book(symbol, 20)
        assert book["bids"][0][0] < book["asks"][0][0]
        candles = await exchange.fetch_ohlcv(symbol, "1h", limit=100)
        assert {later[0] - one[0] for one, later in itertools.pairwise(candles)} == {3_600_000}
        assert all(low <= min(first, last) <= max(first, last) <= high for _, first, high, low, last, _ in candles)
        ticker = await exchange.fetch_ticker(symbol)
        assert ticker["bid"] < ticker["ask"]
        assert {trade["side"] for trade in await exchange.fetch_trades(symbol)} <= {"buy", "sell"}
    assert (await exchange.fetch_funding_rate(PERPETUAL))["fundingRate"] == 0.000052


@pytest.mark.parametrize(("symbol", "amount", "more"), MARKETS)
async def test_ccxt_trades(exchange: Any, symbol: str, amount: float, more: dict[str, Any]) -> None:
    tested = await exchange.create_order(symbol, "limit", "buy", amount, 83000, {**more, "test": True})
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.fetch_order(tested["id"], symbol)
    placed = await exchange.create_order(symbol, "limit", "buy", amount, 83000, more)
    (opened,) = await exchange.fetch_open_orders(symbol)
    assert (opened["id"], opened["price"], opened["status"]) == (placed["id"], 83000, "open")
    await exchange.cancel_order(placed["id"], symbol)
    bought = await exchange.create_order(symbol, "market", "buy", amount, None, more)
    order = await exchange.fetch_order(bought["id"], symbol)
    assert (order["status"], order["filled"], order["remaining"]) == ("closed", amount, 0)
    assert [fill["takerOrMaker"] for fill in await exchange.fetch_my_trades(symbol)] == ["taker"]
    closed = {one["id"]: one["status"] for one in await exchange.fetch_closed_orders(symbol)}
    assert closed == {placed["id"]: "canceled", bought["id"]: "closed"}


async def test_ccxt_sees_what_trading_did_to_the_accounts(exchange: Any) -> None:
    await exchange.create_order(SPOT, "market", "sell", 0.5)
    assert (await exchange.fetch_balance())["total"]["BTC"] == 2.0
    await exchange.create_order(PERPETUAL, "market", "sell", 20, None, {"leverage": 10})
    (position,) = await exchange.fetch_positions([PERPETUAL])
    assert (position["side"], position["contracts"]) == ("short", 20)
    assert position["leverage"] == pytest.approx(10, rel=0.05)  # by the mark price, which moves
    wallet = await exchange.fetch_balance({"type": "swap", "currency": "USDT"})
    assert wallet["USDT"]["free"] < wallet["USDT"]["total"]


async def test_ccxt_switches_position_and_margin_modes(exchange: Any) -> None:
    assert (await exchange.fetch_position_mode())["hedged"] is False
    await exchange.set_position_mode(True)
    assert (await exchange.fetch_position_mode())["hedged"] is True
    await exchange.set_margin_mode("cross", PERPETUAL)
    assert (await exchange.fetch_margin_mode(PERPETUAL))["marginMode"] == "cross"


async def test_ccxt_is_credited_as_the_partner_it_signs_for(exchange: Any, spot: KucoinSandbox) -> None:
    exchange.options["partner"] = {"spot": {"id": spot.partner.id, "key": spot.partner.key}}
    assert (await exchange.fetch_balance())["total"]["BTC"] == 2.5
    exchange.options["partner"]["spot"]["key"] = "not the partner's"
    with pytest.raises(ccxt.ExchangeError, match="400201"):
        await exchange.fetch_balance()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("expired_timestamp", ccxt.InvalidNonce),
        ("invalid_key", ccxt.AuthenticationError),
        ("wrong_passphrase", ccxt.AuthenticationError),
        ("invalid_signature", ccxt.AuthenticationError),
        ("permission_denied", ccxt.AuthenticationError),
        ("http_5xx", ccxt.ExchangeNotAvailable),
    ],
)
async def test_ccxt_knows_the_faults_by_its_own_names(
    exchange: Any, spot: KucoinSandbox, fault: str, expected: type[Exception]
) -> None:
    await exchange.load_markets()
    spot.faults.switch_on(fault)
    with pytest.raises(expected):
        await exchange.fetch_balance()
    spot.faults.clear()
    assert (await exchange.fetch_balance())["total"]["BTC"] == 2.5


async def test_ccxt_is_limited_by_the_venue_and_by_its_cdn(exchange: Any, spot: KucoinSandbox) -> None:
    spot.faults.switch_on("rate_limit")
    with pytest.raises(ccxt.ExchangeError, match="429000"):  # a code that ccxt has no name for
        await exchange.fetch_time()
    spot.faults.switch_on("rate_limit", by="cdn")
    with pytest.raises(ccxt.RateLimitExceeded):
        await exchange.fetch_time()


async def test_ccxt_hears_of_maintenance(exchange: Any, spot: KucoinSandbox) -> None:
    spot.faults.switch_on("maintenance")
    assert (await exchange.fetch_status())["status"] == "maintenance"
    with pytest.raises(ccxt.ExchangeError, match="503000"):  # another one
        await exchange.public_get_market_alltickers()
    spot.faults.switch_on("maintenance", mode="cancel_only")
    assert (await exchange.fetch_status())["status"] == "maintenance"


@pytest.mark.slow(reason="ccxt loads both markets before it opens a socket")
@pytest.mark.parametrize("symbol", [SPOT, PERPETUAL])
async def test_ccxt_follows_the_order_book(exchange: Any, symbol: str) -> None:
    sequences = []
    async with asyncio.timeout(10):
        for _ in range(40):
            book = await exchange.watch_order_book(symbol)
            assert book["bids"][0][0] < book["asks"][0][0]
            sequences.append(book["nonce"])
    assert sequences == sorted(set(sequences))


@pytest.mark.slow(reason="ccxt loads both markets before it opens a socket, and waits for a trade")
@pytest.mark.parametrize("symbol", [SPOT, PERPETUAL])
async def test_ccxt_follows_tickers_trades_candles_and_five_levels(exchange: Any, symbol: str) -> None:
    async with asyncio.timeout(10):
        ticker = await exchange.watch_ticker(symbol)
        assert ticker["bid"] < ticker["ask"]
        assert (await exchange.watch_trades(symbol))[-1]["symbol"] == symbol
        assert len((await exchange.watch_ohlcv(symbol, "1m"))[-1]) == 6
        book = await exchange.watch_order_book(symbol, 5)
        assert [len(book[side]) for side in ("bids", "asks")] == [5, 5]


@pytest.mark.slow(reason="ccxt loads both markets before it opens a socket")
@pytest.mark.parametrize(("symbol", "amount", "more"), MARKETS)
async def test_ccxt_follows_its_own_orders(exchange: Any, symbol: str, amount: float, more: dict[str, Any]) -> None:
    async with asyncio.timeout(10):
        watching = asyncio.create_task(exchange.watch_orders(symbol))
        placed = []
        while not watching.done():  # what was placed before the subscription stands is not told
            placed.append((await exchange.create_order(symbol, "limit", "buy", amount, 83000, more))["id"])
        (order,) = await watching
        assert (order["id"] in placed, order["status"]) == (True, "open")


@pytest.fixture
async def futures(spot: KucoinSandbox, perpetual: KucoinPerpetualSandbox) -> AsyncIterator[Any]:
    """ccxt's class for the futures alone."""
    exchange = client_of(ccxt.pro.kucoinfutures, spot, perpetual)
    yield exchange
    await exchange.close()


async def test_ccxt_kucoinfutures_reads_and_trades(futures: Any) -> None:
    book = await futures.fetch_order_book(PERPETUAL, 20)
    assert book["bids"][0][0] < book["asks"][0][0]
    candles = await futures.fetch_ohlcv(PERPETUAL, "1h", limit=100)
    assert {later[0] - one[0] for one, later in itertools.pairwise(candles)} == {3_600_000}
    tested = await futures.create_order(PERPETUAL, "limit", "buy", 10, 83000, {"leverage": 5, "test": True})
    assert tested["id"]
    placed = await futures.create_order(PERPETUAL, "limit", "buy", 10, 83000, {"leverage": 5})
    (opened,) = await futures.fetch_open_orders(PERPETUAL)
    assert (opened["id"], opened["price"]) == (placed["id"], 83000)
    await futures.cancel_order(placed["id"], PERPETUAL)
    await futures.create_order(PERPETUAL, "market", "buy", 10, None, {"leverage": 5})
    (position,) = await futures.fetch_positions([PERPETUAL])
    assert (position["contracts"], position["side"]) == (10, "long")
    assert (await futures.fetch_balance())["USDT"]["free"] > 0


@pytest.mark.slow(reason="ccxt loads the market before it opens a socket")
async def test_ccxt_kucoinfutures_follows_the_order_book(futures: Any) -> None:
    sequences = []
    async with asyncio.timeout(10):
        for _ in range(40):
            book = await futures.watch_order_book(PERPETUAL)
            assert book["bids"][0][0] < book["asks"][0][0]
            sequences.append(book["nonce"])
    assert sequences == sorted(set(sequences))


@pytest.fixture
def threaded() -> Iterator[tuple[SandboxThread[KucoinSandbox], SandboxThread[KucoinPerpetualSandbox]]]:
    """The library's calls block, so the sandboxes run beside them."""
    with (
        SandboxThread(lambda: KucoinSandbox(seed=7, rate=100)) as spot,
        SandboxThread(lambda: KucoinPerpetualSandbox(seed=7, rate=100, credentials=spot.credentials)) as perpetual,
    ):
        yield spot, perpetual


@pytest.fixture
def client(
    threaded: tuple[SandboxThread[KucoinSandbox], SandboxThread[KucoinPerpetualSandbox]],
) -> Iterator[Any]:
    """python-kucoin; it signs with a key of version 1, whose passphrase is sent as it is."""
    spot, perpetual = threaded
    keys = spot.credentials
    client = Client(keys.api_key, keys.api_secret, keys.passphrase)
    client.session.trust_env = False
    client.API_URL, client.FUTURES_API_URL = spot.urls["rest"], perpetual.urls["rest"]
    yield client
    client.close_connection()


def test_python_kucoin_reads_both_markets(client: Any) -> None:
    assert client.get_status()["status"] == client.futures_get_status()["status"] == "open"
    assert client.futures_get_timestamp() - client.get_timestamp() < 1_000
    assert len(client.get_order_book("BTC-USDT")["bids"]) == 100
    assert len(client.get_full_order_book("BTC-USDT")["asks"]) == 900
    rows = client.get_kline_data("BTC-USDT", "1day")
    assert [int(later[0]) - int(one[0]) for later, one in itertools.pairwise(rows)] == [86_400] * 1_499
    assert client.futures_get_symbol("XBTUSDTM")["multiplier"] == 0.001
    assert len(client.futures_get_order_book("XBTUSDTM", depth_20=True)["asks"]) == 20
    assert {account["type"] for account in client.get_accounts()} == {"trade", "main"}
    assert client.futures_get_account_detail("USDT")["availableBalance"] == 50_000


def test_python_kucoin_places_and_cancels(client: Any) -> None:
    order = {"symbol": "BTC-USDT", "type": "limit", "side": "buy", "price": "83000", "size": "0.01"}
    assert client.hf_create_test_order(**order)["orderId"]
    placed = client.hf_create_order(**order)["orderId"]
    assert client.hf_get_order(placed, "BTC-USDT")["active"] is True
    assert client.hf_cancel_order(placed, "BTC-USDT") == {"orderId": placed}
    with pytest.raises(KucoinAPIException, match="600101"):
        client.hf_create_test_order(**{**order, "size": "0.000001"})


def test_python_kucoin_names_a_wrong_passphrase(client: Any) -> None:
    client.session.headers["KC-API-PASSPHRASE"] = "not it"
    with pytest.raises(KucoinAPIException, match="400004"):
        client.get_accounts()


@pytest.mark.slow(reason="the library waits a second for its connection before it subscribes")
async def test_python_kucoin_follows_the_book_and_its_own_balance(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ReconnectingWebsocket, "_get_ws_encryption", lambda _socket: None)  # it takes TLS for granted
    monkeypatch.setattr(ReconnectingWebsocket, "MAX_RECONNECTS", 0)
    loop = asyncio.get_running_loop()
    frames: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    async with asyncio.timeout(10):
        public, private = [
            await KucoinSocketManager.create(loop, client, frames.put, private=is_private)
            for is_private in (False, True)
        ]
        await public.subscribe("/market/level2:BTC-USDT")
        await private.subscribe("/account/balance")
        ends = [(await frames.get())["data"]["sequenceEnd"] for _ in range(20)]
        await asyncio.to_thread(client.hf_create_market_order, "BTC-USDT", "buy", size="0.01")
        while (frame := await frames.get())["topic"] != "/account/balance":
            pass
        for manager in (public, private):  # it has no way to stop: it pings where it is cancelled
            await manager._conn._socket.close()
            await asyncio.wait([manager._conn._conn])
    assert ends == sorted(set(ends))
    assert frame["data"]["currency"] in ("BTC", "USDT")
