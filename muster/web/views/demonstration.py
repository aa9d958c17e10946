"""The one-click sign-in of the demonstration: there only where the whole installation is one."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from muster.demonstration.links import user_of


def sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """Sign the account of the link in and lead to its first page."""
    user = user_of(token) if settings.CONFIG.demonstration else None
    if user is None:
        raise Http404
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("home")
