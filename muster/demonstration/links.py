"""The tokens of the one-click sign-in links, which only an installation that is a demonstration takes."""

from __future__ import annotations

from django.core import signing
from django.urls import reverse

from muster.access.models import User

SALT = "muster.demonstration"


def link_for(user: User) -> str:
    """The path that signs this account of the demonstration in."""
    return reverse("demonstration", args=[signing.dumps(user.pk, salt=SALT)])


def user_of(token: str) -> User | None:
    """The active account of a link's token; None where it is none of ours."""
    try:
        return User.objects.filter(pk=signing.loads(token, salt=SALT), is_active=True).first()
    except signing.BadSignature:
        return None
