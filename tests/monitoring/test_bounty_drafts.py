"""Bounties from evidence: which failures are worth one, what is asked for, and that nothing is asked for twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from monitoring.bounty_drafts import BUILD, REPAIR, Draft, bounty_drafts
from monitoring.bounty_text import quoted
from monitoring.checks.outcomes import Blame, Cause, Kind, Outcome
from registry.choices import BountyKind, BountyState, ComponentKind, DeclaredStatus
from registry.models import Bounty, Exchange
from registry.services.bounties.tracker import import_tracker
from registry.services.epochs.actors import CATALOGUE
from tests.monitoring.factories import NOON, make_check, make_component, make_exchange, record
from tests.monitoring.test_page_markup import assert_good_page

if TYPE_CHECKING:
    from datetime import datetime

    from django.test import Client
    from pytest_django.fixtures import DjangoAssertNumQueries

    from monitoring.models import Check

pytestmark = pytest.mark.django_db

OWN_FAULT = {"cause": Cause.MALFORMED_PAYLOAD, "blame": Blame.CONNECTOR}
ISSUE = "https://github.com/hummingbot/hummingbot/issues/9001"


def drafts(now: datetime = NOON) -> list[Draft]:
    return list(bounty_drafts(now, lambda path: f"https://bell.example{path}"))


def fail(check: Check, *hours_before_noon: float, **fields: Any) -> None:
    for hours in hours_before_noon:
        record(check, Outcome.FAILED, at=NOON - timedelta(hours=hours), **(OWN_FAULT | fields))


@pytest.fixture
def check() -> Check:
    return make_check(kind=Kind.ORDER_BOOK.value)


def test_a_day_of_the_connectors_own_fault_is_worth_a_draft(check: Check) -> None:
    fail(check, 30, 25, 12, 0, summary="bids[3] is `not` a number | <b>", evidence={"pair": "BTC-USD"})

    [draft] = drafts()

    assert (draft.basis, draft.since, draft.cause, draft.posted) == (
        REPAIR,
        NOON - timedelta(hours=30),
        OWN_FAULT["cause"],
        None,
    )
    assert draft.title == "Fix kraken, Spot Connector: the answer could not be read"
    assert "(`kraken`) has failed by its own fault since 2026-11-20 06:00 UTC, for 1 day" in draft.text
    assert "https://bell.example/exchanges/kraken/" in draft.text
    assert "- Order book (`BTC-USD`), since 2026-11-20 06:00 UTC: ``bids[3] is `not` a number | <b>``" in draft.text
    assert "  - `answers`: saw `no`, limit `yes`" in draft.text
    assert (
        "`python -m monitoring.checks kraken --kind order_book --pair BTC-USD` (no capture of this check is kept)"
        in draft.text
    )
    assert "- Bellwether's `python -m monitoring.checks kraken --kind order_book` exits with 0, live" in draft.text
    assert all(f"### {name}" in draft.text for name in ("Sponsor", "Bounty amount", "Developer portion"))
    assert f"Fingerprint: `{draft.fingerprint}`" in draft.text


def test_what_is_pasted_into_a_shell_is_one_word_and_what_is_a_name_is_no_markup(check: Check) -> None:
    Exchange.objects.update(name="Kraken <img> *Pro*")
    fail(check, 30, 0, evidence={"pair": "BTC-`id`;USD"})

    [draft] = drafts()

    assert "``python -m monitoring.checks kraken --kind order_book --pair 'BTC-`id`;USD'``" in draft.text
    assert "- Order book (``BTC-`id`;USD``), since" in draft.text
    assert "Spot Connector of Kraken &lt;img&gt; \\*Pro\\* (`kraken`)" in draft.text


def test_the_capture_of_the_run_is_the_reproduction(check: Check) -> None:
    fail(check, 30)
    fail(check, 0, write_capture=lambda: b"the wire")

    [draft] = drafts()

    result = check.latest_result_id
    assert (
        f"(https://bell.example/exchanges/kraken/captures/{result}/): `python -m monitoring.checks --replay FILE`"
        in draft.text
    )


def test_what_is_too_short_or_interrupted_is_not(check: Check) -> None:
    fail(check, 23.9, 0)
    assert drafts() == []

    later = NOON + timedelta(minutes=6)
    fail(check, -0.1)
    assert len(drafts(later)) == 1

    record(check, Outcome.OK, at=NOON + timedelta(minutes=7))
    fail(check, -0.2)
    assert drafts(NOON + timedelta(minutes=12)) == []


@pytest.mark.parametrize("blame", [Blame.EXCHANGE, Blame.CREDENTIALS, Blame.VANTAGE])
def test_nobody_is_asked_to_repair_what_is_not_the_connectors_fault(check: Check, blame: Blame) -> None:
    fail(check, 30, 0, blame=blame)
    assert drafts() == []


def test_another_reason_in_between_begins_a_new_streak(check: Check) -> None:
    fail(check, 48)
    fail(check, 20, blame=Blame.EXCHANGE)
    fail(check, 10, 0)
    assert drafts() == []


def test_nothing_is_drafted_from_what_nobody_looks_at_any_more(check: Check) -> None:
    fail(check, 30, 0)
    assert drafts(NOON + timedelta(days=2)) == []

    check.enabled = False
    check.save(update_fields=["enabled"])
    assert drafts() == []


def test_nothing_is_drafted_for_an_exchange_that_was_removed(check: Check) -> None:
    fail(check, 30, 0)
    make_component(check.component.exchange, kind=ComponentKind.PERP_CONNECTOR, status=DeclaredStatus.NOT_BUILT)
    assert len(drafts()) == 2

    Exchange.objects.update(lifecycle="removed")
    assert drafts() == []


def test_one_fault_that_several_checks_meet_is_one_draft(check: Check) -> None:
    paper = make_check(check.component, kind=Kind.PAPER_ORDER.value)
    auth = make_check(check.component, kind=Kind.AUTH.value)
    fail(check, 30, 0)
    fail(paper, 40, 0)
    fail(auth, 26, 0, cause=Cause.CONNECTOR_ERROR)

    first, second = drafts()

    assert (first.since, first.cause) == (NOON - timedelta(hours=40), Cause.MALFORMED_PAYLOAD)
    assert "--kind order_book` exits" in first.text
    assert "--kind paper_order` exits" in first.text
    assert (second.cause, second.since) == (Cause.CONNECTOR_ERROR, NOON - timedelta(hours=26))
    assert first.fingerprint != second.fingerprint


def test_the_fingerprint_outlasts_what_the_venue_answers(check: Check) -> None:
    fail(check, 30, 0, summary="one thing")
    [before] = drafts()
    fail(check, -1, summary="another")
    [after] = drafts(NOON + timedelta(hours=1))
    assert before.fingerprint == after.fingerprint
    assert before.text != after.text


@pytest.mark.parametrize(
    ("state", "is_told"),
    [(BountyState.OPEN, True), (BountyState.MERGED, True), (BountyState.PAID, False), (BountyState.CLOSED, False)],
)
def test_a_draft_whose_bounty_is_posted_says_where(check: Check, state: BountyState, is_told: bool) -> None:
    fail(check, 30, 0)
    [draft] = drafts()
    bounty = Bounty.objects.create(
        exchange=check.component.exchange,
        tracker_id="9001",
        kind=BountyKind.BUG_P2,
        state=state,
        issue_url=ISSUE,
        fingerprint=draft.fingerprint,
    )
    assert drafts()[0].posted == (bounty if is_told else None)


def test_not_built_offers_a_draft_to_build_with_the_checks_it_has_to_pass() -> None:
    kraken = make_exchange()
    make_component(kraken)
    make_component(kraken, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT, connector_id="")
    make_component(kraken, kind=ComponentKind.PERP_CANDLES, status=DeclaredStatus.NOT_AVAILABLE, connector_id="")
    lone = make_exchange("lone", tier="")
    make_component(lone, status=DeclaredStatus.NOT_BUILT, connector_id="", notes="No API for `retail`")

    feed, connector = drafts()

    assert (feed.basis, feed.title, feed.kind) == (
        BUILD,
        "Build the Spot Candles Feed of Kraken",
        BountyKind.IMPROVEMENT,
    )
    assert "The bot has `kraken` of this exchange already." in feed.text
    assert "- Bellwether's `python -m monitoring.checks kraken --kind candles` exits with 0, live" in feed.text
    assert (connector.title, connector.kind) == ("Build the Spot Connector of Lone", BountyKind.NEW_CONNECTOR)
    assert "The registry notes: `` No API for `retail` ``. The bot has no connector to it yet." in connector.text
    assert "<its id> --kind order_book" in connector.text


@pytest.mark.parametrize("kind", [ComponentKind.PERP_CONNECTOR, ComponentKind.PERP_CANDLES])
def test_what_the_spot_connector_passes_already_is_no_proof_of_another_market(kind: ComponentKind) -> None:
    kraken = make_exchange()
    make_component(kraken)
    make_component(kraken, kind=kind, status=DeclaredStatus.NOT_BUILT, connector_id="")

    [draft] = drafts()

    assert "--kind" in draft.text
    assert "checks kraken" not in draft.text
    assert "`python -m monitoring.checks <its id> --kind" in draft.text


def test_a_kind_that_no_check_answers_for_asks_for_none() -> None:
    exchange = make_exchange("osmosis", tier="")
    make_component(exchange, kind=ComponentKind.AMM_DATA_FEED, status=DeclaredStatus.NOT_BUILT, connector_id="")

    [draft] = drafts()

    assert "### Done when\n\n- the registry declares it available\n" in draft.text


def test_the_number_of_queries_grows_with_nothing(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    for number in range(6):
        exchange = make_exchange(f"exchange-{number}", tier="")
        component = make_component(exchange)
        fail(make_check(component, kind=Kind.ORDER_BOOK.value), 30, 0)
        make_component(exchange, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT, connector_id="")
    with django_assert_max_num_queries(6):
        assert len(drafts()) == 12


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "(nothing)"),
        ("plain\n text", "`plain text`"),
        ("a `b` c", "``a `b` c``"),
        ("`", "`` ` ``"),
        ("``x``", "``` ``x`` ```"),
        ("sixof\u202e\x1bwt", "`sixof\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}wt`"),
    ],
)
def test_what_a_venue_answered_is_quoted(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_pages_and_json_offer_the_drafts(client: Client, check: Check) -> None:
    fail(check, 30, 0, summary="<script>alert(1)</script>")
    moved = timezone.now() - NOON  # the pages ask about now
    for result in check.results.all():
        type(result).objects.filter(pk=result.pk).update(
            started_at=result.started_at + moved, finished_at=result.finished_at + moved
        )
    type(check).objects.update(fresh_until=timezone.now() + timedelta(minutes=5))

    listing = client.get("/bounties/drafts/").content.decode()
    document = client.get("/api/v1/bounties/drafts/").json()
    [draft] = document["result"]
    page = client.get(draft["html_url"])

    assert draft["title"] in listing
    assert "Not posted" in listing
    assert_good_page(client.get("/bounties/drafts/"))
    assert_good_page(page)
    assert (draft["connector_id"], draft["basis"], draft["posted"], draft["kind"]) == ("kraken", "repair", None, None)
    assert "http://testserver/exchanges/kraken/" in draft["text"]
    assert "&lt;script&gt;" in page.content.decode()
    assert "<script>alert" not in page.content.decode()
    assert "An editor of this registry records it" in page.content.decode()
    assert client.get("/bounties/drafts/0123abcd/").status_code == 404
    assert client.get("/bounties/drafts/?as_of=2023-01-01").status_code == 400


def test_an_editor_records_what_was_posted(admin_client: Client, check: Check, admin_user: User) -> None:
    make_component(
        check.component.exchange, kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT, connector_id=""
    )
    [draft] = drafts()
    form = admin_client.get(draft.record_path).context["adminform"].form
    filled_in = {name: value for name, value in form.initial.items() if value not in (None, "")}
    assert filled_in["fingerprint"] == draft.fingerprint

    told = {**filled_in, "part": 1, "tracker_id": "9001", "why": "Posted today.", "unit": "", "sponsor": ""}
    refused = admin_client.post(draft.record_path, told)
    assert "a drafted bounty is recorded once it is posted" in refused.content.decode()

    admin_client.post(draft.record_path, {**told, "issue_url": ISSUE})
    bounty = Bounty.objects.get()
    assert (bounty.component, bounty.title, bounty.issue_url) == (draft.component, draft.title, ISSUE)
    assert drafts()[0].posted == bounty


def test_nobody_is_asked_to_post_what_is_posted(client: Client) -> None:
    component = make_component(make_exchange(), status=DeclaredStatus.NOT_BUILT, connector_id="")
    [draft] = drafts(timezone.now())
    address = f"/bounties/drafts/{draft.fingerprint}/"
    assert "Open an issue" in client.get(address).content.decode()

    Bounty.objects.create(
        exchange=component.exchange,
        tracker_id="9001",
        kind=BountyKind.NEW_CONNECTOR,
        state=BountyState.OPEN,
        issue_url=ISSUE,
        fingerprint=draft.fingerprint,
    )
    page = client.get(address)

    assert_good_page(page)
    assert "Open an issue" not in page.content.decode()
    assert f'Posted: <a href="{ISSUE}">9001</a>' in page.content.decode()


def test_a_recorded_bounty_follows_its_issue_in_the_tracker(check: Check) -> None:
    fail(check, 30, 0)
    [draft] = drafts()
    Bounty.objects.create(
        exchange=check.component.exchange,
        component=check.component,
        tracker_id="9001",
        title=draft.title,
        kind=BountyKind.BUG_P3,
        state=BountyState.OPEN,
        issue_url=ISSUE,
        fingerprint=draft.fingerprint,
    )
    header = "Bounty ID,Type,Source,Connector,Bounty Amount,Denomination,Bounty Status,Issue Link"
    for status, is_told in (("Assigned", True), ("Paid", False)):
        line = f'9001,Bug: P2,Foundation,Kraken,"50,000",HBOT,{status},{ISSUE}'
        import_tracker(f"{header}\n{line}\n".encode(), origin="tracker.csv", actor=CATALOGUE)

        bounty = Bounty.objects.get()
        assert (bounty.state, bounty.kind, bounty.amount) == (status.lower(), BountyKind.BUG_P2, 50_000)
        assert (bounty.title, bounty.fingerprint) == (draft.title, draft.fingerprint)
        assert (drafts()[0].posted is not None) is is_told
