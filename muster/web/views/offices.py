"""The offices that decide: who holds each, who decides for the holder, and the forms that record it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may, one_of
from muster.core.errors import NotFound
from muster.decisions import offices
from muster.decisions.models import Delegation
from muster.ledger.queries import latest_known
from muster.parties.models import Office
from muster.web.forms import ActForm, Input, when
from muster.web.pages import signed_in

INSTRUMENT = Input(
    "instrument", "What it rests on", hint="The election, appointment, order or letter, with its date."
)


@signed_in
def listed(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Every office that the actor may read, with who holds it now."""
    now = timezone.now()
    context = {
        "rows": [(row, offices.seat_at(row, now)) for row in offices.offices_of(actor)],
        "now": now,
        "known_at": latest_known(),
    }
    return render(request, "web/offices.html", context)


@signed_in
def one(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """One office: who held it since the record knows, and to whom it was delegated."""
    row, now = _office(actor, name), timezone.now()
    scope, seat, held = offices.scope_of(row), offices.seat_at(row, now), offices.holders(row)
    delegations = [
        (each, offices.delegated(each).outlived_at(held))
        for each in row.delegations.select_related("user", "withdrawal", "act__number")
    ]
    context = {
        "row": row, "seat": seat, "now": now, "known_at": latest_known(),
        "seats": row.holders.select_related("user", "act__number").order_by("-begins_at", "-pk"), "delegations": delegations,
        "may_seat": may(actor, "decisions.seat_holder", scope),
        "may_delegate": seat is not None and seat.user_id == actor.user and may(actor, "decisions.delegate", scope),
    }  # fmt: skip
    return render(request, "web/office.html", context)


@signed_in
def seat(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Record who holds the office from a moment on."""
    row = _office(actor, name)
    can(actor, "decisions.seat_holder", offices.scope_of(row))
    inputs = [
        Input("account", "Account that holds it", hint="The name that the holder signs in by. Empty: the office is vacant.", needed=False),
        INSTRUMENT, when("Held from", "begins_at"),
    ]  # fmt: skip
    return ActForm(
        action="decisions.seat_holder", title=f"Who holds the office: {row.title}", button="Record holder", inputs=inputs,
        given={"office": row.pk}, back=reverse("office", args=[row.pk]),
        about={"core.not_found": "account", "core.not_a_moment": "begins_at", "decisions.not_of_the_office": "account"},
        done=lambda answer: f"{row.title}: {'held by ' + answer.account if answer.account else 'vacant'} from then on.",
        lead="One account holds an office at a time: whoever held it before holds it no more from then on.",
    ).page(request, actor)  # fmt: skip


@signed_in
def delegate(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """Let another account decide for the office."""
    row = _office(actor, name)
    can(actor, "decisions.delegate", offices.scope_of(row))
    inputs = [
        Input("account", "Account that decides for you", hint="It needs the role of the governor's office too."), INSTRUMENT,
        when("From", "begins_at"),
        Input("ends_at", "Until", "moment", "Such as 2026-03-01 14:05, in UTC; not included. Empty: until it is withdrawn.", needed=False),
    ]  # fmt: skip
    return ActForm(
        action="decisions.delegate", title=f"Delegate: {row.title}", button="Delegate", inputs=inputs, given={"office": row.pk},
        back=reverse("office", args=[row.pk]), done=lambda answer: f"Delegation {answer.delegation} stands.",
        about={"core.not_found": "account", "core.not_a_moment": "begins_at", "decisions.delegation_ends_first": "ends_at",
               "decisions.not_of_the_office": "account"},
        lead="It is for deciding, amending, suspending, resuming and revoking. What is decided under it says so. It "
             "ends when another holds the office.",
    ).page(request, actor)  # fmt: skip


@signed_in
def withdraw(request: HttpRequest, actor: Actor, name: str, delegation: int) -> HttpResponse:
    """Withdraw a delegation."""
    row = _office(actor, name)
    found = Delegation.objects.select_related("user").filter(pk=delegation, office=row).first()
    if found is None:
        raise NotFound(kind="delegation", name=str(delegation))
    can(actor, "decisions.withdraw_delegation", offices.scope_of(row))
    inputs = [Input("reason", "Why", "long", "It stands in the record."), when("From when")]
    return ActForm(
        action="decisions.withdraw_delegation", title=f"Withdraw the delegation to {found.user}", button="Withdraw delegation",
        inputs=inputs, given={"delegation": found.pk}, back=reverse("office", args=[row.pk]),
        done=lambda answer: f"Delegation {answer.delegation} is withdrawn.", lead="What was decided under it stands.",
    ).page(request, actor)  # fmt: skip


def _office(actor: Actor, name: str) -> Office:
    return one_of(offices.offices_of(actor), "office", name)
