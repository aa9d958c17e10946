from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0013_posting"),
    ]

    operations = [
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "closings.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
