"""Bounties stand with what they are for; pots say what is left of them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from registry.choices import BountyState, BountyUnit, ComponentKind
from registry.models import Component, Epoch, Exchange, Proposal
from tests.registry.bounties.factories import make_bounty, make_changeset, make_pot

pytestmark = pytest.mark.django_db


@pytest.fixture
def spot(exchange: Exchange) -> Component:
    return Component.objects.create(exchange=exchange, kind=ComponentKind.SPOT_CONNECTOR, status="not_built")


def section(client: Client, address: str, start: str, end: str) -> str:
    """The words between two pieces of markup of a page, without its tags."""
    response = client.get(address)
    assert response.status_code == 200
    html = response.content.decode()
    part = html[html.index(start) : html.index(end, html.index(start))]
    return " ".join(re.sub(r"<[^>]*>", " ", part).split())


def component_section(client: Client) -> str:
    return section(client, "/exchanges/some-exchange/", '<article class="card component"', "</article>")


def bounty_section(client: Client) -> str:
    return section(client, "/exchanges/some-exchange/", "<h3>Bounties</h3>", "<h3>Pots</h3>")


def pot_section(client: Client) -> str:
    return section(client, "/exchanges/some-exchange/", "<h3>Pots</h3>", "<h3>Proposals</h3>")


def test_bounty_for_a_component_stands_in_its_section_with_all_its_facts(
    client: Client, exchange: Exchange, spot: Component
) -> None:
    make_bounty(
        exchange,
        component=spot,
        tracker_id="7211",
        title="Build it",
        sponsor="Some Sponsor",
        state=BountyState.ASSIGNED,
        assignee="octocat",
        issue_url="https://github.com/hummingbot/hummingbot/issues/7211",
        proposal=Proposal.objects.create(kind="hip", number="HIP-99", url="https://snapshot.org/x"),
        last_synced_at=datetime(2026, 3, 1, tzinfo=UTC),
    )

    text = component_section(client)

    assert "7211 Build it Improvement 10,000 HBOT Some Sponsor Assigned, to octocat HIP-99 2026-03-01" in text
    assert "7211" not in bounty_section(client)
    html = client.get("/exchanges/some-exchange/").content.decode()
    assert '<a href="https://github.com/hummingbot/hummingbot/issues/7211">7211</a>' in html


def test_bounty_for_the_exchange_stands_in_its_governance_section(
    client: Client, exchange: Exchange, spot: Component
) -> None:
    make_bounty(exchange, tracker_id="7", amount=None)
    removed = Component.objects.create(exchange=exchange, kind=ComponentKind.PERP_CONNECTOR, status="removed")
    make_bounty(exchange, component=removed, tracker_id="8", amount=Decimal(5), unit="")

    text = bounty_section(client)

    assert "7 Improvement not stated – Open – –" in text
    assert "8 Improvement 5 (unit not stated) – Open – –" in text
    assert "Bounties" not in component_section(client)


def test_pot_shows_what_it_holds_and_says_when_it_is_overspent(client: Client, exchange: Exchange) -> None:
    assert pot_section(client) == "Pots No pot was ever voted."
    epoch = Epoch.objects.create(number=6)
    pot = make_pot(exchange, 400_000, epoch=epoch)
    make_bounty(exchange, pot=pot, amount=Decimal(150_000))
    make_bounty(exchange, pot=pot, amount=Decimal(300_000), state=BountyState.PAID)
    make_bounty(exchange, tracker_id="9", pot=pot, amount=Decimal(70), unit=BountyUnit.USDC)

    text = pot_section(client)

    assert "Epoch 6 CEX connectors 400,000 HBOT 150,000 HBOT 300,000 HBOT -50,000 HBOT (overspent)" in text
    assert "Bounty 9 (70 USDC) names the HBOT pot of Epoch 6, and is not counted in it." in text
    assert "pot of Epoch 6" in bounty_section(client)


def test_pots_of_an_epoch_name_whose_they_are(exchange: Exchange) -> None:
    epoch = Epoch.objects.create(number=6)
    make_pot(exchange, 400_000, epoch=epoch)
    template = Template(
        '{% load bounties %}{% epoch_pots epoch as pots %}{% include "registry/_pot_table.html" with by_subject=True %}'
    )

    html = template.render(Context({"epoch": epoch, "caption": "Pots"}))

    assert '<a href="/exchanges/some-exchange/">Some Exchange</a>' in html
    assert "Pot of" in html
    assert "Epoch" not in html


def test_bounty_of_a_pot_that_was_taken_back_says_so(client: Client, exchange: Exchange) -> None:
    epoch = Epoch.objects.create(number=6)
    changeset = make_changeset(epoch)
    make_bounty(exchange, tracker_id="7", pot=make_pot(exchange, 1, epoch=epoch, changeset=changeset))
    make_changeset(epoch, reverses=changeset)

    assert "pot of Epoch 6 (taken back: nobody pays)" in bounty_section(client)
    assert pot_section(client) == "Pots No pot was ever voted."
    assert "7 Some Exchange" in section(client, "/bounties/", '<h2 id="unpaid">', "</section>")


def test_page_of_bounties_shows_the_open_ones_and_those_of_no_exchange(client: Client, exchange: Exchange) -> None:
    make_bounty(exchange, tracker_id="HIP-7")
    make_bounty(exchange, tracker_id="HIP-8", state=BountyState.PAID)
    make_bounty(tracker_id="HIP-9", state=BountyState.PAID, named="Docs", part=2)

    open_ones = section(client, "/bounties/", '<h2 id="open">', "</section>")
    general = section(client, "/bounties/", '<h2 id="general">', "</section>")

    assert re.findall(r"HIP-\d", open_ones) == ["HIP-7"]
    assert "HIP-7 Some Exchange Improvement" in open_ones
    assert re.findall(r"HIP-\d", general) == ["HIP-9"]
    assert "HIP-9, part 2 Docs Improvement 10,000 HBOT" in general
    html = client.get("/bounties/").content.decode()
    assert "unpaid" not in html
    assert html.count("<table") == html.count("<caption") == 2
    assert client.get("/bounties/")["Content-Security-Policy"].startswith("default-src 'none'")
    assert client.post("/bounties/").status_code == 405


def test_pages_take_no_more_queries_for_more_bounties(client: Client, exchange: Exchange, spot: Component) -> None:
    def queries() -> list[int]:
        counts = []
        for address in ("/bounties/", "/exchanges/some-exchange/"):
            with CaptureQueriesContext(connection) as captured:
                client.get(address)
            counts.append(len(captured))
        return counts

    def fill() -> None:
        epoch = Epoch.objects.create(number=Epoch.objects.count() + 1)
        proposal = Proposal.objects.create(kind="hip", number="HIP-1")
        pot = make_pot(exchange, 1000, epoch=epoch)
        for component in (spot, None):
            make_bounty(exchange, component=component, pot=pot, proposal=proposal)
        make_bounty(pot=pot, proposal=proposal)

    fill()
    before = queries()
    for _ in range(3):
        fill()

    assert queries() == before


def test_tier_history_says_what_was_an_override_and_what_was_taken_back(client: Client, exchange: Exchange) -> None:
    epoch = Epoch.objects.create(number=6)
    changeset = make_changeset(epoch)
    facts = {"epoch": "Epoch 6", "reason": "poll", "decided_by": "HBOT holders", "recorded_by": "anna"}
    day = date(2023, 10, 1)
    exchange.tier_assignments.create(tier="gold", effective_from=day, changeset=changeset, **facts)
    exchange.tier_assignments.create(
        tier="bronze", effective_from=day, basis="override", expires_on=date(2023, 12, 31), **facts
    )
    make_changeset(epoch, reverses=changeset)

    text = section(client, "/exchanges/some-exchange/", "<h3>Tiers</h3>", "<h3>Bounties</h3>")

    assert "2023-10-01 Bronze override until 2023-12-31 Epoch 6" in text
    assert "2023-10-01 Gold taken back from 2023-10-14 Epoch 6" in text
