"""What makes the database itself refuse to change or delete a decision, whoever asks and by whichever way."""

from __future__ import annotations

APPEND_ONLY_TABLES = {
    "registry_changeset": ("id", "serial", "plan_id", "reverses_id"),
    "registry_ledgerentry": ("id", "number"),
    "registry_policy": ("id", "slug, version"),
    "registry_pollevidence": ("id", "sha256"),
    "registry_pot": ("id",),
    "registry_tierassignment": ("id",),
}
"""The tables, and what no two rows of each have alike."""

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION registry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' is refused';
END $$
"""


def guard_statements(vendor: str) -> list[str]:
    """The SQL that sets up the guards on "sqlite" or "postgresql"; any other database is refused."""
    if vendor == "sqlite":
        guards = [
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: {act} is refused'); END"
            for table in APPEND_ONLY_TABLES
            for act in ("UPDATE", "DELETE")
        ]
        for table, keys in APPEND_ONLY_TABLES.items():  # REPLACE INTO deletes and asks no trigger on deletion
            taken = " OR ".join(f"({key}) = ({_of_new(key)})" for key in keys)
            guards.append(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "  # noqa: S608  the names are ours, see above
                f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only: its row is there already'); END"
            )
        return guards
    if vendor == "postgresql":
        guards = [_POSTGRESQL_FUNCTION]
        for table in APPEND_ONLY_TABLES:
            guards.append(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION registry_refuse_change()"
            )
            guards.append(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION registry_refuse_change()"
            )
        return guards
    raise NotImplementedError(f"no append-only guards are written for {vendor}: use SQLite or PostgreSQL")


def _of_new(key: str) -> str:
    return ", ".join(f"NEW.{column}" for column in key.split(", "))


def unguard_statements(vendor: str) -> list[str]:
    """The SQL that takes the guards away again, for a migration backwards."""
    if vendor == "sqlite":
        return [
            f"DROP TRIGGER IF EXISTS {table}_no_{act}"
            for table in APPEND_ONLY_TABLES
            for act in ("update", "delete", "replace")
        ]
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_{act} ON {table}"
        for table in APPEND_ONLY_TABLES
        for act in ("change", "truncate")
    ]
