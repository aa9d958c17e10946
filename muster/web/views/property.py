"""Property at a site: the bags that it holds, a person's, taking in, seals, audits, handing back, and what was left behind."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may
from muster.core.errors import Fault, FaultyInput, NotFound
from muster.core.tags import TagMisread, parse_tag
from muster.core.times import local, zone
from muster.custody import bags
from muster.custody.merging import stands_for, with_duplicates
from muster.custody.models import Bag, BagAudit, BagEnded, BagStated, PropertyReceipt
from muster.custody.property import AuditResult, BagsLeft
from muster.custody.queries import scope_of, site_for
from muster.ledger.models import Thing
from muster.missions.queries import is_drill_at
from muster.parties.models import Site
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in
from muster.web.words import words_at

AT_ONCE = (1, 2, 3)  # bags on one form
SHOWN = 100
AMOUNT = re.compile(r"([A-Za-z]{3})\s+(\d[\d,]*(?:\.\d{1,2})?)")
KINDS = [(value, words.capitalize()) for value, words in Bag.Kind.choices]
OUTCOMES = [(value, words.capitalize()) for value, words in BagEnded.Outcome.choices]
ABOUT = dict.fromkeys(
    ("custody.not_a_bag", "custody.bag_in_use", "custody.bag_of_another", "custody.not_held_here", "custody.tag_twice", "core.tag_misread"),
    "tags",
) | {"core.not_found": "person"}  # fmt: skip


def _shared(actor: Actor, site: Site) -> dict[str, Any]:
    """What every page here has: the site, and what the reader may do there."""
    scope = scope_of(site)
    return {
        "site": site, "drill": is_drill_at(site), "words": words_at(site, now=timezone.now()),
        "keeps": may(actor, "custody.take_in", scope),
        "follows": may(actor, "custody.end_bags", scope), "reads": may(actor, "custody.read_contents", scope),
    }  # fmt: skip


@signed_in
def listed(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The bags that the site holds, or what a tag or a seal finds among those that it ever held."""
    place = site_for(actor, site)
    sought = request.POST.get("sought", "").strip()
    rows = _found(place, sought) if sought else bags.at_site(place)
    context = _shared(actor, place) | {
        "sought": sought, "count": rows.distinct().count(), "left": bags.left_behind(place).count(),
        "to_verify": bags.receipts_to_verify(place)[:SHOWN], "actor": actor,
        "bags": bags.told(Bag.objects.filter(pk__in=rows.order_by("thing__tag").values("pk")[:SHOWN])),
    }  # fmt: skip
    return render(request, "web/property.html", context)


def _found(site: Site, sought: str) -> QuerySet[Bag]:
    """The bags ever at the site with that tag, of the person with that tag, or with that seal."""
    ever = bags.ever_at(site)
    try:
        tag = parse_tag(sought)
    except TagMisread:
        return ever.filter(stated__seal__iexact=sought)
    return (
        ever.filter(thing__tag=tag) | ever.filter(person__tag=tag) | ever.filter(stated__seal__iexact=sought)
    )


def _person(site: Site, person: UUID) -> Thing:
    """The person, where the site holds or held the person, or a bag. Raises NotFound."""
    found = Thing.objects.select_related("head__holder").filter(pk=person, kind=Thing.Kind.PERSON).first()
    if found is not None:
        found = stands_for(found)
        here = found.head.holder.site == site.code or found.entries.filter(receiver__site=site.code).exists()
        if here or _bags_of(site, found).exists():
            return found
    raise NotFound(kind="person", name=str(person))


def _bags_of(site: Site, person: Thing) -> QuerySet[Bag]:
    return bags.ever_at(site).filter(person__in=with_duplicates(person))


@signed_in
def of_person(request: HttpRequest, actor: Actor, site: str, person: UUID) -> HttpResponse:
    """A person's property, as far as the site holds or held it, with what was stated of each bag."""
    place = site_for(actor, site)
    found = _person(place, person)
    shared = _shared(actor, place)
    told = bags.told(_bags_of(place, found), read_at=[place.code] if shared["reads"] else [])
    receipts = {s.receipt.pk: s.receipt for each in told for s in each.states if s.receipt}
    context = shared | {
        "person": found, "actor": actor, "here": [each for each in told if each.holder.site == place.code],
        "gone": [each for each in told if each.holder.site != place.code],
        "receipts": sorted(receipts.values(), key=lambda each: each.number),
    }  # fmt: skip
    return render(request, "web/property_person.html", context)


