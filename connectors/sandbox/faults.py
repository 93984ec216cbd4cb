"""The switchboard: every way in which a sandbox exchange can misbehave, switched on and off while it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connectors.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Parameter = str | int | float | bool

EVERYWHERE = "all"  # values of a `where` parameter
REST = "rest"
WEBSOCKET = "ws"
LARGEST = 1e9  # of any number: a clock this many seconds off is still in a year that can be printed


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour; *defaults* name its parameters and give their types.

    *choices* close a parameter's values, *least* is the lowest that a number may have: 1 where it is an int.
    """

    name: str
    description: str
    defaults: Mapping[str, Parameter] = field(default_factory=dict)
    choices: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)


_WHERE: dict[str, tuple[Parameter, ...]] = {"where": (EVERYWHERE, REST, WEBSOCKET)}

CATALOGUE: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for fault in (
            # the order book
            Fault("bad_checksum", "every Nth book update carries a wrong checksum", {"every": 1}),
            Fault(
                "missing_update",
                "every Nth book update is swallowed with no hole in any numbering: only a checksum or a snapshot tells",
                {"every": 5},
            ),
            Fault("sequence_gap", "every Nth book update is swallowed with its number", {"every": 5}),
            Fault("stall", "subscribed books go silent while heartbeats continue"),
            Fault("late_frames", "book frames carry a venue time this far in the past", {"seconds": 30.0}),
            Fault("crossed_book", "a bid above the best ask appears, in the stream and over REST alike"),
            Fault("locked_book", "a bid at the best ask appears, in the stream and over REST alike"),
            Fault(
                "empty_side",
                "one side of every book is empty, in the stream and over REST alike",
                {"side": "asks"},
                {"side": ("asks", "bids")},
            ),
            Fault(
                "wide_spread",
                "the sides of every book stand this much of the price further apart, in the stream and over REST alike",
                {"percent": 5.0},
                least={"percent": 0},
            ),
            # the wire
            Fault("silence", "open WebSockets send no frame at all, not even a heartbeat or a pong"),
            Fault(
                "drop",
                "connections are cut `after_s` after they opened, for as long as this is on and `again` is true; for "
                "`refuse_s` after a cut new ones are refused",
                {"after_s": 0.0, "refuse_s": 0.0, "again": True, "where": EVERYWHERE},
                _WHERE,
                {"after_s": 0, "refuse_s": 0},
            ),
            Fault(
                "half_frame",
                "the next answer or frame is sent by half, then the connection is cut",
                {"where": EVERYWHERE},
                _WHERE,
            ),
            Fault(
                "slow", "every answer and frame is late", {"delay_s": 3.0, "where": EVERYWHERE}, _WHERE, {"delay_s": 0}
            ),
            Fault("hang", "requests are accepted and never answered", {"where": EVERYWHERE}, _WHERE),
            Fault("malformed", "answers and frames are broken JSON", {"where": EVERYWHERE}, _WHERE),
            Fault(
                "huge_message",
                "each answer, and one frame on each connection, is this large",
                {"megabytes": 100, "where": EVERYWHERE},
                _WHERE,
            ),
            Fault(
                "http_5xx",
                "REST and WebSocket handshakes answer with a server error page",
                {"status": 520},
                least={"status": 500},
            ),
            Fault(
                "html",
                "REST and WebSocket handshakes answer with a web page, as a CDN does",
                {"status": 200},
                least={"status": 200},
            ),
            # the venue's own word
            Fault(
                "rate_limit",
                "requests are refused as too many: in the venue's words, or by its CDN with status 429",
                {"by": "venue"},
                {"by": ("venue", "cdn")},
            ),
            Fault(
                "maintenance",
                "the venue says that it is under maintenance or in a restricted mode, and acts so",
                {"mode": "maintenance"},
                {"mode": ("maintenance", "cancel_only", "post_only", "limit_only")},
            ),
            Fault("clock_skew", "the venue's clock is this far ahead", {"seconds": 3600.0}),
            Fault("pair_delisted", "the venue no longer knows this pair", {"pair": "BTC-USD"}),
            Fault("rules_change", "tick, lot and minimum are published multiplied by this", {"factor": 10}),
            Fault("mark_price_off", "the mark price is this far above the book", {"percent": 5.0}),
            Fault("funding_off", "the funding rate is this", {"rate": 0.05}),
            # candles; `back` counts rows before the newest
            Fault("candle_gap", "`rows` candles are missing, `back` rows before the newest", {"rows": 1, "back": 3}),
            Fault("candle_duplicate", "a candle is there twice, `back` rows before the newest", {"back": 3}),
            Fault("candle_disorder", "a candle has changed places with the one before it", {"back": 3}),
            Fault("candle_prices", "a candle's high is below its low", {"back": 3}),
            Fault("candle_stale", "the newest candles, the forming one among them, are missing", {"intervals": 5}),
            Fault("candle_rewrite", "closed candles differ from those of the read before"),
            # credentials
            Fault("bad_nonce", "every nonce is refused"),
            Fault("invalid_key", "every key is refused"),
            Fault("invalid_signature", "every signature is refused"),
            Fault("any_signature", "signatures are not checked: a tampered one is accepted"),
            Fault("wrong_passphrase", "every passphrase is refused"),
            Fault("expired_timestamp", "every signed request's timestamp is refused as too old"),
            Fault("expired_token", "every WebSocket token is refused as expired"),
            Fault("permission_denied", "every key lacks every permission"),
            Fault("withdraw_permission", "every key is reported as one that may withdraw"),
            Fault("lockout", "too many bad keys came from here; wait"),
            Fault("order_refused", "every new order, a mere test as well, is refused"),
        )
    }
)


