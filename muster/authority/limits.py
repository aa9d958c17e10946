"""Limits below the law, and what each says of a line: a federal order, a decision, the request itself, a site."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache, cached_property

from muster.assistance.rules import Line, Request
from muster.authority.findings import DEPTH, Basis, Facts, LayerName, Said, Verdict
from muster.authority.law import Ruled
from muster.core.tasks import CONTACTS, Contact, contact_of


@dataclass(frozen=True, kw_only=True)
class LimitLayer:
    """Limits that stand below the law: a federal order, a governor's decision, or a site's own rule.

    None or an empty tuple bounds nothing. `basis` gives for each limit, by its field name, the rule and the
    sentence to quote; `otherwise` is the finding for a task or status that the layer does not name.
    """

    name: LayerName
    basis: Mapping[str, Basis] = field(default_factory=dict)
    known_from: date | None = None  # before this day nobody knew of it, so it has no say
    effective_from: date | None = None  # both ends included
    effective_to: date | None = None
    statuses: tuple[str, ...] = ()
    tasks_allowed: tuple[str, ...] | None = None
    tasks_barred: tuple[str, ...] = ()
    contact: Contact | None = None  # the most that is allowed
    places: tuple[str, ...] = ()
    volunteers_only: bool = False
    people_max: int | None = None  # at any one moment: a line that may bring more is held to it
    otherwise: Verdict = "prohibited"

    @cached_property
    def place(self) -> tuple[int, str]:
        """Where it stands among layers of limits, in whatever order they are given."""
        return DEPTH[self.name], repr(self)


def limit_layer(
    name: LayerName, *, rules: Sequence[Ruled], effective_from: date | None, effective_to: date | None
) -> LimitLayer:
    """Make a layer of the rules of an order. Nobody could know it before it took effect."""
    basis: dict[str, Basis] = {}
    for rule in rules:
        for limit, given in (
            ("tasks_barred", rule.prohibits),
            ("tasks_allowed", rule.allows),
            ("statuses", rule.allows_statuses),
        ):
            if given:
                basis[limit] = rule.basis
    allowed = tuple(task for rule in rules for task in rule.allows)
    return LimitLayer(
        name=name,
        basis=basis,
        known_from=effective_from,
        effective_from=effective_from,
        effective_to=effective_to,
        statuses=tuple(status for rule in rules for status in rule.allows_statuses),
        tasks_allowed=allowed or None,
        tasks_barred=tuple(task for rule in rules for task in rule.prohibits),
        otherwise=next((rule.otherwise for rule in rules if rule.otherwise), "prohibited"),
    )


# Of several limits of one layer that a line breaks, the one that stands first here is quoted.
_LIMITS = {
    "effective_from": 0,
    "effective_to": 1,
    "tasks_barred": 2,
    "tasks_allowed": 3,
    "statuses": 4,
    "contact": 5,
    "places": 6,
    "volunteers_only": 7,
    "people_max": 8,
}


def has_a_say(layer: LimitLayer, on_date: date) -> bool:
    """Whether anybody could know of the layer by that day."""
    return layer.known_from is None or layer.known_from <= on_date


def limits_say(layer: LimitLayer, line: Line, status: str, on_date: date, facts: Facts) -> Iterator[Said]:
    """What a layer of limits says of one line in that duty status: each limit that it breaks, or may break."""

    def say(verdict: Verdict, limit: str, words: str, condition: str = "") -> Said:
        basis = layer.basis.get(limit) or Basis(rule=limit, citation=layer.name, verified=False, words=words)
        conditions = (condition,) if condition else ()
        changes = (_amended(layer.name, limit),)
        return Said(verdict, layer.name, _LIMITS[limit], basis, conditions, changes=changes)

    if layer.effective_from and on_date < layer.effective_from:
        yield say("prohibited", "effective_from", f"It begins on {layer.effective_from}.")
    if layer.effective_to and on_date > layer.effective_to:
        yield say("prohibited", "effective_to", f"It expired: {layer.effective_to} was its last day.")
    if line.task in layer.tasks_barred:
        yield say("prohibited", "tasks_barred", f"{line.task} is barred.")
    elif layer.tasks_allowed is not None and line.task not in layer.tasks_allowed:
        yield say(layer.otherwise, "tasks_allowed", f"{line.task} is not among the tasks allowed.")
    if layer.statuses and status not in layer.statuses:
        yield say(layer.otherwise, "statuses", f"{status} is not a duty status that it provides for.")
    if layer.contact is not None and layer.contact != "direct":
        contact = contact_of(line.task, line.contact)
        words = f"At most {layer.contact} contact with persons in custody is allowed."
        if layer.contact == "none":
            words = "No contact with persons in custody is allowed."
        if contact is None:
            yield say("conditional", "contact", words, f"{words} (not stated: contact of line {line.n})")
        elif CONTACTS.index(contact) > CONTACTS.index(layer.contact):
            yield say("prohibited", "contact", words)
    if layer.places and line.place is None:
        words = f"Only at {', '.join(layer.places)}."
        yield say("conditional", "places", words, f"{words} (not stated: place of line {line.n})")
    elif layer.places and line.place not in layer.places:
        yield say("prohibited", "places", f"Only at {', '.join(layer.places)}.")
    most = line.people.high_end
    if layer.people_max is not None and (most is None or most > layer.people_max):
        words = f"At most {layer.people_max:,} people at any one moment."
        yield say("conditional", "people_max", words, f"{words} (asked for: {line.people.said})")
    if layer.volunteers_only:
        yield from _volunteers(say("prohibited", "volunteers_only", "Volunteers only."), facts)


@cache
def _amended(layer: LayerName, limit: str) -> str:
    who = {
        "federal order": "The text of the order, or counsel's written opinion on it",
        "governor's decision": "An amendment of the decision by the office that issued it",
        "site rule": "Whoever keeps the site changes its rule",
    }
    return f"{who.get(layer, layer)} ({limit.replace('_', ' ')})."


def _volunteers(refusal: Said, facts: Facts) -> Iterator[Said]:
    volunteers = facts.get("members_are_volunteers")
    if volunteers is False:
        yield refusal
    elif volunteers is not True:
        named = "Only members who volunteer (not stated: members_are_volunteers)"
        fact = "members_are_volunteers"
        changes = (f"Prohibited where it is known that not all of them volunteered ({fact}).",)
        yield Said("conditional", refusal.layer, refusal.order, refusal.basis, (named,), (fact,), changes)


def scope_says(request: Request, line: Line, on_date: date) -> Iterator[Said]:
    """What the request itself leaves out, and the window it names."""

    def say(rule: str, words: str) -> Said:
        basis = Basis(rule=rule, citation=f"Request {request.id}", verified=True, words=words)
        changes = ("The requester amends the request, or asks again.",)
        return Said("prohibited", "request scope", 0, basis, changes=changes)

    for exclusion in request.exclusions:
        if exclusion.task == line.task:
            yield say("exclusions", f"The request itself leaves {line.task} out: {exclusion.words}")
    if line.window_to and on_date > line.window_to:
        yield say("window", f"It was asked for until {line.window_to} only.")
