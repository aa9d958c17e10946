"""Persons change hands when the receiver signs; facts are kept; nothing is changed, only corrected."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client
from people import TAGS, People, at, people

from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.core.errors import MusterError, NotFound
from muster.core.tags import TagMisread
from muster.custody import actions, counting, queries, reports, rules
from muster.custody.models import Counted, Difference
from muster.ledger import queries as ledger
from muster.ledger import rules as ledger_rules
from muster.ledger.models import Entry, Report, Settlement, Thing
from muster.parties.models import Site

BUS = TAGS[:60]


@pytest.fixture
def who() -> People:
    return people()


def receive(who: People, tags: list[str], hours: float = 0, **more: Any) -> Any:
    inputs = {"site": "EX-NORTH", "tags": tags, "at": at(hours), "from_organisation": "EX-AGENCY"} | more
    actor = who.south if inputs["site"] == "EX-SOUTH" else who.north
    return actions.receive(actor=actor, **inputs)


def offer(who: People, tags: list[str]) -> Any:
    done = actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=tags)
    return done.answer.handover


def counts(moment: datetime) -> dict[str, int]:
    return ledger.census(moment, ledger.latest_known()).sites


def test_a_bus_of_sixty_is_received_in_one_act(who: People) -> None:
    done = receive(who, BUS)

    assert done.answer.received == BUS
    assert Entry.objects.filter(act_id=done.act).count() == 60
    assert counts(at(0)) == {"EX-NORTH": 60}
    assert counts(at(-0.1)) == {}


def test_an_arrival_nobody_offered_is_a_difference_until_it_is_settled(who: People) -> None:
    receive(who, BUS[:1])
    difference = queries.open_differences(["EX-NORTH"]).get()

    actions.settle(actor=who.center, difference=difference.pk, reason="The agency confirms by telephone.")

    assert difference.kind == Difference.Kind.UNOFFERED_ARRIVAL
    assert not queries.open_differences(["EX-NORTH"]).exists()
    with pytest.raises(rules.AlreadySettled):
        actions.settle(actor=who.center, difference=difference.pk, reason="Once more.")


def test_custody_moves_when_the_receiver_signs_and_not_before(who: People) -> None:
    receive(who, BUS)
    handover = offer(who, BUS)
    assert counts(at(2)) == {"EX-NORTH": 60}

    actions.accept(actor=who.south, handover=handover, at=at(2))

    assert counts(at(2)) == {"EX-SOUTH": 60}
    signers = ledger.history(BUS[0])["entries"][-1]["signed_by"]
    assert signers == [who.north.user, who.south.user]


def test_who_was_offered_and_did_not_come_stays_with_the_giver(who: People) -> None:
    receive(who, BUS[:3])
    handover = offer(who, BUS[:3])

    done = actions.accept(actor=who.south, handover=handover, at=at(2), tags=BUS[:2])

    assert done.answer.missing == BUS[2:3]
    assert counts(at(2)) == {"EX-NORTH": 1, "EX-SOUTH": 2}
    assert queries.open_differences(["EX-SOUTH"]).get().kind == Difference.Kind.DISCREPANCY


def test_one_person_does_not_sign_for_both_sides(who: People) -> None:
    receive(who, BUS[:1])
    made = actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=BUS[:1])

    with pytest.raises(rules.SameSigner):
        actions.accept(actor=offerer_at_south(who), handover=made.answer.handover, at=at(1))


@pytest.mark.parametrize("end", ["refuse", "withdraw"])
def test_a_refused_or_withdrawn_offer_changes_no_holder_and_ends(who: People, end: str) -> None:
    receive(who, BUS[:2])
    handover = offer(who, BUS[:2])

    if end == "refuse":
        done = actions.refuse(actor=who.south, handover=handover, reason="no_space")
        assert done.answer.reason == "no_space"
    else:
        done = actions.withdraw(actor=who.north, handover=handover)

    assert done.answer.state == ("refused" if end == "refuse" else "withdrawn")
    assert counts(at(5)) == {"EX-NORTH": 2}
    with pytest.raises(ledger_rules.NotOpen):
        actions.accept(actor=who.south, handover=handover, at=at(2))
    assert offer(who, BUS[:2])  # they can be offered again


def test_somebody_held_elsewhere_is_kept_as_a_report_and_the_others_are_received(who: People) -> None:
    receive(who, BUS[:1])

    answer = receive(who, BUS[:2], 1, site="EX-SOUTH").answer

    assert answer.received == BUS[1:2]
    assert answer.held_elsewhere == {BUS[0]: "EX-NORTH"}
    assert Report.objects.get(pk=answer.report).payload["held_by"] == {BUS[0]: "EX-NORTH"}
    assert counts(at(1)) == {"EX-NORTH": 1, "EX-SOUTH": 1}
    kinds = {difference.kind for difference in queries.open_differences(["EX-SOUTH"])}
    assert kinds == {Difference.Kind.HELD_ELSEWHERE, Difference.Kind.UNOFFERED_ARRIVAL}


def test_who_is_here_already_is_refused_by_name_and_the_others_can_be_received_without(who: People) -> None:
    receive(who, BUS[:2])

    with pytest.raises(
        rules.AlreadyHere, match=f"{BUS[0]} .since 06:00 CST, 1 Mar 2026.: already at EX-NORTH"
    ) as told:
        receive(who, [BUS[2], BUS[0]], 1)

    assert told.value.since == {BUS[0]: at(0)}
    assert (counts(at(1)), Report.objects.count()) == ({"EX-NORTH": 2}, 0)
    assert receive(who, BUS[2:3], 1).answer.received == BUS[2:3]


def test_an_arrival_before_a_later_entry_is_kept_as_a_report_and_moves_nobody(who: People) -> None:
    receive(who, BUS[:1])
    actions.release(actor=who.north, site="EX-NORTH", tags=BUS[:1], at=at(4), reason="bond")

    answer = receive(who, BUS[:2], 3, site="EX-SOUTH").answer

    assert (answer.received, answer.held_elsewhere, list(answer.reported)) == (BUS[1:2], {}, BUS[:1])
    assert "since 10:00 CST, 1 Mar 2026" in answer.reported[BUS[0]]
    kept = Report.objects.get(pk=answer.report)
    assert (kept.kind, kept.thing.tag, kept.payload["what"]) == ("out_of_order", BUS[0], "received")
    assert queries.open_differences(["EX-SOUTH"]).get(kind="out_of_order").report == kept
    assert counts(at(5)) == {"EX-SOUTH": 1}
    assert receive(who, BUS[:1], 4).answer.received == BUS[:1]  # at that very moment it fits


def test_an_arrival_that_has_not_come_yet_is_no_fact_and_no_report_of_it_is_kept(who: People) -> None:
    receive(who, BUS[:1])

    with pytest.raises(ledger_rules.ClockAhead):
        receive(who, BUS[:1], 24 * 365 * 50, site="EX-SOUTH")

    assert not Report.objects.exists()


def test_a_report_is_settled_with_the_last_of_its_differences(who: People) -> None:
    receive(who, BUS[:2])
    report = receive(who, BUS[:2], 1, site="EX-SOUTH").answer.report
    first, second = queries.open_differences(["EX-SOUTH"]).filter(report=report)

    actions.settle(actor=who.center, difference=first.pk, reason="Scanned from an old list.")
    assert not Settlement.objects.exists()
    done = actions.settle(actor=who.center, difference=second.pk, reason="The same old list.")

    settlement = Settlement.objects.get()
    assert (settlement.report_id, settlement.act_id) == (report, done.act)
    assert settlement.reason == "The same old list."


def test_a_report_is_listed_until_a_named_person_settles_it(who: People) -> None:
    """On the board of whoever may settle it, with what it says; and the record names who did and why."""
    receive(who, BUS[:1])
    report = receive(who, BUS[:1], 1, site="EX-SOUTH").answer.report
    center = Client()
    center.force_login(
        User.objects.get(pk=who.center.user), backend="django.contrib.auth.backends.ModelBackend"
    )

    def listed() -> bool:
        return (
            f"{BUS[0]} was received here; the record says that EX-NORTH holds the person."
            in center.get("/board/").content.decode()
        )

    assert listed()
    difference = queries.open_differences(["EX-SOUTH"]).get(report=report)
    actions.settle(actor=who.center, difference=difference.pk, reason="A mix-up at the gate.")

    assert not listed()
    settlement = Settlement.objects.select_related("act").get(report=report)
    assert (settlement.act.actor_id, settlement.reason) == (who.center.user, "A mix-up at the gate.")


def test_a_release_is_recorded_even_on_an_open_offer_and_they_may_come_back(who: People) -> None:
    receive(who, BUS[:2])
    offer(who, BUS[:2])

    actions.release(actor=who.north, site="EX-NORTH", tags=BUS[:1], at=at(1), reason="court_order")

    assert counts(at(1)) == {"EX-NORTH": 1}
    assert queries.open_differences(["EX-NORTH"]).filter(kind="released_on_offer").exists()
    receive(who, BUS[:1], 9, from_organisation="EX-OTHER")
    givers = [entry["giver"] for entry in ledger.history(BUS[0])["entries"]]
    assert givers == ["outside:EX-AGENCY", "EX-NORTH", "outside", "outside:EX-OTHER"]


def test_who_was_released_is_off_the_offer_and_the_others_can_be_signed_for(who: People) -> None:
    receive(who, BUS[:3])
    handover = offer(who, BUS[:2])
    alone = offer(who, BUS[2:3])
    actions.release(actor=who.north, site="EX-NORTH", tags=[BUS[0], BUS[2]], at=at(1), reason="court_order")

    accepted = actions.accept(actor=who.south, handover=handover, at=at(2)).answer

    assert (accepted.accepted, accepted.missing) == ([BUS[1]], [])
    with pytest.raises(ledger_rules.NotOpen, match="lapsed"):
        actions.accept(actor=who.south, handover=alone, at=at(2))


def release(who: People, tags: list[str], hours: float = 0, **more: Any) -> Any:
    inputs = {"site": "EX-NORTH", "tags": tags, "at": at(hours), "reason": "court_order"} | more
    return actions.release(actor=who.south if inputs["site"] == "EX-SOUTH" else who.north, **inputs)


def test_a_release_is_never_refused_for_what_the_record_says_of_the_persons(who: People) -> None:
    receive(who, BUS[:2])
    receive(who, BUS[2:3], site="EX-SOUTH")
    unknown = BUS[3]

    answer = release(who, [*BUS[:3], unknown], 1).answer

    assert answer.released == BUS[:2]
    assert answer.reported == {
        BUS[2]: f"{BUS[2]} was released here; the record says that EX-SOUTH holds the person.",
        unknown: f"{unknown} was released here; the record has never had a person of that tag.",
    }
    assert counts(at(1)) == {"EX-SOUTH": 1}
    report = Report.objects.get(pk=answer.report)
    assert report.payload["tags"] == [BUS[2], unknown]
    assert (report.payload["what"], report.payload["reason"]) == ("released", "court_order")
    differences = queries.open_differences(["EX-NORTH"]).filter(kind="not_held_here", report=report)
    assert [d.thing and d.thing.tag for d in differences] == [BUS[2], None]
    assert not Thing.objects.filter(tag=unknown).exists()


def test_a_release_before_the_arrival_in_the_record_is_kept_as_a_report(who: People) -> None:
    receive(who, BUS[:1], 2)

    answer = release(who, BUS[:1], 1).answer

    assert (answer.released, list(answer.reported)) == ([], BUS[:1])
    assert queries.open_differences(["EX-NORTH"]).get(kind="out_of_order").report_id == answer.report
    assert counts(at(3)) == {"EX-NORTH": 1}
    assert release(who, BUS[:1], 2).answer == actions.Released(BUS[:1])  # at that very moment it fits


def test_a_release_at_a_site_kept_by_list_is_kept_and_writes_no_entry(who: People) -> None:
    receive(who, BUS[:1])
    Site.objects.filter(pk="EX-NORTH").update(kept_by_list_since="2026-01-01")

    answer = release(who, BUS[:1], 1).answer

    assert (answer.released, Entry.objects.count()) == ([], 1)
    assert queries.open_differences(["EX-NORTH"]).get(kind="kept_by_list").report_id == answer.report


def test_a_count_is_compared_with_what_was_expected_when_it_opened(who: People) -> None:
    receive(who, BUS[:5])
    opened = counting.open_count(actor=who.north, site="EX-NORTH", at=at(1)).answer.count
    receive(who, BUS[5:6], 2)

    result = counting.submit_count(actor=who.north, count=opened, persons=4).answer

    assert (result.expected, result.counted, result.agrees) == (5, 4, False)
    assert counts(at(3)) == {"EX-NORTH": 6}
    assert (
        queries.open_differences(["EX-NORTH"]).get(kind="count_disagrees").words == "Counted 4, expected 5."
    )
    with pytest.raises(rules.AlreadySettled):
        counting.submit_count(actor=who.north, count=opened, persons=5)


def test_a_correction_moves_the_past_and_keeps_what_was_known(who: People) -> None:
    receive(who, BUS[:1], 2)
    before = actions.accept(actor=who.south, handover=offer(who, BUS[:1]), at=at(6)).known_at

    done = actions.correct(
        actor=who.north, site="EX-NORTH", tag=BUS[0], n=1, happened_at=at(0), reason="late_entry"
    )

    assert ledger.census(at(1), before or 0).sites == {}
    assert ledger.census(at(1), done.known_at or 0).sites == {"EX-NORTH": 1}
    assert ledger.census(at(7), done.known_at or 0).sites == {"EX-SOUTH": 1}
    repeats = [entry["repeats"] for entry in ledger.history(BUS[0])["entries"]]
    assert repeats == [None, None, None, None, None, 2]


def test_an_entry_that_did_not_happen_is_voided_and_cannot_be_corrected_again(who: People) -> None:
    receive(who, BUS[:1])

    actions.correct(actor=who.north, site="EX-NORTH", tag=BUS[0], n=1, void=True, reason="wrong_person")

    assert counts(at(1)) == {}
    with pytest.raises(rules.NothingToCorrect):
        actions.correct(actor=who.north, site="EX-NORTH", tag=BUS[0], n=1, void=True, reason="wrong_person")


def test_what_a_correction_repeats_keeps_its_signatures_and_its_source(who: People) -> None:
    receive(who, BUS[:1], 2)
    actions.accept(actor=who.south, handover=offer(who, BUS[:1]), at=at(6))

    for hours in (1, 0):
        first = next(e["n"] for e in live(BUS[0]) if e["giver"] == "outside:EX-AGENCY")
        actions.correct(
            actor=who.north, site="EX-NORTH", tag=BUS[0], n=first, happened_at=at(hours), reason="late_entry"
        )

    arrival, handed_over = live(BUS[0])
    assert (arrival["signed_by"], handed_over["signed_by"]) == ([], [who.north.user, who.south.user])
    assert handed_over["repeats"] == 2


def live(tag: str) -> list[dict[str, Any]]:
    """The live entries of a history, the earliest first."""
    entries = {entry["n"]: entry for entry in ledger.history(tag)["entries"]}
    corrected = {entry["corrects"] for entry in entries.values()}
    return [e for n, e in entries.items() if e["kind"] == "push" and n not in corrected]


@pytest.mark.parametrize(
    ("corrected_by", "inputs", "told_at", "words"),
    [
        ("north", {"receiver": "EX-EAST"}, {"EX-EAST", "EX-SOUTH"}, "EX-EAST received the person at 08:00 CST, 1 Mar 2026, not EX-SOUTH"),
        ("south", {"receiver": "EX-EAST"}, {"EX-EAST"}, "EX-EAST received the person"),
        ("north", {"void": True}, {"EX-SOUTH"}, "EX-SOUTH did not receive the person from EX-NORTH"),
        ("south", {"void": True}, {"EX-NORTH"}, "Nobody of EX-NORTH signed for that"),
        ("north", {"receiver": "outside:EX-AGENCY"}, {"EX-SOUTH"}, "outside:EX-AGENCY received the person"),
        ("north", {"happened_at": at(3)}, set(), ""),
    ],
)  # fmt: skip
def test_a_correction_that_moves_somebody_is_a_difference_at_the_site_that_did_not_sign(
    who: People, corrected_by: str, inputs: dict[str, Any], told_at: set[str], words: str
) -> None:
    Site.objects.create(code="EX-EAST", name="East", zone="America/Chicago")
    receive(who, BUS[:1])
    actions.accept(actor=who.south, handover=offer(who, BUS[:1]), at=at(2))
    actor, site = (who.north, "EX-NORTH") if corrected_by == "north" else (who.south, "EX-SOUTH")

    actions.correct(actor=actor, site=site, tag=BUS[0], n=2, reason="wrong_site", **inputs)

    told = Difference.objects.filter(kind="moved_by_correction")
    assert {difference.site_id for difference in told} == told_at
    assert all(words in difference.words for difference in told)
    assert all(difference.thing and difference.thing.tag == BUS[0] for difference in told)


def test_papers_are_the_source_of_the_entries_that_rest_on_them(who: People) -> None:
    receive(who, BUS[:1])
    handover = offer(who, BUS[:1])
    paper, order = "Receipt 17, signed by the driver", "Order 26-0417 of the county court"
    with pytest.raises(rules.SameSigner):
        actions.accept(actor=offerer_at_south(who), handover=handover, at=at(1), witnessed_source=paper)

    actions.accept(actor=who.south, handover=handover, at=at(1), witnessed_source=paper)
    release(who, BUS[:1], 2, site="EX-SOUTH", order_reference=order)
    actions.correct(
        actor=who.north, site="EX-NORTH", tag=BUS[0], n=1, happened_at=at(-1), reason="late_entry"
    )

    assert [entry["source"] for entry in live(BUS[0])] == ["", paper, order]
    again = release(who, BUS[:1], 3, order_reference=order).answer.report
    assert Report.objects.get(pk=again).payload["order_reference"] == order


def offerer_at_south(who: People) -> Actor:
    """The account that made the offer at the north, with the south's counter in its hands too."""
    user = User.objects.get(pk=who.north.user)
    Grant.objects.create(user=user, role="clerk", site_id="EX-SOUTH")
    return actor_of(user)


