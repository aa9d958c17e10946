"""PostgreSQL makes the leaves that the rules describe: the published vectors, and rows as they are written."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

VECTORS = json.loads((Path(__file__).parents[2] / "verifier/vectors/encoding-1.json").read_text("utf-8"))
NEWER = json.loads((Path(__file__).parents[2] / "verifier/vectors/encoding-2.json").read_text("utf-8"))
TABLES = {"act": "record_act", "holder": "ledger_holder", "thing": "ledger_thing", "entry": "ledger_entry"}


@pytest.mark.parametrize("vector", VECTORS, ids=[v["what"] for v in VECTORS])
@pytest.mark.parametrize("zone", ["UTC", "America/Chicago"])
def test_the_database_encodes_a_row_as_published(vector: dict[str, Any], zone: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('TimeZone', %s, false), set_config('DateStyle', 'German', false)", [zone]
        )
        cursor.execute(
            f"SELECT record_encoded(json_populate_record(NULL::{TABLES[vector['kind']]}, %s), %s)",
            [json.dumps(vector["row"]), vector["number"]],
        )
        (text,) = cursor.fetchone()
        if vector["kind"] == "entry":
            previous = vector["values"][-1]
            for chained, stored in ((previous, None), (None, previous)):
                cursor.execute(
                    "SELECT encode(record_link(decode(%s, 'hex'), %s, decode(%s, 'hex')), 'hex')",
                    [chained, text, stored],
                )
                assert cursor.fetchone() == (vector["leaf"],)
            text = f"{text[:-1]}, {json.dumps(previous)}]"

    assert text == vector["encoding"]


@pytest.mark.parametrize(
    "vector", [v for v in NEWER if "row" in v], ids=[v["what"] for v in NEWER if "row" in v]
)
def test_the_database_encodes_an_act_with_its_tables_as_published(vector: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT record_encoded(json_populate_record(NULL::record_act, %s), %s, %s)",
            [json.dumps(vector["row"]), vector["number"], vector["values"][-1]],
        )
        assert cursor.fetchone() == (vector["encoding"],)


@pytest.mark.parametrize(
    "vector", [v for v in NEWER if "rows" in v], ids=[v["what"] for v in NEWER if "rows" in v]
)
@pytest.mark.parametrize("zone", ["UTC", "America/Chicago"])
def test_the_database_digests_an_act_s_rows_as_published(vector: dict[str, Any], zone: str) -> None:
    act, number, table, columns, *_ = vector["values"]
    rows = [dict(zip(columns.split(), json.loads(text), strict=True)) for text in vector["rows"]]
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT set_config('TimeZone', %s, true), set_config('bytea_output', 'escape', true)", [zone]
        )
        cursor.execute("ALTER TABLE record_rowswritten DISABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO record_act (id, name, request_hash, refused_code, refused_words) VALUES (%s, 'a', '', '', '')",
            [act],
        )
        cursor.execute("INSERT INTO record_number (number, act_id) VALUES (%s, %s)", [number, act])
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(columns.split())}) SELECT {', '.join(columns.split())}"
            f" FROM json_populate_recordset(NULL::{table}, %s)",
            [json.dumps(rows)],
        )
        cursor.execute("UPDATE record_rowswritten SET salt = %s, layout_id = 999", [vector["salt"]])
        cursor.execute(
            "INSERT INTO record_layout (id, of_table, columns) VALUES (999, %s, %s)", [table, columns.split()]
        )
        cursor.execute("SELECT encoded FROM record_rows_after(%s)", [number - 1])

        assert cursor.fetchall() == [(vector["encoding"],)]
        transaction.set_rollback(True, using="owner")
