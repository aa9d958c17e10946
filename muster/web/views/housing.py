"""What those who house and move persons must know: who is kept together, who apart, and what stands of each person."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from muster.access.control import Actor, can, may
from muster.custody.grouping import group_at, groups_at
from muster.custody.groups import flags_of
from muster.custody.models import Flag, Group
from muster.custody.queries import open_differences, present, scope_of, site_for
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in

TAGS = Input("tags", "Tags", "tags", "One on each line. Scan them one after the other.", rows=6)
AUTHORITY = Input(
    "authority",
    "Who says so",
    hint="The agency's letter, a court's order, the site's own finding. Never a name.",
)


def _site(actor: Actor, code: str) -> Site:
    """The site, for those who house and move its persons. Raises NotFound, NotPermitted."""
    found = site_for(actor, code)
    can(actor, "custody.read_housing", scope_of(found))
    return found


@signed_in
def listed(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The groups and the flags of whom the site holds, and the open differences about where they are."""
    place = _site(actor, site)
    tags = dict(present(place.pk).values_list("pk", "tag"))
    flags = [(tags[thing], thing, kinds.values()) for thing, kinds in flags_of(tags).items()]
    told = open_differences([place.pk]).filter(concerned__isnull=False).select_related("concerned")
    context = {
        "site": place, "drill": is_drill_at(place), "groups": groups_at(place), "flags": sorted(flags, key=lambda each: each[0]),
        "differences": told, "may_settle": may(actor, "custody.settle", scope_of(place)),
    }  # fmt: skip
    return render(request, "web/housing.html", context)


@signed_in
def state(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """State who is kept together, or apart."""
    place = _site(actor, site)
    kinds = Input("kind", "How they are kept", "radio", choices=Group.Kind.choices)
    return ActForm(
        action="custody.state_group", title=f"A group at {place.name}", button="State group", inputs=[kinds, TAGS, AUTHORITY],
        given={"site": place.pk}, done=lambda answer: "The group stands until somebody ends it.", drill=is_drill_at(place),
        back=reverse("housing", args=[place.pk]), about={"custody.group_too_small": "tags"},
        lead="It goes with them to other sites. A list that would part who is kept together is refused, unless it says why.",
    ).page(request, actor)  # fmt: skip


@signed_in
def end(request: HttpRequest, actor: Actor, site: str, group: UUID) -> HttpResponse:
    """State that a group need not be kept so any more."""
    place = _site(actor, site)
    found = group_at(place, group)
    tags = ", ".join(each.tag for each in found.members)
    return ActForm(
        action="custody.end_group", title="End a group", button="End group",
        inputs=[Input("reason", "Why", "long", "It stands in the record.")],
        given={"site": place.pk, "group": group}, done=lambda answer: "The group has ended.", drill=is_drill_at(place),
        back=reverse("housing", args=[place.pk]), lead=f"{found.group.get_kind_display().capitalize()} until now: {tags}.",
    ).page(request, actor)  # fmt: skip


class FlagForm(ActForm):
    """The form of a flag, whose last box takes it back."""

    def taken(self, read: dict[str, object]) -> dict[str, object]:
        """As the action takes it: what is taken back does not stand."""
        stands = not read.pop("back")
        return read | {"stands": stands}


@signed_in
def flag(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """State what must be known of persons to house and move them, or take it back."""
    place = _site(actor, site)
    inputs = [
        TAGS,
        Input("kind", "What must be known", "choice", choices=Flag.Kind.choices),
        Input("label", "Label", hint="Of a separation group what the agency calls it, of a language its code.", needed=False),
        AUTHORITY,
        Input("back", "It is not so any more", "flag", needed=False),
    ]  # fmt: skip
    return FlagForm(
        action="custody.flag", title=f"What must be known of persons at {place.name}", button="State", inputs=inputs,
        given={"site": place.pk}, done=lambda answer: f"Stated of {answer.persons} person{'s' if answer.persons != 1 else ''}.",
        back=reverse("housing", args=[place.pk]), drill=is_drill_at(place), about={"custody.label_needed": "label"},
        lead="Seen by those who house and move the person, in no search and no export.",
    ).page(request, actor)  # fmt: skip
