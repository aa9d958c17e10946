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
        ("ledger", "0004_accepted_root"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cutoff",
            fields=[
                ("closed_at", models.DateTimeField(primary_key=True, serialize=False)),
            ],
        ),
        migrations.CreateModel(
            name="Closing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("closed_at", models.DateTimeField()),
                ("number", models.BigIntegerField()),
                ("latest_at", models.DateTimeField()),
                ("entered", models.BigIntegerField()),
            ],
            options={
                "indexes": [models.Index(fields=["number"], name="closing_number")],
                "constraints": [models.UniqueConstraint(fields=("closed_at", "number"), name="closing_once")],
            },
        ),
        migrations.CreateModel(
            name="Roll",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "closing_id",
                        "holder_id",
                        "mission",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("mission", models.CharField(blank=True, max_length=60)),
                ("persons", models.IntegerField()),
                (
                    "things",
                    django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None),
                ),
                (
                    "closing",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rolls",
                        to="ledger.closing",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ledger.holder",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LateLeg",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "thing_id", "n", "leg", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("n", models.IntegerField()),
                ("leg", models.SmallIntegerField()),
                ("mission", models.CharField(blank=True, max_length=60)),
                ("happened_at", models.DateTimeField()),
                ("enters", models.SmallIntegerField()),
                ("act", models.ForeignKey(to="record.act", **UNCHECKED)),
                ("holder", models.ForeignKey(to="ledger.holder", **UNCHECKED)),
                ("thing", models.ForeignKey(to="ledger.thing", **UNCHECKED)),
            ],
            options={
                "indexes": [models.Index(fields=["holder", "happened_at"], name="late_leg")],
            },
        ),
        migrations.AddIndex(
            model_name="entry", index=models.Index(fields=["happened_at"], name="entry_happened")
        ),
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "rolls.sql").read_text("utf-8"),
            reverse_sql="",
            elidable=False,
        ),
    ]
