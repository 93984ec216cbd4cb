"""The switchboard: every way in which a sandbox exchange can misbehave, switched on and off while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from connectors.errors import UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Parameter = str | int | float | bool

EVERYWHERE = "all"  # values of a `where` parameter
REST = "rest"
WEBSOCKET = "ws"


@dataclass(frozen=True, slots=True)
class Fault:
    """One misbehaviour; *defaults* name its parameters and give their types, *choices* close a parameter's values."""

    name: str
    description: str
    defaults: Mapping[str, Parameter] = field(default_factory=dict)
    choices: Mapping[str, tuple[Parameter, ...]] = field(default_factory=dict)


_WHERE: dict[str, tuple[Parameter, ...]] = {"where": (EVERYWHERE, REST, WEBSOCKET)}

CATALOGUE: Mapping[str, Fault] = MappingProxyType(
    {
        fault.name: fault
        for fault in (
            # the order book stream
            Fault("bad_checksum", "every Nth book update carries a wrong checksum", {"every": 1}),
            Fault("missing_update", "every Nth book update is swallowed, so the next checksum disagrees", {"every": 5}),
            Fault("stall", "subscribed books go silent while heartbeats continue"),
            Fault("crossed_book", "a bid above the best ask appears, with a checksum that agrees"),
            Fault("silence", "open WebSockets send no frame at all, not even a heartbeat or a pong"),
            # the wire
            Fault(
                "drop",
                "connections are cut `after_s` after they opened, for as long as this is on and `again` is true; for "
                "`refuse_s` after a cut new ones are refused",
                {"after_s": 0.0, "refuse_s": 0.0, "again": True, "where": EVERYWHERE},
                _WHERE,
            ),
            Fault(
                "half_frame",
                "the next answer or frame is sent by half, then the connection is cut",
                {"where": EVERYWHERE},
                _WHERE,
            ),
            Fault("slow", "every answer and frame is late", {"delay_s": 3.0, "where": EVERYWHERE}, _WHERE),
            Fault("hang", "requests are accepted and never answered", {"where": EVERYWHERE}, _WHERE),
            Fault("malformed", "answers and frames are broken JSON", {"where": EVERYWHERE}, _WHERE),
            Fault(
                "huge_message",
                "each answer, and one frame on each connection, is this large",
                {"megabytes": 100, "where": EVERYWHERE},
                _WHERE,
            ),
            Fault("http_5xx", "REST and WebSocket handshakes answer with a server error page", {"status": 520}),
            Fault("html", "REST and WebSocket handshakes answer with a web page, as a CDN does", {"status": 200}),
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
            Fault("candle_gap", "candles are missing, `back` rows before the newest", {"rows": 1, "back": 3}),
            Fault("pair_delisted", "the venue no longer knows this pair", {"pair": "BTC-USD"}),
            # credentials
            Fault("bad_nonce", "every nonce is refused"),
            Fault("invalid_key", "every key is refused"),
            Fault("invalid_signature", "every signature is refused"),
            Fault("permission_denied", "every key lacks every permission"),
            Fault("lockout", "too many bad keys came from here; wait"),
        )
    }
)


class Faults:
    """Which faults are on. Safe to switch from any thread; `subscribe` hears of each change in the switching thread."""

    def __init__(self) -> None:
        self._active: dict[str, Mapping[str, Any]] = {}
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call *listener* after each change, until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def switch_on(self, name: str, **parameters: Parameter) -> None:
        """Start a fault; again with other parameters starts it anew. Raises UsageError on an unknown name or value."""
        fault = known_fault(name)
        given = {key: _checked(fault, key, value) for key, value in parameters.items()}
        self._active = {**self._active, name: MappingProxyType({**fault.defaults, **given})}
        self._announce()

    def switch_off(self, name: str) -> None:
        """Heal a fault; nothing happens where it is not on. Raises UsageError on an unknown name."""
        known_fault(name)
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
        """Every fault there is, as plain data: name, description, parameters with defaults, on, active parameters."""
        active = self._active
        return [
            {
                "name": fault.name,
                "description": fault.description,
                "parameters": dict(fault.defaults),
                "on": fault.name in active,
                "active": dict(active[fault.name]) if fault.name in active else None,
            }
            for fault in CATALOGUE.values()
        ]

    def _announce(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def known_fault(name: str) -> Fault:
    if name not in CATALOGUE:
        raise UsageError(f"no fault {name!r}: {nearest(name, CATALOGUE)}")
    return CATALOGUE[name]


def _checked(fault: Fault, key: str, value: Parameter) -> Parameter:
    if key not in fault.defaults:
        raise UsageError(f"fault {fault.name!r} has no parameter {key!r}: {nearest(key, fault.defaults)}")
    wanted = type(fault.defaults[key])
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise UsageError(f"fault {fault.name!r}: {key} takes a {wanted.__name__}, not {value!r}")
    if key in fault.choices and value not in fault.choices[key]:
        valid = nearest(str(value), map(str, fault.choices[key]))
        raise UsageError(f"fault {fault.name!r}: {key} cannot be {value!r}: {valid}")
    if wanted is int and key != "status" and int(value) < 1:
        raise UsageError(f"fault {fault.name!r}: {key} starts at 1, not {value!r}")
    return value
