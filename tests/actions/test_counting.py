"""Headcounts: frozen when opened, hidden until they are in, compared one by one, taken again, explained, certified by another."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from django.test import Client
from people import TAGS, People, at, people

from muster import actions as do
from muster.access.control import Actor, NotPermitted
from muster.access.models import User
from muster.core.errors import NotFound
from muster.core.tags import TagMisread
from muster.core.times import NotHappenedYet
from muster.custody.counting import (
    AgreesAlready,
    CertifiedByCounter,
    CountResult,
    FaceNeeded,
    NoPersonsCounted,
    NotCleared,
    NotOut,
    NotToRecount,
    OutAlready,
)
from muster.custody.models import Count, Difference
from muster.custody.rules import AlreadySettled, NotHeldHere, TagTwice
from muster.ledger.models import Entry

HERE = sorted(TAGS[:5])
KINDS = Difference.Kind


@pytest.fixture
def who() -> People:
    made = people()
    do.custody.receive(actor=made.north, site="EX-NORTH", tags=HERE, at=at(-5))
    return made


def opened(who: People, by: Actor | None = None, **more: object) -> UUID:
    answer = do.counting.open_count(actor=by or who.north, site="EX-NORTH", **({"at": at(1)} | more)).answer
    return answer.count


def given_in(who: People, count: UUID, by: Actor | None = None, **more: object) -> CountResult:
    result: CountResult = do.counting.submit_count(actor=by or who.north, count=count, **more).answer
    return result


def differences(kind: str) -> list[str]:
    return list(Difference.objects.filter(kind=kind).order_by("act_id").values_list("words", flat=True))


def test_each_tag_scanned_says_who_is_missing_and_who_was_not_expected(who: People) -> None:
    entries = Entry.objects.count()
    count = opened(who, mode="scan")
    result = given_in(who, count, tags=[*HERE[:4], TAGS[9]])

    assert result == CountResult(5, 5, False, [HERE[4]], [TAGS[9]])
    (words,) = differences(KINDS.COUNT_DISAGREES)
    assert words == f"Counted 5, expected 5. Missing: {HERE[4]}. Not expected: {TAGS[9]}."
    assert Entry.objects.count() == entries


def test_what_is_expected_is_who_was_held_when_the_count_was_opened(who: People) -> None:
    count = opened(who, mode="scan")
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[9]], at=at(2))

    assert given_in(who, count, tags=HERE) == CountResult(5, 5, True)
    assert differences(KINDS.MOVED_DURING_COUNT) == []  # an informal count does not stop movement


@pytest.mark.parametrize(("hours", "told"), [(1, 0), (2, 1), (3, 1), (3.01, 0)])
def test_who_moved_while_a_formal_count_was_open_is_a_difference(
    who: People, hours: float, told: int
) -> None:
    count = opened(who, kind="formal", at=at(1))
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[9]], at=at(hours))
    given_in(who, count, persons=5, at=at(3))

    assert len(differences(KINDS.MOVED_DURING_COUNT)) == told


def test_an_empty_site_is_counted_by_an_empty_list_and_a_count_without_anything_is_refused(
    who: People,
) -> None:
    with pytest.raises(NoPersonsCounted):
        given_in(who, opened(who))
    scanned = opened(who, mode="scan")
    with pytest.raises(NoPersonsCounted):
        given_in(who, scanned, persons=5)
    with pytest.raises(TagMisread):
        given_in(who, scanned, tags=["222-222-3"])
    with pytest.raises(TagTwice):
        given_in(who, scanned, tags=[HERE[0], HERE[0]])
    with pytest.raises(NotHappenedYet):
        given_in(who, scanned, tags=[], at=at(24 * 3650))

    assert given_in(who, scanned, tags=[]).missing == HERE
    with pytest.raises(AlreadySettled):
        given_in(who, scanned, tags=[])


def test_a_count_that_disagrees_is_taken_again_and_the_third_time_by_face(who: People) -> None:
    first = opened(who, kind="formal")
    with pytest.raises(NotToRecount, match="not in yet"):
        opened(who, recount_of=first)
    given_in(who, first, persons=4)
    second = opened(who, recount_of=first)
    with pytest.raises(NotToRecount, match="taken again already"):
        opened(who, recount_of=first)
    given_in(who, second, persons=4)
    for mode in ("number", "scan"):
        with pytest.raises(FaceNeeded):
            opened(who, recount_of=second, mode=mode)
    third = opened(who, recount_of=second, mode="face")
    assert given_in(who, third, tags=HERE).agrees
    with pytest.raises(NotToRecount, match="agrees"):
        opened(who, recount_of=third, mode="face")
    with pytest.raises(NotFound):
        opened(who, recount_of=uuid4())

    assert Count.objects.get(pk=third).kind == "formal"
    assert len(differences(KINDS.COUNT_DISAGREES)) == 2


def test_only_somebody_else_certifies_and_only_what_is_cleared(who: People) -> None:
    def certify(count: UUID, by: Actor) -> str:
        return str(do.counting.certify_count(actor=by, count=count).answer.state)

    count = opened(who)
    with pytest.raises(NotCleared, match="not in yet"):
        certify(count, who.north_too)
    given_in(who, count, by=who.north_too, persons=4)
    for counter in (who.north, who.north_too):  # one opened it, the other gave it in
        with pytest.raises(CertifiedByCounter):
            certify(count, counter)
    with pytest.raises(NotCleared, match="nobody has explained it"):
        certify(count, who.center)
    do.counting.explain_count(actor=who.north, count=count, reason="One was in the shower.")
    with pytest.raises(NotFound):
        certify(count, who.south)
    assert certify(count, who.center) == "certified"
    with pytest.raises(AlreadySettled):
        certify(count, who.center)
    assert Difference.objects.get(kind=KINDS.COUNT_DISAGREES).words  # it stays to be settled


def test_a_count_that_was_taken_again_is_not_certified(who: People) -> None:
    first = opened(who)
    given_in(who, first, persons=4)
    opened(who, recount_of=first)

    with pytest.raises(NotCleared, match="taken again"):
        do.counting.certify_count(actor=who.center, count=first)


def test_a_count_is_explained_and_passed_on_once_and_only_where_it_disagrees(who: People) -> None:
    count = opened(who)
    for refusal in (NotCleared, AgreesAlready):
        with pytest.raises(refusal):
            do.counting.explain_count(actor=who.north, count=count, reason="Nobody knows")
        with pytest.raises(refusal):
            do.counting.escalate_count(
                actor=who.north, count=count, to="Shift supervisor", reason="Nobody knows"
            )
        if refusal is NotCleared:
            given_in(who, count, persons=5)
    wrong = opened(who)
    given_in(who, wrong, persons=3)
    assert (
        do.counting.escalate_count(
            actor=who.north, count=wrong, to="Watch officer", reason="Two missing"
        ).answer.state
        == "escalated"
    )
    do.counting.explain_count(actor=who.north, count=wrong, reason="At the clinic")
    for again in (
        lambda: do.counting.escalate_count(
            actor=who.north, count=wrong, to="Watch officer", reason="Two missing"
        ),
        lambda: do.counting.explain_count(actor=who.north, count=wrong, reason="At the clinic"),
    ):
        with pytest.raises(AlreadySettled):
            again()


# --- outside ------------------------------------------------------------------------


def out(who: People, tags: list[str], **more: object) -> list[str]:
    inputs = {
        "site": "EX-NORTH",
        "tags": tags,
        "place": "County hospital",
        "escort": "Agency officers",
        "at": at(0),
    } | more
    return list(do.counting.record_out(actor=who.north, **inputs).answer.tags)


def test_who_is_at_a_hospital_is_expected_there_and_not_inside(who: People) -> None:
    out(who, HERE[:1])
    count = opened(who, mode="scan")
    assert given_in(who, count, tags=HERE[1:]).agrees
    with pytest.raises(NotCleared, match="County hospital"):
        do.counting.certify_count(actor=who.center, count=count)
    with pytest.raises(NotFound):
        do.counting.confirm_out(actor=who.north, count=count, place="Court", persons=1, by="Agency officers")
    confirm = {"count": count, "place": "County hospital", "by": "Agency officers"}
    assert not do.counting.confirm_out(actor=who.north, persons=0, **confirm).answer.agrees
    with pytest.raises(AlreadySettled):
        do.counting.confirm_out(actor=who.north, persons=1, **confirm)

    do.counting.certify_count(actor=who.center, count=count)
    assert differences(KINDS.OUT_DISAGREES) == ["Agency officers counted 0 at County hospital, expected 1."]


def test_nobody_is_out_twice_back_without_being_out_or_out_of_where_he_is_not_held(who: People) -> None:
    out(who, HERE[:2])
    with pytest.raises(OutAlready, match=HERE[0]):
        out(who, HERE[:1])
    with pytest.raises(NotHeldHere, match=TAGS[9]):
        out(who, [TAGS[9]])
    with pytest.raises(NotOut, match=HERE[3]):
        do.counting.record_back(actor=who.north, site="EX-NORTH", tags=[HERE[3]], at=at(1))
    do.counting.record_back(actor=who.north, site="EX-NORTH", tags=HERE[:1], at=at(1))

    assert given_in(who, opened(who), persons=4).agrees


def test_who_is_released_from_outside_is_out_no_more_when_brought_again(who: People) -> None:
    out(who, HERE[:1])
    do.custody.release(actor=who.north, site="EX-NORTH", tags=HERE[:1], at=at(1), reason="court_order")
    assert given_in(who, opened(who, at=at(2)), persons=4).agrees
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=HERE[:1], at=at(3))

    assert given_in(who, opened(who, at=at(4)), persons=5).agrees


def test_a_count_taken_on_paper_and_told_late_expects_who_was_there_then(who: People) -> None:
    out(who, HERE[1:2])
    do.custody.release(actor=who.north, site="EX-NORTH", tags=HERE[:1], at=at(2), reason="court_order")
    do.custody.receive(actor=who.north, site="EX-NORTH", tags=[TAGS[9]], at=at(3))
    do.counting.record_back(actor=who.north, site="EX-NORTH", tags=HERE[1:2], at=at(4))

    late = opened(who, mode="scan", at=at(1))
    result = given_in(who, late, tags=[HERE[0], *HERE[2:]], at=at(1.2))

    assert (result.expected, result.agrees) == (4, True)
    row = Count.objects.get(pk=late)
    assert list(row.outside.values()) == ["County hospital"]
    assert row.act.recorded_at > row.counted.counted_at > row.opened_at  # both times are kept
    assert given_in(who, opened(who, mode="scan", at=at(5)), tags=[*HERE[1:], TAGS[9]]).agrees
    assert given_in(who, opened(who, at=at(-6)), persons=0).agrees  # before anybody came


def test_other_sites_people_neither_count_nor_send_out(who: People) -> None:
    count = opened(who)
    for act in (
        lambda: opened(who, by=who.south),
        lambda: given_in(who, count, by=who.south, persons=5),
        lambda: do.counting.record_out(
            actor=who.south, site="EX-NORTH", tags=HERE[:1], place="Court", escort="Us", at=at(0)
        ),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotPermitted):
        do.counting.open_count(actor=who.center, site="EX-NORTH", at=at(1))


# --- its pages ----------------------------------------------------------------------


def test_a_count_goes_through_its_pages_and_says_nothing_of_what_is_expected_before(who: People) -> None:
    def client(name: str) -> Client:
        browser = Client()
        browser.force_login(User.objects.get(username=name))
        return browser

    clerk, second = client("clerk.north"), client("clerk.north.two")
    base = "/counter/EX-NORTH/headcount/"
    clerk.post(
        "/counter/EX-NORTH/outside/out/",
        {"tags": HERE[0], "place": "Court", "escort": "Agency officers", "at": ""},
    )
    page = clerk.post(base, {"kind": "formal", "mode": "scan"}, follow=True)
    where = page.redirect_chain[-1][0]
    assert HERE[1] not in page.content.decode()
    assert "hidden until it is in" in clerk.get(base).content.decode()
    result = clerk.post(where, {"tags": "\n".join(HERE[1:4])}, follow=True).content.decode()
    assert (HERE[4] in result, "3 counted, 4 expected" in result, "Count again" in result) == (
        True,
        True,
        True,
    )
    assert clerk.post(where + "certify/", {}).status_code == 409
    assert second.post(where + "certify/", {}).status_code == 409
    clerk.post(where + "outside/", {"place": "Court", "persons": "1", "by": "Agency officers"})
    clerk.post(where + "explain/", {"reason": "One was in the shower."})
    clerk.post(where + "escalate/", {"to": "Watch officer", "reason": "To be known."})
    certified = second.post(where + "certify/", {}, follow=True).content.decode()
    assert "Certified by clerk.north.two" in certified
    assert clerk.get(where + "nothing/").status_code == 404
    assert client("clerk.south").get(where).status_code == 404

    page = clerk.post(base, {"kind": "informal", "mode": "number"}, follow=True)
    wrong = page.redirect_chain[-1][0]
    assert clerk.post(wrong, {"persons": "many"}).status_code == 422
    clerk.post(wrong, {"persons": "2"})
    again = clerk.post(wrong + "again/", {"mode": "number"}, follow=True).redirect_chain[-1][0]
    clerk.post(again, {"persons": "2"})
    assert clerk.post(again + "again/", {"mode": "number"}).status_code == 422
    assert "CNT-03" in clerk.get(again + "again/").content.decode()
    back = clerk.post(
        "/counter/EX-NORTH/outside/back/", {"tags": HERE[0], "at": ""}, follow=True
    ).content.decode()
    assert "Nobody of Ex-North is recorded as outside it." in back
