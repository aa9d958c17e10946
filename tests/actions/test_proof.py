"""What was changed behind the triggers shows: `muster verify` names the first bad entry."""

from __future__ import annotations

import base64
import csv
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, connections, transaction

from muster import config
from muster.access.models import User
from muster.cli import sequencer
from muster.core.errors import NotFound
from muster.ledger import recomputing
from muster.ledger.exporting import export
from muster.ledger.models import Holder
from muster.ledger.proving import prove
from muster.ledger.verifying import verify
from muster.ledger.writing import Pop, Push, holder, outside, things_of, write
from muster.record import checkpoints, notes, tree
from muster.record.action import sequence
from muster.record.encoding import leaf_of
from muster.record.models import Act, Checkpoint, Leaf

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TAGS = ["222-223-Z", "222-224-W"]


class Record:
    """Two persons, two sites, four acts that move them; one of those acts puts an earlier one right."""

    def __init__(self) -> None:
        self.user = User.objects.create_user("clerk")
        act = self.act("begin")
        self.outside = outside(act=act)
        self.a = holder(act=act, code="A", kind=Holder.Kind.AREA, site="A")
        self.b = holder(act=act, code="B", kind=Holder.Kind.AREA, site="B")
        self.first, self.second = things_of(TAGS, act=act, kind="person", origin=self.outside)
        self.write(self.to(self.first, self.a, 0), self.to(self.second, self.a, 0))
        self.write(self.to(self.first, self.b, 4))
        self.write(
            Pop(thing=self.first.pk, reason="late"),
            self.to(self.first, self.outside, 1),
            self.to(self.first, self.b, 4),
        )
        sequence()

    def act(self, name: str = "test") -> Act:
        return Act.objects.create(actor=self.user, name=name, request_hash=b"\x01" * 32)

    def to(self, thing: Any, receiver: Holder, hours: int) -> Push:
        at = NOON + timedelta(hours=hours)
        return Push(thing=thing.pk, receiver=receiver.pk, happened_at=at, source="list of the day")

    def write(self, *changes: Push | Pop) -> None:
        with transaction.atomic():
            write(changes, act=self.act())

    def index(self, thing: Any, n: int) -> int:
        return Leaf.objects.get(kind="entry", subject=thing.pk, n=n).index


@pytest.fixture
def record() -> Record:
    return Record()


