import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("record", "0001_first"),
    ]

    operations = [
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                ("size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("root", models.BinaryField()),
                ("note", models.TextField()),
                ("frontier", models.BinaryField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
        ),
        migrations.CreateModel(
            name="Leaf",
            fields=[
                ("index", models.BigIntegerField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("act", "Act"),
                            ("holder", "Holder"),
                            ("thing", "Thing"),
                            ("entry", "Entry"),
                        ],
                        max_length=6,
                    ),
                ),
                ("subject", models.UUIDField(null=True)),
                ("n", models.IntegerField(null=True)),
                ("leaf", models.BinaryField()),
                (
                    "act",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="record.act",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "entry")), fields=("subject", "n"), name="leaf_of_entry"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "act")), fields=("act",), name="leaf_of_act"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("kind__in", ["holder", "thing"])),
                        fields=("subject",),
                        name="leaf_of_subject",
                    ),
                ],
            },
        ),
    ]
