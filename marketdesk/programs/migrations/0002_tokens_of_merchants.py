"""The tokens that programs carry already, with the numbers by which the journal names them."""

from django.core.management.color import no_style
from django.db import migrations

SCOPES = "tickets:read tickets:write orders:read orders:write webhook:read webhook:write"


def move(apps, schema_editor):
    AccessToken = apps.get_model("programs", "AccessToken")
    for old in apps.get_model("merchants", "AccessToken").objects.order_by("pk").iterator():
        token = AccessToken.objects.create(
            pk=old.pk,
            merchant_id=old.merchant_id,
            name=old.name,
            token_checksum=old.token_hash,
            expires=old.expires_at,
            revoked_at=old.revoked_at,
            scope=SCOPES,
        )
        AccessToken.objects.filter(pk=token.pk).update(created=old.created_at)
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [AccessToken]):
            cursor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ("programs", "0001_initial"),
        ("merchants", "0003_sandbox_of"),
    ]

    operations = [
        migrations.RunPython(move, elidable=True),
    ]
