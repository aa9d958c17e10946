"""Assessing a request: the findings are kept as they were found, with the facts they rest on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import Field

from muster.access.control import Actor
from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.assistance.rules import facts_to_json
from muster.authority import queries
from muster.authority.checking import NoStatus, check_facts
from muster.authority.models import Assessment, LineFinding
from muster.authority.packs import load_packs
from muster.core.errors import MusterError
from muster.record.action import action
from muster.record.models import Act

Code = Annotated[str, Field(max_length=60)]


class NoCategory(MusterError):
    """A line whose task category nobody stated cannot be assessed."""

    code = "authority.no_category"

    def __init__(self, *, request: str, lines: list[int]) -> None:
        self.request, self.lines = request, lines
        named = ", ".join(map(str, lines))
        super().__init__(
            f"Line {named} of {request} states no task category, so no rule can be found for it. "
            "Record the request again with categories, as a request of its own."
        )


@dataclass(frozen=True)
class Assessed:
    """The assessment, and the finding of each line by its number."""

    assessment: UUID
    findings: dict[int, str]


@action("authority.assess", about=assistance.locked)
def assess(
    *, act: Act, row: Request, actor: Actor, request: Code, on_date: date, status: Code = "",
    facts: dict[str, bool | date] = {},  # noqa: B006  # read only, and read as the API's default
) -> Assessed:  # fmt: skip
    """Find for each line whether it may be given. Without `status` the one asked for is taken.

    `facts` are supplied beside those that the request states, and win over them.

    Raises NoStatus, NoCategory, FaultyInput for facts that no rule asks for, UnknownStatus.
    """
    asked = assistance.as_rule(row)
    chosen = status or asked.duty_status_asked
    if not chosen:
        raise NoStatus(known=tuple(load_packs().law.statuses))
    if without := [line.n for line in asked.lines if not line.task]:
        raise NoCategory(request=row.pk, lines=without)
    check_facts(facts)
    found = queries.findings(asked, chosen, on_date, facts)
    made = Assessment.objects.create(
        act=act, request=row, version=row.version, status=chosen, on_date=on_date, facts=facts_to_json(facts)
    )
    LineFinding.objects.bulk_create(
        LineFinding(act=act, assessment=made, **finding.to_json()) for finding in found
    )
    return Assessed(made.pk, {finding.line: finding.finding for finding in found})
