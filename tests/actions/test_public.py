"""The public pages: no sign-in, no cookie, nothing planned, nobody to be picked out, and the same page again for a past day."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from muster.access.control import Actor
from muster.access.models import User
from muster.demonstration import exercise, loading, missouri, others
from muster.demonstration.telling import Cast, Step
from muster.ledger.queries import latest_known
from muster.picture.rules import public_moment

MISSOURI, EXERCISE = "/public/ICE-SUPPORT-2025/", "/public/EX-PROCESSING-1/"


def tell(steps: Iterable[Step], people: dict[str, Actor]) -> None:
    said: dict[str, dict[str, Any]] = {}
    for step in steps:
        answer = loading.play(step, people[step.by], said)
        if step.name:
            said[step.name] = answer


@pytest.fixture
def people() -> dict[str, Actor]:
    return loading.prepare()


@pytest.fixture
def told(people: dict[str, Actor]) -> None:
    """Missouri alone."""
    tell(missouri.steps(), people)


@pytest.fixture
def cast(people: dict[str, Actor]) -> Cast:
    """The exercise, which ended four days ago: its persons are old enough to be public."""
    cast = Cast.drawn(timezone.now() - timedelta(days=4), 1)
    tell(exercise.steps(cast), people)
    return cast


def page(address: str) -> str:
    answer = Client().get(address)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    "address", ["/public/", MISSOURI, MISSOURI + "figures.json", MISSOURI + "figures.csv"]
)
def test_anybody_reads_it_without_signing_in_and_no_cookie_is_set(told: None, address: str) -> None:
    client = Client()

    answer = client.get(address)

    assert (answer.status_code, len(client.cookies)) == (200, 0)
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_a_signed_in_reader_gets_the_same_page_as_everybody_so_that_caches_may_keep_it(told: None) -> None:
    reader = Client()
    reader.force_login(
        User.objects.get(username="counsel"), backend="django.contrib.auth.backends.ModelBackend"
    )

    content = reader.get(MISSOURI).content.decode()

    assert "Sign in" in content
    assert "Sign out" not in content


@pytest.mark.parametrize("address", [MISSOURI, "/public/ICE-SUPPORT-2025-VT/", "/public/DC-TROOPS-2025/"])
def test_the_whole_page_with_its_map_stays_under_200_kb(told: None, address: str) -> None:
    assert len(page(address).encode()) < 200_000


@pytest.mark.parametrize(
    ("address", "status", "words"),
    [
        ("/public/NO-SUCH-1/", 404, "There is no mission NO-SUCH-1"),
        ("/public/%00/", 404, "There is no mission"),
        ("/public/NO-SUCH-1/figures.json", 404, "There is no mission NO-SUCH-1"),
        (MISSOURI + "?at=soon", 422, "is not a day. Write one such as 2025-11-01."),
        (MISSOURI + "?at=20251101", 422, "is not a day."),
        (MISSOURI + "?at=2025-02-30", 422, "is not a day."),
        (MISSOURI + "?at=0001-01-01", 422, "is not a day."),
        (MISSOURI + "?at=", 422, "is not a day."),
        (MISSOURI + "?at=2999-01-01", 422, "2999-01-01 has not come."),
        (MISSOURI + "?known_at=-1", 422, "is not the number of an act."),
        (MISSOURI + "?known_at=99999", 422, "is not the number of an act."),
        (MISSOURI + "figures.csv?known_at=x", 422, "is not the number of an act."),
    ],
)
def test_what_cannot_be_shown_is_said_in_words(told: None, address: str, status: int, words: str) -> None:
    answer = Client().get(address)

    assert answer.status_code == status
    assert words in unescape(answer.content.decode())
    assert "<title>Error: " in answer.content.decode()
    assert not answer.cookies


def test_nothing_can_be_sent_to_a_public_page(told: None) -> None:
    assert Client().post(MISSOURI).status_code == 405


def test_a_request_that_is_still_a_draft_has_no_page_and_is_on_no_list(people: dict[str, Actor]) -> None:
    waiting = list(others.waiting(Cast.drawn(timezone.now(), 1)))
    tell(waiting[:1], people)

    assert Client().get("/public/EX-SHELTER-1/").status_code == 404
    assert "EX-SHELTER-1" not in page("/public/")

    tell(waiting[1:], people)

    assert "No decision is recorded." in page("/public/EX-SHELTER-1/")
    assert "In review since" in page("/public/")


def test_a_draft_taken_back_before_it_was_handed_in_stays_its_agencys_own(people: dict[str, Actor]) -> None:
    waiting = list(others.waiting(Cast.drawn(timezone.now(), 1)))
    taken_back = {
        "request": "EX-SHELTER-1",
        "at": timezone.now().isoformat(),
        "code": "need_ended",
    }
    tell([waiting[0], Step("operations", "assistance.withdraw", taken_back)], people)

    assert Client().get("/public/EX-SHELTER-1/").status_code == 404
    assert "EX-SHELTER-1" not in page("/public/")


def test_an_assessment_of_a_coming_day_is_on_the_page_once_it_is_recorded(people: dict[str, Actor]) -> None:
    waiting = list(others.waiting(Cast.drawn(timezone.now(), 1)))
    coming = (timezone.now() + timedelta(days=30)).date().isoformat()
    tell(
        [
            step if step.by != "counsel" else Step("counsel", step.action, step.inputs | {"on_date": coming})
            for step in waiting
        ],
        people,
    )

    assert "What was found for each line, judged as of" in page("/public/EX-SHELTER-1/")


# --- as of a past day ---------------------------------------------------------------


def test_missouri_is_in_review_in_august_2025_in_force_in_november_and_expired_a_year_later(
    told: None,
) -> None:
    august, november, now = (page(MISSOURI + as_of) for as_of in ("?at=2025-08-23", "?at=2025-11-01", ""))

    assert "the request is in review, as of about 22 August 2025." in august
    assert "In force: nothing, as nothing is decided." in august
    assert "reported by KSHB" not in august
    assert "Data entry, case management and logistics." not in august
    assert "In force from 1 October 2025 until 30 September 2026." in november
    assert (
        "approved with limits, reported by KSHB on 30 September 2025; the day it was taken is not recorded."
        in november
    )
    assert "In force until 30 September 2026: expired." in now


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2025-09-29", "none is recorded"),
        ("2025-09-30", "In force from 1 October 2025 until 30 September 2026: not yet."),
        ("2025-10-01", "In force from 1 October 2025 until 30 September 2026."),
        ("2026-09-30", "In force from 1 October 2025 until 30 September 2026."),
        ("2026-10-01", "In force until 30 September 2026: expired."),
    ],
)
def test_the_page_turns_with_the_day_of_the_report_and_the_ends_of_the_window(
    told: None, day: str, words: str
) -> None:
    assert words in page(f"{MISSOURI}?at={day}")


def test_what_became_known_later_is_not_on_the_page_as_it_was_known(people: dict[str, Actor]) -> None:
    steps = list(missouri.steps())
    tell(steps[:-2], people)
    before = latest_known()
    as_then = f"{MISSOURI}?at=2025-11-01&known_at={before}"
    kept = page(as_then)
    tell(steps[-2:], people)

    assert page(as_then) == kept
    assert "reported by KSHB" not in kept
    assert "reported by KSHB" in page(f"{MISSOURI}?at=2025-11-01")
    assert "No request is recorded" in page(f"{MISSOURI}?at=2025-11-01&known_at=0")


def test_what_is_separate_stands_apart_and_in_no_figure(told: None) -> None:
    content, rows = page(MISSOURI), Client().get(MISSOURI + "figures.json").json()["figures"]

    apart = content[content.index('id="apart"') : content.index('id="said"')]
    assert "Their numbers must not be added in." in apart
    assert "nearly 2,000" in apart
    assert [row for row in rows if row["metric"] in ("deployed", "activated", "fbi_staff_added")] == []


def test_the_question_that_nobody_answered_is_on_the_page(told: None) -> None:
    content = unescape(page(MISSOURI))

    assert "How many troops were requested? Put to: Missouri National Guard" in re.sub("<[^>]*>", "", content)


def test_the_facts_are_told_in_spanish_too(told: None) -> None:
    content = page(MISSOURI)

    assert 'lang="es"' in content
    assert (
        "aprobada con límites, según informó KSHB el 30 de septiembre de 2025; no consta el día en que se tomó."
        in content
    )
    assert "En vigor hasta el 30 de septiembre de 2026: vencida." in content


# --- persons ------------------------------------------------------------------------


def test_a_real_mission_tells_no_number_of_persons(people: dict[str, Actor], cast: Cast) -> None:
    """The same ledger, with the exercise called real: everything of persons is gone, and the page says why."""
    assert "117" in page(EXERCISE)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE missions_mission DISABLE TRIGGER USER")
        cursor.execute("UPDATE missions_mission SET drill = false")

    content = page(EXERCISE)
    rows = Client().get(EXERCISE + "figures.json").json()["figures"]

    assert "8 CFR 236.6" in content
    assert "117" not in content
    assert [row for row in rows if row["metric"].startswith("persons_")] == []


def test_persons_are_told_by_whole_days_a_day_late_and_never_as_of_now(cast: Cast) -> None:
    rows = Client().get(EXERCISE + "figures.json").json()["figures"]

    days = {row["as_of"]: row["said"] for row in rows if row["metric"] == "persons_in_custody"}
    latest = public_moment(timezone.now()).date()
    assert list(days) == [(latest - timedelta(days=n)).isoformat() for n in range(14)]
    assert next(iter(days.values())) == "117"
    assert list(days.values())[-1] == "0"
    then = cast.now.date().isoformat()
    assert (
        max(
            row["as_of"]
            for row in Client().get(f"{EXERCISE}figures.json?at={then}").json()["figures"]
            if row["metric"] == "persons_in_custody"
        )
        == (cast.now.date() - timedelta(days=2)).isoformat()
    )


def test_fewer_than_five_persons_are_told_as_such(people: dict[str, Actor]) -> None:
    cast = Cast.drawn(timezone.now() - timedelta(days=4), 1)
    story = list(exercise.steps(cast))
    opened = next(n for n, step in enumerate(story) if step.action == "custody.receive")
    few = Step("clerk.north", "custody.receive", story[opened].inputs | {"tags": cast.tags[:3]})
    tell([*story[:opened], few], people)

    content, rows = page(EXERCISE), Client().get(EXERCISE + "figures.json").json()["figures"]

    told = next(row for row in rows if row["metric"] == "persons_in_custody")
    assert (told["said"], told["low"], told["high"]) == ("fewer than 5", None, 4)
    table = content[content.index('id="persons"') :]
    assert re.findall(r'muster-number">([^<]*)<', table)[2:4] == ["fewer than 5", "0"]


def test_nothing_planned_no_person_and_no_place_of_a_person_is_public(
    people: dict[str, Actor], cast: Cast
) -> None:
    """A trip is planned for tomorrow; the cast's tags, the trips and the accounts are on no page."""
    plan = next(step for step in exercise.steps(cast) if step.action == "transport.plan_trip")
    later = {
        "trip": f"{cast.mission}-BUS-9",
        "vehicle": "Bus 9",
        "departs_at": (timezone.now() + timedelta(days=1)).isoformat(),
    }
    tell([Step(plan.by, plan.action, plan.inputs | later)], people)

    read = [page(EXERCISE + more) for more in ("", "figures.json", "figures.csv", f"?at={cast.now.date()}")]

    for content in read:
        assert [tag for tag in cast.tags if tag in content or tag.replace("-", "") in content] == []
        assert not re.search(r"\bBus \d|-BUS-|EX-NORTH|EX-SOUTH|clerk\.", content)


