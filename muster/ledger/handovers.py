"""Whether the signatures of handovers still hold, held against the entries and offers as they stand now.

What is signed stands in `roots.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef

from muster.access import signing
from muster.access.models import SigningKey
from muster.ledger.models import Entry, Handover, Offer
from muster.ledger.roots import ACCEPT, OFFER, root_on
from muster.record.models import Act

NOBODY_SIGNED = "nobody signed"
CHANGED = "what was signed is not what stands here"
AT_ONCE = 500  # handovers that are checked together


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One side's signature as it stands now; `why_not` is a clause, empty where it verifies."""

    side: str
    user: int
    key: UUID | None
    why_not: str

    @property
    def verifies(self) -> bool:
        return not self.why_not

    def __str__(self) -> str:
        return f"the {self.side}'s signature {'verifies' if self.verifies else 'does not count: ' + self.why_not}"


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A handover with what was signed: its two lists, their roots, and its signatures.

    `paper` is the witnessed paper that stands for the receiver's signature. `fault` is a clause for what is wrong beyond
    a signature, empty where nothing is.
    """

    handover: UUID
    giver: str
    receiver: str
    mission: str
    state: str
    offered: tuple[str, ...]
    accepted: tuple[str, ...]
    list_root: bytes
    accepted_root: bytes | None
    signatures: tuple[Signature, ...]
    paper: str
    fault: str

    @property
    def holds(self) -> bool:
        return not self.fault and all(signature.verifies for signature in self.signatures)


@dataclass(frozen=True)
class Bad:
    """A handover whose signatures do not hold, and why, in a sentence."""

    handover: UUID
    words: str


def signed(handovers: Collection[UUID]) -> dict[UUID, Signed]:
    """How these handovers stand, by id, each judged from its entries and offers as they stand now."""
    related = ("giver", "receiver", "offered_act", "answered_act", "giver_key", "receiver_key")
    offered: dict[UUID, list[str]] = defaultdict(list)
    for handover, tag in Offer.objects.filter(handover__in=handovers).values_list(
        "handover_id", "thing__tag"
    ):
        offered[handover].append(tag)
    moved: dict[UUID, list[_Moved]] = defaultdict(list)
    entries = Entry.objects.filter(handover__in=handovers).order_by("thing_id", "n")
    for handover, *columns in entries.values_list("handover_id", *_Moved._fields):
        moved[handover].append(_Moved(*columns))
    rows = Handover.objects.filter(pk__in=handovers).select_related(*related)
    return {row.pk: _judged(row, offered[row.pk], moved[row.pk]) for row in rows}


def first_bad() -> Bad | None:
    """The first handover, by id, that entries name and is gone, or whose signatures do not hold against them; None where all hold."""
    gone = Entry.objects.filter(handover__isnull=False).exclude(
        Exists(Handover.objects.filter(pk=OuterRef("handover_id")))
    )
    for handover in gone.order_by("handover_id").values_list("handover_id", flat=True)[:1]:
        return Bad(handover, f"Handover {handover}: entries rest on it and it is gone.")
    for ids in _all_ids():
        standing = signed(ids)
        for handover in ids:
            found = standing[handover]
            if not found.holds:
                wrong = [str(each) for each in found.signatures if not each.verifies]
                return Bad(handover, f"Handover {handover}: {found.fault or '; '.join(wrong)}.")
    return None


class _Moved(NamedTuple):
    """An entry that says it rests on a handover."""

    thing_id: UUID
    n: int
    act_id: UUID
    thing__tag: str
    kind: str
    giver_id: UUID
    receiver_id: UUID
    mission: str
    source: str


def _all_ids() -> Iterator[list[UUID]]:
    after: UUID | None = None
    while True:
        rows = Handover.objects.filter(pk__gt=after) if after else Handover.objects.all()
        ids = list(rows.order_by("pk").values_list("pk", flat=True)[:AT_ONCE])
        if not ids:
            return
        yield ids
        after = ids[-1]


def _apart(row: Handover, moved: Sequence[_Moved]) -> tuple[list[_Moved], list[_Moved]]:
    """The entries that the acceptance wrote, and those that rest on the handover though no acceptance wrote them.

    A correction or a merge says an entry again, in an act that takes the old one back: that one rests on it rightly.
    """
    accepted = [entry for entry in moved if entry.act_id == row.answered_act_id]
    later = [entry for entry in moved if entry.act_id != row.answered_act_id]
    if not later:
        return accepted, []
    written = {(entry.thing_id, entry.n) for entry in moved}
    pops = Entry.objects.filter(
        kind="pop", thing__in={thing for thing, _ in written}, act__in={entry.act_id for entry in later}
    )
    taken_back = Counter(
        act for thing, n, act in pops.values_list("thing_id", "corrects", "act_id") if (thing, n) in written
    )
    said_again = Counter(entry.act_id for entry in later)
    return accepted, [entry for entry in later if said_again[entry.act_id] > taken_back[entry.act_id]]


def _judged(row: Handover, offered: list[str], moved: list[_Moved]) -> Signed:
    by_acceptance, astray = _apart(row, moved)
    accepted = sorted({entry.thing__tag for entry in by_acceptance})
    list_root, accepted_root = root_on(row, offered), root_on(row, accepted)
    paper = next((entry.source for entry in by_acceptance if entry.source), "")
    fault = _fault(row, moved, astray, accepted_root)
    is_accepted = row.state == Handover.State.ACCEPTED
    signatures = [_givers(row, list_root)]
    if is_accepted and (row.receiver_signature or not paper):
        signatures.append(_receivers(row, accepted_root, fault))
    return Signed(
        handover=row.pk, giver=row.giver.code, receiver=row.receiver.code, mission=row.mission, state=row.state,
        offered=tuple(sorted(offered)), accepted=tuple(accepted), list_root=list_root,
        accepted_root=accepted_root if is_accepted else None, signatures=tuple(signatures), paper=paper, fault=fault,
    )  # fmt: skip


def _givers(row: Handover, root: bytes) -> Signature:
    """The giver's signature, held against the root of what is on offer by the rows as they stand."""
    key, why_not = row.giver_key, NOBODY_SIGNED
    if row.list_root is not None and bytes(row.list_root) != root:
        why_not = CHANGED
    elif key and row.giver_signature:
        why_not = _why_not(key, OFFER + root, bytes(row.giver_signature), row.offered_by, row.offered_act)
    return Signature(side="giver", user=row.offered_by, key=row.giver_key_id, why_not=why_not)


