"""What is recorded of a case: who keeps it, its transfer to somebody who accepts, notes, documents, appointments, notices with their proof.

A case needs no opening: it is there with the stay (`stays.py`). Nothing here keeps a person anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, PlainSerializer, SerializationInfo, StringConstraints

from muster.access.control import Actor, Scope, actor_of, may
from muster.access.models import User
from muster.cases.actions import (
    ByWhom,
    Code,
    Name,
    Short,
    Tags,
    Words,
    event_to_record,
    keep_breaches,
    persons_tagged,
)
from muster.cases.models import (
    Appointment,
    AppointmentEnded,
    CaseAnswered,
    CaseDocument,
    CaseKept,
    CaseNote,
    CaseNoteShown,
    CaseTransfer,
    NoticeSent,
    RecordedEvent,
)
from muster.cases.packs import load_standards
from muster.cases.rules import HOW, NOTICES, Event
from muster.cases.stays import Case, cases_of
from muster.core.errors import MusterError, NotFound
from muster.core.times import check_happened
from muster.custody.actions import site_locked
from muster.custody.merging import stands_for
from muster.custody.models import Disposal
from muster.custody.personal import Disposed, DoesNotOpen, opened_under, sealed_under
from muster.custody.queries import scope_of, site_for_change
from muster.custody.rules import AlreadySettled, check_reason, read_tags
from muster.ledger.models import Entry
from muster.parties.models import Site
from muster.record.action import action
from muster.record.models import Act

Tag = Annotated[str, Field(max_length=20)]
Reason = Annotated[str, Field(min_length=3, max_length=2000)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Sha256 = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern="^[0-9a-fA-F]{64}$")]
MaybeSha256 = Annotated[
    str, StringConstraints(strip_whitespace=True, to_lower=True, pattern="^([0-9a-fA-F]{64})?$")
]


class NotACaseWorker(MusterError):
    """The account keeps no cases at that site."""

    code = "cases.not_a_case_worker"

    def __init__(self, *, worker: str, site: str) -> None:
        self.worker, self.site = worker, site
        super().__init__(
            f"{worker[:60]!r} keeps no cases at {site}: there is no such account with a role there that does. Nothing was kept. "
            "Name the account of a clerk of the site, or of the operations center."
        )


class KeptAlready(MusterError):
    """Somebody keeps these cases, so they are transferred and not assigned."""

    code = "cases.kept_already"
    status = 409

    def __init__(self, *, tags: Sequence[str], keeper: str) -> None:
        self.tags, self.keeper = list(tags), keeper
        super().__init__(
            f"{', '.join(tags)}: kept by {keeper} already. Nothing was kept, of the others either. Have it offered to you, and accept it."
        )


class NotKeptHere(MusterError):
    """The site does not keep these cases."""

    code = "cases.not_kept_here"
    status = 409

    def __init__(self, *, tags: Sequence[str], site: str) -> None:
        self.tags, self.site = list(tags), site
        super().__init__(
            f"{', '.join(tags)}: not kept by {site}. Nothing was kept. Whoever keeps a case offers it; one that nobody keeps is assigned."
        )


class TransferWaits(MusterError):
    """These cases are on offer already."""

    code = "cases.transfer_waits"
    status = 409

    def __init__(self, *, tags: Sequence[str]) -> None:
        self.tags = list(tags)
        super().__init__(
            f"{', '.join(tags)}: offered already, and not answered. Nothing was kept. Let it be answered, or withdraw it first."
        )


class SameKeeper(MusterError):
    """A case would be transferred to whoever keeps it."""

    code = "cases.same_keeper"

    def __init__(self, *, tags: Sequence[str]) -> None:
        self.tags = list(tags)
        super().__init__(
            f"{', '.join(tags)}: kept by the same already. Name another worker, or another site."
        )


class NotTheReceiver(MusterError):
    """Somebody else than the one it is offered to would accept, or whoever offered it."""

    code = "cases.not_the_receiver"
    status = 409

    def __init__(self, *, receiver: str) -> None:
        self.receiver = receiver
        super().__init__(
            f"This case is for {receiver} to accept, and whoever offered it does not. Nothing was kept, and who kept it keeps it."
        )


class WhyNeeded(MusterError):
    """The outcome of an appointment needs a reason."""

    code = "cases.why_needed"

    def __init__(self, *, outcome: str) -> None:
        self.outcome = outcome
        super().__init__(f"Say why it was {outcome}. Nothing was kept.")


class NewTimeNeeded(MusterError):
    """An appointment is moved to no time, or another outcome has a new one."""

    code = "cases.new_time_needed"

    def __init__(self) -> None:
        super().__init__(
            "One that is moved needs its new time, and only that one has it. Nothing was kept. Cancel it where no new time is known."
        )


class NotANotice(MusterError):
    """No rule asks for the event as a notice."""

    code = "cases.not_a_notice"

    def __init__(self, *, event: Event, known: Sequence[str]) -> None:
        self.event = event.id
        super().__init__(
            f"{event.words}: no rule asks for that as a notice. Record it as an event, or write one of: {', '.join(known)}."
        )


class NoProof(MusterError):
    """A notice without anything that proves it."""

    code = "cases.no_proof"

    def __init__(self, *, event: Event) -> None:
        self.event = event.id
        super().__init__(
            f"{event.words}: give the reference under which it went, of the fax, message or call, or the SHA-256 of its document. "
            "Without proof it is recorded as an event, and stands on the list of what is missing."
        )


class OnlyThatItWasDone(MusterError):
    """Of what is done in the agency's own system no more is kept than that it was done."""

    code = "cases.only_that_it_was_done"

    def __init__(self, *, event: Event) -> None:
        self.event = event.id
        super().__init__(
            f"{event.words}: only that it was done is kept here, when and by which office. Choose the agency's own system, and give no "
            "office, reference or document. Nothing was kept."
        )