@signed_in
def verify(request: HttpRequest, actor: Actor, site: str, receipt: UUID) -> HttpResponse:
    """Stand for a receipt as the supervisor who looked at it and at its bags."""
    place = site_for(actor, site)
    found = (
        PropertyReceipt.objects.select_related("person", "act__actor").filter(pk=receipt, site=place).first()
    )
    if found is None:
        raise NotFound(kind="receipt", name=str(receipt))
    can(actor, "custody.verify_receipt", scope_of(place))
    tags = found.lines.order_by("bag__thing__tag").values_list("bag__thing__tag", flat=True).distinct()
    return ActForm(
        action="custody.verify_receipt", title=f"Verify receipt {found.number} of {place.name}", button="I looked at it and stand for it",
        inputs=[], given={"receipt": found.pk}, back=reverse("property", args=[place.code]), zone=place.zone, drill=is_drill_at(place),
        done=lambda answer: f"Receipt {answer.number} is verified.",
        lead=f"Bags of {found.person.tag}: {', '.join(tags)}. Taken in by {found.act.actor}. A supervisor verifies each receipt: look at "
        "the receipt, and at each bag, its seal and its place (PROP-02, from a secondary source).",
    ).page(request, actor)  # fmt: skip


# --- taking in ----------------------------------------------------------------------


@dataclass(frozen=True)
class TakeIn(ActForm):
    """The form of one deposit: a person, and up to three bags with what is in each."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        bags_in = [_bag_in(read, n) for n in AT_ONCE if read.get(f"tag-{n}")]
        return {"person": read["person"], "at": read["at"], "bags_in": bags_in}

    @property
    def groups(self) -> list[tuple[str, list[Input]]]:
        """The fields of each bag, under its legend."""
        each = self.fields[2:]
        size = len(each) // len(AT_ONCE)
        names = ("First bag", "Second bag, if there is one", "Third bag, if there is one")
        return [(name, each[n * size : (n + 1) * size]) for n, name in enumerate(names)]


def _bag_in(read: dict[str, Any], n: int) -> dict[str, Any]:
    if not read.get(f"kind-{n}"):
        raise FaultyInput([Fault(None, f"kind-{n}", "web.bad_field", "Choose what kind of property it is.")])
    return {
        "tag": read[f"tag-{n}"], "kind": read[f"kind-{n}"], "seal": read.get(f"seal-{n}") or "", "place": read.get(f"place-{n}") or "",
        "contents": read[f"contents-{n}"], "money": _money(read[f"money-{n}"], f"money-{n}"),
    }  # fmt: skip


def _money(lines: Sequence[str], name: str) -> list[dict[str, str]]:
    read = [AMOUNT.fullmatch(line.strip()) for line in lines]
    if not all(read):
        words = "Write one amount a line, the currency by its three letters first, such as USD 40.00."
        raise FaultyInput([Fault(None, name, "web.bad_field", words)])
    return [{"currency": m[1].upper(), "amount": m[2].replace(",", "")} for m in read if m]


def _inputs(n: int) -> list[Input]:
    needed = n == 1
    return [
        Input(f"tag-{n}", "Tag of the bag", hint="Scan the tag that is fixed to it.", needed=needed),
        Input(f"kind-{n}", "Kind", "choice", choices=KINDS, needed=needed),
        Input(f"seal-{n}", "Seal number", hint="Leave empty if it has none.", needed=False),
        Input(f"place-{n}", "Place in the store", needed=False),
        Input(
            f"contents-{n}",
            "What is in it",
            "tags",
            "One item a line, as it looks: yellow metal ring, not gold ring.",
            rows=3,
        ),
        Input(
            f"money-{n}",
            "Money",
            "tags",
            "One amount a line, such as USD 40.00. A second person stands for it afterwards.",
            rows=2,
        ),
    ]


@signed_in
def take_in(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Take in bags of a person against one receipt."""
    place = site_for(actor, site)
    can(actor, "custody.take_in", scope_of(place))
    known = _named(place, request.GET.get("person", ""))
    inputs = [
        Input("person", "Tag of the person", hint="Scan the band.", value=known.tag if known else ""),
        when("Time taken in"), *(field for n in AT_ONCE for field in _inputs(n)),
    ]  # fmt: skip
    return TakeIn(
        action="custody.take_in", title=f"Take in property at {place.name}", button="Record property taken in", inputs=inputs,
        given={"site": place.code}, back=_back(place, known), zone=place.zone, drill=is_drill_at(place),
        template="web/property_take_in.html", about={"core.not_found": "person", "custody.bag_in_use": "tag-1",
        "custody.not_a_bag": "tag-1", "custody.money_not_counted": "money-1", "custody.bag_of_another": "tag-1"},
        done=lambda answer: f"Receipt {answer.number} of {place.code}: {', '.join(answer.bags)} taken in."
        + (f" A second person has still to stand for the money in {', '.join(answer.waits)}." if answer.waits else ""),
        is_well=lambda answer: not answer.waits,
    ).page(request, actor)  # fmt: skip


