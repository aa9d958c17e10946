"""A person's own record: given on paper in two languages, to the person or to counsel, and an entry of it contested until it is settled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
import stories
from django.test import Client
from test_papers import check_says, printed, squeezed

from muster import actions as do
from muster.access.control import Actor, NotPermitted
from muster.access.models import User
from muster.core.errors import NotFound
from muster.custody.contesting import ContestKept, CounselNotNamed
from muster.custody.models import Contested, Difference, RecordGiven
from muster.custody.personal import Disposed
from muster.custody.queries import open_differences
from muster.custody.rules import AlreadySettled
from muster.ledger.models import Entry, Thing
from muster.ledger.queries import latest_known
from muster.picture.papers import Reach, paper_of, sheet_of
from muster.record.models import Act, Answer

WORDS = "Yo llegué el martes, no el miércoles."


@pytest.fixture
def told() -> dict[str, Actor]:
    return stories.told()


def released() -> Thing:
    """Who left money behind: received, and released by a court's order."""
    return Thing.objects.get(bags__kind="money")


def given(told: dict[str, Actor], tag: str, **more: Any) -> UUID:
    answer = do.contesting.give_record(
        actor=told["clerk.north"], **{"tag": tag, "asked_by": "person"} | more
    ).answer
    return UUID(str(answer.record))


def contested(told: dict[str, Actor], tag: str, n: int = 1, **more: Any) -> ContestKept:
    inputs = {"tag": tag, "n": n, "asked_by": "person", "words": WORDS, "language": "es"}
    answer = do.contesting.contest_entry(actor=told["clerk.north"], **inputs | more).answer
    assert isinstance(answer, ContestKept)
    return answer


def paper(record: UUID, **asked: str) -> str:
    return printed("record", str(record), at="2026-12-31", **asked)[0]


def test_the_own_record_says_where_the_person_was_the_property_and_what_is_owed_in_both_languages(
    told: dict[str, Actor],
) -> None:
    person = released()
    text = paper(given(told, person.tag))

    check_says(
        text, person.tag, "Your record / Su expediente", "Dónde ha estado", "North processing site (EX-NORTH)",
        "court order / orden judicial",
        "EX-FIELD-OFFICE, outside", "Stay / Estancia 1: 04:00 CST, 19 Nov 2026 – 00:00 CST, 20 Nov 2026",
        "USD 40.00; Black purse", "EX-0107", "not handed back / no devuelto", "Nothing was corrected. / No se corrigió nada.",
        "Nothing is contested. / No se impugna nada.", "Asked for by / Pedido por: the person / la persona",
    )  # fmt: skip
    staff = User.objects.exclude(username="counsel").values_list("username", flat=True)  # the word is on it
    assert [name for name in staff if squeezed(name) in text] == []


def test_what_is_owed_and_what_was_corrected_are_on_it(told: dict[str, Actor]) -> None:
    wrong = Entry.objects.get(kind="pop", reason="late_entry", act__name="custody.correct")
    text = paper(given(told, wrong.thing.tag))

    check_says(
        text,
        "recorded late / registrado tarde",
        f"act / acto {wrong.act.number.number}",
        "pendiente",
        "us.ice.pbnds2011r2016",
    )
    assert squeezed("No hay plazos") not in text


def test_that_the_record_was_given_is_in_the_record_and_counsel_is_named_by_a_document(
    told: dict[str, Actor],
) -> None:
    tag = released().tag

    with pytest.raises(CounselNotNamed):
        given(told, tag, asked_by="counsel", reference="  ")
    record = given(told, tag, asked_by="counsel", reference="Notice EX-28")

    row = RecordGiven.objects.get()
    assert (row.pk, row.thing.tag, row.act.name, row.act.actor_id) == (
        record,
        tag,
        "custody.give_record",
        told["clerk.north"].user,
    )
    check_says(paper(record), "counsel on file / abogado registrado", "Notice EX-28")


def test_what_was_given_says_no_more_than_was_known_then(told: dict[str, Actor]) -> None:
    tag = released().tag
    record = given(told, tag)
    before = paper(record)

    contested(told, tag)

    assert paper(record) == before
    check_says(paper(given(told, tag)), WORDS)


