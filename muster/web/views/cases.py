"""The case of a stay: what is missing, who keeps it, notices, appointments, documents, notes; and what is missing at a whole site."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, actor_of, can, may
from muster.access.models import Grant, Role
from muster.cases import casework, queries
from muster.cases.actions import event_to_record
from muster.cases.casework import notice_events, text_of
from muster.cases.models import Appointment, AppointmentEnded, CaseDocument, CaseTransfer
from muster.cases.rules import HOW, NOTICES
from muster.cases.stays import Case, case_at
from muster.cases.worklist import KINDS, Line, Worklist, of_case, worklist
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound
from muster.core.times import local, zone
from muster.custody.models import Disposal
from muster.custody.queries import incidents, scope_of, site_for
from muster.ledger.models import Thing
from muster.ledger.queries import latest_known
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.forms import ActForm, Input, when
from muster.web.pages import form_page, key_of, signed_in
from muster.web.words import words_at

SHOWN, TAGS_SHOWN, CLOCKS_SHOWN = 50, 12, 5
OF_CUSTODY = (Appointment.Kind.COURT, Appointment.Kind.CONSULAR)
MOST_BYTES = 50 * 1024 * 1024
ABOUT_TAGS = dict.fromkeys(("cases.kept_already", "cases.unknown_persons", "core.not_found"), "tags")
IN_AGENCY = "The office or organisation, never a name. Empty where it is done in the agency's own system."
ENCRYPTED = "It rests encrypted, is in no search, and is not edited: write another to correct it."


@dataclass(frozen=True)
class Row:
    """A line of what is missing as the page tells it: the first tags, how many more, and where it is done."""

    line: Line
    address: str
    tags: list[str]

    @property
    def more(self) -> int:
        return len(self.line.persons) - len(self.tags)


def _told(site: Site, lines: dict[str, list[Line]]) -> list[tuple[str, int, list[Row]]]:
    """Each kind with its title, how many lines it has, and the first of them."""
    return [
        (
            KINDS[kind],
            len(of_kind),
            [
                Row(line, _address(site, line), [thing.tag for thing in line.persons[:TAGS_SHOWN]])
                for line in of_kind[:SHOWN]
            ],
        )
        for kind, of_kind in lines.items()
    ]


def _address(site: Site, line: Line) -> str:
    """The page on which the one thing is done."""
    what, name = line.subject
    one = [("person", str(line.persons[0].pk))] if len(line.persons) == 1 else []
    many = [] if one else [("since", line.since.isoformat() if line.since else "")]
    match what:
        case "answer" | "withdraw":
            return reverse(
                "case-transfer", args=[site.pk, name, "withdraw" if what == "withdraw" else "accept"]
            )
        case "assign":
            return f"{reverse('case-assign', args=[site.pk])}?{urlencode(one + many)}"
        case "notice":
            return f"{reverse('case-notice', args=[site.pk])}?{urlencode([('event', name), *one, *many])}"
        case "checklist":
            return reverse("checklist", args=[site.pk, name, "in"])
        case "checklists":
            return f"{reverse('checklist-together', args=[site.pk])}?{urlencode({'arrived': name})}"
        case "appointment":
            return reverse("appointment", args=[site.pk, name])
        case "incident":
            return reverse("incident-by-id", args=[name])
        case _:
            return reverse("case", args=[site.pk, name])


@signed_in
def missing(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """What is missing at a site, or of one worker's cases there; each line leads to the one thing to do."""
    place, now = site_for(actor, site), timezone.now()
    can(actor, "cases.read_case", scope_of(place))
    worker = request.GET.get("worker", "")
    found = worklist(place, now=now, worker=worker)
    context = {
        "site": place, "drill": is_drill_at(place), "now": now, "known_at": latest_known(), "words": words_at(place, now=now),
        "found": found, "kinds": _told(place, found.lines), "worker": worker, "me": actor.name,
    }  # fmt: skip
    return render(request, "web/missing.html", context)


