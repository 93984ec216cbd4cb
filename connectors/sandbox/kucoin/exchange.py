"""The KuCoin sandboxes: KuCoin's spot and futures dialects, each on one port of this machine."""

from __future__ import annotations

from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from connectors.sandbox.kucoin.book import NumberedBook
from connectors.sandbox.kucoin.contracts import CONTRACTS
from connectors.sandbox.kucoin.desk import KucoinDesk, SpotAccount
from connectors.sandbox.kucoin.futures_feed import FuturesFeed
from connectors.sandbox.kucoin.futures_private import FuturesPrivateApi
from connectors.sandbox.kucoin.futures_public import FuturesPublicApi
from connectors.sandbox.kucoin.keys import TRADING, Keyring, Permission
from connectors.sandbox.kucoin.positions import FuturesAccount, FuturesDesk
from connectors.sandbox.kucoin.routes import FUTURES, SPOT, Gateway
from connectors.sandbox.kucoin.spot_feed import SpotFeed
from connectors.sandbox.kucoin.spot_private import SpotPrivateApi
from connectors.sandbox.kucoin.spot_public import SpotPublicApi
from connectors.sandbox.kucoin.symbols import SYMBOLS
from connectors.sandbox.kucoin.tokens import Tokens
from connectors.sandbox.kucoin.words import STATES
from connectors.sandbox.market import Market
from connectors.sandbox.server import HOST, Answer, SandboxServer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from connectors.sandbox.accounts import Account, OrderDesk
    from connectors.sandbox.connection import Connection
    from connectors.sandbox.kucoin.feed import KucoinFeed
    from connectors.sandbox.server import RestCall, Session
    from connectors.types import Credentials, Partner

QUOTA = 40_000
CLIENT_SILENCE_S = 60.0
FIRST_SPOT_NUMBER, FIRST_FUTURES_NUMBER = 14_610_502_970, 1_697_895_963_339
SPOT_BALANCES: Mapping[str, str] = MappingProxyType(
    {"USDT": "200000", "BTC": "2.5", "ETH": "40", "SOL": "500", "DOGE": "250000"}
)
FUNDING_BALANCES: Mapping[str, str] = MappingProxyType({"USDT": "0.01"})
FUTURES_BALANCES: Mapping[str, str] = MappingProxyType({"USDT": "50000", "XBT": "1"})


class _KucoinServer(SandboxServer):
    """What both of KuCoin's markets share."""

    socket_paths = ("/",)
    padded_answer = (b'{"code":"200000","data":{"padding":"', b'"}}')
    padded_frame = (b'{"topic":"/sandbox","type":"message","data":{"padding":"', b'"}}')
    cdn_blocks_with_a_page = True
    fault_choices = MappingProxyType({"maintenance": {"mode": tuple(STATES)}})
    faults_left_out: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "bad_checksum": "KuCoin sends no checksum",
            "bad_nonce": "KuCoin signs with a timestamp and has no nonce: try expired_timestamp",
            "lockout": "KuCoin locks nobody out for bad keys",
        }
    )

    account: Account
    _keyring: Keyring
    _gateway: Gateway
    _feed: KucoinFeed
    _desk: OrderDesk

    @property
    def partner(self) -> Partner:
        """The one partner whose signature the sandbox knows."""
        return self._keyring.partner

    def add_key(self, permissions: Collection[Permission], credentials: Credentials | None = None) -> Credentials:
        """Another key of the same account that may do only *permissions*."""
        return self._keyring.add(self.account, credentials, permissions)

    def answer(self, call: RestCall) -> Answer:
        return self._gateway.answer(call)

    def open_session(self, path: str, connection: Connection) -> Session:
        return self._feed.open_session(connection)

    def beat(self) -> None:
        self._desk.expire_due()
        self._feed.beat()

    def on_faults_changed(self) -> None:
        """Everything asks for the faults when it needs them."""

    def _socket_endpoint(self) -> str:
        return f"ws://{HOST}:{self.port}/"


