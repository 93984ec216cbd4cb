"""The file that a capture becomes: gzip'd JSON Lines that a person reads with `zcat FILE | less`, free of secrets.

The first line says what was run and what came of it. Each further line is one thing that happened, at `t` seconds from
the start: a request with its answer, one step of a WebSocket, which carries its number, or a time in which our own
process stood still.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.capture import Closed, Exchange, Failed, Link, Request
from connectors.errors import UsageError
from connectors.http import HttpAnswer
from connectors.scrub import HIDDEN, Blotter, Redactor, address_of, hidden_parameters, spellings_of, tokens_in
from connectors.types import Phases

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from connectors.capture import Capture, Octets

VERSION = 1
MAX_TEXT_BYTES = 128 * 1024 * 1024
"""Of a file once unpacked: several times what a capture may hold."""

LONGEST_S = 1e6
"""From the start to anything in a file; of later times, a virtual clock could not tell one from the next."""

SIGNED_FOR_SURE = 20
"""Characters: a header's value of this length is a key or a signature, and not a version or a name."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A capture as it was read back: times are seconds from `started_at`, secrets are gone.

    In each of the `stalls`, from when to when, our own process did nothing at all.
    """

    about: Mapping[str, Any]
    started_at: datetime
    left_out: int
    exchanges: tuple[Exchange, ...]
    links: tuple[Link, ...]
    stalls: tuple[tuple[float, float], ...] = ()


def write_capture(
    capture: Capture,
    about: Mapping[str, Any],
    *,
    secrets: Iterable[str],
    remembers: Iterable[str] = (),
    around: Capture | None = None,
) -> bytes:
    """The whole file; *about* is what its first line says beside the version.

    *secrets* are the credentials, wherever they may stand; *remembers* the paths whose answers the connector keeps;
    *around* is the capture of what was asked for no single check.
    """
    exchanges = [*capture.elsewhere(remembers, around), *capture.exchanges]
    cleaner = _Cleaner(exchanges, capture.links, secrets)
    lines = [cleaner.exchange(exchange, capture) for exchange in exchanges]
    for number, link in enumerate(capture.links, start=1):
        lines += cleaner.link(number, link, capture)
    lines += [
        {"t": _seconds(begin, capture), "stalled_until": _seconds(end, capture)}
        for begin, end in capture.stalls
        if end > capture.started
    ]
    lines.sort(key=lambda line: float(line["t"]))
    started_at = capture.started_at.isoformat(timespec="microseconds").replace("+00:00", "Z")
    head = {
        "bellwether_capture": VERSION,
        **{name: cleaner.blotter.clean(value) for name, value in about.items()},
        "started_at": started_at,
        "left_out": capture.left_out,
        "lines": len(lines),
    }
    return gzip.compress("".join(_text(line) for line in [head, *lines]).encode(), mtime=0)


def _text(line: Mapping[str, Any]) -> str:
    text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
    # Bytes that are no UTF-8 stand in it as half surrogate pairs, which only an escape can carry.
    return (text if text.isascii() or _is_utf8(text) else json.dumps(line, separators=(",", ":"))) + "\n"


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decoded(data: Octets) -> str:
    return str(data, "utf-8", "surrogateescape")


class _Cleaner:
    """Writes each thing down as it may be shown."""

    def __init__(self, exchanges: Iterable[Exchange], links: Iterable[Link], secrets: Iterable[str]) -> None:
        secrets = set(secrets)
        tokens: set[str] = set()
        for exchange in exchanges:
            found = tokens_in(_decoded(exchange.answer.body)) if exchange.answer else set()
            tokens |= found
            if exchange.request.is_private:
                secrets |= found
            secrets |= {value for value in exchange.request.hidden if len(value) >= SIGNED_FOR_SURE}
        private = {spelling for secret in secrets for spelling in spellings_of(secret)}
        self._private_links = set()
        texts = []
        for link in links:
            sent = [message for _, message in link.frames if isinstance(message, str)]
            texts += sent
            tokens |= {token for message in sent for token in tokens_in(message)}
            if any(spelling in text for text in (link.url, *sent) for spelling in private):
                self._private_links.add(id(link))
        self.blotter = Blotter(secrets | tokens)
        self._redactor = Redactor()

    def exchange(self, exchange: Exchange, capture: Capture) -> dict[str, Any]:
        request, answer = exchange.request, exchange.answer
        params = hidden_parameters(request.params) if request.is_private else request.params
        line: dict[str, Any] = {
            "t": _seconds(exchange.asked, capture),
            "http": request.method,
            "url": address_of(request.base_url),
            "path": request.path,
        }
        if params:
            line["params"] = dict(params)
        if request.is_private:
            line["private"] = True
        if exchange.is_elsewhere:
            line["elsewhere"] = True
        if exchange.failure is not None:
            line["error"] = _failure(exchange.failure)
        if answer is not None:
            body = _decoded(answer.body)
            line |= {
                "sent": round((answer.sent_at - capture.started_at).total_seconds(), 6),
                "received": round((answer.received_at - capture.started_at).total_seconds(), 6),
                "status": answer.status,
                "type": answer.content_type,
                "body": self._redactor.answer(body) if request.is_private else body,
            }
            if answer.phases is not None:
                line["phases"] = msgspec.to_builtins(answer.phases)
        if exchange.done is not None:
            line["done"] = _seconds(exchange.done, capture)
        return {name: self.blotter.clean(value) for name, value in line.items()}

    def link(self, number: int, link: Link, capture: Capture) -> Iterator[dict[str, Any]]:
        is_private = id(link) in self._private_links
        url = self.blotter.clean(address_of(link.url))
        yield {"t": _seconds(link.asked, capture), "ws": number, "url": url} | ({"private": True} if is_private else {})
        if link.opened is not None:
            yield {"t": _seconds(link.opened, capture), "ws": number, "opened": True}
        for at, message in link.frames:
            way, text = ("out", message) if isinstance(message, str) else ("in", _decoded(message))
            text = self.blotter.clean(self._redactor.frame(text) if is_private else text)
            yield {"t": _seconds(at, capture), "ws": number, way: text}
        if link.left is not None:
            yield {"t": _seconds(link.left, capture), "ws": number, "leaving": True}
        if link.done is None:
            return
        end: dict[str, Any] = {"t": _seconds(link.done, capture), "ws": number}
        if link.failure is not None:
            end["error"] = self.blotter.clean(_failure(link.failure))
        elif link.closed is not None and link.opened is not None:
            end["closed"] = {**link.closed._asdict(), "reason": self.blotter.clean(link.closed.reason)}
        else:
            end["given_up"] = True
        yield end


def _seconds(at: float, capture: Capture) -> float:
    return round(at - capture.started, 6)


def _failure(failure: Failed) -> dict[str, Any]:
    return {name: value for name, value in failure._asdict().items() if value is not None}


class _Line(msgspec.Struct, kw_only=True):
    t: float
    http: str = ""
    ws: int = 0
    url: str = ""
    path: str = ""
    params: dict[str, str] = {}
    private: bool = False
    elsewhere: bool = False
    sent: float = 0.0
    received: float = 0.0
    done: float | None = None
    status: int = 0
    type: str = ""
    body: str | None = None
    phases: Phases | None = None
    error: Failed | None = None
    opened: bool = False
    into: str | None = msgspec.field(default=None, name="in")
    out: str | None = None
    leaving: bool = False
    stalled_until: float | None = None
    closed: Closed | None = None


def read_capture(data: bytes) -> Recording:
    """What `write_capture` wrote. Raises UsageError, which says what is wrong with the file."""
    lines = _unpacked(data).split("\n")
    try:
        head = json.loads(lines[0])
        version = head["bellwether_capture"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise UsageError("not a capture: its first line has no `bellwether_capture`") from None
    if version != VERSION:
        raise UsageError(f"a capture of version {version!r}; this build reads version {VERSION}")
    try:
        started_at = datetime.fromisoformat(head["started_at"]).astimezone(UTC)
        left_out, expected = int(head["left_out"]), int(head["lines"])
    except (KeyError, TypeError, ValueError):
        raise UsageError("damaged: its first line lacks a readable `started_at`, `left_out` or `lines`") from None
    if len(lines) != expected + 2:  # the head, and what is after the last line's end
        raise UsageError(f"damaged: {expected} lines were written, {max(0, len(lines) - 2)} are there")
    exchanges: list[Exchange] = []
    links: dict[int, Link] = {}
    stalls: list[tuple[float, float]] = []
    for number, text in enumerate(lines[1:-1], start=2):
        try:
            # Not msgspec's own reader: it takes no half surrogate pair.
            line = msgspec.convert(_named(json.loads(text)), _Line)
            _check_times(line)
            if line.stalled_until is not None:
                stalls.append((line.t, line.stalled_until))
            elif line.http:
                exchanges.append(_exchange(line, started_at))
            else:
                _step(line, links)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise UsageError(f"damaged: line {number}: {error}") from error
    return Recording(head, started_at, left_out, tuple(exchanges), tuple(links.values()), tuple(stalls))


def _check_times(line: _Line) -> None:
    """Raises ValueError for a time that no run has."""
    for seconds in (line.t, line.sent, line.received, line.done, line.stalled_until):
        if seconds is not None and not abs(seconds) <= LONGEST_S:
            raise ValueError(f"a time of {seconds} s")


def _named(line: Any) -> Any:
    """NamedTuples are written by name, for a reader's sake."""
    for name, fields in (("error", Failed._fields), ("closed", Closed._fields)):
        if name in line:
            line[name] = [line[name].get(field, "" if field == "endpoint" else None) for field in fields]
    return line


