"""How KuCoin signs: a signature over time, method, target and body, and a digest of the passphrase beside it.

From KuCoin's manual (www.kucoin.com/docs-new: authentication, broker instructions), read 2026-11.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.errors import InvalidKey, InvalidPassphrase
from connectors.signing import hmac_base64

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connectors.types import Credentials, Partner

KEY_VERSION = "2"
"""Says that the passphrase comes as a digest; keys of version 3 are accepted under it too."""


def target_of(path: str, query: Mapping[str, str]) -> str:
    """What is signed of the address: the path, and the query in the order sent, not percent-encoded."""
    return path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")


def signed_headers(
    credentials: Credentials,
    *,
    timestamp_ms: int,
    method: str,
    target: str,
    body: bytes = b"",
    partner: Partner | None = None,
) -> dict[str, str]:
    """The headers of one private call. Raises InvalidKey and InvalidPassphrase, which quote nothing."""
    key, secret, passphrase = _checked(credentials)
    timestamp = str(timestamp_ms)
    headers = {
        "KC-API-KEY": key,
        "KC-API-TIMESTAMP": timestamp,
        "KC-API-SIGN": hmac_base64(secret, f"{timestamp}{method}{target}".encode() + body, "sha256"),
        "KC-API-PASSPHRASE": hmac_base64(secret, passphrase, "sha256"),
        "KC-API-KEY-VERSION": KEY_VERSION,
    }
    if partner is not None:
        headers |= {
            "KC-API-PARTNER": partner.id,
            "KC-API-PARTNER-SIGN": hmac_base64(
                partner.key.encode(), f"{timestamp}{partner.id}{key}".encode(), "sha256"
            ),
            "KC-BROKER-NAME": partner.name,
            "KC-API-PARTNER-VERIFY": "true",  # without it a wrong partner key is passed over in silence
        }
    return headers


def _checked(credentials: Credentials) -> tuple[str, bytes, bytes]:
    """Key, secret and passphrase without the white space of a paste around them."""
    key, secret = credentials.api_key.strip(), credentials.api_secret.strip()
    passphrase = (credentials.passphrase or "").strip()
    if not passphrase:
        raise InvalidPassphrase(
            "no passphrase is set: KuCoin wants the one given when the key was made", venue="kucoin"
        )
    for text, kind, name in ((key, InvalidKey, "key"), (secret, InvalidKey, "API secret")):
        if not (text and text.isascii() and text.isprintable()):
            raise kind(f"the {name} is empty, or has characters that none has: copy it anew", venue="kucoin")
    if not passphrase.isprintable():
        raise InvalidPassphrase("the passphrase has characters that none has: copy it anew", venue="kucoin")
    return key, secret.encode(), passphrase.encode()
