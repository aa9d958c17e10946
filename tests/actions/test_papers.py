"""What is printed: each paper says what the record says, to those who may read the record, the same again for the same moment and act."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from people import TAGS, at
from pypdf import PdfReader
from test_assigned import checked_in, checked_out, members, ordered, released
from test_cli import muster
from test_costs import CAPPED, estimated, recorded
from test_deciding import account, decide
from test_judge import amended
from test_reimbursement import WHOLE, package
from test_steps import LIMITS, Offices, asked, in_review, offices, opened, order
from test_usage import client_of, page_of
from typer.testing import CliRunner

from muster import actions as do
from muster.access.models import User
from muster.assistance.models import Request
from muster.authority.review import CRITERIA
from muster.cli.main import app
from muster.core.errors import NotFound
from muster.decisions import queries as decisions
from muster.decisions.models import Decision
from muster.decisions.orders import sentences_of
from muster.ledger.queries import latest_known
from muster.missions.models import Mission
from muster.parties.models import Office
from muster.picture import queries as picture
from muster.picture.papers import PAPERS, Reach, csv_of, paper_of, sheet_of
from muster.picture.reimbursement import as_csv
from muster.tasks.assignments import muster_roll, open_differences
from muster.tasks.models import Task
from muster.tasks.taskable import MAY, taskable

__all__ = ["offices"]
MOMENT = "2026-03-01T12:00:00Z"
DAY = "2026-03-01"


def squeezed(text: str) -> str:
    """Without white space: where a line ends on paper says nothing."""
    return "".join(text.split())


def printed(kind: str, id: str, reach: Reach | None = None, **asked: Any) -> tuple[str, PdfReader, bytes]:
    sheet = sheet_of(paper_of(kind), id, reach or Reach(), **({"at": MOMENT} | asked))
    pdf = sheet.pdf(demonstration=True)
    reader = PdfReader(io.BytesIO(pdf))
    return squeezed("".join(page.extract_text() for page in reader.pages)), reader, pdf


def check_says(text: str, *words: object) -> None:
    missing = [str(each) for each in words if squeezed(str(each)) not in text]
    assert missing == []


def forms(offices: Offices) -> dict[str, Any]:
    """A request that states what the forms ask."""
    contact = {"phone": "555-0100", "email": "desk@example.org"}
    return asked() | {
        "priority": "high", "incident": "Example flood", "tracking": "EX-TRACK-7", "needed_at": "2026-02-19T18:00:00Z",
        "requested_by": {"name": "Duty officer", "title": "Watch lead", **contact},
        "site_contact": {"name": "Gate office", "phone": "555-0111"}, "conditions": "Lodging at the armory.",
        "approval": {"name": "State coordinating officer", "on": "2026-02-18"}, "substitutes": "A contractor's crew",
        "cost_estimate_usd": 125000, "fund_citation": "FUND-9",
    }  # fmt: skip


def test_an_assignment_list_says_each_task_of_the_period_and_every_limit_and_forbidden_task(
    offices: Offices,
) -> None:
    decision = opened(offices)
    due = order(offices, words="Data entry in building two", people="about 4", vehicles="2")
    later = order(offices, words="Much later", begins_at=at(200), ends_at=at(220))
    (tag,) = members(offices, 1, duty_status="T32-502f1A")
    ordered(offices, [tag], status="T32-502f1A")
    do.planning.plan_shifts(
        actor=offices.sites.center, mission="EX-1",
        shifts=[{"member": tag, "task": due.task, "begins_at": at(-4), "ends_at": at(4)}],
    )  # fmt: skip

    text, _, _ = printed("ics204", "EX-1", begins=DAY, ends=DAY)

    row, known = Decision.objects.get(pk=decision), latest_known()
    forbidden = [each for each in taskable(row, at(0), known) if each.finding not in MAY]
    assert {"T12", "T13"} <= {each.task for each in forbidden}
    check_says(
        text,
        due.task,
        "about 4",
        "2 vehicles",
        "Site A",
        "Data entry in building two",
        "06:00 CST, 2 Mar 2026",
        "ICS 204",
    )
    check_says(text, *sentences_of(decisions.in_force(row, at(0), known).limits))
    check_says(text, *(each.task for each in forbidden), *(each.words for each in forbidden))
    check_says(
        text,
        "from 00:00 CST, 1 Mar 2026 to 23:59 CST, 1 Mar 2026",
        f"as known at act {known}",
        "Leader",
        "not recorded",
    )
    check_says(text, f"{tag}{due.task} 02:00 CST, 1 Mar 2026 10:00 CST, 1 Mar 2026")
    assert squeezed(later.task) not in text
    assert squeezed("Much later") in printed("ics204", later.task)[0]
    assert squeezed(due.task) not in printed("ics204", later.task)[0]


def test_an_assignment_list_says_what_is_in_force_in_each_part_of_its_period(offices: Offices) -> None:
    decision = opened(offices)
    amended(offices, decision, 3, people_max=7, sentences={"people_max": "Seven people."})
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(5))

    text, _, _ = printed("ics204", "EX-1", begins=DAY, ends="2026-03-01T18:00:00Z")

    check_says(
        text,
        "version 1 of the decision",
        LIMITS["sentences"]["people_max"],
        "version 2 of the decision",
        "Seven people.",
    )  # type: ignore[index]
    check_says(text, "From 11:00 CST, 1 Mar 2026, not in force: suspended")


def test_a_brief_says_the_limits_with_their_numbers_the_figures_and_what_is_open(offices: Offices) -> None:
    opened(offices, {**CAPPED, "reporting_interval_days": 1, "people_max_by_task": {"T04": 6}})
    task = order(offices, people="17").task
    do.checkins.report_present(actor=offices.sites.center, task=task, people=15, at=at(-1))
    recorded(offices, total_usd="99.50", rate_usd="")
    do.custody.receive(
        actor=offices.sites.north, site="EX-NORTH", tags=[TAGS[0]], at=at(-3), from_organisation="EX-AGENCY", mission="EX-1"
    )  # fmt: skip

    checked_in(offices, members(offices, 1))
    (differs,) = open_differences(Mission.objects.get())

    text, _, _ = printed("brief", "EX-1")

    known = latest_known()
    shown = [figure for figure in picture.figures("EX-1", at(0), known) if figure.shown]
    check_says(text, *(f"{figure.label}{figure.place}{figure.words}" for figure in shown))
    check_says(
        text,
        "People in all 85% then, 85% at most: 80% or more 17 17 20",
        "$99.50",
        task,
        "15 at 05:00 CST",
        "Next expiry",
    )
    check_says(
        text,
        "Next report late: was due before",
        "received without an offer",
        differs.words,
        "1 cost line is neither claimed nor settled: EX-1-C1.",
    )


def test_a_worksheet_says_who_judged_what_on_which_evidence_and_what_nobody_did(offices: Offices) -> None:
    opened(offices)
    request, center = Request.objects.get().pk, offices.sites.center
    do.authority.judge(
        actor=center, request=request, criterion="risk", colour="amber", rationale="Driving at night", evidence=["Sheet 4"], at=at(-1)
    )  # fmt: skip
    before = str(latest_known())
    do.authority.judge(
        actor=center, request=request, criterion="cost", colour="unjudged", rationale="No rate is known", evidence=[], at=at(-1)
    )  # fmt: skip

    text, _, _ = printed("worksheet", request)
    earlier, _, _ = printed("worksheet", request, known_at=before)

    check_says(
        text,
        "Not judged: legality, lethality, cost, appropriateness, readiness",
        "Driving at night",
        "Sheet 4",
        "By: center",
    )
    check_says(
        text, "Left unjudged", "No rate is known", "nobody has judged this criterion", "none was named"
    )
    check_says(text, *(question for each in CRITERIA.values() for question in each.questions))
    assert squeezed("No rate is known") not in earlier


def test_the_package_says_the_same_totals_and_lines_as_its_table(offices: Offices) -> None:
    opened(offices, CAPPED)
    recorded(offices, **WHOLE)
    recorded(offices, kind="travel", rate_usd="10", count="about 3", days="2")
    estimated(offices)

    text, _, _ = printed("reimbursement", "EX-1")

    rows = list(csv.DictReader(io.StringIO(as_csv(package()))))
    totals = [row for row in rows if row["record"] == "total"]
    assert {row["stage"] for row in totals} == {"estimate", "actual"}
    for row in totals:
        kind = "in all" if row["kind"] == "all" else row["kind"]
        check_says(text, f"{row['stage']}{kind}{row['amount']}{row['words'].replace(' ', ', ')}")
    for row in rows:
        if row["record"] == "line":
            check_says(
                text,
                f"{row['id']}{row['stage']}, {row['kind']}",
                row["amount"],
                row["reference"],
                row["title"],
            )
        if row["record"] == "missing":
            check_says(text, row["words"])


def test_a_request_is_printed_as_each_form_and_what_has_no_field_there_is_at_its_end(
    offices: Offices,
) -> None:
    request = do.assistance.draft(actor=offices.agency, request=forms(offices), at=at(-48)).answer.request
    do.assistance.submit(actor=offices.agency, request=request, at=at(-47))
    every = [
        "Duty officer", "Watch lead", "555-0100", "desk@example.org", "Gate office", "555-0111", "State coordinating officer",
        "2026-02-18", "$125,000", "EX-TRACK-7", "18:00 UTC, 19 Feb 2026", "Example flood", "FUND-9", "A contractor's crew",
        "Lodging at the armory.", "high",
    ]  # fmt: skip
    row = Request.objects.get()
    lines = [line.words for line in row.lines]

    for kind, slots in (("rrf", "priority"), ("ics213rr", "suitable substitutes"), ("req-a", "conditions")):
        text, _, _ = printed(kind, request)
        said, _, left = text.partition(squeezed("with no field on this form"))
        check_says(text, *every, *lines, row.purpose)
        assert squeezed(f"{slots}:") not in left
        assert squeezed("task category: T01") in left
        assert "Signature" in said or "signature" in said
    assert squeezed("fund citation: FUND-9") in printed("rrf", request)[0]


def test_what_was_decided_and_estimated_is_on_the_forms_and_nothing_is_before(offices: Offices) -> None:
    decision = opened(offices, CAPPED)
    estimated(offices)
    request = Request.objects.get().pk

    rrf, offer = printed("rrf", request)[0], printed("req-a", request)[0]
    early = printed("rrf", request, at="2026-02-27T15:30:00Z")[0]

    check_says(
        rrf,
        "Accepted: approved with limits",
        decision,
        "To relieve the sites.",
        LIMITS["sentences"]["people_max"],
    )  # type: ignore[index]
    check_says(
        offer,
        "It is an offer once it is signed.",
        "2026-02-20 to 2026-03-31",
        "Cost estimate: personnel",
        "Cost estimate, total",
    )
    assert squeezed("Accepted:") not in early


def test_an_order_prints_what_it_rests_on_who_recorded_it_and_what_the_sentences_leave_unsaid(
    offices: Offices,
) -> None:
    old = opened(offices)
    deputy = account("deputy")
    do.offices.delegate(
        actor=offices.governor,
        office="ZZ-GOVERNOR",
        account="deputy",
        begins_at=at(-60),
        instrument="Order 7",
    )
    new = decide(
        offices, in_review(offices, id="EX-9"), actor=deputy, supersedes=old, at=at(-40), instrument_kind="verbal",
        instrument="By telephone", legal_authority=["Example Code 44", "32 USC 502(f)"], funding_ref="FUND-9",
        limits={**LIMITS, "armed": "individual", "ruf_version": "Card 3", "person_days_max": 900, "reporting_interval_days": 7},
    )  # fmt: skip
    before = printed("order", new)[0]
    do.decisions.confirm_in_writing(
        actor=offices.sites.center, decision=new, instrument="Letter 12", at=at(-30)
    )

    text, replaced = printed("order", new)[0], printed("order", old)[0]

    check_says(
        text, "Kind of instrument: verbal, to be confirmed", "Instrument: By telephone", "Confirmed in writing: Letter 12, 00:00 CST",
        "Legal authority: Example Code 44; 32 USC 502(f)", "Funding reference: FUND-9", f"Supersedes: {old}",
        "Delegation: for the Governor of Example, by Order 7", "by deputy", "Arms: single members", "Rules for the use of force: Card 3",
        "Person-days over the whole time: 900 at most", "Reports: every 7 days",
    )  # fmt: skip
    check_says(before, "Confirmed in writing: not yet")
    check_says(
        replaced,
        f"Superseded by: {new}",
        "Legal authority: not recorded",
        "Arms: nobody is armed",
        "Reports: none asked for",
    )
    check_says(
        replaced,
        "Rules for the use of force: none named",
        "Person-days over the whole time: not limited",
        "by governor",
    )


def test_an_order_that_refers_says_to_whom(offices: Offices) -> None:
    other = Office.objects.create(
        code="ZZ-ADJUTANT", title="Adjutant General of Example", organisation_id="EX-GUARD"
    )
    decision = decide(offices, in_review(offices), outcome="referred", refer_to=other.pk, limits=None)

    check_says(
        printed("order", decision)[0], "Referred to: Adjutant General of Example", "It allows nothing."
    )


def test_a_check_in_list_says_who_came_as_the_muster_roll_does_on_paper_and_as_a_table(
    offices: Offices,
) -> None:
    opened(offices)
    first, second, third = members(offices, 3)
    ordered(offices, [first, second], order="ORD-5", at=at(-30))
    checked_in(
        offices,
        [first],
        travel="By bus",
        departed_from="=Armory",
        departed_at=at(-14),
        qualifications="Boats",
    )
    checked_in(offices, [second, third], hours=-20, resource_order="RO-9")

    text, _, _ = printed("ics211", "EX-1")
    late, _, _ = printed("ics211", "EX-1", begins="2026-02-28T18:00:00Z")
    rows = list(csv.DictReader(io.StringIO(csv_of(paper_of("ics211"), "EX-1", Reach(), at=MOMENT))))

    roll = muster_roll([Mission.objects.get()], at(0), latest_known())
    assert (
        {row["identifier"] for row in rows}
        == {one.tag for one in roll if one.was_there}
        == {first, second, third}
    )
    line = next(row for row in rows if row["identifier"] == first)
    assert (line["time_in"], line["departed_at"]) == (at(-10).isoformat(), at(-14).isoformat())
    assert (line["departed_from"], line["method_of_travel"], line["other_qualifications"]) == (
        "'=Armory",
        "By bus",
        "Boats",
    )
    assert (line["order_request_no"], line["home_unit"], line["place"]) == ("ORD-5", "1st Company", "Site A")
    assert (line["status"], line["assignment"], line["leader"]) == (
        "checked in",
        "not recorded",
        "not recorded",
    )
    assert {row["order_request_no"] for row in rows} == {"ORD-5", "RO-9"}
    check_says(
        text,
        first,
        second,
        third,
        "By bus",
        "=Armory, 16:00 CST, 28 Feb 2026",
        "20:00 CST, 28 Feb 2026",
        "Boats",
        "Members on this list 3",
    )
    assert squeezed(first) in late
    assert squeezed(third) not in late


def test_a_check_out_says_who_was_released_and_left_where_to_and_who_is_still_there(offices: Offices) -> None:
    opened(offices)
    gone, waiting, there = members(offices, 3)
    ordered(offices, [gone, waiting, there], at=at(-30))
    checked_in(offices, [gone, waiting, there])
    released(offices, [gone, waiting])
    checked_out(offices, [gone], destination="Camp Example", travel="Convoy", arrives_at=at(3))

    text, _, _ = printed("ics221", "EX-1")
    rows = {
        row["identifier"]: row
        for row in csv.DictReader(io.StringIO(csv_of(paper_of("ics221"), "EX-1", Reach(), at=MOMENT)))
    }

    assert set(rows) == {gone, waiting}
    assert (rows[gone]["destination"], rows[gone]["method_of_travel"], rows[gone]["why_released"]) == (
        "Camp Example",
        "Convoy",
        "Relieved",
    )
    assert (rows[gone]["released_at"], rows[gone]["checked_out_at"]) == (
        at(-2).isoformat(),
        at(-1).isoformat(),
    )
    assert (rows[gone]["arrives_at"], rows[gone]["planned_release"]) == (at(3).isoformat(), "2026-03-10")
    assert (rows[waiting]["checked_out_at"], rows[waiting]["status"]) == ("not recorded", "released")
    check_says(
        text,
        gone,
        "Camp Example",
        "Convoy",
        "09:00 CST, 1 Mar 2026",
        f"{there}, checked in",
        "Relieved",
        "2026-03-10",
    )
    before = printed("ics221", "EX-1", at="2026-02-28T12:00:00Z")[0]
    check_says(before, "Nobody was released or has checked out.", "Nobody is checked in any more.")


@pytest.fixture
def every(offices: Offices) -> dict[str, str]:
    """The id of a record of which there is each paper; those of a site's work are told in `test_site_papers`, property has its own."""
    decision = opened(offices)
    order(offices)
    left = TAGS[190]
    do.custody.receive(actor=offices.sites.north, site="EX-NORTH", tags=[left], at=at(-2), mission="EX-1")
    do.custody.release(
        actor=offices.sites.north, site="EX-NORTH", tags=[left], at=at(-1), reason="court_order"
    )
    return {
        "order": decision,
        "slip": left,
        **dict.fromkeys(("ics204", "ics211", "ics221", "brief", "reimbursement"), "EX-1"),
        **dict.fromkeys(("worksheet", "rrf", "ics213rr", "req-a"), Request.objects.get().pk),
    }


