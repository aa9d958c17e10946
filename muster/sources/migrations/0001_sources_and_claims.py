import django.db.models.deletion
from django.db import migrations, models

from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("record", "0004_rows_have_leaves"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="File",
                fields=[
                    ("sha256", models.CharField(max_length=64, primary_key=True, serialize=False)),
                    ("media_type", models.CharField(max_length=100)),
                    ("content", models.BinaryField()),
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
                name="Source",
                fields=[
                    ("id", models.UUIDField(primary_key=True, serialize=False)),
                    ("publisher", models.CharField(max_length=200)),
                    ("title", models.TextField(blank=True)),
                    ("published", models.CharField(blank=True, max_length=10)),
                    ("url", models.TextField(blank=True)),
                    (
                        "mark",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("C", "read in a primary text"),
                                ("S", "read in a secondary source only"),
                                ("GK", "general knowledge"),
                            ],
                            max_length=2,
                        ),
                    ),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "file",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="sources",
                            to="sources.file",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Claim",
                fields=[
                    ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                    ("mission", models.CharField(db_index=True, max_length=60)),
                    ("place", models.CharField(max_length=2)),
                    ("metric", models.CharField(max_length=40)),
                    ("quantity", models.JSONField(null=True)),
                    ("as_of", models.CharField(blank=True, max_length=10)),
                    ("note", models.TextField(blank=True)),
                    ("stated_by", models.CharField(blank=True, max_length=200)),
                    ("question", models.TextField(blank=True)),
                    ("asked_of", models.CharField(blank=True, max_length=200)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
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
                name="Statement",
                fields=[
                    ("id", models.CharField(max_length=40, primary_key=True, serialize=False)),
                    ("mission", models.CharField(db_index=True, max_length=60)),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("asked", "what was asked"),
                                ("scope", "what help it would be"),
                                ("standing", "where the request stood"),
                                ("order", "federal order"),
                                ("command", "command and money"),
                                ("purpose", "stated purpose"),
                                ("meaning", "reported meaning"),
                                ("activation", "earlier activation"),
                                ("separate", "something separate"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("words", models.TextField()),
                    ("stated_by", models.CharField(max_length=300)),
                    ("said_on", models.CharField(blank=True, max_length=10)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "source",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sources.source"),
                    ),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
        ),
    ]
