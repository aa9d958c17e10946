"""The laws that the database itself holds: who may do what to which table, and triggers that refuse change.

A model says what holds for its table by class attributes:

    append_only = True              rows are added and read, never changed
    mutable_columns = ("state",)    the same, but for these columns
    deletable = True                rows are added, read and deleted, never changed
    in_tree = False                 rows that are kept and name their act have no leaf of their own kind

Tables of other packages (sign-in, sessions) name neither and may be changed freely.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from django.apps import apps
from django.db import ProgrammingError, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import ForeignKey, Model

from muster.database.embedded import APP

# Read by the application; written by functions of the owner alone.
GUARDED = (
    "ledger_head", "ledger_cutoff", "ledger_closing", "ledger_roll", "ledger_lateleg",
    "record_pending", "record_number", "record_leaf", "record_layout", "record_rowswritten",
)  # fmt: skip
TRIGGER = "muster_is_forever"
NOTES = "muster_rows_are_noted"
# What migrations make beside the triggers made here: table, trigger, its function, and when it runs.
AFTER_INSERT, BEFORE_UPDATE_OF_ROW, BEFORE_DELETE_OF_ROW = 4, 19, 11  # as pg_trigger.tgtype has them
OWN_TRIGGERS = (
    ("record_act", "act_awaits_number", "record_await_number", AFTER_INSERT),
    ("ledger_thing", "thing_begins", "ledger_begin", AFTER_INSERT),
    ("ledger_entry", "entry_guard", "ledger_guard", AFTER_INSERT),
    ("ledger_entry", "entry_late", "ledger_mark_late", AFTER_INSERT),
    ("custody_reference", "digest_only_goes", "custody_refuse_another", BEFORE_UPDATE_OF_ROW),
    ("custody_replayed", "digest_only_goes", "custody_refuse_another", BEFORE_UPDATE_OF_ROW),
    ("record_answer", "salt_only_goes", "custody_refuse_another", BEFORE_UPDATE_OF_ROW),
    ("custody_personalkey", "key_goes_by_disposal", "custody_guard_key", BEFORE_DELETE_OF_ROW),
)
SEQUENCER_LOCK = 7316490112  # as in ledger/sql/sequence_at_once.sql; all such numbers: record/README.md

# One row encoded as every kind that the sequencer encodes, a leaf chained to another, and the function that encodes the rows of
# other tables: it reads them where they lie, so that what is looked at is its text, with the settings that the encoding hangs on.
ENCODED = """
WITH one AS (SELECT %s::json AS row)
SELECT concat_ws(E'\n',
    record_encoded(json_populate_record(NULL::record_act, row), 7),
    record_encoded(json_populate_record(NULL::record_act, row), 7, 2),
    record_encoded(json_populate_record(NULL::ledger_holder, row), 7),
    record_encoded(json_populate_record(NULL::ledger_thing, row), 7),
    record_encoded(json_populate_record(NULL::ledger_entry, row), 7),
    encode(record_link(NULL, '[1]', '\\xff'), 'hex'),
    (SELECT concat_ws(E'\n', prosrc, array_to_string(proconfig, E'\n')) FROM pg_catalog.pg_proc
     WHERE oid = 'public.record_rows_after(bigint)'::regprocedure)) FROM one
"""
ID = "0198c0de-0000-7000-8000-00000000000a"
ONE_ROW = {
    "id": ID, "act_id": ID, "thing_id": ID, "origin_id": ID, "giver_id": ID, "receiver_id": ID, "handover_id": ID,
    "idempotency_key": ID, "actor_id": 3, "n": 2, "base": 1, "corrects": 1, "repeats": 1, "kind": "pop", "name": "a.name",
    "request_hash": "\\x00ff", "refused_code": "a.code", "refused_words": "No: \"so\".", "code": "A", "organisation": "O",
    "site": "S", "tag": "T", "reason": "late", "mission": "M", "source": "é", "happened_at": "2026-03-01T12:00:00.000001Z",
    "earliest_at": "2026-03-01T11:00:00Z", "latest_at": "2026-03-01T13:00:00Z", "recorded_at": "2026-03-01T14:00:00Z",
}  # fmt: skip
ENCODED_AS = "bb56514ba03220a83e05d6fd943774b01f794df94c39240fff568f62d99d4b98"  # SHA-256 of the above

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION muster_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN RAISE 'records are never changed: record a correction' USING ERRCODE = 'restrict_violation'; END $$
"""


@dataclass(frozen=True, kw_only=True)
class Law:
    """What the application's role may do to one table besides reading it."""

    table: str
    insert: bool
    change: bool  # update and delete whole rows
    update_columns: tuple[str, ...] = ()
    forever: tuple[str, ...] = ()  # columns that no role may update; where any, no table is emptied either
    delete: bool = False  # whole rows, though none is changed
    layout: tuple[str, ...] = ()  # columns of which an act's rows have a leaf; none where they have none

    def verbs(self) -> list[str]:
        """The privileges to grant, as PostgreSQL names them."""
        verbs = ["SELECT"]
        verbs += ["INSERT"] if self.insert else []
        verbs += ["UPDATE", "DELETE"] if self.change else []
        verbs += ["DELETE"] if self.delete else []
        verbs += [f"UPDATE ({', '.join(map(_quoted, self.update_columns))})"] if self.update_columns else []
        return verbs


