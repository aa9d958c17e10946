"""The keys that sign: replaced, revoked, and never told to anybody."""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connections, transaction
from django.test import Client
from django.utils import timezone
from people import TAGS, People, at, people

from muster.access import signing
from muster.access.control import NotPermitted, actor_of, new_token
from muster.access.models import Grant, SigningKey, User
from muster.core.errors import FaultyInput, NotFound
from muster.custody import actions
from muster.ledger import exporting, keys, queries
from muster.ledger.handovers import first_bad
from muster.ledger.models import Handover, Thing
from muster.record.action import TryAgain
from muster.record.models import Act, Answer

BUS = TAGS[:6]


@pytest.fixture
def who() -> People:
    made = people()
    actions.receive(actor=made.north, site="EX-NORTH", tags=BUS, at=at(0), from_organisation="EX-AGENCY")
    return made


def handed_over(who: People, *tags: str) -> UUID:
    made = actions.offer(actor=who.north, giver="EX-NORTH", receiver="EX-SOUTH", tags=list(tags))
    actions.accept(actor=who.south, handover=made.answer.handover, at=at(1))
    return made.answer.handover


def key_of(user: int) -> SigningKey:
    return SigningKey.objects.get(user=user, retired_at=None, revoked_at=None)


def administrator() -> Any:
    user = User.objects.create_user("desk", password="the password of the desk")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def test_a_key_is_made_on_first_use_and_used_again(who: People) -> None:
    assert not SigningKey.objects.exists()

    first, second = handed_over(who, BUS[0]), handed_over(who, BUS[1])

    used = {signature.key for h in (first, second) for signature in queries.handover(h).signatures}
    assert used == {key_of(who.north.user).pk, key_of(who.south.user).pk}


def test_what_a_key_signed_before_it_was_rotated_goes_on_counting(who: People) -> None:
    before = handed_over(who, BUS[0])
    old = key_of(who.north.user)

    done = keys.rotate_key(actor=who.north, user="clerk.north")
    after = handed_over(who, BUS[1])

    assert done.answer.retired == old.pk
    assert queries.handover(after).signatures[0].key == done.answer.key == key_of(who.north.user).pk
    assert queries.handover(before).signatures[0].key == old.pk
    assert first_bad() is None


def test_a_retired_key_signs_nothing_more(who: People) -> None:
    handed_over(who, BUS[0])
    old = key_of(who.north.user)
    keys.rotate_key(actor=who.north, user="clerk.north")
    old.refresh_from_db()

    signature = signing.sign(old, b"later")

    assert signing.why_not(old, b"later", signature, signed_at=timezone.now()) == "its key had been retired"


def test_what_was_signed_after_a_key_stopped_being_safe_does_not_count(who: People) -> None:
    kept = handed_over(who, BUS[0])
    lost_at = timezone.now()
    lost = handed_over(who, BUS[1])

    done = keys.revoke_key(
        actor=who.south,
        signing_key=key_of(who.south.user).pk,
        reason="The tablet was left in the bus.",
        since=lost_at,
    )

    assert done.answer.revoked_at == lost_at
    assert queries.handover(kept).holds
    giver, receiver = queries.handover(lost).signatures
    assert (giver.why_not, receiver.why_not) == ("", "its key had been revoked")
    assert [s["verifies"] for s in queries.history(BUS[1])["entries"][-1]["signatures"]] == [True, False]
    found = first_bad()
    assert found is not None
    assert found.handover == lost


def test_after_a_revocation_the_next_signature_is_made_with_a_new_key(who: People) -> None:
    before = handed_over(who, BUS[0])
    revoked = key_of(who.north.user)
    keys.revoke_key(actor=who.north, signing_key=revoked.pk, reason="Somebody knows the password.")

    after = handed_over(who, BUS[1])

    assert queries.handover(after).signatures[0].key != revoked.pk
    assert queries.handover(before).holds
    assert queries.handover(after).holds
    revoked.refresh_from_db()
    assert revoked.revoked_because == "Somebody knows the password."


def test_a_key_is_revoked_once_with_a_reason_and_not_ahead_of_time(who: People) -> None:
    handed_over(who, BUS[0])
    key = key_of(who.north.user).pk
    with pytest.raises(FaultyInput):
        keys.revoke_key(actor=who.north, signing_key=key, reason="")
    with pytest.raises(keys.RevokedAhead):
        keys.revoke_key(
            actor=who.north, signing_key=key, reason="Soon.", since=timezone.now() + timedelta(hours=1)
        )
    keys.revoke_key(actor=who.north, signing_key=key, reason="Once.")

    with pytest.raises(keys.AlreadyRevoked):
        keys.revoke_key(actor=who.north, signing_key=key, reason="Twice.")