def test_every_paper_is_tagged_marked_numbered_and_the_same_at_each_door(
    offices: Offices, every: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"demonstration": True}))
    page, api, known = page_of(offices), client_of(offices), latest_known()
    query = f"at={MOMENT}&known_at={known}"
    for kind, id in every.items():
        printed_there = page.get(f"/papers/{kind}/{id}.pdf?{query}")
        again = api.get(f"/api/v1/papers/{kind}/{id}?{query}")

        assert (printed_there.status_code, again.status_code) == (200, 200)
        assert printed_there["Content-Type"] == again["Content-Type"] == "application/pdf"
        assert again.content == printed_there.content
        reader = PdfReader(io.BytesIO(again.content))
        assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
        assert b"pdfuaid" in again.content
        for n, sheet in enumerate(reader.pages, start=1):
            said = sheet.extract_text()
            assert f"Page {n} of {len(reader.pages)}" in said
            assert f"as known at act {known}" in said
            assert "EXERCISE" in said
            assert "DEMONSTRATION" in said
        if PAPERS[kind].table is None:
            assert page.get(f"/papers/{kind}/{id}.csv?{query}").status_code == 404
        else:
            lines, told = (
                page.get(f"/papers/{kind}/{id}.csv?{query}"),
                api.get(f"/api/v1/papers/{kind}.csv/{id}?{query}"),
            )
            assert (told.content, told["Content-Type"]) == (lines.content, lines["Content-Type"])
            assert lines["Content-Type"].startswith("text/csv")


