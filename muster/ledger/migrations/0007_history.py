from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0006_census_of_one_site"),
    ]

    operations = [
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "history.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
