"""PostgreSQL makes the leaves that the rules describe: the published vectors, and rows as they are written."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

VECTORS = json.loads((Path(__file__).parents[2] / "verifier/vectors/encoding-1.json").read_text("utf-8"))
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