def test_every_paper_is_for_those_who_may_read_its_record_and_not_there_for_others(
    offices: Offices, every: dict[str, str]
) -> None:
    elsewhere, api = Client(), client_of(offices)
    elsewhere.force_login(
        User.objects.get(pk=offices.elsewhere.user), backend="django.contrib.auth.backends.ModelBackend"
    )
    for kind, id in every.items():
        for name in (id, "NONE"):
            assert elsewhere.get(f"/papers/{kind}/{name}.pdf").status_code == 404
            assert elsewhere.get(f"/papers/{kind}/{name}.csv").status_code == 404
        with pytest.raises(NotFound) as not_yours:
            sheet_of(paper_of(kind), id, Reach(offices.elsewhere))
        with pytest.raises(NotFound) as not_there:
            sheet_of(paper_of(kind), "NONE", Reach(offices.elsewhere))
        assert str(not_yours.value).replace(id, "NONE") == str(not_there.value)
        assert api.get(f"/api/v1/papers/{kind}/NONE").status_code == 404
        assert Client().get(f"/papers/{kind}/{id}.pdf").status_code == 302
        assert Client().get(f"/api/v1/papers/{kind}/{id}").status_code == 401
    assert page_of(offices).get("/papers/none/EX-1.pdf").status_code == 404


