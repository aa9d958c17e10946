"""Ids that sort by the time they were made."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new UUIDv7 (RFC 9562, section 5.7), made by whoever creates the thing."""
    return uuid7()


def earliest_id(at: datetime) -> UUID:
    """The smallest id that can have been made at that moment: what was made since sorts after it."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