# --- who keeps it -------------------------------------------------------------------


@dataclass(frozen=True)
class CasesKept:
    """Whose cases, at which site, and the account that keeps them."""

    tags: list[str]
    site: str
    worker: str


@dataclass(frozen=True)
class CasesOffered:
    """The transfers, by tag; who keeps the cases does so until they are accepted."""

    transfers: dict[str, UUID]


@dataclass(frozen=True)
class TransferStands:
    """A transfer, what came of it, and who keeps the case now."""

    transfer: UUID
    answer: str
    keeper: str


def _keeper(kept: CaseKept) -> str:
    return f"{kept.worker} of {kept.site_id}"


def _cases(site: Site, texts: Sequence[str]) -> list[Case]:
    """The cases of these persons, each of whom the site holds or held, or whose case it keeps. Raises UnknownPersons, NotFound, as tags."""
    things = [stands_for(thing) for thing in persons_tagged(read_tags(texts))]
    found = cases_of(things)
    came = set(
        Entry.objects.filter(thing__in=things, receiver__site=site.pk).values_list("thing_id", flat=True)
    )
    cases = []
    for thing in dict.fromkeys(things):
        case = found.get(thing.pk)
        if case is None or not (thing.pk in came or (case.keeper and case.keeper.site_id == site.pk)):
            raise NotFound(kind=f"person at {site.pk}", name=thing.tag)
        cases.append(case)
    return cases


def _worker(name: str, site: Site) -> User:
    """The account of that name, if it keeps cases at the site. Raises NotACaseWorker."""
    found = User.objects.filter(username=name.strip(), is_active=True).first()
    if found is None or not may(actor_of(found), "cases.write_note", scope_of(site)):
        raise NotACaseWorker(worker=name, site=site.pk)
    return found


@action("cases.assign_worker", about=site_locked)
def assign_worker(*, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, worker: Name) -> CasesKept:
    """Have cases that nobody keeps kept by a worker of the site, of one person or of a whole bus.

    Raises NoTags, TagMisread, TagTwice, UnknownPersons, NotFound, NotACaseWorker, KeptAlready.
    """
    account, cases = _worker(worker, row), _cases(row, tags)
    if taken := [case for case in cases if case.keeper]:
        assert taken[0].keeper
        raise KeptAlready(tags=[case.thing.tag for case in taken], keeper=_keeper(taken[0].keeper))
    CaseKept.objects.bulk_create(
        CaseKept(act=act, thing=case.thing, site=row, worker=account, at=act.recorded_at) for case in cases
    )
    return CasesKept([case.thing.tag for case in cases], row.pk, account.username)


