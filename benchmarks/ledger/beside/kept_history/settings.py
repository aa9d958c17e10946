"""Settings of a project that has nothing but this table and its history."""

import os

from muster.database.embedded import OWNER

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": "simple_history", "USER": OWNER,
        "HOST": os.environ["PEERS_SOCKET"], "CONN_MAX_AGE": None,
    }
}  # fmt: skip
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "simple_history", "kept_history"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
