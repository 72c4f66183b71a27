"""Tokens that the operator made have every scope, also one that came later."""

from django.db import migrations
from django.db.models import F, Value
from django.db.models.functions import Concat


def widen(apps, schema_editor):
    theirs = apps.get_model("programs", "AccessToken").objects.filter(application__isnull=True)
    theirs.update(scope=Concat(F("scope"), Value(" penalties:read")))


class Migration(migrations.Migration):

    dependencies = [
        ("programs", "0003_families"),
    ]

    operations = [
        migrations.RunPython(widen, migrations.RunPython.noop, elidable=True),
    ]