@pytest.mark.parametrize(
    ("persons", "words"), [(4, ["Counted 4, expected 5. One is at the dentist."]), (5, [])]
)
def test_an_explanation_is_kept_with_the_count_and_stands_in_its_difference(
    who: People, persons: int, words: list[str]
) -> None:
    receive(who, BUS[:5])
    opened = counting.open_count(actor=who.north, site="EX-NORTH", at=at(1)).answer.count

    counting.submit_count(
        actor=who.north, count=opened, persons=persons, explanation="One is at the dentist."
    )

    assert Counted.objects.get(count=opened).explanation == "One is at the dentist."
    differences = queries.open_differences(["EX-NORTH"]).filter(kind="count_disagrees")
    assert [difference.words for difference in differences] == words


REFUSED: list[tuple[type[MusterError], Callable[[People], object]]] = [
    (TagMisread, lambda w: receive(w, ["222-24F-7"])),
    (rules.NoTags, lambda w: receive(w, [])),
    (rules.TagTwice, lambda w: receive(w, [BUS[0], BUS[0].lower()])),
    (NotFound, lambda w: receive(w, BUS[:1], site="NOWHERE")),
    (NotFound, lambda w: actions.receive(actor=w.south, site="EX-NORTH", tags=BUS[:1], at=at(0))),
    (NotPermitted, lambda w: actions.receive(actor=w.center, site="EX-NORTH", tags=BUS[:1], at=at(0))),
    (ledger_rules.ClockAhead, lambda w: receive(w, BUS[:1], 24 * 365 * 50)),
    (ledger_rules.SamePlace, lambda w: actions.offer(actor=w.north, giver="EX-NORTH", receiver="EX-NORTH", tags=TAGS[-1:])),
    (rules.NotHeldHere, lambda w: offer(w, BUS[:1])),
    (ledger_rules.OnAnotherOffer, lambda w: (offer(w, TAGS[-1:]), offer(w, TAGS[-1:]))),
    (rules.NotOnOffer, lambda w: actions.accept(actor=w.south, handover=offer(w, TAGS[-1:]), at=at(1), tags=BUS[:1])),
    (ledger_rules.BeforeLiveTop, lambda w: actions.accept(actor=w.south, handover=offer(w, TAGS[-1:]), at=at(-9))),
    (NotFound, lambda w: actions.accept(actor=w.south, handover=uuid4(), at=at(1))),
    (rules.UnknownReason, lambda w: release(w, TAGS[-1:], 1, reason="x")),
    (ledger_rules.ClockAhead, lambda w: release(w, TAGS[-1:], 24 * 365 * 50)),
    (ledger_rules.ClockAhead, lambda w: release(w, BUS[:1], 24 * 365 * 50)),
    (TagMisread, lambda w: release(w, ["222-24F-7"], 1)),
]  # fmt: skip


