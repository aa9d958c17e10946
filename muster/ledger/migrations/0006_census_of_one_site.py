from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0005_rolls"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="thing",
            index=models.Index(
                fields=["id", "origin"], condition=~models.Q(kind="person"), name="thing_no_person"
            ),
        ),
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "census.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
