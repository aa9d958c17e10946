"""Who asks: the owner of a bearer token, or the user of a browser's session."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from muster.access.control import Actor, actor_of, actor_of_token
from muster.core.errors import MusterError
from muster.database import when_down


class NoCsrfToken(MusterError):
    """A session alone does not show that the user meant to send this."""

    code = "api.no_csrf_token"
    status = 403

    def __init__(self) -> None:
        super().__init__(
            "With a session, send the CSRF token in X-CSRFToken; or sign in with a bearer token."
        )


class Bearer(HttpBearer):
    """`Authorization: Bearer TOKEN`, with the token that `muster sign-in` prints."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor:
        """The actor of the token. Raises NotSignedIn, DatabaseDown."""
        with when_down():
            return actor_of_token(token)


class Session(AuthBase):
    """The cookie of a signed-in browser."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        """The actor of the session; None where there is none. Raises NoCsrfToken, NotSignedIn, DatabaseDown."""
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return None
        with when_down():
            if not request.user.is_authenticated:
                return None
            if check_csrf(request) is not None:
                raise NoCsrfToken()
            return actor_of(request.user)


def asking(request: HttpRequest) -> Actor:
    """The actor who asks, as one of the two ways to sign in found it before the view."""
    actor: Actor = request.auth  # type: ignore[attr-defined]  # django-ninja sets it
    return actor
