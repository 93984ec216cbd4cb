"""The ledger: every entry seals the one before, and whatever is done to it is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.db import connection, transaction

from registry.choices import LedgerAction
from registry.models import LedgerEntry, Plan
from registry.services import ledger
from registry.services.epochs import announce_epoch
from registry.triggers import guard_statements, unguard_statements
from tests.registry.epochs.factories import ANN, applied


def record(reason: str = "because", **fields) -> LedgerEntry:
    return ledger.record(LedgerAction.CREATED, actor=ANN, reason=reason, **fields)


@pytest.fixture
def tamper(db) -> Iterator[Callable[..., None]]:
    """Runs SQL past the guards, as one who owns the database could."""

    def run(sql: str, *params: object) -> None:
        with connection.cursor() as cursor:
            for statement in unguard_statements(connection.vendor):
                cursor.execute(statement)
            cursor.execute(sql, params)
            for statement in guard_statements(connection.vendor):
                cursor.execute(statement)

    return run


def texts() -> list[str]:
    return [str(found) for found in ledger.verify()]


def test_numbers_run_without_gaps_and_hashes_chain(db):
    first, second = record(), record()
    assert (first.number, second.number) == (1, 2)
    assert (first.previous_hash, second.previous_hash) == ("", first.hash)
    assert ledger.head() == second.hash
    assert ledger.verify() == []


def test_an_empty_ledger_holds(db):
    assert (ledger.head(), ledger.verify()) == ("", [])


def test_an_entry_reads_back_as_it_was_sealed(db):
    record(before={"votes": Decimal("1.50"), "at": datetime(2026, 1, 1, tzinfo=UTC)}, after={"a": [1, None, True, "é"]})
    assert ledger.verify() == []
    assert LedgerEntry.objects.get().before == {"votes": "1.5", "at": "2026-01-01T00:00:00+00:00"}


def test_a_float_does_not_get_in(db):
    with pytest.raises(TypeError, match="float"):
        record(after={"votes": 1.5})
    assert not LedgerEntry.objects.exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("reason", "something else"),
        ("actor", "somebody else"),
        ("at", "2020-01-01 00:00:00+00:00"),
        ("epoch", 99),
        ("subject", "something else"),
        ("policy", "other rules"),
        ("action", "applied"),
        ("before", '{"tier": "gold"}'),
        ("after", '{"tier": "gold"}'),
    ],
)
def test_an_altered_entry_is_found(tamper, column, value):
    record(), record(), record()
    cast = "%s::jsonb" if connection.vendor == "postgresql" and column in {"before", "after"} else "%s"
    tamper(f'UPDATE registry_ledgerentry SET "{column}" = {cast} WHERE number = 2', value)  # noqa: S608
    assert "entry 2 was altered: its hash covers other contents" in texts()


def test_an_altered_entry_with_a_new_hash_is_found_by_the_next(tamper):
    record(), record(), record()
    entry = LedgerEntry.objects.get(number=2)
    entry.reason = "something else"
    tamper(
        "UPDATE registry_ledgerentry SET reason = %s, hash = %s WHERE number = 2",
        entry.reason,
        ledger.entry_hash(entry),
    )
    assert texts() == ["entry 3 seals another entry than 2, which stands before it"]


def test_a_removed_entry_is_found(tamper):
    record(), record(), record()
    tamper("DELETE FROM registry_ledgerentry WHERE number = 2")
    assert "entry 3 follows entry 1: what stood between them is gone" in texts()


def test_an_entry_taken_from_the_beginning_is_found(tamper):
    record(), record()
    tamper("DELETE FROM registry_ledgerentry WHERE number = 1")
    assert "entry 2 follows entry 0: what stood between them is gone" in texts()


def test_an_inserted_entry_is_found(tamper):
    record(), record()
    tamper("UPDATE registry_ledgerentry SET number = 3 WHERE number = 2")
    between = LedgerEntry(number=2, at=datetime(2026, 1, 1, tzinfo=UTC), actor="eve", action="created")
    between.previous_hash = ledger.head()
    between.hash = ledger.entry_hash(between)
    between.save()
    assert "entry 2 seals another entry than 1, which stands before it" in texts()


def test_reordered_entries_are_found(tamper):
    record("first"), record("second"), record("third")
    tamper("UPDATE registry_ledgerentry SET number = 20 WHERE number = 2")
    tamper("UPDATE registry_ledgerentry SET number = 2 WHERE number = 3")
    tamper("UPDATE registry_ledgerentry SET number = 3 WHERE number = 20")
    found = texts()
    assert "entry 2 was altered: its hash covers other contents" in found
    assert "entry 3 seals another entry than 2, which stands before it" in found


def test_a_cut_off_tail_is_found_where_a_changeset_tells_of_it(epoch, tamper):
    applied(6)
    announce_epoch(6, actor=ANN)
    assert ledger.verify() == []
    tamper("DELETE FROM registry_ledgerentry WHERE action IN ('announced')")
    assert texts() == ["no entry tells that the message changeset:1 was announced"]
    tamper("DELETE FROM registry_ledgerentry WHERE action IN ('applied')")
    assert "no entry tells of changeset 1: the entry, and what followed it, was cut off" in texts()
    tamper("DELETE FROM registry_ledgerentry WHERE action IN ('approved', 'planned')")
    assert sum("plan" in text for text in texts()) == 2


def test_a_tier_that_was_altered_behind_the_ledgers_back_is_found(epoch, tamper):
    applied(6)
    tamper("UPDATE registry_tierassignment SET tier = 'gold' WHERE tier = 'bronze'")
    assert texts() == ["the rows of changeset 1 are not those that its entry tells of"]


def test_a_tier_that_was_slipped_in_is_found(epoch, tamper):
    applied(6)
    tamper("DELETE FROM registry_pot WHERE allocated = 400000")
    assert texts() == ["the rows of changeset 1 are not those that its entry tells of"]


def test_a_plan_that_was_altered_is_found(epoch, tamper):
    changeset = applied(6)
    plan = changeset.plan
    Plan.objects.filter(pk=plan.pk).update(approved_by="eve")
    assert texts() == [f"no entry tells that eve approved plan {plan.hash}"]
    Plan.objects.filter(pk=plan.pk).update(approved_by="ben", document=plan.document | {"summary": "all is well"})
    assert texts() == [f"the document of plan {plan.hash} is not the one that its entry tells of"]


def test_keys_and_passwords_do_not_get_in(db):
    entry = record(
        "fetched with api_key=abc123 and password: hunter2 from https://me:pw@example.org/x",
        after={"origin": ["https://user:secret@hub.example/graphql", {"x": "X-API-KEY: abc123"}]},
    )
    told = entry.reason + str(entry.after)
    assert not any(secret in told for secret in ("abc123", "hunter2", "pw@", "secret@"))
    assert "https://example.org/x" in entry.reason
    assert ledger.verify() == []


def test_recording_needs_a_transaction(transactional_db):
    with pytest.raises(transaction.TransactionManagementError):
        record()
    with transaction.atomic():
        record()
    assert ledger.verify() == []
