"""The first page: each role lands on the one that holds its next action."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from muster.access.control import Actor
from muster.access.models import Role
from muster.core.errors import MusterError
from muster.web.pages import refused, signed_in


class NoSignUp(MusterError):
    """Accounts are made for people, not by them."""

    code = "web.no_sign_up"
    status = 403

    def __init__(self) -> None:
        super().__init__("Nobody signs up here: an administrator makes accounts. Ask yours for one.")


@dataclass(frozen=True)
class Page:
    """A page that the navigation names."""

    name: str
    address: str


EVERYBODY = set(Role.values)
# Each page with the roles whose work it holds; the first that an actor has is the one to land on.
PAGES: tuple[tuple[str, str, set[str]], ...] = (
    ("Decisions", "decisions", {Role.GOVERNOR, Role.COUNSEL}),
    ("Counter", "counters", {Role.CLERK}),
    ("Trips", "trips", {Role.CUSTODIAN}),
    (
        "Board",
        "board",
        EVERYBODY - {Role.GOVERNOR, Role.COUNSEL, Role.REQUESTER, Role.AFFAIRS, Role.CUSTODIAN},
    ),
    ("Clocks", "clocks", {Role.CLERK, Role.JOC, Role.COUNSEL, Role.OVERSIGHT, Role.ADMINISTRATOR}),
    ("Requests", "requests", EVERYBODY - {Role.CLERK, Role.CUSTODIAN}),
    ("Missions", "missions", EVERYBODY - {Role.CLERK}),
    ("Changes", "changes", {Role.JOC, Role.GOVERNOR, Role.OVERSIGHT, Role.COUNSEL}),
    ("Decisions", "decisions", {Role.JOC, Role.OVERSIGHT, Role.AFFAIRS, Role.ADMINISTRATOR}),
    ("Trips", "trips", {Role.JOC, Role.OVERSIGHT}),
    ("Offices", "offices", {Role.GOVERNOR, Role.COUNSEL, Role.OVERSIGHT, Role.ADMINISTRATOR}),
)


def pages_for(actor: Actor) -> list[Page]:
    """The pages that hold something for this actor, the one to land on first."""
    roles = {scoped.role for scoped in actor.roles}
    named = {address: name for name, address, for_roles in PAGES if roles & for_roles}
    return [Page(name, reverse(address)) for address, name in named.items()]


@signed_in
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Lead to the first of the actor's pages; say so where there is none yet."""
    pages = pages_for(actor)
    return redirect(pages[0].address) if pages else render(request, "web/no_role.html")


def no_sign_up(request: HttpRequest) -> HttpResponse:
    """In the place of allauth's sign-up page."""
    return refused(request, NoSignUp())
