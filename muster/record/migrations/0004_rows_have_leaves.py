from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

UNCHECKED = {
    "db_constraint": False,
    "db_index": False,
    "on_delete": django.db.models.deletion.PROTECT,
    "related_name": "+",
}


class Migration(migrations.Migration):
    dependencies = [
        ("record", "0003_salts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Layout",
            fields=[
                ("id", models.IntegerField(primary_key=True, serialize=False)),
                ("of_table", models.CharField(max_length=63)),
                (
                    "columns",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=63), size=None
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("of_table", "columns"), name="layout_once")],
            },
        ),
        migrations.CreateModel(
            name="RowsWritten",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "act_id", "layout_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("salt", models.UUIDField()),
                ("act", models.ForeignKey(to="record.act", **UNCHECKED)),
                ("layout", models.ForeignKey(to="record.layout", **UNCHECKED)),
            ],
        ),
        migrations.AlterField(
            model_name="leaf",
            name="kind",
            field=models.CharField(
                choices=[
                    ("act", "Act"),
                    ("holder", "Holder"),
                    ("thing", "Thing"),
                    ("entry", "Entry"),
                    ("rows", "Rows"),
                ],
                max_length=6,
            ),
        ),
        migrations.AddConstraint(
            model_name="leaf",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "rows")), fields=("act", "n"), name="leaf_of_rows"
            ),
        ),
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "rows.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
