"""What the acts of a handover write: each a single statement, however long the list is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from muster.database import prepared
from muster.ledger.models import Handover
from muster.ledger.rules import REFUSALS

OFFER = """
WITH made AS (
    INSERT INTO ledger_handover
        (id, giver_id, receiver_id, mission, state, offered_act_id, offered_by, list_root, giver_signature, giver_key_id)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s))
INSERT INTO ledger_offer (handover_id, thing_id, open) SELECT %s, thing, true FROM unnest(%s::uuid[]) thing"""
ANSWER = """
WITH ended AS (UPDATE ledger_offer SET open = false WHERE handover_id = %s AND open)
UPDATE ledger_handover
SET state = %s, answered_act_id = %s, accepted_by = %s, accepted_root = %s, receiver_signature = %s, receiver_key_id = %s
WHERE id = %s"""
POST = "SELECT * FROM ledger_post(%s, %s::uuid[], %s, %s, %s, %s, %s, %s) WHERE refusal IS NOT NULL"


def offer(row: Handover, things: Sequence[UUID]) -> None:
    """Write a new handover with its list."""
    columns: tuple[Any, ...] = (
        row.pk, row.giver_id, row.receiver_id, row.mission, row.state, row.offered_act_id, row.offered_by,
        row.list_root, row.giver_signature, row.giver_key_id,
    )  # fmt: skip
    # In the order in which the ledger takes things: two offers of the same persons must not wait for each other.
    prepared.rows(OFFER, *columns, row.pk, sorted(things))


def answer(row: Handover) -> None:
    """Write how a handover was answered; nothing on its list is open after that."""
    columns: tuple[Any, ...] = (
        row.state, row.answered_act_id, row.accepted_by, row.accepted_root, row.receiver_signature, row.receiver_key_id,
    )  # fmt: skip
    prepared.rows(ANSWER, row.pk, *columns, row.pk)


def post(
    things: Sequence[UUID], *, act: UUID, giver: UUID, receiver: UUID, at: datetime, mission: str = "",
    handover: UUID | None = None, source: str = "",
) -> None:  # fmt: skip
    """Move all of the things from the giver to the receiver at that moment, all or none.

    Raises the refusals of `ledger.rules` as the guard in the database tells them.
    """
    refused = prepared.rows(POST, act, list(things), giver, receiver, at, mission, handover, source)
    for code, tag, held_by in refused:
        raise REFUSALS[code](tag=tag, holder=held_by)
