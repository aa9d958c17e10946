"""The second hand of `muster serve`: acts of processes that died are numbered all the same, checkpoints made, rolls closed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.db import connection
from django.utils import timezone

from muster.core.errors import MusterError
from muster.database import when_down
from muster.ledger import rolls
from muster.record import checkpoints
from muster.record.action import sequence

EVERY_S = 1.0
DAY_S = 86_400.0
log = logging.getLogger(__name__)


@contextmanager
def keep_sequencing() -> Iterator[None]:
    """Number acts each second, make checkpoints when due and close rolls once a day, in threads, until the block ends."""
    done = threading.Event()

    def number() -> None:
        sequence()
        checkpoints.make_if_due()

    # Rolls have a thread of their own: a record that has none yet may need minutes.
    threads = [
        threading.Thread(
            target=_repeat, args=(number, EVERY_S, EVERY_S, done), name="sequencer", daemon=True
        ),
        threading.Thread(
            target=_repeat, args=(_close_rolls, EVERY_S, DAY_S, done), name="rolls", daemon=True
        ),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _repeat(work: Callable[[], None], first_s: float, every_s: float, done: threading.Event) -> None:
    """Do the work after so many seconds, and again each time so many have passed; a refusal is logged."""
    wait_s = first_s
    while not done.wait(wait_s):
        try:
            with when_down():
                work()
        except MusterError as fault:
            log.warning("%s", fault)
        wait_s = every_s
    connection.close()


def _close_rolls() -> None:
    for closed in rolls.close(timezone.now()):
        log.info("rolls closed for %s, known at act %s", closed.at, closed.known_at)
