"""What was planned and not applied is for those who take part: strangers see results, and no intentions."""

from __future__ import annotations

import pytest
from django.test import Client

from registry.choices import PollGroup
from registry.importers.snapshot import read_snapshot
from registry.services.epochs import CATALOGUE, create_epoch, import_poll, plan_epoch
from tests.registry.polls_at_hand import snapshot_answer
from tests.registry.small_registry import small_registry

pytestmark = pytest.mark.django_db

WORDS = "words that are not public yet"


@pytest.mark.parametrize(
    "address",
    [
        "/",
        "/governance/",
        "/epochs/14/",
        "/epochs/14/what-if/?policy=hgp-45+v1",
        "/epochs/14/what-if/?policy=hgp-45+v1&min_votes=600000",
        "/exchanges/kraken/",
        "/exchanges/kraken/tier/",
        "/changes/",
        "/changes.atom",
        "/api/v1/epochs/",
        "/api/v1/epochs/14/",
        "/api/v1/epochs/14/what-if/?policy=hgp-45+v1",
        "/api/v1/epochs/14/what-if/?min_votes=600000",
        "/api/v1/epochs/14/what-if/?min_votes=0",
        "/api/v1/state/",
        "/api/v1/exchanges/kraken/",
        "/api/v1/exchanges/kraken/tier/",
        "/api/v1/changes/",
    ],
)
def test_reasons_decisions_and_overrides_of_a_plan(address: str) -> None:
    small_registry()
    create_epoch(14, actor=CATALOGUE, reason=WORDS)
    cast = {"Kraken": 900_000, "KuCoin": 900_000, "Gate.io": 300_000, "AscendEx": 100_000}
    answer = snapshot_answer(cast)
    import_poll(14, read_snapshot(answer, group=PollGroup.CEX, origin="a.json"), actor=CATALOGUE, reason=WORDS)
    overrides = [
        {"exchange": slug, "tier": "bronze", "reason": WORDS, "expires_on": "2999-01-01"}
        for slug in ("kraken", "kucoin", "ascend-ex")
    ]
    decision = {"group": "cex", "kind": "order", "choices": [2, 1], "reason": WORDS}
    plan_epoch(
        14,
        actor=CATALOGUE,
        policy="hgp-45 v1",
        policy_reason="tried out",
        reason=WORDS,
        overrides=overrides,
        decisions=[decision],
    )

    page = Client().get(address)

    assert page.status_code == 200
    assert WORDS not in page.content.decode()
