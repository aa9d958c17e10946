import django.db.models.deletion
from django.db import migrations, models

import muster.core.ids
from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0014_numbered_at_once"),
        ("parties", "0001_first"),
        ("record", "0004_rows_have_leaves"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Reckoned",
                fields=[
                    ("id", models.IntegerField(primary_key=True, serialize=False)),
                    ("number", models.BigIntegerField()),
                    ("at", models.DateTimeField()),
                ],
            ),
            migrations.CreateModel(
                name="OpenClock",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("site", models.CharField(max_length=40)),
                    ("thing", models.UUIDField()),
                    ("pack", models.CharField(max_length=120)),
                    ("rule", models.CharField(max_length=120)),
                    ("by", models.CharField(max_length=120)),
                    ("responsible", models.CharField(max_length=200)),
                    ("state", models.CharField(max_length=10)),
                    ("started_at", models.DateTimeField()),
                    ("due_at", models.DateTimeField(null=True)),
                    ("breach_at", models.DateTimeField(null=True)),
                    ("again_at", models.DateTimeField(null=True)),
                ],
                options={
                    "indexes": [
                        models.Index(fields=["site", "due_at"], name="open_clock_due"),
                        models.Index(fields=["thing"], name="open_clock_thing"),
                        models.Index(
                            condition=models.Q(("again_at__isnull", False)),
                            fields=["again_at"],
                            name="open_clock_again",
                        ),
                    ],
                },
            ),
            migrations.CreateModel(
                name="SiteHoliday",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("day", models.DateField()),
                    ("name", models.CharField(max_length=200)),
                    ("closed", models.BooleanField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "site",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="parties.site"),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="SiteStandard",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("standard", models.CharField(max_length=120)),
                    ("contract_ref", models.CharField(blank=True, max_length=200)),
                    ("valid_from", models.DateField()),
                    ("valid_to", models.DateField(null=True)),
                    ("terms", models.JSONField(default=dict)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "replaces",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="replaced_by",
                            to="cases.sitestandard",
                        ),
                    ),
                    (
                        "site",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="standards",
                            to="parties.site",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Breach",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("pack", models.CharField(max_length=120)),
                    ("rule", models.CharField(max_length=120)),
                    ("by", models.CharField(max_length=120)),
                    ("severity", models.CharField(max_length=10)),
                    ("started_at", models.DateTimeField()),
                    ("due_at", models.DateTimeField(null=True)),
                    ("read_at", models.DateTimeField()),
                    ("words", models.TextField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "site",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="parties.site"),
                    ),
                    (
                        "thing",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="ledger.thing"
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(
                            fields=("site", "thing", "pack", "rule", "started_at", "due_at"),
                            name="breach_once",
                            nulls_distinct=False,
                        )
                    ],
                },
            ),
            migrations.CreateModel(
                name="RecordedEvent",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("event", models.CharField(max_length=120)),
                    ("at", models.DateTimeField()),
                    ("done", models.BooleanField(default=True)),
                    ("by", models.CharField(blank=True, max_length=200)),
                    ("proof", models.CharField(blank=True, max_length=200)),
                    ("withdrawn", models.BooleanField(default=False)),
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
                            to="cases.recordedevent",
                        ),
                    ),
                    (
                        "site",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="parties.site"),
                    ),
                    (
                        "thing",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="ledger.thing"
                        ),
                    ),
                ],
                options={
                    "indexes": [models.Index(fields=["site", "event", "at"], name="event_at_site")],
                },
            ),
        ),
    ]
