from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0007_history"),
    ]

    operations = [
        # 0006 made the function; where it ran before this, it gets its newer body.
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "census.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
