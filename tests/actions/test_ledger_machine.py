"""One holder at every moment: generated histories through the actions, on PostgreSQL, beside an independent oracle.

The oracle keeps each person's facts as a plain list of (hour, place) and looks them up; it knows no entries, counter-entries
or numbers. After each act the ledger must say the same for every hour, and what it said for earlier acts it must say still.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from people import People, at, people

from muster.core.errors import MusterError
from muster.core.tags import make_tag
from muster.custody import actions
from muster.ledger import queries
from muster.ledger.models import Entry, Head

NUMBERS = count(1000)
HOURS = range(13)
SITES = ("EX-NORTH", "EX-SOUTH")
Facts = list[tuple[int, str]]  # in the order of the hours: from this hour on, held there


def place_at(facts: Facts, hour: int) -> str:
    """Where the facts put somebody at the hour, events of that very hour included."""
    return next((place for when, place in reversed(facts) if when <= hour), "")


class Custody(RuleBasedStateMachine):
    """Three persons, two sites, and everything that clerks may record about them."""

    who: People

    @initialize()
    def begin(self) -> None:
        self.tags = [make_tag(next(NUMBERS)) for _ in range(3)]
        self.facts: dict[str, Facts] = {tag: [] for tag in self.tags}
        self.told: list[tuple[int, dict[str, dict[int, str]]]] = []

    def clerk(self, site: str) -> Any:
        return self.who.north if site == "EX-NORTH" else self.who.south

    def latest(self, tag: str) -> tuple[int, str]:
        return self.facts[tag][-1] if self.facts[tag] else (-1, "")

    @rule(person=st.integers(0, 2), site=st.sampled_from(SITES), hour=st.sampled_from(HOURS))
    def receive(self, person: int, site: str, hour: int) -> None:
        tag = self.tags[person]
        latest, place = self.latest(tag)
        try:
            answer = actions.receive(actor=self.clerk(site), site=site, tags=[tag], at=at(hour)).answer
        except MusterError as refusal:
            assert (refusal.code, place) == ("custody.already_here", site)
            return
        assert place != site
        assert bool(answer.report) == bool(place or hour < latest)  # kept, and not believed
        if not answer.report:
            self.facts[tag].append((hour, site))

    @rule(person=st.integers(0, 2), hour=st.sampled_from(HOURS), signed=st.booleans())
    def hand_over(self, person: int, hour: int, signed: bool) -> None:
        tag = self.tags[person]
        latest, place = self.latest(tag)
        giver = place or "EX-NORTH"
        receiver = SITES[giver == "EX-NORTH"]
        try:
            made = actions.offer(actor=self.clerk(giver), giver=giver, receiver=receiver, tags=[tag]).answer
        except MusterError as refusal:
            assert refusal.code in ("custody.not_held_here", "core.not_found")
            assert place == ""
            return
        if not signed:
            actions.withdraw(actor=self.clerk(giver), handover=made.handover)
            return
        try:
            actions.accept(actor=self.clerk(receiver), handover=made.handover, at=at(hour))
            self.facts[tag].append((hour, receiver))
        except MusterError as refusal:
            assert refusal.code == "ledger.before_live_top"
            assert hour < latest
            actions.withdraw(actor=self.clerk(giver), handover=made.handover)

    @rule(person=st.integers(0, 2), hour=st.sampled_from(HOURS))
    def release(self, person: int, hour: int) -> None:
        tag = self.tags[person]
        latest, place = self.latest(tag)
        site = place or "EX-NORTH"
        answer = actions.release(
            actor=self.clerk(site), site=site, tags=[tag], at=at(hour), reason="bond"
        ).answer
        assert bool(answer.report) == (not place or hour < latest)  # kept, whatever the record says
        if not answer.report:
            self.facts[tag].append((hour, ""))

    @precondition(lambda self: any(self.facts.values()))
    @rule(data=st.data(), hour=st.sampled_from(HOURS), void=st.booleans())
    def correct(self, data: st.DataObject, hour: int, void: bool) -> None:
        tag = data.draw(st.sampled_from([tag for tag in self.tags if self.facts[tag]]))
        facts = self.facts[tag]
        index = data.draw(st.integers(0, len(facts) - 1))
        site = next(place for place in (facts[index][1], facts[index - 1][1]) if place)
        before = facts[index - 1][0] if index else -1
        after = facts[index + 1][0] if index + 1 < len(facts) else HOURS[-1]
        live = self.live(tag)
        fits = index == len(facts) - 1 if void else before <= hour <= after
        try:
            actions.correct(
                actor=self.clerk(site),
                site=site,
                tag=tag,
                n=live[index],
                happened_at=at(hour),
                void=void,
                reason="late",
            )
        except MusterError as refusal:
            assert not fits, refusal
            assert refusal.code in ("ledger.before_live_top", "ledger.not_the_holder")
            return
        assert fits
        if void:
            facts.pop()
        else:
            facts[index] = (hour, facts[index][1])

    def live(self, tag: str) -> list[int]:
        """The numbers of the live entries, one for each fact, the earliest first."""
        bases = dict(Entry.objects.filter(thing__tag=tag).values_list("n", "base"))
        n, live = Head.objects.get(thing__tag=tag).top, []
        while n:
            live.append(n)
            n = bases[n]
        return live[::-1]

    @invariant()
    def one_holder_at_every_moment_then_and_now(self) -> None:
        now = {tag: {hour: place_at(facts, hour) for hour in HOURS} for tag, facts in self.facts.items()}
        self.told.append((queries.latest_known(), now))
        for known_at, was in self.told[-3:]:
            for hour in HOURS:
                expected: dict[str, int] = {}
                for places in was.values():
                    if places[hour]:
                        expected[places[hour]] = expected.get(places[hour], 0) + 1
                assert self.counted(hour, known_at) == expected

    def counted(self, hour: int, known_at: int) -> dict[str, int]:
        """The census less what other examples in the same database left there."""
        found = queries.census(at(hour), known_at).sites
        others = self.others.setdefault(hour, {})
        return {site: n - others.get(site, 0) for site, n in found.items() if n != others.get(site, 0)}

    def teardown(self) -> None:
        known_at = queries.latest_known()
        type(self).others = {hour: queries.census(at(hour), known_at).sites for hour in HOURS}

    others: dict[int, dict[str, int]] = {}


def test_one_holder_at_every_moment_and_what_was_known_stays_known() -> None:
    Custody.who = people()
    Custody.others = {}
    run_state_machine_as_test(
        Custody,
        settings=settings(
            max_examples=15, stateful_step_count=12, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