def _receivers(row: Handover, root: bytes, fault: str) -> Signature:
    """The receiver's signature, held against the root of what changed hands by the entries as they stand.

    Where the entries contradict the handover in another way (`fault`), it signed something else.
    """
    key, why_not, user = row.receiver_key, NOBODY_SIGNED, row.accepted_by or 0
    if key and row.receiver_signature and row.answered_act:
        why_not = fault or _why_not(key, ACCEPT + root, bytes(row.receiver_signature), user, row.answered_act)
    return Signature(side="receiver", user=user, key=row.receiver_key_id, why_not=why_not)


def _why_not(key: SigningKey, message: bytes, signature: bytes, user: int, act: Act) -> str:
    if key.user_id != user or act.actor_id != user:
        return "its key is not that of who is named"
    return signing.why_not(key, message, signature, signed_at=act.recorded_at)


def _fault(row: Handover, moved: Sequence[_Moved], astray: Sequence[_Moved], accepted_root: bytes) -> str:
    """What is wrong with a handover whatever its signatures say."""
    if row.state != Handover.State.ACCEPTED:
        return "entries rest on it and nobody accepted it" if moved else ""
    if row.accepted_by is None:
        return "it is accepted and nobody is named for the receiver"
    if row.accepted_by == row.offered_by:
        return "one person stands for both sides"
    if row.accepted_root is None or bytes(row.accepted_root) != accepted_root:
        return "the entries are not those that were accepted"
    if any(
        (m.kind, m.giver_id, m.receiver_id, m.mission) != ("push", row.giver_id, row.receiver_id, row.mission)
        for m in moved
    ):
        return "an entry rests on it and moves somebody otherwise than it says"
    if astray:
        tags = ", ".join(sorted({m.thing__tag for m in astray}))
        return f"an entry of {tags} rests on it and was written by no acceptance, correction or merge"
    return ""
