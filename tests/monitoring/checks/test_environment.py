"""What the environment may say of a connector, and how it is told when it is wrong."""

from __future__ import annotations

import pytest

from connectors.errors import UsageError
from connectors.kraken import Kraken
from connectors.types import Partner
from monitoring.checks.environment import credentials_of, partner_of, urls_of


def test_urls_are_named_after_the_connector_and_the_role() -> None:
    environ = {
        "KRAKEN_REST_URL": "http://127.0.0.1:8701",
        "KRAKEN_WS_AUTH_URL": "ws://127.0.0.1:8701/auth/v2",
        "KRAKEN_WS_URL": "",
    }

    assert urls_of(Kraken, environ) == {
        "rest": "http://127.0.0.1:8701",
        "ws_auth": "ws://127.0.0.1:8701/auth/v2",
    }


@pytest.mark.parametrize(
    "url", ["ws://127.0.0.1", "127.0.0.1:8701", "http://", "http://[::1", "http://host:port", "nonsense"]
)
def test_an_address_of_another_kind_is_refused_by_its_name(url: str) -> None:
    with pytest.raises(UsageError, match=r"KRAKEN_REST_URL is not an address like https://api\.kraken\.com"):
        urls_of(Kraken, {"KRAKEN_REST_URL": url})


def test_credentials_need_a_key_and_a_secret_and_may_have_a_passphrase() -> None:
    both = {"KRAKEN_API_KEY": "key", "KRAKEN_API_SECRET": "secret"}

    credentials = credentials_of("kraken", {**both, "KRAKEN_API_PASSPHRASE": "word"})

    assert credentials is not None
    assert (credentials.api_key, credentials.api_secret, credentials.passphrase) == ("key", "secret", "word")
    without = credentials_of("kraken", {**both, "KRAKEN_API_PASSPHRASE": ""})
    assert without is not None
    assert without.passphrase is None
    assert credentials_of("kraken", {}) is None


@pytest.mark.parametrize(
    ("present", "missing"),
    [("KRAKEN_API_KEY", "KRAKEN_API_SECRET"), ("KRAKEN_API_SECRET", "KRAKEN_API_KEY")],
)
def test_half_of_a_pair_of_credentials_is_a_mistake(present: str, missing: str) -> None:
    with pytest.raises(UsageError) as caught:
        credentials_of("kraken", {present: "hidden"})

    assert str(caught.value) == f"{missing} is not set although {present} is"


PARTNER = {"KUCOIN_PARTNER_ID": "id", "KUCOIN_PARTNER_NAME": "name", "KUCOIN_PARTNER_KEY": "key"}


def test_a_partner_is_credited_only_where_all_of_it_is_given() -> None:
    assert partner_of("kucoin", PARTNER) == Partner("id", "name", "key")
    assert partner_of("kucoin_perpetual", PARTNER) is None


def test_half_a_partner_is_a_mistake_that_names_what_is_missing() -> None:
    with pytest.raises(UsageError) as mistake:
        partner_of("kucoin", {"KUCOIN_PARTNER_ID": "id"})

    assert mistake.value.message == (
        "KUCOIN_PARTNER_NAME and KUCOIN_PARTNER_KEY: set all of KUCOIN_PARTNER_ID, KUCOIN_PARTNER_NAME, "
        "KUCOIN_PARTNER_KEY, or none"
    )
