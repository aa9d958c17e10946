"""Passkeys that sign: a fresh WebAuthn assertion over a challenge that binds the exact text, kept so that anybody can check it later.

django-allauth registers and removes the passkeys of an account. A signature names its credential and brings its public key along,
so that it is verified without the account. Source: Web Authentication Level 2 (W3C, 8 April 2021), section 7.2.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from cryptography.exceptions import InvalidSignature
from django.core import signing
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.webauthn import AuthenticatorData
from pydantic import Field

from muster.core.errors import MusterError

GOOD_FOR_S = 600
SALT = "muster.passkeys/1"
LONGEST = 4000
Encoded = Annotated[str, Field(max_length=LONGEST, pattern=r"^[A-Za-z0-9_-]*$")]


@dataclass(frozen=True)
class Assertion:
    """What an authenticator gave, with what it was asked for; each in base64url without padding but `asked`, which is as it came."""

    asked: Annotated[str, Field(max_length=LONGEST)]
    credential_id: Encoded
    authenticator_data: Encoded
    client_data: Encoded
    signature: Encoded


@dataclass(frozen=True)
class Asked:
    """What an authenticator is asked to sign: any of these credentials, this challenge. `asked` goes back with the answer."""

    asked: str
    challenge: str
    credentials: tuple[str, ...]


@dataclass(frozen=True)
class Passkey:
    """One passkey of an account: its credential's id and public key, as COSE has it, both in base64url."""

    credential_id: str
    public_key: str
    rp_id_hash: bytes


class PasskeyNeeded(MusterError):
    """The account has a passkey, so that it signs with it; `sign` is what an authenticator is to sign, and `text` what that binds."""

    code = "access.passkey_needed"
    status = 409

    def __init__(self, *, account: str, sign: Asked, text: str) -> None:
        self.account, self.sign, self.text = account, sign, text
        super().__init__(
            f"The account {account} has a passkey, so this is signed with it, and nothing was recorded. Sign on the page; or send it "
            "again within ten minutes with `passkey`, an assertion over the challenge that the API's answer gives."
        )


class PasskeyRefused(MusterError):
    """The passkey's signature does not count for this."""

    code = "access.passkey_refused"
    status = 409

    def __init__(self, *, why: str) -> None:
        self.why = why
        super().__init__(
            f"The signature by passkey does not count: {why}. Nothing was recorded. Read it again and sign anew."
        )


def passkeys_of(user: int) -> list[Passkey]:
    """The passkeys that an account has now, the oldest first."""
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk")
    return [_passkey(row.wrap().authenticator_data) for row in rows]


def ask(user: int, text: str) -> Asked:
    """Ask an account's passkeys to sign a text; what is asked is good for ten minutes, for this text and this account."""
    asked = signing.dumps({"user": user, "sha256": _digest(text)}, salt=SALT)
    credentials = tuple(each.credential_id for each in passkeys_of(user))
    return Asked(asked, _challenge(asked, text), credentials)


def check(user: int, account: str, text: str, given: Assertion | None) -> Passkey | None:
    """Give the passkey by which an account signed a text just now; None where it has none and gave nothing.

    Raises PasskeyNeeded, PasskeyRefused.
    """
    own = passkeys_of(user)
    if given is None:
        if own:
            raise PasskeyNeeded(account=account, sign=ask(user, text), text=text)
        return None
    found = next((each for each in own if each.credential_id == given.credential_id), None)
    if found is None:
        raise PasskeyRefused(why="it is not a passkey of the account that signs")
    try:
        asked = signing.loads(given.asked, salt=SALT, max_age=GOOD_FOR_S)
    except signing.SignatureExpired:
        raise PasskeyRefused(why="it was asked for more than ten minutes ago") from None
    except signing.BadSignature:
        raise PasskeyRefused(why="it was not asked for here") from None
    if asked != {"user": user, "sha256": _digest(text)}:
        raise PasskeyRefused(why="it was asked for something else, or it was changed meanwhile")
    if why := why_not(given, text, found.public_key):
        raise PasskeyRefused(why=why)
    if _decoded(given.authenticator_data)[:32] != found.rp_id_hash:
        raise PasskeyRefused(why="it was made for another site than the passkey")
    return found


def why_not(given: Assertion, text: str, public_key: str) -> str:
    """Why an assertion is no signature of the text by this key, as a clause; empty where it is. Nothing but these is asked."""
    try:
        client, data = _decoded(given.client_data), AuthenticatorData(_decoded(given.authenticator_data))
        told = json.loads(client)
        key = CoseKey.parse(cast("dict[int, Any]", cbor.decode(_decoded(public_key))))
        if not isinstance(told, dict) or told.get("type") != "webauthn.get" or told.get("crossOrigin"):
            return "it is no signature made on a page of this site"
        if told.get("challenge") != _challenge(given.asked, text):
            return "what was signed is not what stands here"
        if not _is_of(str(told.get("origin")), data.rp_id_hash):
            return "it was made on a page of another site"
        if not data.is_user_present():
            return "nobody touched the passkey"
        key.verify(bytes(data) + hashlib.sha256(client).digest(), _decoded(given.signature))
    except InvalidSignature:
        return "it is not by this passkey"
    except (ValueError, TypeError, KeyError, IndexError, NotImplementedError):
        return "it cannot be read"
    return ""


def _passkey(data: AuthenticatorData) -> Passkey:
    credential: Any = data.credential_data
    return Passkey(
        _encoded(credential.credential_id),
        _encoded(cbor.encode(dict(credential.public_key))),
        data.rp_id_hash,
    )


def _is_of(origin: str, rp_id_hash: bytes) -> bool:
    """Whether a page of that origin is the site's: its host, or a domain above it, over https or on this machine."""
    parts = urlsplit(origin)
    labels = (parts.hostname or "").split(".")
    sites = {hashlib.sha256(".".join(labels[n:]).encode()).digest() for n in range(len(labels))}
    return rp_id_hash in sites and (
        parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "localhost")
    )


def _challenge(asked: str, text: str) -> str:
    return _encoded(hashlib.sha256(f"muster/passkey/1\n{asked}\n{text}".encode()).digest())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _encoded(plain: bytes) -> str:
    return urlsafe_b64encode(plain).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
