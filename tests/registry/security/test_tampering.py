"""What whoever owns the database can do behind the ledger's back, and that verifying finds it."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from registry.choices import LedgerAction
from registry.models import Exchange, LedgerEntry, Policy, PollEvidence, TierAssignment
from registry.services import ledger
from registry.triggers import APPEND_ONLY_TABLES, guard_statements, unguard_statements
from tests.registry.epochs.conftest import epoch, exchanges, policies
from tests.registry.epochs.factories import ANN, applied

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["epoch", "exchanges", "policies"]

pytestmark = pytest.mark.django_db


def past_the_guards(*statements: str, params: Iterable[object] = ()) -> None:
    with connection.cursor() as cursor:
        for statement in (*unguard_statements(connection.vendor), statements[0]):
            cursor.execute(statement, list(params) if statement is statements[0] else None)
        for statement in guard_statements(connection.vendor):
            cursor.execute(statement)


def run_at_once(statement: str) -> None:
    """With the references checked that a database leaves to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.check_constraints()


def texts(**given: str) -> str:
    return "\n".join(str(found) for found in ledger.verify(**given))


@pytest.mark.parametrize(
    "after", ['{"a": 1.5}', "[1]", '"text"', '{"messages": 5}', '{"document": [1]}', "[" * 500 + "]" * 500]
)
def test_values_that_no_entry_has_are_named_and_no_crash(epoch, after):
    entry = ledger.record(LedgerAction.ANNOUNCED, actor=ANN, after={"messages": ["changeset:1"]})

    past_the_guards("UPDATE registry_ledgerentry SET after = %s", params=[after])

    assert f"entry {entry.number} was altered" in texts()


@pytest.mark.parametrize("after", ["{", "nonsense"])
def test_text_that_is_no_json_is_named(epoch, after):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps no such text in a JSON column")
    ledger.record(LedgerAction.PLANNED, actor=ANN)
    past_the_guards("PRAGMA ignore_check_constraints = ON")
    past_the_guards("UPDATE registry_ledgerentry SET after = %s", params=[after])
    past_the_guards("PRAGMA ignore_check_constraints = OFF")

    assert "was altered" in texts()


def test_a_ledger_cut_behind_its_decisions_shows_against_a_head_that_was_kept(epoch):
    applied(6)
    ledger.record(LedgerAction.CREATED, actor=ANN, reason="the last")
    kept = ledger.head()
    assert texts(kept_head=kept) == ""
    ledger.record(LedgerAction.CREATED, actor=ANN, reason="later")
    assert texts(kept_head=kept) == ""

    past_the_guards("DELETE FROM registry_ledgerentry WHERE reason IN ('the last', 'later')")

    assert texts() == ""
    assert "was kept" in texts(kept_head=kept)
    with pytest.raises(CommandError, match="was kept"):
        call_command("ledger", "verify", "--head", kept, stdout=StringIO())


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE registry_pollevidence SET content = %s", "bytes of the poll evidence"),
        ("UPDATE registry_policy SET document = %s", "document of"),
        ("UPDATE registry_tierassignment SET decided_by = %s", "rows of changeset 1"),
        ("UPDATE registry_tierassignment SET recorded_at = %s", "rows of changeset 1"),
        ("UPDATE registry_tierassignment SET source_url = %s", "rows of changeset 1"),
        ("UPDATE registry_changeset SET reason = %s", "rows of changeset 1"),
        ("UPDATE registry_changeset SET applied_by = %s", "rows of changeset 1"),
    ],
)
def test_what_decisions_rest_on_cannot_be_altered_unseen(epoch, statement, found):
    applied(6)
    PollEvidence.objects.create(
        sha256="ab" * 32, content=b"x", source="csv", origin="a.csv", received_at=epoch.plans.get().planned_at,
        received_by="ann",
    ) if not PollEvidence.objects.exists() else None  # fmt: skip
    value = b"y" if "evidence" in statement else '{"a": 1}' if "policy" in statement else "2026-01-01T00:00:00+00:00"

    past_the_guards(statement, params=[value])

    assert found in texts()


def test_another_slug_for_an_exchange_is_no_break(epoch):
    """Renaming is an editor's right; a ledger that cried wolf then would soon be left unread."""
    applied(6)
    assert texts() == ""

    Exchange.objects.filter(pk=Exchange.objects.first().pk).update(slug="another-name", name="Another")

    assert "rows of" not in texts()


@pytest.mark.parametrize("key", ["id", "'7'", "CAST(id AS REAL)"])
@pytest.mark.parametrize("verb", ["REPLACE", "INSERT OR REPLACE", "INSERT OR IGNORE"])
def test_sqlite_replaces_no_decision_however_its_key_is_spelled(epoch, verb, key):
    if connection.vendor != "sqlite":
        pytest.skip("REPLACE is SQLite's")
    for _ in range(8):
        ledger.record(LedgerAction.CREATED, actor=ANN, reason="as it was")
    columns = "number, at, actor, action, subject, policy, previous_hash, hash"
    replace = (
        f"{verb} INTO registry_ledgerentry (id, {columns}, reason) "  # noqa: S608  the names are ours
        f"SELECT {key}, {columns}, 'forged' FROM registry_ledgerentry WHERE number = 7"
    )

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(replace)

    assert not LedgerEntry.objects.filter(reason="forged").exists()


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_no_upsert_no_truncate_and_no_cascade_gets_past_the_guards(epoch, table):
    applied(6)
    statements = [f"DELETE FROM {table} WHERE id > 0", f"UPDATE {table} SET id = id"]  # noqa: S608  the names are ours
    statements.append(
        f"INSERT INTO {table} SELECT * FROM {table} WHERE true "  # noqa: S608
        "ON CONFLICT (id) DO UPDATE SET id = excluded.id"
    )
    statements.append("DELETE FROM registry_exchange")
    if connection.vendor == "postgresql":
        statements += [f"TRUNCATE {name} CASCADE" for name in (table, "registry_exchange", "registry_epoch")]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        before = cursor.fetchone()

    for statement in statements if before[0] else ():
        with pytest.raises(DatabaseError), transaction.atomic():
            run_at_once(statement)

    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608
        assert cursor.fetchone() == before
    assert Policy.objects.exists()
    assert TierAssignment.objects.exists()


def test_a_tier_that_was_slipped_in_beside_all_changesets_is_found(epoch):
    applied(6)
    TierAssignment.objects.create(
        exchange=Exchange.objects.order_by("pk").first(),
        tier="gold",
        effective_from=epoch.plans.get().planned_at.date(),
        decided_by="HBOT holders",
        recorded_by="catalogue",
        reason="forged",
    )

    assert "outside of any changeset" in texts()
