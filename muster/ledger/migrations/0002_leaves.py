from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("ledger", "0001_first"),
        ("record", "0002_leaves_and_checkpoints"),
    ]

    operations = [
        migrations.RemoveField(model_name="entry", name="leaf"),
        migrations.RemoveField(model_name="head", name="leaf"),
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "leaves.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
