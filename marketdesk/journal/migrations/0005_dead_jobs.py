from django.db import migrations, models

from marketdesk.lib.migrating import AddIndexBesideTraffic


class Migration(migrations.Migration):
    """Jobs that were given up are found by an index of their own."""

    atomic = False
    dependencies = [("journal", "0004_reopenings")]
    operations = [
        AddIndexBesideTraffic(
            "job", models.Index(fields=["dead_at"], name="job_dead", condition=models.Q(dead_at__isnull=False))
        ),
    ]
