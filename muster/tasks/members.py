"""Members: stated one by one or from a file, and who they are as known at any act."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, BinaryIO

from django.utils.crypto import salted_hmac
from pydantic import Field

from muster.access.control import Actor, Scope
from muster.authority.packs import load_packs
from muster.core.csvfiles import read_table
from muster.core.errors import Fault, FaultyFile, FaultyInput, MusterError, NotFound
from muster.core.importing import Rows
from muster.core.tags import MOST_TAGS, make_tag, parse_tag
from muster.ledger import bulk
from muster.ledger.models import Holder, Thing
from muster.ledger.writing import holder, things_of
from muster.parties.models import Organisation
from muster.record.action import action
from muster.record.models import Act
from muster.tasks import memberrows
from muster.tasks.memberrows import MemberGiven, MemberStands, Skill, Window
from muster.tasks.models import Member, MemberStatement

Code = Annotated[str, Field(max_length=40)]


class NotAMember(MusterError):
    """A tag that no member of the organisation has."""

    code = "tasks.not_a_member"

    def __init__(self, *, tags: Sequence[str], organisation: str) -> None:
        self.tags, self.organisation = list(tags), organisation
        super().__init__(
            f"No member of {organisation} has the tag {', '.join(tags[:20])}. Nothing was kept. Check the tag, or give "
            "the personnel number, for which a new tag is drawn."
        )


class StatedTwice(MusterError):
    """One member is named twice in what was sent."""

    code = "tasks.stated_twice"

    def __init__(self, *, tags: Sequence[str]) -> None:
        self.tags = list(tags)
        named = f" ({', '.join(tags[:20])})" if tags else ""
        super().__init__(
            f"A member is stated twice{named}. Nothing was kept. Keep one statement of each member."
        )


@dataclass(frozen=True)
class MembersStated:
    """The members by tag, in the order given; how many are new, newly stated, and as they were stated already."""

    tags: list[str]
    new: int
    changed: int
    known: int


def scope_of(row: Organisation) -> Scope:
    """Where the members of an organisation belong."""
    return Scope("organisation", row.pk, row.pk)


def _organisation(organisation: str) -> tuple[Scope, Organisation]:
    row = Organisation.objects.select_for_update().filter(pk=organisation).first()
    if row is None:
        raise NotFound(kind="organisation", name=organisation)
    return scope_of(row), row


@action("tasks.state_members", about=_organisation)
def state_members(
    *, act: Act, row: Organisation, actor: Actor, organisation: Code,
    members: Annotated[list[MemberGiven], Field(min_length=1, max_length=10_000)],
) -> MembersStated:  # fmt: skip
    """Keep what is stated of members, all or none. Who is new gets a tag; what is stated already is left alone.

    Raises FaultyInput with every fault, StatedTwice, NotAMember.
    """
    statuses = load_packs().law.statuses
    if faults := [fault for each in members for fault in memberrows.faults_of(each, statuses)]:
        raise FaultyInput(faults, what="What was stated of members")
    named = [_named(row, each.member) for each in members]
    there = _there(row, named)
    if strange := [tag for tag, _ in named if tag and tag not in there]:
        raise NotAMember(tags=strange, organisation=row.pk)
    found = [there.get(tag or digest) for tag, digest in named]
    _check_once(named, found)
    stood = _latest([member for member in found if member])
    created = _create(
        row,
        [(each, digest) for each, (_, digest), known in zip(members, named, found, strict=True) if not known],
        act,
    )
    kept = [known or created[digest] for (_, digest), known in zip(named, found, strict=True)]
    said = [
        _statement(member, given, act)
        for member, given in zip(kept, members, strict=True)
        if _as_said(given) != stood.get(member.pk)
    ]
    MemberStatement.objects.bulk_create(sorted(said, key=lambda each: each.member.thing.tag))
    new = len(created)
    return MembersStated(
        [member.thing.tag for member in kept], new, len(said) - new, len(members) - len(said)
    )


def _named(organisation: Organisation, member: str) -> tuple[str, str]:
    """The tag, or the hash of a personnel number; the other is empty."""
    name = member.strip()
    if memberrows.looks_like_a_tag(name):
        return parse_tag(name), ""
    return "", digest_of(organisation.pk, name)


def digest_of(organisation: str, number: str) -> str:
    """The keyed hash of a personnel number: without the server's key nobody can try numbers until one fits."""
    return salted_hmac("muster.tasks.member", f"{organisation}\0{number}", algorithm="sha256").hexdigest()


