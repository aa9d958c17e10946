"""The sheet of a headcount. What the record expects is on it only once the count is in: a counter is not told what to find.

Source: custody-standards.md section 5, CNT-01 to CNT-05; forms.md has no form of it, so the layout follows none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from muster.custody import space
from muster.custody.counting import agrees
from muster.custody.models import Count
from muster.documents.sheets import Block, Sheet, blanks, facts, fields, heading, lined, table, words
from muster.ledger.models import Thing
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.picture.papers.asked import Asked
from muster.picture.papers.hands import posts


def sheet(row: Count, asked: Asked) -> Sheet:
    """The sheet, with what was found where the count was in by the act and moment asked for."""
    name = row.get_kind_display()
    return Sheet(
        title=f"{name.capitalize()}: {row.site.name}", about=f"Headcount {row.pk}", as_of=asked.at, exercise=is_drill_at(row.site),
        standing=asked.standing(f"{name.capitalize()} at {row.site_id}"), blocks=tuple(_blocks(row, asked)),
    )  # fmt: skip


def _by_then(row: Any, name: str, asked: Asked) -> Any:
    """What was written of a count afterwards, where it was by the act asked for; else None."""
    found = getattr(row, name, None)
    return found if found is not None and found.act.number.number <= asked.known_at else None


def _blocks(row: Count, asked: Asked) -> Iterator[Block]:
    counted = _by_then(row, "counted", asked)
    done_at: datetime | None = (counted.counted_at or counted.act.recorded_at) if counted else None
    if done_at and done_at > asked.at:
        counted = None
    again = row.recount_of
    held = posts([row.act.actor_id, counted.act.actor_id if counted else None])
    yield fields(
        ("Site", f"{row.site.name} ({row.site_id})"), ("Kind", row.get_kind_display()), ("Taken", row.get_mode_display()),
        ("Opened", f"{asked.said(row.opened_at)}, act {row.act.number.number}"), ("Opened by", held.get(row.act.actor_id)),
        ("Counted again", f"the count of {asked.said(again.opened_at)}" if again else "no: it is the first"), columns=3,
    )  # fmt: skip
    if counted is None:
        yield from _to_fill(row, asked)
        return
    yield heading("Counted inside")
    yield fields(
        ("Counted", counted.persons), ("Expected by the record", row.expected), ("Result", "agrees" if agrees(row) else "does not agree"),
        ("Given in", f"{asked.said(done_at)}, act {counted.act.number.number}"), ("Given in by", held.get(counted.act.actor_id)),
        ("Explanation of the counter", counted.explanation or "none was given"), columns=3,
    )  # fmt: skip
    if counted.missing is not None:
        tags = Thing.objects.filter(pk__in=counted.missing).order_by("tag").values_list("tag", flat=True)
        yield facts(
            ("Missing", ", ".join(tags) or "nobody"),
            ("Not expected", ", ".join(counted.unexpected or ()) or "nobody"),
        )
    yield from _outside(row, asked)
    yield heading("What followed")
    yield facts(*_after(row, asked))
    yield blanks(
        "Counter: signature",
        "Second counter: signature",
        "Supervisor other than the counter: signature",
        columns=3,
    )


def _to_fill(row: Count, asked: Asked) -> Iterator[Block]:
    """What a counter writes on: an area a line, where areas are stated. What is expected is not told."""
    yield words("The count is not in. What the record expects is printed only once it is.", strong=True)
    yield from blank_lines(row.site, asked)


def blank_lines(site: Site, asked: Asked) -> Iterator[Block]:
    """The lines of a count that is still to be written: by area, where areas are stated, outside, and who signs."""
    areas = [f"{each.area.code} {each.stated.name}" for each in space.rooms_of(site, at=asked.at)]
    yield heading("Counted inside")
    yield lined(
        ["Area", "Time", "Persons", "Counter: initials"], [[area, "", "", ""] for area in [*(areas or ["Whole site"]), "In all"]],
        widths=[36, 16, 14, 24],
    )  # fmt: skip
    yield heading("Counted outside, by whoever holds them there")
    yield lined(["Place", "With whom", "Time", "Persons"], [[""] * 4] * 3, widths=[30, 30, 16, 14])
    yield blanks(
        "Counter: name, signature",
        "Second counter: name, signature",
        "Supervisor other than the counter: name, signature",
        columns=3,
    )


def _outside(row: Count, asked: Asked) -> Iterator[Block]:
    expected = Counter((row.outside or {}).values())
    if not expected:
        return
    told = {each.place: each for each in row.confirmed.filter(act__number__number__lte=asked.known_at)}
    yield heading("Counted outside, by whoever holds them there")
    yield table(
        ["Place", "Expected", "Counted", "By"],
        [[place, number, told[place].persons if place in told else "not confirmed yet", told[place].by if place in told else None]
         for place, number in sorted(expected.items())],
        widths=[30, 14, 20, 30],
    )  # fmt: skip


def _after(row: Count, asked: Asked) -> Iterator[tuple[str, str]]:
    """Whether it was counted again, explained, passed on and certified, and by which office."""
    explained, escalated = _by_then(row, "explained", asked), _by_then(row, "escalated", asked)
    again, certified = _by_then(row, "recounted_by", asked), _by_then(row, "certified", asked)
    yield (
        "Counted again",
        f"at {asked.said(again.opened_at)}, act {again.act.number.number}" if again else "no",
    )
    yield "Explained", f"{explained.reason} (act {explained.act.number.number})" if explained else "no"
    yield (
        "Passed on",
        f"to {escalated.to}: {escalated.reason} (act {escalated.act.number.number})" if escalated else "no",
    )
    if certified is None:
        yield "Certified", "not certified"
        return
    by = posts([certified.act.actor_id]).get(certified.act.actor_id) or "an account without an office"
    yield "Certified", f"{asked.said(certified.act.recorded_at)}, act {certified.act.number.number}, by {by}"
