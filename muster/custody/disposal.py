"""Disposal: the key of a person is destroyed, and with it all that would let a name or an agency's reference be guessed.

What is kept is the ledger: a tag, and who held the person when. What goes, and what is not promised: docs/adr.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from django.apps import apps
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from pydantic import Field

from muster.access.control import Actor, Scope, may
from muster.core.errors import MusterError
from muster.custody.merging import Tag, person, scope_of, with_duplicates
from muster.custody.models import (
    Disposal,
    LeftOut,
    ListTaken,
    Merge,
    PersonalKey,
    PersonalShown,
    Reference,
    Replayed,
    Settled,
)
from muster.custody.personal import check_stands, lock
from muster.custody.references import wait_for_those_who_look_up
from muster.ledger import bulk
from muster.ledger.models import Handover, Thing
from muster.record.action import action
from muster.record.models import Act, Answer, Recorded

Authority = Annotated[str, Field(min_length=3, max_length=2000)]


class DisposedAlready(MusterError):
    """The person's key was destroyed before."""

    code = "custody.disposed_already"
    status = 409

    def __init__(self, *, tag: str) -> None:
        self.tag = tag
        super().__init__(f"What was personal of {tag} was disposed of before. There is nothing left to do.")


class MergedFromElsewhere(MusterError):
    """A record that was merged into the person's is not the actor's to dispose of. Its tag is not told."""

    code = "custody.merged_from_elsewhere"
    status = 403

    def __init__(self, *, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"A record that belongs elsewhere is merged into {tag} and goes with it. "
            "Have it done by somebody who may dispose of both."
        )


@dataclass(frozen=True)
class Destroyed:
    """The records whose keys are destroyed: the person's, and those that were merged into it."""

    tags: list[str]


def _with_duplicates(tag: str) -> tuple[Scope, list[Thing]]:
    """The person's record, and those that were merged into it. Raises NotFound, TagMisread."""
    found = with_duplicates(person(tag))
    lock([thing.pk for thing in found])
    return scope_of(found[0]), found


@action("custody.dispose", about=_with_duplicates)
def dispose(*, act: Act, row: list[Thing], actor: Actor, tag: Tag, authority: Authority) -> Destroyed:
    """Destroy the key of a person, by the authority named: a schedule, an order. It cannot be undone.

    Names and references that were written of the person open no more, and the reference matches no more: whoever is named by
    it afterwards, by a list or a file, becomes a new person with a new tag. A list or a file that names the person is not
    recognised when it is sent again, and an act is not told again by the key that it was sent with.

    Raises NotFound, NotAPerson, AlreadyMerged, MergedFromElsewhere, DisposedAlready.
    """
    check_stands(row[0])
    if not all(may(actor, "custody.dispose", scope_of(thing)) for thing in row[1:]):
        raise MergedFromElsewhere(tag=row[0].tag)
    before = set(Disposal.objects.filter(thing__in=row).values_list("thing_id", flat=True))
    new = [thing for thing in row if thing.pk not in before]
    if not new:
        raise DisposedAlready(tag=row[0].tag)
    Disposal.objects.bulk_create(Disposal(act=act, thing=thing, authority=authority) for thing in new)
    _destroy([thing.pk for thing in new])
    return Destroyed([thing.tag for thing in new])


def reapply() -> None:
    """Destroy again what the record says was destroyed: after a restore, and whenever Muster starts."""
    with transaction.atomic():
        if Disposal.objects.exists():
            _destroy(Disposal.objects.values("thing"))


def _destroy(things: Collection[UUID] | QuerySet[Any]) -> None:
    """Delete the keys, and all that is derived from what these persons are called."""
    wait_for_those_who_look_up()
    PersonalKey.objects.filter(thing__in=things).delete()
    Reference.objects.filter(thing__in=things, digest__isnull=False).update(digest=None)
    # A row that was left out and is of nobody whom the record knew may name anybody.
    left_out = Q(act__answer__body__left_out__0__isnull=False)
    unknown = Count("pk", filter=Q(thing=None))
    known = LeftOut.objects.values("act").annotate(unknown=unknown).filter(unknown=0).values("act")
    salted, hashed = Answer.objects.filter(salt__isnull=False), Replayed.objects.filter(digest__isnull=False)
    hashed.filter(left_out).exclude(act__in=known).update(digest=None)
    for acts in (*_acts_of(things), *_acts_of(_ever_merged_with(things))):
        hashed.filter(act__in=acts).update(digest=None)
        salted.filter(act__in=acts).update(salt=None)
    # A list names everybody who is present, and most of them leave no row in its act.
    for files in (ListTaken, Replayed):
        salted.filter(act__in=files._default_manager.values("act")).update(salt=None)


def _ever_merged_with(things: Collection[UUID] | QuerySet[Any]) -> set[UUID]:
    """Other records that were merged with these, though it was undone: meanwhile what named the one was written of the other."""
    beside: dict[UUID, set[UUID]] = defaultdict(set)
    for survivor, duplicate in Merge.objects.values_list("survivor_id", "duplicate_id"):
        beside[survivor].add(duplicate)
        beside[duplicate].add(survivor)
    these = set(
        Thing.objects.filter(pk__in=things).filter(pk__in=bulk.any_of(beside)).values_list("pk", flat=True)
    )
    found = list(these)
    for thing in found:
        found += beside[thing] - set(found)
    return set(found) - these


def _acts_of(things: Collection[UUID] | QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """The acts that wrote anything about these things, table by table, those of later steps too."""
    yield Thing.objects.filter(pk__in=things).values("act")
    for model in apps.get_models():
        links = [field.name for field in model._meta.local_fields if field.related_model is Thing]
        for name in links if issubclass(model, Recorded) else ():
            yield model._default_manager.filter(**{f"{name}__in": things}).values("act")
    yield Settled.objects.filter(difference__thing__in=things).values("act")
    yield PersonalShown.objects.filter(field__thing__in=things).values("act")
    handovers = Handover.objects.filter(offers__thing__in=things)
    yield handovers.values("offered_act")
    yield handovers.filter(answered_act__isnull=False).values("answered_act")
