import django.core.validators
import django.db.models.deletion
import django.utils.timezone
import marketdesk.lib.ids
from django.db import migrations, models


class Migration(migrations.Migration):
    """Translations that somebody has asked for."""

    dependencies = [
        ('tickets', '0010_languages_of_messages'),
        ('translations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Wanted',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', marketdesk.lib.ids.PublicIdField(default=marketdesk.lib.ids.new_public_id, editable=False, max_length=24, unique=True, validators=[django.core.validators.RegexValidator('^[0-9a-f]{24}$')])),
                ('asker', models.CharField(max_length=60)),
                ('source', models.CharField(max_length=10)),
                ('target', models.CharField(max_length=10)),
                ('text', models.TextField(blank=True)),
                ('body', models.TextField(blank=True)),
                ('engine', models.CharField(blank=True, max_length=40)),
                ('failure', models.CharField(blank=True, max_length=10)),
                ('asked_at', models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ('done_at', models.DateTimeField(null=True)),
                ('message', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.message')),
                ('ticket', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='tickets.ticket')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('message__isnull', False)), fields=('message', 'target'), name='wanted_once')],
            },
        ),
    ]
