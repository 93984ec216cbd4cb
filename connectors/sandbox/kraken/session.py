"""One WebSocket v2 client: its requests, its subscriptions, and Kraken's words for what it may not have."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.sandbox.accounts import Event
from connectors.sandbox.kraken import frames
from connectors.sandbox.kraken.keys import KrakenError, Permission
from connectors.sandbox.kraken.orders import rest_parameters
from connectors.sandbox.kraken.public import INTERVALS_MIN
from connectors.sandbox.market import SECOND_NS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connectors.sandbox.accounts import AccountOrder, Fill
    from connectors.sandbox.connection import Connection
    from connectors.sandbox.kraken.feed import KrakenFeed
    from connectors.sandbox.kraken.keys import ApiKey
    from connectors.sandbox.kraken.names import KrakenPair

DEPTHS = (10, 25, 100, 500, 1000)
PUBLIC_CHANNELS = ("book", "ticker", "trade", "ohlc", "instrument")
PRIVATE_CHANNELS = ("executions", "balances")
TRADING_METHODS = ("add_order", "cancel_order", "cancel_all")
HEARTBEAT_S = 1.0
SNAPSHOT_TRADES = 50
SNAPSHOT_CANDLES = 10
ONLY_PUBLIC = "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com"
ONLY_PRIVATE = "Public market data subscriptions are unavailable on this endpoint. Try ws.kraken.com"


class KrakenSession:
    """The state of one connection. `books` and `candles` hold the one depth and interval allowed for each symbol."""

    def __init__(self, feed: KrakenFeed, connection: Connection, *, is_private: bool) -> None:
        self.connection = connection
        self.connection_id = 0
        self.books: dict[str, int] = {}
        self.candles: dict[str, int] = {}
        self.tickers: set[str] = set()
        self.trades: set[str] = set()
        self._follows_instrument = False
        self._private: dict[str, ApiKey] = {}
        self._sequences: dict[str, int] = {}
        self._feed = feed
        self._is_private = is_private
        self._now = asyncio.get_running_loop().time

    # requests

    def receive(self, text: str) -> None:
        time_in = self._timestamp()
        try:
            request = msgspec.json.decode(text, type=dict[str, Any])
            method, parameters = str(request.get("method")), request.get("params") or {}
            reply: dict[str, Any] = {"method": method}
            if isinstance(request.get("req_id"), int):
                reply["req_id"] = request["req_id"]
        except msgspec.DecodeError:
            self._refuse({}, "Malformed request", time_in)
            return
        if method == "ping":
            self._send_reply({**reply, "method": "pong"}, time_in)
        elif self._feed.faults.is_on("rate_limit"):
            self._refuse(reply, "Exceeded msg rate", time_in)
        elif not isinstance(parameters, dict):
            self._refuse(reply, "Malformed request", time_in)
        elif method in ("subscribe", "unsubscribe"):
            self._change_subscription(reply, parameters, time_in)
        elif method in TRADING_METHODS:
            self._trade(reply, parameters, time_in)
        else:
            self._refuse(reply, "Event(s) not found", time_in)

    def close(self) -> None:
        for key in self._private.values():
            if self._on_order_event in key.account.listeners:
                key.account.listeners.remove(self._on_order_event)
        self._feed.forget(self)

    def send_heartbeat_when_due(self) -> None:
        is_subscribed = (
            self.books or self.candles or self.tickers or self.trades or self._follows_instrument or self._private
        )
        if is_subscribed and self._now() - self.connection.last_sent >= HEARTBEAT_S:
            self.connection.send(frames.HEARTBEAT)

    # subscriptions

    def _change_subscription(self, reply: dict[str, Any], parameters: Mapping[str, Any], time_in: str) -> None:
        channel = str(parameters.get("channel"))
        if channel in PRIVATE_CHANNELS:
            self._change_private(reply, channel, parameters, time_in)
        elif channel not in PUBLIC_CHANNELS:
            self._refuse(reply, "Subscription name invalid", time_in)
        elif self._is_private:
            self._refuse(reply, ONLY_PRIVATE, time_in)
        elif channel == "instrument":
            self._change_instrument(reply, parameters, time_in)
        else:
            symbols = parameters.get("symbol")
            for symbol in symbols if isinstance(symbols, list) else [symbols]:
                self._change_market(reply, channel, str(symbol), parameters, time_in)

    def _change_market(
        self, reply: dict[str, Any], channel: str, symbol: str, parameters: Mapping[str, Any], time_in: str
    ) -> None:
        """One acknowledgement or refusal for one symbol, then its snapshot."""
        entry = self._feed.listed(symbol)
        if entry is None:
            self._refuse(reply, f"Currency pair not supported {symbol}", time_in, symbol=symbol)
            return
        result: dict[str, Any] = {"channel": channel}
        if channel == "book":
            result["depth"] = parameters.get("depth", 10)
            if result["depth"] not in DEPTHS:
                self._refuse(reply, "Subscription depth not supported", time_in)
                return
        if channel == "ohlc":
            result["interval"] = parameters.get("interval", 1)
            if result["interval"] not in INTERVALS_MIN:
                self._refuse(reply, "Subscription ohlc interval not supported", time_in)
                return
        if reply["method"] == "unsubscribe":
            self._unsubscribe(reply, result, symbol, time_in)
            return
        if (objection := self._objection(channel, symbol)) is not None:
            self._refuse(reply, objection, time_in, symbol=symbol)
            return
        result["snapshot"] = bool(parameters.get("snapshot", channel != "trade"))
        result["symbol"] = symbol
        if channel == "ohlc":
            result["warnings"] = ["timestamp is deprecated, use interval_begin"]
        self._remember(channel, symbol, result)
        if channel == "book":
            self._feed.view(entry, result["depth"])
        self._send_reply({**reply, "result": result, "success": True}, time_in)
        if result["snapshot"] and (frame := self._snapshot(channel, entry, result)) is not None:
            self.connection.send(frame)

    def _objection(self, channel: str, symbol: str) -> str | None:
        if channel == "ohlc" and symbol in self.candles:
            return "Already subscribed to one ohlc interval on this symbol"
        held = {"book": self.books, "ticker": self.tickers, "trade": self.trades}.get(channel, ())
        return "Already subscribed" if symbol in held else None

    def _remember(self, channel: str, symbol: str, result: Mapping[str, Any]) -> None:
        if channel == "book":
            self.books[symbol] = result["depth"]
        elif channel == "ohlc":
            self.candles[symbol] = result["interval"]
        else:
            (self.tickers if channel == "ticker" else self.trades).add(symbol)

    def _unsubscribe(self, reply: dict[str, Any], result: dict[str, Any], symbol: str, time_in: str) -> None:
        channel = result["channel"]
        held: dict[str, Callable[[], bool]] = {
            "book": lambda: self.books.get(symbol) == result["depth"],
            "ohlc": lambda: self.candles.get(symbol) == result["interval"],
            "ticker": lambda: symbol in self.tickers,
            "trade": lambda: symbol in self.trades,
        }
        if not held[channel]():
            self._refuse(reply, "Subscription Not Found", time_in, symbol=symbol)
            return
        if channel == "book":
            del self.books[symbol]
            self._feed.drop_unused_views()
        elif channel == "ohlc":
            del self.candles[symbol]
        else:
            (self.tickers if channel == "ticker" else self.trades).remove(symbol)
        self._send_reply({**reply, "result": {**result, "symbol": symbol}, "success": True}, time_in)

    def _snapshot(self, channel: str, entry: KrakenPair, result: Mapping[str, Any]) -> bytes | None:
        market, clock = self._feed.market.pairs[entry.pair], self._feed.clock
        if channel == "book":
            return self._feed.view(entry, result["depth"]).snapshot(frames.rfc3339(clock.book_ns()))
        if channel == "ticker":
            return frames.channel_frame("ticker", "snapshot", [frames.ticker(entry, market, clock.true_ns())])
        if channel == "trade":
            recent = list(market.trades)[-SNAPSHOT_TRADES:]
            skew_ns = clock.now_ns() - clock.true_ns()
            return frames.channel_frame("trade", "snapshot", [frames.trade(entry, one, skew_ns) for one in recent])
        minutes = result["interval"]
        bars = market.candles.rows(minutes * 60, clock.true_ns() // SECOND_NS, limit=SNAPSHOT_CANDLES)
        data = [frames.ohlc(entry, bar, minutes) for bar in bars if bar.trades]
        timestamp = frames.rfc3339(clock.now_ns(), 9)
        return frames.channel_frame("ohlc", "snapshot", data, timestamp=timestamp)

    def _change_instrument(self, reply: dict[str, Any], parameters: Mapping[str, Any], time_in: str) -> None:
        self._follows_instrument = reply["method"] == "subscribe"
        wants_snapshot = bool(parameters.get("snapshot", True)) and self._follows_instrument
        result: dict[str, Any] = {"channel": "instrument"}
        if self._follows_instrument:
            result |= {"snapshot": wants_snapshot, "warnings": ["tick_size is deprecated, use price_increment"]}
        self._send_reply({**reply, "result": result, "success": True}, time_in)
        if wants_snapshot:
            pairs = frames.instrument(self._feed.listed_pairs(), self._feed.faults)
            self.connection.send(frames.channel_frame("instrument", "snapshot", pairs))

    # private

    def _authorise(self, parameters: Mapping[str, Any]) -> ApiKey:
        return self._feed.keyring.key_of_token(parameters.get("token"), self._feed.clock.true_ns())

    def _change_private(self, reply: dict[str, Any], channel: str, parameters: Mapping[str, Any], time_in: str) -> None:
        if not self._is_private:
            self._refuse(reply, ONLY_PUBLIC, time_in)
            return
        try:
            key = self._authorise(parameters)
            key.require(Permission.QUERY_FUNDS if channel == "balances" else Permission.QUERY_OPEN_ORDERS)
        except KrakenError as error:
            self._refuse({"channel": channel, **reply}, error.text, time_in, status="error")
            return
        if reply["method"] == "unsubscribe":
            self._private.pop(channel, None)
            self._send_reply({**reply, "result": {"channel": channel}, "success": True}, time_in)
            return
        if channel in self._private:
            self._refuse(reply, "Already subscribed", time_in)
            return
        self._private[channel] = key
        if self._on_order_event not in key.account.listeners:
            key.account.listeners.append(self._on_order_event)
        result: dict[str, Any] = {"channel": channel}
        if channel == "executions":
            result |= {
                "maxratecount": 180,
                "snap_orders": parameters.get("snap_orders", True),
                "snap_trades": parameters.get("snap_trades", False),
            }
        else:
            result["snapshot"] = parameters.get("snapshot", True)
        self._send_reply({**reply, "result": result, "success": True}, time_in)
        self._send_private_snapshot(channel, key, result)

    def _send_private_snapshot(self, channel: str, key: ApiKey, result: Mapping[str, Any]) -> None:
        account = key.account
        if channel == "balances":
            if result["snapshot"]:
                data = [frames.balance(account, code) for code in account.balances]
                self._send_sequenced(channel, "snapshot", data)
            return
        items = []
        if result["snap_orders"]:
            items = [frames.execution(order, Event.OPENED, None, order.opened_ns) for order in account.open_orders]
        if result["snap_trades"]:
            fills = [(order, fill) for order in account.orders.values() for fill in order.fills]
            items += [
                frames.execution(order, Event.TRADED, fill, fill.time_ns)
                for order, fill in sorted(fills, key=lambda made: made[1].number)[-SNAPSHOT_TRADES:]
            ]
        self._send_sequenced(channel, "snapshot", items)

    def _on_order_event(self, order: AccountOrder, event: Event, fill: Fill | None) -> None:
        now_ns = self._feed.clock.now_ns()
        if "executions" in self._private:
            self._send_sequenced("executions", "update", [frames.execution(order, event, fill, now_ns)])
        if "balances" in self._private and fill is not None:
            account = self._private["balances"].account
            pair = order.market.spec.pair
            data = [frames.balance_change(account, code, order, fill, now_ns) for code in (pair.base, pair.quote)]
            self._send_sequenced("balances", "update", data)

    def _send_sequenced(self, channel: str, kind: str, data: list[dict[str, Any]]) -> None:
        sequence = self._sequences[channel] = self._sequences.get(channel, 0) + 1
        frame = {"channel": channel, "type": kind, "data": data, "sequence": sequence}
        self.connection.send(msgspec.json.encode(frame))

    def _trade(self, reply: dict[str, Any], parameters: Mapping[str, Any], time_in: str) -> None:
        if not self._is_private:
            self._refuse(reply, ONLY_PUBLIC, time_in)
            return
        try:
            key = self._authorise(parameters)
            result = self._trading_result(reply["method"], key, parameters)
        except KrakenError as error:
            self._refuse(reply, error.text, time_in)
        else:
            self._send_reply({**reply, "result": result, "success": True}, time_in)

    def _trading_result(self, method: str, key: ApiKey, parameters: Mapping[str, Any]) -> dict[str, Any]:
        trading = self._feed.trading
        if method == "cancel_all":
            return {"count": trading.cancel_all(key)}
        if method == "cancel_order":
            wanted = [str(one) for name in ("order_id", "cl_ord_id") for one in parameters.get(name) or []]
            trading.cancel(key, wanted)
            return {"order_id": wanted[0]}
        checked, order = trading.add_order(key, rest_parameters(parameters))
        if order is None:
            return {"order_userref": checked.draft.userref or 0}
        result: dict[str, Any] = {"order_id": order.id}
        if checked.draft.client_id is not None:
            result["cl_ord_id"] = checked.draft.client_id
        return {**result, "order_userref": checked.draft.userref or 0}

    # replies

    def _refuse(self, reply: dict[str, Any], error: str, time_in: str, **more: str) -> None:
        self._send_reply({"error": error, **reply, "success": False, **more}, time_in)

    def _send_reply(self, reply: dict[str, Any], time_in: str) -> None:
        self.connection.send(
            msgspec.json.encode({**dict(sorted(reply.items())), "time_in": time_in, "time_out": self._timestamp()})
        )

    def _timestamp(self) -> str:
        return frames.rfc3339(self._feed.clock.now_ns())
