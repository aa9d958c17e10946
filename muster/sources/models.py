"""Sources and the claims that stand in them."""

from __future__ import annotations

from django.db import models

from muster.record.models import Recorded


class Source(Recorded):
    """A page or document: who published it and where it is."""

    id = models.UUIDField(primary_key=True)  # UUIDv5 of its address, so that a page is one source
    publisher = models.CharField(max_length=200)
    url = models.TextField()

    def __str__(self) -> str:
        return self.publisher


class Claim(Recorded):
    """One published number.

    `quantity` is as stated, None for a place on a list; `as_of` a day, a month, or empty where the page does not say.
    """

    id = models.CharField(primary_key=True, max_length=40)
    mission = models.CharField(max_length=60, db_index=True)
    place = models.CharField(max_length=2)
    metric = models.CharField(max_length=40)
    quantity = models.JSONField(null=True)
    as_of = models.CharField(max_length=10, blank=True)
    note = models.TextField(blank=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
