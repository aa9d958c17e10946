"""Orders that are read, then signed: by passkey where the account has one, else by its sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from muster.access import passkeys
from muster.access.control import Actor
from muster.access.passkeys import Asked
from muster.core.errors import MusterError
from muster.decisions.drafting import Draft
from muster.web.forms import ActForm
from muster.web.pages import form_page

OF_THE_PASSKEY = ("asked", "credential_id", "authenticator_data", "client_data", "signature")
NOT_CARRIED = ("csrfmiddlewaretoken", "step", "key", *OF_THE_PASSKEY)


def to_sign(actor: Actor, draft: Draft) -> Asked | None:
    """What the actor's passkeys are asked to sign; None where the account has none and signs by its sign-in."""
    asked = passkeys.ask(actor.user, draft.text(actor.user))
    return asked if asked.credentials else None


def assertion_in(request: HttpRequest) -> dict[str, str] | None:
    """What a passkey gave with the form; None where none did."""
    given = {name: request.POST.get(name, "") for name in OF_THE_PASSKEY}
    return given if given["signature"] else None


def carried(request: HttpRequest, **fixed: str) -> list[tuple[str, str]]:
    """What was entered, to be sent again with the signature; `fixed` stands in for what was left to the page, such as now."""
    entered = {name: request.POST[name] for name in request.POST if name not in NOT_CARRIED}
    return list({**entered, **fixed}.items())


@dataclass(frozen=True, kw_only=True)
class SignedForm(ActForm):
    """The form of an act on a decision: whoever has a passkey reads the order once more, and signs."""

    draft: Callable[[Mapping[str, Any], datetime], Draft]
    moment: str  # the field of its moment: left empty it is now, and stays that

    def page(self, request: HttpRequest, actor: Actor) -> HttpResponse:
        """The form; the order to sign; after the act, the way back."""
        if (
            request.method != "POST"
            or request.POST.get("step") == "sign"
            or not passkeys.passkeys_of(actor.user)
        ):
            return super().page(request, actor)
        try:
            read = self.given_in(request)
            draft = self.draft(read, timezone.now())
        except MusterError as refusal:
            return self.shown(request, refusal)
        context = {
            "form": self, "drill": self.drill, "draft": draft, "sign": to_sign(actor, draft),
            "carried": carried(request, **{self.moment: read[self.moment].isoformat()}),
        }  # fmt: skip
        return form_page(request, "web/sign_order.html", context)

    def given_in(self, request: HttpRequest) -> dict[str, Any]:
        """What was entered, and once it is signed, what the passkey gave."""
        signed = {"passkey": assertion_in(request)} if request.POST.get("step") == "sign" else {}
        return {**super().given_in(request), **signed}
