import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0014_numbered_at_once"),
        ("missions", "0001_missions"),
        ("parties", "0001_first"),
        ("record", "0004_rows_have_leaves"),
        ("tasks", "0001_tasks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Trip",
                fields=[
                    ("id", models.CharField(max_length=50, primary_key=True, serialize=False)),
                    ("vehicle", models.CharField(max_length=60)),
                    ("seats", models.IntegerField()),
                    ("departs_at", models.DateTimeField()),
                    (
                        "state",
                        models.CharField(
                            choices=[
                                ("planned", "Planned"),
                                ("departed", "Departed"),
                                ("arrived", "Arrived"),
                                ("closed", "Closed"),
                            ],
                            default="planned",
                            max_length=10,
                        ),
                    ),
                    (
                        "purpose",
                        models.CharField(
                            choices=[
                                ("transfer", "transfer between sites"),
                                ("return", "return to the agency"),
                            ],
                            default="transfer",
                            max_length=10,
                        ),
                    ),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "custodian",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="+",
                            to=settings.AUTH_USER_MODEL,
                        ),
                    ),
                    (
                        "from_site",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.site"
                        ),
                    ),
                    (
                        "holder",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="ledger.holder"
                        ),
                    ),
                    (
                        "mission",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="trips",
                            to="missions.mission",
                        ),
                    ),
                    (
                        "task",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="trips", to="tasks.task"
                        ),
                    ),
                    (
                        "to_site",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="parties.site"
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="OfferKept",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("version", models.IntegerField()),
                    ("reason", models.TextField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "handover",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="kept",
                            to="ledger.handover",
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(fields=("handover", "version"), name="offer_kept_once")
                    ],
                },
            ),
            migrations.CreateModel(
                name="TripEvent",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("n", models.IntegerField()),
                    ("kind", models.CharField(max_length=10)),
                    ("aboard", models.IntegerField()),
                    ("words", models.TextField(blank=True)),
                    ("at", models.DateTimeField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "trip",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="events",
                            to="transport.trip",
                        ),
                    ),
                ],
                options={
                    "ordering": ["n"],
                    "constraints": [models.UniqueConstraint(fields=("trip", "n"), name="trip_event_once")],
                },
            ),
        ),
    ]
