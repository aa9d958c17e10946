from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("authority", "0001_assessments"),
    ]

    operations = [
        migrations.AddField("linefinding", "mark", models.CharField(blank=True, default="", max_length=2)),
        migrations.AddField("linefinding", "unverified", models.TextField(blank=True, default="")),
        migrations.AddField("linefinding", "pack", models.CharField(blank=True, default="", max_length=250)),
        migrations.AddField(
            "linefinding", "signed", models.CharField(blank=True, default="", max_length=250)
        ),
        migrations.AddField("linefinding", "quotes", models.JSONField(default=list)),
        migrations.AddField("linefinding", "asks", models.JSONField(default=list)),
        migrations.AddField("linefinding", "changes", models.JSONField(default=list)),
    ]
