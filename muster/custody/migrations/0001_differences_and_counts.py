from pathlib import Path

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
                name="Count",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("opened_at", models.DateTimeField()),
                    ("expected", models.IntegerField()),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("formal", "formal count"),
                                ("informal", "informal count"),
                                ("emergency", "emergency count"),
                                ("midnight", "midnight census"),
                            ],
                            default="informal",
                            max_length=10,
                        ),
                    ),
                    (
                        "mode",
                        models.CharField(
                            choices=[
                                ("number", "by number"),
                                ("scan", "each tag scanned"),
                                ("face", "each face matched to its tag"),
                            ],
                            default="number",
                            max_length=10,
                        ),
                    ),
                    ("inside", models.JSONField(null=True)),
                    ("outside", models.JSONField(null=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "recount_of",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="recounted_by",
                            to="custody.count",
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
                name="Difference",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    (
                        "kind",
                        models.CharField(
                            choices=[
                                ("unoffered_arrival", "received without an offer"),
                                ("held_elsewhere", "received here, held elsewhere"),
                                ("out_of_order", "told after a later entry"),
                                ("count_disagrees", "the count and the record disagree"),
                                ("released_on_offer", "released while on an open offer"),
                                ("not_held_here", "released here, not held here"),
                                ("kept_by_list", "released at a site kept by list"),
                                ("moved_by_correction", "moved by another site's correction"),
                                ("listed_not_held", "on the list, not held here"),
                                ("held_not_listed", "held here, not on the list"),
                                ("discrepancy", "what arrived is not what was offered"),
                                ("moved_on_offer", "moved while on an open offer"),
                                ("signed_late", "signed for after the trip had left"),
                                ("mission_closed", "received under a closed mission"),
                                ("left_refused", "left although departure would be refused"),
                                ("moved_during_count", "moved while a formal count was open"),
                                ("out_disagrees", "the count outside and the record disagree"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("words", models.TextField()),
                    ("opened_at", models.DateTimeField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "handover",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="ledger.handover"
                        ),
                    ),
                    (
                        "report",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="ledger.report"
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
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Merge",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("reason", models.TextField()),
                    ("moved", models.IntegerField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "duplicate",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.thing"
                        ),
                    ),
                    (
                        "survivor",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.thing"
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="OutCount",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    ("place", models.CharField(max_length=200)),
                    ("escort", models.CharField(max_length=200)),
                    ("since", models.DateTimeField()),
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
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="ledger.thing"),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="PersonalKey",
                fields=[
                    (
                        "thing",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="personal_key",
                            serialize=False,
                            to="ledger.thing",
                        ),
                    ),
                    ("sealed", models.BinaryField()),
                ],
            ),
            migrations.CreateModel(
                name="Disposal",
                fields=[
                    (
                        "thing",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="disposal",
                            serialize=False,
                            to="ledger.thing",
                        ),
                    ),
                    ("authority", models.TextField()),
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
                name="LeftOut",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "thing",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="ledger.thing"
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="PersonalField",
                fields=[
                    (
                        "id",
                        models.UUIDField(default=muster.core.ids.new_id, primary_key=True, serialize=False),
                    ),
                    (
                        "field",
                        models.CharField(
                            choices=[
                                ("agency_reference", "the holding agency's reference"),
                                ("name", "Name"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("sealed", models.BinaryField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "thing",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="ledger.thing"),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="PersonalShown",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "field",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, to="custody.personalfield"
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Replayed",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("reported_at", models.DateTimeField(null=True)),
                    ("events", models.IntegerField()),
                    ("digest", models.CharField(max_length=64, null=True, unique=True)),
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
                name="CountCertified",
                fields=[
                    (
                        "count",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="certified",
                            serialize=False,
                            to="custody.count",
                        ),
                    ),
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
                name="Counted",
                fields=[
                    (
                        "count",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="counted",
                            serialize=False,
                            to="custody.count",
                        ),
                    ),
                    ("persons", models.IntegerField()),
                    ("explanation", models.TextField(blank=True)),
                    ("counted_at", models.DateTimeField(null=True)),
                    ("missing", models.JSONField(null=True)),
                    ("unexpected", models.JSONField(null=True)),
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
                name="CountEscalated",
                fields=[
                    (
                        "count",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="escalated",
                            serialize=False,
                            to="custody.count",
                        ),
                    ),
                    ("to", models.CharField(max_length=200)),
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
                name="CountExplained",
                fields=[
                    (
                        "count",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="explained",
                            serialize=False,
                            to="custody.count",
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
                name="Settled",
                fields=[
                    (
                        "difference",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="settled",
                            serialize=False,
                            to="custody.difference",
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
                name="ListedStay",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("n", models.IntegerField()),
                    ("admitted_at", models.DateTimeField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "thing",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="ledger.thing"),
                    ),
                ],
                options={
                    "constraints": [models.UniqueConstraint(fields=("thing", "n"), name="listed_stay_once")],
                },
            ),
            migrations.CreateModel(
                name="ListTaken",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("listed", models.DateField()),
                    ("persons", models.IntegerField()),
                    ("digest", models.CharField(max_length=64)),
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
                    "constraints": [
                        models.UniqueConstraint(fields=("site", "listed", "digest"), name="list_taken_once")
                    ],
                },
            ),
            migrations.CreateModel(
                name="MergeUndone",
                fields=[
                    (
                        "merge",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="undone",
                            serialize=False,
                            to="custody.merge",
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
                name="OutConfirmed",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("place", models.CharField(max_length=200)),
                    ("persons", models.IntegerField()),
                    ("by", models.CharField(max_length=200)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "count",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="confirmed",
                            to="custody.count",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(fields=("count", "place"), name="out_confirmed_once")
                    ],
                },
            ),
            migrations.CreateModel(
                name="OutCountEnded",
                fields=[
                    (
                        "out",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="ended",
                            serialize=False,
                            to="custody.outcount",
                        ),
                    ),
                    ("at", models.DateTimeField()),
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
                name="Reference",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("digest", models.CharField(max_length=64, null=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "site",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="parties.site"
                        ),
                    ),
                    (
                        "thing",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="ledger.thing"),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(fields=("site", "digest"), name="reference_once"),
                        models.UniqueConstraint(
                            condition=models.Q(("site__isnull", True)),
                            fields=("digest",),
                            name="reference_of_no_site_once",
                        ),
                    ],
                },
            ),
        ),
        migrations.RunSQL(
            (Path(__file__).parents[1] / "sql" / "disposal.sql").read_text("utf-8"),
            reverse_sql="DROP TRIGGER digest_only_goes ON custody_reference;"
            " DROP TRIGGER digest_only_goes ON custody_replayed; DROP TRIGGER salt_only_goes ON record_answer; DROP TRIGGER key_goes_by_disposal ON custody_personalkey;"
            " DROP FUNCTION custody_refuse_another(); DROP FUNCTION custody_guard_key();",
        ),
    ]
