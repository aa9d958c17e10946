"""Who is kept together and who apart: read for those who house and move the persons, and for nobody else.

What a refusal or a difference says of a group to others names nobody of it: `MusterError.recorded`, `models.Concerned`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from muster.core.errors import MusterError
from muster.custody.models import Flag, Group, Separation
from muster.database import prepared
from muster.ledger.models import Handover, Holder
from muster.record.models import Act

# Of some persons, every record that is of one of them: their own, and those that were merged into it.
SAME = """
WITH RECURSIVE same(thing, now) AS (
    SELECT id, id FROM unnest(%s::uuid[]) x(id)
    UNION SELECT m.duplicate_id, s.now FROM same s JOIN custody_merge m ON m.survivor_id = s.thing
    WHERE NOT EXISTS (SELECT FROM custody_mergeundone u WHERE u.merge_id = m.id))"""
GROUPS_OF = (
    SAME
    + """
SELECT DISTINCT g.id FROM same s JOIN custody_groupmember m ON m.thing_id = s.thing JOIN custody_group g ON g.id = m.group_id
WHERE NOT EXISTS (SELECT FROM custody_groupended e WHERE e.group_id = g.id)"""
)
# The members of groups as the persons that they are now, with who holds each, and the receiver of an open offer of theirs.
MEMBERS_OF = """
WITH RECURSIVE now(group_id, thing) AS (
    SELECT group_id, thing_id FROM custody_groupmember WHERE group_id = ANY (%s)
    UNION SELECT n.group_id, m.survivor_id FROM now n JOIN custody_merge m ON m.duplicate_id = n.thing
    WHERE NOT EXISTS (SELECT FROM custody_mergeundone u WHERE u.merge_id = m.id))
SELECT n.group_id, t.id, t.tag, h.id, h.kind, h.code, h.site,
       (SELECT r.receiver_id FROM ledger_offer o JOIN ledger_handover r ON r.id = o.handover_id WHERE o.thing_id = t.id AND o.open LIMIT 1)
FROM now n JOIN ledger_thing t ON t.id = n.thing JOIN ledger_head d ON d.thing_id = t.id JOIN ledger_holder h ON h.id = d.holder_id
WHERE NOT EXISTS (SELECT FROM custody_merge m WHERE m.duplicate_id = n.thing
                  AND NOT EXISTS (SELECT FROM custody_mergeundone u WHERE u.merge_id = m.id))
ORDER BY n.group_id, t.tag"""


class GroupParted(MusterError):
    """A handover would part persons who are kept together."""

    code = "custody.group_parted"
    status = 409

    def __init__(self, *, parted: Sequence[Parted]) -> None:
        self.going = sorted({each.tag for one in parted for each in one.going})
        self.staying = sorted({each.tag for one in parted for each in one.staying})
        super().__init__(
            f"{', '.join(self.going)} would go and {', '.join(self.staying)} stay, and they are kept together. Nothing was kept. Put "
            "them all on the list; or separate them, with the authority that says so and the reason."
        )

    @property
    def recorded(self) -> str:
        """It names nobody: who is in a group is for those who house and move them."""
        return "The list would part a group that is kept together. Nothing was kept."


class NothingToSeparate(MusterError):
    """A separation is stated, and the list parts no group."""

    code = "custody.nothing_to_separate"

    def __init__(self) -> None:
        super().__init__(
            "No group is parted by this list, so there is nothing to separate. Nothing was kept. Leave authority and reason out."
        )


@dataclass(frozen=True)
class Member:
    """A person of a group, who holds the person now, and to whom the person is on an open offer."""

    thing: UUID
    tag: str
    holder: UUID
    holder_kind: str
    holder_code: str
    site: str
    offered_to: UUID | None

    @property
    def is_held(self) -> bool:
        """Whether anybody holds the person still."""
        return self.holder_kind != Holder.Kind.OUTSIDE


@dataclass(frozen=True)
class Standing:
    """A group that nobody ended, with everybody in it as they are now, by tag."""

    group: Group
    members: tuple[Member, ...]

    def of(self, things: Collection[UUID]) -> list[Member]:
        """Those of the members."""
        return [each for each in self.members if each.thing in things]

    def others(self, things: Collection[UUID]) -> list[Member]:
        """The members beside them whom somebody holds."""
        return [each for each in self.members if each.thing not in things and each.is_held]


@dataclass(frozen=True)
class Parted:
    """A group that is kept together, of which some go and some stay."""

    group: Group
    going: list[Member]
    staying: list[Member]


def standing(things: Iterable[UUID], *, kind: Group.Kind | None = None) -> list[Standing]:
    """The groups of these persons that nobody ended, the oldest first."""
    ids = [row[0] for row in prepared.rows(GROUPS_OF, list(things))]
    if not ids:
        return []
    members: dict[UUID, list[Member]] = defaultdict(list)
    for group, *columns in prepared.rows(MEMBERS_OF, ids):
        members[group].append(Member(*columns))
    rows = Group.objects.filter(pk__in=ids).select_related("site").order_by("pk")
    return [Standing(row, tuple(members[row.pk])) for row in rows if kind in (None, row.kind)]


def parted_by_offer(things: Collection[UUID], *, giver: UUID, receiver: UUID) -> list[Parted]:
    """The groups kept together of which a giver would offer some and keep others, who are not on their way to the same receiver."""
    found = []
    for each in standing(things, kind=Group.Kind.KEEP_WITH):
        stay = [one for one in each.others(things) if one.holder == giver and one.offered_to != receiver]
        if stay:
            found.append(Parted(each.group, each.of(things), stay))
    return found


def parted_by_arrival(things: Collection[UUID], *, receiver: UUID) -> list[Parted]:
    """The groups kept together of which some have reached a receiver, and others are held elsewhere though nobody said so."""
    found = []
    for each in standing(things, kind=Group.Kind.KEEP_WITH):
        here = each.of(things)
        apart = _separated(each.group)
        away = [
            one for one in each.others(things)
            if one.holder != receiver and one.offered_to != receiver
            and any((came.thing, one.thing) not in apart for came in here)
        ]  # fmt: skip
        if away:
            found.append(Parted(each.group, here, away))
    return found


def _separated(group: Group) -> set[tuple[UUID, UUID]]:
    """Of whom it was said that they are parted from whom, both ways."""
    found = set()
    for row in group.separations.all():
        for one in map(UUID, row.went):
            for other in map(UUID, row.stayed):
                found |= {(one, other), (other, one)}
    return found


def separate(act: Act, handover: Handover, parted: Sequence[Parted], *, authority: str, reason: str) -> None:
    """Keep that the groups are parted by the handover, on whose authority and why."""
    Separation.objects.bulk_create(
        Separation(
            act=act, group=each.group, handover=handover, went=[str(one.thing) for one in each.going],
            stayed=[str(one.thing) for one in each.staying], authority=authority, reason=reason,
        )
        for each in parted
    )  # fmt: skip


def flags_of(things: Iterable[UUID]) -> dict[UUID, dict[str, Flag]]:
    """What stands of each of these persons, by kind."""
    same = dict(prepared.rows(SAME + " SELECT thing, now FROM same", list(things)))
    found: dict[UUID, dict[str, Flag]] = defaultdict(dict)
    for row in Flag.objects.filter(thing__in=same).order_by("id"):
        found[same[row.thing_id]][row.kind] = row
    return {
        thing: {kind: row for kind, row in kinds.items() if row.stands}
        for thing, kinds in found.items()
        if any(row.stands for row in kinds.values())
    }
