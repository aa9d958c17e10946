"""What is personal of somebody: masked until a reader asks to be shown it, and who was shown it is in the record."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can
from muster.core.errors import MusterError, NotFound
from muster.custody import personal
from muster.custody.merging import scope_of
from muster.custody.models import PersonalField
from muster.custody.personal import REFERENCE, asked_of, value_of, written_of
from muster.custody.standards import Cited
from muster.ledger.models import Thing
from muster.missions.queries import of_a_drill
from muster.web.forms import ActForm, Input
from muster.web.pages import form_page, key_of, signed_in


@dataclass(frozen=True)
class Kept:
    """One field: which rule asks for it, None where none does any more, and whether it was written."""

    field: str
    words: str
    rule: Cited | None
    written: bool


def _person(actor: Actor, thing: UUID) -> Thing:
    """Raises NotFound for whom the actor may not be shown."""
    found = Thing.objects.filter(pk=thing, kind=Thing.Kind.PERSON).first()
    if found is None:
        raise NotFound(kind="person", name=str(thing))
    can(actor, "custody.show_personal", scope_of(found).asked_as("person", found.tag))
    return found


def _kept(found: Thing) -> list[Kept]:
    asked, written = asked_of(found, now=timezone.now()), written_of(found)
    return [
        Kept(name.value, name.label, asked.get(name.value), name.value in written)
        for name in PersonalField.Name
        if name == REFERENCE or name.value in written or name.value in asked
    ]


@signed_in
def shown(request: HttpRequest, actor: Actor, thing: UUID) -> HttpResponse:
    """What is kept of a person, masked; the one that is asked for by a post is shown, once."""
    found, refusal, value = _person(actor, thing), None, None
    field = request.POST.get("field", "")
    if request.method == "POST":
        try:
            done = personal.show_personal(actor=actor, key=key_of(request), tag=found.tag, field=field)
            value = value_of(done.answer)
        except MusterError as told:
            refusal = told
    context = {
        "thing": found,
        "kept": _kept(found),
        "field": field,
        "value": value,
        "drill": of_a_drill(found),
    }
    return form_page(request, "web/personal.html", context, refusal=refusal)


@signed_in
def write(request: HttpRequest, actor: Actor, thing: UUID, field: str) -> HttpResponse:
    """Write one field of a person."""
    found = _person(actor, thing)
    kept = {each.field: each for each in _kept(found)}.get(field)
    if kept is None:
        raise NotFound(kind="field of a person here", name=field)
    rule = f" {kept.rule.words} ({kept.rule})" if kept.rule else ""
    return ActForm(
        action="custody.write_personal", title=f"Write of {found.tag}: {kept.words}", button="Record",
        inputs=[Input("value", kept.words.capitalize(), hint="Encrypted under a key of the person's own. The latest counts.")],
        given={"tag": found.tag, "field": field}, back=reverse("personal", args=[found.pk]), drill=of_a_drill(found),
        lead=f"Kept because a rule asks for it.{rule}" if rule else "By it the agency's own lists are matched.",
        done=lambda answer: f"Recorded of {answer.tag}: {kept.words}.",
    ).page(request, actor)  # fmt: skip
