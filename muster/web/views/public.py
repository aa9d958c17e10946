"""The public pages: one for each mission, without sign-in, cookies or script.

They are rendered without the request, so that no session is read: every reader gets the same page, and it may be kept
by any cache on the way.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from muster.core.errors import MusterError
from muster.ledger.queries import latest_known
from muster.picture import public
from muster.picture.moments import moment
from muster.picture.pages import ROW, Page
from muster.picture.queries import INCIDENTS
from muster.picture.rules import RULE_OF_CHOICE, Figure
from muster.picture.summary import en_espanol, in_english, state_of
from muster.sources.rules import METRICS
from muster.web import us_map

P = ParamSpec("P")

KEPT_S = 300  # how long a cache may give the same page
KINDS = {"people_allowed": "people allowed at one moment", "people_tasked": "people tasked"}
KINDS |= {metric: label for metric, (_, label) in INCIDENTS.items()}
# What a claim about a state says on the map; a claim that is none of these marks nothing.
ON_THE_MAP = {
    "listed": "listed", "title32_listed": "listed", "declined": "declined", "requested": "asked", "requested_max": "asked",
} | dict.fromkeys(("approved", "directed", "training", "activated", "activated_max", "deployed", "on_duty"), "decided")  # fmt: skip
STRONGEST = ("decided", "declined", "asked", "listed", "separate")


def for_everybody(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Answer reads alone, let caches keep the answer, and show what is refused as a page in words."""

    @require_safe
    @wraps(view)
    def page(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            answer = view(request, *args, **kwargs)
        except MusterError as refusal:
            return _shown("web/public_refused.html", {"refusal": refusal}, status=refusal.status)
        answer.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
        return answer

    return page


@for_everybody
def index(request: HttpRequest) -> HttpResponse:
    """Every mission with where it stands, in one line."""
    now, known_at = timezone.now(), latest_known()
    missions = list(public.lines(now, known_at))
    return _shown("web/public_index.html", {"missions": missions, "at": now, "known_at": known_at})


@for_everybody
def mission(request: HttpRequest, mission: str) -> HttpResponse:
    """The page of one mission, as of today or a past day, as known at an act's number."""
    page = _page(request, mission)
    lead = page.asked[0] if page.asked else None
    as_of = urlencode({"at": page.at.date().isoformat(), "known_at": page.known_at})
    address = f"{reverse('public-mission', args=[mission])}?{as_of}"
    shown = {
        "page": page,
        "drill": page.drill,
        "past": "at" in request.GET,
        "lead": lead,
        "sentences": in_english(lead.facts)[1:] if lead else (),
        "oraciones": en_espanol(lead.facts) if lead else (),
        "several": len(page.asked) > 1,
        "below": 4 if len(page.asked) > 1 else 3,  # the level of the headings inside one request
        "kinds": _by_kind(page),
        "rule_of_choice": RULE_OF_CHOICE,
        "as_of": as_of,
        "address": address,
        "permanent": request.build_absolute_uri(address),
    }
    return _shown("web/public.html", shown | _map(page))


@for_everybody
def figures_json(request: HttpRequest, mission: str) -> HttpResponse:
    """The figures of the page as JSON."""
    page = _page(request, mission)
    told = {"mission": page.mission, "title": page.title, "drill": page.drill, "at": page.at.isoformat(timespec="seconds"),
            "known_at": page.known_at, "rule_of_choice": RULE_OF_CHOICE, "figures": page.rows}  # fmt: skip
    return JsonResponse(told, json_dumps_params={"ensure_ascii": False, "indent": 1})


@for_everybody
def figures_csv(request: HttpRequest, mission: str) -> HttpResponse:
    """The figures of the page as CSV in UTF-8, with a header row."""
    page = _page(request, mission)
    file = io.StringIO(newline="")
    rows = csv.DictWriter(file, ROW)
    rows.writeheader()
    rows.writerows({**row, "shown": "yes" if row["shown"] else "no"} for row in page.rows)
    answer = HttpResponse(file.getvalue(), content_type="text/csv; charset=utf-8; header=present")
    answer.headers["Content-Disposition"] = (
        content_disposition_header(True, f"{page.mission}-figures.csv") or ""
    )
    return answer


def _page(request: HttpRequest, mission: str) -> Page:
    asked = (request.GET.get("at"), request.GET.get("known_at"))
    at, known_at = moment(*asked, now=timezone.now(), latest=latest_known())
    return public.page(mission, at, known_at)


def _shown(template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(render_to_string(template, dict(context)), status=status)


def _by_kind(page: Page) -> list[dict[str, Any]]:
    """The figures by what they count, in the order of the record: those shown, and those that stand beside them."""
    kinds: dict[str, list[Figure]] = {}
    for figure in page.figures:
        kinds.setdefault(figure.metric, []).append(figure)
    return [
        {
            "label": (label := KINDS.get(metric) or METRICS[metric]),
            "beside_label": f"{label}: claims that stand beside it",
            "shown": [figure for figure in found if figure.shown],
            "beside": [figure for figure in found if not figure.shown],
        }
        for metric, found in kinds.items()
    ]


def _map(page: Page) -> dict[str, Any]:
    """The map with its legend, and the table beside it: each state with everything that is said of it."""
    marks: dict[str, list[tuple[str, str]]] = {}
    for state, category, about in _marks(page):
        if state != "US":
            marks.setdefault(state, []).append((category, about))
    marked = {state: min((c for c, _ in found), key=STRONGEST.index) for state, found in marks.items()}
    said = {state: list(dict.fromkeys(words for _, words in found)) for state, found in marks.items()}
    drawn = us_map.draws(marked)
    words = {state: "; ".join(each) for state, each in said.items()}
    here = page.asked[0].request.state if page.asked else None
    return {
        "map": us_map.state_map(marked, here=here, words=words) if drawn else None,
        "legend": us_map.legend(marked),
        "states": [(state, said[state]) for state in sorted(marked, key=us_map.name_of)],
    }


def _marks(page: Page) -> Iterator[tuple[str, str, str]]:
    """What the page says of states: state, category of the map, words."""
    for asked in page.asked:
        outcome, state = asked.facts.outcome, asked.request.state
        if outcome in ("", "referred"):
            yield state, "asked", f"asked; the request is {asked.step.state.replace('_', ' ')}"
        else:
            yield state, "declined" if outcome == "declined" else "decided", state_of(asked.facts).rstrip(".")
    for figure in page.figures:
        if figure.metric in ON_THE_MAP and figure.shown and figure.evidence[0].startswith("claim "):
            counted = "" if figure.quantity is None else f": {figure.words}"
            yield figure.place, ON_THE_MAP[figure.metric], METRICS[figure.metric] + counted
    for thing, figures in page.apart:
        for figure in figures:
            yield figure.place, "separate", f"{thing.title}, not added in"