def test_the_agency_that_asks_has_no_worksheet(offices: Offices, every: dict[str, str]) -> None:
    agency = Client()
    agency.force_login(
        User.objects.get(pk=offices.agency.user), backend="django.contrib.auth.backends.ModelBackend"
    )

    assert agency.get(f"/papers/rrf/{every['rrf']}.pdf").status_code == 200
    assert agency.get(f"/papers/worksheet/{every['worksheet']}.pdf").status_code == 403


@pytest.mark.parametrize(
    ("kind", "query", "code"),
    [
        ("ics204", "from=2026-03-02&to=2026-03-01", "picture.period_ends_first"),
        ("ics204", "from=soon", "core.not_a_moment"),
        ("ics204", "known_at=0", "ledger.not_known_then"),
        ("brief", "at=soon", "core.not_a_moment"),
    ],
)
def test_what_a_paper_refuses(
    offices: Offices, every: dict[str, str], kind: str, query: str, code: str
) -> None:
    told = client_of(offices).get(f"/api/v1/papers/{kind}/{every[kind]}?{query}")

    assert (told.status_code, told.json()["code"]) == (422, code)
    assert page_of(offices).get(f"/papers/{kind}/{every[kind]}.pdf?{query}").status_code == 422


def test_a_long_mission_goes_on_from_page_to_page_and_leaves_no_task_out(offices: Offices) -> None:
    opened(offices, {**LIMITS, "people_max": 1000})
    order(offices, people="1")
    first = Task.objects.values().get()
    Task.objects.bulk_create(
        Task(**first | {"id": f"EX-1-DESK-{n}", "words": f"Desk {n} of the hall, day and night"})
        for n in range(60)
    )
    tasks = Task.objects.values_list("pk", flat=True)

    text, reader, _ = printed("ics204", "EX-1", begins=DAY)
    brief, _, _ = printed("brief", "EX-1")

    assert len(reader.pages) > 3
    check_says(text, *tasks, *(f"Desk {n} of" for n in range(60)))
    check_says(brief, *tasks)


