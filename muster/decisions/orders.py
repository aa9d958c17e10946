"""A decision's order as data: everything that was decided, on which findings, and how to check it against the record."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone

from muster.authority.models import Assessment
from muster.core.tasks import TASKS
from muster.core.times import parse_moment
from muster.decisions import queries, signatures
from muster.decisions.drafting import canonical
from muster.decisions.models import Confirmation, Decision, Delegation
from muster.decisions.rules import InForce, sentences_of
from muster.ledger import queries as ledger
from muster.record.models import Act

FORMAT = "muster.order/1"


def order_of(decision: Decision, at: str | None, known_at: str | None) -> dict[str, Any]:
    """Give the order for a moment or a day in words, as known at an act: its end where the decision counts its days; None is now.

    The same moment and act give the same order, byte for byte. Raises NotAMoment, NotKnownThen.
    """
    known = ledger.known(known_at)
    ledger.check_known(decision, known)
    moment = parse_moment(at, queries.zone_of(decision, known)) if at else timezone.now()
    return order_as_known(decision, moment, known)


def order_as_known(decision: Decision, at: datetime, known: int) -> dict[str, Any]:
    """The same for a moment and an act's number at which it was known."""
    return hashed(_order(decision, at, known))


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
        "instrument_kind": decision.instrument_kind,
        "instrument": decision.instrument,
        "confirmation": _confirmation(decision, known),
        "legal_authority": decision.legal_authority,
        "funding_ref": decision.funding_ref,
        "referred_to": decision.referred_to and decision.referred_to.title,
        "supersedes": decision.supersedes_id,
        "superseded_by": _superseded_by(decision, known),
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
    return {**rest, "sha256": hashlib.sha256(canonical(rest).encode()).hexdigest()}


def _in_force(found: InForce) -> dict[str, Any]:
    return {
        "why": found.why,
        "since": _iso(found.since),
        "version": found.version,
        "limits": found.limits and found.limits.to_json(),
        "sentences": sentences_of(found.limits),
    }


def _confirmation(decision: Decision, known: int) -> dict[str, Any] | None:
    """The paper that confirmed a verbal decision, as known at an act's number."""
    found = Confirmation.objects.filter(decision=decision, act__number__number__lte=known).first()
    return {"instrument": found.instrument, "at": _iso(found.at)} if found else None


def _superseded_by(decision: Decision, known: int) -> list[str]:
    later = decision.superseded_by.filter(act__number__number__lte=known)
    return list(later.order_by("act__number__number").values_list("pk", flat=True))


def _versions(decision: Decision, known: int) -> list[dict[str, Any]]:
    kept = {row.n: row for row in decision.versions.select_related("act__actor", "delegation")}
    signed = signatures.of_acts([row.act_id for row in kept.values()])
    return [
        {
            "n": version.n,
            "kind": version.kind,
            "effective_at": _iso(version.effective_at),
            "act": version.known,
            "by": _who(kept[version.n].act),
            "delegation": _delegation(kept[version.n].delegation),
            "reason": kept[version.n].reason,
            "lines": kept[version.n].lines,
            "limits": version.limits and version.limits.to_json(),
            "sentences": sentences_of(version.limits),
            "signed": None if decision.reported_on else signatures.told(signed.get(kept[version.n].act_id)),
        }
        for version in queries.versions_known(decision, known)
    ]


def _who(act: Act) -> str | None:
    return act.actor.get_username() if act.actor else None


def _delegation(under: Delegation | None) -> str | None:
    return under.instrument if under else None


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
