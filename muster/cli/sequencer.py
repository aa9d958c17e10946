"""The second hand of `muster serve`: acts of processes that died are numbered all the same, and checkpoints made."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

from muster.core.errors import MusterError
from muster.database import when_down
from muster.record import checkpoints
from muster.record.action import sequence

EVERY_S = 1.0
log = logging.getLogger(__name__)


@contextmanager
def keep_sequencing() -> Iterator[None]:
    """Number acts each second, and make checkpoints when due, in a thread of its own, until the block ends."""
    done = threading.Event()

    def run() -> None:
        while not done.wait(EVERY_S):
            try:
                with when_down():
                    sequence()
                    checkpoints.make_if_due()
            except MusterError as fault:
                log.warning("%s", fault)
        connection.close()

    thread = threading.Thread(target=run, name="sequencer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
