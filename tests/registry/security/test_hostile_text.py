"""Names, titles and reasons come from polls and people: whatever they hold, pages and feed show it as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import User
from django.test import Client

from registry.choices import PollGroup
from registry.importers.imported import ImportRefused
from registry.importers.snapshot import read_snapshot
from registry.models import Choice, Epoch, Exchange, OutboxMessage, Subject
from registry.services.epochs import (
    CATALOGUE,
    announce_epoch,
    apply_plan,
    approve_plan,
    create_epoch,
    import_poll,
    map_choice,
    plan_epoch,
)
from tests.registry.layers import for_the_module
from tests.registry.polls_at_hand import snapshot_answer
from tests.registry.small_registry import small_registry

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>[a](javascript:alert(3)) {{ 7|add:7 }}"


@pytest.fixture(scope="module")
def hostile(django_db_setup: None, django_db_blocker: Any) -> Iterator[Epoch]:
    """Everything that somebody may type holds markup, and the epoch was taken to its announcement."""
    with for_the_module(django_db_blocker):
        yield hostile_epoch()


def hostile_epoch() -> Epoch:
    small_registry()
    Exchange.objects.filter(slug="kraken").update(name=EVIL)
    Subject.objects.filter(slug="kraken").update(name=EVIL)
    create_epoch(14, actor=CATALOGUE, reason=EVIL, label=EVIL[:60])
    cast = {EVIL: 900_000, "KuCoin": 500_000, "Gate.io": 300_000}
    answer = snapshot_answer(cast, title=EVIL)
    import_poll(14, read_snapshot(answer, group=PollGroup.CEX, origin=EVIL), actor=CATALOGUE, reason=EVIL)
    for choice in Choice.objects.filter(name=EVIL):
        map_choice(choice.pk, actor=CATALOGUE, subject=Subject.objects.get(slug="kraken"), reason=EVIL)
    override = {"exchange": "kucoin", "tier": "gold", "reason": EVIL, "expires_on": "2999-01-01"}
    decision = {"group": "cex", "kind": "order", "choices": [1, 2], "reason": EVIL}
    plan = plan_epoch(
        14,
        actor=CATALOGUE,
        policy="hgp-45 v1",
        policy_reason=EVIL,
        reason=EVIL,
        overrides=[override],
        decisions=[decision],
    )
    approve_plan(plan.hash, actor=CATALOGUE, acknowledgement=EVIL)
    apply_plan(plan.hash, actor=CATALOGUE)
    announce_epoch(14, actor=CATALOGUE)
    return Epoch.objects.get()


def assert_only_text(html: str) -> None:
    assert "<script>alert" not in html
    assert "<img src=x" not in html
    assert not re.search(r"""(?:href|src|action)=["']?\s*javascript:""", html, re.IGNORECASE)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/governance/",
        "/epochs/14/",
        "/epochs/14/what-if/?policy=hgp-45+v1&min_votes=600000",
        "/policies/hgp-45/v1/",
        "/exchanges/kraken/",
        "/exchanges/kraken/tier/",
        "/exchanges/kucoin/tier/",
        "/changes/",
        "/changes/1/",
        "/bounties/",
        "/exchanges/%3Cscript%3Ealert(1)%3C%2Fscript%3E/",
        "/?as_of=%3Cscript%3Ealert(1)%3C/script%3E",
        "/epochs/14/what-if/?policy=%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)
def test_public_pages(hostile: Epoch, address: str) -> None:
    answer = Client().get(address)

    assert answer.status_code in {200, 400, 404}
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert_only_text(answer.content.decode())


@pytest.mark.parametrize(
    "address",
    [
        "EPOCH/change/",
        "EPOCH/plans/PLAN/",
        "EPOCH/what-if/?min_votes=600000",
        "EPOCH/rollback/",
        "/admin/registry/plan/PLAN/change/",
        "/admin/registry/plan/",
        "/admin/registry/ledgerentry/",
        "/admin/registry/tierassignment/",
        "/admin/registry/pollevidence/",
        "/admin/registry/poll/",
        "/admin/registry/choice/",
        "/admin/registry/outboxmessage/",
        "/admin/registry/exchange/",
        "/admin/registry/alias/",
    ],
)
def test_admin_pages(hostile: Epoch, address: str) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    place = address.replace("EPOCH", f"/admin/registry/epoch/{hostile.pk}")

    answer = client.get(place.replace("PLAN", str(hostile.plans.get().pk)))

    assert answer.status_code == 200
    assert_only_text(answer.content.decode())


@pytest.mark.slow(reason="the admin's page of every row is made")
def test_rows_of_the_admin(hostile: Epoch) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    for model in ("poll", "pollevidence", "outboxmessage", "ledgerentry", "changeset", "tierassignment", "exchange"):
        listed = client.get(f"/admin/registry/{model}/").content.decode()
        for place in set(re.findall(rf'href="(/admin/registry/{model}/\d+/change/)"', listed)):
            assert_only_text(client.get(place).content.decode())


def test_feed_shows_text_and_stays_well_formed(hostile: Epoch) -> None:
    OutboxMessage.objects.update(title=f"{EVIL}\x07", body=f"{EVIL}\x0b\x1f\n\n<svg onload=alert(4)>")

    answer = Client().get("/changes.atom")

    entry = ET.fromstring(answer.content).find("{http://www.w3.org/2005/Atom}entry")  # noqa: S314  it is our own
    assert entry is not None
    html = entry.findtext("{http://www.w3.org/2005/Atom}content") or ""
    assert_only_text(html)
    assert "<svg" not in html


def test_names_that_turn_the_reading_direction_around_are_refused() -> None:
    answer = snapshot_answer({"\u202enekark": 900_000, "KuCoin": 500_000})

    with pytest.raises(ImportRefused, match="no text"):
        read_snapshot(answer, group=PollGroup.CEX, origin="a.json")