def _case(actor: Actor, site: str, thing: UUID, number: int | None = None) -> tuple[Site, Case]:
    """The case of the person of that id, for those who read cases at the site. Raises NotFound."""
    found = Thing.objects.filter(pk=thing, kind=Thing.Kind.PERSON).first()
    return case_at(actor, site, found, name=str(thing), number=number)


@signed_in
def one(request: HttpRequest, actor: Actor, site: str, thing: UUID) -> HttpResponse:
    """The case of a stay on one page, what is missing first."""
    text = request.GET.get("stay", "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None
    place, case = _case(actor, site, thing, number)
    now, scope = timezone.now(), scope_of(place)
    is_latest = case.stay.number == case.stays
    clocks = [
        clock for clock, _, _ in queries.in_order(queries.person_clocks([case.thing.pk], now=now, latest_only=True)[case.thing.pk].clocks)
        if clock.is_open
    ]  # fmt: skip
    context = {
        "site": place, "drill": is_drill_at(place), "now": now, "known_at": latest_known(), "case": case, "thing": case.thing,
        "kinds": _told(place, of_case(place, case, now=now)) if is_latest else [], "is_latest": is_latest,
        "other_stays": [n for n in range(1, case.stays + 1) if n != case.stay.number], "words": words_at(place, now=now),
        "clocks": clocks[:CLOCKS_SHOWN] if is_latest else [], "open_clocks": len(clocks), "notices": _notices(case),
        "incidents": incidents(sites=[place.pk]).filter(persons__thing=case.thing) if may(actor, "custody.read_incidents", scope) else [],
        "may_keep": may(actor, "cases.write_note", scope), "disposed": Disposal.objects.filter(thing=case.thing).exists(),
        "keeps": case.keeper is not None and case.keeper.site_id == place.pk,
        "answers_at": _answered_at(actor, case.waiting),
    }  # fmt: skip
    return render(request, "web/case.html", context)


def _notices(case: Case) -> list[tuple[Any, str]]:
    named = notice_events()
    return [(each, NOTICES.get(named.get(each.event.event, ""), "")) for each in case.notices]


def _answered_at(actor: Actor, waiting: CaseTransfer | None) -> str:
    """The site at which the actor may accept the transfer that waits; empty where there is none."""
    if waiting is None or not may(actor, "cases.accept_case", scope_of(waiting.to_site)):
        return ""
    own = (
        waiting.act.actor_id == actor.user
        if waiting.to_worker_id is None
        else waiting.to_worker_id != actor.user
    )
    return "" if own else waiting.to_site_id


# --- forms --------------------------------------------------------------------------


def _shared(place: Site, back: str) -> dict[str, Any]:
    return {"zone": place.zone, "drill": is_drill_at(place), "back": back}


def _home(place: Site, persons: Sequence[Thing]) -> str:
    """Back to the case of one person; else to what is missing at the site."""
    if len(persons) == 1:
        return reverse("case", args=[place.pk, persons[0].pk])
    return reverse("missing", args=[place.pk])


def _persons(
    actor: Actor, place: Site, request: HttpRequest, kinds: Iterable[str], event: str = ""
) -> list[Thing]:
    """The persons of a link from what is missing: one by id, or those of the line that it names by its time."""
    try:
        return [_case(actor, place.pk, UUID(request.GET.get("person", "")))[1].thing]
    except (ValueError, NotFound):
        pass
    since = request.GET.get("since", "")
    found: Worklist | None = worklist(place, now=timezone.now()) if since else None
    for kind in kinds if found else ():
        for line in found.lines.get(kind, []) if found else []:
            if line.since and line.since.isoformat() == since and (not event or line.subject[1] == event):
                return line.persons
    return []


def _tags_input(persons: Sequence[Thing], words: str) -> Input:
    value = "\n".join(thing.tag for thing in persons)
    return Input(
        "tags",
        f"Tags of the {words}",
        "tags",
        "One tag a line.",
        value=value,
        rows=min(12, max(3, len(persons))),
    )


def _workers(place: Site) -> list[tuple[str, str]]:
    """The accounts that keep cases at a site."""
    grants = Grant.objects.filter(role__in=(Role.CLERK, Role.JOC), user__is_active=True).select_related(
        "user"
    )
    users = {grant.user.username: grant.user for grant in grants.order_by("user__username")}
    scope = scope_of(place)
    return [(name, name) for name, user in users.items() if may(actor_of(user), "cases.write_note", scope)]


@signed_in
def assign(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Have cases that nobody keeps kept by a worker, of one person or of a whole bus."""
    place = site_for(actor, site)
    can(actor, "cases.assign_worker", scope_of(place))
    persons = _persons(actor, place, request, ["keeper"])
    inputs = [
        _tags_input(persons, words_at(place, now=timezone.now()).persons),
        Input("worker", "Worker", "choice", choices=_workers(place), value=actor.name),
    ]
    return ActForm(
        action="cases.assign_worker", title=f"Assign cases at {place.name}", button="Assign", inputs=inputs, given={"site": place.pk},
        done=lambda answer: f"{answer.worker} keeps {len(answer.tags)} case{'s' if len(answer.tags) != 1 else ''}.",
        about=ABOUT_TAGS | {"cases.not_a_case_worker": "worker"},
        **_shared(place, _home(place, persons)),
    ).page(request, actor)  # fmt: skip


@signed_in
def notice(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Record that a notice went out, with its proof."""
    place = site_for(actor, site)
    can(actor, "cases.send_notice", scope_of(place))
    event = request.GET.get("event", "")
    persons = _persons(actor, place, request, ["notice", "proof"], event)
    named = notice_events()
    here = _events_of(place) or set(named)
    choices = sorted((event_to_record(name).words, name) for name in here)
    inputs = [
        Input("event", "What was told", "choice", choices=[(name, words) for words, name in choices], value=event if event in here else ""),
        _tags_input(persons, words_at(place, now=timezone.now()).persons),
        Input("to_office", "To", hint=IN_AGENCY, needed=False),
        Input("how", "How", "choice", choices=list(HOW.items())),
        Input("reference", "Reference", hint="Of the fax, message, letter or call log: what proves it.", needed=False),
        Input("sha256", "SHA-256 of the document", hint="Where the document or its receipt is kept elsewhere.", needed=False),
        Input("by", "By", hint="The office or post that told it, never a name."),
        when("When it went out"),
    ]  # fmt: skip
    return ActForm(
        action="cases.send_notice", title=f"Record a notice at {place.name}", button="Record notice", inputs=inputs,
        given={"site": place.pk}, done=_noticed, is_well=lambda answer: not answer.breaches,
        about={"cases.no_proof": "reference", "cases.not_a_notice": "event", "cases.by_whom": "to_office", "core.bad_value": "sha256",
               "cases.only_that_it_was_done": "how", "cases.unknown_persons": "tags", "core.not_happened_yet": "at"},
        lead="With its proof it stops the clock by which it was owed.", **_shared(place, _home(place, persons)),
    ).page(request, actor)  # fmt: skip


def _events_of(place: Site) -> set[str]:
    """The notices that the standards of a site ask for."""
    found = queries.rules_of([place], on=timezone.now().date()).get(place.pk)
    named = notice_events()
    return {
        name
        for held in (found.persons if found else ())
        for name in held.rule.timing.stop_on
        if name in named and held.rule.notice
    }


def _noticed(answer: casework.NoticesSent) -> str:
    words = f"Recorded for {len(answer.events)}, to {NOTICES[answer.notice]}."
    return words + (" It was late: a breach is recorded." if answer.breaches else "")


@signed_in
def step(request: HttpRequest, actor: Actor, site: str, thing: UUID, verb: str) -> HttpResponse:
    """Offer a case to somebody else, write a note, add a document, make an appointment."""
    place, case = _case(actor, site, thing)
    can(actor, "cases.write_note", scope_of(place))
    tag, shared = case.thing.tag, _shared(place, _home(place, [case.thing]))
    match verb:
        case "offer":
            sites = [
                (row.pk, row.name) for row in Site.objects.filter(kept_by_list_since=None).order_by("name")
            ]
            form = ActForm(
                action="cases.offer_case", title=f"Offer the case of {tag}", button="Offer case", given={"site": place.pk, "tags": [tag]},
                inputs=[Input("to_site", "To the site", "choice", choices=sites, value=place.pk),
                        Input("to_worker", "To the worker", hint="The account. Empty: whoever of that site accepts.", needed=False),
                        Input("reason", "Why", "long", rows=2)],
                lead="Who keeps the case keeps it until the receiver accepts.", done=lambda answer: "It is offered, and kept here still.",
                about={"cases.not_a_case_worker": "to_worker", "cases.same_keeper": "to_worker"}, **shared,
            )  # fmt: skip
        case "note":
            form = ActForm(
                action="cases.write_note", title=f"Note on {tag}", button="Write note", given={"site": place.pk, "tag": tag},
                inputs=[Input("text", "Note", "long", ENCRYPTED, rows=8),
                        *_corrects(case, place)],
                done=lambda answer: "The note is kept.", about={"core.bad_value": "text"}, **shared,
            )  # fmt: skip
        case "document":
            return _document(request, actor, place, tag, shared)
        case "appointment":
            shelter = words_at(place, now=timezone.now()).is_shelter
            kinds = [
                (k.value, k.label.capitalize()) for k in Appointment.Kind if not (shelter and k in OF_CUSTODY)
            ]
            moment = f"2026-03-01 14:05, in {place.zone}."
            hint = "Of a consular one the room here, and never which state's it is." if not shelter else ""
            form = ActForm(
                action="cases.make_appointment", title=f"Appointment of {tag}", button="Record appointment",
                given={"site": place.pk, "tags": [tag]},
                inputs=[Input("kind", "Kind", "radio", choices=kinds), Input("at", "When", "moment", moment, needed=False),
                        Input("place", "Where", hint=hint)],
                done=lambda answer: "The appointment is recorded.", **shared,
            )  # fmt: skip
        case _:
            raise NotFound(kind="step of a case", name=verb)
    return form.page(request, actor)


def _corrects(case: Case, place: Site) -> list[Input]:
    """The notes in whose place another can stand, by when they were written: what they say is not shown here."""
    where = zone(place.zone)
    rows = [
        (str(note.pk), f"{local(note.at, where)}, by {note.act.actor}")
        for note in case.notes
        if not hasattr(note, "corrected_by")
    ]
    return (
        [Input("corrects", "In place of the note of", "choice", choices=rows, needed=False)] if rows else []
    )


@dataclass(frozen=True)
class DocumentForm(ActForm):
    """The form of a document: its file is hashed as it comes in, and not kept."""

    digest: str = field(default="")

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        sha256 = self.digest or read.pop("sha256", None) or ""
        read.pop("sha256", None)
        if not sha256:
            words = "Choose the file, or give its SHA-256."
            raise FaultyInput([Fault(None, "file", "web.bad_field", words)])
        return read | {"sha256": sha256}


def _document(
    request: HttpRequest, actor: Actor, place: Site, tag: str, shared: dict[str, Any]
) -> HttpResponse:
    digest, sent = "", request.FILES.get("file")
    if sent is not None and (sent.size or 0) <= MOST_BYTES:
        read = hashlib.sha256()
        for part in sent.chunks():
            read.update(part)
        digest = read.hexdigest()
    kinds = [(k.value, k.label.capitalize()) for k in CaseDocument.Kind]
    return DocumentForm(
        action="cases.add_document", title=f"Document of {tag}", button="Add document", given={"site": place.pk, "tag": tag},
        inputs=[Input("kind", "Kind", "choice", choices=kinds), Input("title", "What it is", hint="Never a name."),
                Input("dated", "Its date", "day", "As 2026-03-01."),
                Input("sha256", "SHA-256 of the file", hint="Instead of the file: 64 characters.", needed=False)],
        done=lambda answer: "The document is in the case by its hash; its file is not kept.", digest=digest,
        template="web/case_document.html", about={"core.bad_value": "sha256"}, **shared,
    ).page(request, actor)  # fmt: skip


@signed_in
def notes(request: HttpRequest, actor: Actor, site: str, thing: UUID) -> HttpResponse:
    """Show the notes of a case: not before they are asked for, and who was shown them is in the record."""
    place, case = _case(actor, site, thing)
    can(actor, "cases.show_notes", scope_of(place))
    refusal, shown = None, None
    if request.method == "POST":
        try:
            casework.show_notes(actor=actor, key=key_of(request), site=place.pk, tag=case.thing.tag)
            shown = [(note, text_of(note)) for note in case.notes]
        except MusterError as told:
            refusal = told
    context = {"site": place, "drill": is_drill_at(place), "case": case, "thing": case.thing, "shown": shown}
    return form_page(request, "web/case_notes.html", context, refusal=refusal)


@signed_in
def transfer(request: HttpRequest, actor: Actor, site: str, transfer: UUID, verb: str) -> HttpResponse:
    """Accept a case, refuse it, or withdraw the offer of it."""
    place = site_for(actor, site)
    related = ("site", "to_site", "to_worker", "thing", "act__actor", "answered")
    row = CaseTransfer.objects.select_related(*related).filter(pk=transfer).first()
    if (
        row is None
        or place.pk not in (row.site_id, row.to_site_id)
        or verb not in ("accept", "refuse", "withdraw")
    ):
        raise NotFound(kind="transfer", name=str(transfer))
    can(actor, f"cases.{verb}_case", scope_of(row.site if verb == "withdraw" else row.to_site))
    tag, why = row.thing.tag, [Input("reason", "Why", "long", rows=2)]
    titles = {"accept": "Accept", "refuse": "Refuse", "withdraw": "Withdraw the offer of"}
    return ActForm(
        action=f"cases.{verb}_case", title=f"{titles[verb]} the case of {tag}", button=f"{titles[verb].split()[0]} case",
        given={"transfer": row.pk}, inputs=[] if verb == "accept" else why, template="web/case_transfer.html",
        done=lambda answer: f"{answer.answer.capitalize()}. The case of {tag} is kept by {answer.keeper}.",
        context={"row": row, "verb": verb, "site": place}, **_shared(place, reverse("missing", args=[place.pk])),
    ).page(request, actor)  # fmt: skip


@signed_in
def appointment(request: HttpRequest, actor: Actor, site: str, appointment: UUID) -> HttpResponse:
    """Record what came of an appointment."""
    place = site_for(actor, site)
    row = Appointment.objects.select_related("thing", "site", "ended").filter(pk=appointment).first()
    if row is None or not (row.site_id == place.pk or _seen(actor, place, row.thing_id)):
        raise NotFound(kind="appointment", name=str(appointment))
    can(actor, "cases.end_appointment", scope_of(row.site))
    inputs = [
        Input("outcome", "What came of it", "radio", choices=[(v, w.capitalize()) for v, w in AppointmentEnded.Outcome.choices]),
        Input("reason", "Why", "long", "Needed for all but one that was kept.", needed=False, rows=2),
        Input("to_at", "Moved to", "moment", f"Only where it is moved: 2026-03-01 14:05, in {place.zone}.", needed=False),
        Input("to_place", "At another place", hint="Empty: at the same.", needed=False),
    ]  # fmt: skip
    where = local(row.at, zone(place.zone))
    return ActForm(
        action="cases.end_appointment", title=f"Appointment of {row.thing.tag}: {row.get_kind_display()}, {where}", button="Record outcome",
        given={"appointment": row.pk}, inputs=inputs, lead=f"{row.place}.", done=lambda answer: f"Recorded as {answer.outcome}.",
        about={"cases.why_needed": "reason", "cases.new_time_needed": "to_at", "core.not_happened_yet": "outcome"},
        **_shared(place, _home(place, [row.thing])),
    ).page(request, actor)  # fmt: skip


def _seen(actor: Actor, place: Site, thing: UUID) -> bool:
    try:
        _case(actor, place.pk, thing)
    except NotFound:
        return False
    return True
