"""The admin shows decisions and lets nobody rewrite them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from registry.models import Bounty, Component, Exchange, Maintainer, Proposal, TierAssignment
from registry.services.catalogue import load_catalogue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loaded(settings: Settings, tmp_path: Path) -> None:
    # Both the folder and the manifest of hashed files come from collectstatic, which no test should need.
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
    load_catalogue()


@pytest.mark.parametrize("model", [Bounty, Component, Exchange, Maintainer, Proposal, TierAssignment])
def test_every_list_and_form_opens(admin_client: Client, model) -> None:
    name = f"admin:registry_{model._meta.model_name}"

    for address in (
        reverse(f"{name}_changelist"),
        reverse(f"{name}_changelist") + "?q=kucoin",
        reverse(f"{name}_add"),
        reverse(f"{name}_change", args=[model.objects.first().pk]),
    ):
        assert admin_client.get(address).status_code == 200


def test_exchange_list_shows_and_filters_by_the_tier_in_force(admin_client: Client) -> None:
    changelist = reverse("admin:registry_exchange_changelist")

    def slugs(query: str) -> list[str]:
        found = admin_client.get(changelist + query).context["cl"].queryset
        return [exchange.slug for exchange in found]

    assert slugs("") == ["kraken", "kucoin"]
    assert slugs("?tier=silver") == ["kucoin"]
    assert slugs("?tier=none") == []
    assert '<td class="field-tier">Bronze</td>' in admin_client.get(changelist).content.decode()


def test_exchange_form_shows_the_history_read_only(admin_client: Client) -> None:
    exchange = Exchange.objects.get(slug="kucoin")
    page = admin_client.get(reverse("admin:registry_exchange_change", args=[exchange.pk])).content.decode()

    assert "CEX connector poll of epoch 6" in page
    assert 'name="tier_assignments-0-reason"' not in page
    assert 'name="tier"' not in page


def test_decision_can_be_added_and_carries_the_name_of_who_added_it(admin_client: Client) -> None:
    exchange = Exchange.objects.get(slug="kraken")
    answer = admin_client.post(
        reverse("admin:registry_tierassignment_add"),
        {
            "exchange": exchange.pk,
            "tier": "gold",
            "epoch": "Epoch 14",
            "reason": "the poll of a test",
            "decided_by": "HBOT holders",
            "effective_from": "2024-02-01",
        },
    )

    assert answer.status_code == 302
    added = TierAssignment.objects.get(epoch="Epoch 14")
    assert (added.recorded_by, added.effective_from) == ("admin", date(2024, 2, 1))
    assert Exchange.objects.get(slug="kraken").current_tier == "gold"


def test_decision_can_be_neither_changed_nor_deleted_even_by_a_superuser(admin_client: Client) -> None:
    decision = TierAssignment.objects.first()
    assert decision is not None

    changed = admin_client.post(reverse("admin:registry_tierassignment_change", args=[decision.pk]), {"tier": "gold"})
    deleted = admin_client.post(reverse("admin:registry_tierassignment_delete", args=[decision.pk]), {"post": "yes"})
    admin_client.post(
        reverse("admin:registry_tierassignment_changelist"),
        {"action": "delete_selected", "_selected_action": decision.pk, "post": "yes"},
    )

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert TierAssignment.objects.get(pk=decision.pk).tier == decision.tier


def test_exchange_with_decisions_is_not_deleted_by_the_admin(admin_client: Client) -> None:
    exchange = Exchange.objects.get(slug="kucoin")
    admin_client.post(reverse("admin:registry_exchange_delete", args=[exchange.pk]), {"post": "yes"})

    assert Exchange.objects.filter(slug="kucoin").exists()