@action("cases.offer_case", about=site_locked)
def offer_case(
    *,
    act: Act,
    row: Site,
    actor: Actor,
    site: Code,
    tags: Tags,
    reason: Reason,
    to_site: Code = "",
    to_worker: Name = "",
) -> CasesOffered:
    """Offer cases that the site keeps to a worker, or to the people of another site. Who keeps them does so until one there accepts.

    Raises NoTags, TagMisread, TagTwice, UnknownPersons, NotFound, NotACaseWorker, NotKeptHere, TransferWaits, SameKeeper.
    """
    to = row if to_site in ("", row.pk) else Site.objects.filter(pk=to_site).first()
    if to is None:
        raise NotFound(kind="site", name=to_site)
    account = _worker(to_worker, to) if to_worker.strip() else None
    cases = _cases(row, tags)
    if elsewhere := [c.thing.tag for c in cases if c.keeper is None or c.keeper.site_id != row.pk]:
        raise NotKeptHere(tags=elsewhere, site=row.pk)
    if waiting := [case.thing.tag for case in cases if case.waiting]:
        raise TransferWaits(tags=waiting)
    same = [
        case.thing.tag for case in cases
        if to == row and (account is None or (case.keeper and case.keeper.worker_id == account.pk))
    ]  # fmt: skip
    if same:
        raise SameKeeper(tags=same)
    made = [
        CaseTransfer(
            act=act, thing=case.thing, site=row, to_site=to, to_worker=account, reason=reason.strip(), at=act.recorded_at
        )
        for case in cases
    ]  # fmt: skip
    CaseTransfer.objects.bulk_create(made)
    return CasesOffered({each.thing.tag: each.pk for each in made})


def _transfer(transfer: UUID, *, giver: bool) -> tuple[Scope, CaseTransfer]:
    related = ("site", "to_site", "to_worker", "thing", "act")
    found = CaseTransfer.objects.select_related(*related).filter(pk=transfer).first()
    if found is None:
        raise NotFound(kind="transfer", name=str(transfer))
    for code in sorted({found.site_id, found.to_site_id}):
        site_for_change(code)
    return scope_of(found.site if giver else found.to_site).asked_as("transfer", transfer), found


def _for_receiver(transfer: UUID) -> tuple[Scope, CaseTransfer]:
    return _transfer(transfer, giver=False)


def _for_giver(transfer: UUID) -> tuple[Scope, CaseTransfer]:
    return _transfer(transfer, giver=True)


def _answer(act: Act, row: CaseTransfer, answer: CaseAnswered.Answer, reason: str) -> None:
    if CaseAnswered.objects.filter(transfer=row).exists():
        raise AlreadySettled(what="transfer")
    CaseAnswered.objects.create(act=act, transfer=row, answer=answer, reason=reason.strip())


def _standing(row: CaseTransfer, answer: str) -> TransferStands:
    keeper = cases_of([stands_for(row.thing)]).popitem()[1].keeper
    return TransferStands(row.pk, answer, _keeper(keeper) if keeper else "")


@action("cases.accept_case", about=_for_receiver)
def accept_case(*, act: Act, row: CaseTransfer, actor: Actor, transfer: UUID) -> TransferStands:
    """Accept a case: it is kept from now on by the worker it was offered to, or, offered to a site, by whoever accepts.

    Raises AlreadySettled, NotTheReceiver.
    """
    own = row.act.actor_id == actor.user
    if (row.to_worker is None and own) or (row.to_worker is not None and row.to_worker_id != actor.user):
        receiver = row.to_worker.username if row.to_worker else f"somebody else of {row.to_site_id}"
        raise NotTheReceiver(receiver=receiver)
    _answer(act, row, CaseAnswered.Answer.ACCEPTED, "")
    CaseKept.objects.create(
        act=act, thing=stands_for(row.thing), site=row.to_site, worker_id=actor.user, at=act.recorded_at
    )
    return _standing(row, "accepted")


@action("cases.refuse_case", about=_for_receiver)
def refuse_case(
    *, act: Act, row: CaseTransfer, actor: Actor, transfer: UUID, reason: Reason
) -> TransferStands:
    """Refuse a case that was offered, with the reason; who kept it keeps it. Raises AlreadySettled."""
    _answer(act, row, CaseAnswered.Answer.REFUSED, reason)
    return _standing(row, "refused")


@action("cases.withdraw_case", about=_for_giver)
def withdraw_case(
    *, act: Act, row: CaseTransfer, actor: Actor, transfer: UUID, reason: Reason
) -> TransferStands:
    """Withdraw the offer of a case, with the reason. Raises AlreadySettled."""
    _answer(act, row, CaseAnswered.Answer.WITHDRAWN, reason)
    return _standing(row, "withdrawn")


# --- notes --------------------------------------------------------------------------


@dataclass(frozen=True)
class NoteWritten:
    """Of whom a note was written; not what it says."""

    tag: str
    note: UUID


def _opened_abroad(note: UUID, asked: SerializationInfo) -> str | None:
    """What a door tells; in the record, where nothing is asked for a door, the answer names the row and not what it says."""
    if asked.context is None:
        return str(note)
    try:
        return text_of(CaseNote.objects.select_related("thing").get(pk=note))
    except DoesNotOpen:
        return None


