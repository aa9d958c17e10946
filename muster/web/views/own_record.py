"""What a person, or counsel, asks of the person's own record: to have it on paper, and to contest an entry."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from muster.access.control import Actor, can
from muster.cases.queries import person_for, zone_of_person
from muster.core.errors import NotFound
from muster.custody.merging import scope_of
from muster.custody.models import RecordGiven
from muster.ledger.models import Entry, Thing
from muster.missions.queries import of_a_drill
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in

ASKED_BY = Input(
    "asked_by", "Asked by", "radio", choices=list(RecordGiven.By.choices), value=RecordGiven.By.PERSON
)
REFERENCE = Input(
    "reference", "Document by which counsel is on file", hint="Only for counsel, such as the number of a notice of appearance.",
    needed=False,
)  # fmt: skip


def _shared(thing: Thing) -> dict[str, Any]:
    return {
        "back": reverse("history", args=[thing.pk]), "drill": of_a_drill(thing), "zone": str(zone_of_person(thing)),
        "about": {"custody.counsel_not_named": "reference"},
    }  # fmt: skip


@signed_in
def give(request: HttpRequest, actor: Actor, thing: UUID) -> HttpResponse:
    """Give a person's own record: who asks for it is recorded, and the paper is printed of that."""
    found = person_for(actor, thing)
    can(actor, "custody.give_record", scope_of(found))
    return ActForm(
        action="custody.give_record", title=f"Own record of {found.tag}", button="Record that it is given", given={"tag": found.tag},
        inputs=[ASKED_BY, REFERENCE], lead="The person, or counsel on file, gets it in English and Spanish, printed from the history.",
        done=lambda answer: f"The own record of {answer.tag} can be printed below.", **_shared(found),
    ).page(request, actor)  # fmt: skip


@signed_in
def contest(request: HttpRequest, actor: Actor, thing: UUID, n: int) -> HttpResponse:
    """Keep what a person, or counsel, says against an entry."""
    found = person_for(actor, thing)
    can(actor, "custody.contest_entry", scope_of(found))
    entry = Entry.objects.filter(thing=found, n=n, kind="push").select_related("giver", "receiver").first()
    if entry is None:
        raise NotFound(kind=f"entry of {found.tag}", name=str(n))
    return ActForm(
        action="custody.contest_entry", title=f"Entry {n} of {found.tag} is contested", button="Keep what is said",
        given={"tag": found.tag, "n": n},
        inputs=[
            ASKED_BY, REFERENCE, Input("words", "In their own words", "long", "As it is said, in their language; not put better.", rows=5),
            Input("language", "Language", hint="Its code, such as en or es.", value="en"),
        ],
        lead=f"The entry says: {entry.giver} to {entry.receiver}. It stands until somebody has settled the difference with a reason.",
        done=lambda answer: f"Entry {answer.n} of {answer.tag} is contested, and a difference is open.", **_shared(found),
    ).page(request, actor)  # fmt: skip
