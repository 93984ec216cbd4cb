"""The database itself refuses to change or delete a decision, whichever way it is asked."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction

from registry.models import LedgerEntry, Policy, PollEvidence
from registry.triggers import APPEND_ONLY_TABLES, guard_statements


@pytest.fixture
def entry(db: None) -> LedgerEntry:
    return LedgerEntry.objects.create(
        number=1, at=datetime(2026, 11, 21, tzinfo=UTC), actor="a", action="created", hash="0" * 64
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE registry_ledgerentry SET actor = 'someone else'",
        "UPDATE registry_ledgerentry SET number = number",
        "DELETE FROM registry_ledgerentry",
    ],
)
def test_ledger_cannot_be_rewritten_by_sql(entry: LedgerEntry, statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)

    assert LedgerEntry.objects.get().actor == "a"


def test_ledger_cannot_be_replaced_by_sql(entry: LedgerEntry) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("REPLACE INTO is SQLite's")
    replace = (
        "REPLACE INTO registry_ledgerentry "
        "(id, number, at, actor, action, subject, policy, reason, previous_hash, hash) "
        "SELECT id, number, at, 'x', action, subject, policy, reason, previous_hash, hash "
        "FROM registry_ledgerentry"
    )

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(replace)

    assert LedgerEntry.objects.get().actor == "a"


@pytest.mark.parametrize("table", APPEND_ONLY_TABLES)
def test_every_table_of_decisions_is_guarded_after_all_migrations(db: None, table: str) -> None:
    """SQLite makes a table anew to alter it, and forgets its triggers: whoever does must guard it again."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        else:
            cursor.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgrelid = %s::regclass", [table])
        found = {row[0] for row in cursor.fetchall()}

    acts = ("update", "delete", "replace") if connection.vendor == "sqlite" else ("change", "truncate")
    assert found >= {f"{table}_no_{act}" for act in acts}


def test_evidence_keeps_its_bytes(db: None) -> None:
    evidence = PollEvidence.objects.create(
        sha256="0" * 64,
        content=b"\x00\xff",
        source="csv",
        origin="a.csv",
        received_at=datetime.now(UTC),
        received_by="a",
    )

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE registry_pollevidence SET origin = 'b.csv'")

    evidence.refresh_from_db()
    assert (bytes(evidence.content), evidence.origin) == (b"\x00\xff", "a.csv")


def test_policy_cannot_be_replaced_under_its_version(db: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("REPLACE INTO is SQLite's")
    Policy.objects.create(slug="hgp-45", version=1, title="As voted", document={}, sha256="0" * 64)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "REPLACE INTO registry_policy (slug, version, title, document, sha256) VALUES ('hgp-45', 1, 'x', '{}', '')"
        )

    assert Policy.objects.get().title == "As voted"


def test_a_database_that_cannot_be_guarded_is_refused() -> None:
    with pytest.raises(NotImplementedError, match="use SQLite or PostgreSQL"):
        guard_statements("mysql")
