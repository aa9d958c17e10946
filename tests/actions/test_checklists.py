"""Checklists: which one holds for somebody, what was done of it and why not, and what is open as somebody is released."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from people import TAGS, People, at, people

from muster import actions as do
from muster.access.control import Actor
from muster.cases import checklists
from muster.cases.actions import AboutWhom, ByWhom, ReadFromTheRecord, UnknownEvent, UnknownPersons
from muster.cases.checklists import Checklist
from muster.cases.models import PackText, RecordedEvent
from muster.cases.packs import FROM_THE_RECORD, Standards, load_standards
from muster.cases.packs.reading import read_standard
from muster.core.errors import MusterError, NotFound
from muster.core.times import NotHappenedYet
from muster.custody.models import Difference, ReadAgain
from muster.custody.rules import NoTags, UnknownReason
from muster.ledger.models import Thing
from muster.parties.models import Site

PBNDS, NDS, SHELTER = "us.ice.pbnds2011r2016", "us.ice.nds2019", "general.shelter"
FIRST, SECOND, THIRD = TAGS[:3]
ADMISSION = [f"ADM-{number:02}" for number in range(1, 12)]


@pytest.fixture
def who() -> People:
    return people()


def standard(who: People, name: str = PBNDS, **more: Any) -> Any:
    given = {"site": "EX-NORTH", "valid_from": date(2026, 2, 1), "contract_ref": "EX-2026-1"} | more
    return do.cases.set_standard(actor=who.center, standard=name, **given).answer


def arrive(actor: Actor, tags: list[str], hours: float, site: str = "EX-NORTH") -> None:
    do.custody.receive(actor=actor, site=site, tags=tags, at=at(hours))


def record(actor: Actor, events: list[str], hours: float, tags: list[str], **more: Any) -> Any:
    given = {"site": "EX-NORTH", "by": "Admission desk"} | more
    return do.cases.record_items(actor=actor, events=events, at=at(hours), tags=tags, **given).answer


def release(who: People, tags: list[str], hours: float, **more: Any) -> Any:
    given = {"reason": "court_order"} | more
    return do.custody.release(actor=who.north, site="EX-NORTH", tags=tags, at=at(hours), **given).answer


def list_of(tag: str, hours: float, side: checklists.Side = "in", site: str = "EX-NORTH") -> Checklist:
    found = maybe_list(tag, hours, side, site)
    assert found is not None
    return found


def maybe_list(
    tag: str, hours: float, side: checklists.Side = "in", site: str = "EX-NORTH"
) -> Checklist | None:
    thing = Thing.objects.get(tag=tag)
    return checklists.checklist_of(Site.objects.get(pk=site), thing, side, now=at(hours))


def ids(items: Any) -> list[str]:
    return [item.rule.id for item in items]


@pytest.fixture
def packs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have the folder of packs hold a later version of one: a text in which something was replaced."""

    def later(name: str, *changes: tuple[str, str]) -> None:
        loaded = load_standards()
        text = loaded.texts[name]
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        changed = Standards({**loaded.by_id, name: read_standard(text)}, {**loaded.texts, name: text})
        for module in ("checklists", "actions", "queries"):
            monkeypatch.setattr(f"muster.cases.{module}.load_standards", lambda: changed)

    return later


# --- which checklist holds ---


def test_coming_to_a_site_begins_the_checklist_of_its_standard_in_order_with_its_version(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)

    found = list_of(FIRST, 1)

    assert ids(found.items) == ADMISSION
    assert found.bound.versions == f"{PBNDS} version 1"
    assert (found.stint.arrived_at, found.stint.left_at) == (at(0), None)
    assert [item.due_at for item in found.items if item.due_at] == [at(12), at(8)]  # ADM-03 and ADM-11
    assert ids(found.open) == ADMISSION


def test_a_person_of_no_checklist_has_none(who: People) -> None:
    arrive(who.north, [FIRST], 0)
    assert maybe_list(FIRST, 1) is None
    assert maybe_list(FIRST, 1, site="EX-SOUTH") is None
    assert checklists.missing_at(Site.objects.get(pk="EX-NORTH"), now=at(1)).persons == 0


def test_a_checklist_keeps_its_standard_when_another_is_stated_later(who: People) -> None:
    first = standard(who)
    arrive(who.north, [FIRST], 0)
    standard(who, NDS, replaces=first.statement)
    arrive(who.north, [SECOND], 1)

    assert ids(list_of(FIRST, 2).items) == ADMISSION
    assert ids(list_of(SECOND, 2).items) == ["ADM-03"]


