import django.db.models.deletion
from django.db import migrations, models

from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("decisions", "0001_decisions"),
        ("missions", "0001_missions"),
        ("record", "0004_rows_have_leaves"),
        ("sources", "0001_sources_and_claims"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="CostLine",
                fields=[
                    ("id", models.CharField(max_length=80, primary_key=True, serialize=False)),
                    ("stage", models.CharField(max_length=10)),
                    ("kind", models.CharField(max_length=15)),
                    ("basis", models.CharField(max_length=10)),
                    ("words", models.TextField()),
                    ("task", models.CharField(blank=True, max_length=200)),
                    ("request_line", models.IntegerField(null=True)),
                    ("rate_cents", models.BigIntegerField(null=True)),
                    ("count", models.JSONField()),
                    ("days", models.JSONField()),
                    ("stated_cents", models.BigIntegerField(null=True)),
                    ("begins_on", models.DateField(null=True)),
                    ("ends_on", models.DateField(null=True)),
                    ("reference", models.CharField(blank=True, max_length=200)),
                    ("reason", models.TextField(blank=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "corrects",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="corrected_by",
                            to="costs.costline",
                        ),
                    ),
                    (
                        "decision",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="costs",
                            to="decisions.decision",
                        ),
                    ),
                    (
                        "estimate",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="fulfilled_by",
                            to="costs.costline",
                        ),
                    ),
                    (
                        "mission",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="costs",
                            to="missions.mission",
                        ),
                    ),
                    (
                        "source",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sources.source"),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="CostDifference",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("does_not_multiply_out", "rate, count and days do not make the total"),
                                ("above_cap", "above the decision's cost cap"),
                                ("paid_otherwise", "paid another amount than claimed"),
                            ],
                            max_length=30,
                        ),
                    ),
                    ("words", models.TextField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "line",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="differences",
                            to="costs.costline",
                        ),
                    ),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
            migrations.CreateModel(
                name="CostDifferenceSettled",
                fields=[
                    (
                        "difference",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="settled",
                            serialize=False,
                            to="costs.costdifference",
                        ),
                    ),
                    ("reason", models.TextField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="CostStep",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("n", models.IntegerField()),
                    ("state", models.CharField(max_length=10)),
                    ("happened_at", models.DateTimeField()),
                    ("reference", models.CharField(blank=True, max_length=200)),
                    ("cents", models.BigIntegerField(null=True)),
                    ("reason", models.TextField(blank=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "line",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="steps",
                            to="costs.costline",
                        ),
                    ),
                ],
                options={
                    "ordering": ["n"],
                    "constraints": [models.UniqueConstraint(fields=("line", "n"), name="cost_step_once")],
                },
            ),
        ),
    ]
