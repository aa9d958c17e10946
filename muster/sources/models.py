"""Sources and the claims that stand in them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from muster.record.models import Recorded


class File(Recorded):
    """The bytes of a document, once, under their SHA-256. Their rows have no leaf: the digest that names them stands in others."""

    in_tree: ClassVar[bool] = False

    sha256 = models.CharField(primary_key=True, max_length=64)
    media_type = models.CharField(max_length=100)
    content = models.BinaryField()

    def __str__(self) -> str:
        return self.sha256


class Source(Recorded):
    """A page or document: who published it and where it is, or what it is where it has no address."""

    class Mark(models.TextChoices):
        """How what it says was read, as the rules of the packs are marked."""

        PRIMARY = "C", "read in a primary text"
        SECONDARY = "S", "read in a secondary source only"
        GENERAL = "GK", "general knowledge"

    id = models.UUIDField(primary_key=True)  # UUIDv5 of its address or its name, so that a page is one source
    publisher = models.CharField(max_length=200)
    title = models.TextField(blank=True)
    published = models.CharField(max_length=10, blank=True)  # a day, a month, or empty: not stated
    url = models.TextField(blank=True)
    mark = models.CharField(max_length=2, choices=Mark, blank=True)  # empty: not marked
    file = models.ForeignKey(
        File, null=True, on_delete=models.PROTECT, related_name="sources"
    )  # null: none is kept

    def __str__(self) -> str:
        return self.publisher


class Claim(Recorded):
    """One published number.

    `quantity` is as stated, None for a place on a list; `as_of` a day, a month, or empty where the page does not say.
    A question that was asked and not answered is a claim of *not recorded*, with the question and whom it was put to.
    """

    id = models.CharField(primary_key=True, max_length=40)
    mission = models.CharField(max_length=60, db_index=True)
    place = models.CharField(max_length=2)
    metric = models.CharField(max_length=40)
    quantity = models.JSONField(null=True)
    as_of = models.CharField(max_length=10, blank=True)
    note = models.TextField(blank=True)
    stated_by = models.CharField(
        max_length=200, blank=True
    )  # as the source attributes it; empty: the source itself
    question = models.TextField(blank=True)
    asked_of = models.CharField(max_length=200, blank=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)


class Statement(Recorded):
    """Something that somebody said about a mission and that is no number: kept with who said it, never judged."""

    class Kind(models.TextChoices):
        ASKED = "asked", "what was asked"
        SCOPE = "scope", "what help it would be"
        STANDING = "standing", "where the request stood"
        ORDER = "order", "federal order"
        COMMAND = "command", "command and money"
        PURPOSE = "purpose", "stated purpose"
        MEANING = "meaning", "reported meaning"
        ACTIVATION = "activation", "earlier activation"
        SEPARATE = "separate", "something separate"

    id = models.CharField(primary_key=True, max_length=40)
    mission = models.CharField(max_length=60, db_index=True)
    kind = models.CharField(max_length=20, choices=Kind)
    words = models.TextField()
    stated_by = models.CharField(max_length=300)
    said_on = models.CharField(max_length=10, blank=True)  # a day, a month, a year, or empty: not stated
    source = models.ForeignKey(Source, on_delete=models.PROTECT)

    class Meta:
        ordering = ["id"]
