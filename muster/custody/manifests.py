"""A manifest: the list of who comes together, by tag or by the agency's reference, looked over before anybody is received from it.

The list is a plan and is not kept. Who of it came is ticked and recorded in one act: who stands on an open offer is signed for on it,
the others are received as nobody offered. Who was offered on the same list and did not come stays with the giver, as a discrepancy.
"""

from __future__ import annotations

import io
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from muster.access.control import Actor
from muster.core.csvfiles import Row, read_table
from muster.core.errors import Fault, FaultyInput, MusterError
from muster.core.tags import TagMisread, parse_tag
from muster.custody import actions, queries, rules
from muster.custody.actions import Code, Tags, handover_locked, site_locked
from muster.custody.arrivals import Arriving, arriving_all
from muster.custody.models import Reference
from muster.custody.references import digest_of
from muster.ledger.models import Handover, Offer
from muster.parties.models import Organisation, Site
from muster.record.action import action
from muster.record.models import Act

COLUMNS = ("tag", "reference", "from")
EMPTY = Fault(None, "manifest", "custody.no_tags", "The list is empty. Write one tag or reference a line.")
Manifest = Annotated[str, Field(max_length=200_000)]


class NotOnManifest(MusterError):
    """Somebody is said to have come who does not stand on the manifest."""

    code = "custody.not_on_manifest"

    def __init__(self, *, tags: Sequence[str]) -> None:
        self.tags = list(tags)
        super().__init__(
            f"{', '.join(tags)}: not on the manifest. Nothing was kept. Add a line, or receive them by themselves."
        )


@dataclass(frozen=True)
class Listed:
    """One line of a manifest: its row as a spreadsheet shows it, the tag, and the organisation that brings the person, where it says so."""

    row: int
    tag: str
    giver: str


@dataclass(frozen=True)
class Look:
    """A manifest beside the record, before anything is recorded: each line with how its person stands towards the site.

    `not_listed` are persons on the same open offers whom the manifest does not have.
    """

    lines: list[tuple[Listed, Arriving]]
    not_listed: list[str]

    def tags(self, state: str) -> list[str]:
        """The tags of those who stand so."""
        return [listed.tag for listed, found in self.lines if found.state == state]


def read_manifest(site: Site, text: str) -> list[Listed]:
    """The lines of a manifest: CSV with the columns `tag`, `reference` and `from`, of which one of the first two is needed; or tags alone.

    A reference is that by which the site or every site knows the person; no refusal repeats it. Raises FaultyInput with every fault
    by row.
    """
    lines = text.strip().splitlines()
    if not lines:
        raise FaultyInput([EMPTY], what="The manifest")
    bare = bool(lines) and _is_tag(lines[0])
    headed = "tag\n" + text.strip() if bare else text.strip()
    table = read_table(
        io.BytesIO(headed.encode(errors="surrogateescape")), columns=(), optional=COLUMNS, max_field=60
    )
    faults, listed = list(table.faults), list[Listed]()
    rows = [
        Row(row.number - bare, {name: value.strip() for name, value in row.values.items()})
        for row in table.rows
    ]
    known = _by_reference(site, {row.values["reference"] for row in rows} - {""})
    givers = set(Organisation.objects.values_list("pk", flat=True))
    for row in rows:
        wrong, tag = _tag_of(row, known)
        if (giver := row.values["from"]) and giver not in givers:
            wrong.append(
                Fault(
                    row.number,
                    "from",
                    "core.not_found",
                    "No organisation has that code. Write its code, or leave it empty.",
                )
            )
        faults += wrong
        if tag:
            listed.append(Listed(row.number, tag, giver))
    times = Counter(each.tag for each in listed)
    faults += [
        Fault(each.row, "tag", "custody.tag_twice", f"{each.tag} stands on the list {times[each.tag]} times. Take one out.")
        for each in listed if times[each.tag] > 1
    ]  # fmt: skip
    if not faults and not listed:
        faults.append(
            Fault(
                None, "manifest", "custody.no_tags", "The list is empty. Write one tag or reference a line."
            )
        )
    if faults:
        raise FaultyInput(sorted(faults, key=lambda fault: fault.row or 0), what="The manifest")
    return listed


def _is_tag(text: str) -> bool:
    try:
        parse_tag(text)
    except TagMisread:
        return False
    return True


