"""A small registry whose exchanges differ in everything that one may ask the list for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from monitoring.checks.outcomes import Outcome
from registry.choices import (
    BountyKind,
    BountyState,
    ComponentKind,
    DeclaredStatus,
    ExchangeType,
    Lifecycle,
    MaintainerKind,
    MaintenanceState,
    MarketType,
    SubjectKind,
    Tier,
)
from registry.models import Alias, Bounty, Exchange, Maintainer, Subject
from tests.monitoring.factories import make_check, make_component, make_exchange, record

if TYPE_CHECKING:
    from django.test import Client

LIST = "/api/v1/exchanges/"


def open_market_place() -> None:
    """Six exchanges that differ in everything one may ask for, and one that is known from votes alone."""
    foundation = Maintainer.objects.create(slug="foundation", name="The Foundation", kind=MaintainerKind.ORGANISATION)
    alpha = make_exchange("alpha", tier=Tier.GOLD)
    cex(alpha)
    spot = make_component(alpha, order_types=["LIMIT", "MARKET"], paper_connector_id="alpha_paper_trade")
    make_component(alpha, kind=ComponentKind.PERP_CANDLES, status=DeclaredStatus.NOT_BUILT, connector_id="")
    alpha.maintenances.create(maintainer=foundation, state=MaintenanceState.ACTIVE)
    record(make_check(spot), Outcome.FAILED, at=timezone.now())

    beta = make_exchange("beta", tier=Tier.SILVER)
    cex(beta)
    record(make_check(make_component(beta, order_types=["LIMIT"])), at=timezone.now())
    beta.maintenances.create(maintainer=None, state=MaintenanceState.SEEKING)

    gamma = make_exchange("gamma-io", tier="")
    Exchange.objects.filter(pk=gamma.pk).update(name="Gámma.io", exchange_type=ExchangeType.DEX)
    make_component(gamma, kind=ComponentKind.AMM_CONNECTOR, connector_id="gammaLP/router")
    Bounty.objects.create(exchange=gamma, tracker_id="1", kind=BountyKind.BUG_P2, state=BountyState.OPEN)
    Bounty.objects.create(exchange=alpha, tracker_id="2", kind=BountyKind.BUG_P2, state=BountyState.PAID)

    new = make_exchange("novel", tier="")
    make_component(new)
    old = make_exchange("ancient", tier="")
    Exchange.objects.filter(pk=old.pk).update(lifecycle=Lifecycle.RENAMED, renamed_to=new)
    subject = Subject.objects.create(kind=SubjectKind.EXCHANGE, slug="novel", name="Novel", exchange=new)
    Alias.objects.create(subject=subject, name="No Vel Perpetual", key="novelperpetual")

    gone = make_exchange("gone", tier="")
    Exchange.objects.filter(pk=gone.pk).update(lifecycle=Lifecycle.REMOVED, removed_in="1.21.0")
    make_component(gone, status=DeclaredStatus.REMOVED, order_types=["LIMIT"])
    make_exchange("votes", tier=Tier.BRONZE)


def cex(exchange: Exchange) -> None:
    Exchange.objects.filter(pk=exchange.pk).update(exchange_type=ExchangeType.CEX, market_type=MarketType.CLOB)


def found(client: Client, query: str) -> list[str]:
    return [row["slug"] for row in client.get(f"{LIST}?{query}").json()["result"]]
