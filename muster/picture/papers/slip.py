"""The slip that a person gets on leaving a site: tag, site, when the person came and left, and how it stands with the property.

English with Spanish beside it. No staff name is on it, no name of the person and no reference of an agency. The layout is our own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from muster.cases.checklists import is_shelter
from muster.cases.queries import legs_of, told_of
from muster.core.errors import MusterError
from muster.documents.sheets import Block, Sheet, blanks, facts, heading, words
from muster.ledger.models import Thing
from muster.missions.queries import of_a_drill
from muster.parties.models import Site
from muster.picture.papers.asked import Asked

PROPERTY = "property_returned"


class NotLeftYet(MusterError):
    """The person has not left a site, so there is nothing that the slip could say."""

    code = "picture.not_left_yet"
    status = 409

    def __init__(self, *, tag: str) -> None:
        self.tag = tag
        super().__init__(
            f"{tag} has not left a site as of that moment. Record that the person left, then print the slip."
        )


def sheet(row: Thing, asked: Asked) -> Sheet:
    """The slip of the stay that ended last. Raises NotLeftYet."""
    legs = [
        leg for leg in legs_of([row.pk])[row.pk]
        if leg.at <= asked.at and leg.from_site != leg.to_site and _known(leg.known_from, leg.known_until, asked)
    ]  # fmt: skip
    left = next((leg for leg in reversed(legs) if leg.from_site), None)
    came = next((leg for leg in reversed(legs) if left and leg.to_site == left.from_site), None)
    if left is None or came is None or not legs[-1].outside:
        raise NotLeftYet(tag=row.tag)
    site = Site.objects.get(pk=left.from_site)
    return Sheet(
        title=f"{row.tag}: {site.name}", about="On leaving / Al salir", standing=asked.standing(f"Slip of {row.tag}"), as_of=asked.at,
        exercise=of_a_drill(row), blocks=tuple(_blocks(row, site, came.at, left.at, asked)),
    )  # fmt: skip


def _known(known_from: int, known_until: int | None, asked: Asked) -> bool:
    return known_from <= asked.known_at and (known_until is None or known_until > asked.known_at)


def _blocks(row: Thing, site: Site, came_at: datetime, left_at: datetime, asked: Asked) -> Iterator[Block]:
    yield facts(
        ("Tag / Etiqueta", row.tag), ("Site / Lugar", f"{site.name} ({site.code})"),
        ("Came / Llegada", asked.said(came_at)), ("Left / Salida", asked.said(left_at)),
    )  # fmt: skip
    if not is_shelter(site, now=came_at, known_at=asked.known_at):
        yield heading("Property / Pertenencias")
        yield words(_property(row, came_at, asked))
    yield heading("Keep this slip / Guarde este papel")
    yield words(
        "It names you by your tag alone. Whoever asks the site about your stay or your property gives this tag. / Le nombra solo por su "
        "etiqueta. Quien pregunte al lugar por su estancia o sus pertenencias da esta etiqueta."
    )
    yield blanks("Received by the person / Recibido por la persona", "Date and time / Fecha y hora")


def _property(row: Thing, came_at: datetime, asked: Asked) -> str:
    """What is recorded of the property, in both languages."""
    told = [each.happened for each in told_of([row.pk])[row.pk] if each.happened.event == PROPERTY]
    returned = [
        each.at for each in told if came_at <= each.at <= asked.at and _known(each.known_from, each.known_until, asked)
    ]  # fmt: skip
    if not returned:
        return "Not recorded as returned: ask the site. / No consta su devolución: pregunte al lugar."
    return f"Returned {asked.said(returned[-1])}. / Devueltas: {asked.said(returned[-1])}."
