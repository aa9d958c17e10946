"""The exercise through the browser: every page is looked over by axe and for the security policy."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from browsing import PASSWORD, Reader

from muster.access.models import Grant, Role, User
from muster.parties.models import Organisation, Site

pytestmark = pytest.mark.browser


@pytest.fixture
def people() -> None:
    """Two sites, a clerk at each, and a watch officer of the joint operations center."""
    agency = Organisation.objects.create(code="EXA", name="Example Agency", kind="agency")
    for code, name in (("NORTH", "North Hall"), ("SOUTH", "South Hall")):
        site = Site.objects.create(code=code, name=name, organisation=agency, zone="America/Chicago")
        clerk = User.objects.create_user(f"clerk-{code.lower()}", password=PASSWORD)
        Grant.objects.create(user=clerk, role=Role.CLERK, site=site)
    User.objects.create_user("nobody", password=PASSWORD)
    watch = User.objects.create_user("watch", password=PASSWORD)
    Grant.objects.create(user=watch, role=Role.JOC)


@pytest.mark.parametrize(
    ("name", "heading"), [("watch", "Board"), ("nobody", "Your account has no role yet")]
)
def test_each_role_lands_on_its_own_page(
    people: None, reader: Callable[[str], Reader], name: str, heading: str
) -> None:
    someone = reader(name)

    assert someone.heading() == heading


def test_a_wrong_password_is_refused_in_words_and_nobody_else_gets_in(
    people: None, reader: Callable[[str], Reader]
) -> None:
    watch = reader("watch")
    watch.page.get_by_role("button", name="Sign out").click()
    watch.page.goto(f"{watch.address}/board/")
    watch.page.get_by_label("User name").fill("watch")
    watch.page.get_by_label("Password").fill("wrong")
    watch.page.get_by_role("button", name="Sign in").click()

    watch.look_over()
    assert watch.page.title().startswith("Error:")
    assert "You are not signed in" in watch.page.inner_text("main")
