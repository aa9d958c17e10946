"""The laws that the database itself holds: who may do what to which table, and triggers that refuse change.

A model says what holds for its table by class attributes:

    append_only = True              rows are added and read, never changed
    mutable_columns = ("state",)    the same, but for these columns

Tables of other packages (sign-in, sessions) name neither and may be changed freely.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.db.models import Model

from muster.database.embedded import APP

# Read by the application; written by functions of the owner alone.
GUARDED = (
    "ledger_head", "ledger_cutoff", "ledger_closing", "ledger_roll", "ledger_lateleg",
    "record_pending", "record_number", "record_leaf",
)  # fmt: skip
TRIGGER = "muster_is_forever"

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
    forever: tuple[str, ...] = ()  # columns that no role may update; where any, no row is deleted either

    def verbs(self) -> list[str]:
        """The privileges to grant, as PostgreSQL names them."""
        verbs = ["SELECT"]
        verbs += ["INSERT"] if self.insert else []
        verbs += ["UPDATE", "DELETE"] if self.change else []
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
    """Refuse UPDATE, DELETE and TRUNCATE of every append-only table, whoever asks. As the owner."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(REFUSE_CHANGE)
        for law in laws():
            cursor.execute(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {_quoted(law.table)}")
            if law.forever:
                # Where all columns are for ever the trigger names none, so that no later one is forgotten.
                columns = f" OF {', '.join(map(_quoted, law.forever))}" if law.update_columns else ""
                cursor.execute(
                    f"CREATE TRIGGER {TRIGGER} BEFORE UPDATE{columns} OR DELETE OR TRUNCATE"
                    f" ON {_quoted(law.table)} FOR EACH STATEMENT EXECUTE FUNCTION muster_refuse_change()"
                )


def app_role() -> str:
    """The login of the application's role."""
    return connections["default"].settings_dict["USER"] or APP


def broken(cursor: CursorWrapper) -> Iterator[str]:
    """What is wrong with grants and triggers, one sentence each. The cursor is the application's."""
    for law in laws():
        cursor.execute("SELECT to_regclass(%s) IS NULL", [_quoted(law.table)])
        if _one(cursor):
            yield f"The table {law.table} is missing: run `muster migrate`."
            continue
        yield from _broken_grants(cursor, law)
        if law.forever:
            yield from _broken_trigger(cursor, law)


def _broken_grants(cursor: CursorWrapper, law: Law) -> Iterator[str]:
    may = {
        "SELECT": True,
        "INSERT": law.insert,
        "UPDATE": law.change,
        "DELETE": law.change,
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
        "SELECT count(*) = 1 FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname = %s AND tgtype = 58"
        " AND tgenabled IN ('O', 'A') AND tgfoid = to_regproc('muster_refuse_change') AND (tgattr = '') = %s",
        [_quoted(law.table), TRIGGER, not law.update_columns],
    )
    if not _one(cursor):
        yield f"The trigger {TRIGGER}, which keeps the rows of {law.table}, is missing: run `muster migrate`."


def _law(model: type[Model]) -> Law:
    meta = model._meta
    columns = {field.name: field.column for field in meta.local_concrete_fields if field.column}
    if meta.db_table in GUARDED:
        forever = tuple(columns.values()) if getattr(model, "append_only", False) else ()
        return Law(table=meta.db_table, insert=False, change=False, forever=forever)
    mutable = [columns[name] for name in getattr(model, "mutable_columns", ())]
    if not mutable and not getattr(model, "append_only", False):
        return Law(table=meta.db_table, insert=True, change=True)
    return Law(
        table=meta.db_table,
        insert=True,
        change=False,
        update_columns=tuple(mutable),
        forever=tuple(column for column in columns.values() if column not in mutable),
    )


def _quoted(name: str) -> str:
    return connections["default"].ops.quote_name(name)


def _one(cursor: CursorWrapper) -> object:
    row = cursor.fetchone()
    return row[0] if row else None
