"""Requests: versions and what changed, duplicates, links, papers that come later, and who is waited for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from people import at
from test_steps import DAY, EXERCISE, LIMITS, Offices, asked, decided, in_review, offices

from muster import actions as do
from muster.access.control import Actor, NotPermitted, actor_of
from muster.access.models import Grant, User
from muster.assistance import queries
from muster.assistance.actions import (
    AttachedAlready,
    ChangedMeanwhile,
    FixedField,
    LinkedAlready,
    NothingChanged,
    NotVerbal,
    PaperThere,
    RunsInCircles,
    UnknownField,
)
from muster.assistance.comparing import Change, OnlyNarrowed
from muster.assistance.models import Document, Request, Step, Version
from muster.assistance.passages import PassageNotFound, PassageNotUnique
from muster.assistance.rules import NotAmendable, ReasonNeeded, UnknownReason
from muster.core.errors import FaultyInput, NotFound
from muster.decisions.drafting import BeyondTheLaw, NotAssessed
from muster.ledger.queries import latest_known
from muster.parties.models import Organisation
from muster.picture import queries as picture

__all__ = ["EXERCISE", "offices"]
NAME = "EX-PROCESSING-1"


def drafted(offices: Offices, **changes: Any) -> Any:
    return do.assistance.draft(actor=offices.agency, request=asked(**changes), at=at(-48)).answer


def amend(offices: Offices, version: int = 1, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "actor": offices.agency,
        "request": NAME,
        "reason": "More drivers",
        "at": at(-40),
    }
    by = {name: changes.pop(name) for name in ("actor", "reason", "at") if name in changes}
    return do.assistance.amend(**(given | by), version=version, content=asked(**changes)).answer


# --- versions -----------------------------------------------------------------------


def test_an_amendment_is_a_version_and_both_stay_readable(offices: Offices) -> None:
    drafted(offices)
    do.assistance.submit(actor=offices.agency, request=NAME, at=at(-47))
    before = latest_known()
    lines = asked()["lines"][:2]
    lines[0]["people"] = 14

    done = amend(offices, priority="lifesaving", lines=lines)

    row = Request.objects.get()
    assert (done.state, done.version, row.version, row.priority) == ("submitted", 2, 2, "lifesaving")
    assert [line.people["low"] for line in row.lines] == [14, 8]
    assert [change.where for change in queries.changes(row, 1, 2)] == [
        "priority", "line 1: people", "line 3", "line 4", "line 5",
    ]  # fmt: skip
    assert queries.changes(row, 2, 1)[0] == Change("priority", "lifesaving", "high")
    assert Version.objects.get(n=2).reason == "More drivers"
    after = latest_known()
    assert len(queries.as_stood(row, at(0), before).lines) == 5
    assert len(queries.as_stood(row, at(0), after).lines) == 2
    assert len(queries.as_stood(row, at(-41), after).lines) == 5  # amended 40 hours before noon
    with pytest.raises(NotFound):
        queries.as_stood(row, at(-49), after)
    with pytest.raises(NotFound):
        queries.changes(row, 1, 3)


def test_the_figures_of_a_request_stay_as_they_were_known(offices: Offices) -> None:
    decided_in = in_review(offices)
    before = latest_known()
    amend(offices, lines=asked()["lines"][:1])

    def said(known_at: int) -> list[str]:
        found = picture.figures(decided_in, at(0), known_at)
        return [figure.words for figure in found if figure.metric == "requested"]

    assert said(before) == ["12", "about 8", "10", "up to 15", "4"]
    assert said(latest_known()) == ["12"]


@pytest.mark.parametrize("state", ["validated", "in_review"])
def test_what_was_found_complete_is_other_words_once_amended_and_is_submitted_again(
    offices: Offices, state: str
) -> None:
    drafted(offices)
    do.assistance.submit(actor=offices.agency, request=NAME, at=at(-47))
    do.assistance.validate(actor=offices.sites.center, request=NAME, at=at(-46))
    if state == "in_review":
        do.assistance.review(actor=offices.sites.center, request=NAME, at=at(-45))

    done = amend(offices, purpose="To relieve one site")

    step = Request.objects.get().steps.latest("n")
    assert (done.state, step.state, step.reason) == (
        "submitted",
        "submitted",
        "Amended: version 2. More drivers",
    )


def test_no_decision_rests_on_findings_about_other_words(offices: Offices) -> None:
    in_review(offices)
    amend(offices, lines=[{"task": "T13", "words": "Arrests", "people": 2}])
    do.assistance.validate(actor=offices.sites.center, request=NAME, at=at(-39))
    do.assistance.review(actor=offices.sites.center, request=NAME, at=at(-38))
    decide = {
        "actor": offices.governor, "request": NAME, "outcome": "approved_with_limits", "reason": "To relieve the sites",
        "limits": LIMITS | {"tasks_allowed": ["T13"], "tasks_barred": []}, "at": at(-37),
    }  # fmt: skip

    with pytest.raises(NotAssessed, match="as it stands now"):
        do.decisions.decide(**decide)
    do.authority.assess(actor=offices.sites.center, request=NAME, on_date=DAY)
    with pytest.raises(BeyondTheLaw):
        do.decisions.decide(**decide)


def test_two_who_amend_the_same_version_do_not_write_over_each_other(offices: Offices) -> None:
    drafted(offices)
    amend(offices, purpose="The agency's words")

    with pytest.raises(ChangedMeanwhile, match="you read version 1, and it stands at version 2"):
        amend(offices, actor=offices.sites.center, purpose="The center's words")
    amend(offices, version=2, actor=offices.sites.center, purpose="Both")

    assert [v.content["purpose"] for v in Version.objects.all()][1:] == ["The agency's words", "Both"]


@pytest.mark.parametrize(
    ("field", "value"), [("id", "EX-9"), ("asked", "ELSEWHERE"), ("agency", None), ("state", "MO"), ("kind", "real")]
)  # fmt: skip
def test_an_amendment_does_not_make_another_request_of_it(offices: Offices, field: str, value: Any) -> None:
    drafted(offices)
    more = {"state": "MO"} if field == "kind" else {}

    with pytest.raises(FixedField):
        amend(offices, **{field: value}, **more)


def test_an_amendment_says_something_and_why_and_comes_before_the_decision(offices: Offices) -> None:
    drafted(offices)
    amend(offices, reason="", priority="normal")  # of a draft nobody asks why
    do.assistance.submit(actor=offices.agency, request=NAME, at=at(-47))

    with pytest.raises(NothingChanged):
        amend(offices, version=2, priority="normal")
    with pytest.raises(ReasonNeeded, match="amended"):
        amend(offices, version=2, reason=" ", priority="high")
    with pytest.raises(FaultyInput, match="no lines"):
        amend(offices, version=2, lines=[])
    for actor in (offices.governor, offices.affairs):
        with pytest.raises(NotPermitted):
            amend(offices, version=2, actor=actor, priority="high")
    do.assistance.withdraw(actor=offices.agency, request=NAME, code="in_error", at=at(-39))
    with pytest.raises(NotAmendable):
        amend(offices, version=2, priority="high")


def test_of_a_decided_request_lines_are_taken_out_and_it_stays_decided(offices: Offices) -> None:
    decided(offices)
    with pytest.raises(OnlyNarrowed, match="continues this one"):
        amend(offices, priority="normal")
    with pytest.raises(FaultyInput, match="no lines"):
        amend(offices, lines=[])

    done = amend(offices, lines=asked()["lines"][:3], reason="The south has its own supply now")

    assert (done.state, done.version) == ("decided", 2)
    assert [line.task for line in Request.objects.get().lines] == ["T01", "T02", "T04"]
    do.assistance.close(actor=offices.sites.center, request=NAME, at=at(-1), code="done")
    with pytest.raises(NotAmendable, match="continues this one"):
        amend(offices, version=2, lines=asked()["lines"][:1])


def test_a_draft_is_saved_with_what_is_there_and_submitted_when_it_is_whole(offices: Offices) -> None:
    head = {name: asked()[name] for name in ("id", "title", "kind", "asked", "state", "agency")}

    done = do.assistance.draft(actor=offices.agency, request=head, at=at(-48)).answer

    assert done.missing == ["requester", "agency_kind", "purpose", "lines"]
    with pytest.raises(FaultyInput) as told:
        do.assistance.submit(actor=offices.agency, request=NAME, at=at(-47))
    assert [fault.column for fault in told.value.faults] == done.missing
    amend(offices, reason="")
    assert do.assistance.submit(actor=offices.agency, request=NAME, at=at(-39)).answer.state == "submitted"


def test_one_that_was_returned_is_amended_and_submitted_again(offices: Offices) -> None:
    drafted(offices)
    do.assistance.submit(actor=offices.agency, request=NAME, at=at(-47))
    with pytest.raises(UnknownReason):
        do.assistance.return_for_information(
            actor=offices.sites.center, request=NAME, at=at(-46), code="done", reason="How many?"
        )
    do.assistance.return_for_information(
        actor=offices.sites.center, request=NAME, at=at(-46), code="unclear", reason="How many?"
    )

    done = amend(offices, lines=asked()["lines"][:1])

    assert done.state == "returned_for_information"
    do.assistance.submit(actor=offices.agency, request=NAME, at=at(-39))
    assert [(s.state, s.code) for s in Step.objects.order_by("n")][2] == (
        "returned_for_information",
        "unclear",
    )


# --- duplicates and links -----------------------------------------------------------


def test_who_drafts_is_told_of_what_looks_like_it_and_may_be_read(offices: Offices) -> None:
    elsewhere = {"id": "EX-3", "requester": "Another", "agency": None}
    do.assistance.draft(actor=offices.sites.center, request=asked(**elsewhere), at=at(-48))
    first = drafted(offices)
    second = drafted(offices, id="EX-2")

    assert (first.alike, second.alike) == ([], [NAME])
    ((row, why),) = queries.alike(offices.agency, queries.as_rule(Request.objects.get(pk="EX-2")))
    assert (row.pk, why[0]) == (NAME, "the same title")
    do.assistance.withdraw(actor=offices.agency, request=NAME, code="in_error", at=at(-47))
    assert queries.alike(offices.agency, queries.as_rule(Request.objects.get(pk="EX-2"))) == []


def test_a_duplicate_leads_to_the_other_and_says_why(offices: Offices) -> None:
    for name in (NAME, "EX-2"):
        drafted(offices, id=name)
        do.assistance.submit(actor=offices.agency, request=name, at=at(-47))
    mark = {"actor": offices.sites.center, "request": "EX-2", "of": NAME, "at": at(-46)}

    with pytest.raises(ReasonNeeded):
        do.assistance.mark_duplicate(**mark, code="other")
    do.assistance.mark_duplicate(**mark, code="same_need", reason="Both sites, the same weeks")

    step = Request.objects.get(pk="EX-2").steps.latest("n")
    assert (step.state, step.code, step.other_id) == ("duplicate_of", "same_need", NAME)


def link(offices: Offices, request: str = NAME, relation: str = "continues", **to: Any) -> int:
    given = {"actor": offices.sites.center, "request": request, "relation": relation, **to}
    return int(do.assistance.link(**given).answer.link)


def test_a_request_is_kept_apart_from_a_mission_and_continues_another_request(offices: Offices) -> None:
    for name in (NAME, "EX-2"):
        drafted(offices, id=name)
    link(offices, relation="separate_from", to_mission="MO-EMERGENCY-2025", words="Another authority")
    number = link(offices, "EX-2", to_request=NAME)

    first, second = (Request.objects.get(pk=name) for name in (NAME, "EX-2"))
    assert [(each.relation, each.mission, each.other_id) for each in queries.links_of(offices.agency, first)] == [
        ("separate_from", "MO-EMERGENCY-2025", None), ("continues", "", NAME),
    ]  # fmt: skip
    assert [each.other_id for each in queries.links_of(offices.agency, second)] == [NAME]

    with pytest.raises(ReasonNeeded):
        do.assistance.unlink(actor=offices.sites.center, link=number, reason="")
    do.assistance.unlink(actor=offices.sites.center, link=number, reason="Another year's")
    assert queries.links_of(offices.agency, second) == []
    for gone in (number, number + 999):
        with pytest.raises(NotFound):
            do.assistance.unlink(actor=offices.sites.center, link=gone, reason="Another year's")


def test_a_link_of_others_reads_like_one_that_is_not_there(offices: Offices) -> None:
    for name in (NAME, "EX-2"):
        drafted(offices, id=name)
    number, county = link(offices, "EX-2", to_request=NAME), requester("COUNTY")

    for asked_for in (number, number + 999):
        with pytest.raises(NotFound, match=f"There is no link {asked_for} that you may see"):
            do.assistance.unlink(actor=county, link=asked_for, reason="Not ours")


def test_a_link_names_one_thing_once_and_does_not_run_in_circles(offices: Offices) -> None:
    for name in (NAME, "EX-2", "EX-3"):
        drafted(offices, id=name)
    link(offices, "EX-2", to_request=NAME)
    link(offices, "EX-3", to_request="EX-2")

    with pytest.raises(LinkedAlready):
        link(offices, "EX-2", to_request=NAME)
    with pytest.raises(RunsInCircles, match="EX-3 continues EX-PROCESSING-1 already"):
        link(offices, to_request="EX-3")
    for to in ({}, {"to_request": "EX-2", "to_mission": "EX-2"}):
        with pytest.raises(FaultyInput):
            link(offices, **to)
    for to in ({"to_request": NAME}, {"to_request": "NOTHING"}):
        with pytest.raises(NotFound):
            link(offices, **to)
    assert link(offices, relation="separate_from", to_request="EX-3")


def test_a_link_is_made_to_what_its_maker_may_read_and_told_to_who_may_read_both(offices: Offices) -> None:
    drafted(offices)
    county = requester("COUNTY")
    do.assistance.draft(actor=county, request=asked(id="EX-C", agency="COUNTY"), at=at(-48))

    with pytest.raises(NotFound):
        do.assistance.link(actor=county, request="EX-C", relation="continues", to_request=NAME)
    link(offices, "EX-C", to_request=NAME)

    own, other = (Request.objects.get(pk=name) for name in ("EX-C", NAME))
    assert queries.links_of(county, own) == []
    assert queries.links_of(offices.agency, other) == []
    assert len(queries.links_of(offices.sites.center, own)) == 1


def requester(code: str) -> Actor:
    organisation = Organisation.objects.create(code=code, name=code.title(), kind="county")
    user = User.objects.create_user(code.lower(), password="a password of its own")
    Grant.objects.create(user=user, role="requester", organisation=organisation)
    return actor_of(user)


# --- papers, and who waits ----------------------------------------------------------


def test_a_verbal_request_waits_for_its_paper_against_the_moment_it_was_promised_for(
    offices: Offices,
) -> None:
    drafted(offices, verbal=True, paper_due_at=at(-24).isoformat())
    row = Request.objects.get()
    early, late = (queries.paper_clock(row, at(hours)) for hours in (-24, -20))
    assert early is not None
    assert late is not None
    assert (early.waits, early.late_by, late.late_by) == (timedelta(hours=24), None, timedelta(hours=4))
    paper = {
        "actor": offices.sites.center,
        "request": NAME,
        "reference": "Letter of 1 March, in the JOC's file",
    }

    do.assistance.record_paper(**paper, received_at=at(-22), offers_reimbursement=True)

    clock = queries.paper_clock(row, at(0))
    assert clock is not None
    assert (clock.received, clock.waits, clock.late_by) == (True, timedelta(hours=26), timedelta(hours=2))
    with pytest.raises(PaperThere):
        do.assistance.record_paper(**paper, received_at=at(-22))


def test_a_request_in_writing_waits_for_no_paper(offices: Offices) -> None:
    drafted(offices)

    assert queries.paper_clock(Request.objects.get(), at(0)) is None
    with pytest.raises(NotVerbal):
        do.assistance.record_paper(
            actor=offices.sites.center, request=NAME, reference="A letter", received_at=at(-22)
        )


def test_who_is_waited_for_and_since_when_is_told_the_longest_wait_first(offices: Offices) -> None:
    in_review(offices)
    drafted(offices, id="EX-2", verbal=True)
    do.assistance.submit(actor=offices.agency, request="EX-2", at=at(-10))
    drafted(offices, id="EX-3")
    do.assistance.submit(actor=offices.agency, request="EX-3", at=at(-9))
    do.assistance.return_for_information(
        actor=offices.sites.center, request="EX-3", at=at(-8), code="missing", reason="Which days?"
    )
    requester_name = asked()["requester"]

    found = [(one.request.pk, one.party, one.what, one.since) for one in queries.waiting(offices.agency)]

    assert found == [
        ("EX-2", requester_name, "to send the paper", at(-48)),
        (NAME, "Governor of Example", "to decide it", at(-45)),
        ("EX-2", "Joint operations center", "to find it complete or send it back", at(-10)),
        ("EX-3", requester_name, "to answer what was asked back", at(-8)),
    ]
    assert queries.waiting(offices.elsewhere) == []
    do.assistance.withdraw(actor=offices.agency, request="EX-2", code="need_ended", at=at(-7))
    assert "EX-2" not in [one.request.pk for one in queries.waiting(offices.agency)]


# --- documents ----------------------------------------------------------------------

LETTER = "Priority: high. Twelve clerks, and about 8 for the files, at the north site; 12 in all by March."


def attach(offices: Offices, *tied: dict[str, str], **changes: Any) -> Any:
    document = {"title": "Letter of 1 March", "text": LETTER, "passages": list(tied)} | changes
    return do.assistance.attach(actor=offices.agency, request=NAME, document=document).answer


def test_a_field_is_tied_to_the_passage_of_the_document_in_which_it_stands(offices: Offices) -> None:
    document = {"title": "Letter", "text": LETTER, "passages": [{"field": "priority", "exact": "high"}]}
    do.assistance.draft(actor=offices.agency, request=asked(), at=at(-48), document=document)
    row, kept = Request.objects.get(), Document.objects.get()
    more = [
        {"field": "lines[2].people", "exact": "about 8"},
        {"field": "purpose", "exact": "files", "suffix": ", at"},
    ]

    done = do.assistance.tie(actor=offices.sites.center, request=NAME, document=kept.pk, tied=more).answer

    assert done.passages == 2
    found = queries.tied(row, kept)
    assert [(each.label, each.passage.exact, each.changed) for each in found] == [
        ("purpose", "files", False), ("priority", "high", False), ("line 2: people", "about 8", False),
    ]  # fmt: skip
    amend(offices, reason="", priority="normal")
    row.refresh_from_db()
    assert [each.label for each in queries.tied(row, kept) if each.changed] == ["priority"]
    do.assistance.tie(
        actor=offices.agency,
        request=NAME,
        document=kept.pk,
        tied=[{"field": "priority", "exact": "Priority"}],
    )
    assert [each.passage.exact for each in queries.tied(row, kept) if each.label == "priority"] == [
        "Priority"
    ]


def test_a_passage_stands_in_its_document_and_its_field_in_the_request(offices: Offices) -> None:
    drafted(offices)

    with pytest.raises(PassageNotFound):
        attach(offices, {"field": "priority", "exact": "urgent"})
    with pytest.raises(PassageNotUnique):
        attach(offices, {"field": "priority", "exact": "e"})
    for field in ("prioritie", "lines[6].people", "lines[1].nationality"):
        with pytest.raises(UnknownField):
            attach(offices, {"field": field, "exact": "high"})
    for bad in ({"text": " "}, {"title": ""}, {"title": "x" * 201}, {"text": "x" * 200_001}):
        with pytest.raises(FaultyInput):
            attach(offices, **bad)
    assert not Document.objects.exists()
    first = attach(offices)
    with pytest.raises(AttachedAlready):
        attach(offices)
    with pytest.raises(NotFound):
        do.assistance.tie(actor=offices.agency, request=NAME, document=first.document + 1, tied=[])
