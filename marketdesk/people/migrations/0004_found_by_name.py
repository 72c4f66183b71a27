from django.db import migrations, models

from marketdesk.lib.migrating import AddIndexBesideTraffic


class Migration(migrations.Migration):
    """Support's people are found by an index of their names."""

    atomic = False
    dependencies = [("people", "0003_arrivals")]
    operations = [
        AddIndexBesideTraffic(
            "user", models.Index(fields=["name", "id"], name="user_of_support", condition=models.Q(party="support"))
        ),
    ]
