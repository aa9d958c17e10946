"""The members of an organisation: what is stated of each, the form that states one, and the file that states many."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from muster.access.control import Actor, can, may, one_of, visible
from muster.authority.packs import load_packs
from muster.core.errors import Fault, FaultyInput
from muster.ledger.queries import latest_known
from muster.parties.models import Organisation
from muster.record.action import Done
from muster.tasks import memberrows
from muster.tasks.members import import_members, members_as_known, scope_of
from muster.web.csvforms import CsvForm
from muster.web.forms import ActForm, Input
from muster.web.pages import signed_in

SHOWN = 1000
COLUMNS = (*memberrows.COLUMNS, *memberrows.OPTIONAL)
ASKED = [("yes", "The member volunteered"), ("no", "The member did not volunteer")]


def _organisation(actor: Actor, code: str) -> Organisation:
    return one_of(
        visible(actor, Organisation.objects.all(), organisation="code", site=None), "organisation", code
    )


@signed_in
def listed(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """The members of an organisation by tag, with what stands of each."""
    row, known_at = _organisation(actor, code), latest_known()
    found = members_as_known(row.pk, known_at)
    unit = request.GET.get("unit", "").strip()
    chosen = [one for one in found if unit in ("", one.unit)]
    context = {
        "row": row, "now": timezone.now(), "known_at": known_at, "members": chosen[:SHOWN], "more": max(0, len(chosen) - SHOWN),
        "count": len(found), "units": sorted({one.unit for one in found}), "unit": unit,
        "may_state": may(actor, "tasks.state_members", scope_of(row)),
    }  # fmt: skip
    return render(request, "web/members.html", context)


class MemberForm(ActForm):
    """The form that states one member: its fields are the columns of the file, and its faults are those of the file's row."""

    def taken(self, read: dict[str, Any]) -> dict[str, Any]:
        """The one member as the action takes it. Raises FaultyInput."""
        texts = {column: str(read.get(column) or "") for column in COLUMNS}
        found = memberrows.read_typed(texts, load_packs().law.statuses)
        if isinstance(found, list):
            raise FaultyInput(found, what="What was stated of the member")
        return {"members": [found]}

    def _act(self, request: HttpRequest, actor: Actor) -> Done[Any]:
        try:
            return super()._act(request, actor)
        except FaultyInput as told:
            raise FaultyInput([_by_field(fault) for fault in told.faults]) from None


def _by_field(fault: Fault) -> Fault:
    column = (fault.column or "").split(".")[-1]
    return Fault(None, column if column in COLUMNS else "member", fault.code, fault.message)


@signed_in
def state(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """State one member: who is new gets a tag, and what was stated before stays as it was known."""
    row = _organisation(actor, code)
    can(actor, "tasks.state_members", scope_of(row))
    statuses = [(key, f"{key}: {status.name}") for key, status in load_packs().law.statuses.items()]
    inputs = [
        Input("member", "Member", hint="A tag; or the organisation's own personnel number, of which only a keyed hash is kept."),
        Input("unit", "Home unit"),
        Input("duty_status", "Duty status", "choice", choices=statuses),
        Input("status_from", "First day of the status", hint="Such as 2026-03-01. Included. Empty: not stated.", needed=False),
        Input("status_until", "Last day of the status", hint="Included. Empty: not stated.", needed=False),
        Input("volunteer", "Asked to volunteer", "choice", choices=ASKED, hint="Empty: not asked, or not answered.", needed=False),
        Input("volunteer_on", "Day of the answer", hint="Such as 2026-02-20.", needed=False),
        Input("skills", "Skills", hint="Parted by semicolons, with the last day where it expires: licence-c:2027-01-31; medical.",
              needed=False),
        Input("available", "Days on which the member can be called on",
              hint="Parted by semicolons, both days included: 2026-03-01/2026-03-14.", needed=False),
    ]  # fmt: skip
    return MemberForm(
        action="tasks.state_members", title=f"State a member of {row}", button="State member", inputs=inputs,
        given={"organisation": row.pk}, done=_stated, back=reverse("members", args=[row.pk]),
        lead="It stands in place of what was stated before, as a whole. There is no field for a name.",
    ).page(request, actor)  # fmt: skip


def _stated(answer: Any) -> str:
    what = "is new" if answer.new else "is stated anew" if answer.changed else "was stated like that already"
    return f"{answer.tags[0]} {what}."


@signed_in
def from_file(request: HttpRequest, actor: Actor, code: str) -> HttpResponse:
    """State many members by a file: all of its faults are told by row, and nothing is kept until it has none."""
    row = _organisation(actor, code)
    can(actor, "tasks.state_members", scope_of(row))
    return CsvForm(
        title=f"State members of {row} by a file", label="File of members", button="State members", columns=COLUMNS,
        lead="From status_from on the columns may be left out. What is stated stands in place of what was stated before.",
        take_in=lambda file, name: import_members(file, actor=actor, organisation=row.pk, name=name),
        done=lambda answer: f"{answer['notices'].get('new', 0)} new members, {answer['notices'].get('changed', 0)} stated anew",
        back=reverse("members", args=[row.pk]),
    ).page(request)  # fmt: skip