def behind(*statements: str) -> None:
    """Change the record as the owner, with every trigger of the tables off and their keys to each other gone."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for table in ("ledger_entry", "ledger_thing", "ledger_holder", "ledger_head", "record_act", "record_leaf",
                      "record_checkpoint", "record_number"):  # fmt: skip
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('f', 'c')",
                [table],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)


def why(**brought: Any) -> str:
    found = verify(**brought)
    assert not found["ok"]
    return str(found["first_bad"]["why"])


def test_an_honest_record_verifies_and_its_root_is_the_checkpoint_s(record: Record) -> None:
    made = checkpoints.make()
    found = verify(made.note)

    # Five acts, three holders, two things; two, one and three entries.
    assert (found["ok"], found["first_bad"]) == (True, None)
    assert (found["size"], found["entries"], found["acts_without_number"]) == (4 + 3 + 2 + 6, 6, 0)
    assert found["root"] == bytes(made.root).hex()
    assert found["checkpoints"] == 2


def test_an_empty_record_verifies_and_can_be_signed() -> None:
    assert verify(checkpoints.make().note)["ok"]


CHANGED = {
    "thing_id": "gen_random_uuid()", "n": "9", "kind": "'pop'", "giver_id": "gen_random_uuid()",
    "receiver_id": "gen_random_uuid()", "happened_at": "happened_at + interval '1 microsecond'",
    "earliest_at": "happened_at", "latest_at": "'infinity'", "base": "base + 1", "corrects": "1", "repeats": "1",
    "mission": "'another'", "handover_id": "gen_random_uuid()", "reason": "'another'", "source": "source || ' '",
    "recorded_at": "recorded_at - interval '1 microsecond'", "act_id": "(SELECT id FROM record_act WHERE name = 'begin')",
}  # fmt: skip


@pytest.mark.parametrize("column", CHANGED)
def test_each_column_of_an_entry_changed_names_the_entry(record: Record, column: str) -> None:
    behind(
        f"UPDATE ledger_entry SET {column} = {CHANGED[column]} WHERE thing_id = '{record.first.pk}' AND n = 2"
    )

    bad = verify()["first_bad"]

    assert (bad["kind"], bad["thing"], bad["n"]) == ("entry", str(record.first.pk), 2)
    assert bad["index"] == record.index(record.first, 2)


def test_every_column_of_an_entry_is_tried() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = 'ledger_entry'::regclass"
                       " AND attnum > 0 AND NOT attisdropped")  # fmt: skip
        assert {name for (name,) in cursor.fetchall()} == set(CHANGED)


@pytest.mark.parametrize(
    ("table", "column", "value", "kind"),
    [
        ("record_act", "name", "'another'", "act"),
        ("record_act", "actor_id", "NULL", "act"),
        ("record_act", "idempotency_key", "gen_random_uuid()", "act"),
        ("record_act", "request_hash", "'\\x02'", "act"),
        ("record_act", "refused_code", "'a.code'", "act"),
        ("record_act", "refused_words", "'Words.'", "act"),
        ("record_act", "recorded_at", "recorded_at - interval '1 hour'", "act"),
        ("ledger_thing", "tag", "tag || 'x'", "thing"),
        ("ledger_thing", "kind", "'member'", "thing"),
        ("ledger_thing", "origin_id", "gen_random_uuid()", "thing"),
        ("ledger_holder", "code", "code || 'x'", "holder"),
        ("ledger_holder", "kind", "'unit'", "holder"),
        ("ledger_holder", "site", "'C'", "holder"),
        ("ledger_holder", "organisation", "'another'", "holder"),
    ],
)
def test_an_act_a_thing_and_a_holder_changed_are_named(
    record: Record, table: str, column: str, value: str, kind: str
) -> None:
    behind(f"UPDATE {table} SET {column} = {value}")

    bad = verify()["first_bad"]

    assert bad["kind"] == kind
    assert bad["index"] == Leaf.objects.filter(kind=kind).order_by("index")[0].index


def test_an_entry_deleted_is_named(record: Record) -> None:
    behind(f"DELETE FROM ledger_entry WHERE thing_id = '{record.first.pk}' AND n = 2")

    bad = verify()["first_bad"]

    assert (bad["thing"], bad["n"]) == (str(record.first.pk), 2)
    assert bad["why"] == "what the leaf stands for is missing"


def test_an_entry_deleted_with_its_leaf_leaves_a_hole(record: Record) -> None:
    index = record.index(record.first, 2)
    behind(
        f"DELETE FROM ledger_entry WHERE thing_id = '{record.first.pk}' AND n = 2",
        f"DELETE FROM record_leaf WHERE index = {index}",
    )

    assert verify()["first_bad"] == {"why": f"leaf {index} is missing", "index": index}


def test_two_entries_exchanged_are_named(record: Record) -> None:
    thing = f"thing_id = '{record.first.pk}'"
    behind(
        f"UPDATE ledger_entry SET n = 99 WHERE {thing} AND n = 4",
        f"UPDATE ledger_entry SET n = 4 WHERE {thing} AND n = 5",
        f"UPDATE ledger_entry SET n = 5 WHERE {thing} AND n = 99",
    )

    bad = verify()["first_bad"]
    assert (bad["thing"], bad["n"]) == (str(record.first.pk), 4)


def test_two_leaves_exchanged_are_named(record: Record) -> None:
    first, last = record.index(record.first, 4), record.index(record.first, 5)
    behind(
        f"UPDATE record_leaf SET index = 9999 WHERE index = {first}",
        f"UPDATE record_leaf SET index = {first} WHERE index = {last}",
        f"UPDATE record_leaf SET index = {last} WHERE index = 9999",
    )

    assert verify()["first_bad"]["index"] == first


def test_a_leaf_cut_short_is_named(record: Record) -> None:
    index = record.index(record.second, 1)
    behind(f"UPDATE record_leaf SET leaf = substr(leaf, 2) WHERE index = {index}")

    bad = verify()["first_bad"]
    assert (bad["index"], bad["why"]) == (index, "the row is not what its leaf says")


def test_a_function_put_in_front_of_the_database_s_own_hides_nothing(record: Record) -> None:
    """PostgreSQL prefers a function whose arguments fit better, wherever it stands on the search path."""
    behind(
        f"UPDATE ledger_entry SET source = 'forged' WHERE thing_id = '{record.second.pk}'",
        "CREATE FUNCTION public.convert_to(text, text) RETURNS bytea LANGUAGE sql AS"
        " $$ SELECT pg_catalog.convert_to(replace($1, 'forged', 'list of the day'), 'UTF8'::name) $$",
    )

    bad = verify()["first_bad"]
    assert (bad["thing"], bad["why"]) == (str(record.second.pk), "the row is not what its leaf says")


def test_a_leaf_changed_is_named(record: Record) -> None:
    index = record.index(record.second, 1)
    behind(f"UPDATE record_leaf SET leaf = sha256('another') WHERE index = {index}")

    bad = verify()["first_bad"]
    assert (bad["index"], bad["thing"]) == (index, str(record.second.pk))


def test_a_number_taken_away_is_named(record: Record) -> None:
    behind("DELETE FROM record_number WHERE number = 3")

    assert why() == "the act has lost its number"


def test_an_entry_added_behind_the_sequencer_is_named(record: Record) -> None:
    thing = f"thing_id = '{record.second.pk}'"
    behind(
        "INSERT INTO ledger_entry (thing_id, n, kind, giver_id, receiver_id, happened_at, base, act_id, mission, reason, source)"
        f" SELECT thing_id, 2, kind, receiver_id, giver_id, happened_at, 1, act_id, '', '', '' FROM ledger_entry WHERE {thing}"
    )

    bad = verify()["first_bad"]
    assert (bad["why"], bad["n"]) == ("it is in no leaf, though its act does not wait", 2)


@pytest.mark.parametrize(
    ("statement", "query"),
    [
        ("INSERT INTO ledger_thing (id, kind, tag, origin_id, act_id)"
         " SELECT gen_random_uuid(), kind, 'FORGED', origin_id, act_id FROM ledger_thing LIMIT 1", recomputing.THINGS),
        ("INSERT INTO ledger_holder (id, kind, code, organisation, site, act_id)"
         " SELECT gen_random_uuid(), kind, 'FORGED', '', '', act_id FROM ledger_holder LIMIT 1", recomputing.HOLDERS),
    ],
    ids=["thing", "holder"],
)  # fmt: skip
def test_a_thing_or_a_holder_added_to_an_act_that_is_said_to_wait_is_named(
    record: Record, statement: str, query: str
) -> None:
    behind("INSERT INTO record_pending (act_id, txid) SELECT act_id, 7 FROM ledger_thing LIMIT 1", statement)

    with connection.cursor() as cursor:
        cursor.execute(query)
        assert cursor.fetchone()[1] == "it is in no leaf, though its act does not wait"


def test_an_entry_added_to_an_act_that_is_said_to_wait_is_named(record: Record) -> None:
    thing = f"thing_id = '{record.second.pk}'"
    behind(
        f"INSERT INTO record_pending (act_id, txid) SELECT act_id, 7 FROM ledger_entry WHERE {thing}",
        "INSERT INTO ledger_entry (thing_id, n, kind, giver_id, receiver_id, happened_at, base, act_id, mission, reason, source)"
        f" SELECT thing_id, 2, kind, receiver_id, giver_id, happened_at, 1, act_id, '', '', '' FROM ledger_entry WHERE {thing}",
    )

    with connection.cursor() as cursor:
        cursor.execute(recomputing.ENTRIES, {"low": str(UUID(int=0)), "high": None})
        assert cursor.fetchone()[1] == "it is in no leaf, though its act does not wait"


@pytest.mark.parametrize(
    "change",
    [
        "n = 9",
        "top = 9",
        "holder_id = gen_random_uuid()",
        "happened_at = happened_at - interval '1 microsecond'",
    ],
)
def test_a_head_changed_is_named(record: Record, change: str) -> None:
    behind(f"UPDATE ledger_head SET {change} WHERE thing_id = '{record.second.pk}'")

    bad = verify()["first_bad"]
    assert (bad["kind"], bad["thing"]) == ("head", str(record.second.pk))


def test_a_head_taken_away_is_named(record: Record) -> None:
    behind(f"DELETE FROM ledger_head WHERE thing_id = '{record.second.pk}'")

    assert why() == "the thing has no head"


def forge(record: Record) -> None:
    """Change an entry and every leaf that hangs on it, as somebody would who owns the database and knows how it is made."""
    behind(
        f"UPDATE ledger_entry SET source = 'forged' WHERE thing_id = '{record.second.pk}'",
        "DELETE FROM record_leaf",
        "SELECT record_append_leaves()",
    )


def test_a_record_forged_with_all_its_leaves_does_not_fit_its_checkpoints(record: Record) -> None:
    made = checkpoints.make()
    forge(record)

    assert why() == f"the checkpoint of {made.size} leaves has another root for the first {made.size} leaves"


def test_a_record_forged_with_its_checkpoints_does_not_fit_one_kept_elsewhere(record: Record) -> None:
    kept = checkpoints.make()
    forge(record)
    behind("DELETE FROM record_checkpoint")
    assert checkpoints.make().size == kept.size
    assert verify()["ok"]

    assert why(checkpoint=kept.note) == (
        f"the checkpoint kept elsewhere has another root for the first {kept.size} leaves"
    )


def test_a_tail_cut_with_its_checkpoints_does_not_fit_one_kept_elsewhere(record: Record) -> None:
    kept = checkpoints.make()
    last = Leaf.objects.get(index=kept.size - 1).act_id
    first = Leaf.objects.get(kind="act", act_id=last).index
    behind(
        f"DELETE FROM ledger_entry WHERE act_id = '{last}'",
        f"DELETE FROM record_number WHERE act_id = '{last}'",
        f"DELETE FROM record_leaf WHERE act_id = '{last}'",
        f"DELETE FROM record_act WHERE id = '{last}'",
        "DELETE FROM record_checkpoint",
        f"UPDATE ledger_head SET n = 2, top = 2, holder_id = '{record.b.pk}' WHERE thing_id = '{record.first.pk}'",
    )
    assert verify()["ok"]

    assert verify(kept.note)["first_bad"] == {
        "why": f"the checkpoint kept elsewhere has {kept.size} leaves, and the record has {first}",
        "index": first,
    }


def test_a_record_begun_before_there_were_leaves_gets_those_it_would_have_had(record: Record) -> None:
    kept = checkpoints.make()
    behind("DELETE FROM record_leaf", "SELECT record_append_leaves()")

    assert verify(kept.note)["ok"]


def test_no_checkpoint_is_made_of_a_tree_that_was_cut(record: Record) -> None:
    made = checkpoints.make()
    behind(f"DELETE FROM record_leaf WHERE index = {made.size - 1}")

    with pytest.raises(checkpoints.BrokenTree, match="has fewer"):
        checkpoints.make()


def test_no_checkpoint_is_made_over_a_hole_or_on_a_frontier_that_was_changed(record: Record) -> None:
    behind("DELETE FROM record_leaf WHERE index = 3")
    with pytest.raises(checkpoints.BrokenTree, match="leaf 3 is missing"):
        checkpoints.make()

    behind("INSERT INTO record_checkpoint (size, root, note, frontier) VALUES (2, '\\x00', '', sha256('x'))")
    with pytest.raises(checkpoints.BrokenTree, match="does not fit its own root"):
        checkpoints.make()


@pytest.mark.parametrize(
    "change",
    ["note = replace(note, E'\\n', E'\\nx')", "root = sha256('another')", "size = size - 1", "note = ''"],
)
def test_a_checkpoint_changed_is_named(record: Record, change: str) -> None:
    checkpoints.make()
    behind(f"UPDATE record_checkpoint SET {change}")

    assert verify()["first_bad"]["kind"] == "checkpoint"


def test_a_checkpoint_of_another_s_key_is_refused(record: Record) -> None:
    stated = notes.Stated("muster.local/record", 1, b"\x00" * 32)
    forged = notes.sign(stated.text(), stated.origin, b"\x09" * 32)

    with pytest.raises(notes.BadNote, match="no key that is known"):
        verify(forged)


def test_after_a_change_of_key_verify_needs_both_public_keys(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = checkpoints.public_key()
    kept = checkpoints.make()
    with monkeypatch.context() as changed:
        changed.setenv("MUSTER_CHECKPOINT_KEY", base64.b64encode(b"\x09" * 32).decode())
        config.current.cache_clear()
        record.write(record.to(record.second, record.b, 2))
        checkpoints.make()

        assert "no key that is known signed it" in why()
        assert verify(kept.note, [old, checkpoints.public_key()])["ok"]
    config.current.cache_clear()


def test_a_checkpoint_goes_on_from_the_one_before(record: Record) -> None:
    first = checkpoints.make()
    assert checkpoints.make() == first

    record.write(record.to(record.second, record.b, 2))
    second = checkpoints.make()

    assert second.size == first.size + 2
    assert verify(first.note)["checkpoints"] == 3
    assert verify(second.note)["ok"]


def test_a_checkpoint_is_due_after_a_minute_or_a_thousand_leaves(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints.make_if_due()
    assert Checkpoint.objects.count() == 1
    record.write(record.to(record.second, record.b, 2))
    sequence()
    checkpoints.make_if_due()
    assert Checkpoint.objects.count() == 1

    monkeypatch.setattr(checkpoints, "EVERY", timedelta(0))
    checkpoints.make_if_due()
    checkpoints.make_if_due()
    assert Checkpoint.objects.count() == 2

    monkeypatch.setattr(checkpoints, "EVERY", timedelta(days=1))
    monkeypatch.setattr(checkpoints, "EVERY_LEAVES", 2)
    record.write(record.to(record.second, record.a, 3))
    sequence()
    checkpoints.make_if_due()
    assert Checkpoint.objects.count() == 3


def test_serving_makes_checkpoints_by_itself(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sequencer, "EVERY_S", 0.01)
    give_up_at = time.monotonic() + 30
    with sequencer.keep_sequencing():
        while not Checkpoint.objects.exists() and time.monotonic() < give_up_at:
            time.sleep(0.02)

    assert verify(Checkpoint.objects.get().note)["ok"]


def test_leaves_and_checkpoints_are_not_the_application_s_to_change(record: Record) -> None:
    checkpoints.make()
    for statement in (
        "INSERT INTO record_leaf (index, act_id, kind, leaf) SELECT 99, id, 'act', '' FROM record_act LIMIT 1",
        "UPDATE record_leaf SET leaf = ''",
        "DELETE FROM record_leaf",
        "DELETE FROM record_checkpoint",
        "SELECT record_append_leaves()",
    ):
        with (
            pytest.raises(Exception, match=r"permission denied|never changed"),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_an_act_that_waits_is_no_fault(record: Record) -> None:
    """Somebody's open transaction holds the numbering up; what is written meanwhile has no leaf yet."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        record.write(record.to(record.second, record.b, 2))

        found = verify()

    assert (found["ok"], found["acts_without_number"]) == (True, 1)


