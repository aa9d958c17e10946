"""Playing the demonstration through the actions, once for each database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from muster import actions
from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.assistance.models import Request
from muster.core.errors import MusterError
from muster.core.quantity import Quantity
from muster.custody import queries as custody
from muster.decisions import queries as decisions
from muster.demonstration import others
from muster.demonstration.serving import serve
from muster.demonstration.story import ACCOUNTS, OFFICES, ORGANISATIONS, SITES, steps
from muster.demonstration.telling import Cast, Said, Step
from muster.ledger import queries as ledger
from muster.missions.models import Mission
from muster.parties.models import Office, Organisation, Site
from muster.picture import queries as picture
from muster.picture.rules import Figure


class NotRefused(Exception):
    """A step that the story has refused was done, or refused with another code: the story is out of date."""


class HalfLoaded(MusterError):
    """Loading was interrupted: what stands there is a part of the story."""

    code = "demonstration.half_loaded"

    def __init__(self) -> None:
        super().__init__(
            "The demonstration in this folder was interrupted while it was loaded, and is not whole. Nothing in it is "
            "changed or deleted: remove the folder, or name another with --data."
        )


def is_loaded() -> bool:
    """Whether the demonstration is in this database already. Raises HalfLoaded for a part of it."""
    begun = User.objects.filter(username=ACCOUNTS[0].name).exists()
    if begun and not Request.objects.filter(pk=others.WAITING, state__in=("in_review", "decided")).exists():
        raise HalfLoaded()
    return begun


def load(*, now: datetime, seed: int, told: Callable[[int, int], None] = lambda done, of: None) -> None:
    """Make the places and the accounts, and play the story; `told` is called after each step."""
    people = prepare()
    said: dict[str, dict[str, Any]] = {}
    cast = Cast.drawn(now, seed)
    story = list(steps(cast))
    for number, step in enumerate(story, 1):
        answer = play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer
        told(number, len(story))
    serve(cast, people["operations"])


def play(step: Step, actor: Actor, said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Do one step, with what earlier steps answered filled in; its answer, empty for one that is refused as told."""
    try:
        answer = asdict(actions.find(step.action)(actor=actor, **filled_in(step, said)).answer)
    except MusterError as refusal:
        if refusal.code != step.refused:
            raise
        return {}
    if step.refused:
        raise NotRefused(step.refused)
    return answer


def filled_in(step: Step, said: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The step's inputs, with what earlier steps answered in its places."""
    return {name: said[v.step][v.key] if isinstance(v, Said) else v for name, v in step.inputs.items()}


def figures(now: datetime) -> list[dict[str, Any]]:
    """The key figures of the missions, as `muster demo --json` prints them."""
    known_at = ledger.latest_known()
    missions = Mission.objects.select_related("decision__request").order_by("act_id")
    told = [_mission(mission, now, known_at) for mission in missions]
    for request in Request.objects.exclude(decisions__missions__isnull=False).order_by("pk"):
        outcomes = request.decisions.values_list("outcome", flat=True)
        state = next(iter(outcomes), request.state).replace("_", " ")
        asked = {str(line.n): Quantity.from_json(line.people).said for line in request.lines.all()}
        numbers = {"asked": asked, "known_at": known_at}
        told.append(
            {
                "id": request.pk,
                "state": state,
                "place": request.of_state,
                "kind": request.kind,
                "figures": numbers,
            }
        )
    return told


def _mission(mission: Mission, now: datetime, known_at: int) -> dict[str, Any]:
    """One mission's: what its picture shows, and of the exercise what each site holds and what is open."""
    request = mission.decision.request
    in_force = decisions.in_force(mission.decision, now, known_at)
    found = [figure for figure in picture.figures(mission.pk, now, known_at) if figure.shown]
    numbers: dict[str, Any] = {
        "shown": {_key(figure): figure.words for figure in found},
        "known_at": known_at,
    }
    sites = {f.place: f.quantity.low for f in found if f.metric == "persons_in_custody" and f.quantity}
    if sites:
        numbers |= {"persons": sites.pop("all"), "sites": sites, "open_differences": _open()}
    state = in_force.why.replace("_", " ") if in_force.why else "in force"
    return {
        "id": mission.pk,
        "state": state,
        "place": request.of_state,
        "kind": request.kind,
        "figures": numbers,
    }


def _key(figure: Figure) -> str:
    """`people_tasked all`; of a request's lines, which are many, with the line: `requested ZZ, line 2`."""
    of = figure.evidence[0].partition(",")[2] if figure.metric == "requested" and figure.evidence else ""
    return f"{figure.metric} {figure.place}" + (f",{of}" if of else "")


def _open() -> dict[str, int]:
    by_kind: dict[str, int] = {}
    for kind in custody.open_differences([code for code, *_ in SITES]).values_list("kind", flat=True):
        by_kind[kind] = by_kind.get(kind, 0) + 1
    return dict(sorted(by_kind.items()))


def prepare() -> dict[str, Actor]:
    """Make the places and the accounts; the actors by their names. An account has no password: only its link signs in."""
    for code, name, kind, state in ORGANISATIONS:
        Organisation.objects.create(code=code, name=name, kind=kind, state=state)
    for code, title, organisation in OFFICES:
        Office.objects.create(code=code, title=title, organisation_id=organisation)
    for code, name, zone in SITES:
        Site.objects.create(code=code, name=name, zone=zone, organisation_id="EX-GUARD")
    people = {}
    for account in ACCOUNTS:
        user = User.objects.create_user(account.name)
        over = None if account.site or account.everywhere else account.organisation
        Grant.objects.create(user=user, role=account.role, site_id=account.site, organisation_id=over)
        people[account.name] = actor_of(user)
    return people
