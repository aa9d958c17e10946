"""eventsourcing's recorder as it comes: the client locks, notifies and inserts in one pipeline."""

from __future__ import annotations

from event_recorder import Events

events = Events("stored_events", by_function=False)
prepare, load, write, settle = events.prepare, events.load, events.write, events.settle
