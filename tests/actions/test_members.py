"""Members: stated in one act, by tag or by a number of which only a hash is kept; from a file; as known at any act."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import test_steps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from people import TAGS
from test_steps import Offices
from typer.testing import CliRunner

from muster import actions as do
from muster.access.control import NotPermitted, new_token
from muster.access.models import User
from muster.cli.main import app
from muster.core.errors import FaultyFile, FaultyInput, NotFound
from muster.ledger.models import Head, Thing
from muster.ledger.queries import latest_known
from muster.record.action import KeyReused
from muster.tasks.members import MembersStated, NotAMember, StatedTwice, import_members, members_as_known
from muster.tasks.models import Member, MemberStatement

offices = test_steps.offices
HEADER = "member,unit,duty_status,status_from,status_until,volunteer,volunteer_on,skills,available"
GOOD = "A-1,1st Company,SAD,2026-03-01,2026-03-31,yes,2026-02-20,licence-c:2027-01-31;medical,2026-03-01/2026-03-14"


def given(member: str = "A-1", **more: Any) -> dict[str, Any]:
    return {"member": member, "unit": "1st Company", "duty_status": "SAD"} | more


def stated(offices: Offices, *members: dict[str, Any], **more: Any) -> MembersStated:
    send = {"actor": offices.sites.center, "organisation": "EX-GUARD"} | more
    answer: MembersStated = do.members.state_members(members=list(members), **send).answer
    return answer


def taken_in(offices: Offices, *rows: str, **more: Any) -> dict[str, Any]:
    sent = io.BytesIO("\n".join([HEADER, *rows, ""]).encode())
    return import_members(
        sent, actor=offices.sites.center, organisation="EX-GUARD", name="members.csv", **more
    )


def test_a_new_member_is_a_thing_that_its_home_unit_holds_and_the_number_is_kept_nowhere(
    offices: Offices,
) -> None:
    answer = stated(offices, given("SN-4711"))

    thing = Thing.objects.get(tag=answer.tags[0])
    assert (thing.kind, Head.objects.get(thing=thing).holder.kind) == ("member", "unit")
    assert "SN-4711" not in str(list(Member.objects.values()) + list(MemberStatement.objects.values()))


def test_a_member_is_known_again_by_its_number_and_by_its_tag(offices: Offices) -> None:
    tag = stated(offices, given())
    by_number = stated(offices, given(unit="2nd Company"))
    by_tag = stated(offices, given(tag.tags[0].lower(), unit="2nd Company"))

    assert by_number == MembersStated(tag.tags, 0, 1, 0)
    assert by_tag == MembersStated(tag.tags, 0, 0, 1)


def test_what_was_stated_before_stays_as_it_was_known(offices: Offices) -> None:
    stated(offices, given(skills=[{"skill": "medical", "expires_on": "2026-03-05"}]))
    before = latest_known()
    stated(offices, given(volunteer=False, volunteer_on="2026-03-02"))

    (then,), (now,) = members_as_known("EX-GUARD", before), members_as_known("EX-GUARD", latest_known())
    assert (then.volunteer, now.volunteer) == (None, False)
    assert ([each.skill for each in then.skills], now.skills) == (["medical"], ())
    assert [then.skills[0].good_on(date(2026, 3, day)) for day in (5, 6)] == [True, False]


def test_a_status_and_a_window_last_through_their_last_day(offices: Offices) -> None:
    taken_in(offices, GOOD, "A-2,1st Company,SAD,,,,,,")

    members = members_as_known("EX-GUARD", latest_known())
    member = next(each for each in members if each.volunteer)
    other = next(each for each in members if not each.volunteer)
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)]
    assert [member.in_status(day) for day in days] == [False, True, True, False]
    assert [member.is_available(date(2026, 3, day)) for day in (14, 15)] == [True, False]
    assert (other.in_status(days[0]), other.is_available(days[0])) == (True, None)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"member": "222-222-3"}, "core.tag_misread"),
        ({"unit": " "}, "tasks.bad_length"),
        ({"member": "9" * 61}, "tasks.bad_length"),
        ({"duty_status": "on loan"}, "tasks.unknown_status"),
        ({"status_from": "2026-03-02", "status_until": "2026-03-01"}, "tasks.ends_before_it_begins"),
        ({"volunteer": True}, "tasks.volunteer_without_a_day"),
        ({"volunteer_on": "2026-03-01"}, "tasks.day_without_an_answer"),
        ({"skills": [{"skill": "medical"}, {"skill": "Medical"}]}, "tasks.skill_twice"),
        ({"skills": [{"skill": ""}]}, "tasks.bad_skill"),
        ({"available": [{"from_on": "2026-03-02", "until_on": "2026-03-01"}]}, "tasks.ends_before_it_begins"),
        ({"available": [{"from_on": "2026-03-02", "until_on": "2026-03-02"}] * 51}, "tasks.too_many_windows"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_kept(
    offices: Offices, wrong: dict[str, Any], code: str
) -> None:
    with pytest.raises(FaultyInput) as told:
        stated(offices, given("A-0"), given() | wrong)

    assert [fault.code for fault in told.value.faults] == [code]
    assert not Member.objects.exists()


def test_a_tag_of_no_member_and_a_member_named_twice_are_refused(offices: Offices) -> None:
    with pytest.raises(NotAMember, match=TAGS[0]):
        stated(offices, given(TAGS[0]))
    with pytest.raises(StatedTwice):
        stated(offices, given(), given())
    tag = stated(offices, given()).tags[0]
    with pytest.raises(StatedTwice, match=tag):
        stated(offices, given(), given(tag))

    assert Member.objects.count() == 1


def test_only_the_operations_center_of_the_organisation_states_its_members(offices: Offices) -> None:
    with pytest.raises(NotPermitted):
        stated(offices, given(), actor=offices.custodian)
    for stranger in (offices.sites.north, offices.elsewhere):
        with pytest.raises(NotFound):
            stated(offices, given(), actor=stranger)
    with pytest.raises(NotFound):
        stated(offices, given(), organisation="EX-AGENCY")
    with pytest.raises(NotFound):
        stated(offices, given(), organisation="EX-NOBODY")
    with pytest.raises(FaultyInput):
        stated(offices)

    assert not Member.objects.exists()


def test_the_same_key_states_once(offices: Offices) -> None:
    key = uuid4()
    first = stated(offices, given(), key=key)

    assert stated(offices, given(), key=key) == first
    with pytest.raises(KeyReused):
        stated(offices, given("A-2"), key=key)


def test_every_fault_of_a_file_is_told_by_row_and_nothing_is_kept(offices: Offices) -> None:
    rows = [GOOD, "A-2,,away,2026-02-30,,maybe,,medical:soon,2026-03-01", "A-1,1st Company,SAD,,,,,,"]

    with pytest.raises(FaultyFile) as told:
        taken_in(offices, *rows)

    assert {(fault.row, fault.column, fault.code) for fault in told.value.faults} == {
        (3, "unit", "tasks.bad_length"), (3, "duty_status", "tasks.unknown_status"), (3, "status_from", "tasks.bad_day"),
        (3, "volunteer", "tasks.neither_yes_nor_no"), (3, "skills", "tasks.bad_day"), (3, "available", "tasks.bad_day"),
        (4, "member", "tasks.stated_twice"),
    }  # fmt: skip
    with pytest.raises(FaultyFile):
        import_members(
            io.BytesIO(b"member,name\n"), actor=offices.sites.center, organisation="EX-GUARD", name="x"
        )
    assert not Member.objects.exists()


def test_a_file_is_tried_kept_and_sent_again(offices: Offices) -> None:
    assert taken_in(offices, GOOD, dry_run=True)["kept"] == 0
    assert not Member.objects.exists()

    assert taken_in(offices, GOOD, "A-2,,SAD,,,,,,", keep_good=True)["notices"] == {"new": 1}
    assert taken_in(offices, GOOD)["notices"] == {"already_there": 1}
    assert MemberStatement.objects.count() == 1


def test_the_number_of_queries_does_not_grow_with_the_members(offices: Offices) -> None:
    def queries(first: int, count: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            stated(offices, *(given(f"A-{n}") for n in range(first, first + count)))
            members_as_known("EX-GUARD", latest_known())
        return len(asked)

    queries(0, 1)
    assert queries(1, 500) <= queries(501, 2) + 2


def test_the_command_takes_members_in(offices: Offices, tmp_path: Path) -> None:
    file = tmp_path / "members.csv"
    file.write_text(f"{HEADER}\n{GOOD}\n")
    token = {"MUSTER_TOKEN": new_token(User.objects.get(pk=offices.sites.center.user))}
    words = ["import", "members", str(file), "--organisation"]

    done = CliRunner().invoke(app, [*words, "EX-GUARD", "--json"], env=token)
    unknown = CliRunner().invoke(app, [*words, "EX-NOBODY"], env=token)

    assert json.loads(done.stdout)["notices"] == {"new": 1}
    assert unknown.exit_code == 2
