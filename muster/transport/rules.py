"""When a trip may be planned and may leave. Plain Python."""

from __future__ import annotations

from datetime import UTC, datetime

from muster.core.errors import MusterError

CARRIES_PERSONS = "T04"  # the task category under which persons in custody are moved


class NotATransportTask(MusterError):
    """The trip names a task that is no transport of persons, or whose window does not hold its departure."""

    code = "transport.not_its_task"

    def __init__(self, *, task: str, why: str) -> None:
        self.task, self.what = task, why
        super().__init__(
            f"Refused: {why} Order a task for this transport first, inside the limits of the decision."
        )


class DepartureRefused(MusterError):
    """The trip may not leave yet: `what` says what is missing. What has left is recorded as such."""

    code = "transport.departure_refused"
    status = 409

    def __init__(self, *, trip: str, what: str) -> None:
        self.trip, self.what = trip, what
        super().__init__(
            f"Refused: {trip} may not depart: {what} If it has left already, record that it has left."
        )


class NotAllowedThen(DepartureRefused):
    """The decision allows it no more, or the moment lies outside the window of the task."""

    code = "transport.not_allowed_then"


class BeforeItsLatest(MusterError):
    """The event would lie before the one that it follows."""

    code = "transport.before_its_latest"

    def __init__(self, *, trip: str, event: str, kind: str, at: datetime) -> None:
        self.trip, self.kind, self.at = trip, kind, at
        super().__init__(
            f"{trip} {kind} at {at.astimezone(UTC):%Y-%m-%d %H:%M %Z}, so it cannot have {event} before that. "
            "Give the time at which it happened."
        )


class NotAReturn(MusterError):
    """The trip is to return persons to the agency, and would take them somewhere else."""

    code = "transport.not_a_return"

    def __init__(self, *, site: str, agency: str) -> None:
        self.site, self.agency = site, agency
        to = f"a site of {agency}, which asked" if agency else "a site that is not the mission's own"
        super().__init__(
            f"Refused: {site} is not where persons are returned to. A return goes to {to}. Choose such a site, or plan a "
            "transfer, which the decision has to allow."
        )


class NotBoarding(MusterError):
    """The trip takes nobody any more: it has left, has arrived or is closed."""

    code = "transport.not_boarding"
    status = 409

    def __init__(self, *, trip: str, state: str) -> None:
        self.trip, self.state = trip, state
        super().__init__(
            f"{trip} is {state}, so nobody is offered to it any more; the giver keeps everybody. Offer them to a trip that is "
            "still planned."
        )


class NoCustodian(DepartureRefused):
    """Nobody is named who signs for the persons aboard."""

    code = "transport.no_custodian"


class SeatTooFew(DepartureRefused):
    """More persons are aboard than the vehicle has seats."""

    code = "transport.seat_too_few"


class NotReconciled(DepartureRefused):
    """Somebody is offered to the trip and not signed for."""

    code = "transport.not_reconciled"


class SignedByAnother(DepartureRefused):
    """Somebody other than the custodian signed for persons aboard."""

    code = "transport.signed_by_another"


class NothingAboard(DepartureRefused):
    """Nobody is aboard."""

    code = "transport.nobody_aboard"


class WrongMoment(MusterError):
    """The trip is not where this event could follow."""

    code = "transport.wrong_moment"
    status = 409

    def __init__(self, *, trip: str, state: str, event: str) -> None:
        self.trip, self.state = trip, state
        super().__init__(
            f"{trip} is {state}, so it cannot be {event} now. Look at the trip again; nothing was kept."
        )


class StillAboard(MusterError):
    """Persons are aboard, so the trip is not over."""

    code = "transport.still_aboard"
    status = 409

    def __init__(self, *, trip: str, tags: list[str]) -> None:
        self.trip, self.tags = trip, tags
        super().__init__(
            f"{trip} still holds {len(tags)}: {', '.join(tags[:5])}. Hand each of them over first."
        )


def check_task(
    task: str, category: str, begins_at: datetime, ends_at: datetime, departs_at: datetime
) -> None:
    """Check that a trip leaves under a task that carries persons, inside its window (its end not included).

    Raises NotATransportTask.
    """
    check_carries(task, category)
    if not begins_at <= departs_at < ends_at:
        raise NotATransportTask(task=task, why=f"the departure lies outside the window of {task}.")


def check_carries(task: str, category: str) -> None:
    """Check that a task carries persons. Raises NotATransportTask."""
    if category != CARRIES_PERSONS:
        raise NotATransportTask(
            task=task, why=f"{task} is {category}, not {CARRIES_PERSONS}, the transport of persons."
        )


def check_return(site: str, *, run_by: str, mission_of: str, agency: str) -> None:
    """Check that a return goes to the agency: to a site of its own, or to one whose organisation nobody recorded.

    `run_by` and `agency` are empty where not recorded; without an agency any site will do that is not of `mission_of`, which
    runs the mission. Raises NotAReturn. Source: design.md, "Suspension or expiry never stops return to the agency".
    """
    if run_by == mission_of or (run_by and agency and run_by != agency):
        raise NotAReturn(site=site, agency=agency)


def check_departure(
    trip: str, *, barred: str, custodian: int | None, seats: int, aboard: int, waiting: int, signers: set[int | None]
) -> None:  # fmt: skip
    """Check that a trip may leave: `waiting` persons are offered to it and not signed for, `signers` signed for those aboard.

    `barred` says why its decision or its task does not allow it then; empty: they do. `custodian` None: nobody is named,
    or who is named may sign no more.

    Raises in this order: NotAllowedThen, NoCustodian, NothingAboard, NotReconciled, SignedByAnother, SeatTooFew.
    """
    if barred:
        raise NotAllowedThen(trip=trip, what=barred)
    if custodian is None:
        raise NoCustodian(
            trip=trip,
            what="no custodian is named who may sign. Name the officer who signs for the persons aboard.",
        )
    if not aboard:
        raise NothingAboard(trip=trip, what="nobody is aboard.")
    if waiting:
        what = f"{waiting} offered to it are not signed for. Sign for them, or have the offer withdrawn."
        raise NotReconciled(trip=trip, what=what)
    if signers != {custodian}:
        raise SignedByAnother(trip=trip, what="somebody other than its custodian signed for persons aboard.")
    if aboard > seats:
        what = f"{aboard} persons are aboard and it has {seats} seats. Hand {aboard - seats} back first."
        raise SeatTooFew(trip=trip, what=what)
