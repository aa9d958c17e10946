"""eventsourcing's PostgreSQL recorder: an event a transfer, numbered in order under its lock of the whole table.

The state is the event's values as JSON. The next number of each person is known to the client, as it is to an application
that has the aggregate at hand. Nothing checks that the giver is the holder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from transfers import Transfer

from muster.database.embedded import OWNER


class Events:
    """Events in a table of that name, written by statements that the client sends or by a function in the database."""

    def __init__(self, table: str, *, by_function: bool) -> None:
        store = PostgresDatastore(
            "eventsourcing", os.environ["PEERS_SOCKET"], 5432, OWNER, "", enable_db_functions=by_function
        )
        self.recorder = PostgresApplicationRecorder(store, events_table_name=table)

    def prepare(self, count: int) -> None:
        """The table of events; persons need no row."""
        self.recorder.create_table()

    def load(self, count: int) -> None:
        """Nothing to have ready."""

    def write(self, batch: Sequence[Transfer]) -> None:
        """One commit."""
        self.recorder.insert_events(
            [StoredEvent(each.person, each.n, "custody:Transferred", _state(each)) for each in batch]
        )

    def settle(self) -> None:
        """Nothing is left to do after the commits: events get their numbers in them."""


def _state(transfer: Transfer) -> bytes:
    told = {"giver": str(transfer.giver), "receiver": str(transfer.receiver), "at": transfer.at.isoformat()}
    return json.dumps(told).encode()
