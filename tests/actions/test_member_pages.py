"""The pages on which members are stated, ordered, checked in and out: by plain posts, refused states included."""

from __future__ import annotations

import io

import test_steps
from django.test import Client
from people import at
from test_assigned import checked_in, members, ordered
from test_steps import LIMITS, Offices, opened, order

from muster.access.models import User
from muster.tasks.models import Assignment, AssignmentStep, Member, MemberStatement, TaskDifference

offices = test_steps.offices
ROLL = "/missions/EX-1/members/"
STATE = "/organisations/EX-GUARD/members/"


def client(name: str = "center") -> Client:
    browser = Client()
    browser.force_login(User.objects.get(username=name))
    return browser


def post(path: str, **fields: object) -> tuple[int, str]:
    answer = client().post(path, {"key": "", **fields}, follow=True)
    return answer.status_code, answer.content.decode()


def test_a_member_is_typed_and_its_faults_stand_at_its_fields(offices: Offices) -> None:
    typed = {
        "member": "A-1",
        "unit": "1st Company",
        "duty_status": "SAD",
        "status_from": "2026-03-01",
        "volunteer": "yes",
    }
    status, page = post(f"{STATE}state/", **typed)
    assert (status, "volunteer_on-error" in page, 'value="1st Company"' in page) == (422, True, True)

    status, page = post(f"{STATE}state/", **typed, volunteer_on="2026-02-20", skills="licence-c:2027-01-31")
    (stated,) = MemberStatement.objects.all()
    assert (status, stated.skills, "is new" in page) == (200, [["licence-c", "2027-01-31"]], True)
    assert "A-1" not in page


def test_a_file_of_members_tells_every_fault_by_row_and_keeps_nothing(offices: Offices) -> None:
    bad = "member,unit,duty_status\nA-1,1st,SAD\nA-2,1st,on loan\n,1st,SAD\n"
    status, page = post(f"{STATE}file/", file=io.BytesIO(bad.encode()))
    assert (status, Member.objects.count()) == (422, 0)
    assert ('<th scope="row">3</th>' in page, '<th scope="row">4</th>' in page) == (True, True)
    status, page = post(f"{STATE}file/")
    assert (status, "Choose a CSV file." in page) == (422, True)
    status, page = post(f"{STATE}file/", file=io.BytesIO(b"member,unit,duty_status\n" + b"x" * 4_000_001))
    assert (status, "larger than 4 MB" in page) == (422, True)

    status, page = post(
        f"{STATE}file/", file=io.BytesIO(b"member,unit,duty_status\nA-1,1st,SAD\nA-2,2nd,SAD\n")
    )
    assert (status, Member.objects.count(), "2 new members" in page) == (200, 2, True)
    listed = client().get(STATE, {"unit": "2nd"}).content.decode()
    assert (listed.count('<th scope="row"'), "2 members stated" in listed) == (1, True)
    assert "Clear filters" in client().get(STATE, {"unit": "3rd"}).content.decode()


def test_members_are_ticked_on_the_muster_roll_and_taken_on(offices: Offices) -> None:
    opened(offices)
    tags = members(offices, 3)
    assert "Nobody is on the muster roll" in client().get(ROLL).content.decode()
    picked = client().post(f"{ROLL}nominate/", {"pick": "yes", "chosen": tags})
    assert ("\n".join(tags) in picked.content.decode(), Assignment.objects.count()) == (True, 0)
    post(f"{ROLL}nominate/", members="\n".join(tags))
    order_form = {
        "members": "\n".join(tags), "status": "SAD", "from_on": "2026-02-28", "until_on": "2026-03-10", "report_to": "Site A",
    }  # fmt: skip
    status, page = post(f"{ROLL}order/", **order_form | {"until_on": "2026-04-10"})
    assert (status, "the order ends after 2026-03-31" in page, "from_on-error" in page) == (422, True, True)
    status, page = post(f"{ROLL}order/", **order_form)
    assert (status, "3 members ordered." in page) == (200, True)
    status, page = post(
        f"{ROLL}check-in/", members="\n".join(tags[:2]), place="Site A", at="2026-03-01 06:00"
    )
    assert (status, "2 members checked in." in page) == (200, True)

    post(f"{ROLL}available/", members=tags[0], at="2026-03-01 07:00")
    post(f"{ROLL}release/", members=tags[2], reason="Not needed", at="2026-03-01 08:00")
    post(f"{ROLL}check-out/", members=tags[0], destination="Armory", at="2026-03-01 09:00")

    latest = {step.assignment.member.thing.tag: step.state for step in AssignmentStep.objects.order_by("n")}
    assert [latest[tag] for tag in tags] == ["checked_out", "checked_in", "stood_down"]
    shown = client().get(ROLL, {"state": "checked_in"}).content.decode()
    assert (shown.count("Choose " + tags[1]), "Choose " + tags[0] in shown) == (1, False)
    assert client().get(ROLL, {"at": "noon"}).status_code == 422


def test_members_are_assigned_to_a_task_that_goes_on(offices: Offices) -> None:
    opened(offices, LIMITS | {"effective_to": "2027-12-31"})
    task = order(offices, people="1", ends_at=at(24 * 400)).task
    tags = members(offices, 2)
    ordered(offices, tags)
    checked_in(offices, tags)
    status, page = post(f"{ROLL}assign/", members="\n".join(tags), task=task)
    assert (status, "1 more than the 1 it was ordered for" in page) == (422, True)

    status, page = post(f"{ROLL}assign/", members=tags[0], task=task)
    assert (status, "1 member assigned." in page) == (200, True)


def test_a_difference_about_members_is_settled_from_the_muster_roll_and_from_the_close_page(
    offices: Offices,
) -> None:
    opened(offices)
    tags = members(offices, 1)
    checked_in(offices, tags)
    difference = TaskDifference.objects.get()
    where = f"/tasks/differences/{difference.pk}/"
    assert where in client().get(ROLL).content.decode()
    assert where in client().get("/missions/EX-1/close/").content.decode()
    assert client("elsewhere").get(where).status_code == 404
    assert client("custodian").get(where).status_code == 403

    status, page = post(where, reason="Ordered by telephone.")
    assert (status, "The difference is settled." in page, where in page) == (200, True, False)


def test_who_may_not_sees_nothing_of_members(offices: Offices) -> None:
    opened(offices)
    for path in (ROLL, STATE, f"{STATE}state/", f"{ROLL}order/", f"{ROLL}fly/"):
        assert client("elsewhere").get(path).status_code == 404, path
    assert client().get(f"{ROLL}fly/").status_code == 404
    assert client("custodian").get(f"{ROLL}order/").status_code == 403
    assert "Nominate" not in client("custodian").get(ROLL).content.decode()
