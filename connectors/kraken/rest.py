"""Kraken's REST: the envelope, and signed calls that keep their nonces in order.

Facts from Kraken's own specification (krakenfx/api-specs) and documentation (docs.kraken.com), read 2026-11.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import msgspec

from connectors.errors import MalformedPayload, RateLimited, Timeout, UnexpectedShape, UsageError
from connectors.http import error_of_status
from connectors.kraken.errors import error_of
from connectors.kraken.signing import key_and_secret, signed_headers
from connectors.nonce import NonceFile
from connectors.payloads import UNREADABLE, convert
from connectors.signing import form_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.http import HttpAnswer, HttpTransport
    from connectors.types import Credentials, TradingPair

NONCE_TIMEOUT_S = 20.0
"""Twice what a request may take, for whoever is ahead of us with the same key."""

T = TypeVar("T")


class _Envelope(msgspec.Struct):
    error: list[str] = []
    result: msgspec.Raw = msgspec.Raw(b"null")


_envelope = msgspec.json.Decoder(_Envelope)


def moment(seconds: int) -> datetime:
    """Unix time as an aware datetime. Raises MalformedPayload for what no clock says."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise MalformedPayload(f"{seconds} is not a time", venue="kraken") from error


def only_entry(answer: Mapping[str, T], endpoint: str, pair: TradingPair) -> T:
    """The one entry: its key is spelled as the venue likes."""
    if len(answer) != 1:
        raise UnexpectedShape(
            f"expected one entry, got {len(answer)}", venue="kraken", pair=str(pair), endpoint=endpoint
        )
    return next(iter(answer.values()))


class Rest:
    """The one host's REST; an endpoint goes by its name, as in Kraken's documentation."""

    def __init__(self, http: HttpTransport, *, credentials: Credentials | None) -> None:
        self.http = http
        self._credentials = credentials

    async def get(
        self,
        name: str,
        kind: type[T],
        params: Mapping[str, str] | None = None,
        pair: TradingPair | None = None,
    ) -> T:
        """A public read, as *kind*; tried again as often as the transport may."""

        async def read() -> T:
            return self.read(await self.http.get(f"/0/public/{name}", params), kind, name, pair)

        return await self.http.retrying(read)

    async def post_signed(
        self,
        name: str,
        kind: type[T],
        fields: Mapping[str, str] | None = None,
        *,
        pair: TradingPair | None = None,
    ) -> T:
        """Sign and send one call; its nonce is held until the answer is here, so that none overtakes it."""
        if self._credentials is None:
            raise UsageError("credentials: needed for this call", venue="kraken", endpoint=name)
        path = f"/0/private/{name}"
        key, secret = key_and_secret(self._credentials, endpoint=name)
        try:
            async with asyncio.timeout(NONCE_TIMEOUT_S) as waiting, NonceFile(key) as nonce:
                waiting.reschedule(None)  # the request has a deadline of its own
                body = form_body({"nonce": str(nonce), **(fields or {})}).encode("ascii")
                headers = signed_headers(key, secret, path=path, nonce=nonce, body=body)
                answer = await self.http.post(path, body, headers)
        except TimeoutError as error:
            raise Timeout(
                f"another process held this key's nonce for {NONCE_TIMEOUT_S:g} s", venue="kraken", endpoint=name
            ) from error
        return self.read(answer, kind, name, pair)

    def read(self, answer: HttpAnswer, kind: type[T], endpoint: str, pair: TradingPair | None = None) -> T:
        """The result in the envelope. Failures come with HTTP 200, so `error` is looked at first."""
        spelled = str(pair) if pair else ""
        try:
            envelope = _envelope.decode(answer.body)
        except UNREADABLE as error:
            if answer.status >= 400:  # of the proxy in front of Kraken, which speaks HTML
                raise error_of_status(answer.status, {}, venue="kraken", endpoint=endpoint) from error
            kind_said = answer.content_type.partition(";")[0] or "no content type"
            raise MalformedPayload(
                f"expected JSON, got {kind_said}: {error}", venue="kraken", pair=spelled, endpoint=endpoint
            ) from error
        for text in envelope.error:
            if not text.startswith("W"):  # a warning comes with its result
                refusal = error_of(text, endpoint=endpoint, pair=spelled)
                if isinstance(refusal, RateLimited):
                    self.http.ease_off(refusal)
                raise refusal
        if answer.status >= 400:
            raise error_of_status(answer.status, {}, venue="kraken", endpoint=endpoint)
        result: T = convert(envelope.result, kind, venue="kraken", endpoint=endpoint, pair=spelled)
        return result