def test_an_entry_is_contested_in_the_persons_words_and_stands_until_it_is_settled_with_a_reason(
    told: dict[str, Actor],
) -> None:
    tag = released().tag
    kept = contested(told, tag, n=1)

    difference = Difference.objects.get(pk=kept.difference)
    assert (difference.kind, difference.site_id, difference.thing.tag) == ("contested", "EX-NORTH", tag)
    assert f"contests entry 1 of {tag}" in difference.words
    assert WORDS not in difference.words
    assert difference in open_differences(["EX-NORTH"])
    check_says(paper(given(told, tag)), "yes / sí", WORDS, "open / abierto")

    do.custody.settle(
        actor=told["operations"], difference=kept.difference, reason="The bus's log says Tuesday; corrected."
    )
    with pytest.raises(AlreadySettled):
        do.custody.settle(actor=told["operations"], difference=kept.difference, reason="Once more.")
    check_says(paper(given(told, tag)), WORDS, "The bus's log says Tuesday; corrected.")
    assert squeezed("yes / sí") not in paper(given(told, tag))


def test_what_cannot_be_contested_is_refused_and_nothing_is_kept(told: dict[str, Actor]) -> None:
    tag = released().tag
    bag = Thing.objects.filter(kind="property").first().tag

    for more, refusal in (
        ({"n": 99}, NotFound), ({"asked_by": "counsel"}, CounselNotNamed), ({"tag": "222-222-2"}, NotFound),
    ):  # fmt: skip
        with pytest.raises(refusal):
            contested(told, **{"tag": tag} | more)
    with pytest.raises(Exception, match="Only two records of one person") as not_a_person:
        contested(told, bag)
    assert not_a_person.value.code == "custody.not_a_person"
    with pytest.raises(NotFound):
        do.contesting.contest_entry(actor=told["clerk.south"], tag=tag, n=1, asked_by="person", words=WORDS)
    with pytest.raises(NotPermitted):
        do.contesting.give_record(actor=told["governor"], tag=tag, asked_by="person")
    assert not Contested.objects.exists()
    assert not RecordGiven.objects.exists()


def test_the_words_rest_as_ciphertext_and_go_with_the_persons_key(told: dict[str, Actor]) -> None:
    tag = released().tag
    kept = contested(told, tag)
    act = Act.objects.get(name="custody.contest_entry", refused_code="")

    assert WORDS.encode() not in bytes(Contested.objects.get().words)
    assert WORDS not in str(Answer.objects.get(act=act).body)
    do.disposal.dispose(actor=told["operations"], tag=tag, authority="Schedule 7")
    check_says(paper(given(told, tag)), "not to be shown any more / ya no se puede mostrar")
    assert Answer.objects.get(act=act).salt is None
    with pytest.raises(Disposed):
        contested(told, tag)
    assert Difference.objects.filter(pk=kept.difference).exists()


def test_the_history_page_gives_the_record_keeps_what_is_said_and_leads_to_the_paper(
    told: dict[str, Actor],
) -> None:
    person = released()
    clerk, other = Client(), Client()
    for client, name in ((clerk, "clerk.north"), (other, "governor")):
        client.force_login(
            User.objects.get(username=name), backend="django.contrib.auth.backends.ModelBackend"
        )
    history = f"/things/{person.pk}/"
    page = clerk.get(f"{history}record/").content.decode()
    key = page.split('name="key" value="')[1].split('"')[0]

    without = clerk.post(f"{history}record/", {"key": key, "asked_by": "counsel", "reference": ""})
    done = clerk.post(
        f"{history}record/", {"key": key, "asked_by": "counsel", "reference": "Notice EX-28"}, follow=True
    )
    said = clerk.post(
        f"{history}entries/1/contest/",
        {
            "key": key.replace(key[0], "0" if key[0] != "0" else "1", 1),
            "asked_by": "person",
            "words": WORDS,
            "language": "es",
            "reference": "",
        },
        follow=True,
    )

    assert without.status_code == 422
    assert "by which document counsel is on file" in without.content.decode()
    record = RecordGiven.objects.get()
    assert f"/papers/record/{record.pk}.pdf" in done.content.decode()
    assert WORDS in said.content.decode()
    assert "Not settled" in said.content.decode()
    assert WORDS not in other.get(history).content.decode()
    assert clerk.get(f"/papers/record/{record.pk}.pdf").status_code == 200
    assert clerk.get(f"{history}entries/99/contest/").status_code == 404
    with pytest.raises(NotPermitted):
        sheet_of(paper_of("record"), str(record.pk), Reach(told["governor"]))
    assert latest_known()
