"""The public pages: what they say, whom they blame, what they answer to wrong addresses, and in how many queries."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.utils import timezone

from monitoring import runner, scheduler
from monitoring.checks.outcomes import Blame, Cause, Confidence, Kind, Outcome
from monitoring.models import Check, Result
from monitoring.status import exchange_status, index_status
from registry.choices import Lifecycle
from registry.models import Exchange
from tests.monitoring.factories import (
    checks_of_kraken,
    make_exchange,
    record,
    record_all,
)

if TYPE_CHECKING:
    from connectors.sandbox import KrakenSandbox, SandboxThread

pytestmark = pytest.mark.django_db


@pytest.fixture
def catalogue(catalogue_of_the_module: None, db: None) -> None:
    """Loaded once for all of these tests."""


KRAKEN = "/exchanges/kraken/"
KUCOIN = "/exchanges/kucoin/"
SECOND = timedelta(seconds=1)


def text_of(response: Any) -> str:
    """What a reader sees, on one line."""
    html = re.sub(r"<(title|script|style)\b.*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


# The index


def test_index_shows_promise_and_observation_of_each_exchange(client: Client, tiers: None) -> None:
    record_all()

    text = text_of(client.get("/"))

    assert (
        "Kraken Operational Compare Kraken Promised Bronze Latest vote Epoch 6: stays in Maintainer None "
        "Observed 5 of 5 checks OK." in text
    )
    assert (
        "KuCoin CEX, CLOB Spot : available Perp : available Spot Candles : available Perp Candles : available "
        "Silver Epoch 6: stays in Hummingbot Foundation" in text.partition("Declared components")[2]
    )
    assert "Spot Connector Available Operational" in text
    assert "Perp Connector Not available Not checked" in text
    assert "Spot Candles Feed Not built Not checked" in text
    assert "The tier is a promise, voted by HBOT holders. Health is what this monitor observes." in text


def test_exchange_without_a_connector_here_is_never_shown_as_down(client: Client, catalogue: None) -> None:
    record_all()

    for text in (text_of(client.get("/")), text_of(client.get(KUCOIN))):
        assert "No live check yet" in text
    (kucoin,) = [view for view in index_status(timezone.now()).everyone if view.exchange.slug == "kucoin"]
    assert (kucoin.health, {component.mark.name for component in kucoin.components}) == (None, {"unwatched"})


@pytest.mark.parametrize(
    ("outcomes", "fields", "expected"),
    [
        ({}, {"source": "live"}, ("ok", "Kraken works")),
        ({}, {}, ("ok", "Kraken works, in the sandbox")),
        ({}, {"source": "custom"}, ("ok", "Kraken works, at custom endpoints")),
        ({Kind.ORDER_BOOK: Outcome.FAILED}, {"source": "live"}, ("failed", "Kraken is failing")),
        ({Kind.MARKETS: Outcome.DEGRADED}, {"source": "live"}, ("degraded", "Kraken is degraded")),
        (
            dict.fromkeys(Kind, Outcome.FAILED),
            {"source": "live", "cause": Cause.EXCHANGE_MAINTENANCE},
            ("maintenance", "Kraken is under maintenance"),
        ),
        (
            dict.fromkeys(Kind, Outcome.DEGRADED),  # post only, say: open, but not for every order
            {"source": "live", "cause": Cause.EXCHANGE_MAINTENANCE},
            ("degraded", "Kraken is degraded"),
        ),
        ({Kind.AUTH: Outcome.INCONCLUSIVE}, {"source": "live"}, ("ok", "Kraken works")),
        (
            dict.fromkeys(Kind, Outcome.INCONCLUSIVE),
            {"source": "live", "cause": Cause.NO_NETWORK},
            ("inconclusive", "Not known right now: Kraken"),
        ),
    ],
)
def test_first_words_answer_whether_to_trust_it(
    catalogue: None, outcomes: dict[str, Outcome], fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    record_all(outcomes, **fields)

    index = index_status(timezone.now())

    assert (index.mark.name, index.headline) == expected
    unwatched = Exchange.objects.filter(lifecycle=Lifecycle.ACTIVE, components__isnull=False).exclude(slug="kraken")
    assert index.detail == f"No live check yet: {unwatched.distinct().count()} exchanges."


def test_before_the_first_run_nothing_is_claimed(client: Client, catalogue: None) -> None:
    index = index_status(timezone.now())
    assert (index.mark.name, index.headline, index.source) == ("waiting", "Waiting for the first checks", "")
    assert "Waiting for the first run" in text_of(client.get("/"))
    text = text_of(client.get(KRAKEN))
    assert "Observed Waiting for the first run No check has finished yet." in text
    assert re.search(r"It has not run yet\. Due \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", text)


def test_one_check_that_is_switched_off_is_not_passed_over(client: Client, catalogue: None) -> None:
    record_all({Kind.ORDER_BOOK: Outcome.FAILED})
    Check.objects.filter(kind=Kind.ORDER_BOOK).update(enabled=False)

    for address in ("/", KRAKEN):
        text = text_of(client.get(address))
        assert "Operational" in text
        assert "4 of 5 checks OK, 1 switched off." in text


# One exchange


@pytest.mark.parametrize(
    ("address", "stated"),
    [
        (
            KRAKEN,
            [
                "Centralized exchange (CEX)",
                "Central limit order book (CLOB)",
                "Maintainer None",
                "Voted in Epoch 6",
                "https://www.kraken.com/",
                "https://coinmarketcap.com/exchanges/kraken/",
                "https://www.coingecko.com/en/exchanges/kraken",
                "https://docs.kraken.com/rest/",
                "https://www.kraken.com/en-us/features/fee-schedule",
                "Supported countries Not available",
                "connect kraken",
                "Enter your kraken API key >>>",
                "Enter your kraken secret key >>>",
                "You are now connected to kraken",
                "ID kraken Connection type WebSocket Order types LIMIT LIMIT_MAKER",
                "https://github.com/hummingbot/hummingbot/tree/master/hummingbot/connector/exchange/kraken",
                "connect kraken_paper_trade instead of connect kraken",
                "Support Hummingbot",
                "HIP-35 Update Kraken connector Improvement 600,000 HBOT Foundation Paid",
                "Perp Connector. Not checked, because the exchange does not offer it.",
                "Spot Candles Feed. Not checked, because it is not built.",
                "Perp Candles Feed. Not checked, because it is not built.",
            ],
        ),
        (
            KUCOIN,
            [
                "Silver",
                "Maintainer Hummingbot Foundation",
                "https://www.kucoin.com/support/10247584234521",
                "Supports MARKET order type",
                "Supports testnet",
                "LIMIT LIMIT_MAKER MARKET",
                "Position modes One-way, Hedge",
                "Enter your kucoin_perpetual passphrase >>>",
                "connect kucoin_perpetual_testnet",
                "https://www.kucoin.com/support/7909075578521",
                "Intervals 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 1w",
                'CandlesFactory.get_candle(connector="kucoin",',
                "Log in to KuCoin ( https://www.kucoin.com ), click the avatar",
                "The API passphrase is asked for whenever the API is used",
                "Click the button to confirm",
                "6974 Bug: P2 136,000 HBOT Foundation Paid",
            ],
        ),
    ],
)
def test_exchange_page_shows_what_the_source_page_states(
    client: Client, tiers: None, address: str, stated: list[str]
) -> None:
    text = text_of(client.get(address))
    assert [words for words in stated if words not in text] == []


def test_failed_check_tells_cause_side_limit_and_time(client: Client, catalogue: None) -> None:
    record_all({Kind.ORDER_BOOK: Outcome.FAILED}, summary="answers: no (limit: yes)")
    result = Result.objects.get(live_check=checks_of_kraken()[Kind.ORDER_BOOK])

    response = client.get(KRAKEN)
    text = text_of(response)

    assert "Observed Failing 4 of 5 checks OK, 1 failed." in text
    assert "Cause The connection was refused or broke transport Whose side The exchange" in text
    assert "1 condition Conditions of Order book Condition Limit Seen Outcome Answers yes no Failed" in text
    assert f"Run {result.started_at:%Y-%m-%d %H:%M:%S} UTC (5 seconds ago) Took 250 ms Failed since" in text
    assert "Evidence Calls 3 Host: rest 127.0.0.1:8443" in text
    assert f'<time datetime="{result.started_at:%Y-%m-%dT%H:%M:%S}Z">' in response.content.decode()


def test_failed_check_says_how_sure_it_is_and_why(client: Client, catalogue: None) -> None:
    record(
        checks_of_kraken()["order_book"],
        Outcome.FAILED,
        at=timezone.now(),
        confidence=Confidence.LOW,
        reasons=("Unrelated hosts answer.", "Nobody else could be asked."),
    )

    text = text_of(client.get(KRAKEN))

    assert "Whose side The exchange How sure The likeliest of several" in text
    assert "Unrelated hosts answer. Nobody else could be asked." in text


def test_a_check_that_is_ok_gives_no_reasons(client: Client, catalogue: None) -> None:
    record_all(reasons=("Every condition is met.",))

    assert "Every condition is met." not in text_of(client.get(KRAKEN))


def test_what_is_our_own_doing_turns_no_light_red(client: Client, catalogue: None) -> None:
    record_all()
    record(
        checks_of_kraken()["auth"],
        Outcome.FAILED,
        at=timezone.now(),
        cause=Cause.AUTH_REJECTED,
        blame=Blame.CREDENTIALS,
    )

    text = text_of(client.get(KRAKEN))

    assert "Observed Operational 4 of 5 checks OK, 1 inconclusive." in text
    assert "Our side Authentication" in text
    assert "Failed Authentication" not in text
    assert "Whose side: the key that is configured here." in text


def test_checks_that_fail_for_one_reason_are_told_together(client: Client, catalogue: None) -> None:
    outcomes = dict.fromkeys((Kind.MARKETS, Kind.ORDER_BOOK), Outcome.FAILED) | {Kind.CONNECTIVITY: Outcome.DEGRADED}
    record_all(outcomes)
    told = "Markets , Order book : The connection was refused or broke. Whose side: the exchange."
    for address in ("/", KRAKEN):
        text = text_of(client.get(address))
        assert f"Failed {told}" in text
        assert "Degraded Connectivity : Slower than the limit. Whose side: the exchange. As it is" in text


def test_what_kept_us_from_finding_out_is_told_at_once_and_a_missing_key_is_not(
    client: Client, catalogue: None
) -> None:
    record_all(dict.fromkeys(Kind, Outcome.INCONCLUSIVE), cause=Cause.NO_NETWORK)
    assert "Paper orders : This monitor had no network." in text_of(client.get(KRAKEN))

    record(checks_of_kraken()[Kind.AUTH], Outcome.INCONCLUSIVE, at=timezone.now(), cause=Cause.NO_CREDENTIALS)
    assert "Markets , Order book , Paper orders : This monitor had no network." in text_of(client.get(KRAKEN))


@pytest.mark.slow(reason="a real run watches the order book for five seconds")
def test_page_shows_what_a_real_run_saw(client: Client, catalogue: None, sandbox: SandboxThread[KrakenSandbox]) -> None:
    for claim in scheduler.claim_due_checks(timezone.now()):
        runner.run_claim(claim.exchange_slug, claim.token)

    text = text_of(client.get(KRAKEN))
    status = exchange_status("kraken", timezone.now())
    ladder = next(view.ladder for view in status.checks if view.check.kind == Kind.ORDER_BOOK)

    assert "5 of 5 checks OK." in text
    assert "These results come from the sandbox on this machine, not from Kraken." in text
    assert ladder is not None
    assert len(ladder.rows) == 10
    best_bid, best_ask = ladder.rows[0]
    assert best_bid is not None
    assert best_ask is not None
    assert f"{best_bid.size} {best_bid.price} {best_ask.price} {best_ask.size}" in text


@pytest.mark.parametrize(
    ("source", "banner"),
    [
        ("sandbox", "Sandbox. These results come from the sandbox on this machine, not from Kraken."),
        ("live", "Live. These results come from the live endpoints of Kraken."),
        ("custom", "Custom endpoints. These results come from addresses that the operator set"),
    ],
)
def test_page_and_each_result_say_where_the_results_come_from(
    client: Client, catalogue: None, source: str, banner: str
) -> None:
    record_all(source=source)

    text = text_of(client.get(KRAKEN))

    assert banner in text
    label = {"sandbox": "Sandbox", "live": "Live endpoints", "custom": "Custom endpoints"}[source]
    assert text.count(f"Source {label}") == 5


def test_results_from_different_places_are_called_mixed(client: Client, catalogue: None) -> None:
    record_all(source="live")
    record(checks_of_kraken()[Kind.AUTH], at=timezone.now(), source="sandbox")
    assert "Mixed. These results come from different places" in text_of(client.get("/"))
    assert index_status(timezone.now()).headline == "Kraken works, not all of it seen live"


@pytest.mark.parametrize(("source", "title"), [("sandbox", "Operational (sandbox)"), ("live", "Operational")])
def test_title_does_not_pass_a_sandbox_off_as_the_exchange(
    client: Client, catalogue: None, source: str, title: str
) -> None:
    record_all(source=source)
    assert f"<title>Kraken: {title} · Bellwether</title>" in client.get(KRAKEN).content.decode()


def test_what_a_venue_says_cannot_become_markup(client: Client, catalogue: None) -> None:
    hostile = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    record_all(summary=hostile, evidence={"said": hostile, hostile: hostile})

    for address in ("/", KRAKEN):
        html = client.get(address).content.decode()
        assert "<script>" not in html
        assert "<img" not in html


def test_evidence_of_any_shape_is_shown(client: Client, catalogue: None) -> None:
    for evidence, shown in (
        ({"left_out": "70000 characters"}, "Left out 70000 characters"),
        ({"bids": "none", "asks": 7}, "Bids none"),
        ({"bids": [["x", "y"]], "a": {}}, "Bids x, y"),
        ({"bids": [["1", "1E+999999"]]}, "Bids 1, 1E+999999"),
        ({"asks": [["1", "NaN"]], "bids": [["1", "1"]]}, "Asks 1, NaN"),
        ({"said": [{"code": 1}, "later"]}, "Said {'code': 1}, later"),
        ({}, "Host: rest 127.0.0.1:8443"),
    ):
        record_all(evidence=evidence)
        assert shown in text_of(client.get(KRAKEN))


# Wrong addresses and broken insides


def test_unknown_exchange_is_answered_with_the_nearest_one(client: Client, catalogue: None) -> None:
    response = client.get("/exchanges/krakn/")
    assert response.status_code == 404
    assert "No exchange is called “krakn” here: did you mean kraken" in text_of(response)
    assert 'href="/exchanges/kraken/"' in response.content.decode()


@pytest.mark.parametrize("address", ["/exchanges/%00/", "/exchanges/%F0%9F%90%91/", "/exchanges/gate.io/", "/nowhere"])
def test_any_other_address_is_a_plain_404(client: Client, catalogue: None, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "All exchanges" in text_of(response)


def test_no_traceback_on_any_page(catalogue: None) -> None:
    record_all()
    Result.objects.update(conditions=[{"half": "a condition"}])

    response = Client(raise_request_exception=False).get(KRAKEN)

    assert response.status_code == 500
    text = text_of(response)
    assert "Something went wrong here" in text
    assert "Traceback" not in text
    assert "KeyError" not in text


def test_conditions_that_are_not_met_come_first_on_the_page(client: Client, catalogue: None) -> None:
    record_all()
    Result.objects.update(
        conditions=[
            {"name": f"{interval}_age", "limit": "", "seen": "", "outcome": outcome}
            for interval, outcome in [("1m", "ok"), ("5m", "degraded"), ("1h", "ok"), ("1d", "failed")]
        ]
    )

    shown = [condition.title for condition in exchange_status("kraken", timezone.now()).checks[0].conditions]

    assert shown == ["1d age", "5m age", "1m age", "1h age"]


# Other days than today


def test_page_says_which_day_its_tiers_are_of_and_leads_back(client: Client, tiers: None) -> None:
    record_all()

    for address in ("/", KRAKEN):
        response = client.get(f"{address}?as_of=2023-09-30")
        text = text_of(response)
        assert "as of 2023-09-30 . What is observed is observed now. Back to today" in text
        assert "5 of 5 checks OK." in text
        assert f'<a href="{address}">Back to today</a>' in response.content.decode()
        assert "Back to today" not in text_of(client.get(address))


def test_exchange_has_the_tier_and_the_history_of_the_day_asked_about(client: Client, tiers: None) -> None:
    then, before = (text_of(client.get(f"{KUCOIN}?as_of={day}")) for day in ("2023-09-30", "2022-12-31"))

    assert "Promised Silver" in then
    assert "Voted in Epoch 5 In force since 2023-07-06" in then
    assert "Epoch 6" not in then
    assert "Promised No tier No vote has decided about it." in before


def test_exchange_known_from_votes_alone_is_a_line_and_no_empty_card(client: Client, catalogue: None) -> None:
    make_exchange("votes", tier="")

    html = client.get("/").content.decode()

    assert html.count("<article") == 1
    assert '<a href="/exchanges/votes/">Votes</a>' in html.partition("Known from votes or proposals alone")[2]
    text = text_of(client.get("/exchanges/votes/"))
    assert "Votes is known from votes alone: the registry lists no connector of it." in text
    assert "Live checks" not in text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("as_of=", "Parameter as_of: “” is no day: write YYYY-MM-DD, such as 2023-11-10"),
        ("as_of=10.11.2023", "Parameter as_of: “10.11.2023” is no day: write YYYY-MM-DD"),
        ("as_of=2023-02-30", "Parameter as_of: “2023-02-30” is not in the calendar"),
        ("as_of=9999-12-31", "Parameter as_of: 9999-12-31 lies ahead of today"),
        ("as_of=2023-01-01&as_of=2023-01-02", "Parameter as_of: given more than once: give it once"),
        ("asof=2023-01-01", "Parameter asof: unknown parameter; known here: "),
    ],
)
def test_day_that_cannot_be_meant_is_a_plain_400_that_says_what_to_write(
    client: Client, catalogue: None, query: str, said: str
) -> None:
    for address in ("/", KRAKEN):
        response = client.get(f"{address}?{query}")
        assert (response.status_code, said in text_of(response)) == (400, True)
