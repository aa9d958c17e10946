import django.db.models.deletion
from django.db import migrations, models

from muster.database.tables import CreateTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("decisions", "0001_decisions"),
        ("ledger", "0014_numbered_at_once"),
        ("missions", "0001_missions"),
        ("parties", "0001_first"),
        ("record", "0004_rows_have_leaves"),
        ("sources", "0001_sources_and_claims"),
    ]

    operations = [
        CreateTables(
            migrations.CreateModel(
                name="Task",
                fields=[
                    ("id", models.CharField(max_length=70, primary_key=True, serialize=False)),
                    ("category", models.CharField(max_length=3)),
                    ("words", models.TextField()),
                    ("place", models.CharField(max_length=200)),
                    ("people", models.JSONField()),
                    ("vehicles", models.JSONField()),
                    ("begins_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField()),
                    ("contact", models.CharField(max_length=10)),
                    ("armed", models.CharField(max_length=10)),
                    ("volunteers", models.BooleanField()),
                    ("conditions", models.JSONField()),
                    ("ended_at", models.DateTimeField(null=True)),
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
                            related_name="tasks",
                            to="decisions.decision",
                        ),
                    ),
                    (
                        "mission",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="tasks",
                            to="missions.mission",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Shift",
                fields=[
                    ("id", models.CharField(max_length=80, primary_key=True, serialize=False)),
                    ("begins_at", models.DateTimeField()),
                    ("ends_at", models.DateTimeField()),
                    ("skill", models.CharField(blank=True, max_length=60)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "instead_of",
                        models.OneToOneField(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="taken_over",
                            to="tasks.shift",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="TaskDifference",
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
                                ("above_limit", "more members than the decision or the task allows"),
                                ("not_ordered", "checked in without an order"),
                                ("held_elsewhere", "checked in here, and not checked out elsewhere"),
                                ("not_checked_in", "checked out, and never checked in"),
                                ("out_of_order", "told after a later entry"),
                                ("mission_closed", "checked in to a closed mission"),
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
                ],
                options={
                    "ordering": ["id"],
                },
            ),
            migrations.CreateModel(
                name="Member",
                fields=[
                    (
                        "thing",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="member",
                            serialize=False,
                            to="ledger.thing",
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
                        "organisation",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="members",
                            to="parties.organisation",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Assignment",
                fields=[
                    ("id", models.CharField(max_length=80, primary_key=True, serialize=False)),
                    ("skill", models.CharField(blank=True, max_length=60)),
                    ("ended", models.BooleanField(default=False)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "mission",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="assignments",
                            to="missions.mission",
                        ),
                    ),
                    (
                        "member",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="assignments",
                            to="tasks.member",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="MemberStatement",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("unit", models.CharField(max_length=60)),
                    ("duty_status", models.CharField(max_length=60)),
                    ("status_from", models.DateField(null=True)),
                    ("status_until", models.DateField(null=True)),
                    ("volunteer", models.BooleanField(null=True)),
                    ("volunteer_on", models.DateField(null=True)),
                    ("skills", models.JSONField()),
                    ("available", models.JSONField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "member",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="statements",
                            to="tasks.member",
                        ),
                    ),
                ],
            ),
            migrations.CreateModel(
                name="Present",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("people", models.IntegerField()),
                    ("at", models.DateTimeField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "task",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="present",
                            to="tasks.task",
                        ),
                    ),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.CreateModel(
                name="RestStated",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("hours", models.IntegerField()),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "mission",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="rest_stated",
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
                name="ShiftEnded",
                fields=[
                    (
                        "shift",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="ended",
                            serialize=False,
                            to="tasks.shift",
                        ),
                    ),
                    ("at", models.DateTimeField()),
                    ("reason", models.TextField()),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.AddField(
                model_name="shift",
                name="member",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="shifts", to="tasks.member"
                ),
            ),
            migrations.AddField(
                model_name="shift",
                name="task",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="shifts", to="tasks.task"
                ),
            ),
            migrations.CreateModel(
                name="TaskDifferenceSettled",
                fields=[
                    (
                        "difference",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="settled",
                            serialize=False,
                            to="tasks.taskdifference",
                        ),
                    ),
                    ("reason", models.TextField()),
                ],
                options={
                    "abstract": False,
                },
            ),
            migrations.AddField(
                model_name="taskdifference",
                name="member",
                field=models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="differences",
                    to="tasks.member",
                ),
            ),
            migrations.AddField(
                model_name="taskdifference",
                name="mission",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="task_differences",
                    to="missions.mission",
                ),
            ),
            migrations.AddField(
                model_name="taskdifference",
                name="task",
                field=models.ForeignKey(
                    null=True,
                    on_delete=django.db.models.deletion.PROTECT,
                    related_name="differences",
                    to="tasks.task",
                ),
            ),
            migrations.CreateModel(
                name="Ending",
                fields=[
                    (
                        "task",
                        models.OneToOneField(
                            on_delete=django.db.models.deletion.PROTECT,
                            primary_key=True,
                            related_name="ending",
                            serialize=False,
                            to="tasks.task",
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
                name="AssignmentStep",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    ("n", models.IntegerField()),
                    ("state", models.CharField(max_length=12)),
                    ("happened_at", models.DateTimeField()),
                    ("reason", models.TextField(blank=True)),
                    ("details", models.JSONField(default=dict)),
                    (
                        "act",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                        ),
                    ),
                    (
                        "assignment",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="steps",
                            to="tasks.assignment",
                        ),
                    ),
                    (
                        "task",
                        models.ForeignKey(
                            null=True,
                            on_delete=django.db.models.deletion.PROTECT,
                            related_name="assigned",
                            to="tasks.task",
                        ),
                    ),
                ],
                options={
                    "ordering": ["n"],
                    "constraints": [
                        models.UniqueConstraint(fields=("assignment", "n"), name="assignment_step_once")
                    ],
                },
            ),
            migrations.CreateModel(
                name="Kept",
                fields=[
                    (
                        "id",
                        models.BigAutoField(
                            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                        ),
                    ),
                    (
                        "against",
                        models.CharField(
                            choices=[
                                ("decision", "a version of the decision"),
                                ("request", "a version of the request"),
                                ("closing", "the step that closed the request"),
                            ],
                            default="decision",
                            max_length=10,
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
                        "task",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="kept", to="tasks.task"
                        ),
                    ),
                ],
                options={
                    "constraints": [
                        models.UniqueConstraint(fields=("task", "against", "version"), name="task_kept_once")
                    ],
                },
            ),
            migrations.AddConstraint(
                model_name="member",
                constraint=models.UniqueConstraint(
                    fields=("organisation", "digest"), name="member_once_by_number"
                ),
            ),
            migrations.AddConstraint(
                model_name="assignment",
                constraint=models.UniqueConstraint(
                    condition=models.Q(("ended", False)),
                    fields=("mission", "member"),
                    name="assigned_once_at_a_time",
                ),
            ),
            migrations.AddConstraint(
                model_name="memberstatement",
                constraint=models.UniqueConstraint(
                    fields=("member", "act"), name="member_stated_once_an_act"
                ),
            ),
            migrations.AddField(
                model_name="shiftended",
                name="act",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                ),
            ),
            migrations.AddIndex(
                model_name="shift",
                index=models.Index(fields=["member", "begins_at"], name="shift_of_member"),
            ),
            migrations.AddIndex(
                model_name="shift",
                index=models.Index(fields=["task", "begins_at"], name="shift_of_task"),
            ),
            migrations.AddConstraint(
                model_name="shift",
                constraint=models.CheckConstraint(
                    condition=models.Q(("begins_at__lt", models.F("ends_at"))), name="shift_has_length"
                ),
            ),
            migrations.AddField(
                model_name="taskdifferencesettled",
                name="act",
                field=models.ForeignKey(
                    on_delete=django.db.models.deletion.PROTECT, related_name="+", to="record.act"
                ),
            ),
        ),
    ]