def test_a_user_and_an_administrator_keep_the_users_key_and_nobody_else_does(who: People) -> None:
    handed_over(who, BUS[0])
    key = key_of(who.north.user).pk
    for stranger in (who.south, who.north_too):
        with pytest.raises(NotFound):
            keys.rotate_key(actor=stranger, user="clerk.north")
        with pytest.raises(NotFound):
            keys.revoke_key(actor=stranger, signing_key=key, reason="Not mine.")
    with pytest.raises(NotPermitted, match="it is for Administrator here"):
        keys.rotate_key(actor=who.center, user="clerk.north")

    rotated = keys.rotate_key(actor=administrator(), user="clerk.north").answer

    assert rotated.retired == key
    assert keys.rotate_key(actor=who.north, user="clerk.north").answer.retired == rotated.key


def test_the_database_keeps_one_key_in_use_for_a_user_and_changes_none(who: People) -> None:
    handed_over(who, BUS[0])
    with pytest.raises(IntegrityError), transaction.atomic():
        signing.make(who.north.user)
    for column in ("public_key", "private_key", "made_at", "user_id"):
        key = key_of(who.north.user)
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            SigningKey.objects.filter(pk=key.pk).update(**{column: getattr(key, column)})


def told_of(key: SigningKey) -> Iterator[str]:
    """A private key in every shape in which it could slip out: open and sealed."""
    for secret in (signing._opened(key).private_bytes_raw(), bytes(key.private_key)):
        yield secret.hex()
        yield base64.b64encode(secret).decode().rstrip("=")
        yield base64.urlsafe_b64encode(secret).decode().rstrip("=")
        yield repr(secret)
        yield str(list(secret))


def test_no_private_key_is_in_a_log_an_answer_an_audit_line_a_page_or_an_export(
    who: People, caplog: pytest.LogCaptureFixture, tmp_path: Path, client: Client
) -> None:
    caplog.set_level(logging.DEBUG)
    handover = handed_over(who, BUS[0])
    used = list(SigningKey.objects.all())
    token = {"Authorization": f"Bearer {new_token(User.objects.get(pk=who.south.user))}"}
    keys.rotate_key(actor=who.south, user="clerk.south")
    keys.revoke_key(actor=who.north, signing_key=key_of(who.north.user).pk, reason="A test of what is told.")
    exporting.export(tmp_path)
    told = [
        caplog.text, repr(used), str(used), repr(queries.handover(handover)), json.dumps(queries.history(BUS[0])),
        *(file.read_text("utf-8") for file in tmp_path.iterdir() if file.suffix in (".csv", ".json")),
        *(json.dumps(body) for body in Answer.objects.values_list("body", flat=True)),
        *(f"{act.name} {act.refused_words} {bytes(act.request_hash)!r}" for act in Act.objects.all()),
        client.get(f"/api/v1/history/{BUS[0]}", headers=token).content.decode(),
    ]  # fmt: skip
    client.force_login(User.objects.get(pk=who.south.user))
    page = client.get(f"/things/{_thing(BUS[0])}/")
    assert page.status_code == 200
    told.append(page.content.decode())
    assert '"verifies"' in told[-2]

    for key in used:
        for secret in told_of(key):
            assert not [text for text in told if secret in text]


def _thing(tag: str) -> UUID:
    return Thing.objects.get(tag=tag).pk


def test_signatures_hold_when_their_users_keys_are_first_made_and_replaced_at_the_same_moment(
    who: People,
) -> None:
    start = threading.Barrier(len(BUS) + 1)

    def hand_over(tag: str) -> None:
        start.wait()
        try:
            handed_over(who, tag)
        finally:
            connections.close_all()

    def rotate() -> None:
        start.wait()
        try:
            for _ in range(4):
                with suppress(TryAgain):  # lost to others each time: nothing was kept
                    keys.rotate_key(actor=who.north, user="clerk.north")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(BUS) + 1) as pool:
        work = [pool.submit(rotate), *(pool.submit(hand_over, tag) for tag in BUS)]
    lost = [w.exception() for w in work if w.exception()]

    assert [error for error in lost if not isinstance(error, TryAgain)] == []
    assert first_bad() is None
    assert SigningKey.objects.filter(retired_at=None, revoked_at=None).count() <= 2
    assert SigningKey.objects.filter(user=who.north.user).count() >= 2
    assert Handover.objects.exists()
