"""The one-click sign-in of the demonstration: there only where the whole installation is one."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from muster.access.models import User

SALT = "muster.demonstration"


def link_for(user: User) -> str:
    """The path that signs this account of the demonstration in."""
    return reverse("demonstration", args=[signing.dumps(user.pk, salt=SALT)])


def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Sign the account of the link in and lead to its first page."""
    if not settings.CONFIG.demonstration:
        raise Http404
    try:
        user = User.objects.get(pk=signing.loads(token, salt=SALT), is_active=True)
    except (signing.BadSignature, User.DoesNotExist):
        raise Http404 from None
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("home")