# --- the figures --------------------------------------------------------------------


@pytest.mark.parametrize("as_of", ["", "?at=2025-08-23"])
def test_the_downloads_hold_the_figures_of_the_page(told: None, as_of: str) -> None:
    told_json = Client().get(MISSOURI + "figures.json" + as_of).json()["figures"]
    text = Client().get(MISSOURI + "figures.csv" + as_of).content.decode("utf-8")
    told_csv = list(csv.DictReader(io.StringIO(text)))

    assert list(told_csv[0]) == [
        "metric", "place", "low", "high", "said", "as_of", "source", "stated_by", "note", "shown",
    ]  # fmt: skip
    assert told_csv == [_as_text(row) for row in told_json]
    content = page(MISSOURI + as_of)
    numbers = content[content.index('id="numbers"') : content.index('id="persons"')]
    on_page = [unescape(said) for said in re.findall(r"<td><strong>([^<]*)</strong>", numbers)]
    assert sorted(on_page) == sorted(row["said"] for row in told_json)


def _as_text(row: dict[str, Any]) -> dict[str, str]:
    shown = {"shown": "yes" if row["shown"] else "no"}
    return {name: "" if value is None else str(value) for name, value in (row | shown).items()}


def test_of_claims_that_disagree_one_is_shown_by_the_rule_and_the_others_one_click_away(
    people: dict[str, Actor],
) -> None:
    tell(missouri.steps(), people)
    other = next(s for s in missouri.steps() if s.inputs.get("metric") == "authorised_total")
    tell(
        [Step(other.by, other.action, other.inputs | {"id": "LATER-1", "said": "1,900", "as_of": "2025-09"})],
        people,
    )

    content = page(MISSOURI)
    rows = Client().get(MISSOURI + "figures.json").json()["figures"]

    totals = {row["said"]: row["shown"] for row in rows if row["metric"] == "authorised_total"}
    assert totals == {"about 1,700": False, "1,900": True}
    beside = content[content.index("<details") : content.index("</details>")]
    assert "about 1,700" in beside
    assert "1,900" not in beside
    assert "the latest as-of; of equally late ones, the one recorded last" in content
    assert "never added together" in content


def test_the_exercise_says_so_in_its_title_and_on_the_page(cast: Cast) -> None:
    content = page(EXERCISE)

    assert "<title>EXERCISE: " in content
    assert "<strong>EXERCISE.</strong>" in content
    assert "<strong>EXERCISE.</strong>" not in page("/public/")


def test_the_permanent_link_leads_to_the_same_figures(cast: Cast) -> None:
    content = page(EXERCISE)
    link = unescape(re.findall(r'muster-address" href="([^"]*)"', content)[-1])

    assert link == f"{EXERCISE}?at={timezone.now().date()}&known_at={latest_known()}"
    there = page(link)
    section = slice(content.index('id="persons"'), content.index('id="sources"'))
    assert content[section] in there
