from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("record", "0002_leaves_and_checkpoints"),
    ]

    operations = [
        migrations.AddField(
            model_name="answer",
            name="salt",
            field=models.BinaryField(null=True),
        ),
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "number_of.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
