"""Exchanges, components and maintainers are edited to what a catalogue file could say, and to nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from registry.models import Component, Exchange, Maintainer, Maintenance
from registry.services.catalogue import entry_of
from tests.registry.admin.test_editing import address, filled_in


def save(client: Client, exchange: Exchange, **changes: Any) -> list[str]:
    """Sends the exchange's form with *changes*; what it is refused for, none where it was saved."""
    url = address(Exchange, "change", exchange.pk)
    return refusals(client.post(url, filled_in(client, url, **changes, why="It was looked up.")))


def refusals(answer: Any) -> list[str]:
    if answer.status_code == 302:
        return []
    inlines = [inline.formset for inline in answer.context["inline_admin_formsets"]]
    forms = [answer.context["adminform"].form, *(form for formset in inlines for form in formset.forms)]
    of_forms = [f"{name}: {text}" for form in forms for name, texts in form.errors.items() for text in texts]
    return [*of_forms, *(text for formset in inlines for text in formset.non_form_errors())]


@pytest.fixture
def kucoin() -> Exchange:
    return Exchange.objects.get(slug="kucoin")


@pytest.fixture
def kraken() -> Exchange:
    return Exchange.objects.get(slug="kraken")


def test_exchange_is_renamed_and_its_facts_are_stated(admin_client: Client, kucoin: Exchange, kraken: Exchange) -> None:
    chains = '[{"chain": "ethereum", "networks": ["mainnet"]}]'

    assert (
        save(admin_client, kucoin, lifecycle="renamed", renamed_to=kraken.pk, removed_in="2.0.0", chains=chains) == []
    )

    kucoin.refresh_from_db()
    assert (kucoin.lifecycle, kucoin.renamed_to, kucoin.is_shipped) == ("renamed", kraken, False)
    assert entry_of(kucoin).chains[0].networks == ["mainnet"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lifecycle": "renamed"}, "renamed_to: say which entry it goes on under"),
        ({"renamed_to": "kraken"}, "renamed_to: only an exchange that was renamed goes on under another entry"),
        (
            {"lifecycle": "renamed", "renamed_to": "kucoin"},
            "renamed_to: leads back to this exchange: choose the entry that goes on",
        ),
        (
            {"lifecycle": "renamed", "renamed_to": "ascend-ex"},  # which goes on under KuCoin
            "renamed_to: leads back to this exchange: choose the entry that goes on",
        ),
        ({"removed_in": "2.0.0"}, "removed_in: only an exchange that was removed or renamed has such a release"),
        (
            {"lifecycle": "removed", "removed_in": "v2"},
            "removed_in: expected a release such as 1.13.0, got 'v2'",
        ),
        ({"chains": '[{"network": "x"}]'}, "chains: chains[0].network: unknown key; did you mean 'networks'?"),
        ({"chains": '{"chain": "x"}'}, "chains: expected a list, got a mapping"),
        ({"key_creation_steps": '["x"]'}, "key_creation_steps: key_creation_steps[0]: expected a mapping, got 'x'"),
        ({"tip": "Trade here."}, "tip_title: a tip has a title and a text: give both, or none"),
        ({"name": "Kraken"}, "name: the name stands for Kraken by now: end that alias first"),
        ({"name": "!"}, "name: write a name with a letter or a digit in it"),
        (
            {"components-0-connector_id": "ku coin"},
            "connector_id: expected letters, digits and _ - / [ ] (80 at most), got 'ku coin'",
        ),
        ({"components-0-connector_id": ""}, "connector_id: missing: a component that is available needs one"),
        (
            {"maintenances-0-state": "seeking"},
            "maintainer: leave it empty: somebody is still sought",
        ),
        ({"maintenances-0-maintainer": ""}, "maintainer: choose one, or say that one is sought"),
        (
            {"maintenances-0-since": "2024-02-01", "maintenances-0-last_confirmed": "2024-01-31"},
            "last_confirmed: is before 2024-02-01, since when it is maintained",
        ),
        (
            {
                "maintenances-TOTAL_FORMS": "3",
                "maintenances-1-state": "seeking",
                "maintenances-2-state": "seeking",
            },
            "That a maintainer is sought is said once: keep one of these rows.",
        ),
    ],
)
def test_what_no_file_could_say_is_refused_with_the_remedy(
    admin_client: Client, kucoin: Exchange, changes: dict[str, str], said: str
) -> None:
    Exchange.objects.filter(slug="ascend-ex").update(lifecycle="renamed", renamed_to=kucoin)
    kraken = Exchange.objects.get(slug="kraken").subject
    kraken.aliases.create(name="Kraken", key="kraken")
    if "renamed_to" in changes:
        changes = changes | {"renamed_to": str(Exchange.objects.get(slug=changes["renamed_to"]).pk)}

    refused = save(admin_client, kucoin, **changes)

    assert said in refused
    kucoin.refresh_from_db()
    assert (kucoin.name, kucoin.lifecycle, kucoin.chains) == ("KuCoin", "active", [])


