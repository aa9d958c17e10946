"""Wristbands and labels: a Letter sheet of tags, each as QR code and in 14 pt. Of chosen persons or bags, or fresh tags for those to come.

A tag says nothing of whom it is on. Fresh ones are drawn from all tags: none that the record knew then is among them.
"""

from __future__ import annotations

import hashlib

from muster.core.errors import MusterError
from muster.core.tags import MOST_TAGS, make_tag
from muster.custody.rules import read_tags
from muster.documents.codes import qr_svg
from muster.documents.sheets import Sheet
from muster.ledger.models import Thing
from muster.missions.queries import is_drill_at
from muster.picture.papers.asked import Asked, Labels, Reach

MOST = 300  # labels at once: ten sheets


class NoSuchLabels(MusterError):
    """What is asked for is neither a number of fresh tags nor tags."""

    code = "picture.no_such_labels"
    status = 422

    def __init__(self) -> None:
        super().__init__(
            f"Say of which site, and how many fresh tags or which tags: EX-NORTH:30, or EX-NORTH:222-24F-6; at most {MOST} at once."
        )


def find(reach: Reach, id: str) -> Labels:
    """The labels of `SITE:NUMBER` or `SITE:TAG,TAG`. Raises NotFound for the site, NoSuchLabels, NoTags, TagMisread, TagTwice."""
    code, _, what = id.partition(":")
    site = reach.site(code)
    if what.isdecimal() and len(what) <= len(str(MOST)) and 0 < int(what) <= MOST:
        return Labels(site, None, int(what))
    if "-" not in what or what.count(",") >= MOST:
        raise NoSuchLabels()
    return Labels(site, read_tags(what.split(",")), 0)


def sheet(row: Labels, asked: Asked) -> Sheet:
    """The sheet. The same site, moment and act give the same fresh tags, and another moment gives others."""
    tags = row.tags if row.tags is not None else _fresh(row, asked)
    return Sheet(
        title=f"Labels: {row.site.name}", about="", standing=asked.standing(f"Labels of {row.site.pk}"), as_of=asked.at,
        exercise=is_drill_at(row.site), blocks=tuple({"kind": "label", "tag": tag, "svg": qr_svg(tag)} for tag in tags), template="labels",
    )  # fmt: skip


def _fresh(row: Labels, asked: Asked) -> list[str]:
    found: list[str] = []
    seed, n = f"{row.site.pk} {asked.at.isoformat()} {asked.known_at}", 0
    while len(found) < row.fresh:
        wanted = row.fresh - len(found)
        drawn = [_drawn(f"{seed} {n + each}") for each in range(wanted)]
        known = Thing.objects.filter(tag__in=drawn, act__number__number__lte=asked.known_at).values_list(
            "tag", flat=True
        )
        found += [tag for tag in dict.fromkeys(drawn) if tag not in {*known, *found}]
        n += wanted
    return found


def _drawn(seed: str) -> str:
    return make_tag(int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8]) % MOST_TAGS)
