from django.db import migrations, models
from django.db.models import OuterRef, Subquery

import monitoring.choices


def take_over_blame(apps, schema_editor):
    """The blame of a check is the one of its latest result, and old results have no reasons."""
    check, result = (apps.get_model("monitoring", name) for name in ("Check", "Result"))
    latest = result.objects.filter(pk=OuterRef("latest_result")).values("blame")
    check.objects.exclude(latest_result=None).update(blame=Subquery(latest))


class Migration(migrations.Migration):

    dependencies = [
        ("monitoring", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="check",
            name="blame",
            field=models.CharField(
                blank=True, choices=monitoring.choices.blame_choices, default="", editable=False, max_length=16
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="result",
            name="confidence",
            field=models.CharField(
                blank=True,
                choices=monitoring.choices.confidence_choices,
                default="",
                help_text="how sure the blame is; empty in old results",
                max_length=8,
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="result",
            name="reasons",
            field=models.JSONField(default=list, help_text="why the blame is where it is: a list of sentences"),
        ),
        migrations.RunPython(take_over_blame, migrations.RunPython.noop),
    ]
