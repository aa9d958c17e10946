"""Two records of one person: merged in one act, undone by another, and never both holding somebody."""

from __future__ import annotations

import pytest
from people import TAGS, People, at, people

from muster import actions as do
from muster.access.control import NotPermitted
from muster.core.errors import NotFound
from muster.custody.merging import (
    AlreadyMerged,
    DoesNotMerge,
    NotUndone,
    SameRecord,
    merged_into,
)
from muster.ledger import queries as ledger
from muster.ledger.models import Thing
from muster.ledger.rules import OnAnotherOffer

ONE, TWO, THREE = TAGS[:3]


@pytest.fixture
def here() -> People:
    return people()


def receive(who: People, tag: str, hours: float, site: str = "EX-NORTH") -> None:
    actor = who.north if site == "EX-NORTH" else who.south
    do.custody.receive(actor=actor, site=site, tags=[tag], at=at(hours), from_organisation="EX-AGENCY")


def to_the_south(who: People, tag: str, hours: float) -> None:
    offered = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[tag])
    do.custody.accept(actor=who.south, handover=offered.answer.handover, at=at(hours))


def merge(who: People, survivor: str = ONE, duplicate: str = TWO) -> do.merging.Merged:
    done = do.merging.merge(
        actor=who.center, survivor=survivor, duplicate=duplicate, reason="The same person"
    )
    return done.answer


def story(tag: str) -> list[tuple[str, str, str]]:
    return [(e["kind"], e["giver"], e["receiver"]) for e in ledger.history(tag)["entries"]]


def test_one_of_two_records_ends_and_the_person_is_counted_once(here: People) -> None:
    receive(here, ONE, -5)
    receive(here, TWO, -5)
    before = ledger.latest_known()

    merged = merge(here)

    assert merged.moved == 0
    assert story(TWO)[-1] == ("pop", "EX-NORTH", "outside:EX-AGENCY")
    assert ledger.census(at(0), ledger.latest_known()).sites == {"EX-NORTH": 1}
    assert ledger.census(at(0), before).sites == {"EX-NORTH": 2}  # what was known before stays known
    assert merged_into(Thing.objects.get(tag=TWO)) == Thing.objects.get(tag=ONE)


def test_what_the_duplicate_says_afterwards_goes_to_the_survivor(here: People) -> None:
    receive(here, ONE, -5)
    receive(here, TWO, -5)
    to_the_south(here, TWO, -3)

    merged = merge(here)

    assert merged.moved == 1
    assert story(ONE)[-1] == ("push", "EX-NORTH", "EX-SOUTH")
    assert ledger.census(at(0), ledger.latest_known()).sites == {"EX-SOUTH": 1}
    assert ledger.census(at(-4), ledger.latest_known()).sites == {"EX-NORTH": 1}


def test_a_merge_is_undone_and_both_records_stand_as_they_stood(here: People) -> None:
    receive(here, ONE, -5)
    receive(here, TWO, -5)
    to_the_south(here, TWO, -3)
    known, before = (
        ledger.latest_known(),
        [ledger.census(at(h), ledger.latest_known()).sites for h in (-4, 0)],
    )
    merged = merge(here)
    while_merged = ledger.latest_known()

    do.merging.unmerge(actor=here.center, merge=merged.merge, reason="Two brothers")

    assert [ledger.census(at(h), ledger.latest_known()).sites for h in (-4, 0)] == before
    assert [ledger.census(at(h), known).sites for h in (-4, 0)] == before
    assert ledger.census(at(0), while_merged).sites == {"EX-SOUTH": 1}
    assert merged_into(Thing.objects.get(tag=TWO)) is None
    with pytest.raises(NotUndone, match="already"):
        do.merging.unmerge(actor=here.center, merge=merged.merge, reason="Once more")
    assert merge(here).moved == 1


def test_a_merge_under_later_entries_is_not_undone_before_they_are_corrected(here: People) -> None:
    receive(here, ONE, -5)
    receive(here, TWO, -5)
    to_the_south(here, TWO, -3)
    merged = merge(here)
    do.custody.release(actor=here.south, site="EX-SOUTH", tags=[ONE], at=at(-1), reason="court_order")

    with pytest.raises(NotUndone, match="later entries"):
        do.merging.unmerge(actor=here.center, merge=merged.merge, reason="Two brothers")


def test_two_records_that_cannot_both_be_true_do_not_merge(here: People) -> None:
    receive(here, ONE, -5)
    receive(here, TWO, -4, site="EX-SOUTH")

    with pytest.raises(DoesNotMerge, match="EX-NORTH"):
        merge(here)
    with pytest.raises(DoesNotMerge):
        merge(here, TWO, ONE)
    assert len(story(ONE)) == len(story(TWO)) == 1


def test_a_merge_is_refused_for_oneself_on_an_offer_and_twice(here: People) -> None:
    for tag in (ONE, TWO, THREE):
        receive(here, tag, -5)
    with pytest.raises(SameRecord):
        merge(here, ONE, ONE)
    offered = do.custody.offer(actor=here.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[TWO])
    with pytest.raises(OnAnotherOffer):
        merge(here)
    do.custody.withdraw(actor=here.north, handover=offered.answer.handover)
    merge(here)
    with pytest.raises(AlreadyMerged):
        merge(here, THREE, TWO)
    with pytest.raises(AlreadyMerged):
        merge(here, TWO, THREE)


def test_only_who_settles_merges_and_what_is_not_there_reads_as_not_found(here: People) -> None:
    receive(here, ONE, -5)
    receive(here, TWO, -5)

    with pytest.raises(NotPermitted):
        do.merging.merge(actor=here.north, survivor=ONE, duplicate=TWO, reason="The same person")
    with pytest.raises(NotFound):
        do.merging.merge(actor=here.south, survivor=ONE, duplicate=TWO, reason="The same person")
    with pytest.raises(NotFound):
        merge(here, ONE, TAGS[9])