@dataclass(frozen=True)
class NoteShown:
    """One note. `text` is told at the doors alone, and null once the key has been destroyed. `corrects`: the note that it replaces."""

    note: UUID
    text: Annotated[UUID, PlainSerializer(_opened_abroad, return_type=str | None)]
    corrects: UUID | None


@dataclass(frozen=True)
class NotesShown:
    """The notes of a person's case, the earliest first."""

    tag: str
    notes: list[NoteShown]


def text_of(note: CaseNote) -> str | None:
    """What a note says; None once the key of its person was destroyed. Raises DoesNotOpen."""
    return opened_under(note.thing, f"case note {note.pk}", bytes(note.sealed))


@action("cases.write_note", about=site_locked)
def write_note(
    *, act: Act, row: Site, actor: Actor, site: Code, tag: Tag, text: Text, corrects: UUID | None = None
) -> NoteWritten:
    """Write a note of a case, sealed under the person's own key. `corrects` is the note in whose place it stands; that one stays readable.

    Raises TagMisread, UnknownPersons, NotFound, AlreadySettled for a note that was corrected before, Disposed, DoesNotOpen.
    """
    (case,) = _cases(row, [tag])
    before = next((each for each in case.notes if each.pk == corrects), None) if corrects else None
    if corrects and before is None:
        raise NotFound(kind=f"note of {case.thing.tag}", name=str(corrects))
    if before is not None and hasattr(before, "corrected_by"):
        raise AlreadySettled(what="note")
    made = CaseNote(act=act, thing=case.thing, site=row, at=act.recorded_at, corrects=before)
    made.sealed = sealed_under(case.thing, f"case note {made.pk}", text)
    made.save()
    return NoteWritten(case.thing.tag, made.pk)


@action("cases.show_notes", about=site_locked)
def show_notes(*, act: Act, row: Site, actor: Actor, site: Code, tag: Tag) -> NotesShown:
    """Show the notes of a person's case, of this stay. Who was shown each is in the record.

    Raises TagMisread, UnknownPersons, NotFound, Disposed, DoesNotOpen.
    """
    (case,) = _cases(row, [tag])
    if Disposal.objects.filter(thing=case.thing).exists():
        raise Disposed(tag=case.thing.tag)
    for each in case.notes:
        text_of(each)
    CaseNoteShown.objects.bulk_create(CaseNoteShown(act=act, note=each) for each in case.notes)
    return NotesShown(case.thing.tag, [NoteShown(each.pk, each.pk, each.corrects_id) for each in case.notes])


# --- documents and appointments -----------------------------------------------------


@dataclass(frozen=True)
class DocumentAdded:
    """Of whom a document was added."""

    tag: str
    document: UUID


@dataclass(frozen=True)
class AppointmentsMade:
    """The appointments, by tag."""

    appointments: dict[str, UUID]


@dataclass(frozen=True)
class AppointmentStands:
    """An appointment, what came of it, and the one to which it was moved."""

    appointment: UUID
    outcome: str
    moved_to: UUID | None


@action("cases.add_document", about=site_locked)
def add_document(
    *, act: Act, row: Site, actor: Actor, site: Code, tag: Tag, kind: CaseDocument.Kind, title: Said, dated: date, sha256: Sha256
) -> DocumentAdded:  # fmt: skip
    """Add a document to a case by what it is and the SHA-256 of its file; the file itself is kept elsewhere.

    Raises TagMisread, UnknownPersons, NotFound, AlreadySettled for one that the case has already.
    """
    (case,) = _cases(row, [tag])
    if any(each.sha256 == sha256 for each in case.documents):
        raise AlreadySettled(what="document is in the case, and so it")
    made = CaseDocument.objects.create(
        act=act,
        thing=case.thing,
        site=row,
        at=act.recorded_at,
        kind=kind,
        title=title,
        dated=dated,
        sha256=sha256,
    )
    return DocumentAdded(case.thing.tag, made.pk)


@action("cases.make_appointment", about=site_locked)
def make_appointment(
    *, act: Act, row: Site, actor: Actor, site: Code, tags: Tags, kind: Appointment.Kind, at: AwareDatetime, place: Said
) -> AppointmentsMade:  # fmt: skip
    """Record that persons are expected somewhere at a moment. Of a consular one `place` is the room, and never which state's it is.

    Raises NoTags, TagMisread, TagTwice, UnknownPersons, NotFound.
    """
    made = [
        Appointment(act=act, thing=case.thing, site=row, kind=kind, at=at, place=place) for case in _cases(row, tags)
    ]  # fmt: skip
    Appointment.objects.bulk_create(made)
    return AppointmentsMade({each.thing.tag: each.pk for each in made})