def test_a_standard_that_is_stated_after_the_arrival_holds_for_it_and_the_first_that_was_stays(
    who: People,
) -> None:
    arrive(who.north, [FIRST], 0)
    stated = standard(who, NDS)
    assert ids(list_of(FIRST, 1).items) == ["ADM-03"]

    standard(who, PBNDS, replaces=stated.statement)

    assert ids(list_of(FIRST, 1).items) == ["ADM-03"]
    assert maybe_list(FIRST, 1, "out") is None


def test_a_standard_holds_on_its_days_alone(who: People) -> None:
    standard(who, valid_from=date(2026, 3, 2))
    arrive(who.north, [FIRST], 0)
    arrive(who.north, [SECOND], 24)

    assert maybe_list(FIRST, 25) is None
    assert ids(list_of(SECOND, 25).items) == ADMISSION


def test_a_checklist_keeps_the_version_it_was_started_under(who: People, packs: Any) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    packs(
        PBNDS, ('version = "1"', 'version = "2"'), ('name = "Orientation"', 'name = "Orientation and tour"')
    )
    record(who.north, ["orientation_given"], 1, [FIRST])  # the first act that goes by the new text keeps it
    arrive(who.north, [SECOND], 2)

    old, new = list_of(FIRST, 3), list_of(SECOND, 3)

    assert (old.bound.versions, new.bound.versions) == (f"{PBNDS} version 1", f"{PBNDS} version 2")
    assert [item.rule.name for item in (old.items[8], new.items[8])] == [
        "Orientation",
        "Orientation and tour",
    ]
    assert PackText.objects.filter(pack=PBNDS).count() == 2
    record(who.north, ["orientation_given"], 3, [SECOND])
    assert PackText.objects.filter(pack=PBNDS).count() == 2


def test_what_an_old_version_asks_can_be_recorded_when_no_pack_in_use_asks_it_any_more(
    who: People, packs: Any
) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    packs(PBNDS, ("orientation_given", "orientation_held"))

    record(who.north, ["orientation_given"], 1, [FIRST])

    assert "ADM-09" not in ids(list_of(FIRST, 2).open)


def test_a_corrected_arrival_keeps_its_checklist_and_counts_from_the_corrected_time(who: People) -> None:
    first = standard(who)
    arrive(who.north, [FIRST], 0)
    standard(who, NDS, replaces=first.statement)
    n = Thing.objects.get(tag=FIRST).entries.latest("n").n
    do.custody.correct(
        actor=who.north, site="EX-NORTH", tag=FIRST, n=n, happened_at=at(-2), reason="late_entry"
    )

    found = list_of(FIRST, 1)

    assert ids(found.items) == ADMISSION
    assert found.items[2].due_at == at(10)


def test_a_new_arrival_begins_a_new_checklist_and_the_other_site_has_its_own(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    record(who.north, ["medical_screened"], 1, [FIRST])
    release(who, [FIRST], 2)
    arrive(who.north, [FIRST], 5)
    assert ids(list_of(FIRST, 6).open) == ADMISSION

    standard(who, NDS, site="EX-SOUTH")
    offered = do.custody.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=[FIRST]).answer
    do.custody.accept(actor=who.south, handover=offered.handover, at=at(7))

    assert ids(list_of(FIRST, 8, site="EX-SOUTH").open) == ["ADM-03"]
    assert list_of(FIRST, 8).stint.left_at == at(7)


# --- what was done ---


def test_one_act_records_several_items_of_a_whole_bus(who: People) -> None:
    standard(who)
    arrive(who.north, TAGS[:40], 0)

    made = record(who.north, ["property_inventoried", "hygiene_issued"], 1, TAGS[:40], proof="Form 3")

    assert len(made.events) == 80
    answer = list_of(TAGS[39], 2).items[3].answer
    assert answer is not None
    assert (answer.done, answer.at, answer.by, answer.proof) == (True, at(1), "Admission desk", "Form 3")
    assert answer.recorded_at > answer.at
    missing = checklists.missing_at(Site.objects.get(pk="EX-NORTH"), now=at(2))
    assert (missing.persons, len(missing.lists), missing.whole) == (40, 40, 0)
    assert [(moment, len(lists)) for moment, lists in missing.by_arrival] == [(at(0), 40)]


