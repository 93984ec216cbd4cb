"""One suite for every connector of the catalogue, each against its own sandbox: what it declares is what it does."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from connectors import base
from connectors.base import (
    Account,
    BookStreaming,
    Candles,
    Connector,
    MarketData,
    OrderValidation,
    Perpetual,
    ReportsPermissions,
)
from connectors.catalog import CONNECTORS
from connectors.errors import AuthRejected, ConnectorError, Rejected, UnknownInterval, UnknownPair, UsageError
from connectors.sandbox import SANDBOXES
from connectors.types import (
    Credentials,
    OrderRequest,
    OrderType,
    Partner,
    PositionMode,
    PositionSide,
    Side,
    TradingPair,
    VenueMode,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connectors.sandbox.server import SandboxServer

CAPABILITIES = (MarketData, BookStreaming, Candles, Account, ReportsPermissions, Perpetual, OrderValidation)
CATALOGUE = Path(__file__).parents[2] / "registry" / "catalogue" / "exchanges"
DEADLINE_S = 8.0
NOWHERE = TradingPair("NOSUCHCOIN", "USDT")


def having(capability: type) -> Any:
    """Runs the test for each connector that declares *capability*."""
    kinds = [name for name, kind in CONNECTORS.items() if capability in kind.__mro__]
    return pytest.mark.parametrize("connector_id", kinds)


@pytest.fixture
async def venue(connector_id: str) -> AsyncIterator[SandboxServer]:
    async with SANDBOXES[connector_id](seed=5, rate=400) as sandbox:
        yield sandbox


@pytest.fixture
async def connector(connector_id: str, venue: SandboxServer) -> AsyncIterator[Any]:
    async with CONNECTORS[connector_id](urls=venue.urls, credentials=venue.credentials) as connector:
        yield connector


def test_every_connector_has_a_sandbox() -> None:
    assert set(SANDBOXES) == set(CONNECTORS)


def declared(capability: type) -> set[str]:
    """What a protocol asks for: its methods, and the facts beside them."""
    names = {name for name in vars(capability) if not name.startswith("_")}
    return names | {name for name in vars(capability).get("__annotations__", {}) if not name.startswith("_")}


@pytest.mark.parametrize("capability", CAPABILITIES)
@pytest.mark.parametrize("connector_id", CONNECTORS)
def test_what_is_not_declared_is_not_there(connector_id: str, capability: type) -> None:
    kind = CONNECTORS[connector_id]
    own = {name for other in kind.__mro__ if other is not object and other not in CAPABILITIES for name in vars(other)}

    if capability in kind.__mro__:
        assert declared(capability) <= own
    else:
        elsewhere = set().union(*(declared(other) for other in CAPABILITIES if other in kind.__mro__))
        assert not (declared(capability) - elsewhere) & own


def test_every_capability_is_looked_at() -> None:
    protocols = {thing for thing in vars(base).values() if getattr(thing, "_is_protocol", False)}

    assert protocols - {base.Protocol} == set(CAPABILITIES)


# Market data.


@having(MarketData)
async def test_the_clock_and_the_status_are_read(connector: Any) -> None:
    clock = await connector.server_time()
    anew = await connector.server_time(new_connection=True)

    assert abs(clock.offset_ms) < 2_000
    assert clock.phases is None
    assert anew.phases.first_byte_ms >= 0
    assert (await connector.venue_status()).mode is VenueMode.ONLINE


@having(MarketData)
async def test_every_pairs_rules_are_sane(connector: Any) -> None:
    pairs = await connector.trading_pairs()

    assert pairs[connector.default_pair].is_trading
    for pair, rules in pairs.items():
        assert rules.pair == pair
        assert rules.symbol
        assert rules.price_tick > 0
        assert rules.size_step > 0
        assert rules.min_size > 0
        assert rules.price_tick.scaleb(rules.price_decimals) % 1 == 0
        assert rules.size_step.scaleb(rules.size_decimals) % 1 == 0
        assert (rules.contract is not None) is isinstance(connector, Perpetual)


@having(Perpetual)
async def test_every_contract_says_what_it_stands_for(connector: Any) -> None:
    for rules in (await connector.trading_pairs()).values():
        assert rules.contract.multiplier > 0
        assert 0 < rules.contract.maintenance_margin <= rules.contract.initial_margin < 1
        assert rules.contract.settle_asset == (rules.pair.base if rules.contract.is_inverse else rules.pair.quote)


@having(MarketData)
async def test_a_snapshot_is_best_first_and_as_deep_as_asked(connector: Any) -> None:
    book = await connector.book_snapshot(connector.default_pair, depth=10)

    bids, asks = ([level.price for level in side] for side in (book.bids, book.asks))
    assert len(bids) == len(asks) == 10
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]


@having(MarketData)
async def test_an_unknown_pair_is_named_with_the_nearest(connector: Any) -> None:
    typo = TradingPair(connector.default_pair.base + "X", connector.default_pair.quote)

    with pytest.raises(UnknownPair) as refused:
        await connector.rules_of(typo)

    assert str(connector.default_pair) in str(refused.value)
    assert isinstance(refused.value, UsageError)


@having(MarketData)
async def test_every_read_of_an_unknown_pair_is_an_unknown_pair(connector: Any) -> None:
    with pytest.raises(UnknownPair):
        await connector.book_snapshot(NOWHERE)
    if isinstance(connector, Candles):
        with pytest.raises(UnknownPair):
            await connector.candles(NOWHERE, "1m")
    if isinstance(connector, Perpetual):
        with pytest.raises(UnknownPair):
            await connector.mark_price(NOWHERE)


# Books.


@pytest.mark.slow(reason="up to five books at a time")
@having(BookStreaming)
async def test_every_declared_depth_streams(connector: Any) -> None:
    async def follow(depth: int) -> None:
        async with connector.book_stream(connector.default_pair, depth=depth) as stream:
            await stream.ready()
            async for _ in stream:
                if stream.stats.updates >= 3:
                    break
            shown = stream.book.snapshot()
            assert depth / 2 <= len(shown.bids) <= depth
            assert shown.bids[0].price < shown.asks[0].price
            assert stream.stats.resyncs == stream.stats.reconnects == 0
            assert stream.stats.last_venue_time is not None

    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*map(follow, connector.book_depths))


@having(BookStreaming)
async def test_a_depth_that_is_not_offered_names_those_that_are(connector: Any) -> None:
    with pytest.raises(UsageError) as refused:
        connector.book_stream(connector.default_pair, depth=7)

    assert str(connector.book_depths[0]) in str(refused.value)


@having(BookStreaming)
async def test_the_depth_by_default_is_one_of_those_offered(connector: Any) -> None:
    async with asyncio.timeout(DEADLINE_S), connector.book_stream(connector.default_pair) as stream:
        await stream.ready()

        assert stream.book.depth in connector.book_depths


@having(BookStreaming)
async def test_a_stream_that_was_cut_comes_back(connector: Any) -> None:
    async with asyncio.timeout(DEADLINE_S), connector.book_stream(connector.default_pair) as stream:
        await stream.ready()

        assert await stream.reconnect() > 0
        assert stream.stats.reconnects == 1


# Candles.


@pytest.mark.slow(reason="up to thirteen intervals, of a sandbox that makes each up anew")
@having(Candles)
async def test_every_declared_interval_gives_candles_oldest_first_with_the_forming_one_last(connector: Any) -> None:
    for interval, length in connector.candle_intervals.items():
        rows = await connector.candles(connector.default_pair, interval, limit=4)

        opened = [row.open_time for row in rows]
        assert len(rows) == 4
        assert [after - before for before, after in pairwise(opened)] == [length] * 3
        assert [row.closed for row in rows] == [True, True, True, False]
        assert all(row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high for row in rows)


@having(Candles)
async def test_as_many_candles_as_declared_can_be_had_and_no_more(connector: Any) -> None:
    rows = await connector.candles(connector.default_pair, "1m", limit=connector.max_candles)

    assert len(rows) == connector.max_candles
    with pytest.raises(UsageError, match=f"limit {connector.max_candles + 1}"):
        await connector.candles(connector.default_pair, "1m", limit=connector.max_candles + 1)


@having(Candles)
async def test_an_unknown_interval_names_the_nearest(connector: Any) -> None:
    with pytest.raises(UnknownInterval, match=r"did you mean .*1m"):
        await connector.candles(connector.default_pair, "1min")


# Private calls.


@having(Account)
async def test_the_account_answers_a_good_key(connector: Any) -> None:
    balances = await connector.balances()
    await connector.private_stream_ack()

    assert balances
    assert all(amount.is_finite() and amount >= 0 for amount in balances.values())
    assert not {"XBT", "XXBT", "ZUSD"} & set(balances)


@having(Account)
async def test_a_wrong_secret_is_refused_and_shown_nowhere(venue: SandboxServer, connector: Any) -> None:
    good = venue.credentials
    secrets = ("bm90IHRoZSBzZWNyZXQgYXQgYWxs", "not-the-phrase")
    wrong = Credentials(good.api_key, *secrets)

    async with type(connector)(urls=venue.urls, credentials=wrong) as stranger:
        shown = [repr(stranger), str(stranger), repr(wrong), str(wrong)]
        for call in (stranger.balances, stranger.private_stream_ack):
            with pytest.raises(AuthRejected) as refused:
                await call()
            error: BaseException | None = refused.value
            while error is not None:
                shown += [str(error), repr(error)]
                error = error.__cause__

    assert not [text for text in shown for secret in (*secrets, good.api_key) if secret in text]


@having(Account)
async def test_without_credentials_the_remedy_is_named(venue: SandboxServer, connector: Any) -> None:
    async with type(connector)(urls=venue.urls) as stranger:
        with pytest.raises(UsageError, match="credentials: needed"):
            await stranger.balances()


@having(ReportsPermissions)
async def test_the_keys_permissions_are_told(connector: Any) -> None:
    permissions = await connector.key_permissions()

    assert permissions.may_trade
    assert not permissions.may_withdraw
    assert permissions.said


@having(Perpetual)
async def test_prices_positions_and_mode_of_a_perpetual_are_told(connector: Any) -> None:
    book = await connector.book_snapshot(connector.default_pair, depth=1)
    mark = await connector.mark_price(connector.default_pair)
    funding = await connector.funding_rate(connector.default_pair)

    assert abs(mark / book.bids[0].price - 1) < Decimal("0.02")
    assert abs(funding.rate) < Decimal("0.01")
    assert funding.next_at is not None
    assert await connector.position_mode() in connector.position_modes
    assert isinstance(await connector.positions(), list)


def smallest_order(rules: Any, order_type: OrderType, price: Decimal, **more: Any) -> OrderRequest:
    """A buy below the market that meets every minimum."""
    size = max(rules.min_size, Decimal("0.001")) if rules.contract is None else rules.min_size
    is_market = order_type is OrderType.MARKET
    return OrderRequest(rules.pair, Side.BUY, order_type, size, None if is_market else price, **more)


@having(OrderValidation)
async def test_every_declared_order_type_is_accepted(connector: Any) -> None:
    rules = await connector.rules_of(connector.default_pair)
    best_bid = (await connector.book_snapshot(rules.pair, depth=1)).bids[0].price

    for order_type in connector.order_types:
        assert await connector.validate_order(smallest_order(rules, order_type, best_bid))


@having(OrderValidation)
async def test_an_order_below_the_minimum_is_refused(connector: Any) -> None:
    rules = await connector.rules_of(connector.default_pair)
    size = rules.min_size / 2 if rules.contract is None else Decimal(0)

    with pytest.raises(ConnectorError):
        await connector.validate_order(OrderRequest(rules.pair, Side.BUY, OrderType.MARKET, size))


@having(Perpetual)
async def test_an_order_of_each_declared_position_mode_is_accepted_in_that_mode_alone(
    venue: Any, connector: Any
) -> None:
    rules = await connector.rules_of(connector.default_pair)
    best_bid = (await connector.book_snapshot(rules.pair, depth=1)).bids[0].price
    sides = {PositionMode.ONE_WAY: PositionSide.BOTH, PositionMode.HEDGE: PositionSide.LONG}

    for mode in connector.position_modes:
        venue.account.position_mode = list(PositionMode).index(mode)
        assert await connector.position_mode() is mode
        for other, side in sides.items():
            order = smallest_order(rules, OrderType.LIMIT, best_bid, position_side=side)
            if other is mode:
                assert await connector.validate_order(order)
            else:
                with pytest.raises(Rejected):
                    await connector.validate_order(order)


# Around the calls.


@pytest.mark.parametrize("connector_id", CONNECTORS)
async def test_closing_leaves_no_socket_and_no_task(venue: SandboxServer, connector_id: str) -> None:
    before = asyncio.all_tasks()
    async with CONNECTORS[connector_id](urls=venue.urls, credentials=venue.credentials) as connector:
        async with connector.book_stream(connector.default_pair) as stream, asyncio.timeout(DEADLINE_S):  # type: ignore[attr-defined]
            await stream.ready()
        client = connector._client

    assert client.is_closed
    assert not {task for task in asyncio.all_tasks() - before if task.get_name().startswith(("book ", "snapshot "))}


@pytest.mark.parametrize("connector_id", CONNECTORS)
async def test_a_shared_client_stays_open(venue: SandboxServer, connector_id: str) -> None:
    kind = CONNECTORS[connector_id]
    async with kind(urls=venue.urls) as owner:
        async with kind(urls=venue.urls, http=owner._client) as guest:
            await guest.server_time()  # type: ignore[attr-defined]

        assert not owner._client.is_closed


@pytest.mark.parametrize("connector_id", CONNECTORS)
def test_a_partner_is_taken_only_where_partners_are_credited(connector_id: str) -> None:
    kind = CONNECTORS[connector_id]
    partner = Partner("id", "name", "a-partner-key")

    if kind.credits_partners:
        assert "a-partner-key" not in repr(kind(partner=partner).partner)
    else:
        with pytest.raises(UsageError, match="partner"):
            kind(partner=partner)


@pytest.mark.parametrize("connector_id", CONNECTORS)
async def test_sandbox_and_venue_are_told_apart(venue: SandboxServer, connector_id: str) -> None:
    kind: type[Connector] = CONNECTORS[connector_id]

    assert kind(urls=venue.urls).source == "sandbox"
    assert kind().source == "live"


# Against what the registry says of the same connector.


def registered(connector_id: str) -> list[dict[str, Any]]:
    files = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CATALOGUE.glob("*.yaml"))]
    return [
        component
        for file in files
        for component in file["components"]
        if component.get("connector_id") == connector_id and component["status"] == "available"
    ]


@pytest.mark.parametrize("connector_id", CONNECTORS)
def test_the_registry_declares_what_the_connector_does(connector_id: str) -> None:
    kind: Any = CONNECTORS[connector_id]
    components = registered(connector_id)

    assert components
    for component in components:
        assert set(component.get("order_types", [])) <= {order_type.value for order_type in kind.order_types}
        assert set(component.get("intervals", [])) <= set(getattr(kind, "candle_intervals", ()))
        modes = {mode.value for mode in getattr(kind, "position_modes", ())}
        assert set(component.get("position_modes", [])) == (modes if component["kind"] == "perp_connector" else set())
