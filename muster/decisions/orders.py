"""A decision's order as data: everything that was decided, on which findings, and how to check it against the record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from muster.authority.models import Assessment
from muster.core.errors import MusterError
from muster.core.tasks import TASKS
from muster.core.times import parse_moment
from muster.decisions import queries
from muster.decisions.models import Decision
from muster.decisions.rules import InForce, Limits
from muster.ledger import queries as ledger

FORMAT = "muster.order/1"


class NotKnownThen(MusterError):
    """The decision was recorded after the act that was named."""

    code = "decisions.not_known_then"
    status = 422

    def __init__(self, *, decision: str, known_at: int) -> None:
        self.decision, self.known_at = decision, known_at
        super().__init__(
            f"{decision} was not yet recorded as known at act {known_at}. Name a later act, or none for the latest."
        )


def order_of(decision: Decision, at: str | None, known_at: str | None) -> dict[str, Any]:
    """Give the order for a moment or a day in words, as known at an act: its end where the decision counts its days; None is now.

    The same moment and act give the same order, byte for byte. Raises NotAMoment, NotKnownThen.
    """
    known = ledger.known(known_at)
    if not Decision.objects.filter(pk=decision.pk, act__number__number__lte=known).exists():
        raise NotKnownThen(decision=decision.pk, known_at=known)
    moment = parse_moment(at, queries.zone_of(decision, known)) if at else timezone.now()
    return hashed(_order(decision, moment, known))


def _order(decision: Decision, at: datetime, known: int) -> dict[str, Any]:
    request = decision.request
    return {
        "format": FORMAT,
        "decision": decision.pk,
        "as_of": _iso(at),
        "known_at": known,
        "zone": queries.zone_of(decision, known).key,
        "exercise": request.kind == "exercise",
        "request": {
            "id": request.pk,
            "title": request.title,
            "agency": request.agency and request.agency.name,
        },
        "office": decision.office.title,
        "outcome": decision.outcome,
        "reason": decision.reason,
        "instrument": decision.instrument,
        "decided_at": _iso(decision.decided_at),
        "reported_on": decision.reported_on and decision.reported_on.isoformat(),
        "reported_about": decision.reported_about,
        "source": decision.source and (decision.source.title or decision.source.publisher),
        "in_force": _in_force(queries.in_force(decision, at, known)),
        "versions": _versions(decision, known),
        "findings": _findings(decision.findings_seen),
        "verify": [
            f"muster order {decision.pk} --at {_iso(at)} --known-at {known} --out order.json writes the same order with the same SHA-256.",
            "The hash is of the JSON without its field sha256: keys sorted, no spaces, UTF-8.",
            "muster judge and the number of an act show what was in force at it; muster verify recomputes the record, and with a "
            "checkpoint kept elsewhere shows whether any act was changed since.",
        ],
    }


def hashed(order: Mapping[str, Any]) -> dict[str, Any]:
    """The order with the SHA-256 of everything else in it, over its JSON with sorted keys and no spaces, in UTF-8."""
    rest = {name: value for name, value in order.items() if name != "sha256"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {**rest, "sha256": hashlib.sha256(text.encode()).hexdigest()}


def sentences_of(limits: Limits | None) -> list[str]:
    """The limits in the decision's words: a sentence for each that is set, the tasks by name, and the conditions."""
    if limits is None:
        return []
    tasks = [f"{task}: {TASKS[task].name}." for task in limits.tasks_allowed or ()]
    return [*(limits.sentence(name) for name in limits.bounding), *tasks, *limits.conditions]


def _in_force(found: InForce) -> dict[str, Any]:
    return {
        "why": found.why,
        "since": _iso(found.since),
        "version": found.version,
        "sentences": sentences_of(found.limits),
    }


def _versions(decision: Decision, known: int) -> list[dict[str, Any]]:
    kept = {n: (reason, lines) for n, reason, lines in decision.versions.values_list("n", "reason", "lines")}
    return [
        {
            "n": version.n,
            "kind": version.kind,
            "effective_at": _iso(version.effective_at),
            "act": version.known,
            "reason": kept[version.n][0],
            "lines": kept[version.n][1],
            "limits": version.limits and version.limits.to_json(),
            "sentences": sentences_of(version.limits),
        }
        for version in queries.versions_known(decision, known)
    ]


def _findings(seen: Assessment | None) -> dict[str, Any] | None:
    if seen is None:
        return None
    names = (
        *("line", "task", "finding", "layer", "rule", "citation", "verified", "words", "conditions"),
        *("mark", "unverified", "pack", "signed"),
    )
    return {
        "assessment": str(seen.pk),
        "version": seen.version,
        "status": seen.status,
        "on_date": seen.on_date.isoformat(),
        "facts": seen.facts,
        "lines": [{**row, "name": TASKS[row["task"]].name} for row in seen.findings.values(*names)],
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
