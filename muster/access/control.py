"""One `can()` and one `visible()`: every door, action and list asks here."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Any, TypeVar

import cedarpy
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from muster.access.models import Grant, Role, Token, User
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound

M = TypeVar("M", bound=Model)
TOKEN_DAYS = 30


class NotPermitted(MusterError):
    """The rules of access do not let this actor do this here."""

    code = "access.not_permitted"
    status = 403

    def __init__(self, *, actor: str, action: str, policy: str | None, roles: list[str]) -> None:
        self.actor, self.action, self.policy, self.roles = actor, action, policy, roles
        who = " or ".join(Role(role).label for role in roles)
        if policy:
            why = f"the policy {policy} forbids it"
        elif who:
            why = f"it is for {who} here"
        else:
            why = "no policy permits it to anyone"
        super().__init__(f"{actor} may not do {action}: {why}. Ask an administrator if that is wrong.")


class NotSignedIn(MusterError):
    """Nobody is named, or the token is unknown or has expired."""

    code = "access.not_signed_in"
    status = 401

    def __init__(self) -> None:
        super().__init__("You are not signed in, or your sign-in has ended. Sign in and send it again.")


class AlreadyThere(MusterError):
    """The account exists."""

    code = "access.already_there"
    status = 409

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(f"There is an account {name} already. Sign in with it, or choose another name.")


@dataclass(frozen=True)
class Scoped:
    """A role and where it holds; both None: everywhere."""

    role: str
    organisation: str | None
    site: str | None

    def covers(self, scope: Scope, *, reading: bool = False) -> bool:
        """Whether the role reaches a resource of this scope; a requester's, what its own agency asked for.

        `reading`: to read it and no more, which the people of a site may that it comes to.
        """
        if self.site is not None:
            return self.site == scope.site or (reading and self.site == scope.comes_to)
        if self.organisation is None:
            return True
        return self.organisation == (scope.asker if self.role == Role.REQUESTER else scope.organisation)


@dataclass(frozen=True)
class Scope:
    """Where a resource belongs: what decides which roles an actor has over it.

    `user`: whose own it is, if anybody's. `asker`: the agency that asked for it, if that is known. `asked`: the kind and the
    name under which an actor asked for it, where those are others. `comes_to`: the site whose people may read it, and no more.
    """

    kind: str
    name: str
    organisation: str | None = None
    site: str | None = None
    user: int | None = None
    asker: str | None = None
    asked: tuple[str, str] | None = None
    comes_to: str | None = None

    def asked_as(self, kind: str, name: object) -> Scope:
        """The same, for who named something else of it: to whom it is not visible, that is not there."""
        return replace(self, asked=(kind, str(name)))


@dataclass(frozen=True)
class Actor:
    """Who does something, with the roles held at that moment."""

    user: int
    name: str
    roles: tuple[Scoped, ...]

    def roles_over(self, scope: Scope, *, reading: bool = False) -> tuple[str, ...]:
        """The roles that reach the resource, each once, in alphabetical order."""
        return tuple(sorted({scoped.role for scoped in self.roles if scoped.covers(scope, reading=reading)}))

    def owns(self, scope: Scope) -> bool:
        """Whether the resource is the actor's own."""
        return scope.user is not None and scope.user == self.user


def actor_of(user: User) -> Actor:
    """The actor a signed-in user is. Raises NotSignedIn for nobody and for a disabled account."""
    if not user.is_authenticated or not user.is_active:
        raise NotSignedIn()
    grants = Grant.objects.filter(user=user).values_list("role", "organisation_id", "site_id")
    return Actor(user.pk, user.get_username(), tuple(Scoped(*grant) for grant in sorted(grants, key=str)))


def new_token(user: User) -> str:
    """A fresh token for a user, good for `TOKEN_DAYS` days; it is shown once and kept only as a digest."""
    secret = secrets.token_urlsafe(32)
    Token.objects.create(
        digest=_digest(secret), user=user, expires_at=timezone.now() + timedelta(days=TOKEN_DAYS)
    )
    return secret


def actor_of_token(secret: str) -> Actor:
    """The actor a token stands for. Raises NotSignedIn."""
    found = (
        Token.objects.select_related("user")
        .filter(digest=_digest(secret), expires_at__gt=timezone.now())
        .first()
    )
    if found is None:
        raise NotSignedIn()
    return actor_of(found.user)


