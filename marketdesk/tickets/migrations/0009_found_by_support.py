import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from marketdesk.lib.migrating import AddIndexBesideTraffic

AT_MERCHANT = models.Q(state="with_merchant")


class Migration(migrations.Migration):
    """Support's queues and the merchants' are found by indexes of their own."""

    atomic = False
    dependencies = [
        ("people", "0004_found_by_name"),
        ("merchants", "0005_sanctions"),
        ("orders", "0003_by_merchant"),
        ("tickets", "0008_by_asking"),
    ]
    operations = [
        AddIndexBesideTraffic(
            "ticket",
            models.Index(
                fields=["merchant", "category", "due_at", "id", "shared"],
                name="ticket_due_by_category",
                condition=AT_MERCHANT,
            ),
        ),
        AddIndexBesideTraffic(
            "ticket",
            models.Index(
                fields=["assignee"], name="ticket_assigned", condition=models.Q(assignee__isnull=False)
            ),
        ),
        AddIndexBesideTraffic(
            "ticket",
            models.Index(fields=["due_at", "id", "is_sandbox"], name="ticket_at_merchants", condition=AT_MERCHANT),
        ),
        AddIndexBesideTraffic(
            "ticket",
            models.Index(
                fields=["turned_at", "id", "is_sandbox"],
                name="ticket_awaited_by_support",
                condition=models.Q(desk="platform", state="with_customer"),
            ),
        ),
        migrations.RemoveIndex("ticket", "ticket_due_category"),
        migrations.AlterField(
            "ticket",
            "assignee",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                django.db.models.deletion.SET_NULL,
                null=True,
                db_index=False,
                related_name="assigned_tickets",
            ),
        ),
    ]