def test_lines_of_a_text_are_taken_as_a_browser_sends_them(admin_client: Client, kucoin: Exchange) -> None:
    assert save(admin_client, kucoin, tip_title="Trade here", tip="One line\r\n\r\nand another") == []

    kucoin.refresh_from_db()
    assert kucoin.tip == "One line\n\nand another"


def test_old_fault_in_a_list_that_the_form_does_not_show_is_told(admin_client: Client, kucoin: Exchange) -> None:
    Component.objects.filter(exchange=kucoin, kind="spot_connector").update(order_types=["STOP"])

    assert save(admin_client, kucoin, **{"components-0-notes": "Trades."}) == [
        "__all__: it holds what no file may say, correct that on its own page first: "
        "KuCoin Spot Connector: order_types: Invalid enum value 'STOP' - at `$[0]`"
    ]


def test_maintainer_retires_and_another_is_sought(admin_client: Client, kucoin: Exchange) -> None:
    assert (
        save(
            admin_client,
            kucoin,
            **{
                "maintenances-0-state": "emeritus",
                "maintenances-0-last_confirmed": "2026-11-01",
                "maintenances-0-source": "an e-mail",
                "maintenances-TOTAL_FORMS": "2",
                "maintenances-1-state": "seeking",
            },
        )
        == []
    )

    rows = Maintenance.objects.filter(exchange=kucoin).order_by("pk")
    assert [(str(row), row.state, row.source) for row in rows] == [
        ("The Foundation for KuCoin", "emeritus", "an e-mail"),
        ("Nobody yet for KuCoin", "seeking", ""),
    ]
    text = admin_client.get(address(Exchange, "changelist") + "?maintenances__state__exact=seeking").content.decode()
    assert "seeking a maintainer" in text
    assert text.count('class="field-lifecycle"') == 1


def test_list_says_who_maintains_what(admin_client: Client) -> None:
    text = admin_client.get(address(Exchange, "changelist")).content.decode()
    assert '<td class="field-maintained_by">The Foundation</td>' in text
    assert '<td class="field-maintained_by">nobody</td>' in text

    maintainer = Maintainer.objects.get()
    text = admin_client.get(address(Maintainer, "changelist")).content.decode()
    link = f"{address(Exchange, 'changelist')}?maintenances__maintainer__id__exact={maintainer.pk}"
    assert f'<a href="{link}">1</a>' in text
    assert admin_client.get(link).context["cl"].result_count == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"order_types": '["LIMITS"]'}, "order_types: order_types[0]: 'LIMITS' is not valid; did you mean 'LIMIT'?"),
        ({"intervals": '["1m"]'}, "intervals: belongs to a candle feed only"),
        ({"position_modes": '["hedge"]'}, "position_modes: does not belong to a spot connector"),
        ({"connector_version": "2.1"}, "connector_version: expected a version such as v2.1, got '2.1'"),
        ({"removed_in": "2.0.0"}, "removed_in: belongs to the status removed, and this is available"),
        (
            {"paper_url": "https://a.example/testnet"},
            "paper_trading: say how orders can be tried without money, or empty what is said of it",
        ),
    ],
)
def test_component_that_no_file_could_state_is_refused(
    admin_client: Client, changes: dict[str, str], said: str
) -> None:
    component = Component.objects.get(connector_id="kucoin")
    url = address(Component, "change", component.pk)

    assert said in refusals(admin_client.post(url, filled_in(admin_client, url, **changes, why="It was looked up.")))


def test_component_is_edited(admin_client: Client) -> None:
    component = Component.objects.get(connector_id="kucoin")
    url = address(Component, "change", component.pk)
    changes = {
        "connector_id": "kucoin/router",
        "order_types": '["LIMIT"]',
        "v2_strategies": "true",
        "why": "Read there.",
    }

    assert refusals(admin_client.post(url, filled_in(admin_client, url, **changes))) == []

    component.refresh_from_db()
    assert (component.connector_id, component.order_types, component.v2_strategies) == (
        "kucoin/router",
        ["LIMIT"],
        True,
    )


def test_exchange_that_is_added_or_renamed_is_known_by_its_name(admin_client: Client) -> None:
    url = address(Exchange, "add")
    sent = filled_in(admin_client, url, slug="new-one", name="New One", exchange_type="dex", why="It is new.")
    assert refusals(admin_client.post(url, sent)) == []

    exchange = Exchange.objects.get(slug="new-one")
    assert [str(alias) for alias in exchange.subject.aliases.all()] == ["New One (New One)"]

    assert save(admin_client, exchange, name="Newer") == []
    exchange = Exchange.objects.get(slug="new-one")
    assert exchange.subject.name == "Newer"
    assert sorted(alias.key for alias in exchange.subject.aliases.all()) == ["newer", "newone"]
