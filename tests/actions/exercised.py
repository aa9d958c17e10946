"""The names of what the exercise of the demonstration has, for tests of the doors."""

from __future__ import annotations

from stories import NOW, told

__all__ = ["DECISION", "MISSION", "NOW", "TRIP", "told"]
MISSION, DECISION, TRIP = "EX-PROCESSING-1", "EX-PROCESSING-1-D1", "EX-PROCESSING-1-BUS-1"