def _named(site: Site, person: str) -> Thing | None:
    """The person whom an address names by id; None where it names nobody whom the site knows."""
    try:
        return _person(site, UUID(person))
    except (ValueError, NotFound):
        return None


def _back(site: Site, person: Thing | None) -> str:
    return (
        reverse("property-person", args=[site.code, person.pk])
        if person
        else reverse("property", args=[site.code])
    )


# --- one bag ------------------------------------------------------------------------


@signed_in
def bag(request: HttpRequest, actor: Actor, site: str, thing: UUID, verb: str) -> HttpResponse:
    """Record that the seal of a bag was changed or is broken, where the bag lies, or that it is lost."""
    place = site_for(actor, site)
    row = bags.ever_at(place).select_related("thing", "person").filter(pk=thing).first()
    if row is None or verb not in ("seal", "lost", "place"):
        raise NotFound(kind="page of a bag", name=str(thing))
    tag = row.thing.tag
    shared: dict[str, Any] = {
        "given": {"site": place.code, "tag": tag}, "back": _back(place, row.person), "zone": place.zone, "drill": is_drill_at(place),
    }  # fmt: skip
    if verb == "lost":
        can(actor, "custody.report_loss", scope_of(place))
        return ActForm(
            action="custody.report_loss", title=f"Report {tag} as lost", button="Record loss", **shared,
            inputs=[Input("words", "What is known of it", "long", "It opens a difference that names the bag and its person."),
                    when("Time it was noticed")],
            done=lambda answer: f"{answer.tag} of {answer.person} is recorded as lost. Somebody settles the difference.",
            is_well=lambda answer: False,
        ).page(request, actor)  # fmt: skip
    if verb == "place":
        can(actor, "custody.put_away", scope_of(place))
        return ActForm(
            action="custody.put_away", title=f"Place of {tag}", button="Record the place", **shared,
            inputs=[Input("place", "Where in the store it lies"), when("Time it was put there")],
            done=lambda answer: f"The place of {answer.tag} is recorded.", about={"custody.not_held_here": "place"},
        ).page(request, actor)  # fmt: skip
    can(actor, "custody.change_seal", scope_of(place))
    inputs = [
        Input("seal", "Number of the new seal", hint="Leave empty where the seal is broken and there is no new one.", needed=False),
        Input("reason", "Why", "long", rows=2), when("Time it happened"),
        Input("contents", "What was found in it", "tags", "Only where it was opened and listed anew: one item a line.", rows=3),
        Input("money", "Money counted", "tags", "Only where it was opened: one amount a line, such as USD 40.00.", rows=2),
    ]  # fmt: skip
    return Reseal(
        action="custody.change_seal", title=f"Seal of {tag}", button="Record the seal", inputs=inputs, **shared,
        lead="A second person who was present has to stand for it afterwards, with a sign-in of their own.",
        done=lambda answer: f"The seal of {answer.tag} is recorded. A second person has still to stand for it.",
        is_well=lambda answer: False, about={"custody.money_not_counted": "money", "custody.not_held_here": "seal"},
    ).page(request, actor)  # fmt: skip


