"""Who takes part: organisations, the offices that decide for them, and sites."""

from __future__ import annotations

from django.db import models


class Organisation(models.Model):
    """An agency, a state, a guard, a county: whoever asks, decides, sends or holds."""

    code = models.CharField(primary_key=True, max_length=40)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=2, blank=True)

    def __str__(self) -> str:
        return self.name


class Office(models.Model):
    """A post whose holder can decide: a decision names the office, never only a person."""

    code = models.CharField(primary_key=True, max_length=40)
    title = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)

    def __str__(self) -> str:
        return self.title


class Site(models.Model):
    """A place that holds or shelters people, kept *by Muster* or *by list* as of a date."""

    code = models.CharField(primary_key=True, max_length=40)
    name = models.CharField(max_length=200)
    organisation = models.ForeignKey(Organisation, null=True, on_delete=models.PROTECT)
    city = models.CharField(max_length=100, blank=True)
    county = models.CharField(max_length=100, blank=True)
    state = models.CharField(max_length=2, blank=True)
    zone = models.CharField(max_length=40, default="UTC")
    lat = models.FloatField(null=True)
    lon = models.FloatField(null=True)
    function = models.CharField(max_length=40, blank=True)
    capacity = models.IntegerField(null=True)
    over_72h = models.BooleanField(null=True)
    kept_by_list_since = models.DateField(null=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name