def _unpacked(data: bytes) -> str:
    unpack = zlib.decompressobj(wbits=31)
    try:
        text = unpack.decompress(data, MAX_TEXT_BYTES + 1)
    except zlib.error:
        raise UsageError("not a capture: not gzip, or damaged") from None
    if len(text) > MAX_TEXT_BYTES:
        raise UsageError(f"not a capture: more than {MAX_TEXT_BYTES // 1024**2} MB once unpacked")
    if not unpack.eof:
        raise UsageError("damaged: the file ends too soon")
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise UsageError("not a capture: not text") from None


def _exchange(line: _Line, started_at: datetime) -> Exchange:
    request = Request("", line.http, line.url, line.path, line.params, (HIDDEN,) if line.private else ())
    answer = None
    if line.body is not None:
        answer = HttpAnswer(
            line.status,
            line.type,
            line.body.encode(errors="surrogateescape"),
            started_at + timedelta(seconds=line.sent),
            started_at + timedelta(seconds=line.received),
            line.phases,
        )
    return Exchange(request, line.t, line.done, answer, _known(line.error), line.elsewhere)


def _known(failure: Failed | None) -> Failed | None:
    if failure is not None:
        failure.error(venue="")
    return failure


def _step(line: _Line, links: dict[int, Link]) -> None:
    if line.url:
        links[line.ws] = Link(line.url, line.t)
        return
    link = links[line.ws]
    if line.opened:
        link.opened = line.t
    elif line.into is not None:
        link.frames.append((line.t, line.into.encode(errors="surrogateescape")))
    elif line.out is not None:
        link.frames.append((line.t, line.out))
    elif line.leaving:
        link.left = line.t
    else:
        link.done, link.closed, link.failure = line.t, line.closed, _known(line.error)
