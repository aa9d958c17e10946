"""The pages by which an operations center merges records, settles what waits at a site, and stands for its headcounts."""

from __future__ import annotations

import pytest
import stories
from django.test import Client
from test_step_pages import signed_in

from muster.custody.models import Count, Difference, Merge
from muster.custody.queries import present
from muster.ledger.models import Thing

NORTH = "/counter/EX-NORTH/"


@pytest.fixture
def center() -> Client:
    stories.demonstration()
    return signed_in("operations")


def words(client: Client, page: str) -> str:
    return client.get(page).content.decode()


def test_two_records_are_merged_on_the_history_of_one_and_the_merge_is_undone_there(center: Client) -> None:
    keeps, ends = present("EX-NORTH")[:2]
    story, merge = f"/things/{keeps.pk}/", f"/things/{keeps.pk}/merge/"
    assert merge in words(center, story)

    done = center.post(merge, {"duplicate": ends.tag, "reason": "One band, two tags"}, follow=True)
    assert f"{ends.tag} is merged into {keeps.tag}" in done.content.decode()
    row = Merge.objects.get(survivor=keeps, duplicate=ends)
    undo = f"/merges/{row.pk}/undo/"
    assert "is merged into this record by operations" in words(center, story)
    assert "This record is merged into" in words(center, f"/things/{ends.pk}/")
    assert f"/things/{ends.pk}/merge/" not in words(center, f"/things/{ends.pk}/")
    again = center.post(merge, {"duplicate": ends.tag, "reason": "Once more"})
    assert (again.status_code, 'href="#duplicate"' in again.content.decode()) == (409, True)

    undone = center.post(undo, {"reason": "Two brothers"}, follow=True)
    assert f"{ends.tag} stands as a record of its own again" in undone.content.decode()
    assert undo not in words(center, story)
    assert ends in present("EX-NORTH")


def test_who_may_not_merge_is_told_so_and_who_sees_neither_finds_nothing(center: Client) -> None:
    keeps, ends = present("EX-NORTH")[:2]
    center.post(f"/things/{keeps.pk}/merge/", {"duplicate": ends.tag, "reason": "One band, two tags"})
    undo = f"/merges/{Merge.objects.get(duplicate=ends).pk}/undo/"

    for name, status in (("clerk.north", 403), ("agency", 404)):
        assert signed_in(name).get(f"/things/{keeps.pk}/merge/").status_code == status
        assert signed_in(name).get(undo).status_code == status
    assert undo not in words(signed_in("clerk.north"), f"/things/{keeps.pk}/")
    bag = Thing.objects.filter(kind=Thing.Kind.PROPERTY).first()
    assert bag is not None
    assert center.get(f"/things/{bag.pk}/merge/").status_code == 404
    assert center.get(f"/merges/{keeps.pk}/undo/").status_code == 404


def test_what_waits_at_a_site_is_settled_by_ticks_or_all_of_it_whatever_its_kind(center: Client) -> None:
    page = f"{NORTH}differences/"
    waiting = Difference.objects.filter(site="EX-NORTH", settled__isnull=True)
    assert len(set(waiting.values_list("kind", flat=True))) > 1
    assert page in words(center, "/board/")
    first, number = waiting.order_by("id")[0], waiting.count()

    nothing = center.post(page, {"reason": "Gone through"})
    assert nothing.status_code == 422
    by_tick = center.post(page, {"difference": str(first.pk), "reason": "Gone through"}, follow=True)
    assert "1 settled." in by_tick.content.decode()
    assert waiting.count() == number - 1
    assert signed_in("clerk.north").post(page, {"all": "yes", "reason": "Gone through"}).status_code == 403
    assert "settles them" in words(signed_in("clerk.north"), page)
    center.post(page, {"all": "yes", "reason": "Gone through"})

    assert not waiting.exists()
    assert "Nothing waits to be settled" in words(center, page)
    assert signed_in("agency").get(page).status_code == 404


def test_the_center_stands_for_a_headcount_that_the_site_gave_in_and_counts_nobody_itself(
    center: Client,
) -> None:
    given_in = Count.objects.filter(site="EX-NORTH", counted__isnull=False).latest("opened_at")
    assert f"{NORTH}headcount/" in words(center, "/board/")
    listed = words(center, f"{NORTH}headcount/")
    assert (f"{NORTH}headcount/{given_in.pk}/" in listed, "Start the count" in listed) == (True, False)
    assert (
        center.post(f"{NORTH}headcount/", {"kind": "formal", "mode": "number", "at": ""}).status_code == 403
    )
    assert center.get(f"{NORTH}headcount/{given_in.pk}/again/").status_code == 403
    opened = signed_in("clerk.north").post(
        f"{NORTH}headcount/", {"kind": "informal", "mode": "number", "at": ""}
    )
    assert center.get(opened["Location"]).status_code == 403

    explained = center.post(
        f"{NORTH}headcount/{given_in.pk}/explain/", {"reason": "One was in the sick bay"}, follow=True
    )

    assert "The explanation is kept" in explained.content.decode()
    assert signed_in("agency").get(f"{NORTH}headcount/").status_code == 404