def _by_reference(site: Site, references: set[str]) -> dict[str, str]:
    """The tags of those who are known by these references, at the site or everywhere."""
    digests = {digest_of(where, each): each for each in references for where in (site, None)}
    rows = Reference.objects.filter(digest__in=list(digests), site__in=[site]) | Reference.objects.filter(
        digest__in=list(digests), site__isnull=True
    )
    return {digests[row.digest]: row.thing.tag for row in rows.select_related("thing") if row.digest}


def _tag_of(row: Row, known: dict[str, str]) -> tuple[list[Fault], str]:
    """What is wrong with a line, and the tag that it names; empty where it names none."""
    text, reference = row.values["tag"], row.values["reference"]
    if not text and not reference:
        return [
            Fault(row.number, "tag", "custody.no_tags", "The line names nobody. Write a tag or a reference.")
        ], ""
    if not text and reference not in known:
        words = "Nobody here is known by that reference. Band the person, and write the tag beside it."
        return [Fault(row.number, "reference", "core.not_found", words)], ""
    try:
        tag = parse_tag(text) if text else known[reference]
    except TagMisread:
        return [
            Fault(row.number, "tag", TagMisread.code, "Tag misread. Scan it again, or type it from the band.")
        ], ""
    if known.get(reference, tag) != tag:
        words = f"That reference is of {known[reference]}, and not of {tag}. Look at the band, and correct the line."
        return [Fault(row.number, "reference", "custody.tag_differs", words)], ""
    return [], tag


def look(site: Site, text: str) -> Look:
    """A manifest beside the record. Raises FaultyInput."""
    listed = read_manifest(site, text)
    found = arriving_all(site, [each.tag for each in listed])
    offers = {each.handover.pk: each.handover for each in found if each.handover}
    offered = {tag for offer in offers.values() for tag in queries.listed_on(offer)[0]}
    return Look(list(zip(listed, found, strict=True)), sorted(offered - {each.tag for each in listed}))


@dataclass(frozen=True)
class FromManifest:
    """What was recorded of a manifest, by tag.

    `accepted` were offered and are signed for; `missing` were offered with them and did not come: the giver holds them. `received`
    nobody had offered; `reported` are kept as reports, with why. `waiting` stand on open offers of which nobody came, and `not_come`
    on the manifest alone.
    """

    accepted: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    received: list[str] = field(default_factory=list)
    reported: dict[str, str] = field(default_factory=dict)
    waiting: list[str] = field(default_factory=list)
    not_come: list[str] = field(default_factory=list)


@action("custody.receive_manifest", about=site_locked)
def receive_manifest(
    *, act: Act, row: Site, actor: Actor, site: Code, manifest: Manifest, came: Tags, at: AwareDatetime, mission: Code = "",
) -> FromManifest:  # fmt: skip
    """Record who of a manifest came, in one act. Bags on the offer of somebody who came are taken to have come along.

    Raises FaultyInput with every fault by row, NoTags, TagMisread, TagTwice, NotOnManifest, and what `custody.accept` and
    `custody.receive` raise; then nobody is recorded.
    """
    listed = {each.tag: each for each in read_manifest(row, manifest)}
    named = rules.read_tags(came)
    if strange := [tag for tag in named if tag not in listed]:
        raise NotOnManifest(tags=strange)
    states = {each.tag: each for each in arriving_all(row, list(listed))}
    by_offer, by_giver = defaultdict[UUID, list[str]](list), defaultdict[str, list[str]](list)
    for tag in named:
        offer = states[tag].handover
        if offer:
            by_offer[offer.pk].append(tag)
        else:
            by_giver[listed[tag].giver].append(tag)
    told = FromManifest()
    for pk, tags in sorted(by_offer.items()):
        _, offer = handover_locked(pk)
        signed = actions.accept.work(
            act=act, row=offer, actor=actor, handover=pk, at=at, tags=[*tags, *_bags_of(offer, tags)]
        )
        told.accepted.extend(signed.accepted)
        told.missing.extend(signed.missing)
    for giver, tags in sorted(by_giver.items()):
        done = actions.receive.work(
            act=act, row=row, actor=actor, site=site, tags=tags, at=at, from_organisation=giver, mission=mission
        )  # fmt: skip
        told.received.extend(done.received)
        told.reported.update(done.reported)
    for tag, each in states.items():
        if tag not in named and tag not in told.missing and each.state != "here":
            (told.waiting if each.handover else told.not_come).append(tag)
    return told


def _bags_of(offer: Handover, tags: Sequence[str]) -> list[str]:
    """The bags on an offer that belong to these persons."""
    rows = Offer.objects.filter(handover=offer, open=True, thing__bag__person__tag__in=tags)
    return list(rows.order_by("thing__tag").values_list("thing__tag", flat=True))