@pytest.mark.parametrize(("refusal", "attempt"), REFUSED, ids=[kind.__name__ for kind, _ in REFUSED])
def test_what_cannot_be_is_refused_by_its_name_and_nothing_is_kept(
    who: People, refusal: type[MusterError], attempt: Callable[[People], object]
) -> None:
    receive(who, TAGS[-1:])

    with pytest.raises(refusal):
        attempt(who)

    assert Entry.objects.count() == 1


def test_the_clerks_of_a_site_kept_by_list_write_no_entries(who: People) -> None:
    Site.objects.filter(pk="EX-NORTH").update(kept_by_list_since="2026-01-01")

    with pytest.raises(rules.ListKeepsSite, match="import its next list"):
        receive(who, BUS[:1])
    with pytest.raises(rules.ListKeepsSite):
        actions.correct(actor=who.north, site="EX-NORTH", tag=BUS[0], n=1, void=True, reason="wrong_person")


def test_one_of_eight_who_sign_for_a_person_at_once_wins(who: People) -> None:
    receive(who, BUS[:1])
    handover = offer(who, BUS[:1])
    start = Barrier(8)

    def sign(_: int) -> str:
        start.wait()
        try:
            actions.accept(actor=who.south, handover=handover, at=at(1))
        except MusterError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return "signed"

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(sign, range(8)))

    assert sorted(ends) == ["ledger.already_answered"] * 7 + ["signed"]


