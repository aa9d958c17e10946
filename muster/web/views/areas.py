"""Where within a site persons are: free space by area, who is in each, and the forms that place persons and state areas."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from muster.access.control import Actor, can, may
from muster.core.errors import MusterError, NotFound
from muster.core.times import zone
from muster.custody.areas import COLUMNS, area_of, import_areas
from muster.custody.models import Area, OutOfService
from muster.custody.placing import Against, against
from muster.custody.queries import scope_of, site_for
from muster.custody.rules import read_tags
from muster.custody.space import persons, rooms_of, space
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.asof import as_of
from muster.web.csvforms import CsvForm
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in

LISTED = 500  # persons of one area on a page


@signed_in
def listed(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The areas of a site: how many each holds, who is there and what is free, as of any moment."""
    place = site_for(actor, site)
    asked = as_of(request, zone(place.zone))
    scope = scope_of(place)
    context = asked.context | {
        "site": place, "drill": is_drill_at(place), "at": asked.at, "known_at": asked.known_at,
        "space": space([place], at=asked.at, known_at=asked.known_at).get(place.pk),
        "may_place": may(actor, "custody.place", scope), "may_state": may(actor, "custody.state_areas", scope),
        "may_close": may(actor, "custody.take_out_of_service", scope),
    }  # fmt: skip
    return render(request, "web/areas.html", context)


@signed_in
def one(request: HttpRequest, actor: Actor, site: str, area: str = "") -> HttpResponse:
    """Who is in an area, or in none, ticked to be moved together."""
    place = site_for(actor, site)
    can(actor, "custody.read_housing", scope_of(place))
    found = area_of(place, area) if area else None
    here = [each for each in persons([place.pk]) if each.area == (found.pk if found else None)]
    context = {"persons": here[:LISTED], "count": len(here), "space": _room(place, found)}
    name = context["space"].stated.name if context["space"] else area
    title = f"{name} at {place.name}" if found else f"In no area of {place.name}"
    hint = "Who comes from another area. One on each line."
    tags = Input("tags", "Others, by tag", "tags", hint, needed=False, rows=2)
    return _form(place, title=title, tags=tags, template="web/area.html", context=context).page(
        request, actor
    )


def _room(site: Site, area: Area | None) -> Any:
    return next((each for each in rooms_of(site) if each.area == area), None)


