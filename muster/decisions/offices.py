"""Who holds an office that decides, and to whom it is delegated: seats, delegations, and their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from django.db.models import QuerySet
from pydantic import AwareDatetime, Field

from muster.access.control import Actor, NotPermitted, Scope, actor_of, visible
from muster.access.models import Role, User
from muster.core.errors import MusterError, NotFound
from muster.decisions import holding
from muster.decisions.models import Delegation, OfficeHolder, Withdrawal
from muster.parties.models import Office
from muster.record.action import action
from muster.record.models import Act

Code = Annotated[str, Field(max_length=70)]
Account = Annotated[str, Field(max_length=150)]
Instrument = Annotated[str, Field(min_length=3, max_length=200)]
Reason = Annotated[str, Field(min_length=3, max_length=4000)]
EVERY_VERB = list(holding.VERBS)


class NotOfTheOffice(MusterError):
    """The account has no role in the office's organisation, so it could not decide there."""

    code = "decisions.not_of_the_office"
    status = 409

    def __init__(self, *, account: str, office: str) -> None:
        self.account, self.office = account, office
        super().__init__(
            f"The account {account} does not have the role of the governor's office where {office} belongs. Ask an administrator "
            "to grant it first."
        )


class EndsBeforeItBegan(MusterError):
    """A delegation would end before it begins."""

    code = "decisions.delegation_ends_first"

    def __init__(self, *, begins_at: datetime, ends_at: datetime) -> None:
        super().__init__(
            f"The delegation ends at {ends_at}, not after it begins at {begins_at}. Correct one of the two."
        )


class AlreadyWithdrawn(MusterError):
    """The delegation was withdrawn before."""

    code = "decisions.already_withdrawn"
    status = 409

    def __init__(self, *, delegation: int) -> None:
        super().__init__(f"The delegation {delegation} is withdrawn already. Nothing more is needed.")


@dataclass(frozen=True)
class Seated:
    """The office and the account that holds it from then on; empty: vacant."""

    office: str
    account: str


@dataclass(frozen=True)
class Delegating:
    """The office, and the number of the delegation."""

    office: str
    delegation: int


def scope_of(office: Office) -> Scope:
    """Where an office belongs: to its organisation."""
    return Scope("office", office.pk, office.organisation_id)


def offices_of(actor: Actor) -> QuerySet[Office]:
    """The offices that the actor may read, by their titles."""
    rows = Office.objects.select_related("organisation").order_by("title", "code")
    return visible(actor, rows, site=None)


def _office(office: str) -> tuple[Scope, Office]:
    found = Office.objects.filter(pk=office).first()
    if found is None:
        raise NotFound(kind="office", name=office)
    return scope_of(found), found


def _delegation(delegation: int) -> tuple[Scope, Delegation]:
    # Its table is append-only, so no row of it is locked: of two withdrawals at once, the table's key keeps one out.
    found = Delegation.objects.select_related("office").filter(pk=delegation).first()
    if found is None:
        raise NotFound(kind="delegation", name=str(delegation))
    return scope_of(found.office), found


def _account(name: str, office: Office) -> User:
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise NotFound(kind="account", name=name)
    if Role.GOVERNOR not in actor_of(found).roles_over(scope_of(office)):
        raise NotOfTheOffice(account=name, office=office.pk)
    return found


def holders(office: Office) -> list[holding.Held]:
    """Who held the office from when on, by everything committed."""
    rows = office.holders.values_list("user_id", "begins_at", "id")
    return [holding.Held(account=user, begins_at=begins, order=n) for user, begins, n in rows]


def seat_at(office: Office, at: datetime) -> OfficeHolder | None:
    """The row by which the office is held at a moment, or vacant; None: nobody is recorded by then."""
    rows = {row.pk: row for row in office.holders.select_related("user")}
    held = [holding.Held(account=row.user_id, begins_at=row.begins_at, order=row.pk) for row in rows.values()]
    found = holding.seat_at(held, at)
    return rows[found.order] if found else None


def delegations(office: Office) -> list[holding.Delegated]:
    """The delegations of the office, by everything committed."""
    return [delegated(row) for row in office.delegations.select_related("withdrawal", "act")]


