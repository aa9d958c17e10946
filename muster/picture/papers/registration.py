"""The registration of a resident at a shelter and of the household: who is kept together. For shelters alone, in their words.

Source: forms.md section 5, shelter registration, list mark S, number GK.
"""

from __future__ import annotations

from collections.abc import Iterator

from muster.cases.checklists import checklists_of, is_shelter
from muster.core.errors import MusterError
from muster.custody.models import Group, GroupMember
from muster.documents.forms import SHELTER
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, table, words
from muster.ledger.models import Holder, Thing
from muster.missions.queries import is_drill_at, of_a_drill
from muster.parties.models import Site
from muster.picture.papers.asked import Asked
from muster.picture.papers.checklist import answered, live_entries, site_of
from muster.picture.papers.hands import end_named


class NotAtAShelter(MusterError):
    """The person's latest site is no shelter."""

    code = "picture.not_at_a_shelter"
    status = 409

    def __init__(self, *, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"{tag} is not registered at a shelter as of that moment. Print the person's checklist or own record instead."
        )


def sheet(row: Thing, asked: Asked) -> Sheet:
    """The registration, as of a moment and as known at an act. Raises NotAtAShelter."""
    site = site_of(row, asked)
    if site is None or not is_shelter(site, now=asked.at, known_at=asked.known_at):
        raise NotAtAShelter(tag=row.tag)
    return Sheet(
        title=f"Registration: {row.tag}", about=site.name, form=SHELTER, as_of=asked.at, exercise=of_a_drill(row) or is_drill_at(site),
        standing=asked.standing(f"Registration of {row.tag} at {site.pk}"), blocks=tuple(_blocks(row, site, asked)),
    )  # fmt: skip


def _household(row: Thing, asked: Asked) -> list[Thing]:
    """Whoever is kept together with the resident, who stands in front."""
    groups = Group.objects.filter(
        kind=Group.Kind.KEEP_WITH, members__thing=row, act__number__number__lte=asked.known_at
    )
    standing = groups.exclude(ended__act__number__number__lte=asked.known_at)
    members = GroupMember.objects.filter(group__in=standing).exclude(thing=row).select_related("thing")
    return [row, *dict.fromkeys(each.thing for each in members.order_by("thing__tag"))]


def _blocks(row: Thing, site: Site, asked: Asked) -> Iterator[Block]:
    household = _household(row, asked)
    yield fields(
        ("Shelter", f"{site.name} ({site.pk})"), ("Registered under", row.tag), ("Household", f"{len(household)} in all"), columns=3
    )  # fmt: skip
    yield heading("Household")
    yield table(
        ["Tag", "Came", "From", "Left", "To"], [_way(each, site, asked) for each in household], widths=[14, 22, 22, 22, 22]
    )  # fmt: skip
    yield words("Names, birth dates, address, telephone, medicines and pets: on the shelter's own cards.")
    yield heading("What was done on coming")
    found = checklists_of(site, {row.pk: row.tag}, "in", now=asked.at).get(row.pk)
    items = found.items if found else ()
    yield table(
        ["What", "State", "When", "By"],
        [answered(item, asked) for item in items], widths=[34, 26, 20, 20], none="The standard has no list.",
    )  # fmt: skip
    yield heading("Consent")
    yield words(
        "I agree that the shelter says that I am here, to those whom I name. I may take it back, and I am free to leave at any time."
    )
    yield blanks(
        "To whom, or: to nobody",
        "Signature of the resident, or of the head of the household",
        "Date",
        columns=3,
    )


def _way(row: Thing, site: Site, asked: Asked) -> list[Said]:
    """When somebody came to the site and from whom, and when somebody left it and to whom."""
    live = live_entries(row, asked)
    came = next((each for each in reversed(live) if each.receiver.site == site.pk), None)
    left = next((each for each in live if came and each.n > came.n and each.giver.site == site.pk), None)
    if came is None:
        return [row.tag, "not here", None, None, None]
    return [
        row.tag, asked.said(came.happened_at), _end(came.giver), asked.said(left.happened_at) if left else "is here",
        _end(left.receiver) if left else "is here",
    ]  # fmt: skip


def _end(holder: Holder) -> str:
    return "not said" if holder.code == "outside" else end_named(holder)
