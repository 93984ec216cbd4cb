"""Signatures against the vectors that Kraken documents, and secrets that cannot be decoded."""

from __future__ import annotations

import base64
import hashlib
import traceback
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import InvalidKey
from connectors.signing import decode_base64_secret, form_body, hmac_base64

# Published at docs.kraken.com: exchange/guides/rest/authentication (spot), futures-websockets (challenge).
SPOT_SECRET = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99HAZtuZuj6F1huXg=="
SPOT_BODY = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&volume=1.25"
SPOT_SIGNATURE = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nmbRn6H8ndwLUQ=="
CHALLENGE_SECRET = "7zxMEF5p/Z8l2p2U7Ghv6x14Af+Fx+92tPgUdVQ748FOIrEoT9bgT+bTRfXc5pz8na+hL/QdrCVG7bh9KpT0eMTm"
CHALLENGE = "c100b894-1729-464d-ace1-52dbce11db42"
CHALLENGE_SIGNATURE = "4JEpF3ix66GA2B+ooK128Ift4XQVtc137N9yeg4Kqsn9PI0Kpzbysl9M1IeCEdjg0zl00wkVqcsnG4bmnlMb3A=="


def test_form_body_is_the_documented_one_byte_for_byte() -> None:
    fields = {
        "nonce": "1616492376594",
        "ordertype": "limit",
        "pair": "XBTUSD",
        "price": "37500",
        "type": "buy",
        "volume": "1.25",
    }

    assert form_body(fields) == SPOT_BODY


def test_documented_spot_signature_is_reproduced() -> None:
    digest = hashlib.sha256(("1616492376594" + SPOT_BODY).encode()).digest()

    signature = hmac_base64(decode_base64_secret(SPOT_SECRET), b"/0/private/AddOrder" + digest, "sha512")

    assert signature == SPOT_SIGNATURE


def test_documented_futures_challenge_is_reproduced() -> None:
    digest = hashlib.sha256(CHALLENGE.encode()).digest()

    assert hmac_base64(decode_base64_secret(CHALLENGE_SECRET), digest, "sha512") == CHALLENGE_SIGNATURE


def test_sha256_gives_the_vector_of_rfc_4231() -> None:
    expected = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")

    signature = hmac_base64(b"Jefe", b"what do ya want for nothing?", "sha256")

    assert base64.b64decode(signature) == expected


def test_white_space_around_a_pasted_secret_does_not_count() -> None:
    assert decode_base64_secret(" a2V5\r\n") == b"key"


@pytest.mark.parametrize("secret", ["top-secret!", "c2VjcmV0c2VjcmV", "sécrèt==", "c2Vj cmV0"])
def test_undecodable_secret_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(InvalidKey, match="is not base64") as refusal:
        decode_base64_secret(secret)

    assert secret not in "".join(traceback.format_exception(refusal.value))
    assert refusal.value.__cause__ is None


@pytest.mark.parametrize("secret", ["", "  \n"])
def test_empty_secret_is_refused(secret: str) -> None:
    with pytest.raises(InvalidKey, match="is empty"):
        decode_base64_secret(secret)


AWKWARD_TEXT = st.text(alphabet="aZ09+& =%[]#é€\n", max_size=8)


@given(st.dictionaries(AWKWARD_TEXT, AWKWARD_TEXT))
def test_form_body_is_ascii_and_decodes_to_the_same_fields(fields: dict[str, str]) -> None:
    body = form_body(fields)

    assert body.isascii()
    assert dict(parse_qsl(body, keep_blank_values=True)) == fields
