"""Everything the record has about one thing, in the order in which it was written."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from muster.access.control import Actor, may, reads_everything, visible
from muster.access.models import User
from muster.core.errors import NotFound
from muster.custody.contesting import contests_of, givings_of
from muster.custody.merging import merges_of
from muster.custody.merging import scope_of as person_scope
from muster.custody.queries import scope_of
from muster.ledger import queries
from muster.ledger.models import Entry, Thing
from muster.missions.queries import missions_of, of_a_drill
from muster.parties.models import Site
from muster.picture.papers.asked import batches_of
from muster.picture.under import with_clauses
from muster.web.pages import signed_in
from muster.web.words import CUSTODY, Words, words_at


@signed_in
def history(request: HttpRequest, actor: Actor, thing: UUID) -> HttpResponse:
    """A thing's entries, for readers who may see a site that holds or held it. Raises NotFound for others."""
    found = Thing.objects.select_related("head__holder").filter(pk=thing).first()
    if found is None or thing not in visible_things(actor, [thing]):
        raise NotFound(kind="person or thing", name=str(thing))
    known_at = queries.latest_known()  # before the entries are read, so that each has its number
    told = with_clauses(queries.history(found.tag))["entries"]
    reversals = {entry["corrects"]: entry["n"] for entry in told if entry["corrects"]}
    names = dict(User.objects.values_list("pk", "username"))
    readable = set(
        missions_of(actor).filter(pk__in={e["mission"] for e in told}).values_list("pk", flat=True)
    )
    batches = set(batches_of({e["known_at"] for e in told if e["known_at"]}))
    entries = [
        {
            **entry,
            "corrected_by": reversals.get(entry["n"]),
            "signers": [names[each["user"]] for each in entry["signatures"] if each["key"]],
            "signatures_said": _said(entry["signatures"], names),
            "correct_at": _correct_at(actor, entry, reversals),
            "papers": _papers(entry, batches),
            "linked": bool(entry["known_at"]) and (entry["mission"] in readable or reads_everything(actor)),
        }
        for entry in told
    ]
    is_person = found.kind == Thing.Kind.PERSON
    scope = person_scope(found)
    contests = (
        contests_of(found, known_at=known_at, opened=may(actor, "custody.read_contested", scope))
        if is_person
        else []
    )
    merges = merges_of(found)
    away = any(row.duplicate_id == found.pk for row in merges)
    context = {
        "drill": of_a_drill(found), "contests": contests, "merges": merges,
        "merges_named": visible_things(actor, {each for row in merges for each in (row.survivor_id, row.duplicate_id)}),
        "may_merge": is_person and not away and may(actor, "custody.merge", scope),
        "may_unmerge": may(actor, "custody.unmerge", scope),
        "may_give": is_person and may(actor, "custody.give_record", scope),
        "may_settle": may(actor, "custody.settle", scope),
        "may_show": is_person and may(actor, "custody.show_personal", scope),
        "may_contest": is_person and may(actor, "custody.contest_entry", scope),
        "givings": givings_of([found]) if is_person and may(actor, "custody.give_record", scope) else [],
        "words": _words(found), "thing": found, "entries": entries, "zone": _zone(actor, thing), "known_at": known_at,
    }  # fmt: skip
    return render(request, "web/history.html", context)


def _words(thing: Thing) -> Words:
    """The words of the site that holds it."""
    site = Site.objects.filter(pk=thing.head.holder.site).first()
    return words_at(site, now=timezone.now()) if site else CUSTODY


def _papers(entry: dict[str, Any], batches: set[int]) -> list[tuple[str, str, str]]:
    """The papers of an entry: kind, id and name. Of a handover its receipt and its record; of an arrival or a release its order."""
    if entry["kind"] == "pop":
        return []
    if entry["handover"]:
        return [("handover", entry["handover"], "receipt"), ("i216", entry["handover"], "transfer record")]
    return [("i203", str(entry["known_at"]), "order as received")] if entry["known_at"] in batches else []


def _said(signatures: list[dict[str, Any]], names: dict[int, str]) -> str:
    """Whether the signatures of an entry's handover verify; where one does not, whose and why."""
    wrong = [
        f"{names.get(each['user'], 'nobody')}: {each['why_not']}"
        for each in signatures
        if not each["verifies"]
    ]
    if wrong:
        return f"Does not count: {'; '.join(wrong)}"
    return ("", "the signature verifies", "both signatures verify")[len(signatures)]


def _correct_at(actor: Actor, entry: dict[str, Any], reversals: dict[int, int]) -> str:
    """The site at which the actor may correct a live entry; empty where there is none."""
    if entry["kind"] == "pop" or entry["n"] in reversals:
        return ""
    sides = visible(actor, Site.objects.filter(code__in=(entry["giver"], entry["receiver"])))
    return next((site.code for site in sides if may(actor, "custody.correct", scope_of(site))), "")


def visible_things(actor: Actor, things: Collection[UUID]) -> set[UUID]:
    """Of these things, those that a site which the actor may see holds or held."""
    sites = visible(actor, Site.objects.all()).values("code")
    there = Q(giver__site__in=sites) | Q(receiver__site__in=sites)
    return set(Entry.objects.filter(there, thing__in=things).values_list("thing_id", flat=True))


def _zone(actor: Actor, thing: UUID) -> str:
    """The zone of the latest site of the thing's that the actor may see."""
    zones = dict(visible(actor, Site.objects.all()).values_list("code", "zone"))
    entries = Entry.objects.filter(thing=thing).order_by("-n")
    sides = (side for pair in entries.values_list("receiver__site", "giver__site") for side in pair)
    return next(zones[side] for side in sides if side in zones)
