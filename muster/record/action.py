"""`@action`: the one way in for every change.

An action runs in this order, in one transaction, which is one act: the row it is about is loaded and locked,
permission is asked for on that row, a key seen before gives the first answer, and then the rules and the rows.
A refusal is written down in a transaction of its own and is not remembered under its key.
"""

from __future__ import annotations

import hashlib
import hmac
import inspect
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar, get_type_hints
from uuid import UUID

import pydantic
from django.db import (
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    connection,
    transaction,
)
from pydantic import TypeAdapter

from muster.access.control import Actor, Scope, can
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.times import YEARS
from muster.database import prepared
from muster.database.down import is_lost, when_down
from muster.record.models import Act

R = TypeVar("R")
TRIES = 3
NUMBER_PATIENCE_S = 5.0
SALT_BYTES = 16
# Written as they stand: every act of every step passes here.
INSERT_ACT = """
INSERT INTO record_act (id, actor_id, name, idempotency_key, request_hash, refused_code, refused_words)
VALUES (%s, %s, %s, %s, %s, '', '') ON CONFLICT DO NOTHING RETURNING recorded_at"""
INSERT_ANSWER = "INSERT INTO record_answer (act_id, body, salt) VALUES (%s, %s::jsonb, %s)"
OLD_PLAN = "0A000"  # what a prepared statement says after a migration changed a column under it
RETRIED = {
    "40001",
    "40P01",
    "23505",
    OLD_PLAN,
}  # serialization failure, deadlock, a row that another writer made meanwhile


class KeyReused(MusterError):
    """The key stands for another body."""

    code = "record.key_reused"
    status = 409

    def __init__(self, *, key: UUID) -> None:
        self.key = key
        super().__init__(f"The key {key} was used for something else. Make a new key for each new act.")


class KeySpent(MusterError):
    """What was sent with the key cannot be compared any more."""

    code = "record.key_spent"
    status = 409

    def __init__(self, *, key: UUID, act: UUID) -> None:
        self.key, self.act = key, act
        super().__init__(
            f"The key {key} was used for the act {act}, and what was sent with it cannot be compared with this any more. "
            "Look whether that act is what you meant; if not, make a new key."
        )


class OutcomeUnknown(MusterError):
    """The database went away in the middle of a commit."""

    code = "record.outcome_unknown"
    status = 503

    def __init__(self, *, key: UUID | None) -> None:
        self.key = key
        again = (
            "Send it again with the same key: it is done once, whether it was kept or not."
            if key
            else "Look in the record whether it is there before you send it again."
        )
        super().__init__(
            f"The database went away while it was keeping this, which may have been kept or not. {again}"
        )


class TryAgain(MusterError):
    """Two writers stood in each other's way, and trying again did not help."""

    code = "record.try_again"
    status = 409

    def __init__(self) -> None:
        super().__init__("Others were writing the same records. Nothing was kept. Send it again.")


class UnknownAction(MusterError):
    """There is no such action."""

    code = "record.unknown_action"
    status = 404

    def __init__(self, *, name: str) -> None:
        self.name = name
        super().__init__(f"There is no action {name}. The actions are: {', '.join(sorted(ACTIONS))}.")


@dataclass(frozen=True)
class Done(Generic[R]):
    """What an act did: its answer, its id and its number.

    `known_at` is None while an open transaction holds it up, or where the database went away after the commit.
    """

    act: UUID
    known_at: int | None
    answer: R


@dataclass(frozen=True)
class Action(Generic[R]):
    """A registered verb. Call it with `actor`, its inputs and, where it may be sent twice, a `key`."""

    name: str
    about: Callable[..., tuple[Scope, Any]]
    work: Callable[..., R]
    inputs: type[pydantic.BaseModel]
    answers: TypeAdapter[R]
    asked: tuple[str, ...]  # the inputs that `about` takes

    def __call__(self, *, actor: Actor, key: UUID | None = None, **inputs: Any) -> Done[R]:
        """Run it. Raises NotPermitted, KeyReused, TryAgain, DatabaseDown, FaultyInput and what the action itself raises."""
        body = self._read(inputs)
        request = f"{self.name} {body.model_dump_json()}".encode()
        with when_down():
            try:
                act, answer = self._with_retries(actor, key, body, request)
            except MusterError as refusal:
                if refusal.status not in (500, 503):
                    self._audit(actor, key, request, refusal)
                raise
            return Done(act, _number_if_up(act), answer)

    def _read(self, inputs: dict[str, Any]) -> pydantic.BaseModel:
        what = f"What was sent to {self.name}"
        try:
            body = self.inputs.model_validate(inputs)
        except pydantic.ValidationError as error:
            raise FaultyInput([_fault(e) for e in error.errors()], what=what) from None
        if faults := [_year(name) for name in type(body).model_fields if not _in_years(getattr(body, name))]:
            raise FaultyInput(faults, what=what)
        return body

    def _with_retries(
        self, actor: Actor, key: UUID | None, body: pydantic.BaseModel, request: bytes
    ) -> tuple[UUID, R]:
        for attempt in range(TRIES):
            done = None
            try:
                with transaction.atomic():
                    done = self._once(actor, key, body, request)
                return done
            except (OperationalError, InterfaceError, IntegrityError, NotSupportedError) as error:
                if done and is_lost(error):
                    raise OutcomeUnknown(key=key) from error
                state = getattr(error.__cause__, "sqlstate", None)
                if state not in RETRIED:
                    raise
                if state == OLD_PLAN:
                    connection.close()
                time.sleep(0.02 * (attempt + 1))
        raise TryAgain()

    def _once(
        self, actor: Actor, key: UUID | None, body: pydantic.BaseModel, request: bytes
    ) -> tuple[UUID, R]:
        inputs = {name: getattr(body, name) for name in type(body).model_fields}
        scope, row = self.about(**{name: inputs[name] for name in self.asked})
        can(actor, self.name, scope)
        salt = os.urandom(SALT_BYTES)
        act = Act(actor_id=actor.user, name=self.name, idempotency_key=key, request_hash=_hash(salt, request))
        if not _began(act):
            return self._again(_first(actor, key), request)
        answer = self.work(act=act, row=row, actor=actor, **inputs)
        prepared.rows(INSERT_ANSWER, act.pk, self.answers.dump_json(answer).decode(), salt)
        return act.pk, answer

    def _again(self, found: Act, request: bytes) -> tuple[UUID, R]:
        assert found.idempotency_key  # it was found by it
        if found.answer.salt is None:
            # Written before hashes had salts, or disposed of.
            if bytes(found.request_hash) == hashlib.sha256(request).digest():
                return found.pk, self.answers.validate_python(found.answer.body)
            raise KeySpent(key=found.idempotency_key, act=found.pk)
        if bytes(found.request_hash) != _hash(bytes(found.answer.salt), request):
            raise KeyReused(key=found.idempotency_key)
        return found.pk, self.answers.validate_python(found.answer.body)

    def _audit(self, actor: Actor, key: UUID | None, request: bytes, refusal: MusterError) -> None:
        # Its salt is thrown away: nobody compares what was refused.
        digest = _hash(os.urandom(SALT_BYTES), request)
        with transaction.atomic():
            Act.objects.create(
                actor_id=actor.user, name=self.name, idempotency_key=key, request_hash=digest,
                refused_code=refusal.code, refused_words=refusal.recorded,
            )  # fmt: skip


