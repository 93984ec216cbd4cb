"""KuCoin's REST: the envelope, signed calls and what both markets share. Spot and futures are two hosts of one dialect.

Facts from KuCoin's manual and its own specification (Kucoin/kucoin-universal-sdk), read 2026-11.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from connectors.clock import utc_now
from connectors.errors import MalformedPayload, RateLimited, UsageError
from connectors.kucoin.errors import error_of, error_of_answer
from connectors.kucoin.signing import signed_headers, target_of
from connectors.payloads import UNREADABLE, convert, unreadable
from connectors.types import KeyPermissions, ServerTime, VenueMode, VenueStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.http import HttpAnswer, HttpTransport
    from connectors.kucoin.errors import Market
    from connectors.types import Credentials, Partner, TradingPair

SUCCESS = "200000"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MODES = {"open": VenueMode.ONLINE, "close": VenueMode.MAINTENANCE, "cancelonly": VenueMode.CANCEL_ONLY}

WITHDRAWING = {"Withdrawal", "Transfer"}
"""Permissions by which funds can leave: KuCoin's API key guide of 2021 counts withdrawals under Transfer."""


class _Envelope(msgspec.Struct):
    code: str
    msg: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Status(msgspec.Struct):
    status: str


class _ApiKey(msgspec.Struct):
    permission: str


_envelope = msgspec.json.Decoder(_Envelope, strict=False)


def moment(milliseconds: float) -> datetime:
    """Unix time as an aware datetime. Raises MalformedPayload for what no clock says."""
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except (OverflowError, ValueError) as error:
        raise MalformedPayload(f"{milliseconds} is not a time", venue="kucoin") from error


def duration(milliseconds: int) -> timedelta:
    """Raises MalformedPayload for one that is beyond reason."""
    try:
        return timedelta(milliseconds=milliseconds)
    except OverflowError as error:
        raise MalformedPayload(f"{milliseconds} ms is not a time", venue="kucoin") from error


def decimals_of(step: Decimal) -> int:
    """Decimals that a multiple of *step* may have."""
    exponent = step.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


class Rest:
    """One host's REST."""

    def __init__(
        self, http: HttpTransport, market: Market, *, credentials: Credentials | None, partner: Partner | None
    ) -> None:
        self.http = http
        self._market: Market = market
        self._credentials = credentials
        self._partner = partner
        http.error_of_status = error_of_answer

    async def get(
        self,
        path: str,
        kind: Any,
        query: Mapping[str, str] | None = None,
        *,
        weight: float,
        pair: TradingPair | None = None,
    ) -> Any:
        """A public read, as *kind*; tried again as often as the transport may."""

        async def read() -> Any:
            return self.read(await self.http.get(path, query, weight=weight), kind, path, pair)

        return await self.http.retrying(read)

    async def get_signed(
        self,
        path: str,
        kind: Any,
        query: Mapping[str, str] | None = None,
        *,
        weight: float,
        pair: TradingPair | None = None,
    ) -> Any:
        """A private read, as *kind*."""
        headers = self._headers("GET", target_of(path, query or {}), path)
        return self.read(await self.http.get(path, query, headers, weight=weight), kind, path, pair)

    async def post_signed(
        self,
        path: str,
        kind: Any,
        body: Mapping[str, object] | None = None,
        *,
        weight: float,
        pair: TradingPair | None = None,
    ) -> Any:
        """A private call with a JSON body, or with none; its bytes are made once, signed and sent."""
        content = json.dumps(body).encode() if body is not None else b""
        headers = self._headers("POST", path, path, content)
        if content:
            headers["Content-Type"] = "application/json"
        return self.read(await self.http.post(path, content, headers, weight=weight), kind, path, pair)

    async def post(self, path: str, kind: Any, *, weight: float) -> Any:
        """A public call with an empty body, which changes nothing and may be repeated."""

        async def send() -> Any:
            return self.read(await self.http.post(path, b"", {}, weight=weight), kind, path)

        return await self.http.retrying(send)

    async def server_time(self, *, weight: float, new_connection: bool) -> ServerTime:
        """KuCoin prints milliseconds."""
        path = "/api/v1/timestamp"

        async def read() -> ServerTime:
            answer = await self.http.get(path, weight=weight, new_connection=new_connection)
            venue_time = moment(self.read(answer, int, path))
            return ServerTime(venue_time, answer.sent_at, answer.received_at, 1, answer.phases)

        return await self.http.retrying(read)

    async def venue_status(self, *, weight: float) -> VenueStatus:
        said = (await self.get("/api/v1/status", _Status, weight=weight)).status
        return VenueStatus(MODES.get(said, VenueMode.UNKNOWN), said, None)

    async def key_permissions(self, *, may_trade: str) -> KeyPermissions:
        """Only the spot host answers, for keys of either market; *may_trade* is the permission that trading takes."""
        info: _ApiKey = await self.get_signed("/api/v1/user/api-key", _ApiKey, weight=20)
        said = tuple(word.strip() for word in info.permission.split(",") if word.strip())
        return KeyPermissions(may_trade in said, bool(WITHDRAWING.intersection(said)), said)

    def read(self, answer: HttpAnswer, kind: Any, endpoint: str, pair: TradingPair | None = None) -> Any:
        """The data in the envelope. A refusal may come with HTTP 200, so `code` is looked at first."""
        spelled = str(pair) if pair else ""
        try:
            envelope = _envelope.decode(answer.body)
        except UNREADABLE as error:
            if answer.status >= 400:  # of the proxy in front of KuCoin, which speaks HTML
                raise error_of_answer(answer.status, {}, venue="kucoin", endpoint=endpoint) from error
            kind_said = answer.content_type.partition(";")[0] or "no content type"
            raise unreadable(error)(
                f"expected JSON, got {kind_said}: {error}", venue="kucoin", pair=spelled, endpoint=endpoint
            ) from error
        if envelope.code != SUCCESS:
            refusal = error_of(
                envelope.code, envelope.msg, self._market, status=answer.status, endpoint=endpoint, pair=spelled
            )
            if isinstance(refusal, RateLimited):
                self.http.ease_off(refusal)
            raise refusal
        if answer.status >= 400:
            raise error_of_answer(answer.status, {}, venue="kucoin", endpoint=endpoint)
        return convert(envelope.data, kind, venue="kucoin", endpoint=endpoint, pair=spelled)

    def _headers(self, method: str, target: str, endpoint: str, body: bytes = b"") -> dict[str, str]:
        if self._credentials is None:
            raise UsageError("credentials: needed for this call", venue="kucoin", endpoint=endpoint)
        return signed_headers(
            self._credentials,
            timestamp_ms=(utc_now() - EPOCH) // timedelta(milliseconds=1),
            method=method,
            target=target,
            body=body,
            partner=self._partner,
        )
