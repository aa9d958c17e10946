from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0009_guard_by_window"),
        ("record", "0004_rows_have_leaves"),
    ]

    operations = [
        *(
            migrations.RunSQL(
                (Path(__file__).parents[1] / "sql" / name).read_text("utf-8"), reverse_sql="", elidable=False
            )
            for name in ("rows.sql", "sequence.sql")
        ),
    ]
