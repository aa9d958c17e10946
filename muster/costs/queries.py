"""The cost lines of a mission, where each stands, and what of the decision's cost cap they use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db.models import Prefetch, QuerySet

from muster.access.control import Scope
from muster.core.errors import NotFound
from muster.core.quantity import Quantity
from muster.costs import rules
from muster.costs.models import CostDifference, CostLine, CostStep
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.decisions.usage import is_near, share
from muster.missions import queries as missions


@dataclass(frozen=True)
class Cost:
    """A line as it stands: `state` by its latest step; `corrected_by` where another stands in for it."""

    row: CostLine
    line: rules.Line
    state: rules.State
    steps: tuple[CostStep, ...]
    differences: tuple[CostDifference, ...]
    corrected_by: str = ""

    @property
    def counts(self) -> bool:
        """Whether it counts in totals: neither corrected nor withdrawn."""
        return not self.corrected_by and self.state != "withdrawn"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to claim it, settle it or withdraw it."""
        return not self.corrected_by and self.state == "open"

    @property
    def paid_cents(self) -> int:
        """What was paid on it."""
        return sum(step.cents or 0 for step in self.steps if step.state == "paid")


@dataclass(frozen=True)
class CapUse:
    """How much of a decision's cost cap is used, in cents, with the decision's sentence for it."""

    cap_cents: int
    used: rules.Used
    sentence: str

    @property
    def per_cent(self) -> int:
        """The share used, rounded down: a hundred is reached when the cap is."""
        return share(self.used.cents, self.cap_cents)

    @property
    def is_near(self) -> bool:
        """Whether so much is used that somebody ought to know before the next cost is planned."""
        return is_near(self.used.cents, self.cap_cents)

    @property
    def is_over(self) -> bool:
        """Whether more is used than the decision allows."""
        return self.used.cents > self.cap_cents


def locked(line: str) -> tuple[Scope, CostLine]:
    """What an action about a line loads: its mission's scope, and the line, its mission and decision locked. Raises NotFound."""
    found = CostLine.objects.filter(pk=line).values_list("mission_id", flat=True).first()
    if found is None:
        raise NotFound(kind="cost line", name=line)
    scope, mission = missions.locked(found)
    row = CostLine.objects.select_related("source").get(pk=line)
    row.mission, row.decision = mission, mission.decision
    return scope.asked_as("cost line", line), row


def locked_difference(difference: int) -> tuple[Scope, CostDifference]:
    """The same for a difference about a cost line. Raises NotFound."""
    found = CostDifference.objects.filter(pk=difference).first()
    if found is None:
        raise NotFound(kind="difference about a cost", name=str(difference))
    scope, _ = locked(found.line_id)
    return scope.asked_as("difference about a cost", difference), found


def costs_of(mission: str, known_at: int | None = None) -> list[Cost]:
    """Every line of a mission in the order in which they were written, as known at an act's number; None: by all committed."""
    return _told(CostLine.objects.filter(mission=mission), known_at)


def open_cost_lines(mission: str) -> list[CostLine]:
    """The lines of a mission that nobody has claimed, settled or withdrawn: what keeps it from being closed."""
    return [cost.row for cost in costs_of(mission) if cost.is_open]


def open_cost_differences(mission: str) -> list[CostDifference]:
    """The differences about a mission's costs that nobody has settled."""
    rows = CostDifference.objects.filter(line__mission=mission, settled__isnull=True)
    return list(rows.select_related("line"))


def cap_use(decision: Decision, at: datetime, known_at: int) -> CapUse | None:
    """How much of the cap in force at `at` is used, as known at an act's number; None where no cap is set."""
    limits = decisions.in_force(decision, at, known_at).limits
    if limits is None or limits.cost_cap_usd is None:
        return None
    return CapUse(limits.cost_cap_usd * 100, used_known(decision, known_at), limits.sentence("cost_cap_usd"))


def used_known(decision: Decision, known_at: int) -> rules.Used:
    """What the costs of every mission under a decision use of a cap, as known at an act's number."""
    return rules.used(standing(_told(CostLine.objects.filter(decision=decision), known_at)))


def standing_locked(decision: Decision, *, but: str = "") -> list[rules.Standing]:
    """What counts under a decision by everything committed, for an act that has locked it; leaving out the line `but`."""
    costs = _told(CostLine.objects.filter(decision=decision), None)
    return [line for line in standing(costs) if line.id != but]


def standing(costs: Iterable[Cost]) -> list[rules.Standing]:
    """The lines that count, each with the estimate that it fulfils as that is after its corrections."""
    costs = list(costs)
    successor = {cost.row.pk: cost.corrected_by for cost in costs if cost.corrected_by}

    def latest(line: str) -> str:
        while line in successor:
            line = successor[line]
        return line

    return [
        rules.Standing(
            id=cost.row.pk, line=cost.line, state=cost.state, estimate=latest(cost.row.estimate_id or "")
        )
        for cost in costs
        if cost.counts
    ]


def line_of(row: CostLine) -> rules.Line:
    """A line as the rules know it."""
    return rules.Line(
        stage=cast(rules.Stage, row.stage), kind=cast(rules.Kind, row.kind), basis=cast(rules.Basis, row.basis),
        rate_cents=row.rate_cents, count=Quantity.from_json(row.count), days=Quantity.from_json(row.days),
        stated_cents=row.stated_cents,
    )  # fmt: skip


def _told(rows: QuerySet[CostLine], known_at: int | None) -> list[Cost]:
    known: dict[str, Any] = {} if known_at is None else {"act__number__number__lte": known_at}
    read = list(
        rows.filter(**known)
        .select_related("source", "act__actor", "act__number")
        .prefetch_related(
            Prefetch("steps", CostStep.objects.filter(**known).select_related("act__number")),
            Prefetch("differences", CostDifference.objects.filter(**known).select_related("settled")),
        )
    )
    read.sort(key=lambda row: int(row.pk.rpartition("C")[2]))
    corrected_by = {row.corrects_id: row.pk for row in read if row.corrects_id}
    return [_cost(row, corrected_by.get(row.pk, "")) for row in read]


def _cost(row: CostLine, corrected_by: str) -> Cost:
    steps, differences = tuple(row.steps.all()), tuple(row.differences.all())
    state = cast(rules.State, steps[-1].state) if steps else "open"
    return Cost(row, line_of(row), state, steps, differences, corrected_by)
