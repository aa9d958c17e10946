"""Whoever has every table and the installation's secret, and tries names and references until one fits.

What a guess is tried against is all that the tables hold as they are read now, by the constructions that stand in the code and
those that one would try first. A guess that fits is told by how it fitted.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from muster import actions as do
from muster.core.tags import MOST_TAGS, make_tag
from muster.custody.events import Event, Told
from muster.custody.rosters import Admission, Line, RosterList

GUESS = "9Z9guess9Z9"  # where a guess stands in what is made once and tried many times
HEX = re.compile(r"[0-9a-f]{16,}")


def dump() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table, by column; bytes as bytes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        tables: dict[str, list[dict[str, Any]]] = {name: [] for (name,) in cursor.fetchall()}
        for table, rows in tables.items():
            cursor.execute(f'SELECT * FROM "{table}"')
            columns = [column.name for column in cursor.description]
            for row in cursor.fetchall():
                values = (bytes(value) if isinstance(value, memoryview) else value for value in row)
                rows.append(dict(zip(columns, values, strict=True)))
    return tables


@dataclass
class Attack:
    """One dump and one secret, with everything that could stand between a guess and what is kept of it."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dump)
    secret: bytes = field(default_factory=lambda: settings.SECRET_KEY.encode())

    def __post_init__(self) -> None:
        values = [value for rows in self.tables.values() for row in rows for value in row.values()]
        self.blobs = [value for value in values if isinstance(value, bytes)]
        self.text = "\n".join(
            [
                *(json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) for value in values if not isinstance(value, bytes)),
                *(blob.decode("latin-1") for blob in self.blobs),
            ]
        )  # fmt: skip
        # What is kept may be cut short: the first eight bytes tell.
        hexes = {bytes.fromhex(text[:16]) for text in HEX.findall(self.text)}
        self.hashes = hexes | {blob[:8] for blob in self.blobs}
        self.tags = {row["tag"] for row in self.tables["ledger_thing"]}
        self.sites = ["", *(row["code"] for row in self.tables["parties_site"])]
        self.salts = [row["salt"] for row in self.tables["record_answer"] if row["salt"]]
        self.keys = list(self._keys())
        self.messages = list(dict.fromkeys(self._messages()))
        self.requests = list(self._requests())
        self.opened = list(self._opened())

    def fits(self, guess: str) -> set[str]:
        """The ways in which the guess is seen to be true."""
        return set(self._fits(guess))

    def _fits(self, guess: str) -> Iterator[str]:
        forms = (guess, guess.encode().hex(), base64.b64encode(guess.encode()).decode(), guess[::-1])
        if any(form in self.text for form in forms):
            yield "read"
        if any(guess in plain for plain in self.opened):
            yield "opened"
        for said in [message.replace(GUESS, guess).encode() for message in self.messages]:
            for digest in (
                hashlib.sha256(said).digest(),
                *(hmac.digest(key, said, "sha256") for key in self.keys),
            ):
                if digest[:8] in self.hashes:
                    yield "hash"
                if make_tag(int.from_bytes(digest[-4:]) % MOST_TAGS) in self.tags:
                    yield "tag"
        if any(hmac.digest(salt, guess.encode(), "sha256")[:8] in self.hashes for salt in self.salts):
            yield "hash"
        for message, key, kept in self.requests:
            if hmac.digest(key, message.replace(GUESS, guess).encode(), "sha256") == kept:
                yield "request"

    def _keys(self) -> Iterator[bytes]:
        """What a hash could be keyed with: the secret, and what is derived from it."""
        yield self.secret
        for purpose in ("muster.custody.reference", "muster.custody.replay"):
            yield hashlib.sha256(purpose.encode() + self.secret).digest()
        for purpose in (b"muster/personal-keys/1", b"muster/signing-keys/1"):
            yield self._derived(purpose)

    def _derived(self, purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(self.secret)

    def _messages(self) -> Iterator[str]:
        """What a hash could be of: the guess alone, beside its site or tag, as a line of a list, as a row of a file."""
        yield GUESS
        yield from (f"{site}{between}{GUESS}" for site in self.sites for between in ("\0", " ", ":"))
        yield from (f"{row['id']} {GUESS}" for row in self.tables["ledger_thing"])
        for row in self.tables["custody_listedstay"]:
            yield f"{GUESS},{row['admitted_at'].isoformat()}\n"
        for told in self._told():
            lines = [told.reported_at.isoformat() if told.reported_at else ""]
            lines += [
                "\x1f".join((e.person, e.event, e.site, e.at.isoformat() if e.at else "", e.reason))
                for e in told.events
            ]
            yield "\n".join(lines)

    def _told(self) -> Iterator[Told]:
        """What files of one row may have said: of each entry, and of each moment at which something was reported."""
        moments = {row["happened_at"] for row in self.tables["ledger_entry"]}
        for row in self.tables["custody_replayed"]:
            for at in moments:
                for site in self.sites:
                    for verb in ("arrive", "move"):
                        event = Event(2, GUESS, verb, site, at, "")  # type: ignore[arg-type]  # one of the verbs
                        yield Told(row["reported_at"], str(row["reported_at"]), (event,))
            if row["events"] <= 2:
                yield from self._told_by(row)

    def _told_by(self, replayed: dict[str, Any]) -> Iterator[Told]:
        """What one row or two said from which the act wrote its entries, and where it wrote less, another that it left out."""
        named = [event for entry in self._entries_of(replayed) for event in self._rows_of(entry)]
        beside = [*named, *self._left_out()] if replayed["events"] == 2 else []
        told = [(event,) for event in named] if replayed["events"] == 1 else []
        told += [pair for one in named for other in beside for pair in ((one, other), (other, one))]
        for rows in told:
            if any(event.person == GUESS for event in rows):
                yield Told(replayed["reported_at"], str(replayed["reported_at"]), rows)

    def _entries_of(self, replayed: dict[str, Any]) -> list[dict[str, Any]]:
        return [entry for entry in self.tables["ledger_entry"] if entry["act_id"] == replayed["act_id"]]

    def _rows_of(self, entry: dict[str, Any]) -> Iterator[Event]:
        """The rows that may have said what the entry says, of whom the guess names or of its tag."""
        holders = {row["id"]: row["code"] for row in self.tables["ledger_holder"]}
        tags = {row["id"]: row["tag"] for row in self.tables["ledger_thing"]}
        for person in (GUESS, tags[entry["thing_id"]]):
            if entry["kind"] == "pop":
                yield Event(2, person, "void", "", None)
            else:
                for verb in ("arrive", "move"):
                    site, at = holders[entry["receiver_id"]], entry["happened_at"]
                    yield Event(2, person, verb, site, at)  # type: ignore[arg-type]  # one of the verbs
                yield Event(2, person, "release", holders[entry["giver_id"]], entry["happened_at"])

    def _left_out(self) -> Iterator[Event]:
        for at in {row["happened_at"] for row in self.tables["ledger_entry"]}:
            for site in self.sites:
                yield Event(3, GUESS, "move", site, at)

    def _requests(self) -> Iterator[tuple[str, bytes, bytes]]:
        """What may have been asked, with the salt that it was hashed under and the hash."""
        salts = {row["act_id"]: row["salt"] for row in self.tables["record_answer"]}
        for act in self.tables["record_act"]:
            keys = [salt] if (salt := salts.get(act["id"])) else [b"", self.secret]
            for body in self._bodies(act["name"]):
                said = f"{act['name']} {do.ACTIONS[act['name']].inputs(**body).model_dump_json()}"
                yield from ((said, key, act["request_hash"]) for key in keys)

    def _bodies(self, name: str) -> Iterator[dict[str, Any]]:
        if name == "custody.write_personal":
            for tag in self.tags:
                for what in ("name", "agency_reference"):
                    yield {"tag": tag, "field": what, "value": GUESS}
        if name == "custody.import_list":
            for taken in self.tables["custody_listtaken"]:
                for admission in self._admissions():
                    for zone in ("", "America/New_York", "America/Chicago"):
                        roster = RosterList(taken["listed"], (Line(2, GUESS, admission),))
                        yield {"site": taken["site_id"], "roster": roster, "zone": zone}
        if name == "custody.replay":
            for told in self._told():
                for said in (
                    (told.reported_at.isoformat(), f"{told.reported_at:%Y-%m-%dT%H:%MZ}")
                    if told.reported_at
                    else ("",)
                ):
                    for keep_good in (False, True):
                        yield {
                            "told": asdict(told) | {"said": said},
                            "file": "events.csv",
                            "keep_good": keep_good,
                        }

    def _admissions(self) -> Iterator[Admission]:
        for row in self.tables["custody_listedstay"]:
            at = row["admitted_at"]
            yield from (Admission(at, day) for day in {at.date(), (at - timedelta(hours=6)).date()})

    def _opened(self) -> Iterator[str]:
        """What opens with the keys that are left, and with those that one would try first."""
        keys = [self._derived(b"muster/personal-keys/1"), hashlib.sha256(self.secret).digest()]
        for row in self.tables["custody_personalkey"]:
            keys += _open(row["sealed"], [keys[0]], [str(row["thing_id"])])
        for row in self.tables["custody_personalfield"]:
            places = [f"{row['thing_id']} {row['field']}", str(row["thing_id"]), str(row["id"]), ""]
            yield from (plain.decode("latin-1") for plain in _open(row["sealed"], keys, places))


def _open(sealed: bytes, keys: Iterable[bytes], places: Iterable[str]) -> list[bytes]:
    found = []
    for key in keys:
        for place in places:
            try:
                found.append(AESGCM(key).decrypt(sealed[:12], sealed[12:], place.encode()))
            except InvalidTag:
                continue
    return found