def _there(organisation: Organisation, named: Sequence[tuple[str, str]]) -> dict[str, Member]:
    """The members known already, by tag and by hash."""
    rows = Member.objects.filter(organisation=organisation).select_related("thing")
    by_tag = rows.filter(thing__tag__in=[tag for tag, _ in named if tag])
    by_digest = rows.filter(digest__in=[digest for _, digest in named if digest])
    return {each.thing.tag: each for each in by_tag} | {each.digest or "": each for each in by_digest}


def _check_once(named: Sequence[tuple[str, str]], found: Sequence[Member | None]) -> None:
    seen, twice = set[str](), list[str]()
    again = False
    for (_, digest), member in zip(named, found, strict=True):
        key = member.thing.tag if member else digest
        if key in seen:
            again = True
            twice += [member.thing.tag] if member else []
        seen.add(key)
    if again:
        raise StatedTwice(tags=twice)


def _create(
    organisation: Organisation, new: Sequence[tuple[MemberGiven, str]], act: Act
) -> dict[str, Member]:
    """Members that were not there, by the hash of their number. They are written by tag, which was drawn."""
    tags = sorted(_draw(len(new)))
    secrets.SystemRandom().shuffle(drawn := list(new))
    units = {given.unit.strip() for given, _ in drawn}
    holders = {unit: _unit(organisation.pk, unit, act) for unit in sorted(units)}
    made = dict[str, Member]()
    by_unit: dict[str, list[tuple[str, str]]] = {}
    for tag, (given, digest) in zip(tags, drawn, strict=True):
        by_unit.setdefault(given.unit.strip(), []).append((tag, digest))
    for unit, those in by_unit.items():
        things = things_of([tag for tag, _ in those], act=act, kind=Thing.Kind.MEMBER, origin=holders[unit])
        for thing, (_, digest) in zip(things, those, strict=True):
            made[digest] = Member(act=act, thing=thing, organisation=organisation, digest=digest)
    Member.objects.bulk_create(sorted(made.values(), key=lambda each: each.thing.tag))
    return made


def _unit(organisation: str, unit: str, act: Act) -> Holder:
    code = holder_code("unit", f"{organisation}:{unit}")
    return holder(act=act, code=code, kind=Holder.Kind.UNIT, organisation=organisation)


def holder_code(kind: str, name: str) -> str:
    """The code under which a unit or a mission holds members; one too long for the holder's column is a keyed hash of it."""
    code = f"{kind}:{name}"
    if len(code) > 60:
        code = f"{kind}:{salted_hmac(f'muster.tasks.{kind}', code, algorithm='sha256').hexdigest()[:32]}"
    return code


def _draw(count: int) -> set[str]:
    """Tags that nothing has yet, drawn at random: one made from a number would give it away."""
    drawn = set[str]()
    while len(drawn) < count:
        some = {make_tag(secrets.randbelow(MOST_TAGS)) for _ in range(count - len(drawn))}
        drawn |= some - set(
            Thing.objects.filter(tag__in=bulk.any_text_of(some)).values_list("tag", flat=True)
        )
    return drawn


def _statement(member: Member, given: MemberGiven, act: Act) -> MemberStatement:
    return MemberStatement(act=act, member=member, **_as_said(given))


