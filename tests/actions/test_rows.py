"""What an act writes beside entries is in the tree too: what was changed there behind the triggers is named."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection, connections, transaction
from people import TAGS, at, people
from test_proof import verifier

from muster import database
from muster.custody import actions
from muster.custody.models import Difference
from muster.database import laws
from muster.ledger.exporting import export
from muster.ledger.leaves import rows_of_other_tables
from muster.ledger.models import Report
from muster.ledger.verifying import verify
from muster.ledger.written import Written
from muster.record import checkpoints, notes, tree
from muster.record.action import sequence
from muster.record.models import Act, Layout, Leaf, RowsWritten

TABLE = "custody_difference"


class Record:
    """Two arrivals that nobody offered, each of which opens a difference; the first is settled; then an offer, with none."""

    def __init__(self) -> None:
        self.who = people()
        self.first = self.receive(TAGS[0], 0)
        self.second = self.receive(TAGS[1], 1)
        difference = Difference.objects.get(act_id=self.first)
        self.settled = actions.settle(
            actor=self.who.center, difference=difference.pk, reason="By telephone."
        ).act
        self.offer = actions.offer(
            actor=self.who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=TAGS[:1]
        ).act
        self.kept = checkpoints.make().note

    def receive(self, tag: str, hours: float) -> UUID:
        return actions.receive(actor=self.who.north, site="EX-NORTH", tags=[tag], at=at(hours)).act

    def bad(self) -> dict[str, Any]:
        """The first thing that does not hold, given the checkpoint that was kept elsewhere."""
        return dict(verify(self.kept)["first_bad"] or {})

    def named(self) -> tuple[Any, ...]:
        bad = self.bad()
        return bad.get("kind"), bad.get("act"), bad.get("table")


@pytest.fixture
def record() -> Record:
    return Record()


def behind(*statements: str) -> None:
    """Change what acts wrote, as the owner, with the triggers of the tables off and their keys to others gone."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in (TABLE, "custody_settled", "custody_count", "record_rowswritten", "record_layout", "record_leaf",
                      "record_number", "record_pending"):  # fmt: skip
            cursor.execute(
                "SELECT conrelid::regclass, conname FROM pg_constraint WHERE contype = 'f' AND"
                " %s::regclass IN (conrelid, confrelid)",
                [table],
            )
            for relation, name in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {relation} DROP CONSTRAINT "{name}"')
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)


def test_an_act_has_one_leaf_for_each_table_it_wrote_into_and_says_for_how_many(record: Record) -> None:
    def leaves(act: UUID) -> list[tuple[str, int | None]]:
        return list(Leaf.objects.filter(act_id=act).order_by("index").values_list("kind", "n"))

    layouts = {layout.pk: layout.of_table for layout in Layout.objects.all()}
    assert [kind for kind, _ in leaves(record.second)] == ["act", "thing", "entry", "rows"]
    assert leaves(record.second)[0] == ("act", 1)
    assert layouts[leaves(record.second)[-1][1] or 0] == TABLE
    assert leaves(record.offer) == [("act", 0), ("holder", None)]
    assert verify(record.kept)["ok"]


def test_rows_are_noted_by_whatever_statement_they_come_and_acts_in_one_statement_are_told_apart() -> None:
    acts = [Act.objects.create(name="test", request_hash=b"") for _ in range(2)]
    reports = [Report(act=act, kind="k", payload={"n": n}, words="w") for n in range(3) for act in acts]
    Report.objects.bulk_create(reports)
    Report.objects.create(act=acts[0], kind="k", payload={}, words="one more")
    sequence()

    noted = RowsWritten.objects.order_by("act_id").values_list("act_id", flat=True)
    assert list(noted) == sorted(act.pk for act in acts)
    assert verify()["ok"]


CHANGED = {
    "id": "gen_random_uuid()", "kind": "'discrepancy'", "site_id": "'EX-SOUTH'", "thing_id": "NULL",
    "report_id": "gen_random_uuid()", "handover_id": "gen_random_uuid()", "words": "words || ' '",
    "opened_at": "opened_at + interval '1 microsecond'", "act_id": "gen_random_uuid()",
}  # fmt: skip


@pytest.mark.parametrize("column", CHANGED)
def test_each_column_of_a_row_changed_names_the_act_and_the_table(record: Record, column: str) -> None:
    behind(f"UPDATE {TABLE} SET {column} = {CHANGED[column]} WHERE act_id = '{record.first}'")

    assert record.named() == ("rows", str(record.first), TABLE)


