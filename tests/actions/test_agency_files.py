"""Files of an agency that name nobody: transfers between sites, and counts of them by two definitions."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from people import TAGS, at, people

from muster.access.control import Actor, actor_of
from muster.access.models import Grant, User
from muster.core.errors import FaultyFile, FaultyInput, NotFound
from muster.core.times import end_of_day, zone
from muster.custody import actions, agency_counts, transfers
from muster.custody.lists import KeptByMuster
from muster.ledger.models import Entry
from muster.ledger.queries import census, latest_known
from muster.parties.models import Site
from muster.record.models import Act
from muster.sources.importing import import_facilities

SHARED = Path(os.environ.get("MUSTER_SHARED", Path(__file__).parents[3] / "shared")) / "data"
AUCKLAND = zone("Pacific/Auckland")
MOVES = "from_site,to_site,reason,transfer_date\n"
COUNTS = "date,code,n_detained,n_midnight\n"


@pytest.fixture
def administrator() -> Actor:
    user = User.objects.create_user("administrator")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def move(actor: Actor, text: str, **more: Any) -> dict[str, Any]:
    source = io.BytesIO((MOVES + text).encode())
    return transfers.import_transfers_of(
        source, actor=actor, **{"zone": "Pacific/Auckland", "name": "moves.csv"} | more
    )


def count(actor: Actor, text: str, **more: Any) -> dict[str, Any]:
    source = io.BytesIO((COUNTS + text).encode())
    return agency_counts.import_counts_of(source, actor=actor, **{"name": "counts.csv"} | more)


def sites(*codes: str) -> None:
    Site.objects.bulk_create(Site(code=code, name=code.title(), zone="America/Chicago") for code in codes)


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def test_every_real_move_is_an_entry_of_its_own_and_the_census_adds_up(
    administrator: Actor, tmp_path: Path
) -> None:
    # Two weeks of the quarter; the whole of it is taken in by benchmarks/custody/days.py.
    with (SHARED / "transfers_nz.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["transfer_date"] <= "2018-07-15"]
    part = tmp_path / "transfers.csv"
    with part.open("w", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)

    def run() -> dict[str, Any]:
        return transfers.import_transfers_of(
            part, actor=administrator, zone="Pacific/Auckland", name="transfers.csv"
        )

    answer = run()

    assert (answer["rows"], answer["kept"], answer["refused"]) == (len(rows), len(rows), [])
    assert answer["notices"] == {
        "legs_of_a_journey": sum(row["reason"].startswith("In Transit") for row in rows),
        "sites_made": len({row[side] for row in rows for side in ("from_site", "to_site")}),
    }
    assert sum(each["persons"] for each in answer["moves"]) == len(rows)
    pairs = {(row["transfer_date"], row["from_site"], row["to_site"]) for row in rows}
    assert len(answer["moves"]) == len(pairs)
    assert Entry.objects.filter(kind="push").count() == 2 * len(rows)
    assert Entry.objects.values("thing_id").distinct().count() == len(rows)
    assert Site.objects.get(name="Hawkes Bay").pk == "Hawkes-Bay"
    moved = Entry.objects.exclude(reason="held_before_the_list")
    assert set(moved.values_list("reason", flat=True)) == {row["reason"] for row in rows}
    # At the end of any day a site holds whoever the file has brought there so far.
    for day in (date(2018, 7, 2), date(2018, 7, 9), date(2018, 7, 15)):
        arrived = Counter(
            row["to_site"].replace(" ", "-") for row in rows if row["transfer_date"] <= day.isoformat()
        )
        assert census(end_of_day(day, AUCKLAND), latest_known()).sites == arrived

    acts = Act.objects.count()
    again = run()
    assert again["notices"]["already_there"] == len(rows)
    assert [each["known_at"] for each in again["moves"]] == [each["known_at"] for each in answer["moves"]]
    assert Act.objects.count() == acts


def test_a_faulty_file_of_transfers_tells_every_fault_by_row_and_keeps_nothing(administrator: Actor) -> None:
    who = people()
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))
    text = (
        "A,A,Judicial,2018-07-02\n"
        ",B,Judicial,2018-07-02\n"
        "A,B,Judicial,2018-02-30\n"
        "A,B,Judicial,2099-07-02\n"
        f"A,B,{'x' * 61},2018-07-02\n"
        "A,EX-NORTH,Judicial,2018-07-02\n"
        "A,B,Judicial,2018-07-02\n"
    )

    with pytest.raises(FaultyFile) as refused:
        move(administrator, text)

    assert [(fault.row, fault.column, fault.code) for fault in refused.value.faults] == [
        (2, "to_site", "custody.same_site"),
        (3, "from_site", "custody.no_site"),
        (4, "transfer_date", "custody.not_a_day"),
        (5, "transfer_date", "custody.not_over"),
        (6, "reason", "custody.too_long"),
        (7, "to_site", "custody.kept_by_muster"),
    ]
    assert not Site.objects.filter(pk="A").exists()
    kept = move(administrator, text, keep_good=True)
    assert (kept["kept"], len(kept["refused"])) == (1, 6)


def test_other_moves_of_the_same_day_are_not_taken_for_those_of_the_record(administrator: Actor) -> None:
    move(administrator, "A,B,Judicial,2018-07-02\n")
    with pytest.raises(FaultyFile, match="are others"):
        move(administrator, "A,B,Judicial,2018-07-02\nA,B,Medical,2018-07-02\n")
    with pytest.raises(transfers.TakenOtherwise):
        transfers.import_transfers(
            actor=administrator,
            from_site="A",
            to_site="B",
            day=date(2018, 7, 2),
            reasons=["Medical"],
            file="x",
        )
    with pytest.raises(FaultyFile, match="keeps the time of Pacific/Auckland"):
        move(administrator, "A,B,Judicial,2018-07-03\n", zone="America/Chicago")
    assert Entry.objects.count() == 2


def test_a_dry_run_of_transfers_writes_nothing_and_a_site_kept_by_muster_takes_none(
    administrator: Actor,
) -> None:
    planned = move(administrator, "A,B,In Transit/Multi-Site Move,2018-07-02\n", dry_run=True)
    assert (planned["kept"], planned["notices"]) == (0, {"legs_of_a_journey": 1, "sites_made": 2})
    assert not Site.objects.exists()
    sites("C", "D")
    with pytest.raises(KeptByMuster):
        transfers.import_transfers(
            actor=administrator, from_site="C", to_site="D", day=date(2018, 7, 2), reasons=[""], file="x"
        )


def test_two_definitions_of_a_real_month_stand_beside_one_another_and_neither_is_settled(
    administrator: Actor,
) -> None:
    import_facilities(SHARED / "facilities.csv", actor=administrator, name="facilities.csv", keep_good=True)
    with (SHARED / "facility_daily_population.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    listed = set(Site.objects.values_list("code", flat=True))

    answer = agency_counts.import_counts_of(
        SHARED / "facility_daily_population.csv", actor=administrator, name="population.csv", keep_good=True
    )

    assert answer["rows"] == 5714
    assert {fault["code"] for fault in answer["refused"]} == {"custody.unknown_site"}
    assert len(answer["refused"]) == sum(row["code"] not in listed for row in rows) == 90
    assert answer["kept"] == 5714 - 90
    found = agency_counts.compared(administrator, date(2023, 3, 1))
    of_day = [row for row in rows if row["date"] == "2023-03-01" and row["code"] in listed]
    assert found.any_time == sum(int(row["n_detained"]) for row in of_day)
    assert found.midnight == sum(int(row["n_midnight"]) for row in of_day)
    assert found.any_time > found.midnight
    apart = [row.apart for row in found.rows]
    assert apart == sorted(apart, reverse=True)
    assert {row.ours for row in found.rows} == {None}  # nothing of these sites is in the ledger
    again = agency_counts.import_counts_of(
        SHARED / "facility_daily_population.csv", actor=administrator, name="population.csv", keep_good=True
    )
    assert again["notices"] == {"already_there": 5714 - 90}


def test_a_faulty_file_of_counts_tells_every_fault_by_row(administrator: Actor) -> None:
    sites("A", "B")
    with pytest.raises(FaultyFile) as refused:
        count(
            administrator,
            "2023-03-01,A,5,6\n2023-02-29,A,5,5\n2023-03-01,X,5,5\n2023-03-01,B,-1,many\n2099-01-01,B,1,1\n"
            "2023-03-02,A,5,5\n2023-03-02,A,6,5\n",
        )
    assert [(fault.row, fault.column, fault.code) for fault in refused.value.faults] == [
        (2, "n_midnight", "custody.more_at_midnight"),
        (3, "date", "custody.not_a_day"),
        (4, "code", "custody.unknown_site"),
        (5, "n_detained", "custody.not_a_number"),
        (5, "n_midnight", "custody.not_a_number"),
        (6, "date", "custody.not_over"),
        (8, "code", "custody.counted_twice"),
    ]
    with pytest.raises(FaultyInput, match="no site X"):
        agency_counts.import_counts(
            actor=administrator, file="x", counts=[agency_counts.Counted("X", date(2023, 3, 1), 1, 1)]
        )


def test_a_revised_count_stands_beside_the_earlier_one_and_what_was_known_stays_known(
    administrator: Actor,
) -> None:
    sites("A")
    count(administrator, "2023-03-01,A,10,8\n")
    before = latest_known()
    assert count(administrator, "2023-03-01,A,12,8\n", name="revised.csv")["notices"] == {"revised": 1}

    now = agency_counts.compared_told(administrator, "2023-03-01", site="A")
    assert (now["any_time"], now["counts"][0]["source"]) == (12, "revised.csv")
    assert agency_counts.compared_told(administrator, "2023-03-01", known_at=before)["any_time"] == 10


def test_the_pages_keep_a_file_and_show_both_counts_beside_the_record(administrator: Actor) -> None:
    who = people()
    actions.receive(actor=who.north, site="EX-NORTH", tags=TAGS[:1], at=at(0))
    client = signed_in("administrator")
    assert "No agency's counts are kept yet." in client.get("/agency-counts/").content.decode()
    sent = SimpleUploadedFile("counts.csv", (COUNTS + "2026-03-01,EX-NORTH,3,2\n").encode())
    shown = client.post("/agency-counts/file/", {"file": sent}, follow=True).content.decode()
    assert "1 kept" in shown
    assert "<td>3</td><td>2</td><td>1</td><td>1</td>" in shown
    assert client.get("/agency-counts/?on=March").status_code == 422
    assert "No count of 2026-03-02 is kept" in client.get("/agency-counts/?on=2026-03-02").content.decode()
    sent = SimpleUploadedFile("moves.csv", (MOVES + "A,B,Judicial,2018-07-02\n").encode())
    shown = client.post(
        "/transfers/file/", {"file": sent, "zone": "Pacific/Auckland"}, follow=True
    ).content.decode()
    assert "1 row read: 1 kept, in 1 act" in shown
    sent = SimpleUploadedFile("moves.csv", (MOVES + "A,B,Judicial,2018-07-03\n").encode())
    assert client.post("/transfers/file/", {"file": sent, "zone": "Nowhere"}).status_code == 422
    clerk = signed_in("clerk.south")
    assert clerk.get("/agency-counts/file/").status_code == 404
    assert "No count" in clerk.get("/agency-counts/?on=2026-03-01").content.decode()
    with pytest.raises(NotFound):
        count(who.south, "2026-03-01,EX-NORTH,3,2\n")
    with pytest.raises(NotFound):
        move(who.south, "A,B,Judicial,2018-07-02\n")