def delegated(row: Delegation) -> holding.Delegated:
    """A delegation as the rules know it."""
    return holding.Delegated(
        id=row.pk, account=row.user_id, verbs=tuple(row.verbs), begins_at=row.begins_at, ends_at=row.ends_at,
        given_by=row.act.actor_id, withdrawn_at=row.withdrawal.at if hasattr(row, "withdrawal") else None,
    )  # fmt: skip


def acts_for(office: Office, actor: Actor, verb: holding.Verb, at: datetime) -> Delegation | None:
    """The delegation under which the actor may do that for the office at a moment; None: as its holder. Raises NotTheHolder."""
    held = holders(office)
    if holding.holder_at(held, at) == actor.user:
        return None
    found = holding.delegation_at(delegations(office), actor.user, verb, at, held)
    if found is None:
        raise holding.NotTheHolder(actor=actor.name, office=office.pk, verb=verb, at=at)
    return Delegation.objects.get(pk=found)


def may_act(office: Office, actor: Actor, verb: holding.Verb, at: datetime) -> bool:
    """Whether `acts_for` would return."""
    try:
        acts_for(office, actor, verb, at)
    except holding.NotTheHolder:
        return False
    return True


@action("decisions.seat_holder", about=_office)
def seat_holder(
    *, act: Act, row: Office, actor: Actor, office: Code, begins_at: AwareDatetime, instrument: Instrument, account: Account = "",
) -> Seated:  # fmt: skip
    """Record who holds an office from a moment on, and by which instrument; no account: it is vacant. Never oneself.

    What was decided before stays as it was decided. Raises NotFound for the account, NotOfTheOffice, NotPermitted.
    """
    user = _account(account, row) if account else None
    if user is not None and user.pk == actor.user:
        raise NotPermitted(
            actor=actor.name, action="decisions.seat_holder", policy="nobody-seats-himself", roles=[]
        )
    OfficeHolder.objects.create(act=act, office=row, user=user, begins_at=begins_at, instrument=instrument)
    return Seated(row.pk, account)


@action("decisions.delegate", about=_office)
def delegate(
    *, act: Act, row: Office, actor: Actor, office: Code, account: Account, begins_at: AwareDatetime, instrument: Instrument,
    ends_at: AwareDatetime | None = None, verbs: list[holding.Verb] = EVERY_VERB,
) -> Delegating:  # fmt: skip
    """Let another account of the office do `verbs` for it for a time. Only the holder of the office delegates.

    A delegation is no holding: who has one delegates nothing. It ends when another holds the office.

    Raises NotTheHolder, NotFound, NotOfTheOffice, EndsBeforeItBegan.
    """
    if holding.holder_at(holders(row), act.recorded_at) != actor.user:
        raise holding.NotTheHolder(actor=actor.name, office=row.pk, verb="delegate", at=act.recorded_at)
    if ends_at is not None and ends_at <= begins_at:
        raise EndsBeforeItBegan(begins_at=begins_at, ends_at=ends_at)
    made = Delegation.objects.create(
        act=act, office=row, user=_account(account, row), verbs=sorted(set(verbs)), begins_at=begins_at, ends_at=ends_at,
        instrument=instrument,
    )  # fmt: skip
    return Delegating(row.pk, made.pk)


@action("decisions.withdraw_delegation", about=_delegation)
def withdraw_delegation(
    *, act: Act, row: Delegation, actor: Actor, delegation: Annotated[int, Field(ge=1, le=2**31)], reason: Reason, at: AwareDatetime
) -> Delegating:  # fmt: skip
    """End a delegation from a moment on. What was decided under it stays. Raises NotTheHolder, AlreadyWithdrawn."""
    if holding.holder_at(holders(row.office), act.recorded_at) != actor.user:
        raise holding.NotTheHolder(
            actor=actor.name, office=row.office_id, verb="withdraw a delegation", at=act.recorded_at
        )
    if Withdrawal.objects.filter(delegation=row).exists():
        raise AlreadyWithdrawn(delegation=row.pk)
    Withdrawal.objects.create(act=act, delegation=row, at=at, reason=reason)
    return Delegating(row.office_id, row.pk)
