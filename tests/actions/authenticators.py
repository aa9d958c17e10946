"""An authenticator in software: it registers as an account's passkey, and signs what it is asked."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

FLAGS = AuthenticatorData.FLAG


class Key:
    """One authenticator with one credential, for pages of `host`."""

    def __init__(self, host: str = "muster.example") -> None:
        self.host, self.id = host, os.urandom(32)
        self.private = ec.generate_private_key(ec.SECP256R1())

    def register(self, user: int) -> Key:
        """Make it a passkey of the account, as django-allauth keeps one."""
        public: Any = ES256.from_cryptography_key(self.private.public_key())
        own = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        attested = AttestationObject.create("none", self._data(FLAGS.UP | FLAGS.AT, own), {})
        response = {
            "clientDataJSON": websafe_encode(self._client("webauthn.create", "")),
            "attestationObject": websafe_encode(bytes(attested)),
        }
        credential = {
            "id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key", "response": response,
            "clientExtensionResults": {},
        }  # fmt: skip
        Authenticator.objects.create(
            user_id=user,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": "Key", "credential": credential},
        )
        return self

    def sign(self, asked: dict[str, Any], /, **otherwise: Any) -> dict[str, str]:
        """The assertion over what is asked, as an action takes it; `otherwise` makes it wrong somewhere."""
        challenge, flags = otherwise.pop("challenge", asked["challenge"]), otherwise.pop("flags", FLAGS.UP)
        client = self._client(otherwise.pop("type", "webauthn.get"), challenge, otherwise.pop("origin", None))
        data = bytes(self._data(flags))
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        given = {
            "asked": asked["asked"], "credential_id": websafe_encode(self.id), "authenticator_data": websafe_encode(data),
            "client_data": websafe_encode(client), "signature": websafe_encode(signature),
        }  # fmt: skip
        return given | otherwise

    def _data(self, flags: int, own: Any = b"") -> AuthenticatorData:
        return AuthenticatorData.create(hashlib.sha256(self.host.encode()).digest(), flags, 0, own)

    def _client(self, type: str, challenge: str, origin: str | None = None) -> bytes:
        told = {
            "type": type,
            "challenge": challenge,
            "origin": origin or f"https://{self.host}",
            "crossOrigin": False,
        }
        return json.dumps(told).encode()