def test_the_command_writes_the_same_paper(
    every: dict[str, str], database_env: dict[str, str], tmp_path: Path
) -> None:
    file, known = tmp_path / "list.pdf", str(latest_known())
    command = ("paper", "ics204", "EX-1", "--at", MOMENT, "--known-at", known, "--from", DAY, "--out")

    told = json.loads(muster(*command, str(file), "--json", env=database_env).stdout)

    same = sheet_of(paper_of("ics204"), "EX-1", Reach(), at=MOMENT, known_at=known, begins=DAY)
    assert file.read_bytes() == same.pdf(demonstration=False)
    assert told["standing"].endswith(f"as known at act {known}")


@pytest.mark.parametrize(
    ("kind", "file", "more", "code"),
    [
        ("brief", "list.pdf", ("--from", DAY), "picture.no_period"),
        ("brief", "list.txt", (), "cli.no_such_kind"),
        ("poster", "list.pdf", (), "core.not_found"),
        ("ics204", "none/list.pdf", (), "core.unwritable"),
    ],
)
def test_what_the_command_refuses(
    offices: Offices, tmp_path: Path, kind: str, file: str, more: tuple[str, ...], code: str
) -> None:
    opened(offices)

    told = CliRunner().invoke(app, ["paper", kind, "EX-1", "--out", str(tmp_path / file), *more])

    assert told.exit_code == 2
    assert code in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_pages_lead_to_their_papers(offices: Offices, every: dict[str, str]) -> None:
    page, task = page_of(offices), Task.objects.get().pk

    mission = page.get("/missions/EX-1/").content.decode()
    for link in (
        "/papers/brief/EX-1.pdf?at=",
        "/papers/reimbursement/EX-1.pdf?at=",
        '"/papers/ics204/EX-1.pdf"',
        f"/papers/ics204/{task}.pdf",
    ):
        assert link in mission
    request = page.get(f"/requests/{every['rrf']}/").content.decode()
    for kind in ("rrf", "ics213rr", "req-a"):
        assert f"/papers/{kind}/{every['rrf']}.pdf" in request
    assert (
        f"/papers/worksheet/{every['rrf']}.pdf"
        in page.get(f"/requests/{every['rrf']}/worksheet/").content.decode()
    )
    recorded(offices)
    assert "/papers/reimbursement/EX-1.pdf?at=" in page.get("/missions/EX-1/costs/").content.decode()
