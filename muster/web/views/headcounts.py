"""Headcounts of a site: opened with what is expected hidden, given in, compared, taken again, explained, certified; and who is outside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from muster.access.control import Actor, can, may
from muster.core.errors import MusterError, NotFound
from muster.core.times import zone
from muster.custody import counting, queries
from muster.custody.models import Count
from muster.custody.queries import scope_of
from muster.ledger.models import Thing
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.record.action import KeyReused
from muster.web.forms import ONCE, ActForm, Input, when
from muster.web.pages import form_page, key_of, moment_in, signed_in
from muster.web.views.counter import site_for

ABOUT_MOMENT = {"core.not_a_moment": "at", "core.not_happened_yet": "at"}
SHOWN = 30  # counts on the list, the latest in front


@dataclass(frozen=True)
class Told:
    """A count as its page shows it, once it is in: nothing of what was expected before."""

    row: Count

    @property
    def is_in(self) -> bool:
        return hasattr(self.row, "counted")

    @property
    def agrees(self) -> bool:
        return self.is_in and counting.agrees(self.row)

    @property
    def state(self) -> str:
        """Where the count stands, in words."""
        if not self.is_in:
            return "open"
        if hasattr(self.row, "certified"):
            return "certified"
        if hasattr(self.row, "recounted_by"):
            return "taken again"
        if self.agrees:
            return "agrees, not certified"
        parts = [word for word in ("explained", "escalated") if hasattr(self.row, word)]
        return f"does not agree{', ' + ' and '.join(parts) if parts else ''}"

    @cached_property
    def missing(self) -> list[Thing]:
        """Who was expected and not counted."""
        return list(Thing.objects.filter(pk__in=self.row.counted.missing or ()).order_by("tag"))

    @cached_property
    def places(self) -> list[dict[str, Any]]:
        """The places outside, with how many were expected and counted there."""
        confirmed = {each.place: each for each in self.row.confirmed.all()}
        expected = Counter((self.row.outside or {}).values())
        return [
            {"place": place, "expected": number, "confirmed": confirmed.get(place)}
            for place, number in sorted(expected.items())
        ]


def _counts(site: Site) -> Any:
    related = ("counted", "certified", "explained", "escalated", "recounted_by", "recount_of", "act", "counted__act__actor",
               "certified__act__actor")  # fmt: skip
    return Count.objects.filter(site=site).select_related(*related)


def _place(actor: Actor, code: str) -> Site:
    """The site, for those who count there or stand for its counts. Raises NotFound, NotPermitted."""
    found = queries.site_for(actor, code)
    can(actor, "custody.certify_count", scope_of(found))
    return found


@signed_in
def listed(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Open a headcount; what the record expects is frozen and not shown. Below, the counts before and who is outside."""
    place, refusal = _place(actor, site), None
    if request.method == "POST":
        try:
            done = counting.open_count(
                actor=actor, key=key_of(request), site=place.code, at=moment_in(request.POST.get("at", ""), zone(place.zone)),
                kind=request.POST.get("kind", "informal"), mode=request.POST.get("mode", "number"),
            )  # fmt: skip
            return redirect("count", place.code, done.answer.count)
        except KeyReused:
            messages.info(request, ONCE)
            return redirect("counter", place.code)
        except MusterError as told:
            refusal = told
    counts = [Told(row) for row in _counts(place).order_by("-opened_at", "-act_id")[:SHOWN]]
    context = {
        "site": place, "drill": is_drill_at(place), "counts": counts, "outs": counting.open_outs(place.code),
        "kinds": Count.Kind.choices, "modes": Count.Mode.choices, "counts_here": _counts_here(actor, place),
    }  # fmt: skip
    return form_page(request, "web/headcount.html", context, refusal=refusal, fields=ABOUT_MOMENT)


def _counts_here(actor: Actor, site: Site) -> bool:
    return may(actor, "custody.open_count", scope_of(site))


def _found(actor: Actor, site: str, count: UUID) -> tuple[Site, Count]:
    place = _place(actor, site)
    row = _counts(place).filter(pk=count).first()
    if row is None:
        raise NotFound(kind="headcount", name=str(count))
    return place, row


@signed_in
def one(request: HttpRequest, actor: Actor, site: str, count: UUID) -> HttpResponse:
    """Give in what was counted; only then is it compared, and what can follow is offered."""
    place, row = _found(actor, site, count)
    told = Told(row)
    if told.is_in:
        scope = scope_of(place)
        context = {
            "site": place, "drill": is_drill_at(place), "told": told, "count": row,
            "unconfirmed": _unconfirmed(told), "counts_here": _counts_here(actor, place),
            "reports": may(actor, "custody.report_incident", scope),
            "may_certify": may(actor, "custody.certify_count", scope) and actor.user not in (row.act.actor_id, row.counted.act.actor_id),
        }  # fmt: skip
        return render(request, "web/count_result.html", context)
    can(actor, "custody.submit_count", scope_of(place))
    by_number = row.mode == Count.Mode.NUMBER
    inputs = [
        Input("persons", "Persons counted", "number", "A whole number. 0 if nobody is there.")
        if by_number
        else Input("tags", "Tags counted", "tags", "Scan or type one tag a line. Leave it empty if nobody is there.", rows=12),
        Input("explanation", "What explains it, if you know", "long", "Kept with the count.", needed=False, rows=2),
        when("Time at which the count was finished"),
    ]  # fmt: skip
    return ActForm(
        action="custody.submit_count", title=f"{row.get_kind_display().capitalize()} at {place.name}, {row.get_mode_display()}",
        button="Record count", inputs=inputs, given={"count": row.pk}, done=_result,
        back=request.path, drill=is_drill_at(place), zone=place.zone, template="web/count.html",
        is_well=lambda answer: answer.agrees,
        about={"core.tag_misread": "tags", "custody.tag_twice": "tags"},
        context={"site": place, "opened": row, "unconfirmed": _unconfirmed(told)},
    ).page(request, actor)  # fmt: skip


