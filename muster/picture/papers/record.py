"""The own record of a person on paper, in English and Spanish: where the person was, property, what is owed by when, what was corrected
and what is contested. No staff name is on it, and no name of the person.

It is printed of a giving that is in the record (`custody.give_record`), and says no more than was known when it was given.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from muster.cases.clocks import Clock
from muster.cases.queries import in_order, person_clocks
from muster.custody import bags
from muster.custody.contesting import ContestTold, contests_of
from muster.custody.merging import with_duplicates
from muster.custody.models import Bag, BagStated, RecordGiven
from muster.documents.sheets import NOT_RECORDED, Block, Said, Sheet, blanks, facts, heading, table, words
from muster.ledger.models import Entry, Holder, Thing
from muster.missions.queries import of_a_drill
from muster.picture.papers.asked import Asked
from muster.picture.papers.hands import corrected, end_named

OUTSIDE = "outside / fuera"
NOT_SHOWN = "not to be shown any more / ya no se puede mostrar"
BY = {"person": "the person / la persona", "counsel": "counsel on file / abogado registrado"}
KINDS = {
    "money": "money / dinero", "valuables": "small valuables / objetos de valor", "baggage": "baggage / equipaje",
    "documents": "documents / documentos", "clothing": "clothing / ropa", "medicine": "medicine / medicinas",
}  # fmt: skip
REASONS = {
    "court_order": "court order / orden judicial", "agency_order": "order of the agency / orden de la agencia", "bond": "bond / fianza",
    "transfer_of_agency": "transfer to another agency / traslado a otra agencia", "left": "left / se fue", "other": "other / otro",
    "late_entry": "recorded late / registrado tarde", "duplicate": "recorded twice / registrado dos veces",
}  # fmt: skip
STATES = {"running": "owed / pendiente", "paused": "paused / en pausa", "breached": "late / vencido"}


def sheet(row: RecordGiven, asked: Asked) -> Sheet:
    """The own record as it was given: at the latest as of that moment, as known at that act."""
    given = row.act.number.number
    asked = replace(asked, at=min(asked.at, row.act.recorded_at), known_at=min(asked.known_at, given))
    return Sheet(
        title=f"Your record / Su expediente: {row.thing.tag}", about="", as_of=asked.at, exercise=of_a_drill(row.thing),
        standing=asked.standing(f"Own record of {row.thing.tag}"), blocks=tuple(_blocks(row, asked)),
    )  # fmt: skip


def _blocks(row: RecordGiven, asked: Asked) -> Iterator[Block]:
    yield facts(
        ("Tag / Etiqueta", row.thing.tag), ("Asked for by / Pedido por", BY[row.asked_by]),
        *([("Document of counsel / Documento del abogado", row.reference)] if row.reference else []),
        ("Given / Entregado", f"{asked.said(row.act.recorded_at)}, act / acto {row.act.number.number}"),
    )  # fmt: skip
    yield words(
        "This is what the record says of you. No name is on it: whoever asks about you gives this tag. / Esto es lo que el expediente "
        "dice de usted. No lleva nombres: quien pregunte por usted da esta etiqueta."
    )
    contests = contests_of(row.thing, known_at=asked.known_at, opened=True)
    entries, undone = _entries(row.thing, asked)
    yield heading("Where you were / Dónde ha estado")
    yield from _whereabouts([each for each in entries if each.n not in undone], contests, asked)
    yield heading("Your property / Sus pertenencias")
    yield _property(row.thing, asked)
    yield heading("What is owed to you, and by when / Lo que se le debe y para cuándo")
    yield from _owed(row.thing, asked)
    yield heading("What was corrected / Lo que se corrigió")
    yield table(
        ["Entry / Asiento", "What it said / Lo que decía", "Taken back / Anulado", "Why / Por qué"],
        [[each.n, f"{_end(each.giver)}: {_end(each.receiver)}, {asked.said(each.happened_at)}", f"act / acto {undone[each.n][0]}",
          _why(undone[each.n][1])] for each in entries if each.n in undone],
        widths=[10, 46, 18, 26], none="Nothing was corrected. / No se corrigió nada.",
    )  # fmt: skip
    yield heading("What you contest / Lo que usted impugna")
    yield table(
        ["Entry / Asiento", "By / Por", "When / Cuándo", "In your words / En sus palabras", "Answer / Respuesta"],
        [[each.row.n, BY[each.row.asked_by], f"{asked.said(each.row.act.recorded_at)}, act / acto {each.row.act.number.number}",
          NOT_SHOWN if each.words is None else each.words, each.settled or "open / abierto"] for each in contests],
        widths=[10, 16, 22, 34, 26], none="Nothing is contested. / No se impugna nada.",
    )  # fmt: skip
    yield heading("If something here is wrong / Si algo aquí es incorrecto")
    yield words(
        "You, or your counsel, may contest any entry: say its number and what is wrong, in any language. It is kept with the record, and a "
        "named officer has to answer it with a reason. / Usted, o su abogado, puede impugnar cualquier asiento: diga el número y qué es "
        "incorrecto, en cualquier idioma. Queda en el expediente, y un funcionario debe responder con una razón."
    )
    yield blanks(
        "Entry / Asiento", "What is wrong / Qué es incorrecto", "Signature, date / Firma, fecha", columns=3
    )


def _entries(thing: Thing, asked: Asked) -> tuple[list[Entry], dict[int, tuple[int, str]]]:
    """What was written of a person by then, and of what was taken back by then by which act and why, by the entry's number."""
    rows = Entry.objects.filter(
        thing=thing, kind="push", happened_at__lte=asked.at, act__number__number__lte=asked.known_at
    )
    entries = list(rows.select_related("giver", "receiver", "act__number").order_by("n"))
    acts = corrected(entries, asked)
    reasons = dict(Entry.objects.filter(thing=thing, kind="pop").values_list("corrects", "reason"))
    return entries, {n: (act, reasons.get(n, "")) for (_, n), act in acts.items()}