def test_an_item_that_was_not_done_keeps_why_and_is_done_once_somebody_says_so(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    record(who.north, ["hygiene_issued"], 1, [FIRST], not_done="no_supplies", words="No clothing that fits.")

    item = list_of(FIRST, 2).items[5]
    assert (item.is_open, item.is_done) == (False, False)
    assert item.answer is not None
    assert item.answer.why_not == "what it needs was not there: No clothing that fits"
    assert item.clock is not None
    assert item.clock.is_open  # why it was not done stops no clock

    record(who.north, ["hygiene_issued"], 0.5, [FIRST])
    assert list_of(FIRST, 2).items[5].is_done
    assert RecordedEvent.objects.filter(event="hygiene_issued").count() == 2  # both are kept


def test_of_what_the_agency_does_itself_is_kept_only_that_it_was_done_there_or_not(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    events = ["arrival_screening_done", "identification_done"]
    with pytest.raises(ByWhom):
        record(who.north, events, 1, [FIRST], by=" ")
    assert not RecordedEvent.objects.exists()

    record(who.north, events, 1, [FIRST], by="Field office")

    kept = RecordedEvent.objects.filter(event__in=events).values_list("done", "by", "proof", "reason")
    assert list(kept) == [(True, "Field office", "", "")] * 2


def test_what_is_late_comes_first_and_what_was_corrected_away_is_open_again(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    made = record(who.north, ["booked_in_agency_system"], 1, [FIRST], by="Field office")
    assert ids(list_of(FIRST, 13).open)[:2] == ["ADM-03", "ADM-01"]

    do.cases.correct_event(actor=who.north, event=made.events[0], reason="Another person")

    late = list_of(FIRST, 13)
    assert (ids(late.open)[:3], late.late, late.due_at) == (["ADM-03", "ADM-11", "ADM-01"], 2, at(8))


REFUSED: list[tuple[dict[str, Any], type[MusterError]]] = [
    ({"events": ["nothing"]}, UnknownEvent),
    ({"events": ["arrived"]}, ReadFromTheRecord),
    ({"events": ["counted"]}, ReadFromTheRecord),
    ({"tags": [TAGS[90]]}, UnknownPersons),
    ({"tags": []}, NoTags),
    ({"hours": 24 * 365 * 50}, NotHappenedYet),
    ({"not_done": "rain"}, UnknownReason),
    ({"not_done": "nobody", "by": ""}, ByWhom),
]


@pytest.mark.parametrize(("given", "refusal"), REFUSED)
def test_what_cannot_be_is_refused_by_name_and_nothing_of_it_is_kept(
    who: People, given: dict[str, Any], refusal: type[MusterError]
) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    inputs = {"events": ["hygiene_issued"], "hours": 1, "tags": [FIRST]} | given
    with pytest.raises(refusal):
        record(who.north, **inputs)
    assert not RecordedEvent.objects.exists()


def test_an_item_of_the_site_as_a_whole_is_none_of_persons_and_another_sites_clerk_records_nothing_here(
    who: People,
) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    events = load_standards().events.items()
    of_a_site = next(name for name, event in events if event.about == "site" and name not in FROM_THE_RECORD)
    with pytest.raises(AboutWhom):
        record(who.north, [of_a_site], 1, [FIRST])
    with pytest.raises(NotFound):
        record(who.south, ["hygiene_issued"], 1, [FIRST])


# --- leaving ---


def test_a_release_with_open_checks_is_recorded_at_once_and_each_is_a_difference(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST, SECOND], 0)
    assert ids(list_of(FIRST, 1, "out").items) == ["REL-01", "REL-02", "REL-03", "REL-04"]
    record(who.north, ["property_returned"], 5, [FIRST])

    done = release(who, [FIRST, SECOND], 6)

    assert done.released == [FIRST, SECOND]
    assert done.open_checks == {FIRST: ["REL-01", "REL-03"], SECOND: ["REL-01", "REL-02", "REL-03"]}
    told = Difference.objects.filter(kind="open_check").values_list("thing__tag", "words")
    assert len(told) == 5
    assert (
        FIRST,
        f"{FIRST} left with Safe release (REL-03) not done: nobody said why. For: facility.",
    ) in told


def test_why_a_check_is_open_and_who_answers_for_it_is_kept_with_the_release(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    checks = [
        {"check": "REL-02", "because": "nobody", "by": "Property desk", "words": "The desk was closed."},
        {"check": "REL-03", "because": "the bus waited"},
        {"check": "REL-01", "because": ""},
        {"check": "NONE-1", "because": "nobody"},
    ]

    done = release(who, [FIRST], 6, checks=checks)

    assert done.open_checks == {FIRST: ["REL-01", "REL-02", "REL-03"]}
    words = {each.words for each in Difference.objects.filter(kind="open_check")}
    assert words == {
        f"{FIRST} left with Release authority (REL-01) not done: nobody said why. For: facility.",
        f"{FIRST} left with Property back (REL-02) not done: nobody was there to do it: The desk was closed. For: Property desk.",
        f"{FIRST} left with Safe release (REL-03) not done: the bus waited. For: facility.",
    }
    item = list_of(FIRST, 7, "out").items[1]
    assert item.answer is not None
    assert (item.answer.because, item.answer.by) == ("nobody", "Property desk")
    assert list_of(FIRST, 7, "out").items[2].answer.because == "other"  # type: ignore[union-attr]


def test_what_was_said_before_the_release_stands_in_the_difference(who: People) -> None:
    standard(who)
    arrive(who.north, [FIRST], 0)
    events = ["release_identity_checked", "property_returned"]
    record(who.north, events, 5, [FIRST])
    record(who.north, ["safe_release_checked"], 5, [FIRST], not_done="declined", by="Release desk")

    release(who, [FIRST], 6)

    assert Difference.objects.get(kind="open_check").words == (
        f"{FIRST} left with Safe release (REL-03) not done: the person declined. For: Release desk."
    )


def test_a_release_with_every_check_done_or_of_no_standard_opens_nothing(who: People) -> None:
    arrive(who.north, [SECOND], 0)
    release(who, [SECOND], 1)
    standard(who, valid_from=date(2026, 3, 2))
    arrive(who.north, [FIRST], 24)
    events = ["release_identity_checked", "property_returned", "safe_release_checked"]
    record(who.north, events, 25, [FIRST])

    assert release(who, [FIRST], 26).open_checks == {}
    assert not Difference.objects.filter(kind="open_check").exists()
    assert [item.rule.id for item in list_of(FIRST, 27, "out").open] == ["REL-04"]


def test_a_release_that_does_not_fit_the_record_has_no_checks_here(who: People) -> None:
    standard(who)
    arrive(who.south, [FIRST], 0, site="EX-SOUTH")

    done = release(who, [FIRST], 1)

    assert (done.released, done.open_checks) == ([], {})


def test_tags_read_again_that_agree_are_kept_as_read_twice(who: People) -> None:
    arrive(who.north, [FIRST, SECOND], 0)

    done = release(who, [FIRST, SECOND], 1, read_again=[SECOND.lower(), " ", FIRST.replace("-", "")])

    assert (done.released, done.read_otherwise) == ([FIRST, SECOND], [])
    assert list(ReadAgain.objects.order_by("text").values_list("thing__tag", "agrees")) == sorted(
        [(FIRST, True), (SECOND, True)]
    )
    assert not Difference.objects.filter(kind="tag_differs").exists()


def test_another_reading_of_a_tag_keeps_who_left_and_opens_a_difference(who: People) -> None:
    arrive(who.north, [FIRST, SECOND, THIRD], 0)

    done = release(who, [FIRST, SECOND], 1, read_again=[FIRST, THIRD, "5PR-MAP-9"])

    assert done.released == [FIRST, SECOND]
    assert done.read_otherwise == [SECOND, THIRD, "5PR-MAP-9"]
    difference = Difference.objects.get(kind="tag_differs")
    assert (difference.thing.tag if difference.thing else "") == SECOND
    assert difference.words == (
        f"{SECOND} was released as entered; the second reading of the tags did not name it and gave {THIRD}, 5PR-MAP-9."
    )
    release(who, [THIRD], 2, read_again=[THIRD, FIRST])
    assert (
        Difference.objects.filter(kind="tag_differs", thing=None)
        .get()
        .words.startswith(f"The second reading of the tags gave {FIRST}")
    )


# --- shelters ---


def test_a_shelter_registers_residents_and_is_told_apart_from_custody(who: People) -> None:
    place = Site.objects.get(pk="EX-NORTH")
    assert not checklists.is_shelter(place, now=at(0))
    standard(who, SHELTER)
    arrive(who.north, [FIRST], 0)

    assert ids(list_of(FIRST, 1).items) == ["SHL-05", "SHL-06"]
    assert maybe_list(FIRST, 1, "out") is None
    assert checklists.is_shelter(place, now=at(0))
    assert not checklists.is_shelter(place, now=at(-24 * 60))  # before it holds
    standard(who, NDS)
    assert not checklists.is_shelter(place, now=at(0))


def test_texts_of_packs_are_kept_whole_and_only_of_those_that_have_checklists(who: People) -> None:
    standard(who, SHELTER)
    assert list(PackText.objects.values_list("pack", "version")) == [(SHELTER, "1")]
    assert PackText.objects.get().text == load_standards().texts[SHELTER]
    standard(who, PBNDS)  # the detention standards come with the federal rules, which have no checklist
    assert set(PackText.objects.values_list("pack", flat=True)) == {SHELTER, PBNDS}
