"""Who is kept together and who apart: seen by those who house and move them, asked for before a list parts them, told where it happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from people import TAGS, People, at, people

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.core.errors import FaultyInput, NotFound
from muster.custody.grouping import LabelNeeded, TooFew, groups_at
from muster.custody.groups import GroupParted, NothingToSeparate, flags_of, standing
from muster.custody.models import Concerned, Difference, Flag, Group, Separation
from muster.custody.rules import NotHeldHere
from muster.ledger.exporting import export
from muster.ledger.models import Handover, Thing
from muster.parties.models import Organisation, Site
from muster.record.models import Act

HERE = sorted(TAGS[:6])
FAMILY = HERE[:3]
SAYS = "Letter of the agency, 1 March"
ROOM = {"area": "H-1", "name": "Hold room 1", "kind": "hold_room", "usable": 30, "valid_from": "2026-01-01"}
BUNKS = {"area": "D-1", "name": "Dormitory", "kind": "housing", "usable": 30, "valid_from": "2026-01-01"}
SICK = {"area": "M-1", "name": "Sick bay", "kind": "medical", "usable": 30, "valid_from": "2026-01-01"}


@pytest.fixture
def who() -> People:
    made = people()
    do.custody.receive(actor=made.north, site="EX-NORTH", tags=HERE, at=at(-5))
    do.areas.state_areas(actor=made.center, site="EX-NORTH", areas=[ROOM, BUNKS, SICK])
    return made


def group(who: People, tags: list[str], kind: str = "keep_with") -> Any:
    return do.grouping.state_group(
        actor=who.north, site="EX-NORTH", kind=kind, tags=tags, authority=SAYS
    ).answer.group


def flag(who: People, tags: list[str], kind: str, label: str = "", **more: Any) -> None:
    do.grouping.flag(
        actor=who.north, site="EX-NORTH", tags=tags, kind=kind, label=label, authority=SAYS, **more
    )


def offer(who: People, tags: list[str], by: Actor | None = None, **more: Any) -> Any:
    inputs = {"giver": "EX-NORTH", "receiver": "EX-SOUTH", "tags": tags} | more
    return do.custody.offer(actor=by or who.north, **inputs).answer.handover


def place(who: People, tags: list[str], area: str, hours: float = -4) -> Any:
    return do.placing.place(actor=who.north, site="EX-NORTH", tags=tags, area=area, at=at(hours)).answer


def opened(kind: str) -> list[tuple[str, str]]:
    """The words that many read, and those for who houses and moves the persons."""
    rows = Difference.objects.filter(kind=kind).order_by("id").select_related("concerned")
    return [(row.words, row.concerned.words) for row in rows]


def test_a_list_that_parts_a_group_is_refused_with_its_members_named_and_the_record_names_nobody(
    who: People, tmp_path: Path
) -> None:
    group(who, FAMILY)
    with pytest.raises(GroupParted) as told:
        offer(who, [FAMILY[0], HERE[5]])

    assert (told.value.going, told.value.staying) == (FAMILY[:1], FAMILY[1:])
    assert all(tag in told.value.abroad for tag in FAMILY)
    refused = Act.objects.get(refused_code="custody.group_parted")
    assert refused.refused_words == "The list would part a group that is kept together. Nothing was kept."
    assert not Handover.objects.exists()
    offer(who, FAMILY)  # all of them may go
    export(tmp_path)
    written = "".join(file.read_text() for file in tmp_path.iterdir())
    assert FAMILY[0] in written
    assert SAYS not in written
    assert "keep_with" not in written


@pytest.mark.parametrize("missing", ["separate_authority", "separate_reason"])
def test_a_separation_needs_its_authority_and_its_reason(who: People, missing: str) -> None:
    group(who, FAMILY)
    stated = {"separate_authority": SAYS, "separate_reason": "Hospital"} | {missing: " "}

    with pytest.raises(GroupParted):
        offer(who, FAMILY[:1], **stated)
    with pytest.raises(NothingToSeparate):
        offer(who, [HERE[5]], separate_authority=SAYS, separate_reason="Hospital")


def test_a_stated_separation_links_both_ends_and_its_arrival_is_no_difference(who: People) -> None:
    made = group(who, FAMILY)
    handover = offer(who, FAMILY[:1], separate_authority=SAYS, separate_reason="Born here, to the hospital")
    do.custody.accept(actor=who.south, handover=handover, at=at(-3))

    row = Separation.objects.get()
    ids = {thing.tag: str(thing.pk) for thing in Thing.objects.filter(tag__in=FAMILY)}
    assert (row.group_id, row.handover_id) == (made, handover)
    assert (row.went, row.stayed) == ([ids[FAMILY[0]]], [ids[tag] for tag in FAMILY[1:]])
    assert opened("group_split") == []
    assert [each.group.pk for each in groups_at(Site.objects.get(code="EX-SOUTH"))] == [
        made
    ]  # it goes with them


def test_an_arrival_of_part_of_a_group_is_kept_and_a_difference(who: People) -> None:
    group(who, FAMILY)
    handover = offer(who, FAMILY)
    do.custody.accept(actor=who.south, handover=handover, at=at(-3), tags=FAMILY[:1])

    ((words, told),) = opened("group_split")
    assert words == "A group that is kept together reached EX-SOUTH in part: 1 came, 2 did not."
    assert (
        told == f"Came: {FAMILY[0]}. Did not: {FAMILY[1]} (held by EX-NORTH), {FAMILY[2]} (held by EX-NORTH)."
    )
    assert Difference.objects.get(kind="group_split").site_id == "EX-SOUTH"


def test_an_arrival_that_nobody_offered_is_held_against_the_groups_too(who: People) -> None:
    group(who, FAMILY)
    do.custody.release(actor=who.north, site="EX-NORTH", tags=FAMILY[:1], at=at(-4), reason="court_order")
    do.custody.receive(actor=who.south, site="EX-SOUTH", tags=FAMILY[:1], at=at(-3))

    assert [words for words, _ in opened("group_split")] == [
        "A group that is kept together reached EX-SOUTH in part: 1 came, 2 did not."
    ]


def test_who_was_released_parts_no_group(who: People) -> None:
    group(who, FAMILY)
    do.custody.release(actor=who.north, site="EX-NORTH", tags=FAMILY[2:], at=at(-4), reason="court_order")
    with pytest.raises(GroupParted):
        offer(who, FAMILY[:1])
    do.custody.accept(actor=who.south, handover=offer(who, FAMILY[:2]), at=at(-3))
    assert opened("group_split") == []


def test_a_group_that_was_ended_binds_nobody(who: People) -> None:
    made = group(who, FAMILY)
    do.grouping.end_group(actor=who.north, site="EX-NORTH", group=made, reason="Was no family")
    offer(who, FAMILY[:1])

    assert standing(Thing.objects.filter(tag__in=FAMILY).values_list("pk", flat=True)) == []
    with pytest.raises(NotFound):
        do.grouping.end_group(actor=who.north, site="EX-NORTH", group=made, reason="Twice")


def test_a_group_follows_a_record_into_the_one_that_it_was_merged_into(who: People) -> None:
    group(who, FAMILY)
    flag(who, FAMILY[:1], "minor")
    do.merging.merge(actor=who.center, survivor=HERE[5], duplicate=FAMILY[0], reason="Banded twice")

    (found,) = groups_at(Site.objects.get(code="EX-NORTH"))
    assert {each.tag for each in found.members} == {HERE[5], *FAMILY[1:]}
    survivor = Thing.objects.get(tag=HERE[5]).pk
    assert flags_of([survivor])[survivor].keys() == {"minor"}
    with pytest.raises(GroupParted):
        offer(who, [HERE[5]])


def test_who_is_kept_apart_and_placed_together_is_a_difference_that_names_nobody_to_others(
    who: People,
) -> None:
    group(who, HERE[3:5], "keep_apart")
    place(who, HERE[3:4], "D-1")
    assert place(who, HERE[4:6], "D-1", -3).differences == 1

    ((words, told),) = opened("not_apart")
    assert words == "2 persons who are kept apart are together in Dormitory (D-1)."
    assert told == f"{HERE[3]}, {HERE[4]}, apart by {SAYS}."
    assert place(who, HERE[5:6], "D-1", -2).differences == 0  # who moves in between has nothing to do with it


@pytest.mark.parametrize(("area", "differences"), [("H-1", 1), ("D-1", 1), ("M-1", 0)])
def test_separation_groups_of_the_agency_are_apart_where_persons_are_shut_in(
    who: People, area: str, differences: int
) -> None:
    flag(who, HERE[:2], "separation", "A")
    flag(who, HERE[2:4], "separation", "B")
    place(who, [*HERE[:2], HERE[5]], area)
    assert not Difference.objects.filter(kind="not_apart").exists()
    place(who, HERE[2:3], area, -3)

    told = opened("not_apart")
    assert len(told) == differences
    assert all(inner == f"A: {HERE[0]}, {HERE[1]}; B: {HERE[2]}." for _, inner in told)


def test_where_a_hold_room_standard_holds_its_rules_are_named(who: People) -> None:
    do.cases.set_standard(
        actor=who.center, site="EX-NORTH", standard="us.ice.holdroom", valid_from=at(-1000).date()
    )
    flag(who, HERE[:1], "separation", "A")
    flag(who, HERE[1:2], "separation", "B")
    flag(who, HERE[1:2], "minor")
    place(who, HERE[:2], "H-1")

    ((apart, _),) = opened("not_apart")
    assert "(HOLD-04, ICE memo, Feb 29, 2008)" in apart
    ((seated, told),) = opened("hold_room")
    assert "sit outside under direct supervision, unless violence was shown" in seated
    assert "HOLD-03, NDS 2025 section 2.5 p. 32; ICE memo, Feb 29, 2008, not verified" in seated
    assert told == f"{HERE[1]}."
    flag(who, HERE[1:2], "minor", stands=False)
    assert place(who, HERE[1:2], "H-1", -3).differences == 1  # of the separation alone


def test_a_group_in_two_areas_is_a_difference_and_in_one_is_none(who: People) -> None:
    group(who, FAMILY)
    assert place(who, FAMILY[:1], "D-1").differences == 0  # the others are in no area yet
    assert place(who, FAMILY[1:], "M-1", -3).differences == 1
    assert place(who, FAMILY, "M-1", -2).differences == 0

    ((words, told),) = opened("group_split")
    assert words == "A group that is kept together is in part in Sick bay (M-1) and in part in another area."
    assert told.endswith(f"In M-1: {FAMILY[1]}, {FAMILY[2]}. Elsewhere: {FAMILY[0]}.")


def test_what_cannot_be_meant_is_refused(who: People) -> None:
    with pytest.raises(TooFew):
        group(who, HERE[:1])
    with pytest.raises(NotHeldHere):
        group(who, [HERE[0], TAGS[50]])
    with pytest.raises(LabelNeeded, match="Write the label"):
        flag(who, HERE[:1], "separation")
    with pytest.raises(LabelNeeded, match="Leave the label out"):
        flag(who, HERE[:1], "minor", "A")
    with pytest.raises(FaultyInput):
        flag(who, HERE[:1], "separation", "women only")  # a label is opaque
    with pytest.raises(NotFound):
        do.grouping.end_group(actor=who.north, site="EX-NORTH", group=uuid4(), reason="Was no family")
    assert not Group.objects.exists()
    assert not Flag.objects.exists()


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_pages_state_and_end_groups_and_show_them_to_those_who_house_the_persons(who: People) -> None:
    clerk, page = signed_in("clerk.north"), "/counter/EX-NORTH/housing/"
    typed = {"kind": "keep_with", "tags": "\n".join(FAMILY), "authority": SAYS}
    assert "until somebody ends it" in clerk.post(page + "group/", typed, follow=True).content.decode()
    flagged = {"kind": "separation", "label": "G-2", "tags": HERE[4], "authority": SAYS}
    assert "Stated of 1 person." in clerk.post(page + "flag/", flagged, follow=True).content.decode()
    assert clerk.post(page + "flag/", flagged | {"label": ""}).status_code == 422
    place(who, FAMILY[:1], "D-1")
    place(who, FAMILY[1:], "M-1", -3)

    shown = clerk.get(page).content.decode()
    assert all(words in shown for words in (*FAMILY, "G-2", f"Elsewhere: {FAMILY[0]}.", "End this group"))
    assert signed_in("clerk.south").get(page).status_code == 404
    difference = Difference.objects.get(kind="group_split").pk
    affairs = User.objects.create_user("affairs", password="affairs' password")
    Grant.objects.create(user=affairs, role="affairs", organisation=Organisation.objects.get(code="EX-GUARD"))
    assert signed_in("affairs").get(page).status_code == 403
    assert signed_in("affairs").get("/counter/EX-NORTH/areas/in/D-1/").status_code == 403
    for name, seen in (("center", True), ("affairs", False)):
        assert (
            f"Elsewhere: {FAMILY[0]}."
            in signed_in(name).get(f"/board/differences/{difference}/").content.decode()
        ) is seen
        assert f"Elsewhere: {FAMILY[0]}." not in signed_in(name).get("/board/").content.decode()
    with pytest.raises(NotPermitted):
        do.grouping.state_group(
            actor=actor_of(affairs), site="EX-NORTH", kind="keep_with", tags=FAMILY, authority=SAYS
        )

    back = clerk.post(page + "flag/", flagged | {"back": "yes"}, follow=True).content.decode()
    assert "Nothing is stated of anybody here." in back
    ended = f"{page}groups/{Group.objects.get().pk}/end/"
    assert (
        "The group has ended." in clerk.post(ended, {"reason": "Was no family"}, follow=True).content.decode()
    )
    assert clerk.get(ended).status_code == 404


def test_the_page_of_a_handover_asks_for_the_authority_once_a_list_parts_a_group(who: People) -> None:
    group(who, FAMILY)
    clerk, page = signed_in("clerk.north"), "/counter/EX-NORTH/hand-over/"
    assert "Separated on whose authority" not in clerk.get(page).content.decode()
    typed = {"receiver": "EX-SOUTH", "tags": FAMILY[0]}
    asked = clerk.post(page, typed)

    assert asked.status_code == 409
    assert all(words in asked.content.decode() for words in (*FAMILY, "Separated on whose authority"))
    more = typed | {"separate_authority": SAYS, "separate_reason": "Hospital"}
    assert "1 person offered to EX-SOUTH" in clerk.post(page, more, follow=True).content.decode()
    assert Concerned.objects.count() == 0
