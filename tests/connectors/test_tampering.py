"""A forged request differs from a good one in its signature, and in nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connectors.base import Account
from connectors.catalog import CONNECTORS
from connectors.errors import InvalidSignature
from connectors.tampering import spoilt, tampered

if TYPE_CHECKING:
    from connectors.kraken import Kraken


async def test_a_forged_request_to_kraken_is_refused_for_its_signature(kraken: Kraken) -> None:
    async with tampered(kraken) as forger:
        with pytest.raises(InvalidSignature):
            await forger.balances()

    assert await kraken.balances()


@pytest.mark.parametrize(("signature", "other"), [("Abc=", "Bbc="), ("Bbc=", "Abc="), ("/bc=", "Abc=")])
def test_a_spoilt_signature_is_another_one_of_the_same_length(signature: str, other: str) -> None:
    assert spoilt(signature) == other


def test_every_connector_with_an_account_says_where_its_signature_is() -> None:
    accounts = [connector for connector in CONNECTORS.values() if issubclass(connector, Account)]

    assert [connector.id for connector in accounts if not connector.signature_header] == []