def _unconfirmed(told: Told) -> bool:
    return any(each["confirmed"] is None for each in told.places)


def _result(answer: counting.CountResult) -> str:
    words = f"Counted {answer.counted}, expected {answer.expected}."
    if answer.agrees:
        return f"{words} The count agrees with the record."
    return f"{words} The count is kept and a difference is open."


@signed_in
def follow(request: HttpRequest, actor: Actor, site: str, count: UUID, verb: str) -> HttpResponse:
    """Take a count again, confirm who is outside, explain it, pass it on, or certify it."""
    place, row = _found(actor, site, count)
    name = row.get_kind_display()
    shared: dict[str, Any] = {
        "back": request.path.removesuffix(f"{verb}/"),
        "drill": is_drill_at(place),
        "zone": place.zone,
    }
    match verb:
        case "again":
            can(actor, "custody.open_count", scope_of(place))
            return _again(request, actor, place, row)
        case "explain":
            form = ActForm(
                action="custody.explain_count", title=f"Explain the {name}", button="Record explanation", given={"count": row.pk},
                inputs=[Input("reason", "Why it does not agree", "long")], done=lambda answer: "The explanation is kept.", **shared,
            )  # fmt: skip
        case "escalate":
            form = ActForm(
                action="custody.escalate_count", title=f"Pass the {name} on", button="Pass it on", given={"count": row.pk},
                inputs=[Input("to", "To whom"), Input("reason", "Why", "long")], done=lambda answer: "The count is passed on.", **shared,
            )  # fmt: skip
        case "certify":
            form = ActForm(
                action="custody.certify_count", title=f"Certify the {name}", button="Certify count", given={"count": row.pk}, inputs=[],
                lead="You stand for it by your sign-in. Whoever opened it or gave it in cannot.",
                done=lambda answer: "The count is certified.", **shared,
            )  # fmt: skip
        case "outside":
            places = [
                (each["place"], each["place"]) for each in Told(row).places if each["confirmed"] is None
            ]
            form = ActForm(
                action="custody.confirm_out", title=f"Confirm who is outside at the {name}", button="Record confirmation",
                given={"count": row.pk},
                inputs=[Input("place", "Place", "choice", choices=places), Input("persons", "Persons counted there", "number"),
                        Input("by", "Who counted them", hint="The office or the crew that holds them there, not a name.")],
                done=lambda answer: f"Counted {answer.counted} there, expected {answer.expected}.", about={"core.not_found": "place"},
                is_well=lambda answer: answer.agrees,
                **shared,
            )  # fmt: skip
        case _:
            raise NotFound(kind="step of a count", name=verb)
    return form.page(request, actor)


def _again(request: HttpRequest, actor: Actor, place: Site, row: Count) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            done = counting.open_count(
                actor=actor, key=key_of(request), site=place.code, at=moment_in(request.POST.get("at", ""), zone(place.zone)),
                mode=request.POST.get("mode", "number"), recount_of=row.pk,
            )  # fmt: skip
            return redirect("count", place.code, done.answer.count)
        except MusterError as told:
            refusal = told
    modes = Count.Mode.choices[2:] if row.recount_of_id else Count.Mode.choices
    context = {"site": place, "drill": is_drill_at(place), "count": row, "modes": modes}
    return form_page(request, "web/count_again.html", context, refusal=refusal, fields=ABOUT_MOMENT)


@signed_in
def outside(request: HttpRequest, actor: Actor, site: str, verb: str) -> HttpResponse:
    """Record who is at a place outside that the site still holds, or who is back."""
    place = site_for(actor, site)
    if verb not in ("out", "back"):
        raise NotFound(kind="page of who is outside", name=verb)
    going = verb == "out"
    tags = Input("tags", "Tags", "tags", "Scan or type one tag a line.", rows=6)
    inputs = [tags, when("Time it happened")]
    if going:
        inputs[1:1] = [Input("place", "Where they are", hint="Such as a court or a hospital."),
                       Input("escort", "Who is with them", hint="The office or the crew, not a name.")]  # fmt: skip
    return ActForm(
        action="custody.record_out" if going else "custody.record_back", given={"site": place.code}, inputs=inputs,
        title=f"{'Out of' if going else 'Back in'} {place.name}", button="Record as outside" if going else "Record as back",
        lead="The site still holds them, and a count expects them there." if going else "", zone=place.zone,
        done=lambda answer: f"{len(answer.tags)} recorded as {'at ' + answer.place if going else 'back'}.",
        back=request.path.removesuffix(f"outside/{verb}/") + "headcount/", drill=is_drill_at(place),
        about={"custody.out_already": "tags", "custody.not_out": "tags"},
    ).page(request, actor)  # fmt: skip