class KucoinSandbox(_KucoinServer):
    """KuCoin's spot market on loopback; enter it to start it, then use `urls` and `credentials` as the venue's."""

    exchange = "kucoin"
    faults_left_out = MappingProxyType(
        {
            **_KucoinServer.faults_left_out,
            "mark_price_off": "only a perpetual has a mark price",
            "funding_off": "only a perpetual has funding",
        }
    )

    def __init__(
        self,
        *,
        seed: int = 7,
        port: int = 0,
        credentials: Credentials | None = None,
        rate: float = 16.0,
        balances: Mapping[str, str] = SPOT_BALANCES,
        quota: int = QUOTA,
        client_silence_s: float = CLIENT_SILENCE_S,
    ) -> None:
        """*credentials* are made up where None; *rate* is BTC-USDT's book updates a second; port 0 takes a free one.

        *quota* is what each pool of calls holds for 30 s: ten times what KuCoin gives. *client_silence_s* is how long
        a WebSocket may go without a frame from the client.
        """
        super().__init__(port=port, rate=rate)
        self.market = Market((entry.spec for entry in SYMBOLS.values()), seed=seed, now_ns=self.clock.true_ns())
        books = {
            symbol: NumberedBook(self.market.pairs[entry.pair], self.faults, first=FIRST_SPOT_NUMBER, one_by_one=False)
            for symbol, entry in SYMBOLS.items()
        }
        self.account = SpotAccount(_amounts(balances), funding=_amounts(FUNDING_BALANCES))
        self._keyring = Keyring(self.faults, self.clock)
        self.credentials = self._keyring.add(self.account, credentials, TRADING)
        self._desk = desk = KucoinDesk(self.market, seed=seed, now_ns=self.clock.true_ns)
        public = SpotPublicApi(books, self.faults, self.clock)
        private = SpotPrivateApi(books, desk, public, self.faults, self.clock)
        tokens = Tokens(self.faults, self.clock, self._socket_endpoint)
        routes = [*public.routes(), *private.routes(), *tokens.routes(SPOT)]
        self._gateway = Gateway(routes, self._keyring, self.faults, self.clock, quota=quota)
        self._feed = SpotFeed(
            public, self.market, books, tokens, self.faults, self.clock, client_silence_s=client_silence_s
        )
        self._feed.watch(self.account)

    @property
    def urls(self) -> dict[str, str]:
        return {"rest": f"http://{HOST}:{self.port}"}


class KucoinPerpetualSandbox(_KucoinServer):
    """KuCoin's futures market on loopback; it answers for the spot host's `user/api-key` as well."""

    exchange = "kucoin_perpetual"

    def __init__(
        self,
        *,
        seed: int = 7,
        port: int = 0,
        credentials: Credentials | None = None,
        rate: float = 16.0,
        balances: Mapping[str, str] = FUTURES_BALANCES,
        quota: int = QUOTA,
        client_silence_s: float = CLIENT_SILENCE_S,
    ) -> None:
        """As KucoinSandbox; *rate* is XBTUSDTM's moves a second, each of which makes one or more frames."""
        super().__init__(port=port, rate=rate)
        self.market = Market((contract.spec for contract in CONTRACTS.values()), seed=seed, now_ns=self.clock.true_ns())
        books = {
            symbol: NumberedBook(
                self.market.pairs[contract.pair], self.faults, first=FIRST_FUTURES_NUMBER, one_by_one=True
            )
            for symbol, contract in CONTRACTS.items()
        }
        self.account = FuturesAccount(_amounts(balances))
        self._keyring = Keyring(self.faults, self.clock)
        self.credentials = self._keyring.add(self.account, credentials, TRADING)
        self._desk = desk = FuturesDesk(self.market, seed=seed, now_ns=self.clock.true_ns)
        public = FuturesPublicApi(books, self.faults, self.clock)
        private = FuturesPrivateApi(books, desk, public, self.faults, self.clock)
        tokens = Tokens(self.faults, self.clock, self._socket_endpoint)
        routes = [*public.routes(), *private.routes(), *tokens.routes(FUTURES)]
        self._gateway = Gateway(routes, self._keyring, self.faults, self.clock, quota=quota)
        self._feed = FuturesFeed(
            public, self.market, books, tokens, self.faults, self.clock, client_silence_s=client_silence_s
        )
        self._feed.watch(self.account)

    @property
    def urls(self) -> dict[str, str]:
        at = f"http://{HOST}:{self.port}"
        return {"rest": at, "rest_keys": at}


def _amounts(balances: Mapping[str, str]) -> dict[str, Decimal]:
    return {code: Decimal(text) for code, text in balances.items()}