def _end(holder: Holder) -> str:
    return OUTSIDE if holder.code == "outside" else end_named(holder)


def _why(reason: str, source: str = "") -> str:
    told = REASONS.get(reason, reason.replace("_", " "))
    return ", ".join(filter(None, (told, source))) or NOT_RECORDED


def _whereabouts(live: Sequence[Entry], contests: Sequence[ContestTold], asked: Asked) -> Iterator[Block]:
    against = {each.row.n for each in contests if each.is_open}
    yield facts(*((f"Stay / Estancia {n}", told) for n, told in enumerate(_stays(live, asked), start=1)))
    yield table(
        ["Entry / Asiento", "From / De", "To / A", "When / Cuándo", "Why / Por qué", "Recorded / Registrado", "Contested / Impugnado"],
        [[each.n, _end(each.giver), _end(each.receiver), asked.said(each.happened_at), _why(each.reason, each.source),
          f"act / acto {each.act.number.number}", "yes / sí" if each.n in against else "no"] for each in live],
        widths=[9, 20, 20, 18, 17, 12, 13], none="Nothing is recorded. / No consta nada.",
    )  # fmt: skip


def _stays(live: Sequence[Entry], asked: Asked) -> Iterator[str]:
    """Each presence from coming in to leaving, whichever sites it led to."""
    began = None
    for each in live:
        is_out = each.receiver.kind == Holder.Kind.OUTSIDE
        if began is None and not is_out:
            began = each.happened_at
        elif began is not None and is_out:
            yield f"{asked.said(began)} – {asked.said(each.happened_at)}"
            began = None
    if began is not None:
        yield f"{asked.said(began)} – (today / hoy)"


def _property(thing: Thing, asked: Asked) -> Block:
    """Each bag with what is in it, when it was taken in and when it was handed back, by what was stated by then."""
    stated = BagStated.objects.filter(at__lte=asked.at, act__number__number__lte=asked.known_at)
    lines: list[list[Said]] = []
    for bag in Bag.objects.filter(bags.of([thing])).select_related("thing").order_by("thing__tag"):
        states = list(stated.filter(bag=bag).select_related("person").order_by("pk"))
        if not states:
            continue
        found = bags.contents_of(states)
        back = next((each for each in reversed(states) if each.how == BagStated.How.HANDED_BACK), None)
        seal = next((each.seal for each in reversed(states) if each.how != BagStated.How.HANDED_BACK), "")
        lines.append([
            bag.thing.tag, KINDS[bag.kind], NOT_SHOWN if found is None else "; ".join(found.said), seal or "none / ninguno",
            asked.said(states[0].at), asked.said(back.at) if back else "not handed back / no devuelto",
        ])  # fmt: skip
    return table(
        ["Tag / Etiqueta", "Kind / Tipo", "Contents / Contenido", "Seal / Precinto", "Taken in / Recibido", "Handed back / Devuelto"],
        lines,
        widths=[13, 20, 32, 14, 20, 22], none="No property is recorded. / No constan pertenencias.",
    )  # fmt: skip


def _owed(thing: Thing, asked: Asked) -> Iterator[Block]:
    found = person_clocks([thing.pk], now=asked.at, known_at=asked.known_at, latest_only=True)[thing.pk]
    clocks = [clock for clock, *_ in in_order(found.clocks) if clock.is_open]
    yield table(
        ["What / Qué", "By / Para", "State / Estado", "Rule / Norma"], [_clock(clock, asked) for clock in clocks], widths=[44, 22, 18, 26],
        none="Nothing is owed by a clock now. / No hay plazos pendientes ahora.",
    )  # fmt: skip
    if clocks:
        yield words(
            "The rules are named in English, as their texts are. / Las normas se nombran en inglés, como sus textos."
        )
    if merged := [each.tag for each in with_duplicates(thing) if each.pk != thing.pk]:
        yield words(f"Also recorded under / También registrado como: {', '.join(merged)}.")


def _clock(clock: Clock, asked: Asked) -> list[Said]:
    due = asked.said(clock.due_at) if clock.due_at else "no set time / sin hora fija"
    return [clock.rule.name, due, STATES.get(clock.state, clock.state), f"{clock.rule.pack} {clock.rule.id}"]
