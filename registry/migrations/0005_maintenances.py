"""Carries each exchange's one maintainer over into the table that tells active from emeritus."""

from django.db import migrations


def carry_over(apps, schema_editor):
    Exchange = apps.get_model("registry", "Exchange")
    Maintenance = apps.get_model("registry", "Maintenance")
    Maintenance.objects.bulk_create(
        Maintenance(exchange_id=exchange, maintainer_id=maintainer, state="active")
        for exchange, maintainer in Exchange.objects.exclude(maintainer=None).values_list("pk", "maintainer")
    )


def carry_back(apps, schema_editor):
    Exchange = apps.get_model("registry", "Exchange")
    active = apps.get_model("registry", "Maintenance").objects.filter(state="active").order_by("-pk")
    for exchange, maintainer in active.values_list("exchange", "maintainer"):  # the first of several is written last
        Exchange.objects.filter(pk=exchange).update(maintainer=maintainer)


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_catalogue")]

    operations = [migrations.RunPython(carry_over, carry_back)]
