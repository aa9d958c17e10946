"""django-simple-history: a row a person, changed in place, and a row of history for each change.

One by one it is `save()` of an object that the client has at hand, in a transaction with its history; of a batch it is the
package's own `bulk_update_with_history`. Nothing checks that the giver is the holder.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.core.management import call_command
from django.db import connection, transaction
from kept_history.models import Custody
from simple_history.utils import bulk_update_with_history
from transfers import BEGINS, OUTSIDE, Transfer, person, persons, site

held: dict[UUID, Custody] = {}


def prepare(count: int) -> None:
    """A row for each person, outside."""
    # The package's table refers to a user's, which has to be there first.
    call_command("migrate", "auth", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)
    rows = [Custody(person=person(index), holder=OUTSIDE, at=BEGINS) for index in range(persons(count))]
    Custody.objects.bulk_create(rows, batch_size=10_000)


def load(count: int) -> None:
    """The objects that a client changes, so that it need not read one before it writes it."""
    held.update({row.person: row for row in Custody.objects.all()})


def write(batch: Sequence[Transfer]) -> None:
    """One commit."""
    rows = [_moved(each) for each in batch]
    if len(rows) == 1:
        with transaction.atomic():
            rows[0].save()
    else:
        bulk_update_with_history(rows, Custody, ["holder", "at"], batch_size=len(rows))


def settle() -> None:
    """Nothing is left to do after the commits."""


def ready() -> None:
    """What the server does by itself after so many rows."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def census(at: datetime, where: int | None) -> int:
    """The persons at one site, or at all of them, as of `at`."""
    rows = Custody.history.as_of(at)
    return (rows.filter(holder=site(where)) if where is not None else rows.exclude(holder=OUTSIDE)).count()


def _moved(transfer: Transfer) -> Custody:
    row = held[transfer.person]
    row.holder, row.at = transfer.receiver, transfer.at
    row._history_date = transfer.at
    return row
