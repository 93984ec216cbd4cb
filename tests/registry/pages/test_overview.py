"""Which result the tiers that are shown come from, where the rules in force would make one expect another."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.importers.snapshot import read_snapshot
from registry.services.epochs import CATALOGUE, apply_plan, approve_plan, create_epoch, import_poll, plan_epoch
from tests.registry.pages.test_governance_pages import text_of
from tests.registry.polls_at_hand import snapshot_answer
from tests.registry.small_registry import small_registry

if TYPE_CHECKING:
    from django.test import Client

LATEST = "The latest result in effect here is that of epoch 6, under hgp-45 v1"


@pytest.fixture
def epoch_6(db: None) -> None:
    """Applied, under rules that HGP-77 has taken the place of since."""
    small_registry()
    record_poll(6)
    plan = plan_epoch(6, actor=CATALOGUE, effective_from=date(2023, 10, 14))
    approve_plan(plan.hash, actor=CATALOGUE, acknowledgement="Read.")
    apply_plan(plan.hash, actor=CATALOGUE)


def record_poll(number: int) -> None:
    create_epoch(number, actor=CATALOGUE, reason="Polls have closed.")
    answer = snapshot_answer(id=f"0x{number:064x}")
    import_poll(number, read_snapshot(answer, group="cex", origin="poll.json"), actor=CATALOGUE)


def test_result_under_rules_of_before_is_told_beside_those_in_force(client: Client, epoch_6: None) -> None:
    text = text_of(client.get("/governance/"))
    assert "Rules in force Single proposals (HGP-77)" in text
    assert f"{LATEST}. Every exchange" in text
    assert "The latest result" not in text_of(client.get("/governance/?as_of=2023-11-10"))


def test_epochs_that_wait_are_told_with_the_result_in_effect(client: Client, epoch_6: None) -> None:
    for number in (7, 8, 10):
        record_poll(number)
    create_epoch(11, actor=CATALOGUE, reason="No poll yet.")
    text = text_of(client.get("/governance/"))
    assert f"{LATEST}; epochs 7 to 8 and 10 are recorded and not applied." in text


def test_queries_do_not_grow_with_epochs_that_wait(client: Client, epoch_6: None) -> None:
    record_poll(7)
    with CaptureQueriesContext(connection) as few:
        client.get("/governance/")
    for number in (8, 9, 10):
        record_poll(number)
    with CaptureQueriesContext(connection) as many:
        client.get("/governance/")
    assert len(many) == len(few)


def test_epochs_alone_that_wait_are_told(client: Client, db: None) -> None:
    small_registry()
    record_poll(6)
    text = text_of(client.get("/governance/"))
    assert "No result is in effect here; epoch 6 is recorded and not applied." in text


def test_where_no_two_epochs_are_decided_there_is_nothing_to_compare(client: Client, epoch_6: None) -> None:
    response = client.get("/epochs/compare/")
    assert response.status_code == 404
    assert "There are no two decided epochs to compare yet" in text_of(response)
    assert "side by side" not in text_of(client.get("/governance/"))
