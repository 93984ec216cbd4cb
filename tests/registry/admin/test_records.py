"""What governance wrote can be read by those who may, found from row to row, and changed by nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry.importers.snapshot import read_snapshot
from registry.models import (
    Changeset,
    Choice,
    Epoch,
    LedgerEntry,
    OutboxMessage,
    Plan,
    Policy,
    Poll,
    PollEvidence,
    Pot,
    TierAssignment,
)
from registry.services.epochs import (
    CATALOGUE,
    apply_plan,
    approve_plan,
    create_epoch,
    import_poll,
    plan_epoch,
    plan_rollback,
)
from tests.registry.layers import for_the_module
from tests.registry.polls_at_hand import snapshot_answer

RECORDS = [Changeset, Choice, LedgerEntry, OutboxMessage, Plan, Policy, Poll, PollEvidence, Pot, TierAssignment]


@pytest.fixture(autouse=True)
def _on_the_records(records: None, db: None) -> None:
    """Every test finds a row in every table."""


@pytest.fixture(scope="module")
def records(registry: None, django_db_blocker: Any) -> Iterator[None]:
    with for_the_module(django_db_blocker):
        _apply_an_epoch()
        yield


def _apply_an_epoch() -> None:
    create_epoch(15, actor=CATALOGUE, reason="Polls have closed.")
    poll = read_snapshot(snapshot_answer(), group="cex", origin="poll.json")
    import_poll(15, poll, actor=CATALOGUE)
    plan = plan_epoch(15, actor=CATALOGUE, policy="hgp-45", policy_reason="This test wants tiers.")
    approve_plan(plan.hash, actor=CATALOGUE, acknowledgement="Read.")
    apply_plan(plan.hash, actor=CATALOGUE)
    plan_rollback(15, actor=CATALOGUE, reason="To have two plans.")


def address(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:registry_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", [*RECORDS, Epoch])
def test_every_list_and_row_opens(admin_client: Client, model: Any) -> None:
    row = model.objects.first()
    for url in (
        address(model, "changelist"),
        address(model, "changelist") + "?q=kucoin",
        address(model, "change", row.pk),
    ):
        assert admin_client.get(url).status_code == 200


@pytest.mark.parametrize("model", RECORDS)
def test_not_even_a_superuser_adds_changes_or_deletes(admin_client: Client, model: Any) -> None:
    row = model.objects.first()
    before = list(model.objects.values_list())
    sent = {"post": "yes", "why": "To try.", "tier": "gold", "reason": "other", "_save": "Save"}

    assert admin_client.get(address(model, "add")).status_code == 403
    assert admin_client.post(address(model, "change", row.pk), sent).status_code == 403
    assert admin_client.post(address(model, "delete", row.pk), sent).status_code == 403
    admin_client.post(
        address(model, "changelist"), {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
    )

    assert list(model.objects.values_list()) == before


def test_epoch_is_not_edited_as_a_row_nor_deleted(admin_client: Client) -> None:
    epoch = Epoch.objects.get()
    admin_client.post(address(Epoch, "change", epoch.pk), {"state": "draft", "number": "3"})
    assert admin_client.post(address(Epoch, "delete", epoch.pk), {"post": "yes"}).status_code == 403
    epoch = Epoch.objects.get()
    assert (epoch.number, epoch.state) == (15, "applied")


@pytest.mark.parametrize("model", [TierAssignment, Choice, Plan, LedgerEntry, Pot])
def test_list_takes_as_many_queries_for_many_rows_as_for_one(admin_client: Client, model: Any) -> None:
    assert model.objects.count() > 1

    def queries(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(address).status_code == 200
        return len(captured)

    url = address(model, "changelist")
    queries(url)  # what is read once
    assert queries(url) == queries(f"{url}?pk__exact={model.objects.first().pk}")


def test_rows_lead_from_the_tier_to_the_bytes_of_its_poll(admin_client: Client) -> None:
    def leads(row: Any, to: Any) -> bool:
        page = admin_client.get(address(type(row), "change", row.pk)).content.decode()
        return f'href="{address(type(to), "change", to.pk)}' in page

    tier, changeset, plan = TierAssignment.objects.first(), Changeset.objects.get(), Plan.objects.last()
    poll, evidence = Poll.objects.get(), PollEvidence.objects.get()

    assert leads(tier, changeset)
    assert leads(changeset, plan)
    assert leads(plan, Epoch.objects.get())
    assert leads(Epoch.objects.get(), poll)
    assert leads(poll, evidence)


def test_evidence_shows_its_bytes_as_text(admin_client: Client) -> None:
    page = admin_client.get(address(PollEvidence, "change", PollEvidence.objects.get().pk)).content.decode()
    assert "HGP-90: CEX poll" in page


@pytest.mark.parametrize(
    ("role", "hidden"),
    [
        ("viewer", {LedgerEntry, OutboxMessage, PollEvidence}),
        ("editor", {LedgerEntry, OutboxMessage, PollEvidence}),
        ("governor", {LedgerEntry}),
        ("approver", {LedgerEntry}),
        ("auditor", set()),
    ],
)
def test_role_reads_the_records_that_are_its_own(signed_in: Any, role: str, hidden: set[Any]) -> None:
    client = signed_in(role)
    refused = {model for model in RECORDS if client.get(address(model, "changelist")).status_code == 403}
    assert refused == hidden