def muster(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from muster.cli.main import main; main()", *arguments],
        env=env,
        capture_output=True,
        text=True,
    )


def test_checkpoint_and_verify_as_commands(
    record: Record, database_env: dict[str, str], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    made = json.loads(muster("checkpoint", "--out", str(kept), "--json", env=database_env).stdout)
    keys = tmp_path / "keys.txt"
    keys.write_text(made["public_key"] + "\n")

    options = ("verify", "--checkpoint", str(kept), "--public-key", str(keys))
    sound = muster(*options, "--json", env=database_env)
    assert (sound.returncode, json.loads(sound.stdout)["ok"]) == (0, True)
    assert json.loads(sound.stdout)["root"] == made["root"]

    forge(record)
    spoilt = muster(*options, env=database_env)
    assert spoilt.returncode == 1
    assert "another root" in spoilt.stdout

    refused = muster("checkpoint", "--out", str(tmp_path / "no" / "folder"), env=database_env)
    assert (refused.returncode, "cannot be written" in refused.stderr) == (2, True)


def test_an_entry_and_an_older_checkpoint_are_proved_to_be_in_the_latest(record: Record) -> None:
    older = checkpoints.make()
    record.write(record.to(record.second, record.b, 2))

    proof = prove(TAGS[0], 3, since=older.note)

    latest = notes.Stated.of_text(notes.opened(proof["checkpoint"], [checkpoints.public_key()]))
    leaf = leaf_of(proof["encoding"])
    assert json.loads(proof["encoding"])[3:6] == [str(record.first.pk), 3, "pop"]
    assert proof["index"] == record.index(record.first, 3)
    inclusion = [bytes.fromhex(node) for node in proof["inclusion"]]
    assert tree.includes(leaf, proof["index"], latest.size, inclusion, latest.root)
    consistency = [bytes.fromhex(node) for node in proof["consistency"]]
    assert tree.extends(older.size, bytes(older.root), latest.size, latest.root, consistency)
    assert prove(TAGS[0], 1)["consistency"] is None


def test_nothing_is_proved_of_an_entry_that_was_changed_or_is_not_there(record: Record) -> None:
    with pytest.raises(NotFound):
        prove(TAGS[0], 99)
    with pytest.raises(NotFound):
        prove("222-229-L", 1)
    behind(f"UPDATE ledger_entry SET source = 'forged' WHERE thing_id = '{record.first.pk}' AND n = 3")

    with pytest.raises(checkpoints.BrokenTree, match="is not what its leaf says"):
        prove(TAGS[0], 3)


def test_nothing_is_proved_against_a_checkpoint_of_another_tree(record: Record) -> None:
    kept = checkpoints.make()
    forge(record)
    behind("DELETE FROM record_checkpoint")

    with pytest.raises(checkpoints.BrokenTree, match="another root"):
        prove(TAGS[0], 1, since=kept.note)
    longer = notes.Stated(config.current().checkpoint_origin, 999, b"\x00" * 32)
    with pytest.raises(checkpoints.BrokenTree, match="999 leaves"):
        prove(TAGS[0], 1, since=checkpoints.signed(longer))


def test_prove_as_a_command(record: Record, database_env: dict[str, str]) -> None:
    found = json.loads(muster("prove", TAGS[1], "--n", "1", "--json", env=database_env).stdout)

    assert found == prove(TAGS[1], 1)
    assert muster("prove", TAGS[1], "--n", "7", env=database_env).returncode == 2


def verifier(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    source = Path(__file__).parents[2] / "verifier" / "src"
    return subprocess.run(
        [sys.executable, "-m", "muster_verifier", *map(str, arguments)],
        env={"PYTHONPATH": str(source), "PYTHONUTF8": "1"}, capture_output=True, text=True,
    )  # fmt: skip


def test_an_export_verifies_without_muster(record: Record, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(checkpoints.make().note, "utf-8")
    record.write(record.to(record.second, record.b, 2))
    told = export(tmp_path / "out")

    found = verifier(
        tmp_path / "out", "--checkpoint", kept, "--public-key", tmp_path / "out" / "public-key.txt"
    )

    assert (found.returncode, found.stderr) == (0, "")
    assert "7 entries, 17 leaves" in found.stdout
    assert (told["entries"], told["leaves"]) == (7, 17)
    assert verify()["root"] in found.stdout
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text())
    assert [resource["path"] for resource in package["resources"]] == ["entries.csv", "leaves.jsonl"]


def test_words_and_moments_of_any_kind_verify_in_an_export(record: Record, tmp_path: Path) -> None:
    words = 'said "so",\n\tÜbergabe \\ \\N \u2028'
    moved = Push(
        thing=record.second.pk, receiver=record.b.pk, happened_at=NOON + timedelta(hours=2, microseconds=120_000),
        earliest_at=NOON, latest_at=NOON + timedelta(hours=3, microseconds=1), reason=words, source=words,
    )  # fmt: skip
    record.write(moved)
    export(tmp_path)

    found = verifier(tmp_path)

    assert (found.returncode, "7 entries" in found.stdout) == (0, True), found.stdout
    with (tmp_path / "entries.csv").open(newline="", encoding="utf-8") as file:
        row = list(csv.DictReader(file))[-1]
    assert (row["source"], row["earliest_at"]) == (words, "2026-03-01T12:00:00+00:00")
    assert row["happened_at"] == "2026-03-01T14:00:00.120000+00:00"


def test_an_export_of_a_record_with_an_entry_gone_does_not_verify(record: Record, tmp_path: Path) -> None:
    behind(f"DELETE FROM ledger_entry WHERE thing_id = '{record.first.pk}' AND n = 2")
    export(tmp_path)

    assert verifier(tmp_path).returncode == 1


def test_an_empty_export_verifies(tmp_path: Path) -> None:
    export(tmp_path)

    assert verifier(tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("leaves.jsonl", "list of the day", "list of the dax", "does not follow the entry before it"),
        ("leaves.jsonl", '"begin"', '"began"', "another root"),
        ("leaves.jsonl", "muster/act/2", "muster/act/3", "not of an encoding known here"),
        ("leaves.jsonl", '"muster/thing/1", ', '"muster/thing/1", 0, ', "not of an encoding known here"),
        ("entries.csv", "list of the day", "list of the dax", "entries.csv has other entries of act 2"),
        ("entries.csv", "222-223-Z", "222-224-W", "entries.csv has other entries of act 2"),
    ],
)
def test_the_verifier_names_what_was_changed_in_an_export(
    record: Record, tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    export(tmp_path)
    path = tmp_path / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")

    found = verifier(tmp_path)

    assert found.returncode == 1
    assert told in found.stdout


@pytest.mark.parametrize("file", ["leaves.jsonl", "entries.csv"])
def test_the_verifier_names_a_tail_cut(record: Record, tmp_path: Path, file: str) -> None:
    export(tmp_path)
    path = tmp_path / file
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")

    assert verifier(tmp_path).returncode == 1


def test_the_verifier_refuses_an_export_of_a_forged_record(record: Record, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text(checkpoints.make().note, "utf-8")
    forge(record)
    behind("DELETE FROM record_checkpoint")
    export(tmp_path / "out")

    assert verifier(tmp_path / "out").returncode == 0
    found = verifier(tmp_path / "out", "--checkpoint", kept)
    assert (found.returncode, "another root" in found.stdout) == (1, True)


def test_the_verifier_says_when_it_can_check_nothing(record: Record, tmp_path: Path) -> None:
    assert verifier(tmp_path).returncode == 2
    export(tmp_path)
    (tmp_path / "other").write_text(notes.public_key("another", b"\x09" * 32))

    found = verifier(tmp_path, "--public-key", tmp_path / "other")
    assert (found.returncode, "no key that was given signed" in found.stderr) == (2, True)