def test_every_column_of_the_table_is_tried_and_stands_in_its_layout() -> None:
    layout = Layout.objects.get(of_table=TABLE)

    assert set(layout.columns) == set(CHANGED)


def test_a_table_has_the_columns_in_its_leaf_that_nobody_may_change() -> None:
    found = {layout.of_table: set(layout.columns) for layout in Layout.objects.all()}
    named = {law.table: set(law.forever) for law in laws.laws() if law.layout}

    assert found == named
    assert len(found) > 20
    assert "state" not in found["transport_trip"]
    assert not {"ledger_entry", "ledger_thing", "ledger_holder", "record_answer"} & found.keys()


ADDED = (
    f"INSERT INTO {TABLE} (id, kind, site_id, words, opened_at, act_id)"
    " SELECT gen_random_uuid(), 'discrepancy', 'EX-NORTH', 'Nobody wrote this.', now(), '{act}'"
)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("DELETE FROM custody_difference WHERE act_id = '{first}'", "what the leaf stands for is missing"),
        (ADDED.format(act="{first}"), "the row is not what its leaf says"),
        ("UPDATE custody_difference SET act_id = CASE act_id WHEN '{first}' THEN '{second}'::uuid ELSE '{first}' END",
         "the row is not what its leaf says"),
        ("DELETE FROM record_rowswritten", "what the leaf stands for is missing"),
        ("UPDATE record_rowswritten SET salt = gen_random_uuid()", "the row is not what its leaf says"),
        ("UPDATE record_layout SET columns = columns[2:] WHERE of_table = 'custody_difference'",
         "the row is not what its leaf says"),
        ("DELETE FROM record_layout WHERE of_table = 'custody_difference'", "what the leaf stands for is missing"),
        ("ALTER TABLE custody_difference DROP COLUMN words", "what the leaf stands for is missing"),
    ],
    ids=["deleted", "added", "exchanged", "notes emptied", "salt", "layout cut", "layout deleted", "column gone"],
)  # fmt: skip
def test_rows_changed_behind_the_triggers_are_named_by_act_and_table(
    record: Record, change: str, why: str
) -> None:
    behind(change.format(first=record.first, second=record.second))

    bad = record.bad()
    assert (bad["why"], bad["kind"], bad["act"]) == (why, "rows", str(record.first))
    if "record_layout" not in change and "DROP COLUMN" not in change:
        assert bad["table"] == TABLE


def test_a_row_added_to_an_act_that_wrote_none_is_named(record: Record) -> None:
    behind(ADDED.format(act=record.offer))

    assert record.named() == ("rows", str(record.offer), TABLE)
    assert record.bad()["why"] == "it is in no leaf, though its act does not wait"


@pytest.mark.parametrize("columns", ["gone", "id"])
def test_a_row_added_with_a_note_under_a_layout_that_was_added_too_is_named(
    record: Record, columns: str
) -> None:
    """Also where nobody can read what the note notes, since the layout has a column that is not there."""
    behind(
        f"INSERT INTO record_layout (id, of_table, columns) VALUES (999, '{TABLE}', '{{{columns}}}')",
        f"INSERT INTO record_rowswritten (act_id, layout_id, salt) VALUES ('{record.offer}', 999, gen_random_uuid())",
        ADDED.format(act=record.offer),
    )

    assert record.named() == ("rows", str(record.offer), TABLE)


@pytest.mark.parametrize("held_up", [True, False])
def test_an_act_that_has_its_number_does_not_wait_though_it_is_said_to(record: Record, held_up: bool) -> None:
    """Neither while an open transaction keeps the sequencer from it, nor when it is offered to the sequencer again."""
    behind(
        f"INSERT INTO record_pending (act_id, txid) VALUES ('{record.offer}', pg_current_xact_id()::text::bigint)",
        ADDED.format(act=record.offer),
    )
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        if held_up:
            cursor.execute("UPDATE record_pending SET txid = pg_current_xact_id()::text::bigint")
        bad = record.bad()

    assert (bad["why"], bad["kind"], bad["act"]) == (
        "the act has its number and waits for one all the same", "act", str(record.offer),
    )  # fmt: skip


def test_a_row_is_in_no_leaf_though_its_act_is_said_to_wait(record: Record) -> None:
    """What hides a row hides it from the look at rows alone no more than from the whole look."""
    behind(
        f"INSERT INTO record_pending (act_id, txid) VALUES ('{record.offer}', 7)",
        ADDED.format(act=record.offer),
    )

    with transaction.atomic():
        written = Written()
        list(rows_of_other_tables(2**62, written))
        stray = written.first_stray()

    assert stray
    assert (stray.act, stray.table) == (str(record.offer), TABLE)


