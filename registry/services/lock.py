"""One act of governance at a time: what a service reads under this lock stays true until it has committed."""

from __future__ import annotations

from django.db import connection, transaction

LOCK_KEY = 0x62656C6C  # "bell": any fixed number that nothing else here locks


def governance_lock() -> None:
    """Waits for every other act of governance to end; freed when the transaction ends, whichever way.

    On SQLite the transaction itself is the lock: it begins IMMEDIATE, as the settings say, so there is one writer.
    Raises TransactionManagementError outside of a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("the governance lock is taken inside transaction.atomic()")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_KEY])
