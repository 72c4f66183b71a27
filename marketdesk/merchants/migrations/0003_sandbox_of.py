import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('merchants', '0002_tags'),
    ]

    operations = [
        migrations.AddField(
            model_name='merchant',
            name='sandbox_of',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sandbox', to='merchants.merchant'),
        ),
    ]