def test_a_row_added_by_the_application_to_an_older_act_is_named(record: Record) -> None:
    """Its trigger notes it, and no leaf was made of it."""
    with connection.cursor() as cursor:
        cursor.execute(ADDED.format(act=record.offer))

    assert record.named() == ("rows", str(record.offer), TABLE)


def test_a_row_added_in_a_table_that_nobody_wrote_into_is_named(record: Record) -> None:
    behind(
        "INSERT INTO custody_count (id, site_id, kind, mode, opened_at, expected, act_id)"
        f" VALUES (gen_random_uuid(), 'EX-NORTH', 'informal', 'number', now(), 3, '{record.offer}')"
    )

    assert record.named() == ("rows", str(record.offer), "custody_count")


def test_a_row_of_an_act_that_is_not_there_is_named(record: Record) -> None:
    nobody = UUID(int=7)
    behind(ADDED.format(act=nobody))

    assert record.named() == ("rows", str(nobody), TABLE)


def test_rows_deleted_with_their_note_and_their_leaf_are_missed_by_their_act(record: Record) -> None:
    index = Leaf.objects.get(kind="rows", act_id=record.first).index
    behind(
        f"DELETE FROM {TABLE} WHERE act_id = '{record.first}'",
        f"DELETE FROM record_rowswritten WHERE act_id = '{record.first}'",
        f"DELETE FROM record_leaf WHERE index = {index}",
    )

    assert record.bad()["why"] == "it does not have as many leaves of rows as it says"
    assert record.named()[:2] == ("act", str(record.first))


@pytest.mark.parametrize("closed_up", [False, True])
def test_an_act_without_a_leaf_of_rows_that_it_says_it_has_is_named(record: Record, closed_up: bool) -> None:
    """Also where whoever did it numbered the later leaves anew, and said that the act wrote into no table."""
    index = Leaf.objects.get(kind="rows", act_id=record.second).index
    act = Leaf.objects.get(kind="act", act_id=record.second).index
    behind(
        f"DELETE FROM {TABLE} WHERE act_id = '{record.second}'",
        f"DELETE FROM record_rowswritten WHERE act_id = '{record.second}'",
        f"DELETE FROM record_leaf WHERE index = {index}",
        f"UPDATE record_leaf SET index = -index WHERE index > {index}",
        "UPDATE record_leaf SET index = -index - 1 WHERE index < 0",
        *([f"UPDATE record_leaf SET n = 0 WHERE index = {act}"] if closed_up else []),
    )

    bad = record.bad()
    assert (bad["kind"], bad["act"], bad["index"]) == ("act", str(record.second), act)


def test_an_act_cannot_be_told_as_one_from_before_there_were_leaves_of_rows(record: Record) -> None:
    act = Leaf.objects.get(kind="act", act_id=record.offer).index
    behind(f"UPDATE record_leaf SET n = NULL WHERE index = {act}")

    assert record.bad()["why"] == "the leaf is of an encoding from before its time"


def test_rows_forged_with_all_leaves_do_not_fit_the_checkpoint_kept_elsewhere(record: Record) -> None:
    behind(
        f"UPDATE {TABLE} SET words = 'forged' WHERE act_id = '{record.first}'",
        "DELETE FROM record_leaf",
        "SELECT record_append_leaves()",
        "ALTER TABLE record_checkpoint DISABLE TRIGGER USER",
        "DELETE FROM record_checkpoint",
    )
    assert verify()["ok"]

    assert "the checkpoint kept elsewhere has another root" in record.bad()["why"]


def test_rows_that_wait_with_their_act_are_no_fault(record: Record) -> None:
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        record.receive(TAGS[2], 2)

        found = verify(record.kept)

    assert (found["ok"], found["acts_without_number"]) == (True, 1)


def test_leaves_are_the_same_whatever_the_settings_of_who_numbers(record: Record) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('TimeZone', 'America/Chicago', false), set_config('bytea_output', 'escape', false),"
            " set_config('IntervalStyle', 'iso_8601', false)"
        )
        record.receive(TAGS[2], 2)

        assert verify(record.kept)["ok"]


