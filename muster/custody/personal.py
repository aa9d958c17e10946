"""What is personal of somebody: the agency's reference, and what a rule of the site asks for, such as a name.

It rests as ciphertext under a key of the person's own. The key is destroyed in `disposal.py`; then nothing opens any more what was
written, and the ledger verifies as before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from django.db import connection
from pydantic import PlainSerializer, SerializationInfo, StringConstraints

from muster.access import sealing
from muster.access.control import Actor, Scope, may
from muster.core.errors import MusterError, NotFound
from muster.core.times import zone
from muster.custody.merging import (
    AlreadyMerged,
    NotAPerson,
    Tag,
    merged_into,
    person,
    scope_of,
    stands_for,
    with_duplicates,
)
from muster.custody.models import Disposal, PersonalField, PersonalKey, PersonalShown, Reference
from muster.custody.references import digest_of
from muster.custody.rules import ListKeepsSite
from muster.custody.standards import STANDARDS, Cited
from muster.ledger.models import Thing
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import LATEST_ACT, Act

PURPOSE = b"muster/personal-keys/1"
# Plain text is filled up to a multiple of this: the length of a name would narrow it down.
BLOCK_BYTES = 128
LENGTH_BYTES = 2

Field = Literal["agency_reference", "name", "birth_date", "address", "contact"]
REFERENCE = "agency_reference"
Value = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class Disposed(MusterError):
    """The person's key was destroyed."""

    code = "custody.disposed"
    status = 409

    def __init__(self, *, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"What was personal of {tag} was disposed of, and nothing can be added to it. "
            "If the same person is in custody again, use the tag of the new record."
        )


class NotGiven(MusterError):
    """Nobody has written this of the person."""

    code = "custody.not_given"
    status = 404

    def __init__(self, *, tag: str, field: str) -> None:
        self.tag, self.field = tag, field
        words = PersonalField.Name(field).label
        super().__init__(f"Nobody has recorded of {tag}: {words}. Ask the agency that holds the person.")


class NotAsked(MusterError):
    """No rule of the site asks for it, so it is not kept."""

    code = "custody.not_asked"
    status = 409

    def __init__(self, *, tag: str, field: str, site: str) -> None:
        self.tag, self.field, self.site = tag, field, site
        super().__init__(
            f"No rule of the standards that hold at {site} asks for this of {tag}: {PersonalField.Name(field).label}. Nothing was "
            "kept. Whoever answers for the site states its standard first, if one asks for it."
        )


class ReferenceTaken(MusterError):
    """The site knows another person by this reference. It is not repeated: a refusal is kept for ever."""

    code = "custody.reference_taken"
    status = 409

    def __init__(self, *, tag: str, other: str | None) -> None:
        self.tag, self.other = tag, other  # None where the other is not for this reader
        whose = f"that of {other} here" if other else "known here as somebody else's"
        super().__init__(
            f"The reference given for {tag} is {whose}. Check it; if the two are one person, have them merged first."
        )


class DoesNotOpen(MusterError):
    """What was written is there and its key is not, or rests under another secret: a restored record whose keys are not."""

    code = "custody.does_not_open"
    status = 409

    def __init__(self, *, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"What is personal of {tag} does not open: its key is not in this record, or was sealed under another secret. "
            "An administrator restores the keys and the secret that belong to this record; nothing was changed."
        )


@dataclass(frozen=True)
class Written:
    """Of whom something personal was written, and what it is; not what was written."""

    tag: str
    field: str


def _opened_abroad(field: UUID, asked: SerializationInfo) -> str | None:
    """What a door tells; in the record, where nothing is asked for a door, the answer names the row and not what it says."""
    return str(field) if asked.context is None else _told(field)


def _told(field: UUID) -> str | None:
    try:
        return _open(PersonalField.objects.select_related("thing").get(pk=field))
    except DoesNotOpen:
        return None


@dataclass(frozen=True)
class Shown:
    """Something personal of somebody. `value` is told at the doors alone, and null once the key has been destroyed."""

    tag: str
    field: str
    value: Annotated[UUID, PlainSerializer(_opened_abroad, return_type=str | None)]


def value_of(shown: Shown) -> str | None:
    """What was shown, in words; None once the key has been destroyed."""
    return _told(shown.value)


def lock(things: Collection[UUID]) -> None:
    """Keep others from the keys of these things until the transaction ends. Rows of things are not locked: nobody may change them."""
    with connection.cursor() as cursor:
        for thing in sorted(things):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"personal {thing}"])


def person_locked(tag: str) -> tuple[Scope, Thing]:
    """The person, and where the record of the person belongs: to the latest site. Raises NotFound, TagMisread."""
    thing = person(tag)
    lock([one.pk for one in with_duplicates(thing)])
    return scope_of(thing), thing


def check_stands(thing: Thing) -> None:
    """Raises NotAPerson, AlreadyMerged."""
    if thing.kind != Thing.Kind.PERSON:
        raise NotAPerson(tag=thing.tag, kind=thing.get_kind_display())
    if into := merged_into(thing):
        raise AlreadyMerged(tag=thing.tag, into=into.tag)


@action("custody.write_personal", about=person_locked)
def write_personal(*, act: Act, row: Thing, actor: Actor, tag: Tag, field: Field, value: Value) -> Written:
    """Write the agency's reference of a person, or what a rule of the site asks for, sealed; the latest counts, and the rest stays.

    A reference is matched by the observations of the site from now on; an earlier one goes on being matched.

    Raises NotFound, NotAPerson, AlreadyMerged, Disposed, DoesNotOpen, NotAsked; of a reference, ListKeepsSite where the
    site's lists say it, and ReferenceTaken.
    """
    check_stands(row)
    if Disposal.objects.filter(thing=row).exists():
        raise Disposed(tag=row.tag)
    if field == REFERENCE:
        _match_by(value, row, act=act, actor=actor)
    elif field not in asked_of(row, now=act.recorded_at):
        raise NotAsked(tag=row.tag, field=field, site=scope_of(row).site or "outside")
    key = _key_of(row) or _new_key(row)
    PersonalField.objects.create(act=act, thing=row, field=field, sealed=_sealed(value, key, row, field))
    return Written(row.tag, field)


