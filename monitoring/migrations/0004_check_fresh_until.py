"""Keeps until when an outcome counts beside the outcome: it must not follow a later change of cadence."""

from datetime import timedelta

from django.db import migrations, models


def fill(apps, schema_editor):
    Check = apps.get_model("monitoring", "Check")
    for check in Check.objects.exclude(checked_at=None):
        check.fresh_until = check.checked_at + max(3 * timedelta(seconds=check.cadence_s), timedelta(minutes=2))
        check.save(update_fields=["fresh_until"])


class Migration(migrations.Migration):
    dependencies = [("monitoring", "0003_capture")]

    operations = [
        migrations.AddField(
            model_name="check",
            name="fresh_until",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the latest outcome stops counting; set with it.",
                null=True,
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