def laws() -> list[Law]:
    """The law of every table, in the order of their names."""
    models = (m for m in apps.get_models(include_auto_created=True) if m._meta.managed and not m._meta.proxy)
    own = [Law(table="django_migrations", insert=False, change=False), *map(_law, models)]
    return sorted(own, key=lambda law: law.table)


def append_only_tables() -> list[str]:
    """The tables whose rows are never changed, or only in the columns named mutable."""
    return [law.table for law in laws() if law.forever]


def apply_grants() -> None:
    """Give the application's role what the laws give it, and nothing else. As the owner."""
    app = _quoted(app_role())
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {app}")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, {app}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {app}")
        for law in laws():
            cursor.execute(f"GRANT {', '.join(law.verbs())} ON {_quoted(law.table)} TO {app}")


def install_append_only_triggers() -> None:
    """Refuse UPDATE, DELETE and TRUNCATE of every table by its law, whoever asks. As the owner."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(REFUSE_CHANGE)
        for law in laws():
            cursor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {_quoted(law.table)}")
            if law.forever:
                # Where all columns are for ever the trigger names none, so that no later one is forgotten.
                columns = f" OF {', '.join(map(_quoted, law.forever))}" if law.update_columns else ""
                delete = "" if law.delete else " OR DELETE"
                cursor.execute(
                    f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE{columns}{delete} OR TRUNCATE"
                    f" ON {_quoted(law.table)} FOR EACH STATEMENT EXECUTE FUNCTION muster_refuse_change()"
                )


def install_layouts() -> None:
    """Have what acts write into each table noted for its leaf, from now on and for acts that still wait. As the owner."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        # Nothing is numbered meanwhile: an act is encoded with all its rows or as one from before there were such leaves.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEQUENCER_LOCK])
        for law in laws():
            cursor.execute(f"DROP TRIGGER IF EXISTS {NOTES} ON {_quoted(law.table)}")
            if law.layout:
                cursor.execute(
                    f"CREATE TRIGGER {NOTES} AFTER INSERT ON {_quoted(law.table)} REFERENCING NEW TABLE AS written"
                    f" FOR EACH STATEMENT EXECUTE FUNCTION record_note_rows('{_layout(cursor, law)}')"
                )
        for law in (law for law in laws() if law.layout):
            cursor.execute(
                "INSERT INTO record_rowswritten (act_id, layout_id, salt)"
                f" SELECT act_id, %s, gen_random_uuid() FROM (SELECT DISTINCT x.act_id FROM {_quoted(law.table)} x"
                " JOIN record_pending p ON p.act_id = x.act_id WHERE NOT EXISTS (SELECT FROM record_rowswritten w"
                " JOIN record_layout l ON l.id = w.layout_id WHERE w.act_id = x.act_id AND l.of_table = %s)) waiting",
                [_layout(cursor, law), law.table],
            )


def _layout(cursor: CursorWrapper, law: Law) -> int:
    """The number of a table's layout as it is now; made if it is new."""
    wanted: list[str | list[str]] = [law.table, list(law.layout)]
    find = "SELECT id FROM record_layout WHERE of_table = %s AND columns = %s::varchar[]"
    cursor.execute(find, wanted)
    if (found := cursor.fetchone()) is None:
        cursor.execute(
            "INSERT INTO record_layout (id, of_table, columns)"
            " SELECT coalesce(max(id), 0) + 1, %s, %s FROM record_layout RETURNING id",
            wanted,
        )
        found = cursor.fetchone()
    assert found is not None  # the statement returns what it made
    return int(found[0])


def app_role() -> str:
    """The login of the application's role."""
    return connections["default"].settings_dict["USER"] or APP


def broken(cursor: CursorWrapper) -> Iterator[str]:
    """What is wrong with grants and triggers, one sentence each. The cursor is the application's."""
    are_all_there = True
    for law in laws():
        cursor.execute("SELECT to_regclass(%s) IS NULL", [_quoted(law.table)])
        if _one(cursor):
            yield f"The table {law.table} is missing: run `muster migrate`."
            are_all_there = False
            continue
        yield from _broken_grants(cursor, law)
        if law.forever:
            yield from _broken_trigger(cursor, law)
        if law.layout:
            yield from _broken_layout(cursor, law)
    if are_all_there:
        yield from _broken_own(cursor)
        yield from _broken_encoding(cursor)


