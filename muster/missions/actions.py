"""Opening a mission under a decision, keeping other things apart from it, closing it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from muster.access.control import Actor, Scope, can
from muster.access.models import User
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened
from muster.decisions import queries as decisions
from muster.decisions.actions import check_request_open
from muster.decisions.drafting import APPROVALS, NotInForce
from muster.decisions.models import Decision
from muster.missions import queries
from muster.missions.closing import KINDS, OpenItem, open_items
from muster.missions.models import Apart, Closing, Look, Mission
from muster.parties.models import Organisation
from muster.record.action import action, the_record
from muster.record.models import Act, Number
from muster.sources.actions import SourceGiven, cited

Code = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Z0-9][A-Z0-9-]*$")]
Title = Annotated[str, Field(min_length=3, max_length=200)]
Words = Annotated[str, Field(min_length=3, max_length=4000)]


class AlreadyOpen(MusterError):
    """There is a mission of that id."""

    code = "missions.already_open"
    status = 409

    def __init__(self, *, mission: str) -> None:
        self.mission = mission
        super().__init__(f"The mission {mission} is in the record already. Look at it, or choose another id.")


class AlreadyClosed(MusterError):
    """The mission has ended."""

    code = "missions.already_closed"
    status = 409

    def __init__(self, *, mission: str) -> None:
        self.mission = mission
        super().__init__(f"The mission {mission} is closed. A new decision opens a new mission.")


class StillOpen(MusterError):
    """Somebody or something of the mission is not accounted for, or something is not settled: `items` is all of it, by kind."""

    code = "missions.still_open"
    status = 409

    def __init__(self, *, mission: str, items: dict[str, list[OpenItem]]) -> None:
        self.mission, self.items = mission, items
        each = [f"{KINDS[kind]}: {len(found)} ({_first(found)})" for kind, found in items.items()]
        super().__init__(
            f"{mission} is not closed: {sum(map(len, items.values()))} open. {'. '.join(each)}. Settle each first; nobody is left behind."
        )


def _first(items: list[OpenItem]) -> str:
    named = ", ".join(item.name for item in items[:5])
    return named + (f" and {len(items) - 5} more" if len(items) > 5 else "")


class ClosedTooEarly(MusterError):
    """At the moment given the mission was not open yet, or held somebody still."""

    code = "missions.closed_too_early"

    def __init__(self, *, mission: str, not_before: datetime) -> None:
        self.mission, self.not_before = mission, not_before
        super().__init__(
            f"{mission} was not done with before {not_before.astimezone(UTC):%Y-%m-%d %H:%M %Z}: it was opened, or its "
            "latest person or thing moved or left, then. Give the moment at which it was closed."
        )


@dataclass(frozen=True)
class Opened:
    """The mission."""

    mission: str


@dataclass(frozen=True)
class KeptApart:
    """The mission, and the code under which claims about the other stand."""

    mission: str
    code: str


@action("missions.open", about=decisions.locked)
def open_mission(
    *, act: Act, row: Decision, actor: Actor, decision: Annotated[str, Field(max_length=70)], mission: Code, title: Title,
    organisation: Annotated[str, Field(max_length=40)], at: AwareDatetime,
) -> Opened:  # fmt: skip
    """Set a mission going under an approval; `organisation` runs it. Its first day may still be to come.

    Another organisation than the one that decided is named only by who may run its missions.

    Raises NotInForce, NotFound for the organisation, NotPermitted, AlreadyOpen, NotHappenedYet.
    """
    why = decisions.in_force_locked(row, at).why
    if row.outcome not in APPROVALS or why in ("revoked", "suspended", "expired", "not_issued"):
        raise NotInForce(decision=row.pk, why=row.outcome if row.outcome not in APPROVALS else str(why))
    check_request_open(row)
    runs = Organisation.objects.filter(pk=organisation).first()
    if runs is None:
        raise NotFound(kind="organisation", name=organisation)
    if runs.pk != row.office.organisation_id:
        can(actor, "tasks.order", Scope("organisation", runs.pk, runs.pk))
    if Mission.objects.filter(pk=mission).exists():
        raise AlreadyOpen(mission=mission)
    check_happened(at, now=act.recorded_at)
    drill = row.request.kind == "exercise"
    Mission.objects.create(
        id=mission, act=act, title=title, decision=row, organisation=runs, drill=drill, opened_at=at
    )
    return Opened(mission)


@action("missions.keep_apart", about=the_record)
def keep_apart(
    *, act: Act, row: None, actor: Actor, mission: Code, code: Code, title: Title, relation: Apart.Relation, words: Words,
    source: SourceGiven,
) -> KeptApart:  # fmt: skip
    """Say that something else must not be added in, and under which code its claims stand. Raises AlreadyOpen."""
    if Apart.objects.filter(mission=mission, code=code).exists():
        raise AlreadyOpen(mission=code)
    where = cited(source, act=act)
    Apart.objects.create(
        act=act, mission=mission, code=code, title=title, relation=relation, words=words, source=where
    )
    return KeptApart(mission, code)


@action("missions.close", about=queries.locked)
def close(*, act: Act, row: Mission, actor: Actor, mission: Code, reason: Words, at: AwareDatetime) -> Opened:
    """Close a mission of which nothing is open any more. Raises AlreadyClosed, NotHappenedYet, StillOpen, ClosedTooEarly."""
    if row.closed_at is not None:
        raise AlreadyClosed(mission=row.pk)
    check_happened(at, now=act.recorded_at)
    if items := open_items(row, at):
        raise StillOpen(mission=row.pk, items=items)
    not_before = max(filter(None, (row.opened_at, queries.latest_move(row.pk))))
    if at < not_before:
        raise ClosedTooEarly(mission=row.pk, not_before=not_before)
    row.closed_at = at
    row.save(update_fields=["closed_at"])
    Closing.objects.create(act=act, mission=row, reason=reason)
    return Opened(row.pk)


class NotKnownYet(MusterError):
    """No act has that number yet, so nobody can have seen it."""

    code = "missions.not_known_yet"

    def __init__(self, *, known_at: int, latest: int) -> None:
        self.known_at, self.latest = known_at, latest
        super().__init__(
            f"No act has the number {known_at}: the latest is {latest}. Load the page again, and mark that as seen."
        )


@dataclass(frozen=True)
class SeenUpTo:
    """The act's number up to which the reader has seen everything."""

    known_at: int


def _reader(reader: str) -> tuple[Scope, User]:
    found = User.objects.filter(username=reader).first()
    if found is None:
        raise NotFound(kind="reader", name=reader)
    return Scope("reader", reader, user=found.pk), found


@action("missions.mark_seen", about=_reader)
def mark_seen(
    *, act: Act, row: User, actor: Actor, reader: Annotated[str, Field(max_length=150)], known_at: int
) -> SeenUpTo:
    """Say that one has seen everything up to an act's number; only the reader can. Raises NotKnownYet."""
    latest = Number.objects.order_by("-number").values_list("number", flat=True).first() or 0
    if not 0 <= known_at <= latest:
        raise NotKnownYet(known_at=known_at, latest=latest)
    Look.objects.create(act=act, user=row, known_at=known_at)
    return SeenUpTo(known_at)
