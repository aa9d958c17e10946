"""Saying who is kept together, who apart, and what those who house and move a person must know.

Read with `custody.read_housing` at a site that holds one of them; in no search, no answer of another door and no export.
Source of the separation group: the agency gives it, where its standard separates by sex or age; Muster keeps the label and not its meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field

from muster.access.control import Actor
from muster.core.errors import MusterError, NotFound
from muster.custody import queries, rules
from muster.custody.actions import Tags, site_locked
from muster.custody.areas import SiteCode
from muster.custody.groups import Standing, standing
from muster.custody.models import Flag, Group, GroupEnded, GroupMember
from muster.ledger.models import Thing
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Authority = Annotated[str, Field(min_length=3, max_length=200)]
Reason = Annotated[str, Field(min_length=3, max_length=2000)]
Label = Annotated[str, Field(pattern="^[A-Za-z0-9-]{0,20}$")]
LABELLED = (Flag.Kind.LANGUAGE, Flag.Kind.SEPARATION)


class TooFew(MusterError):
    """A group of one."""

    code = "custody.group_too_small"

    def __init__(self) -> None:
        super().__init__("A group is of two persons or more. Nothing was kept. Scan the tag of each.")


class LabelNeeded(MusterError):
    """A flag that means nothing without its label, or one with a label that it has not."""

    code = "custody.label_needed"

    def __init__(self, *, kind: str) -> None:
        self.kind = kind
        words = (
            "Write the label: what the agency calls the separation group, or the code of the language."
            if kind in LABELLED
            else "Leave the label out: only a separation group and a language have one."
        )
        super().__init__(f"Nothing was kept. {words}")


@dataclass(frozen=True)
class GroupStated:
    """The group, by its id."""

    group: UUID


@dataclass(frozen=True)
class Flagged:
    """How many persons it was said of."""

    persons: int


@action("custody.state_group", about=site_locked)
def state_group(
    *, act: Act, row: Site, actor: Actor, site: SiteCode, kind: Group.Kind, tags: Tags, authority: Authority
) -> GroupStated:
    """State that persons whom the site holds are kept together, or kept apart, and who says so: the agency, a court, the site.

    It goes with them to other sites, until `custody.end_group`. Raises NoTags, TagMisread, TagTwice, TooFew, NotHeldHere.
    """
    named = rules.read_tags(tags)
    if len(named) < 2:
        raise TooFew()
    things = _here(row, named)
    made = Group.objects.create(act=act, site=row, kind=kind, authority=authority.strip())
    GroupMember.objects.bulk_create(GroupMember(act=act, group=made, thing=thing) for thing in things)
    return GroupStated(made.pk)


def _here(site: Site, tags: Sequence[str]) -> list[Thing]:
    """The persons of these tags, in their order. Raises NotHeldHere."""
    here = {thing.tag: thing for thing in queries.present(site.code).filter(tag__in=tags)}
    if strangers := sorted(set(tags) - here.keys()):
        raise rules.NotHeldHere(tags=strangers, site=site.code)
    return [here[tag] for tag in tags]


def groups_at(site: Site) -> list[Standing]:
    """The groups of whom the site holds somebody, the oldest first."""
    return standing(queries.present(site.code).values_list("pk", flat=True))


def group_at(site: Site, group: UUID) -> Standing:
    """One of them. Raises NotFound."""
    found = next((each for each in groups_at(site) if each.group.pk == group), None)
    if found is None:
        raise NotFound(kind=f"group of persons at {site.code}", name=str(group))
    return found


@action("custody.end_group", about=site_locked)
def end_group(
    *, act: Act, row: Site, actor: Actor, site: SiteCode, group: UUID, reason: Reason
) -> GroupStated:
    """State that a group of whom the site holds somebody need not be kept so any more, and why. Raises NotFound."""
    found = group_at(row, group)
    GroupEnded.objects.create(act=act, group=found.group, reason=reason.strip())
    return GroupStated(group)


@action("custody.flag", about=site_locked)
def flag(
    *, act: Act, row: Site, actor: Actor, site: SiteCode, tags: Tags, kind: Flag.Kind, authority: Authority, label: Label = "",
    stands: bool = True,
) -> Flagged:  # fmt: skip
    """State what those who house and move persons must know of them, and who says so; without `stands`, that it is not so any more.

    Raises NoTags, TagMisread, TagTwice, LabelNeeded, NotHeldHere.
    """
    named = rules.read_tags(tags)
    if stands and bool(label) != (kind in LABELLED):
        raise LabelNeeded(kind=kind)
    Flag.objects.bulk_create(
        Flag(
            act=act, thing=thing, site=row, kind=kind, label=label, authority=authority.strip(), stands=stands
        )
        for thing in _here(row, named)
    )
    return Flagged(len(named))
