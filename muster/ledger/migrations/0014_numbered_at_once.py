from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0010_closings"),
    ]

    operations = [
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "sequence_at_once.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
