import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0003_lines_offices_and_papers"),
        ("record", "0004_rows_have_leaves"),
    ]

    operations = [
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
            options={"abstract": False},
        ),
    ]