@dataclass(frozen=True)
class Reseal(ActForm):
    """The form of a seal: contents and money are given where anything was written of either."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        opened = {"contents": read.pop("contents"), "money": _money(read.pop("money"), "money")}
        return {"seal": "", **read} | (opened if any(opened.values()) else {})


@signed_in
def witness(request: HttpRequest, actor: Actor, site: str, statement: UUID) -> HttpResponse:
    """Stand as the second person for what somebody stated of a bag."""
    place = site_for(actor, site)
    can(actor, "custody.witness_property", scope_of(place))
    row = (
        BagStated.objects.select_related("bag__thing", "person", "act__actor")
        .filter(pk=statement, site=place)
        .first()
    )
    if row is None:
        raise NotFound(kind="statement of a bag", name=str(statement))
    (told,) = bags.told(Bag.objects.filter(pk=row.bag_id), read_at=[place.code])
    return ActForm(
        action="custody.witness_property", title=f"Stand for {row.bag.thing.tag}, {row.get_how_display()}",
        button="I was there and it is so", inputs=[], given={"statement": row.pk}, back=_back(place, row.person),
        zone=place.zone, drill=is_drill_at(place), template="web/property_witness.html", context={"row": row, "told": told, "site": place},
        done=lambda answer: f"You stand for {answer.tag} as the second person.",
    ).page(request, actor)  # fmt: skip


# --- leaving ------------------------------------------------------------------------


@signed_in
def hand_back(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Hand bags back to their person, each scanned; the paper that the person signs is printed from here."""
    place = site_for(actor, site)
    can(actor, "custody.hand_back", scope_of(place))
    known = _named(place, request.GET.get("person", ""))
    waiting = bags.told(bags.at_site(place).filter(person__in=with_duplicates(known))) if known else []
    shown = {"waiting": waiting, "site": place, "person": known, "words": words_at(place, now=timezone.now())}
    inputs = [
        Input("person", "Tag of the person", hint="Scan the band.", value=known.tag if known else ""),
        Input("tags", "Tags of the bags", "tags", "Scan each bag as it is handed over.", rows=4),
        Input("receipt", "Receipt that the person signed", hint="Its number. Left empty, a difference opens.", needed=False),
        Input("discrepancy", "What is not as it was", "long", "Leave empty if all is well.", needed=False, rows=2),
        when("Time handed back"),
    ]  # fmt: skip
    return ActForm(
        action="custody.hand_back", title=f"Hand back property at {place.name}", button="Record property handed back", inputs=inputs,
        given={"site": place.code}, back=_back(place, known), zone=place.zone, drill=is_drill_at(place), about=ABOUT,
        template="web/property_hand_back.html", context=shown, done=_left,
        is_well=lambda answer: not (answer.report or answer.waits),
    ).page(request, actor)  # fmt: skip


def _left(answer: BagsLeft) -> str:
    words = f"{', '.join(answer.tags) or 'Nothing'} left the site by the record."
    if answer.waits:
        words += f" A second person has still to stand for the money in {', '.join(answer.waits)}."
    if answer.report:
        words += (
            f" Kept as a report, because it does not fit the record: {'; '.join(answer.reported.values())}"
        )
    return words


