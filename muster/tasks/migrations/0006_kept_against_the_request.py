from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0005_assignments"),
    ]

    operations = [
        migrations.AddField(
            model_name="kept",
            name="against",
            field=models.CharField(
                choices=[
                    ("decision", "a version of the decision"),
                    ("request", "a version of the request"),
                    ("closing", "the step that closed the request"),
                ],
                default="decision",
                max_length=10,
            ),
        ),
        migrations.RemoveConstraint(model_name="kept", name="task_kept_once"),
        migrations.AddConstraint(
            model_name="kept",
            constraint=models.UniqueConstraint(fields=("task", "against", "version"), name="task_kept_once"),
        ),
    ]
