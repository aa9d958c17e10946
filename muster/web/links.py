"""Sign-in links of a demonstration: one click, no password, and only where nothing is real."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from muster.access.models import User
from muster.core.errors import MusterError
from muster.web.pages import refused

GOOD_FOR_S = 24 * 60 * 60
_SIGNER = TimestampSigner(salt="muster.web.links")


class NotALink(MusterError):
    """The link was changed, has expired, or this is no demonstration."""

    code = "web.not_a_link"
    status = 403

    def __init__(self) -> None:
        super().__init__("This sign-in link does not work here, or not any more. Sign in with your password.")


def sign_in_path(user: User) -> str:
    """The path that signs the user in for one day, while `demonstration` is set; add it to the server's address."""
    return reverse("demonstration-sign-in", args=[_SIGNER.sign(str(user.pk))])


def sign_in(request: HttpRequest, ticket: str) -> HttpResponse:
    """Sign in by a demonstration's link and lead to the first page."""
    if not settings.CONFIG.demonstration:
        return refused(request, NotALink())
    try:
        user = User.objects.get(pk=_SIGNER.unsign(ticket, max_age=GOOD_FOR_S), is_active=True)
    except (BadSignature, User.DoesNotExist):
        return refused(request, NotALink())
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("home")
