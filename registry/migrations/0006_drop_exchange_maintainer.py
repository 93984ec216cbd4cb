"""Drops the column whose word the table of maintenances now has."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("registry", "0005_maintenances")]

    operations = [migrations.RemoveField(model_name="exchange", name="maintainer")]
