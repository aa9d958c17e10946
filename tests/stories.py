"""Stories that many tests begin with: each is told once, and every test after that gets a copy of the database it was told into."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections

from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.demonstration import exercise, loading, missouri
from muster.demonstration.telling import Cast
from muster.parties.models import Organisation

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _no_database(told: str | None) -> str:
    raise AssertionError("a story is told in a test that has a database")


@dataclass
class Book:
    """The databases of the stories told so far, and how the running test is led to a copy of one, or to an empty one."""

    told: dict[str, str] = field(default_factory=dict)
    retell: Callable[[str | None], str] = _no_database

    def open(self, story: str, tell: Callable[[], object]) -> None:
        """Lead the running test to a copy of the story's database. Whatever the test wrote before is left behind."""
        if story not in self.told:
            name = self.retell(None)
            tell()
            connections.close_all()
            self.told[story] = name
        self.retell(self.told[story])


BOOK = Book()


def afresh() -> None:
    """Lead the running test to an empty database, away from what it was told before."""
    BOOK.retell(None)


def demonstration() -> None:
    """The whole demonstration, as of `NOW`."""
    BOOK.open("demonstration", lambda: loading.load(now=NOW, seed=1))


def public() -> None:
    """Missouri, and the exercise as it ended four days ago: its persons are old enough to be public."""
    BOOK.open("public", _tell_what_is_public)


def _tell_what_is_public() -> None:
    people, said = loading.prepare(), dict[str, dict[str, Any]]()
    for step in (*missouri.steps(), *exercise.steps(Cast.drawn(datetime.now(UTC) - timedelta(days=4), 1))):
        answer = loading.play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer


def told() -> dict[str, Actor]:
    """The exercise of the demonstration: a request, its decision, tasks, two sites and a trip.

    The actors by their names, and beside them the governor's office of another state, `elsewhere`.
    """
    BOOK.open("exercise", _tell_the_exercise)
    return {user.username: actor_of(user) for user in User.objects.all()}


def _tell_the_exercise() -> None:
    people = loading.prepare()
    said: dict[str, dict[str, Any]] = {}
    for step in exercise.steps(Cast.drawn(NOW, 1)):
        answer = loading.play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer
    user = User.objects.create_user("elsewhere")
    Grant.objects.create(user=user, role="governor", organisation=Organisation.objects.get(code="VT-STATE"))