@signed_in
def place(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Place persons whose tags are scanned."""
    row = site_for(actor, site)
    can(actor, "custody.place", scope_of(row))
    tags = Input("tags", "Tags", "tags", "One on each line. Scan them one after the other.", rows=6)
    return _form(row, title=f"Place persons at {row.name}", tags=tags).page(request, actor)


def _form(site: Site, *, title: str, tags: Input, **more: Any) -> PlaceForm:
    choices = [
        (each.area.code, f"{each.stated.name} ({each.area.code}): {each.free} free")
        for each in rooms_of(site)
    ]
    inputs = [
        tags,
        Input("area", "Area", "choice", choices=[*choices, (NOWHERE, "in no area")]),
        when("Since when"),
    ]  # fmt: skip
    return PlaceForm(
        action="custody.place", title=title, button="Record where they are", inputs=inputs, given={"site": site.pk}, zone=site.zone,
        drill=is_drill_at(site), back=reverse("areas", args=[site.pk]), done=_placed, is_well=lambda answer: not answer.differences,
        about={"custody.placed_before_arrival": "at", "core.not_happened_yet": "at", "core.not_found": "area"}, site=site,
        **{"template": "web/place.html"} | more,
    )  # fmt: skip


NOWHERE = "-"


def _placed(answer: Any) -> str:
    count = len(answer.tags)
    words = f"{count} person{'s' if count != 1 else ''} {'are' if count != 1 else 'is'} in {answer.area or 'no area'}."
    if answer.differences:
        words += f" {answer.differences} difference{'s are' if answer.differences != 1 else ' is'} open, to be settled."
    return words


@dataclass(frozen=True, kw_only=True)
class PlaceForm(ActForm):
    """The form of a placement: what it would be against is shown first, and recorded when it is sent again."""

    site: Site

    def given_in(self, request: HttpRequest) -> dict[str, Any]:
        """What was entered, with who was ticked among the tags."""
        read = super().given_in(request)
        return read | {"tags": [*read.get("tags", []), *request.POST.getlist("tag")]}

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """As the action takes it: `-` is no area."""
        return read | {"area": "" if read["area"] == NOWHERE else read["area"]}

    def shown(self, request: HttpRequest, refusal: MusterError | None = None) -> HttpResponse:
        """The form, with who was ticked still ticked."""
        ticked = {"ticked": request.POST.getlist("tag")}
        return super(PlaceForm, replace(self, context={**self.context, **ticked})).shown(request, refusal)

    def page(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        """The form; where something stands against the placement and was not shown yet, that, with everything that was entered."""
        if request.method == "POST" and (found := self._against(request)):
            seen = hashlib.sha256("\n".join(each.words + each.told for each in found).encode()).hexdigest()
            if request.POST.get("seen") != seen:
                return replace(self, context={**self.context, "found": found, "seen": seen}).shown(request)
        return super().page(request, actor)

    def _against(self, request: HttpRequest) -> list[Against]:
        """What it would be against; nothing where what was entered cannot be read, which the action refuses."""
        try:
            taken = self.taken(self.given_in(request))
            area = Area.objects.filter(site=self.site, code=taken["area"]).first()
            return against(self.site, read_tags(taken["tags"]), area, taken["at"])
        except MusterError:
            return []


class AreaForm(ActForm):
    """The form of one area, which the action takes as a list of one."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """The one area as the action takes it."""
        return {"areas": [read]}


@signed_in
def state(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """State an area, new or known, and how many it holds from a day on."""
    row = site_for(actor, site)
    can(actor, "custody.state_areas", scope_of(row))
    now = next((each for each in rooms_of(row) if each.area.code == request.GET.get("area")), None)
    given = now.stated if now else None
    inputs = [
        Input("area", "Code", hint="Letters, digits and dashes, such as H-1. One that is there already is stated anew.",
              value=now.area.code if now else ""),
        Input("name", "Name", hint="As it is called at the site.", value=given.name if given else ""),
        Input("kind", "Kind", "choice", choices=Area.Kind.choices, value=given.kind if given else ""),
        Input("valid_from", "From", "day", "The first day, as 2026-03-01. A day that was stated already is corrected."),
        Input("usable", "Posted capacity", "number", "How many persons it holds.", value=str(given.usable) if given else ""),
        Input("rated", "Rated capacity", "number", "For how many it was built. Empty: not known.", needed=False,
              value=str(given.rated or "") if given else ""),
        Input("square_feet", "Floor in square feet", "number",
              "What counts for persons, by the rule of the site. Empty: not known.", needed=False,
              value=str(given.square_feet or "") if given else ""),
    ]  # fmt: skip
    return AreaForm(
        action="custody.state_areas", title=f"State an area of {row.name}", button="State area", inputs=inputs,
        given={"site": row.pk}, zone=row.zone, back=reverse("areas", args=[row.pk]), drill=is_drill_at(row),
        done=lambda answer: f"{answer.areas[0]} is {'a new area' if answer.new else 'stated anew'}.",
        lead="It stands in place of what was stated before, as a whole, from that day on. Nobody is moved by it.",
    ).page(request, actor)  # fmt: skip


@signed_in
def from_file(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """State the areas of a file."""
    row = site_for(actor, site)
    can(actor, "custody.state_areas", scope_of(row))
    return CsvForm(
        title=f"State areas of {row.name} by a file", label="File of areas", button="State areas", columns=COLUMNS,
        lead="Each row stands in place of what was stated of the area before, from its day on.", drill=is_drill_at(row),
        take_in=lambda file, name: import_areas(file, actor=actor, site=row.pk, name=name),
        done=lambda answer: f"{answer['notices'].get('new_areas', 0)} new areas recorded", back=reverse("areas", args=[row.pk]),
    ).page(request)  # fmt: skip


@signed_in
def out(request: HttpRequest, actor: Actor, site: str, area: str) -> HttpResponse:
    """State that places of an area cannot be used."""
    row = site_for(actor, site)
    can(actor, "custody.take_out_of_service", scope_of(row))
    found = area_of(row, area)
    inputs = [
        Input("places", "Places", "number", "How many. Empty: all of them.", needed=False),
        Input("valid_from", "From", "day", "The first day, as 2026-03-01."),
        Input("valid_to", "Until", "day", "The last day, included. Empty: until it is put back.", needed=False),
        Input("reason", "Why", hint="Such as burst pipe, no heating."),
    ]  # fmt: skip
    return ActForm(
        action="custody.take_out_of_service", title=f"Out of service: {found.code} at {row.name}", button="Take out of service",
        inputs=inputs, given={"site": row.pk, "area": area}, zone=row.zone, back=reverse("areas", args=[row.pk]), drill=is_drill_at(row),
        done=lambda answer: f"{area} has places out of service.", about={"custody.ends_before": "valid_to"},
        lead="Nobody is moved by it: who is there stays until you record where they are.",
    ).page(request, actor)  # fmt: skip


@signed_in
def back(request: HttpRequest, actor: Actor, site: str, out: UUID) -> HttpResponse:
    """State that what was out of service can be used again."""
    row = site_for(actor, site)
    can(actor, "custody.put_in_service", scope_of(row))
    found = OutOfService.objects.select_related("area").filter(pk=out, area__site=row).first()
    if found is None:
        raise NotFound(kind="statement of what is out of service", name=str(out))
    inputs = [
        Input("again_from", "Again from", "day", "The first day on which it can be used, as 2026-03-01.")
    ]
    return ActForm(
        action="custody.put_in_service", title=f"Back in service: {found.area.code} at {row.name}", button="Put back in service",
        inputs=inputs, given={"out": out}, zone=row.zone, back=reverse("areas", args=[row.pk]), drill=is_drill_at(row),
        done=lambda answer: f"{found.area.code} is in service again from that day on.", lead=f"Out of service for: {found.reason}.",
    ).page(request, actor)  # fmt: skip
