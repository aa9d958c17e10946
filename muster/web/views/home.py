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


def pages_for(actor: Actor) -> list[Page]:
    """The pages that hold something for this actor, the one to land on first."""
    roles = {scoped.role for scoped in actor.roles}
    pages = []
    if Role.CLERK in roles:
        pages.append(Page("Counter", reverse("counters")))
    if roles:
        pages.append(Page("Board", reverse("board")))
    return pages


@signed_in
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Lead to the first of the actor's pages; say so where there is none yet."""
    pages = pages_for(actor)
    return redirect(pages[0].address) if pages else render(request, "web/no_role.html")


def no_sign_up(request: HttpRequest) -> HttpResponse:
    """In the place of allauth's sign-up page."""
    return refused(request, NoSignUp())
