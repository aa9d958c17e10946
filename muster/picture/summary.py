"""A mission in three sentences made of facts, in English and in Spanish. Plain Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
MESES = (
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
)  # fmt: skip
ESTADOS = {
    "submitted": "presentada", "returned_for_information": "devuelta para aclaraciones", "validated": "validada",
    "in_review": "en revisión", "decided": "decidida", "closed": "cerrada", "withdrawn": "retirada",
    "expired": "caducada", "duplicate_of": "repetida",
}  # fmt: skip
DECISIONES = {
    "approved": "aprobada", "approved_with_limits": "aprobada con límites", "declined": "rechazada",
    "referred": "remitida a otra autoridad",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the sentences are made of. A day is one of the decision's own zone; None: not recorded."""

    title: str
    requester: str
    office: str  # that was asked
    state: str  # of the request
    state_on: date | None
    approximate: bool
    outcome: str = ""  # empty: nothing is decided
    decided_on: date | None = None
    reported_on: date | None = None
    reported_about: bool = False
    reported_by: str = ""
    begins: date | None = None  # of the limits; both days included
    ends: date | None = None
    limited: bool = False  # whether there are limits that stand, or would
    why: str | None = None  # why they are not in force; None: they are
    since: date | None = None


def day_in_words(day: date | None) -> str:
    """`30 September 2025`; *not recorded* for None."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}" if day else "not recorded"


def dia_en_palabras(day: date | None) -> str:
    """`30 de septiembre de 2025`; *no consta* for None."""
    return f"{day.day} de {MESES[day.month - 1]} de {day.year}" if day else "no consta"


def state_of(facts: Facts) -> str:
    """Where it stands, in one line: for a list of missions."""
    if not facts.outcome:
        return f"{facts.state.replace('_', ' ').capitalize()} since {_about(facts)}; nothing is decided"
    decided = facts.outcome.replace("_", " ").capitalize()
    return f"{decided}. {_standing(facts)}" if facts.limited else f"{decided}{_reported(facts)}"


def in_english(facts: Facts) -> tuple[str, str, str]:
    """What was asked, what was decided, and what is in force."""
    state = facts.state.replace("_", " ")
    asked = f"Asked: {facts.title}. By: {facts.requester}. Of: {facts.office}."
    if not facts.outcome:
        decision = f"Decision: none is recorded; the request is {state}, as of {_about(facts)}."
        return asked, decision, "In force: nothing, as nothing is decided."
    decision = f"Decision: {facts.outcome.replace('_', ' ')}{_reported(facts)}."
    return asked, decision, _standing(facts)


def en_espanol(facts: Facts) -> tuple[str, str]:
    """The second and the third sentence; the first quotes the record, which is kept in English."""
    if not facts.outcome:
        about = " aproximadamente" if facts.approximate else ""
        state = f"la solicitud está {ESTADOS[facts.state]} desde el {dia_en_palabras(facts.state_on)}{about}"
        return f"Decisión: no consta ninguna; {state}.", "En vigor: nada, porque nada se ha decidido."
    return f"Decisión: {DECISIONES[facts.outcome]}{_segun(facts)}.", _vigencia(facts)


def _about(facts: Facts) -> str:
    return ("about " if facts.approximate else "") + day_in_words(facts.state_on)


def _reported(facts: Facts) -> str:
    if facts.reported_on is None:
        return f", taken on {day_in_words(facts.decided_on)}" if facts.decided_on else ""
    taken = "" if facts.decided_on else "; the day it was taken is not recorded"
    on = "about" if facts.reported_about else "on"
    return f", reported by {facts.reported_by} {on} {day_in_words(facts.reported_on)}{taken}"


def _segun(facts: Facts) -> str:
    if facts.reported_on is None:
        return f", tomada el {dia_en_palabras(facts.decided_on)}" if facts.decided_on else ""
    taken = "" if facts.decided_on else "; no consta el día en que se tomó"
    on = "hacia el" if facts.reported_about else "el"
    return f", según informó {facts.reported_by} {on} {dia_en_palabras(facts.reported_on)}{taken}"


def _standing(facts: Facts) -> str:
    if not facts.limited:
        return "In force: nothing, as the decision allows nothing."
    window = _window(facts, day_in_words, "from", "until", "without a stated end")
    more = {
        "expired": ": expired", "not_yet": ": not yet", "not_issued": ": not yet",
        "suspended": f": suspended since {day_in_words(facts.since)}", "revoked": f": revoked on {day_in_words(facts.since)}",
    }  # fmt: skip
    return f"In force {window}{more.get(facts.why or '', '')}."


def _vigencia(facts: Facts) -> str:
    if not facts.limited:
        return "En vigor: nada, porque la decisión no autoriza nada."
    window = _window(facts, dia_en_palabras, "desde el", "hasta el", "sin fin indicado")
    more = {
        "expired": ": vencida", "not_yet": ": aún no", "not_issued": ": aún no",
        "suspended": f": suspendida desde el {dia_en_palabras(facts.since)}",
        "revoked": f": revocada el {dia_en_palabras(facts.since)}",
    }  # fmt: skip
    return f"En vigor {window}{more.get(facts.why or '', '')}."


def _window(facts: Facts, words: Callable[[date | None], str], since: str, until: str, open_end: str) -> str:
    # Once it has begun, only its end is news.
    begins = f"{since} {words(facts.begins)} " if facts.begins and facts.why != "expired" else ""
    return begins + (f"{until} {words(facts.ends)}" if facts.ends else open_end)
