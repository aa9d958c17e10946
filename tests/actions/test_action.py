"""Every change goes one way: permission, the key, the rules, the rows, in one act."""

import hashlib
from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.db import connection, connections

from muster.access.control import (
    Actor,
    NotPermitted,
    NotSignedIn,
    Scope,
    Scoped,
    actor_of,
    actor_of_token,
    can,
    may,
    new_token,
    visible,
)
from muster.access.models import Grant, User
from muster.core.errors import FaultyInput, MusterError, NotFound
from muster.parties.models import Organisation, Site
from muster.record.action import ACTIONS, KeyReused, KeySpent, OutcomeUnknown, UnknownAction, action, find
from muster.record.models import Act, Answer, Number


class TooHeavy(MusterError):
    """A refusal for these tests."""

    code = "test.too_heavy"


@dataclass(frozen=True)
class Weighed:
    """An answer for these tests."""

    site: str
    kg: int


def _about(site: str) -> tuple[Scope, Site]:
    row = Site.objects.select_for_update().get(code=site)
    return Scope("site", row.code, row.organisation_id, row.code), row


# It stands in for any verb: the policies let a clerk receive, so it goes by that name, and the register forgets it.
_REGISTERED = dict(ACTIONS)


@action("custody.receive", about=_about)
def weigh(*, act: Act, row: Site, actor: Actor, site: str, kg: int) -> Weighed:
    """Write the weight down as the site's name, or refuse it."""
    row.name = f"{kg} kg"
    row.save()
    if kg > 100:
        raise TooHeavy("Too heavy. Take some off.")
    return Weighed(row.code, kg)


ACTIONS.clear()
ACTIONS.update(_REGISTERED)


@pytest.fixture
def clerk() -> Actor:
    guard = Organisation.objects.create(code="EX-GUARD", name="Example Guard", kind="guard")
    north = Site.objects.create(code="EX-NORTH", name="North", organisation=guard)
    Site.objects.create(code="EX-SOUTH", name="South", organisation=guard)
    user = User.objects.create_user("clerk.north")
    Grant.objects.create(user=user, role="clerk", site=north)
    return actor_of(user)


def test_an_act_has_a_number_and_an_audit_line(clerk: Actor) -> None:
    done = weigh(actor=clerk, site="EX-NORTH", kg=7)

    assert done.answer == Weighed("EX-NORTH", 7)
    assert done.known_at == Number.objects.get(act_id=done.act).number
    assert Act.objects.get(pk=done.act).refused_code == ""


def test_the_same_key_gives_the_first_answer_and_writes_nothing(clerk: Actor) -> None:
    key = uuid4()
    first = weigh(actor=clerk, key=key, site="EX-NORTH", kg=7)

    assert weigh(actor=clerk, key=key, site="EX-NORTH", kg=7) == first
    assert Act.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(clerk: Actor) -> None:
    key = uuid4()
    weigh(actor=clerk, key=key, site="EX-NORTH", kg=7)

    with pytest.raises(KeyReused):
        weigh(actor=clerk, key=key, site="EX-NORTH", kg=8)


def test_a_key_whose_salt_was_disposed_of_says_which_act_it_was(clerk: Actor) -> None:
    key = uuid4()
    done = weigh(actor=clerk, key=key, site="EX-NORTH", kg=7)
    Answer.objects.update(salt=None)

    with pytest.raises(KeySpent, match=str(done.act)):
        weigh(actor=clerk, key=key, site="EX-NORTH", kg=7)


def test_a_key_of_before_there_were_salts_gives_the_first_answer_to_the_same_request(clerk: Actor) -> None:
    key = uuid4()
    asked = hashlib.sha256(b'custody.receive {"site":"EX-NORTH","kg":7}').digest()
    old = Act.objects.create(
        actor_id=clerk.user, name="custody.receive", idempotency_key=key, request_hash=asked
    )
    Answer.objects.create(act=old, body={"site": "EX-NORTH", "kg": 7})

    assert weigh(actor=clerk, key=key, site="EX-NORTH", kg=7).act == old.pk
    with pytest.raises(KeySpent):
        weigh(actor=clerk, key=key, site="EX-NORTH", kg=8)


def test_what_was_asked_cannot_be_guessed_without_the_salt(clerk: Actor) -> None:
    hashes = [
        Act.objects.get(pk=weigh(actor=clerk, site="EX-NORTH", kg=7).act).request_hash for _ in range(2)
    ]

    assert hashes[0] != hashes[1]
    assert hashlib.sha256(b'custody.receive {"site":"EX-NORTH","kg":7}').digest() not in hashes


