"""One task on a page: what it is, the clause it runs under, who was seen there, and every act about it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from muster.access.control import Actor, may
from muster.ledger.queries import latest_known
from muster.picture.tasks import acts_of
from muster.picture.under import of_task
from muster.tasks import queries
from muster.tasks.outside import outside_tasks
from muster.transport.queries import trips_of
from muster.web.pages import signed_in
from muster.web.views.missions import task_of, zone_of


@signed_in
def one(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """A task, for those who may read its mission. Raises NotFound."""
    row, at, known_at = task_of(actor, name), timezone.now(), latest_known()
    scope, state = queries.scope_of(row), queries.state_of(row, at)
    context = {
        "row": row, "drill": row.mission.drill, "zone": zone_of(row.mission), "known_at": known_at, "state": state,
        "under": of_task(row, known_at), "acts": acts_of(row), "present": row.present.select_related("act__number").order_by("at"),
        "trips": trips_of(actor).filter(task=row),
        "outside": [each for each in outside_tasks(row.mission, known_at) if each.is_open and each.id == row.pk],
        "may_keep": may(actor, "tasks.keep", scope), "may_report": may(actor, "tasks.report_present", scope),
        "may_finish": row.ended_at is None and state != "ended" and may(actor, "tasks.finish", scope),
    }  # fmt: skip
    return render(request, "web/task.html", context)
