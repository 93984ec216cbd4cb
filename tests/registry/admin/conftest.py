"""A small registry to edit and to decide about, and people of every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from registry.governance.names import name_key
from registry.models import Alias, Bounty, Component, Exchange, Maintainer, Maintenance, Proposal, TierAssignment
from tests.registry.layers import for_the_module
from tests.registry.small_registry import small_registry


@pytest.fixture(autouse=True)
def _on_the_registry(registry: None, db: None) -> None:
    """Every test stands on the small registry."""


@pytest.fixture(scope="module")
def registry(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with for_the_module(django_db_blocker):
        _write_registry()
        yield


def _write_registry() -> None:
    small_registry()
    kucoin = Exchange.objects.get(slug="kucoin")
    Alias.objects.create(subject=kucoin.subject, name="Ku Coin", key=name_key("Ku Coin"))
    foundation = Maintainer.objects.create(slug="foundation", name="The Foundation", kind="organisation")
    Maintenance.objects.create(exchange=kucoin, maintainer=foundation, state="active")
    spot = Component.objects.create(exchange=kucoin, kind="spot_connector", status="available", connector_id="kucoin")
    Component.objects.create(exchange=kucoin, kind="perp_connector", status="available", position=1)
    proposal = Proposal.objects.create(kind="hip", number="HIP-35", title="A bounty")
    for number in ("6764", "HIP-35"):
        Bounty.objects.create(
            exchange=kucoin,
            component=spot,
            tracker_id=number,
            title="A bounty",
            kind="improvement",
            amount=Decimal(500),
            unit="USDC",
            state="open",
            proposal=proposal,
        )


@pytest.fixture
def decision() -> TierAssignment:
    return TierAssignment.objects.create(
        exchange=Exchange.objects.get(slug="kucoin"),
        tier="silver",
        epoch="Epoch 6",
        reason="CEX connector poll of a test",
        decided_by="HBOT holders",
        recorded_by="catalogue",
        effective_from=date(2023, 10, 14),
    )


@pytest.fixture
def signed_in() -> Callable[..., Client]:
    """Makes a client of a user with the given roles, signed in."""

    def sign_in(*roles: str) -> Client:
        user = User.objects.create_user("-".join(roles) or "nobody", is_staff=True)
        user.groups.set(Group.objects.filter(name__in=roles))
        client = Client()
        client.force_login(user)
        return client

    return sign_in
