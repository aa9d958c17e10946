"""The exercise of the demonstration, told into a test's database: a request, its decision, tasks, two sites and a trip."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.demonstration import exercise, loading
from muster.demonstration.telling import Cast
from muster.parties.models import Organisation

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MISSION, DECISION, TRIP = "EX-PROCESSING-1", "EX-PROCESSING-1-D1", "EX-PROCESSING-1-BUS-1"


def told() -> dict[str, Actor]:
    """Tell it; the actors by their names, and beside them the governor's office of another state, `elsewhere`."""
    people = loading.prepare()
    said: dict[str, dict[str, Any]] = {}
    for step in exercise.steps(Cast.drawn(NOW, 1)):
        answer = loading.play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer
    other = Organisation.objects.get(code="VT-STATE")
    user = User.objects.create_user("elsewhere")
    Grant.objects.create(user=user, role="governor", organisation=other)
    return people | {"elsewhere": actor_of(user)}
