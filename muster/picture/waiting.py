"""Who waits for whom, with what, and for how long: requests, papers, reports, offers and legal reviews together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count

from muster.access.control import Actor, may, visible
from muster.access.models import Role
from muster.assistance import queries as assistance
from muster.assistance.queries import OPERATIONS_CENTER
from muster.assistance.rules import details_from_json
from muster.authority.models import Drift
from muster.custody.queries import can_lapse
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.decisions.owed import owed
from muster.ledger.models import Handover
from muster.missions.models import Mission
from muster.parties.models import Site


@dataclass(frozen=True, kw_only=True)
class Wait:
    """`who` waits for `party`, since `since`. `due_at`: by when it was promised or is owed; None where no time is set.

    `request` and `mission` say what it belongs to, empty where that is not known; `about` is a kind of record and its id, for a link.
    """

    who: str
    party: str
    what: str
    name: str
    since: datetime
    due_at: datetime | None
    is_late: bool
    request: str
    mission: str
    about: tuple[str, str]

    def is_of(self, mission: Mission) -> bool:
        """Whether the mission, or the request and the decision that it rests on, waits."""
        return self.mission == mission.pk or self.request == mission.decision.request_id


def waits(actor: Actor, at: datetime, known_at: int) -> list[Wait]:
    """All that the actor may read, as of `at`: what is late in front, then the longest wait."""
    found = [
        *_requests(actor, at), *_decisions(actor, at, known_at), *_exceptions(actor, at), *_offers(actor, at)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (not one.is_late, one.since, one.about))


def _requests(actor: Actor, at: datetime) -> Iterator[Wait]:
    for one in assistance.waiting(actor):
        row = one.request
        due_at = details_from_json(row.details).paper_due_at if one.what == assistance.PAPER else None
        yield Wait(
            who=OPERATIONS_CENTER if one.party == row.requester else row.requester, party=one.party, what=one.what, name=row.title,
            since=one.since, due_at=due_at, is_late=due_at is not None and at > due_at, request=row.pk, mission="",
            about=("request", row.pk),
        )  # fmt: skip


def _decisions(actor: Actor, at: datetime, known_at: int) -> Iterator[Wait]:
    """Verbal decisions that nobody has confirmed, and reports that are late: one that is still to come keeps nobody waiting."""
    for row in decisions.decisions_of(actor).filter(reported_on=None):
        owing = owed(row, decisions.in_force(row, at, known_at), at, known_at)
        if owing.paper is not None:
            office = row.office.title
            yield _of_decision(
                row, OPERATIONS_CENTER, office, "to confirm it in writing", row.decided_at, owing.paper.by, at
            )
        if owing.report is not None and owing.report.is_late:
            due = owing.report.by
            yield _of_decision(row, row.office.title, OPERATIONS_CENTER, "to report", due, due, at)


def _of_decision(
    row: Decision, who: str, party: str, what: str, since: datetime | None, due_at: datetime, at: datetime
) -> Wait:
    return Wait(
        who=who, party=party, what=what, name=row.pk, since=since or due_at, due_at=due_at, is_late=at >= due_at,
        request=row.request_id, mission="", about=("decision", row.pk),
    )  # fmt: skip


def _exceptions(actor: Actor, at: datetime) -> Iterator[Wait]:
    readable = assistance.requests_of(actor).values("pk")
    open_ones = Drift.objects.filter(review__isnull=True, request__in=readable)
    for drift in open_ones.select_related("request__asked"):
        row = drift.request
        if may(actor, "authority.read_review", assistance.scope_of(row)):
            yield Wait(
                who=OPERATIONS_CENTER, party=Role.COUNSEL.label, what="to review an exception", name=row.title,
                since=drift.happened_at, due_at=drift.review_due_at, is_late=at > drift.review_due_at, request=row.pk,
                mission="", about=("exceptions", row.pk),
            )  # fmt: skip


def _offers(actor: Actor, at: datetime) -> Iterator[Wait]:
    """Open offers from or to the sites that the actor sees; one that may lapse is late. Custody has not moved."""
    sites = set(visible(actor, Site.objects.all()).values_list("code", flat=True))
    offers = Handover.objects.filter(state=Handover.State.OFFERED).select_related(
        "giver", "receiver", "offered_act"
    )
    for offer in offers.annotate(things=Count("offers")):
        if not sites & {offer.giver.site, offer.receiver.site}:
            continue
        yield Wait(
            who=offer.giver.code, party=offer.receiver.code, what=f"to sign for {offer.things}", name="an offer",
            since=offer.offered_act.recorded_at, due_at=None, is_late=can_lapse(offer, at), request="",
            mission=offer.mission, about=("offer", str(offer.pk)),
        )  # fmt: skip