def test_a_column_that_a_later_version_adds_leaves_older_leaves_as_they_were(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} ADD COLUMN urgency text NOT NULL DEFAULT 'none'")
    assert verify(record.kept)["ok"]

    today = laws.laws()
    later = [replace(law, layout=(*law.layout, "urgency")) if law.table == TABLE else law for law in today]
    monkeypatch.setattr(laws, "laws", lambda: later)
    database.install_layouts()
    third = record.receive(TAGS[2], 2)

    assert verify(record.kept)["ok"]
    assert Layout.objects.filter(of_table=TABLE).count() == 2
    behind(f"UPDATE {TABLE} SET urgency = 'high' WHERE act_id = '{third}'")
    assert record.named() == ("rows", str(third), TABLE)
    behind(f"UPDATE {TABLE} SET urgency = 'none'")
    assert verify(record.kept)["ok"]


def test_a_record_begun_before_rows_had_leaves_keeps_its_tree_and_has_them_from_then_on(
    fresh_db: str,
) -> None:
    """The previous release's tables, filled: two acts numbered, one that waits; then the upgrade, and new acts."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    call_command("migrate", "ledger", "0008_census_without_things", database="owner", verbosity=0)
    numbered, waiting = [reported_before("numbered"), reported_before("numbered too")], None
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT record_sequence()")
        cursor.execute("SELECT leaf FROM record_leaf ORDER BY index")
        leaves = [bytes(leaf) for (leaf,) in cursor.fetchall()]
    waiting = reported_before("waiting")

    connections.close_all()
    database.migrate()
    kept = checkpoints.signed(notes.Stated("muster.local/record", len(leaves), tree.root_of(leaves)))

    assert verify(kept)["ok"]
    new = Act.objects.create(name="new", request_hash=b"")
    Report.objects.create(act=new, kind="k", payload={}, words="new")
    assert verify(kept)["ok"]
    tables = dict(Leaf.objects.filter(kind="act").values_list("act_id", "n"))
    assert tables == {numbered[0]: None, numbered[1]: None, waiting: 1, new.pk: 1}
    # Of what was numbered before nothing is promised; of the one that waited, all.
    for act, bad in ((numbered[0], None), (waiting, str(waiting)), (new.pk, str(new.pk))):
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            cursor.execute("ALTER TABLE ledger_report DISABLE TRIGGER USER")
            cursor.execute("UPDATE ledger_report SET words = words || '!' WHERE act_id = %s", [act])
        assert (verify(kept)["first_bad"] or {}).get("act") == bad
        with connections["owner"].cursor() as cursor:
            cursor.execute("UPDATE ledger_report SET words = rtrim(words, '!')")


def reported_before(words: str) -> UUID:
    """An act with a report, written as a release before this one did."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("INSERT INTO record_act (id, name, request_hash, refused_code, refused_words)"
                       " VALUES (gen_random_uuid(), 'old', '', '', '') RETURNING id")  # fmt: skip
        act = UUID(str(cursor.fetchone()[0]))
        cursor.execute("INSERT INTO ledger_report (id, kind, payload, words, act_id)"
                       " VALUES (gen_random_uuid(), 'k', '{}', %s, %s)", [words, act])  # fmt: skip
    return act


def test_an_export_has_a_digest_of_the_rows_and_not_what_stands_in_them(
    record: Record, tmp_path: Path
) -> None:
    told = export(tmp_path)

    text = (tmp_path / "leaves.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    rows = [line for line in lines if line[0] == "muster/rows/1"]
    assert told["leaves"] == len(lines)
    assert [(line[1], line[3], line[5]) for line in rows] == [
        (str(record.first), TABLE, 1), (str(record.second), TABLE, 1), (str(record.settled), "custody_settled", 1),
    ]  # fmt: skip
    assert "By telephone." not in text
    assert not any(str(salt) in text for salt in RowsWritten.objects.values_list("salt", flat=True))
    assert verifier(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (r'\n\["muster/rows/1".*', "", "a leaf of rows is missing"),
        (r'(\n\["muster/rows/1".*)', r"\1\1", "does not stand where it belongs"),
        (r", 1\]\n", ", 0]\n", "rows in more tables than its act says"),
        (r'"custody_difference", "act', '"custody_difference", "aft', "another root"),
        (r'(\["muster/act/)2(".*), 0\]', r"\g<1>1\2]", "of an encoding from before its time"),
    ],
)
def test_the_verifier_names_leaves_of_rows_that_were_changed_left_out_or_put_in(
    record: Record, tmp_path: Path, old: str, new: str, told: str
) -> None:
    export(tmp_path)
    path = tmp_path / "leaves.jsonl"
    text, times = re.subn(old, new, path.read_text("utf-8"), count=1)
    assert times == 1
    path.write_text(text, "utf-8")

    found = verifier(tmp_path)

    assert found.returncode == 1
    assert told in found.stdout