def can(actor: Actor, action: str, scope: Scope) -> None:
    """Return when the policies permit it.

    Raises NotPermitted, naming the policy or the roles that would be permitted; for a record that the actor may not
    even read, NotFound, so that *not found* and *not yours* read alike.
    """
    roles_here = actor.roles_over(scope, reading=action == "read")
    answer = _ask(action, scope.kind, roles_here, is_own=actor.owns(scope))
    if answer.allowed:
        return
    if not may(actor, "read", scope):
        kind, name = scope.asked or (scope.kind, scope.name)
        raise NotFound(kind=kind, name=name)
    named = answer.diagnostics.id_annotations_by_reason
    policy = next((str(named.get(reason) or reason) for reason in answer.diagnostics.reasons), None)
    roles = [role.value for role in Role if _ask(action, scope.kind, (role.value,)).allowed]
    raise NotPermitted(actor=actor.name, action=action, policy=policy, roles=roles)


def may(actor: Actor, action: str, scope: Scope) -> bool:
    """Whether `can` would return."""
    roles_here = actor.roles_over(scope, reading=action == "read")
    return bool(_ask(action, scope.kind, roles_here, is_own=actor.owns(scope)).allowed)


def visible(
    actor: Actor, rows: QuerySet[M], *, organisation: str = "organisation", site: str | None = "code",
    asker: str | None = None, comes_to: str | None = None,
) -> QuerySet[M]:  # fmt: skip
    """The rows that the actor may read; the names say which columns hold a row's scope.

    `site` None: the rows belong to no site, so a role at one site alone does not reach them. `asker` None: no agency
    asked for them, so a requester's role does not. `comes_to`: the site whose people read them too.
    """
    if reads_everything(actor):
        return rows
    over = [scoped for scoped in actor.roles if scoped.site is None]
    of = [scoped.organisation for scoped in over if scoped.role != Role.REQUESTER]
    reached = Q(**{f"{organisation}__in": of})
    at_sites = [scoped.site for scoped in actor.roles if scoped.site]
    for of_site in filter(None, (site, comes_to)):
        reached |= Q(**{f"{of_site}__in": at_sites})
    if asker:
        reached |= Q(**{f"{asker}__in": agencies_of(actor)})
    return rows.filter(reached)


def reads_everything(actor: Actor) -> bool:
    """Whether a role of the actor's holds everywhere."""
    return any(role.organisation is None and role.site is None for role in actor.roles)


def one_of(rows: QuerySet[M], kind: str, name: str) -> M:
    """The row of that id among these, which are those that somebody may read. Raises NotFound."""
    found = rows.filter(pk=name).first()
    if found is None:
        raise NotFound(kind=kind, name=name)
    return found


def agencies_of(actor: Actor) -> list[str]:
    """The agencies for which the actor asks."""
    return sorted(
        {one.organisation for one in actor.roles if one.role == Role.REQUESTER and one.organisation}
    )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@cache
def _policies() -> cedarpy.PolicySet:
    folder = resources.files("muster.access") / "policies"
    return cedarpy.PolicySet.from_str(
        "\n".join(f.read_text("utf-8") for f in sorted(folder.iterdir(), key=str))
    )


@lru_cache(maxsize=4096)
def _ask(action: str, kind: str, roles: tuple[str, ...], *, is_own: bool = False) -> Any:
    """What the policies say. They look at nothing else and do not change while the program runs."""
    request = {
        "principal": 'User::"asker"',
        "action": f'Action::"{action}"',
        "resource": f'Resource::"{kind}"',
        "context": {"roles": list(roles), "is_own": is_own},
    }
    return cedarpy.is_authorized(request, _policies(), [])


def first_administrator(name: str, password: str) -> User:
    """Make the first administrator. Raises AlreadyThere where the name is taken, FaultyInput for a weak password."""
    if User.objects.filter(username=name).exists():
        raise AlreadyThere(name=name)
    try:
        validate_password(password)
    except ValidationError as weak:
        words = " ".join(weak.messages)
        raise FaultyInput([Fault(None, "password", "access.weak_password", words)]) from None
    user = User.objects.create_user(name, password=password)
    Grant.objects.create(user=user, role=Role.ADMINISTRATOR)
    return user
