"""Votes a hair below the threshold, as people and as programs read them in every place that tells them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from registry.importers.snapshot import read_snapshot
from registry.models import Epoch
from registry.services.epochs import (
    CATALOGUE,
    announce_epoch,
    apply_plan,
    approve_plan,
    create_epoch,
    import_poll,
    plan_epoch,
)
from tests.registry.pages.test_governance_pages import text_of
from tests.registry.polls_at_hand import snapshot_answer
from tests.registry.small_registry import small_registry

if TYPE_CHECKING:
    from django.test import Client

EXACT = "199999.996"
READ = "199,999.99"


@pytest.fixture
def missed(db: None) -> Epoch:
    """Epoch 6, in which AscendEx missed the 200,000 of HGP-45 by 0.004 HBOT."""
    small_registry()
    create_epoch(6, actor=CATALOGUE, reason="Polls have closed.")
    answer = snapshot_answer({"Kraken": 900_000, "AscendEx": float(EXACT)})
    import_poll(6, read_snapshot(answer, group="cex", origin="poll.json"), actor=CATALOGUE)
    plan = plan_epoch(6, actor=CATALOGUE)
    approve_plan(plan.hash, actor=CATALOGUE, acknowledgement="Read.")
    apply_plan(plan.hash, actor=CATALOGUE)
    announce_epoch(6, actor=CATALOGUE)
    return Epoch.objects.get()


@pytest.mark.parametrize(
    "address", ["/epochs/6/", "/exchanges/ascend-ex/tier/", "/exchanges/ascend-ex/", "/changes/1/", "/changes.atom"]
)
def test_page_never_tells_votes_below_the_threshold_as_at_it(client: Client, missed: Epoch, address: str) -> None:
    text = text_of(client.get(address))
    assert READ in text
    assert "200,000" not in re.sub(r"(hreshold of|min_votes:) 200,000", "", text)


def test_margin_says_that_it_is_below(client: Client, missed: Epoch) -> None:
    assert "less than 0.01 HBOT below the threshold" in text_of(client.get("/epochs/6/"))


def test_plan_tells_it_to_the_admin_alike(admin_client: Client, missed: Epoch) -> None:
    plan = missed.plans.get()
    text = text_of(admin_client.get(f"/admin/registry/epoch/{missed.pk}/plans/{plan.pk}/"))
    assert f"{READ} 18.18 %" in text
    assert EXACT not in text


def test_api_and_plan_document_keep_every_digit(client: Client, missed: Epoch) -> None:
    assert client.get("/api/v1/exchanges/ascend-ex/tier/").json()["votes"] == EXACT
    (move,) = [move for move in missed.plans.get().document["moves"] if move["exchange"] == "ascend-ex"]
    assert (Decimal(move["votes"]), Decimal(move["margin_to_removal"])) == (Decimal(EXACT), Decimal("-0.004"))
    assert f"{EXACT.replace('199999', '199,999')} votes are below the threshold of 200,000." in text_of(
        client.get("/exchanges/ascend-ex/tier/")
    )
