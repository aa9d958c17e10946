import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("assistance", "0001_requests"),
        ("authority", "0001_assessments"),
        ("parties", "0001_first"),
        ("record", "0004_rows_have_leaves"),
        ("sources", "0001_sources_and_claims"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Decision",
                fields=[
                    ("id", models.CharField(max_length=70, primary_key=True, serialize=False)),
                    (
                        "outcome",
                        models.CharField(
                            choices=[
                                ("approved", "approved"),
                                ("approved_with_limits", "approved with limits"),
                                ("declined", "declined"),
                                ("referred", "referred"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("reason", models.TextField()),
                    ("instrument", models.CharField(blank=True, max_length=200)),
                    ("decided_at", models.DateTimeField(null=True)),
                    ("reported_on", models.DateField(null=True)),
                    ("reported_about", models.BooleanField(default=False)),
                    ("latest", models.IntegerField(default=0)),
                    (
                        "instrument_kind",
                        models.CharField(
                            blank=True,
                            choices=[
                                ("executive_order", "executive order"),
                                ("letter", "letter"),
                                ("verbal", "verbal, to be confirmed in writing within 24 hours"),
                            ],
                            max_length=20,
                        ),
                    ),
                    ("legal_authority", models.JSONField(default=list)),
                    ("funding_ref", models.CharField(blank=True, max_length=200)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "findings_seen",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="authority.assessment"
                        ),
                    ),
                    (
                        "office",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="parties.office"),
                    ),
                    (
                        "referred_to",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to="parties.office",
                        ),
                    ),
                    (
                        "request",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="decisions",
                            to="assistance.request",
                        ),
                    ),
                    (
                        "source",
                        models.ForeignKey(
                            null=True, on_delete=django.db.models.deletion.PROTECT, to="sources.source"
                        ),
                    ),
                    (
                        "supersedes",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="superseded_by",
                            to="decisions.decision",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Delegation",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("verbs", models.JSONField()),
                    ("begins_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField(null=True)),
                    ("instrument", models.CharField(max_length=200)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "office",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="delegations",
                            to="parties.office",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "ordering": ["begins_at", "id"],
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
                    ("kind", models.CharField(max_length=10)),
                    ("effective_at", models.DateTimeField()),
                    ("limits", models.JSONField(null=True)),
                    ("reason", models.TextField()),
                    ("lines", models.JSONField(null=True)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "decision",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="versions",
                            to="decisions.decision",
                        ),
                    ),
                    (
                        "delegation",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="versions",
                            to="decisions.delegation",
                        ),
                    ),
                ],
                options={
                    "ordering": ["n"],
                },
            ),
            migrations.CreateModel(
                name="OfficeHolder",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("begins_at", models.DateTimeField()),
                    ("instrument", models.CharField(max_length=200)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "office",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="holders",
                            to="parties.office",
                        ),
                    ),
                    (
                        "user",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                ],
                options={
                    "ordering": ["begins_at", "id"],
                },
            ),
            migrations.CreateModel(
                name="Report",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("at", models.DateTimeField()),
                    ("words", models.TextField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "decision",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="reports",
                            to="decisions.decision",
                        ),
                    ),
                ],
                options={
                    "ordering": ["at", "id"],
                },
            ),
            migrations.CreateModel(
                name="Confirmation",
                fields=[
                    (
                        "decision",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="confirmation",
                            serialize=False,
                            to="decisions.decision",
                        ),
                    ),
                    ("instrument", models.CharField(max_length=200)),
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
                name="Withdrawal",
                fields=[
                    (
                        "delegation",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="withdrawal",
                            serialize=False,
                            to="decisions.delegation",
                        ),
                    ),
                    ("at", models.DateTimeField()),
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
                name="PasskeySignature",
                fields=[
                    (
                        "version",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="passkey_signature",
                            serialize=False,
                            to="decisions.version",
                        ),
                    ),
                    ("text", models.TextField()),
                    ("asked", models.TextField()),
                    ("credential_id", models.TextField()),
                    ("public_key", models.TextField()),
                    ("authenticator_data", models.TextField()),
                    ("client_data", models.TextField()),
                    ("signature", models.TextField()),
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
                model_name="version",
                constraint=models.UniqueConstraint(fields=("decision", "n"), name="version_once"),
            ),
        ),
    ]