def test_a_database_that_goes_away_in_a_commit_leaves_it_open_whether_it_was_kept(clerk: Actor) -> None:
    as_owner(
        "CREATE FUNCTION leave() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
    )
    as_owner(
        "CREATE CONSTRAINT TRIGGER leaves AFTER INSERT ON record_act DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION leave()"
    )
    key = uuid4()
    with pytest.raises(OutcomeUnknown, match="the same key"):
        weigh(actor=clerk, key=key, site="EX-NORTH", kg=7)
    with pytest.raises(OutcomeUnknown, match="Look in the record"):
        weigh(actor=clerk, site="EX-NORTH", kg=7)

    as_owner("DROP TRIGGER leaves ON record_act")

    assert weigh(actor=clerk, key=key, site="EX-NORTH", kg=7).answer.kg == 7
    assert Act.objects.count() == 1


def as_owner(statement: str) -> None:
    connection.close()
    with connections["owner"].cursor() as cursor:
        cursor.execute(statement)


def test_a_refusal_is_written_down_and_keeps_nothing_else(clerk: Actor) -> None:
    key = uuid4()
    with pytest.raises(TooHeavy):
        weigh(actor=clerk, key=key, site="EX-NORTH", kg=700)

    assert Act.objects.get().refused_code == "test.too_heavy"
    assert Site.objects.get(pk="EX-NORTH").name == "North"
    assert weigh(actor=clerk, key=key, site="EX-NORTH", kg=7).answer.kg == 7  # not remembered under its key


def test_a_site_of_others_reads_like_one_that_does_not_exist(clerk: Actor) -> None:
    with pytest.raises(NotFound, match="no site EX-SOUTH that you may see"):
        weigh(actor=clerk, site="EX-SOUTH", kg=7)

    assert Act.objects.get().refused_code == "core.not_found"


def test_who_may_see_it_is_told_whose_task_it_is(clerk: Actor) -> None:
    center = Actor(clerk.user, "center", (Scoped("joc", "EX-GUARD", None),))

    with pytest.raises(NotPermitted, match="it is for Site clerk here"):
        weigh(actor=center, site="EX-SOUTH", kg=7)

    assert Act.objects.get().refused_code == "access.not_permitted"


def test_an_input_that_is_missing_or_unknown_is_named(clerk: Actor) -> None:
    with pytest.raises(FaultyInput) as told:
        weigh(actor=clerk, site="EX-NORTH", weight="seven")

    assert {fault.column for fault in told.value.faults} == {"kg", "weight"}


def test_an_unknown_action_is_refused() -> None:
    with pytest.raises(UnknownAction, match=r"no action custody\.fly"):
        find("custody.fly")


def test_a_token_stands_for_its_user_until_the_account_is_closed(clerk: Actor) -> None:
    token = new_token(User.objects.get(pk=clerk.user))
    assert actor_of_token(token) == clerk

    User.objects.update(is_active=False)
    for secret in (token, "guessed"):
        with pytest.raises(NotSignedIn):
            actor_of_token(secret)


@pytest.mark.parametrize(
    "roles",
    [
        (),
        (Scoped("clerk", None, "EX-NORTH"),),
        (Scoped("joc", "EX-GUARD", None),),
        (Scoped("joc", "OTHER", None), Scoped("clerk", None, "EX-SOUTH")),
        (Scoped("oversight", None, None),),
    ],
)
def test_a_list_shows_what_may_be_read_one_by_one(clerk: Actor, roles: tuple[Scoped, ...]) -> None:
    Organisation.objects.create(code="OTHER", name="Other", kind="county")
    Site.objects.create(code="OTHER-1", name="Elsewhere", organisation_id="OTHER")
    actor = Actor(1, "somebody", roles)

    listed = {site.code for site in visible(actor, Site.objects.all())}

    scopes = (Scope("site", s.code, s.organisation_id, s.code) for s in Site.objects.all())
    assert listed == {scope.name for scope in scopes if may(actor, "read", scope)}


def test_nobody_may_do_what_no_policy_permits(clerk: Actor) -> None:
    with pytest.raises(NotPermitted, match="no policy permits it"):
        can(clerk, "custody.arrest", Scope("site", "EX-NORTH", "EX-GUARD", "EX-NORTH"))


def test_every_action_that_is_registered_can_be_found() -> None:
    for name in ACTIONS:
        assert find(name).name == name
