from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0003_sandbox_of'),
        ('programs', '0002_tokens_of_merchants'),
    ]

    operations = [
        migrations.DeleteModel(
            name='AccessToken',
        ),
    ]