@action("custody.show_personal", about=person_locked)
def show_personal(*, act: Act, row: Thing, actor: Actor, tag: Tag, field: Field) -> Shown:
    """Show something personal of a person, as it was last written. Who was shown it is in the record.

    What was written of a record that is merged into the person's counts like what was written of this one.

    Raises NotFound, NotAPerson, AlreadyMerged, Disposed, NotGiven, DoesNotOpen.
    """
    check_stands(row)
    if Disposal.objects.filter(thing=row).exists():
        raise Disposed(tag=row.tag)
    written = PersonalField.objects.filter(thing__in=with_duplicates(row), thing__disposal__isnull=True)
    found = written.filter(field=field).order_by(LATEST_ACT, "-id").first()
    if found is None:
        raise NotGiven(tag=row.tag, field=field)
    _open(found)
    PersonalShown.objects.create(act=act, field=found)
    return Shown(row.tag, field, found.pk)


def asked_of(thing: Thing, *, now: datetime) -> Mapping[str, Cited]:
    """What the rules at the person's latest site ask for on this day, and which rule asks; nothing for whoever was at none."""
    site = Site.objects.filter(pk=scope_of(thing).site).first()
    if site is None:
        return {}
    day = now.astimezone(zone(site.zone)).date()
    return {field: rule for each in STANDARDS for field, rule in each.personal(site, day).items()}


def written_of(thing: Thing) -> set[str]:
    """What was written of the person, and of records merged into the person's; not what it says."""
    rows = PersonalField.objects.filter(thing__in=with_duplicates(thing), thing__disposal__isnull=True)
    return set(rows.values_list("field", flat=True))


def sealed_under(thing: Thing, what: str, text: str) -> bytes:
    """Words about a person as ciphertext under the key of the person's own; made where there is none. Raises Disposed, DoesNotOpen."""
    lock([thing.pk])
    if Disposal.objects.filter(thing=thing).exists():
        raise Disposed(tag=thing.tag)
    return _sealed(text, _key_of(thing) or _new_key(thing), thing, what)


def opened_under(thing: Thing, what: str, sealed: bytes) -> str | None:
    """Such words again; None once the key was destroyed. Raises DoesNotOpen."""
    if Disposal.objects.filter(thing=thing).exists():
        return None
    key = _key_of(thing)
    if key is None:
        raise DoesNotOpen(tag=thing.tag)
    return _read(_opened(sealed, thing, key=key, place=_place(thing, what)))


def _match_by(reference: str, thing: Thing, *, act: Act, actor: Actor) -> None:
    """Have the reference matched at the person's site; that of a record which is merged into the person's is matched already."""
    code = scope_of(thing).site
    if code is None:
        raise NotFound(kind="person", name=thing.tag)
    site = Site.objects.select_for_update().get(pk=code)
    if site.kept_by_list_since:
        raise ListKeepsSite(site=code)
    made = {"act": act, "thing": thing}
    known, _ = Reference.objects.select_related("thing").get_or_create(
        site=site, digest=digest_of(site, reference), defaults=made
    )
    other = stands_for(known.thing)
    if other.pk != thing.pk:
        tag = other.tag if may(actor, "read", scope_of(other)) else None
        raise ReferenceTaken(tag=thing.tag, other=tag)


def _new_key(thing: Thing) -> bytes:
    key = sealing.new_key()
    sealed = sealing.seal(key, key=sealing.installation_key(PURPOSE), bound_to=str(thing.pk).encode())
    PersonalKey.objects.create(thing=thing, sealed=sealed)
    return key


def _key_of(thing: Thing) -> bytes | None:
    """The person's key; None where there is none. Raises DoesNotOpen."""
    found = PersonalKey.objects.filter(thing=thing).first()
    if found is None:
        return None
    return _opened(bytes(found.sealed), thing, key=sealing.installation_key(PURPOSE), place=str(thing.pk))


def _sealed(value: str, key: bytes, thing: Thing, field: str) -> bytes:
    text = value.encode()
    plain = len(text).to_bytes(LENGTH_BYTES) + text
    filled = plain.ljust(-(-len(plain) // BLOCK_BYTES) * BLOCK_BYTES, b"\0")
    return sealing.seal(filled, key=key, bound_to=_place(thing, field).encode())


def _open(row: PersonalField) -> str:
    """What was written. Raises DoesNotOpen."""
    key = _key_of(row.thing)
    if key is None:
        raise DoesNotOpen(tag=row.thing.tag)
    plain = _opened(bytes(row.sealed), row.thing, key=key, place=_place(row.thing, row.field))
    return _read(plain)


def _read(plain: bytes) -> str:
    length = int.from_bytes(plain[:LENGTH_BYTES])
    return plain[LENGTH_BYTES : LENGTH_BYTES + length].decode()


def _opened(sealed: bytes, thing: Thing, *, key: bytes, place: str) -> bytes:
    try:
        return sealing.opened(sealed, key=key, bound_to=place.encode())
    except InvalidTag:
        raise DoesNotOpen(tag=thing.tag) from None


def _place(thing: Thing, field: str) -> str:
    """What a ciphertext is bound to: it opens of no other person and as no other field."""
    return f"{thing.pk} {field}"
