"""The simulated market: one seed gives one market, and its book, trades and candles agree."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest

from connectors.sandbox.accounts import Account, OrderDesk, OrderDraft, Refused
from connectors.sandbox.decimals import fixed, published_rule, scaled
from connectors.sandbox.faults import Faults
from connectors.sandbox.kraken.names import PAIRS
from connectors.sandbox.market import SECOND_NS, Market, PairMarket
from connectors.types import TradingPair

NOW_NS = 1_795_256_728 * SECOND_NS
BTC_USD = TradingPair("BTC", "USD")
DAY_S = 86_400


def new_market(seed: int = 7) -> Market:
    return Market((entry.spec for entry in PAIRS.values()), seed=seed, now_ns=NOW_NS)


def state(market: PairMarket) -> tuple[object, ...]:
    return market.bids.top(50), market.asks.top(50), list(market.trades)


def test_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    assert state(new_market(7).pairs[BTC_USD]) == state(new_market(7).pairs[BTC_USD])
    assert state(new_market(7).pairs[BTC_USD]) != state(new_market(8).pairs[BTC_USD])


def test_book_never_crosses_and_keeps_its_depth() -> None:
    market = new_market().pairs[BTC_USD]
    for _ in range(3000):
        market.step(NOW_NS)
        assert market.bids.best is not None
        assert market.asks.best is not None
        assert market.bids.best < market.asks.best
    assert len(market.bids.top(2000)) == 1100
    assert min(market.asks.top(2000).values()) > 0


def shown(market: PairMarket) -> tuple[dict[int, int], dict[int, int]]:
    return market.shown_bids.all(), market.shown_asks.all()


def test_without_a_fault_the_book_is_shown_as_it_is() -> None:
    market = new_market().pairs[BTC_USD]
    assert shown(market) == (market.bids.top(2000), market.asks.top(2000))
    assert not market.show_as(Faults())


def test_crossed_book_is_shown_with_a_bid_above_the_best_ask_and_heals() -> None:
    market, faults = new_market().pairs[BTC_USD], Faults()
    asks = market.asks.top(10)
    faults.switch_on("crossed_book")
    assert market.show_as(faults)
    assert market.shown_bids.top(10) == {
        market.asks.best + 3: 25_000_000,  # type: ignore[operator]  # neither side is ever empty
        **market.bids.top(9),
    }
    assert market.shown_asks.top(10) == asks
    faults.clear()
    assert market.show_as(faults)
    assert shown(market) == (market.bids.top(2000), market.asks.top(2000))


def test_locked_book_is_shown_with_a_bid_at_the_best_ask() -> None:
    market, faults = new_market().pairs[BTC_USD], Faults()
    faults.switch_on("locked_book")
    market.show_as(faults)
    assert market.shown_bids.best == market.shown_asks.best == market.asks.best
    assert market.shown_bids.has(market.asks.best or 0)
    assert market.bids.best != market.asks.best


@pytest.mark.parametrize(("side", "empty"), [("asks", (False, True)), ("bids", (True, False))])
def test_empty_side_is_shown_empty_and_nothing_is_found_there(side: str, empty: tuple[bool, bool]) -> None:
    market, faults = new_market().pairs[BTC_USD], Faults()
    faults.switch_on("empty_side", side=side)
    market.show_as(faults)
    assert (not market.shown_bids.all(), not market.shown_asks.all()) == empty
    assert (market.shown_bids.best is None, market.shown_asks.best is None) == empty
    assert not getattr(market, f"shown_{side}").has(getattr(market, side).best)


def test_wide_spread_moves_every_level_away() -> None:
    market, faults = new_market().pairs[BTC_USD], Faults()
    bid, ask = market.bids.best or 0, market.asks.best or 0
    faults.switch_on("wide_spread", percent=10)
    market.show_as(faults)
    assert (market.shown_bids.best, market.shown_asks.best) == (bid - 41_873, ask + 41_873)
    assert market.shown_bids.has(bid - 41_873)
    assert not market.shown_bids.has(bid)
    assert list(market.shown_asks.top(1100).values()) == list(market.asks.top(1100).values())


def test_spread_wider_than_the_price_leaves_no_bid_below_zero() -> None:
    market, faults = new_market().pairs[BTC_USD], Faults()
    faults.switch_on("wide_spread", percent=250)
    market.show_as(faults)
    assert market.shown_bids.all() == {}
    assert not market.shown_bids.has((market.bids.best or 0) - 1_046_803)


def test_faults_of_the_book_go_together() -> None:
    market, faults = new_market().pairs[BTC_USD], Faults()
    faults.switch_on("wide_spread", percent=10)
    faults.switch_on("locked_book")
    market.show_as(faults)
    assert market.shown_bids.best == market.shown_asks.best == (market.asks.best or 0) + 41_873
    faults.switch_on("empty_side", side="asks")
    market.show_as(faults)
    assert market.shown_bids.best == (market.bids.best or 0) - 41_873


def test_orders_are_matched_against_the_book_as_it_is() -> None:
    market, faults = new_market(), Faults()
    desk, account = desk_and_account(market)
    faults.switch_on("empty_side", side="asks")
    market.pairs[BTC_USD].show_as(faults)
    order = desk.place(account, market.pairs[BTC_USD], OrderDraft("buy", 1000, None))
    assert order.filled == 1000


def test_numbered_changes_lead_from_one_published_book_to_the_next() -> None:
    market, faults = new_market().pairs[BTC_USD], Faults()
    market.record_changes()
    book = {
        (sign, price): size for sign, side in zip((-1, 1), shown(market), strict=True) for price, size in side.items()
    }
    switches = iter(
        [("crossed_book", {}), ("wide_spread", {"percent": 1}), ("empty_side", {}), (None, {}), ("locked_book", {})]
    )
    for number in range(120):
        market.step(NOW_NS)
        if number % 20 == 10 and (switch := next(switches, None)) is not None:
            name, given = switch
            faults.switch_on(name, **given) if name else faults.clear()
            market.show_as(faults)
            market.step(NOW_NS)
        for sign, price, size in market.take_changes():
            if size:
                book[sign, price] = size
            else:
                del book[sign, price]
        bids, asks = shown(market)
        assert {price: size for (sign, price), size in book.items() if sign < 0} == bids
        assert {price: size for (sign, price), size in book.items() if sign > 0} == asks


def test_candles_fill_every_interval_without_a_gap() -> None:
    candles = new_market().pairs[BTC_USD].candles
    for minutes in (1, 5, 15, 30, 60, 240, 1440):
        rows = candles.rows(minutes * 60, NOW_NS // SECOND_NS, limit=720)
        assert len(rows) == 720
        assert {later.open_time_s - row.open_time_s for row, later in pairwise(rows)} == {minutes * 60}
        assert rows[-1].open_time_s <= NOW_NS // SECOND_NS < rows[-1].open_time_s + minutes * 60
        assert all(row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high for row in rows)
        assert all((row.volume == 0) == (row.trades == 0) for row in rows)


def test_hourly_candles_are_the_sums_of_quarter_hours() -> None:
    candles = new_market().pairs[BTC_USD].candles
    hours = candles.rows(3600, NOW_NS // SECOND_NS, limit=720)[-100:]
    quarters = candles.rows(900, NOW_NS // SECOND_NS, limit=720)
    for hour in hours[:-1]:
        inside = [bar for bar in quarters if 0 <= bar.open_time_s - hour.open_time_s < 3600]
        assert len(inside) == 4
        assert hour.volume == sum(bar.volume for bar in inside)
        assert (hour.open, hour.close) == (inside[0].open, inside[-1].close)
        assert (hour.high, hour.low) == (max(bar.high for bar in inside), min(bar.low for bar in inside))


def test_live_trades_are_in_the_forming_candle() -> None:
    market = new_market().pairs[BTC_USD]
    minute = NOW_NS // SECOND_NS // 60 * 60
    traded = [trade for trade in market.trades if trade.time_ns // SECOND_NS >= minute]
    forming = market.candles.rows(60, NOW_NS // SECOND_NS, limit=2)[-1]
    assert traded
    assert forming.trades == len(traded)
    assert forming.volume == sum(trade.size for trade in traded)
    assert forming.close == traded[-1].price


def test_quiet_minutes_repeat_the_last_close() -> None:
    market = new_market().pairs[BTC_USD]
    later_s = NOW_NS // SECOND_NS + 180
    rows = market.candles.rows(60, later_s, limit=3)
    assert [row.trades for row in rows] == [0, 0, 0]
    assert {row.open for row in rows} == {market.last_price}


def test_day_so_far_grows_out_of_its_first_minute() -> None:
    candles = new_market().pairs[BTC_USD].candles
    midnight = NOW_NS // SECOND_NS // DAY_S * DAY_S + DAY_S
    assert candles.since(midnight, midnight + 30).trades == 0
    candles.record(midnight + 45, 800_000, 5)
    assert candles.since(midnight, midnight + 50).volume == 5
    candles.record(midnight + 61, 800_000, 7)
    assert candles.since(midnight, midnight + 70).volume == 12


def desk_and_account(market: Market) -> tuple[OrderDesk, Account]:
    desk = OrderDesk(market, seed=7, now_ns=lambda: NOW_NS)
    return desk, Account({"USD": Decimal(1_000_000), "BTC": Decimal(1)})


def test_market_order_walks_the_levels_and_pays_the_taker_fee() -> None:
    market = new_market()
    desk, account = desk_and_account(market)
    (best_price, best_size), (next_price, _) = list(market.pairs[BTC_USD].asks.top(2).items())
    order = desk.place(account, market.pairs[BTC_USD], OrderDraft("buy", best_size + 1000, None))
    assert [(fill.price, fill.size) for fill in order.fills] == [(best_price, best_size), (next_price, 1000)]
    cost = Decimal(best_price * best_size + next_price * 1000).scaleb(-9)
    assert account.balances["BTC"] == 1 + Decimal(best_size + 1000).scaleb(-8)
    assert abs(account.balances["USD"] - (1_000_000 - cost * Decimal("1.004"))) < Decimal("0.00000001")


def test_resting_order_waits_for_the_market_and_pays_the_maker_fee() -> None:
    market = new_market()
    desk, account = desk_and_account(market)
    pair = market.pairs[BTC_USD]
    price = pair.bids.best or 0
    ahead = pair.bids.top(1)[price]
    order = desk.place(account, pair, OrderDraft("buy", 1000, price))
    assert pair.bids.top(1)[price] == ahead + 1000
    pair.trade("sell", ahead, NOW_NS)
    assert order.fills == []
    pair.trade("sell", 400, NOW_NS)
    assert (order.remaining, order.is_open, order.fills[0].is_maker) == (600, True, True)
    pair.trade("sell", 600, NOW_NS)
    assert not order.is_open
    assert account.held("USD") == 0


def test_far_order_neither_stops_nor_stretches_the_market() -> None:
    market = new_market()
    desk, account = desk_and_account(market)
    pair = market.pairs[BTC_USD]
    order = desk.place(account, pair, OrderDraft("buy", 1000, 100))
    for _ in range(500):
        pair.step(NOW_NS)
    assert order.is_open
    assert pair.bids.has(100)
    assert (pair.bids.worst_of_others or 0) > 700_000
    assert len(pair.bids.keys) == 1101


def test_cancelled_order_leaves_the_book_and_frees_its_funds() -> None:
    market = new_market()
    desk, account = desk_and_account(market)
    pair = market.pairs[BTC_USD]
    order = desk.place(account, pair, OrderDraft("sell", 50_000_000, (pair.asks.best or 0) + 999_983))
    assert account.free("BTC") == Decimal("0.5")
    desk.cancel(account, order.id)
    assert account.free("BTC") == 1
    assert not pair.asks.has((pair.asks.best or 0) + 999_983)
    with pytest.raises(Refused, match="unknown order"):
        desk.cancel(account, order.id)


def test_order_beyond_the_balance_is_refused() -> None:
    market = new_market()
    desk, account = desk_and_account(market)
    with pytest.raises(Refused, match="insufficient funds"):
        desk.place(account, market.pairs[BTC_USD], OrderDraft("sell", 100_000_001, None))


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [(44780, 8, "0.00044780"), (837442, 1, "83744.2"), (0, 8, "0.00000000"), (-5, 2, "-0.05"), (7, 0, "7")],
)
def test_numbers_keep_all_their_digits(value: int, decimals: int, text: str) -> None:
    assert fixed(value, decimals) == text
    assert scaled(text, decimals) == value


@pytest.mark.parametrize("text", ["", "abc", "1.23", "NaN", "Infinity", "1e999999999"])
def test_text_that_is_no_whole_amount_has_no_scaled_form(text: str) -> None:
    assert scaled(text, 1) is None


def test_changed_rules_are_multiples_in_plain_digits() -> None:
    faults = Faults()
    assert published_rule("0.00005", faults) == "0.00005"
    faults.switch_on("rules_change", factor=25)
    assert [published_rule(rule, faults) for rule in ("0.00005", "0.1", "50")] == ["0.00125", "2.5", "1250"]
