"""How Kraken signs: a signature over path, nonce and body, with a secret that is base64.

From Kraken's documentation (docs.kraken.com: exchange/guides/rest/authentication), read 2026-11.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from connectors.errors import InvalidKey
from connectors.signing import decode_base64_secret, hmac_base64

if TYPE_CHECKING:
    from connectors.types import Credentials


def key_and_secret(credentials: Credentials, *, endpoint: str) -> tuple[str, bytes]:
    """The key without the white space of a paste, and the secret decoded. Raises InvalidKey, which quotes nothing."""
    key = credentials.api_key.strip()
    if not (key.isascii() and key.isprintable()):
        raise InvalidKey("the key has characters that no key has: copy it anew", venue="kraken", endpoint=endpoint)
    return key, decode_base64_secret(credentials.api_secret)


def signed_headers(key: str, secret: bytes, *, path: str, nonce: int, body: bytes) -> dict[str, str]:
    """The headers of one private call, whose *body* has the nonce as well."""
    return {
        "API-Key": key,
        "API-Sign": sign(path, nonce, body, secret),
        "Content-Type": "application/x-www-form-urlencoded",
    }


def sign(path: str, nonce: int, body: bytes, secret: bytes) -> str:
    """The API-Sign header."""
    digest = hashlib.sha256(str(nonce).encode("ascii") + body).digest()
    return hmac_base64(secret, path.encode("ascii") + digest, "sha512")