def _broken_grants(cursor: CursorWrapper, law: Law) -> Iterator[str]:
    may = {
        "SELECT": True,
        "INSERT": law.insert,
        "UPDATE": law.change,
        "DELETE": law.change or law.delete,
        "TRUNCATE": False,
    }
    for verb, wanted in may.items():
        cursor.execute("SELECT has_table_privilege(%s, %s)", [_quoted(law.table), verb])
        if _one(cursor) != wanted:
            fault = "may not" if wanted else "may"
            yield f"The application's role {fault} {verb} {law.table}: run `muster migrate`."
    if not law.change:
        cursor.execute(
            "SELECT coalesce(array_agg(attname::text ORDER BY attname), '{}') FROM pg_attribute"
            " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
            " AND has_column_privilege(attrelid, attnum, 'UPDATE')",
            [_quoted(law.table)],
        )
        if (found := _one(cursor)) != sorted(law.update_columns):
            yield (
                f"The application's role may update the columns {found} of {law.table}, "
                f"not {sorted(law.update_columns)}: run `muster migrate`."
            )


def _broken_trigger(cursor: CursorWrapper, law: Law) -> Iterator[str]:
    # tgtype: 2 before, 8 delete, 16 update, 32 truncate; 1 (for each row) is not set.
    cursor.execute(
        "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s AND tgtype = %s"
        " AND tgenabled IN ('O', 'A') AND tgfoid = to_regproc('muster_refuse_change') AND (tgattr = '') = %s",
        [_quoted(law.table), TRIGGER, 50 if law.delete else 58, not law.update_columns],
    )
    if not _one(cursor):
        yield f"The trigger {TRIGGER}, which keeps the rows of {law.table}, is missing: run `muster migrate`."


def _broken_layout(cursor: CursorWrapper, law: Law) -> Iterator[str]:
    cursor.execute(
        "SELECT count(*) = 1 FROM pg_trigger t JOIN record_layout l ON l.of_table = %s AND l.columns = %s::varchar[]"
        " WHERE t.tgrelid = %s::regclass AND t.tgname = %s AND t.tgtype = 4 AND t.tgenabled IN ('O', 'A')"
        " AND t.tgfoid = to_regproc('record_note_rows') AND t.tgargs = convert_to(l.id::text, 'UTF8') || '\\x00'",
        [law.table, list(law.layout), _quoted(law.table), NOTES],
    )
    if not _one(cursor):
        yield f"The trigger {NOTES}, which notes what acts write into {law.table}, is missing: run `muster migrate`."


def _broken_own(cursor: CursorWrapper) -> Iterator[str]:
    for table, trigger, function, when in OWN_TRIGGERS:
        cursor.execute(
            "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = to_regclass(%s) AND tgname = %s AND tgtype = %s"
            " AND tgenabled IN ('O', 'A') AND tgfoid = to_regproc(%s)",
            [table, trigger, when, function],
        )
        if not _one(cursor):
            yield f"The trigger {trigger} of {table} is missing or off: restore it as the owner."
    cursor.execute(
        "SELECT l.of_table, name FROM record_layout l CROSS JOIN unnest(l.columns) c (name) WHERE NOT EXISTS ("
        " SELECT FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(l.of_table)) AND attname = name"
        " AND NOT attisdropped) ORDER BY 1, 2"
    )
    for table, column in cursor.fetchall():
        yield f"The column {column} of {table} is gone, and leaves were made of it: restore it as the owner."


def _broken_encoding(cursor: CursorWrapper) -> Iterator[str]:
    encoded = ""
    with suppress(ProgrammingError), transaction.atomic():  # a function that is gone
        cursor.execute(ENCODED, [json.dumps(ONE_ROW)])
        encoded = str(_one(cursor))
    if hashlib.sha256(encoded.encode()).hexdigest() != ENCODED_AS:
        yield "The database encodes leaves otherwise than this version does: restore its functions as the owner."


def _law(model: type[Model]) -> Law:
    meta = model._meta
    columns = {field.name: field.column for field in meta.local_concrete_fields if field.column}
    if meta.db_table in GUARDED:
        forever = tuple(columns.values()) if getattr(model, "append_only", False) else ()
        return Law(table=meta.db_table, insert=False, change=False, forever=forever)
    mutable = [columns[name] for name in getattr(model, "mutable_columns", ())]
    if getattr(model, "deletable", False):
        forever = tuple(columns.values())
        return Law(table=meta.db_table, insert=True, change=False, forever=forever, delete=True)
    if not mutable and not getattr(model, "append_only", False):
        return Law(table=meta.db_table, insert=True, change=True)
    forever = tuple(column for column in columns.values() if column not in mutable)
    return Law(
        table=meta.db_table,
        insert=True,
        change=False,
        update_columns=tuple(mutable),
        forever=forever,
        layout=forever if _names_its_act(model) and getattr(model, "in_tree", True) else (),
    )


def _names_its_act(model: type[Model]) -> bool:
    field = next((field for field in model._meta.local_concrete_fields if field.name == "act"), None)
    return isinstance(field, ForeignKey) and field.target_field.model._meta.db_table == "record_act"


def _quoted(name: str) -> str:
    return connections["default"].ops.quote_name(name)


def _one(cursor: CursorWrapper) -> object:
    row = cursor.fetchone()
    return row[0] if row else None
