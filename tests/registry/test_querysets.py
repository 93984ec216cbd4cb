"""Pages read the registry in a fixed number of queries, and the past can be asked for."""

from __future__ import annotations

from datetime import date

import pytest
from pytest_django import DjangoAssertNumQueries

from registry.choices import ComponentKind, DeclaredStatus, Tier
from registry.models import Component, Exchange
from registry.services.catalogue import load_catalogue
from tests.registry.test_models import assign


@pytest.fixture
def loaded(db: None) -> None:
    """The catalogue, in which no tier stands, and the tiers of two votes."""
    load_catalogue()
    for slug, tier in (("kraken", Tier.BRONZE), ("kucoin", Tier.SILVER)):
        for epoch, day in (("Epoch 5", date(2023, 7, 6)), ("Epoch 6", date(2023, 10, 14))):
            assign(Exchange.objects.get(slug=slug), tier, day, epoch=epoch)


@pytest.mark.parametrize(
    ("as_of", "tier"),
    [
        (date(2023, 1, 12), ""),
        (date(2023, 1, 13), "silver"),
        (date(2023, 10, 13), "silver"),
        (date(2023, 10, 14), "gold"),
        (date(2024, 1, 26), ""),
        (None, ""),
    ],
)
def test_with_tier_tells_the_tier_of_any_day(exchange: Exchange, as_of: date | None, tier: str) -> None:
    assign(exchange, Tier.SILVER, date(2023, 1, 13))
    assign(exchange, Tier.GOLD, date(2023, 10, 14))
    assign(exchange, "", date(2024, 1, 26))

    assert Exchange.objects.with_tier(as_of=as_of).get().current_tier == tier


def test_with_tier_can_be_filtered_on(loaded: None, exchange: Exchange) -> None:
    tiers = {e.slug: e.current_tier for e in Exchange.objects.with_tier()}

    assert {slug: tier for slug, tier in tiers.items() if tier} == {"kraken": "bronze", "kucoin": "silver"}
    assert Exchange.objects.with_tier().get(current_tier=Tier.SILVER).slug == "kucoin"
    assert Exchange.objects.with_tier().filter(current_tier="", slug="some-exchange").exists()


def test_index_takes_four_queries_for_any_number_of_exchanges(
    loaded: None, exchange: Exchange, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):
        everyone = [
            (
                e.name,
                e.current_tier_label,
                [str(maintainer) for maintainer in e.maintainers],
                [c.kind for c in e.components.all()],
                [a.epoch for a in e.tier_assignments.all() if a.withdrawn_on is None],
            )
            for e in Exchange.objects.for_index()
        ]

    epochs = ["Epoch 6", "Epoch 5"]
    shown = [row for row in everyone if row[0] in {"Kraken", "KuCoin", "Some Exchange"}]
    assert len(everyone) > 70
    kinds = ["spot_connector", "perp_connector", "spot_candles", "perp_candles"]
    assert shown == [
        ("Kraken", "Bronze", [], kinds, epochs),
        ("KuCoin", "Silver", ["Hummingbot Foundation"], kinds, epochs),
        ("Some Exchange", "", [], [], []),
    ]


def test_index_and_page_of_a_past_day_have_its_tiers(loaded: None) -> None:
    before = date(2023, 7, 5)
    assert {e.current_tier for e in Exchange.objects.for_index(as_of=before)} == {""}
    assert Exchange.objects.for_page(as_of=before).get(slug="kucoin").current_tier == ""
    assert Exchange.objects.for_page(as_of=date(2023, 7, 6)).get(slug="kucoin").current_tier == "silver"


def test_page_takes_seven_queries(loaded: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(7):
        kucoin = Exchange.objects.for_page().get(slug="kucoin")
        assert kucoin.current_tier_label == "Silver"
        assert kucoin.current_assignment is not None
        assert kucoin.current_assignment.epoch == "Epoch 6"
        assert [link.kind for link in kucoin.links.all()] == [
            "website",
            "coinmarketcap",
            "coingecko",
            "api_docs",
            "fees",
        ]
        assert [a.epoch for a in kucoin.tier_assignments.all()] == ["Epoch 6", "Epoch 5"]
        assert [(b.component and b.component.kind, b.proposal) for b in kucoin.bounties.all()] == [
            (None, None),
            ("spot_connector", None),
            (None, None),
        ]
        assert len(kucoin.components.all()) == 4
        assert list(kucoin.proposals.all()) == []


def test_offered_components_are_those_declared_available(
    loaded: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        offered = {(c.exchange.slug, c.kind) for c in Component.objects.offered()}

    assert {slug for slug, _ in offered} > {"kraken", "kucoin"}
    assert {(slug, kind) for slug, kind in offered if slug in {"kraken", "kucoin"}} == {
        ("kraken", "spot_connector"),
        ("kucoin", "spot_connector"),
        ("kucoin", "perp_connector"),
        ("kucoin", "spot_candles"),
        ("kucoin", "perp_candles"),
    }


def test_removed_components_are_not_listed(exchange: Exchange) -> None:
    exchange.components.create(kind=ComponentKind.SPOT_CONNECTOR, status=DeclaredStatus.REMOVED)
    kept = exchange.components.create(kind=ComponentKind.SPOT_CANDLES, status=DeclaredStatus.NOT_BUILT)

    assert list(exchange.components.listed()) == [kept]
    assert list(Exchange.objects.for_index().get().components.all()) == [kept]
