"""Private calls of Kraken: the documented signature, keys that cannot be, nonces, and what the sandbox refuses."""

from __future__ import annotations

import base64
from dataclasses import replace
from decimal import Decimal

import pytest

from connectors import errors
from connectors.kraken import Kraken, rest
from connectors.kraken.signing import sign
from connectors.nonce import NonceFile
from connectors.sandbox import KrakenSandbox
from connectors.types import Credentials, OrderRequest, OrderType, Side
from tests.connectors.conftest import CannedServer, payload
from tests.connectors.kraken.conftest import BTC_USD


def test_the_documented_signature_is_ours() -> None:
    example = payload("signing_example.json")["spot"]
    secret = base64.b64decode(example["private_key"])

    assert sign(example["path"], int(example["nonce"]), example["body"].encode(), secret) == example["api_sign"]


async def test_an_order_is_sent_as_it_was_signed_and_only_to_be_checked(recorded: Kraken, canned: CannedServer) -> None:
    order = OrderRequest(BTC_USD, Side.BUY, OrderType.LIMIT_MAKER, Decimal("1.25"), Decimal("37500.0"))

    said = await recorded.validate_order(order)

    assert said == "buy 2.12340000 XBTUSD @ limit 25000.1 with 2:1 leverage"
    path, headers, body = canned.asked[-1]
    nonce = int(body.split(b"&")[0].removeprefix(b"nonce="))
    assert (
        body
        == (
            f"nonce={nonce}&ordertype=limit&type=buy&volume=1.25&pair=BTC%2FUSD&validate=true&price=37500.0&oflags=post"
        ).encode()
    )
    assert headers["API-Key"] == "a-key"
    assert headers["API-Sign"] == sign(path, nonce, body, b"a secret")


async def test_a_signed_read_is_accepted_and_a_tampered_one_refused(venue: KrakenSandbox, kraken: Kraken) -> None:
    assert "BTC" in await kraken.balances()

    wrong = Credentials(venue.credentials.api_key, base64.b64encode(b"another secret").decode())
    async with Kraken(urls=venue.urls, credentials=wrong) as tampered:
        with pytest.raises(errors.InvalidSignature):
            await tampered.balances()


async def test_a_key_the_venue_does_not_know_is_named(venue: KrakenSandbox) -> None:
    unknown = replace(venue.credentials, api_key="nobody")
    async with Kraken(urls=venue.urls, credentials=unknown) as connector:
        with pytest.raises(errors.InvalidKey):
            await connector.balances()


async def test_a_secret_that_is_no_base64_is_named_without_showing_it(venue: KrakenSandbox) -> None:
    async with Kraken(urls=venue.urls, credentials=replace(venue.credentials, api_secret="hush!")) as connector:
        with pytest.raises(errors.InvalidKey) as refused:
            await connector.balances()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("key", ["hush\nhush", "hüsh", "hush\ud800"])
async def test_a_key_that_no_header_can_hold_is_named_without_showing_it(venue: KrakenSandbox, key: str) -> None:
    async with Kraken(urls=venue.urls, credentials=replace(venue.credentials, api_key=key)) as connector:
        with pytest.raises(errors.InvalidKey) as refused:
            await connector.balances()
    assert "sh" not in str(refused.value)


async def test_blanks_around_a_pasted_key_are_no_part_of_it(venue: KrakenSandbox) -> None:
    pasted = replace(venue.credentials, api_key=f" {venue.credentials.api_key}\n")
    async with Kraken(urls=venue.urls, credentials=pasted) as connector:
        assert await connector.balances()


async def test_a_nonce_held_elsewhere_is_not_waited_for_for_ever(
    venue: KrakenSandbox, kraken: Kraken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "NONCE_TIMEOUT_S", 0.05)
    async with NonceFile(venue.credentials.api_key):
        with pytest.raises(errors.Timeout, match="another process"):
            await kraken.balances()


async def test_a_private_call_without_credentials_says_so(venue: KrakenSandbox) -> None:
    async with Kraken(urls=venue.urls) as connector:
        with pytest.raises(errors.UsageError, match="credentials"):
            await connector.balances()
