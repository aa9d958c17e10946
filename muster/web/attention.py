"""What on the board needs somebody to act: what is late, not settled, nearly used up, or outside a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from muster.cases.clocks import Clock
from muster.core.times import local, zone
from muster.custody.models import Difference
from muster.parties.models import Site
from muster.picture.waiting import Wait
from muster.web.views.missions import SETTLED_ON


@dataclass(frozen=True)
class Action:
    """One thing to act on. `key` stays while it is the same thing, so that a refreshed board tells what is new.

    An empty `address`: the reader has no page for it.
    """

    key: str
    words: str
    address: str


def needs_action(
    waits: Iterable[Wait], missions: Iterable[Mapping[str, Any]], differences: Iterable[tuple[Difference, bool]],
    counts: Iterable[tuple[Site, Clock]],
) -> list[Action]:  # fmt: skip
    """What is late, then what goes beyond a decision or nearly so, then the open differences, with whether the reader may settle each."""
    return [*_late(waits), *_late_counts(counts), *_limits(missions), *_differences(differences)]


def _late(waits: Iterable[Wait]) -> Iterator[Action]:
    for one in waits:
        if one.is_late:
            words = f"Late: {one.party}, {one.what}: {one.name}"
            yield Action(
                f"late {':'.join(one.about)} {one.what}", words, SETTLED_ON[one.about[0]](one.about[1])
            )


def _late_counts(counts: Iterable[tuple[Site, Clock]]) -> Iterator[Action]:
    for site, clock in counts:
        if clock.breached and clock.due_at:
            due = local(clock.due_at, zone(site.zone))
            words = f"Late: {clock.rule.name.lower()} at {site.name}, due {due}, {clock.words}"
            key = f"count {site.pk} {clock.rule.id} {clock.due_at.isoformat()}"
            yield Action(key, words, reverse("site-clocks", args=[site.pk]))


def _limits(missions: Iterable[Mapping[str, Any]]) -> Iterator[Action]:
    for entry in missions:
        row, address = entry["row"], reverse("mission", args=[entry["row"].pk])
        if entry["outside"]:
            words = f"Outside the decision: {entry['outside']} to settle in {row.title}"
            yield Action(
                f"outside {row.pk} {entry['outside']}", words, reverse("mission-outside", args=[row.pk])
            )
        for bar in entry["near"]:
            words = f"Limit {bar.used.says}: {bar.used.name} in {row.title}"
            yield Action(f"limit {row.pk} {bar.used.limit} {bar.used.of} {bar.used.says}", words, address)


def _differences(differences: Iterable[tuple[Difference, bool]]) -> Iterator[Action]:
    for difference, may_settle in differences:
        words = f"Difference at {difference.site}: {difference.words}"
        yield Action(
            f"difference {difference.pk}",
            words,
            reverse("settle", args=[difference.pk]) if may_settle else "",
        )
