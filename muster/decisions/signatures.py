"""Who signed a version of a decision with a passkey, and whether that still holds against the version as it stands now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from muster.access import passkeys
from muster.access.control import Actor
from muster.access.passkeys import Assertion, Passkey
from muster.decisions.drafting import SIGNED_DETAILS, Draft, said
from muster.decisions.models import PasskeySignature, Version
from muster.record.models import Act

CHANGED = "what was signed is not what stands here"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """One signature by passkey as it stands now; `why_not` is a clause, empty where it verifies. `sha256` is of the text signed."""

    credential: str
    sha256: str
    why_not: str

    @property
    def verifies(self) -> bool:
        """Whether it counts."""
        return not self.why_not


def checked(draft: Draft, actor: Actor, given: Assertion | None) -> tuple[str, Passkey] | None:
    """The text that the actor signed, and with which passkey; None where the account has none. Raises PasskeyNeeded, PasskeyRefused."""
    text = draft.text(actor.user)
    found = passkeys.check(actor.user, actor.name, text, given)
    return None if found is None else (text, found)


def keep(version: Version, act: Act, signed: tuple[str, Passkey] | None, given: Assertion | None) -> None:
    """Keep a signature that was checked with the version that it signs."""
    if signed is None or given is None:
        return
    text, passkey = signed
    PasskeySignature.objects.create(
        act=act, version=version, text=text, public_key=passkey.public_key, asked=given.asked, credential_id=given.credential_id,
        authenticator_data=given.authenticator_data, client_data=given.client_data, signature=given.signature,
    )  # fmt: skip


def of_acts(acts: Collection[UUID]) -> dict[UUID, Signed]:
    """The signatures by passkey of these acts, each judged against what stands now; an act signed by sign-in alone has none."""
    rows = _rows().filter(act__in=acts)
    return {row.act_id: _judged(row) for row in rows}


def told(found: Signed | None) -> dict[str, Any]:
    """How a version was signed, as data: by a passkey, or by the sign-in of an account that has none."""
    if found is None:
        return {"how": "sign_in", "verified": None, "credential": None, "text_sha256": None}
    return {
        "how": "passkey",
        "verified": found.verifies,
        "credential": found.credential,
        "text_sha256": found.sha256,
    }


def first_bad() -> str | None:
    """The first signature by passkey, by the order of writing, that does not hold, in a sentence; None where all hold."""
    for row in _rows().order_by("pk").iterator(chunk_size=500):
        found = _judged(row)
        if not found.verifies:
            return f"Version {row.version.n} of {row.version.decision_id}: its signature by passkey does not count: {found.why_not}."
    return None


def _rows() -> Any:
    return PasskeySignature.objects.select_related("version__act", "version__decision")


def _judged(row: PasskeySignature) -> Signed:
    given = Assertion(row.asked, row.credential_id, row.authenticator_data, row.client_data, row.signature)
    why_not = passkeys.why_not(given, row.text, row.public_key)
    if not why_not and not _is_as_signed(row):
        why_not = CHANGED
    return Signed(
        credential=row.credential_id, sha256=hashlib.sha256(row.text.encode()).hexdigest(), why_not=why_not
    )  # fmt: skip


def _is_as_signed(row: PasskeySignature) -> bool:
    """Whether the version says now all that was signed. The sentences were its words then, and are not made again."""
    try:
        signed: Mapping[str, Any] = json.loads(row.text)
    except ValueError:
        return False
    now = _said(row.version)
    return all(now.get(name) == value for name, value in signed.items() if name != "sentences")


def _said(version: Version) -> dict[str, Any]:
    row = version.decision
    ids = {
        "referred_to": row.referred_to_id,
        "supersedes": row.supersedes_id,
        "findings_seen": row.findings_seen_id,
    }
    details = {name: ids[name] if name in ids else getattr(row, name) for name in SIGNED_DETAILS}
    return said(
        version.act.actor_id or 0, decision=None if version.n == 1 else row, n=version.n, kind=version.kind, office=row.office_id,
        request=row.request_id, effective_at=version.effective_at, reason=version.reason, limits=version.limits,
        lines=version.lines, delegation=version.delegation_id, details=details if version.n == 1 else {},
    )  # fmt: skip
