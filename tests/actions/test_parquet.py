"""The ledger as Parquet: the same entries as in the record, by a range of acts, typed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet
import pytest
from people import TAGS, at, people

from muster import actions as do
from muster.ledger import parquet
from muster.ledger.models import Entry
from muster.ledger.queries import latest_known


@pytest.fixture
def acts() -> list[int]:
    """The numbers of three acts: one person received, then two, then one released."""
    who = people()
    numbers = []
    for tags, hours in ((TAGS[:1], -5), (TAGS[1:3], -4)):
        done = do.custody.receive(
            actor=who.north, site="EX-NORTH", tags=tags, at=at(hours), reason='said "so",\nÜbergabe'
        )
        numbers.append(done.known_at or 0)
    done = do.custody.release(
        actor=who.north,
        site="EX-NORTH",
        tags=TAGS[:1],
        at=at(-1) + timedelta(microseconds=1),
        reason="court_order",
    )
    return [*numbers, done.known_at or 0]


def test_every_entry_is_written_with_its_times_and_words(acts: list[int], data_folder: Path) -> None:
    answer = parquet.export(data_folder)

    rows = pyarrow.parquet.read_table(data_folder / "entries.parquet").to_pylist()
    assert answer["entries"] == len(rows) == Entry.objects.count() == 4
    assert [row["known_at"] for row in rows] == [acts[0], acts[1], acts[1], acts[2]]
    assert rows[0]["reason"] == 'said "so",\nÜbergabe'
    assert rows[-1]["happened_at"] == at(-1) + timedelta(microseconds=1)
    assert (rows[0]["earliest_at"], rows[0]["corrects"], rows[0]["mission"]) == (None, None, "")
    package = json.loads((data_folder / "datapackage.json").read_text("utf-8"))
    assert package["resources"][0]["rows"] == 4


def test_a_range_of_acts_is_written_with_both_ends(acts: list[int], data_folder: Path) -> None:
    middle = parquet.export(data_folder / "middle", first=acts[1], last=acts[1])
    rest = parquet.export(data_folder / "rest", first=acts[2])
    nothing = parquet.export(data_folder / "nothing", first=latest_known() + 1)

    assert (middle["entries"], rest["entries"], nothing["entries"]) == (2, 1, 0)
    with pytest.raises(parquet.EmptyRange):
        parquet.export(data_folder / "wrong", first=acts[2] + 9, last=acts[0])