@pytest.mark.parametrize("known", [False, True], ids=["a new tag", "somebody released before"])
def test_a_person_received_at_two_sites_at_once_is_at_one_of_them(who: People, known: bool) -> None:
    """The losers' arrivals at the other site are kept as reports, each of which names the winner."""
    if known:
        receive(who, BUS[:1], -2)
        actions.release(actor=who.north, site="EX-NORTH", tags=BUS[:1], at=at(-1), reason="bond")
    start = Barrier(8)

    def take_in(number: int) -> str:
        start.wait()
        try:
            answer = receive(who, BUS[:1], site=("EX-NORTH", "EX-SOUTH")[number % 2]).answer
        except MusterError as refusal:
            return refusal.code
        finally:
            connections.close_all()
        return f"report: {answer.held_elsewhere[BUS[0]]}" if answer.report else "received"

    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(take_in, range(8)))

    (winner,) = counts(at(1))
    assert sorted(ends) == ["custody.already_here"] * 3 + ["received"] + [f"report: {winner}"] * 4
    assert counts(at(1)) == {winner: 1}


def test_who_is_received_elsewhere_between_the_look_and_the_entry_is_not_taken_over(
    who: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(who, BUS[:1], -2)
    release(who, BUS[:1], -1)
    write = reports.write

    def south_first(*changes: Any, **more: Any) -> object:
        monkeypatch.setattr(reports, "write", write)
        with ThreadPoolExecutor(1) as pool:
            pool.submit(receive_at_south).result()
        return write(*changes, **more)

    def receive_at_south() -> None:
        receive(who, BUS[:1], site="EX-SOUTH")
        connections.close_all()

    monkeypatch.setattr(reports, "write", south_first)
    answer = receive(who, BUS[:1]).answer

    assert (answer.received, answer.held_elsewhere) == ([], {BUS[0]: "EX-SOUTH"})
    assert counts(at(1)) == {"EX-SOUTH": 1}
