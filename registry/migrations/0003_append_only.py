"""Lets the database itself refuse to change or delete decisions, policies, evidence and ledger entries."""

from django.db import migrations

from registry.triggers import guard_statements, unguard_statements


def guard(apps, schema_editor):
    for statement in guard_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


def unguard(apps, schema_editor):
    for statement in unguard_statements(schema_editor.connection.vendor):
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("registry", "0002_governance")]

    operations = [migrations.RunPython(guard, unguard)]
