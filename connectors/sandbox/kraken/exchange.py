"""The Kraken sandbox: Kraken's spot REST and WebSocket v2 dialects on one port of this machine."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.sandbox.accounts import Account, OrderDesk
from connectors.sandbox.kraken.feed import PRIVATE_PATH, PUBLIC_PATH, KrakenFeed
from connectors.sandbox.kraken.keys import Keyring, KrakenError, Permission
from connectors.sandbox.kraken.names import PAIRS
from connectors.sandbox.kraken.private import FOR_ANY_KEY, PrivateApi, Trading
from connectors.sandbox.kraken.public import PublicApi
from connectors.sandbox.market import SECOND_NS, Market
from connectors.sandbox.server import HOST, Answer, SandboxServer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connectors.sandbox.connection import Connection
    from connectors.sandbox.server import RestCall, Session
    from connectors.types import Credentials

PUBLIC, PRIVATE = "/0/public/", "/0/private/"
UNCOUNTED = ("AddOrder", "CancelOrder")
ALIVE_IN_MAINTENANCE = ("Time", "SystemStatus")
OPENING_BALANCES: Mapping[str, str] = {
    "USD": "200000", "USDT": "100000", "BTC": "2.5", "ETH": "40", "SOL": "500", "DOGE": "250000",
}  # fmt: skip


class KrakenSandbox(SandboxServer):
    """Kraken on loopback; enter it to start it, then use `urls` and `credentials` as one would the venue's."""

    exchange = "kraken"
    faults_left_out = MappingProxyType(
        {
            "sequence_gap": "it numbers no update",
            "expired_timestamp": "its requests carry a nonce and no timestamp",
            "wrong_passphrase": "its keys have no passphrase",
            "mark_price_off": "it lists no perpetual",
            "funding_off": "it lists no perpetual",
        }
    )
    padded_answer = (b'{"error":[],"result":{"padding":"', b'"}}')
    padded_frame = (b'{"channel":"sandbox","padding":"', b'"}')

    def __init__(
        self,
        *,
        seed: int = 7,
        port: int = 0,
        credentials: Credentials | None = None,
        rate: float = 16.0,
        balances: Mapping[str, str] = OPENING_BALANCES,
        max_calls: float = 1000,
        calls_per_s: float = 100,
    ) -> None:
        """*credentials* are made up where None; *rate* is BTC/USD's book updates a second; port 0 takes a free one.

        *max_calls* and *calls_per_s* are each key's counter of private calls and its decay: more than Kraken gives.
        """
        super().__init__(port=port, rate=rate)
        self.market = Market((entry.spec for entry in PAIRS.values()), seed=seed, now_ns=self.clock.true_ns())
        self.account = Account({code: Decimal(amount) for code, amount in balances.items()})
        self._keyring = Keyring(self.faults, max_calls=max_calls, calls_per_s=calls_per_s)
        self.credentials = self._keyring.add(self.account, credentials)
        self._desk = OrderDesk(self.market, seed=seed, now_ns=self.clock.true_ns)
        self._public = PublicApi(self.market, self.faults, self.clock)
        trading = Trading(self.market, self._desk, self._public, self.faults, self.clock)
        self._private = PrivateApi(trading, self._keyring, self.clock, self.market)
        self._feed = KrakenFeed(self.market, self.faults, self.clock, self._public, self._keyring, trading)

    @property
    def urls(self) -> dict[str, str]:
        at = f"{HOST}:{self.port}"
        return {"rest": f"http://{at}", "ws": f"ws://{at}{PUBLIC_PATH}", "ws_auth": f"ws://{at}{PRIVATE_PATH}"}

    socket_paths = (PUBLIC_PATH, PRIVATE_PATH)

    def add_key(self, permissions: Collection[Permission], credentials: Credentials | None = None) -> Credentials:
        """Another key of the same account that may do only *permissions*."""
        return self._keyring.add(self.account, credentials, permissions)

    def answer(self, call: RestCall) -> Answer:
        try:
            if call.path.startswith(PUBLIC):
                return _success(self._answer_public(call, call.path.removeprefix(PUBLIC)))
            if call.path.startswith(PRIVATE):
                return _success(self._answer_private(call, call.path.removeprefix(PRIVATE)))
        except KrakenError as error:
            return _failure(error.text)
        except _UnknownMethodError:
            pass
        return _failure("EGeneral:Unknown method", status=404)

    def _answer_public(self, call: RestCall, name: str) -> Any:
        endpoint = self._public.endpoints.get(name)
        if endpoint is None:
            raise _UnknownMethodError
        if self.faults.is_on("rate_limit"):
            raise KrakenError("EGeneral:Too many requests")
        self._refuse_in_maintenance(name)
        return endpoint(call.query)

    def _answer_private(self, call: RestCall, name: str) -> Any:
        endpoint = self._private.endpoints.get(name)
        if endpoint is None:
            raise _UnknownMethodError
        if self.faults.is_on("rate_limit"):
            raise KrakenError("EAPI:Rate limit exceeded")
        self._refuse_in_maintenance(name)
        key, parameters = self._keyring.authenticate(call)
        if name not in FOR_ANY_KEY:
            self._keyring.require_any_permission()
        if name not in UNCOUNTED:
            key.calls.count(self.clock.true_ns() / SECOND_NS)
        return endpoint(key, parameters)

    def _refuse_in_maintenance(self, name: str) -> None:
        maintenance = self.faults.get("maintenance")
        if maintenance and maintenance["mode"] == "maintenance" and name not in ALIVE_IN_MAINTENANCE:
            raise KrakenError("EService:Unavailable")

    def open_session(self, path: str, connection: Connection) -> Session:
        return self._feed.open_session(connection, is_private=path == PRIVATE_PATH)

    def beat(self) -> None:
        self._desk.expire_due()
        self._feed.beat()

    def on_faults_changed(self) -> None:
        self._feed.announce_mode()


class _UnknownMethodError(Exception):
    """No endpoint has this name."""


def _success(result: object) -> Answer:
    return Answer(msgspec.json.encode({"error": [], "result": result}))


def _failure(text: str, *, status: int = 200) -> Answer:
    return Answer(msgspec.json.encode({"error": [text]}), status)
