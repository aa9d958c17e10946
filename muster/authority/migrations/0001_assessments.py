import django.db.models.deletion
from django.db import migrations, models

import muster.core.ids
from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("assistance", "0001_requests"),
        ("record", "0004_rows_have_leaves"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Assessment",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("version", models.IntegerField(default=1)),
                    ("status", models.CharField(max_length=40)),
                    ("on_date", models.DateField()),
                    ("facts", models.JSONField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="assessments",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Drift",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("happened_at", models.DateTimeField()),
                    ("tasked", models.CharField(max_length=3)),
                    ("done", models.CharField(max_length=3)),
                    ("place", models.CharField(blank=True, max_length=200)),
                    ("asked_by", models.CharField(max_length=200)),
                    ("what_was_done", models.TextField()),
                    ("defense", models.CharField(max_length=6)),
                    ("status", models.CharField(max_length=40)),
                    ("finding", models.CharField(max_length=20)),
                    ("layer", models.CharField(max_length=30)),
                    ("rule", models.CharField(max_length=120)),
                    ("citation", models.TextField()),
                    ("verified", models.BooleanField()),
                    ("words", models.TextField()),
                    ("review_due_at", models.DateTimeField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="drifts",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["happened_at"],
                },
            ),
            migrations.CreateModel(
                name="DriftReview",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "outcome",
                        models.CharField(
                            choices=[
                                ("within", "within the authority"),
                                ("outside", "outside the authority"),
                            ],
                            max_length=10,
                        ),
                    ),
                    ("reason", models.TextField()),
                    ("reviewed_at", models.DateTimeField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "drift",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="review",
                            to="authority.drift",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Judgement",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("version", models.IntegerField()),
                    ("criterion", models.CharField(max_length=20)),
                    ("colour", models.CharField(max_length=10)),
                    ("rationale", models.TextField()),
                    ("evidence", models.JSONField()),
                    ("judged_at", models.DateTimeField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="judgements",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
            migrations.CreateModel(
                name="LineFinding",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("line", models.IntegerField()),
                    ("task", models.CharField(max_length=3)),
                    ("finding", models.CharField(max_length=20)),
                    ("layer", models.CharField(max_length=30)),
                    ("rule", models.CharField(max_length=120)),
                    ("citation", models.TextField()),
                    ("verified", models.BooleanField()),
                    ("words", models.TextField()),
                    ("conditions", models.JSONField()),
                    ("mark", models.CharField(blank=True, default="", max_length=2)),
                    ("unverified", models.TextField(blank=True, default="")),
                    ("pack", models.CharField(blank=True, default="", max_length=250)),
                    ("signed", models.CharField(blank=True, default="", max_length=250)),
                    ("quotes", models.JSONField(default=list)),
                    ("asks", models.JSONField(default=list)),
                    ("changes", models.JSONField(default=list)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "assessment",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="findings",
                            to="authority.assessment",
                        ),
                    ),
                ],
                options={
                    "ordering": ["line"],
                    "constraints": [
                        models.UniqueConstraint(fields=("assessment", "line"), name="finding_once")
                    ],
                },
            ),
        ),
    ]