def _appointment(appointment: UUID) -> tuple[Scope, Appointment]:
    found = Appointment.objects.select_related("site", "thing").filter(pk=appointment).first()
    if found is None:
        raise NotFound(kind="appointment", name=str(appointment))
    return scope_of(site_for_change(found.site_id)).asked_as("appointment", appointment), found


@action("cases.end_appointment", about=_appointment)
def end_appointment(
    *, act: Act, row: Appointment, actor: Actor, appointment: UUID, outcome: AppointmentEnded.Outcome, reason: Words = "",
    to_at: AwareDatetime | None = None, to_place: Short = "",
) -> AppointmentStands:  # fmt: skip
    """Record what came of an appointment. One that is moved gives a new one at `to_at`, at the same place unless `to_place` is another.

    Raises AlreadySettled, WhyNeeded for all but one that was kept, NewTimeNeeded, NotHappenedYet for one kept or missed before its time.
    """
    if AppointmentEnded.objects.filter(appointment=row).exists():
        raise AlreadySettled(what="appointment")
    kinds = AppointmentEnded.Outcome
    if outcome != kinds.KEPT and len(reason.strip()) < 3:
        raise WhyNeeded(outcome=outcome.label)
    if (outcome == kinds.MOVED) != (to_at is not None):
        raise NewTimeNeeded()
    if outcome in (kinds.KEPT, kinds.MISSED):
        check_happened(row.at, now=act.recorded_at)
    AppointmentEnded.objects.create(act=act, appointment=row, outcome=outcome, reason=reason.strip())
    moved = None
    if to_at is not None:
        moved = Appointment.objects.create(
            act=act, thing=row.thing, site=row.site, kind=row.kind, at=to_at, place=to_place.strip() or row.place, moved_from=row
        )  # fmt: skip
    return AppointmentStands(row.pk, outcome.value, moved.pk if moved else None)


# --- notices ------------------------------------------------------------------------


@dataclass(frozen=True)
class NoticesSent:
    """The events that the notice is, in the order of the tags, and to whom of `NOTICES`. `breaches`: what it was too late for."""

    events: list[UUID]
    notice: str
    breaches: list[UUID]


def notice_events() -> dict[str, str]:
    """The events that are notices by a rule of the packs, and to whom each goes."""
    return {
        event: rule.notice
        for pack in load_standards().by_id.values() for rule in pack.rules.values() if rule.notice
        for event in rule.timing.stop_on
    }  # fmt: skip


@action("cases.send_notice", about=site_locked)
def send_notice(
    *, act: Act, row: Site, actor: Actor, site: Code, event: Name, tags: Tags, at: AwareDatetime, by: Short, how: Code,
    to_office: Short = "", reference: Short = "", sha256: MaybeSha256 = "",
) -> NoticesSent:  # fmt: skip
    """Record that a notice went out, with its proof: it stops the clock by which it was owed. `by` and `to_office` are offices.

    `reference` is the number under which it went, `sha256` that of its document or receipt; one of the two is needed. Of what is done
    in the agency's own system only that it was done is kept.

    Raises NotHappenedYet, UnknownEvent, ReadFromTheRecord, NotANotice, UnknownReason, ByWhom, OnlyThatItWasDone, NoProof, NoTags,
    TagMisread, TagTwice, UnknownPersons.
    """
    check_happened(at, now=act.recorded_at)
    found, notices = event_to_record(event), notice_events()
    if event not in notices:
        raise NotANotice(event=found, known=sorted(notices))
    check_reason(how, list(HOW))
    proof = [reference.strip(), sha256]
    if not by.strip() or not (to_office.strip() or found.in_agency_system):
        raise ByWhom(event=found)
    if found.in_agency_system and (how != "agency_system" or any(proof) or to_office.strip()):
        raise OnlyThatItWasDone(event=found)
    if not found.in_agency_system and not any(proof):
        raise NoProof(event=found)
    things = persons_tagged(read_tags(tags))
    made = [
        RecordedEvent(
            act=act, site=row, thing=thing, event=event, at=at, by=by.strip(), proof=f"{HOW[how]} {reference.strip()}".strip()
        )
        for thing in things
    ]  # fmt: skip
    RecordedEvent.objects.bulk_create(made)
    to = to_office.strip() or NOTICES[notices[event]]
    NoticeSent.objects.bulk_create(
        NoticeSent(act=act, event=each, to_office=to, how=how, reference=proof[0], sha256=sha256)
        for each in made
    )
    breaches = keep_breaches(act, row, things, act.recorded_at, by=([event], at))
    return NoticesSent([each.pk for each in made], notices[event], breaches)
