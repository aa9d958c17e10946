"""eventsourcing's recorder with `enable_db_functions`: a function in the database inserts what it is sent, in one statement."""

from __future__ import annotations

from event_recorder import Events

events = Events("events_by_function", by_function=True)
prepare, load, write, settle = events.prepare, events.load, events.write, events.settle
