"""Signatures against KuCoin's published examples and against vectors that public clients reproduce."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.errors import InvalidKey, InvalidPassphrase
from connectors.kucoin.signing import signed_headers, target_of
from connectors.types import Credentials, Partner
from tests.connectors.kucoin.conftest import payload

VECTORS = payload("signing_vectors.json")


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["name"] for vector in VECTORS])
def test_headers_equal_the_published_vectors(vector: dict[str, Any]) -> None:
    partner = vector.get("partner")
    target = target_of(vector["path"], dict(vector["query"]))

    headers = signed_headers(
        Credentials(vector["key"], vector["secret"], vector["passphrase"]),
        timestamp_ms=vector["timestamp_ms"],
        method=vector["method"],
        target=target,
        body=vector["body"].encode(),
        partner=Partner(partner["id"], "a name", partner["key"]) if partner else None,
    )

    expected = dict(vector["expect"])
    if vector["KC-API-KEY-VERSION"] == "1":
        del expected["KC-API-PASSPHRASE"]  # sent plain in that version, which is not spoken here
    assert target == vector["url_signed"]
    assert {name: headers[name] for name in expected} == expected
    assert headers["KC-API-TIMESTAMP"] == str(vector["timestamp_ms"])


def test_the_query_is_signed_as_it_reads_in_the_order_sent() -> None:
    target = target_of("/api/v1/trade-fees", {"symbols": "BTC-USDT,ETH-USDT", "a": "b c"})

    assert target == "/api/v1/trade-fees?symbols=BTC-USDT,ETH-USDT&a=b c"


def test_no_partner_is_named_unless_one_is_given() -> None:
    headers = signed_headers(Credentials("k", "s", "p"), timestamp_ms=1, method="GET", target="/")

    assert not [name for name in headers if "PARTNER" in name or "BROKER" in name]


def test_a_partner_is_named_signed_for_and_asked_to_be_verified() -> None:
    headers = signed_headers(
        Credentials("k", "s", "p"), timestamp_ms=1, method="GET", target="/", partner=Partner("id", "name", "key")
    )

    assert headers["KC-API-PARTNER"] == "id"
    assert headers["KC-BROKER-NAME"] == "name"
    assert headers["KC-API-PARTNER-VERIFY"] == "true"


@pytest.mark.parametrize(
    ("credentials", "kind", "named"),
    [
        (Credentials("key", "secret"), InvalidPassphrase, "passphrase"),
        (Credentials("key", "secret", "  "), InvalidPassphrase, "passphrase"),
        (Credentials("", "secret", "phrase"), InvalidKey, "the key"),
        (Credentials("key", "sëcret", "phrase"), InvalidKey, "API secret"),
        (Credentials("key", "secret", "phr\nase"), InvalidPassphrase, "passphrase"),
    ],
)
def test_unusable_credentials_are_named_and_not_quoted(
    credentials: Credentials, kind: type[Exception], named: str
) -> None:
    with pytest.raises(kind, match=named) as refused:
        signed_headers(credentials, timestamp_ms=1, method="GET", target="/")

    assert "sëcret" not in str(refused.value)
    assert "phr\nase" not in str(refused.value)


def test_white_space_around_a_paste_does_not_count() -> None:
    clean = signed_headers(Credentials("key", "secret", "phrase"), timestamp_ms=1, method="GET", target="/")
    pasted = signed_headers(Credentials(" key\n", "secret ", "phrase\n"), timestamp_ms=1, method="GET", target="/")

    assert clean == pasted