class UnknownFault(UsageError):
    """No fault has this name, or not this exchange; the message says which, and names the nearest that there are."""


class Faults:
    """Which faults are on. Safe to switch from any thread; `subscribe` hears of each change in the switching thread."""

    def __init__(
        self,
        *,
        exchange: str = "",
        left_out: Mapping[str, str] = MappingProxyType({}),
        choices: Mapping[str, Mapping[str, tuple[Parameter, ...]]] = MappingProxyType({}),
    ) -> None:
        """All of the catalogue but *left_out*, which says of each name why *exchange* cannot have that fault.

        *choices* narrow, by fault and parameter, the values that it can have.
        """
        self.known: Mapping[str, Fault] = MappingProxyType(
            {
                name: replace(fault, choices={**fault.choices, **choices.get(name, {})})
                for name, fault in CATALOGUE.items()
                if name not in left_out
            }
        )
        self._exchange = exchange
        self._left_out = left_out
        self._active: dict[str, Mapping[str, Any]] = {}
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call *listener* after each change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def switch_on(self, name: str, **parameters: Parameter) -> None:
        """Start a fault; again with other parameters starts it anew. Raises UnknownFault, or UsageError on a value."""
        fault = self._find(name)
        given = {key: _checked(fault, key, value) for key, value in parameters.items()}
        self._active = {**self._active, name: MappingProxyType({**fault.defaults, **given})}
        self._announce()

    def switch_off(self, name: str) -> None:
        """Heal a fault; nothing happens where it is not on. Raises UnknownFault."""
        self._find(name)
        self._active = {key: value for key, value in self._active.items() if key != name}
        self._announce()

    def clear(self) -> None:
        self._active = {}
        self._announce()

    def get(self, name: str, *, where: str | None = None) -> Mapping[str, Any] | None:
        """The parameters of a fault that is on (the same object while it stays on), else None.

        With *where*, None as well if the fault is limited to the other kind of connection.
        """
        active = self._active.get(name)
        if active is not None and where is not None and active["where"] not in (EVERYWHERE, where):
            return None
        return active

    def is_on(self, name: str) -> bool:
        return name in self._active

    def describe(self) -> list[dict[str, Any]]:
        """Every fault that this exchange can have, as plain data.

        Name, description, parameters with defaults, on, active parameters.
        """
        active = self._active
        return [
            {
                "name": fault.name,
                "description": fault.description,
                "parameters": dict(fault.defaults),
                "on": fault.name in active,
                "active": dict(active[fault.name]) if fault.name in active else None,
            }
            for fault in self.known.values()
        ]

    def _find(self, name: str) -> Fault:
        if name in self.known:
            return self.known[name]
        if name in CATALOGUE:
            raise UnknownFault(
                f"{self._exchange} has no fault {name!r}: {self._left_out[name]}; {nearest(name, self.known)}"
            )
        raise UnknownFault(f"no fault {name!r}: {nearest(name, self.known)}")

    def _announce(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _checked(fault: Fault, key: str, value: Parameter) -> Parameter:
    if key not in fault.defaults:
        raise UsageError(f"fault {fault.name!r} has no parameter {key!r}: {nearest(key, fault.defaults)}")
    wanted = type(fault.defaults[key])
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise UsageError(f"fault {fault.name!r}: {key} takes a {wanted.__name__}, not {value!r}")
    if wanted is float and not abs(float(value)) <= LARGEST:
        raise UsageError(f"fault {fault.name!r}: {key} is a number between ±{LARGEST:g}, not {value!r}")
    if key in fault.choices and value not in fault.choices[key]:
        valid = nearest(str(value), map(str, fault.choices[key]))
        raise UsageError(f"fault {fault.name!r}: {key} cannot be {value!r}: {valid}")
    least = fault.least.get(key, 1 if wanted is int else -math.inf)
    if wanted in (int, float) and float(value) < least:
        raise UsageError(f"fault {fault.name!r}: {key} starts at {least:g}, not {value!r}")
    return value
