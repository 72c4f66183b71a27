from django.db import migrations, models


class Migration(migrations.Migration):
    """Who says which language a message is in, and in which other one it was sent."""

    dependencies = [
        ('tickets', '0009_found_by_support'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='language_by',
            field=models.CharField(blank=True, choices=[('', 'nobody: it is what its author reads'), ('recognised', 'its words'), ('person', 'a person')], db_default='', default='', max_length=10),
        ),
        migrations.AddField(
            model_name='message',
            name='sent_in',
            field=models.CharField(blank=True, db_default='', default='', max_length=10),
        ),
    ]
