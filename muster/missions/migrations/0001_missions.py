import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("decisions", "0001_decisions"),
        ("parties", "0001_first"),
        ("record", "0004_rows_have_leaves"),
        ("sources", "0001_sources_and_claims"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Mission",
                fields=[
                    ("id", models.CharField(max_length=60, primary_key=True, serialize=False)),
                    ("title", models.CharField(max_length=200)),
                    ("drill", models.BooleanField()),
                    ("opened_at", models.DateTimeField()),
                    ("closed_at", models.DateTimeField(null=True)),
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
                            related_name="missions",
                            to="decisions.decision",
                        ),
                    ),
                    (
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, to="parties.organisation"
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Look",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("known_at", models.BigIntegerField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
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
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="Apart",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("mission", models.CharField(db_index=True, max_length=60)),
                    ("code", models.CharField(max_length=60)),
                    ("title", models.CharField(max_length=200)),
                    (
                        "relation",
                        models.CharField(
                            choices=[("separate_from", "separate from"), ("earlier", "earlier, and ended")],
                            max_length=20,
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
                        "source",
                        models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="sources.source"),
                    ),
                ],
                options={
                    "ordering": ["code"],
                    "constraints": [models.UniqueConstraint(fields=("mission", "code"), name="apart_once")],
                },
            ),
            migrations.CreateModel(
                name="Closing",
                fields=[
                    (
                        "mission",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="closing",
                            serialize=False,
                            to="missions.mission",
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
        ),
    ]
