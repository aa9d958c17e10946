"""A mission in three sentences: each standing of a decision, in English and in Spanish."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from muster.core.errors import MusterError
from muster.picture.moments import NotADay, NotAnAct, NotYet, moment
from muster.picture.summary import Facts, en_espanol, in_english, state_of

ASKED = Facts(
    title="Supply runs", requester="Example agency", office="Governor of Example", state="in_review",
    state_on=date(2026, 3, 1), approximate=True,
)  # fmt: skip
DECIDED = replace(
    ASKED, state="decided", outcome="approved_with_limits", decided_on=date(2026, 3, 2), limited=True,
    begins=date(2026, 3, 5), ends=date(2026, 4, 5),
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "english", "spanish"),
    [
        (ASKED, "In force: nothing, as nothing is decided.", "En vigor: nada, porque nada se ha decidido."),
        (DECIDED, "In force from 5 March 2026 until 5 April 2026.",
         "En vigor desde el 5 de marzo de 2026 hasta el 5 de abril de 2026."),
        (replace(DECIDED, begins=None, ends=None), "In force without a stated end.", "En vigor sin fin indicado."),
        (replace(DECIDED, why="not_yet"), "In force from 5 March 2026 until 5 April 2026: not yet.",
         "En vigor desde el 5 de marzo de 2026 hasta el 5 de abril de 2026: aún no."),
        (replace(DECIDED, why="expired", since=date(2026, 4, 6)), "In force until 5 April 2026: expired.",
         "En vigor hasta el 5 de abril de 2026: vencida."),
        (replace(DECIDED, begins=None, why="suspended", since=date(2026, 3, 9)),
         "In force until 5 April 2026: suspended since 9 March 2026.",
         "En vigor hasta el 5 de abril de 2026: suspendida desde el 9 de marzo de 2026."),
        (replace(DECIDED, begins=None, why="revoked", since=date(2026, 3, 9)),
         "In force until 5 April 2026: revoked on 9 March 2026.",
         "En vigor hasta el 5 de abril de 2026: revocada el 9 de marzo de 2026."),
        (replace(DECIDED, outcome="declined", limited=False), "In force: nothing, as the decision allows nothing.",
         "En vigor: nada, porque la decisión no autoriza nada."),
    ],
)  # fmt: skip
def test_what_is_in_force_and_why_not(facts: Facts, english: str, spanish: str) -> None:
    assert in_english(facts)[2] == english
    assert en_espanol(facts)[1] == spanish


def test_a_decision_says_when_it_was_taken_or_who_reported_it() -> None:
    reported = replace(DECIDED, decided_on=None, reported_on=date(2026, 3, 4), reported_by="Example News")

    assert in_english(DECIDED)[1] == "Decision: approved with limits, taken on 2 March 2026."
    assert in_english(reported)[1] == (
        "Decision: approved with limits, reported by Example News on 4 March 2026; the day it was taken is not recorded."
    )
    assert state_of(ASKED) == "In review since about 1 March 2026; nothing is decided"


NOW = datetime(2026, 3, 10, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "known_at", "expected"),
    [
        (None, None, (NOW, 70)),
        ("2026-03-10", "0", (NOW, 0)),  # today has not ended: it is told as of now
        ("2026-03-09", "70", (datetime(2026, 3, 9, 23, 59, 59, 999999, tzinfo=UTC), 70)),
        ("2026-03-11", None, NotYet),
        ("1969-12-31", None, NotADay),
        ("2026-03-09T12:00", None, NotADay),
        (None, "71", NotAnAct),
        (None, "٣", NotAnAct),
        (None, "", NotAnAct),
    ],
)
def test_the_moment_and_the_act_that_a_page_is_asked_for(
    at: str | None, known_at: str | None, expected: tuple[datetime, int] | type[MusterError]
) -> None:
    if isinstance(expected, tuple):
        assert moment(at, known_at, now=NOW, latest=70) == expected
    else:
        with pytest.raises(expected):
            moment(at, known_at, now=NOW, latest=70)
