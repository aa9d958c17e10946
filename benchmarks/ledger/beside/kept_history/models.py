"""Who holds whom as a plain Django table, whose every change django-simple-history keeps."""

from __future__ import annotations

from django.db import models
from simple_history.models import HistoricalRecords


class Custody(models.Model):
    """One person, and who holds them now."""

    person = models.UUIDField(primary_key=True)
    holder = models.UUIDField(db_index=True)
    at = models.DateTimeField()
    history = HistoricalRecords()
