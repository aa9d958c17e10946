"""`muster changes`, `clocks`, `calendar` and `message`: what the operations center looks at, and what it sends."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.cli.answers import AtThere, Data, Json, KnownAt, acting, command, open_record, show, table
from muster.core.files import write_bytes


@command
def changes(
    since: Annotated[
        str | None,
        typer.Option(
            help="An act's number, or a moment; without it since you last marked everything as seen."
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What changed, and what is due within 12 hours, for the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from django.utils import timezone

    from muster.actions import storable
    from muster.database import when_down
    from muster.ledger.queries import known, latest_known
    from muster.picture import changes as picture

    with when_down(), storable():
        actor, latest = acting(), latest_known()
        first = picture.last_look(actor.user) if since is None else min(known(since), latest)
        told = picture.changes_of(picture.changes(actor, first, latest, timezone.now()))
    show(told, as_json=as_json, text=lambda: _changed(told))


def _changed(told: dict[str, Any]) -> str:
    lines = [f"Since act {told['since']}, as known at act {told['known_at']}"]
    for each in told["deadlines"]:
        lines.append(f"  {'passed' if each['passed'] else 'due'} {each['due_at']}: {each['words']}")
    for group in told["groups"]:
        if group["changes"]:
            lines += ["", f"{group['group']}: {len(group['changes'])}"]
            lines += [_change(each) for each in group["changes"]]
    return "\n".join(lines if len(lines) > 1 else [*lines, "Nothing that you may read has changed."])


def _change(told: dict[str, Any]) -> str:
    late = " Told late." if told["late"] else ""
    return f"  {told['known_at']}  {told['happened_at']}  {told['by']}: {told['words']}{late}"


@command
def clocks(
    site: Annotated[
        str | None, typer.Option(help="The site's code; every site that you may see without it.")
    ] = None,
    due: Annotated[str, typer.Option(help="Within how long: 30min, 4h or 2d; 0h for what is late.")] = "4h",
    responsible: Annotated[str, typer.Option(help='Who must do it, such as "health staff".')] = "",
    person: Annotated[str | None, typer.Option(help="A tag: every clock of that person instead.")] = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What is due by the standards of sites, for the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from django.utils import timezone

    from muster.actions import storable
    from muster.cases import queries
    from muster.cases.due import due_of
    from muster.cases.rules import parse_within
    from muster.database import when_down
    from muster.ledger.queries import known

    within = parse_within(due)
    with when_down(), storable():
        actor, now = acting(), timezone.now()
        if person is None:
            sites = None if site is None else [site]
            told = due_of(actor, now=now, within=within, sites=sites, responsible=responsible)
        else:
            thing = queries.person_for(actor, person)
            number = None if known_at is None else known(known_at)
            told = queries.clocks_of_person(thing, now=now, known_at=number)
    show(told, as_json=as_json, text=lambda: _clocks(told))


def _clocks(told: dict[str, Any]) -> str:
    rows = [
        [
            *(clock["site"], clock["person"] or "the site", clock["rule"] + ("" if clock["verified"] else " (unverified)")),
            *(clock["due_at"] or "no number", clock["words"], clock["responsible"]),
        ]
        for clock in told.get("clocks", told.get("due", []))
    ]  # fmt: skip
    lines = [f"As of {told['as_of']}, as known at {told['known_at'] or 'the latest act'}"]
    if rows:
        lines += [table(["site", "person", "rule", "due", "stands", "for"], rows)]
    if "count" in told:
        lines += [
            f"{told['count']} due; {told['open_without_number']} more are owed without a number, or stand still."
        ]
        lines += [
            f"{each['site']}: the contract's number for {each['rule']} is not stated."
            for each in told["asks"]
        ]
    return "\n".join(lines)


@command
def calendar(
    mission: Annotated[str, typer.Argument(help="The id of the mission.")],
    out: Annotated[Path | None, typer.Option(help="Write it into this file, for calendar programs.")] = None,
    member: Annotated[str | None, typer.Option(help="A member's tag: that member's shifts alone.")] = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """The calendar of a mission: ends, reports and papers due, tasks and shifts. For whoever runs the server."""
    open_record(data)
    from django.utils import timezone

    from muster.actions import storable
    from muster.database import when_down
    from muster.ledger.queries import known
    from muster.missions.queries import named
    from muster.picture.calendar import as_ics, calendar_of

    with when_down(), storable():
        found = calendar_of(named(mission), timezone.now(), known(known_at), member=member)
    if out is not None:
        write_bytes(out, as_ics(found))
    told = found.to_json()
    rows = [
        [each["begins_at"], each["ends_at"] or "", each["words"], "off" if each["is_off"] else ""]
        for each in told["events"]
    ]
    heading = f"Calendar of {mission}, known at act {told['known_at']}"
    show(told, as_json=as_json, text=lambda: "\n".join([heading, table(["from", "to", "what", ""], rows)]))


class Sent(StrEnum):
    """What a message can be of."""

    REQUEST = "request"
    DECISION = "decision"
    TASK = "task"


@command
def message(
    kind: Annotated[Sent, typer.Argument(help="What it is of.")],
    record: Annotated[str, typer.Argument(help="The id of the request, decision or task.")],
    out: Annotated[Path, typer.Option(help="Write the message into this file.")],
    at: AtThere = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write a request, a decision or a task as a message of EDXL-RM (XML). For whoever runs the server."""
    open_record(data)
    from muster.actions import storable
    from muster.assistance.exchange import MESSAGES
    from muster.database import when_down
    from muster.picture.messages import message_of
    from muster.picture.papers import Reach

    with when_down(), storable():
        content = message_of(kind.value, record, Reach(), at=at, known_at=known_at)
    write_bytes(out, content)
    told = {"message": MESSAGES[kind.value], "of": record, "file": str(out), "bytes": len(content)}
    show(told, as_json=as_json, text=lambda: f"{told['message']} of {record}, written to {out}")
