"""What venues' signatures share: HMAC over bytes, secrets in base64, and a form body built once."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

from connectors.errors import InvalidKey

if TYPE_CHECKING:
    from collections.abc import Mapping


def hmac_base64(secret: bytes, message: bytes, digest: Literal["sha256", "sha512"]) -> str:
    """The HMAC of *message* as base64 text."""
    return base64.b64encode(hmac.digest(secret, message, digest)).decode("ascii")


def decode_base64_secret(secret: str) -> bytes:
    """The key that a venue hands out as base64 text; white space around a pasted one does not count.

    Raises InvalidKey, whose message never quotes the secret.
    """
    try:
        decoded = base64.b64decode(secret.strip(), validate=True)
    except ValueError:  # from None: the cause's frames hold the secret
        raise InvalidKey("the API secret is not base64: copy the whole of it again") from None
    if not decoded:
        raise InvalidKey("the API secret is empty")
    return decoded


def form_body(fields: Mapping[str, str]) -> str:
    """*fields* form-encoded in their order: sign and send this one text, so that both are the same bytes."""
    return urlencode(fields)
