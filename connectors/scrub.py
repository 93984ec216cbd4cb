"""Makes texts fit to be shown to anyone: no key, token or signature in any spelling, nothing of an account.

Two means. A text that is known to be secret is blotted out wherever it stands, also as it looks inside a URL, JSON,
base64 or hexadecimal. What a venue says of an account is taken apart, and every value in it replaced, except for the
few fields without which its meaning to a check is lost: numbers become 0, texts a made-up word.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HIDDEN = "[hidden]"

SHORTEST_SECRET = 6
"""Characters; anything shorter would be found in half of all texts, and protects nothing."""

KEPT_FIELDS = frozenset(
    {
        # the envelope
        "code", "success", "status", "retry",
        # frames of a stream
        "method", "channel", "type", "topic", "subject", "event",
        # what a key may do, and how an account trades
        "permission", "permissions", "positionMode", "marginMode", "positionSide", "symbol",
        # where to open a stream, and how to keep it
        "endpoint", "protocol", "pingInterval", "pingTimeout",
    }
)  # fmt: skip
"""Fields of private answers whose values are needed to judge them, and tell nothing of anybody."""

WORDS_OF_THE_VENUE = frozenset({"msg", "message", "error", "errors"})
"""Fields that say why something was refused."""

ACKNOWLEDGED = frozenset({"id", "req_id"})
"""At the top of a frame: the number of the request that it answers."""

_NAMES = ("token", "secret", "passphrase", "password", "signature", "listenkey", "listen_key", "apikey", "api_key")
_TOKEN = re.compile(rf'"\w*(?:{"|".join(_NAMES)})\w*"\s*:\s*"((?:[^"\\]|\\.)+)', re.IGNORECASE)
_PARAMETER = re.compile(r"(?:token|secret|passphrase|signature|sign|key|nonce|timestamp)$", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_WORD = re.compile(r"\b(?:true|false|null)\b|[^\W_]")
_PARTICULARS = (
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b|(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}", re.IGNORECASE), "[address]"),
    (re.compile(r"\b(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{12,}\b", re.IGNORECASE), "[id]"),
    (re.compile(r"\d+\.\d+"), "0"),
)
"""Addresses, identifiers and amounts, where a refusal quotes them; whole numbers may be times and codes."""


def tokens_in(text: str) -> set[str]:
    """The values of fields named like a token or a key; *text* need not be whole JSON."""
    folded = text.lower()
    if not any(name in folded for name in _NAMES):
        return set()
    written = {token for token in _TOKEN.findall(text) if len(token) >= SHORTEST_SECRET}
    return written | {token.replace(r"\/", "/") for token in written}


def hidden_parameters(params: Mapping[str, str]) -> dict[str, str]:
    """Of a signed request's query, the values that the signature consists of or depends on are left out."""
    return {name: HIDDEN if _PARAMETER.search(name) else value for name, value in params.items()}


def address_of(url: str) -> str:
    """*url* with neither user nor query: a token may be in either."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("?")[0].partition("/")
    return scheme + separator + host.rpartition("@")[2] + slash + path


class Blotter:
    """Blots secrets out of texts, in every spelling in which somebody could have written them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings = {spelling for secret in secrets for spelling in spellings_of(secret)}
        # The longest first: one secret may be part of another.
        self._spellings = sorted(spellings, key=len, reverse=True)

    def clean(self, value: Any) -> Any:
        """*value*, a tree as JSON has it, with every secret in its texts and keys replaced."""
        match value:
            case str():
                for spelling in self._spellings:
                    value = value.replace(spelling, HIDDEN)
                return value
            case dict():
                return {self.clean(key): self.clean(item) for key, item in value.items()}
            case list() | tuple():
                return [self.clean(item) for item in value]
        return value


def spellings_of(secret: str) -> set[str]:
    """*secret* as it looks by itself and inside a URL, JSON, base64 (at any offset) and hexadecimal."""
    plain = {form for form in (secret, secret.strip()) if len(form) >= SHORTEST_SECRET and not form.isspace()}
    forms = set(plain)
    for form in plain:
        escaped = {json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]}
        forms |= escaped | {text.replace("/", r"\/") for text in escaped} | {form.lower(), form.upper()}
        forms |= {quote(form), quote(form, safe=""), quote_plus(form), quote(quote(form, safe=""), safe="")}
        for octets in _octets(form):
            forms |= {octets.hex(), octets.hex().upper()}
            for offset in range(3):
                # Only the digits that depend on nothing around it, as in base64 of "key:secret".
                encoded = base64.b64encode(b"\0" * offset + octets).rstrip(b"=").decode("ascii")
                whole = encoded[-(-offset * 8 // 6) :][: len(octets) * 8 // 6 - 1]
                if len(whole) >= SHORTEST_SECRET:
                    forms |= {whole, whole.replace("+", "-").replace("/", "_"), quote(whole, safe="")}
                    forms |= {whole.replace("/", r"\/")}
    return forms


def _octets(form: str) -> list[bytes]:
    octets = [form.encode(errors="surrogatepass")]
    try:
        octets.append(base64.b64decode(form, validate=True))
    except ValueError:
        return octets
    return [value for value in octets if len(value) >= SHORTEST_SECRET]


class Redactor:
    """Replaces what a venue says of an account; the same text becomes the same made-up word throughout one file."""

    def __init__(self) -> None:
        self._words: dict[str, str] = {}

    def answer(self, text: str) -> str:
        """A private answer, of the same shape."""
        return self._redacted(text, frozenset())

    def frame(self, text: str) -> str:
        """A message of a private stream, of the same shape, still saying which request it answers."""
        return self._redacted(text, ACKNOWLEDGED)

    def _redacted(self, text: str, kept_at_top: frozenset[str]) -> str:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return _shape_of(text)
        if isinstance(value, dict):
            answered = {key: value[key] for key in kept_at_top & value.keys() if isinstance(value[key], str | int)}
            value = self._of("", value) | answered
        else:
            value = self._of("", value)
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def _of(self, name: str, value: Any) -> Any:
        match value:
            case None | bool():
                return value
            case dict():
                return {self._key(key): self._of(key, item) for key, item in value.items()}
            case list():
                return [self._of(name, item) for item in value]
            case int():
                return value if name in KEPT_FIELDS else 0
            case float():
                return value if name in KEPT_FIELDS else 0.0
        if name in WORDS_OF_THE_VENUE:
            return _without_particulars(value)
        return value if name in KEPT_FIELDS else self._word(value)

    def _key(self, key: str) -> str:
        """A field's name; one without a lower-case letter is an asset or an identifier."""
        return key if any(letter.islower() for letter in key) else self._word(key)

    def _word(self, text: str) -> str:
        if _NUMBER.fullmatch(text):
            return "0"
        return self._words.setdefault(text, f"HIDDEN{len(self._words) + 1}") if text else text


def _without_particulars(text: str) -> str:
    for pattern, shown in _PARTICULARS:
        text = pattern.sub(shown, text)
    return text


def _shape_of(text: str) -> str:
    """What is not JSON keeps its length and its punctuation, so that it is broken at the same place."""

    def hide(match: re.Match[str]) -> str:
        found = match[0]
        return found if len(found) > 1 else "0" if found.isdecimal() else "x"

    return _WORD.sub(hide, text)