ACTIONS: dict[str, Action[Any]] = {}


def action(name: str, *, about: Callable[..., tuple[Scope, Any]]) -> Callable[[Callable[..., R]], Action[R]]:
    """Register a verb. `about` takes some of the inputs, loads and locks the row, and gives its scope and the row.

    The function is keyword-only: `act`, `row` and `actor` come from here; every other parameter is an input and has
    a type, from which the body of the API and of `muster act` is read. Its return type is the answer's.
    """

    def register(work: Callable[..., R]) -> Action[R]:
        hints = get_type_hints(work, include_extras=True)
        fields: dict[str, Any] = {}
        for parameter in inspect.signature(work).parameters.values():
            if parameter.name in ("act", "row", "actor"):
                continue
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hints[parameter.name], default)
        title = "".join(part.title() for part in name.replace(".", "_").split("_"))
        inputs = pydantic.create_model(title, __config__=pydantic.ConfigDict(extra="forbid"), **fields)
        made = Action(
            name,
            about,
            work,
            inputs,
            TypeAdapter(hints["return"]),
            tuple(inspect.signature(about).parameters),
        )
        ACTIONS[name] = made
        return made

    return register


def the_record() -> tuple[Scope, None]:
    """What an action about no one row is about: the record as a whole."""
    return Scope("record", "the record"), None


def find(name: str) -> Action[Any]:
    """The action of that name. Raises UnknownAction."""
    try:
        return ACTIONS[name]
    except KeyError:
        raise UnknownAction(name=name) from None


def number_of(act: UUID) -> int | None:
    """The act's number, once the sequencer has given it; None if something holds it up for longer than 5 s."""
    give_up_at = time.monotonic() + NUMBER_PATIENCE_S
    while True:
        # Whoever sequences already numbers this act too, or the next one does: many writers need not queue for it.
        found: int | None = _ask("SELECT record_number_of(%s)", act)
        if found is not None or time.monotonic() > give_up_at or connection.in_atomic_block:
            return found
        time.sleep(0.005)


def _number_if_up(act: UUID) -> int | None:
    """The number of an act that is committed. A database that goes away only now must not be told as an act not kept."""
    try:
        return number_of(act)
    except (OperationalError, InterfaceError):
        if connection.in_atomic_block:
            raise
        return None


def sequence() -> int:
    """Number the acts that can be numbered; how many still wait."""
    return _ask("SELECT record_sequence()") or 0


def _ask(query: str, *values: Any) -> Any:
    """The first column of the first row; None where there is no row."""
    found = prepared.rows(query, *values)
    return found[0][0] if found else None


def _began(act: Act) -> bool:
    """Write the act; False where its key stands for another, perhaps of a request that this one waited for."""
    values = (act.pk, act.actor_id, act.name, act.idempotency_key, act.request_hash)
    act._state.adding = False
    recorded_at = _ask(INSERT_ACT, *values)
    if recorded_at is not None:
        act.recorded_at = recorded_at  # the moment by the database's clock, which the rules ask for
    return recorded_at is not None


def _first(actor: Actor, key: UUID | None) -> Act:
    return Act.objects.select_related("answer").get(actor_id=actor.user, idempotency_key=key, refused_code="")


def _hash(salt: bytes, request: bytes) -> bytes:
    return hmac.digest(salt, request, "sha256")


def _in_years(value: Any) -> bool:
    """Whether each day and moment of an input can be reckoned with."""
    each = value.values() if isinstance(value, dict) else (value,)
    return all(one.year in YEARS for one in each if isinstance(one, date))


def _year(name: str) -> Fault:
    words = f"{name}: the year is not from {YEARS[0]} to {YEARS[-1]}. Correct it and send it again."
    return Fault(None, name, "core.bad_value", words)


def _fault(error: Any) -> Fault:
    where = ".".join(str(part) for part in error["loc"])
    return Fault(None, where, "core.bad_value", f"{where}: {error['msg']}. Correct it and send it again.")