@signed_in
def left_behind(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """The bags whose persons have left: since when, whether they were written to, and until when each can be claimed."""
    place = site_for(actor, site)
    told = bags.told(bags.left_behind(place))
    told.sort(
        key=lambda each: (
            each.claim_by is not None,
            each.claim_by or each.left_at or timezone.now(),
            each.tag,
        )
    )
    context = _shared(actor, place) | {"bags": told, "now": timezone.now()}
    return render(request, "web/property_left.html", context)


@signed_in
def follow(request: HttpRequest, actor: Actor, site: str, verb: str) -> HttpResponse:
    """Record that the claim letter was sent, or that bags were sent on, abandoned or written off."""
    place = site_for(actor, site)
    tags = Input("tags", "Tags of the bags", "tags", "Scan or type one tag a line.", rows=4)
    shared: dict[str, Any] = {
        "given": {"site": place.code}, "back": reverse("property-left", args=[place.code]), "zone": place.zone, "drill": is_drill_at(place),
        "about": ABOUT,
    }  # fmt: skip
    match verb:
        case "letter":
            can(actor, "custody.send_claim_letter", scope_of(place))
            form = ActForm(
                action="custody.send_claim_letter", title="Claim letter for property left behind", button="Record claim letter",
                inputs=[tags, Input("paper", "Number of the certified letter", hint="The address is not kept here."), when("Time sent")],
                done=lambda answer: f"{', '.join(answer.tags)} can be claimed until {local(answer.claim_by, zone(place.zone))}.", **shared,
            )  # fmt: skip
        case "end":
            can(actor, "custody.end_bags", scope_of(place))
            form = ActForm(
                action="custody.end_bags", title="Property sent on, abandoned or written off", button="Record what became of it",
                inputs=[tags, Input("outcome", "What became of it", "radio", choices=OUTCOMES),
                        Input("to_organisation", "Received by", hint="The code of an organisation, if there is one.", needed=False),
                        Input("paper", "Paper that says so"), when("Time it happened")],
                done=_left, is_well=lambda answer: not answer.report, **shared,
            )  # fmt: skip
        case _:
            raise NotFound(kind="step of property", name=verb)
    return form.page(request, actor)


# --- audits -------------------------------------------------------------------------


@signed_in
def audits(request: HttpRequest, actor: Actor, site: str) -> HttpResponse:
    """Begin an audit; what the record expects is frozen and not shown. Below, the audits before."""
    place = site_for(actor, site)
    can(actor, "custody.open_audit", scope_of(place))
    rows = (
        BagAudit.objects.filter(site=place)
        .select_related("audited", "act__actor")
        .order_by("-opened_at", "-id")
    )
    form = ActForm(
        action="custody.open_audit", title=f"Audit of property at {place.name}", button="Begin the audit",
        inputs=[Input("what", "What is audited", "radio", choices=[(v, w.capitalize()) for v, w in BagAudit.What.choices]),
                when("Time begun")],
        given={"site": place.code}, back=request.path, zone=place.zone, drill=is_drill_at(place), template="web/property_audits.html",
        context={"site": place, "audits": rows[:SHOWN]}, done=lambda answer: "The audit is open. Scan every bag, then give it in.",
        lead="Begin when you start to scan. What the record expects is frozen then, and told after you have given in yours.",
    )  # fmt: skip
    answer = form.page(request, actor)
    if answer.status_code == 302 and (
        opened := rows.filter(audited__isnull=True, act__actor=actor.user).order_by("-id").first()
    ):
        return redirect("property-audit", place.code, opened.pk)
    return answer


@signed_in
def audit(request: HttpRequest, actor: Actor, site: str, audit: UUID) -> HttpResponse:
    """Give in what was scanned; only then is it compared."""
    place = site_for(actor, site)
    can(actor, "custody.submit_audit", scope_of(place))
    row = BagAudit.objects.select_related("audited").filter(pk=audit, site=place).first()
    if row is None:
        raise NotFound(kind="audit", name=str(audit))
    if hasattr(row, "audited"):
        missing = (
            Bag.objects.select_related("thing", "person")
            .filter(pk__in=row.audited.missing)
            .order_by("thing__tag")
        )
        context = {"site": place, "drill": is_drill_at(place), "row": row, "missing": missing}
        return render(request, "web/property_audit.html", context)
    tags = Input("tags", "Tags found", "tags", "Scan each bag. Leave it empty if there is none.", rows=10)
    return ActForm(
        action="custody.submit_audit", title=f"Audit of {row.get_what_display()} at {place.name}", button="Give in the audit",
        inputs=[tags, when("Time it was finished")], given={"audit": row.pk}, back=request.path, zone=place.zone, drill=is_drill_at(place),
        done=_audited, is_well=lambda answer: answer.agrees, about={"core.tag_misread": "tags", "custody.tag_twice": "tags"},
    ).page(request, actor)  # fmt: skip


def _audited(answer: AuditResult) -> str:
    words = f"{answer.scanned} scanned, {answer.expected} expected."
    return (
        f"{words} The audit agrees with the record."
        if answer.agrees
        else f"{words} Each bag that does not fit is a difference."
    )
