from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sources", "0003_files"),
    ]

    operations = [
        migrations.AddField(
            model_name="source",
            name="mark",
            field=models.CharField(
                blank=True,
                choices=[
                    ("C", "read in a primary text"),
                    ("S", "read in a secondary source only"),
                    ("GK", "general knowledge"),
                ],
                max_length=2,
                default="",
            ),
            preserve_default=False,
        ),
    ]
