import django.db.models.deletion
from django.db import migrations, models

from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("parties", "0001_first"),
        ("record", "0004_rows_have_leaves"),
        ("sources", "0001_sources_and_claims"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Request",
                fields=[
                    ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                    ("title", models.CharField(max_length=200)),
                    ("kind", models.CharField(max_length=10)),
                    ("requester", models.CharField(max_length=200)),
                    ("agency_kind", models.CharField(max_length=40)),
                    ("of_state", models.CharField(max_length=2)),
                    ("purpose", models.TextField()),
                    ("priority", models.CharField(blank=True, max_length=20)),
                    ("reimbursement", models.CharField(blank=True, max_length=200)),
                    ("verbal", models.BooleanField()),
                    ("duty_status_asked", models.CharField(blank=True, max_length=40)),
                    ("federal_order", models.CharField(blank=True, max_length=200)),
                    ("as_of", models.DateField(null=True)),
                    ("facts", models.JSONField()),
                    ("details", models.JSONField(default=dict)),
                    ("version", models.IntegerField(default=1)),
                    ("state", models.CharField(default="draft", max_length=30)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "agency",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="parties.organisation"
                        ),
                    ),
                    (
                        "asked",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="parties.office"),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Link",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "relation",
                        models.CharField(
                            choices=[("separate_from", "separate from"), ("continues", "continues")],
                            max_length=20,
                        ),
                    ),
                    ("mission", models.CharField(blank=True, max_length=60)),
                    ("words", models.TextField(blank=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "other",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="linked_from",
                            to="assistance.request",
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="links",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
            migrations.CreateModel(
                name="Line",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("version", models.IntegerField(default=1)),
                    ("n", models.IntegerField()),
                    ("task", models.CharField(max_length=3)),
                    ("words", models.TextField()),
                    ("people", models.JSONField()),
                    ("vehicles", models.JSONField()),
                    ("place", models.CharField(blank=True, max_length=200)),
                    ("resource", models.CharField(blank=True, max_length=200)),
                    ("window_from", models.DateField(null=True)),
                    ("window_to", models.DateField(null=True)),
                    ("contact", models.CharField(blank=True, max_length=10)),
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
                            related_name="every_line",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["n"],
                },
            ),
            migrations.CreateModel(
                name="Exclusion",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("version", models.IntegerField(default=1)),
                    ("task", models.CharField(max_length=3)),
                    ("words", models.TextField()),
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
                            related_name="every_exclusion",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["task"],
                },
            ),
            migrations.CreateModel(
                name="Document",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("title", models.CharField(max_length=200)),
                    ("text", models.TextField()),
                    ("sha256", models.CharField(max_length=64)),
                    ("page_starts", models.JSONField(null=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "source",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="sources.source"
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="documents",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
            migrations.CreateModel(
                name="Difference",
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
                                ("unreadable", "cannot be read without guessing"),
                                ("does_not_multiply_out", "people, rate and days do not make the total"),
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
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="differences",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
            migrations.CreateModel(
                name="Assignment",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("ma_id", models.CharField(max_length=30)),
                    ("incident", models.CharField(max_length=10)),
                    ("declaration_type", models.CharField(max_length=2)),
                    ("region", models.SmallIntegerField()),
                    ("incident_type", models.CharField(max_length=60)),
                    ("incident_begin", models.DateField()),
                    ("also_begins", models.JSONField()),
                    ("ma_type", models.CharField(max_length=3)),
                    ("esf", models.SmallIntegerField(null=True)),
                    ("agency", models.CharField(max_length=20)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "request",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="assignment",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Passage",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("version", models.IntegerField()),
                    ("field", models.CharField(max_length=60)),
                    ("value", models.JSONField(null=True)),
                    ("exact", models.TextField()),
                    ("prefix", models.TextField(blank=True)),
                    ("suffix", models.TextField(blank=True)),
                    ("page", models.IntegerField(null=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "document",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="passages",
                            to="assistance.document",
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="passages",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["id"],
                },
            ),
            migrations.CreateModel(
                name="Step",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("n", models.IntegerField()),
                    ("state", models.CharField(max_length=30)),
                    ("happened_at", models.DateTimeField()),
                    ("approximate", models.BooleanField(default=False)),
                    ("code", models.CharField(blank=True, max_length=20)),
                    ("reason", models.TextField(blank=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "other",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="duplicates",
                            to="assistance.request",
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="steps",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["n"],
                },
            ),
            migrations.CreateModel(
                name="Version",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("n", models.IntegerField()),
                    ("happened_at", models.DateTimeField()),
                    ("reason", models.TextField(blank=True)),
                    ("content", models.JSONField()),
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
                            related_name="versions",
                            to="assistance.request",
                        ),
                    ),
                ],
                options={
                    "ordering": ["n"],
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
                            to="assistance.difference",
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
                name="Unlinked",
                fields=[
                    (
                        "link",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="unlinked",
                            serialize=False,
                            to="assistance.link",
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
                name="Paper",
                fields=[
                    (
                        "request",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="paper",
                            serialize=False,
                            to="assistance.request",
                        ),
                    ),
                    ("received_at", models.DateTimeField()),
                    ("reference", models.CharField(max_length=200)),
                    ("offers_reimbursement", models.BooleanField(null=True)),
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
            migrations.AddConstraint(
                model_name="link",
                constraint=models.CheckConstraint(
                    condition=models.Q(("other__isnull", True), ("mission", ""), _connector="XOR"),
                    name="link_to_one_thing",
                ),
            ),
            migrations.AddConstraint(
                model_name="line",
                constraint=models.UniqueConstraint(fields=("request", "version", "n"), name="line_once"),
            ),
            migrations.AddConstraint(
                model_name="document",
                constraint=models.UniqueConstraint(fields=("request", "sha256"), name="document_once"),
            ),
            migrations.AddConstraint(
                model_name="step",
                constraint=models.UniqueConstraint(fields=("request", "n"), name="request_step_once"),
            ),
            migrations.AddConstraint(
                model_name="version",
                constraint=models.UniqueConstraint(fields=("request", "n"), name="request_version_once"),
            ),
        ),
    ]