def _as_said(given: MemberGiven) -> dict[str, Any]:
    """The columns of a statement."""

    def day(value: date | None) -> str | None:
        return value.isoformat() if value else None

    return {
        "unit": given.unit.strip(), "duty_status": given.duty_status, "status_from": given.status_from,
        "status_until": given.status_until, "volunteer": given.volunteer, "volunteer_on": given.volunteer_on,
        "skills": [[each.skill.strip(), day(each.expires_on)] for each in sorted(given.skills, key=lambda s: s.skill)],
        "available": sorted(each.to_json() for each in given.available),
    }  # fmt: skip


SAID = (
    "unit",
    "duty_status",
    "status_from",
    "status_until",
    "volunteer",
    "volunteer_on",
    "skills",
    "available",
)


def _latest(members: Sequence[Member]) -> dict[Any, dict[str, Any]]:
    """What stands of each, by its thing."""
    rows = MemberStatement.objects.filter(member__in=members).order_by("id")
    return {row.member_id: {column: getattr(row, column) for column in SAID} for row in rows}


def members_as_known(organisation: str, known_at: int) -> list[MemberStands]:
    """The members of an organisation by tag, each with what stood of it as known at an act's number: one query."""
    rows = MemberStatement.objects.filter(
        member__organisation=organisation, act__number__number__lte=known_at
    )
    latest = {
        row.member_id: row for row in rows.select_related("member__thing").order_by("act__number__number")
    }
    return sorted((_stands(row) for row in latest.values()), key=lambda each: each.tag)


def stands_of(tags: Iterable[str], known_at: int | None) -> dict[str, MemberStands]:
    """What stands of members by tag, as known at an act's number; None: by everything committed. One query."""
    rows = MemberStatement.objects.filter(member__thing__tag__in=bulk.any_text_of(tags))
    if known_at is not None:
        rows = rows.filter(act__number__number__lte=known_at)
    latest = rows.order_by("member_id", "-id" if known_at is None else "-act__number__number").distinct(
        "member_id"
    )
    return {row.member.thing.tag: _stands(row) for row in latest.select_related("member__thing")}


def members_told(organisation: str, known_at: int, found: Sequence[MemberStands]) -> dict[str, Any]:
    """The members of an organisation as data."""
    return {"organisation": organisation, "known_at": known_at, "members": [asdict(each) for each in found]}


def _stands(row: MemberStatement) -> MemberStands:
    of: Mapping[str, Any] = {column: getattr(row, column) for column in SAID}
    skills = tuple(Skill(name, date.fromisoformat(until) if until else None) for name, until in row.skills)
    windows = tuple(map(Window.from_json, row.available))
    return MemberStands(tag=row.member.thing.tag, **{**of, "skills": skills, "available": windows})


def import_members(
    source: Path | BinaryIO, *, actor: Actor, organisation: str, name: str, dry_run: bool = False, keep_good: bool = False
) -> dict[str, Any]:  # fmt: skip
    """Keep a file of members of an organisation; what `muster import members --json` prints.

    Raises FaultyFile, and what `tasks.state_members` raises.
    """
    table = read_table(source, columns=memberrows.COLUMNS, optional=memberrows.OPTIONAL)
    if table.faults:
        raise FaultyFile(table.faults)
    rows, statuses = Rows[MemberGiven](len(table.rows)), load_packs().law.statuses
    for row in table.rows:
        read = memberrows.read_row(row, statuses)
        if isinstance(read, list):
            rows.faults += read
        elif read.member in rows.good:
            words = "This member stands further up already. Keep one row of each."
            rows.faults.append(Fault(row.number, "member", "tasks.stated_twice", words))
        else:
            rows.good[read.member] = read
    rows.check(keep_good=keep_good)
    notices = {}
    if rows.good and not dry_run:
        done = state_members(actor=actor, organisation=organisation, members=list(rows.good.values())).answer
        notices = {"new": done.new, "changed": done.changed, "already_there": done.known}
    return rows.answer(name, dry_run=dry_run, notices=notices)
