"""The receipt of a deposit of property after G-589, with the checks for baggage after I-77.

It names the person by tag, and whoever recorded or stood for a bag by the number of the act. Source: forms.md, G-589 and I-77, mark S.
"""

from __future__ import annotations

from collections.abc import Iterator

from muster.custody import bags
from muster.custody.models import Bag, BagStated, BagWitnessed, PropertyReceipt
from muster.documents.forms import G_589, I_77
from muster.documents.sheets import Block, Said, Sheet, blanks, fields, heading, table, words
from muster.missions.models import Mission
from muster.picture.papers.asked import Asked

IN_FILE = "in the agency's file"
DISPOSED = "disposed of with what else was personal"


def sheet(row: PropertyReceipt, asked: Asked) -> Sheet:
    """The receipt, and what of it had been handed back, as of a moment and as known at an act."""
    return Sheet(
        title=f"Property receipt {row.number}, {row.site.name}", about=f"{row.person.tag}", form=G_589, as_of=asked.at,
        exercise=_is_drill(row), standing=asked.standing(f"Receipt {row.number} of {row.site_id}"), blocks=tuple(_blocks(row, asked)),
    )  # fmt: skip


def _is_drill(row: PropertyReceipt) -> bool:
    """Whether the person was held under an exercise when the property was taken in."""
    entry = row.person.entries.exclude(mission="").filter(happened_at__lte=row.at).order_by("-n").first()
    return entry is not None and Mission.objects.filter(pk=entry.mission, drill=True).exists()


def _stated(row: PropertyReceipt, asked: Asked) -> list[BagStated]:
    """What was stated of the bags of the receipt by then, the earliest first."""
    known = BagStated.objects.filter(act__number__number__lte=asked.known_at, at__lte=asked.at)
    of_it = known.filter(bag__in=row.lines.values("bag")).select_related(
        "bag__thing", "act__number", "person", "site"
    )
    return list(of_it.order_by("id"))


def _blocks(row: PropertyReceipt, asked: Asked) -> Iterator[Block]:
    stated = _stated(row, asked)
    undone = [each for each in stated if each.receipt_id == row.pk and each.how == BagStated.How.UNDONE]
    lines = [each for each in stated if each.receipt_id == row.pk and each not in undone]
    yield fields(
        ("Facility", row.site.name), ("Receipt number", row.number), ("Date and time", asked.said(row.at)), ("Person", row.person.tag),
        ("Name", IN_FILE), ("Agency's number", IN_FILE), columns=3,
    )  # fmt: skip
    yield heading("Taken in")
    yield table(
        ["Tag", "Kind", "Currency and amount, or description", "Seal", "Place", "First officer", "Second officer"],
        [[each.bag.thing.tag, each.bag.get_kind_display(), _contents(each, stated), each.seal or "none", each.place, _act(each),
          _second(each, asked)] for each in lines],
        widths=[13, 14, 36, 11, 12, 12, 16], none="Nothing had been taken in by then.",
    )  # fmt: skip
    if undone:
        named = ", ".join(f"{each.bag.thing.tag} ({_act(each)})" for each in undone)
        yield words(f"Taken in by mistake, and undone: {named}. This receipt stands for nothing of it.")
    if anew := [each for each in stated if each.how == BagStated.How.SEALED_ANEW and each.at >= row.at]:
        yield heading("Seals changed or broken")
        yield table(
            ["Tag", "New seal", "When", "Why", "First officer", "Second officer"],
            [[each.bag.thing.tag, each.seal or "broken", asked.said(each.at), each.reason, _act(each), _second(each, asked)]
             for each in anew],
            widths=[13, 12, 20, 29, 12, 16],
        )  # fmt: skip
    yield heading("Signed when it was taken in")
    yield blanks("Owner", "First officer", "Second officer", columns=3)
    yield heading("Handed back")
    back = [each for each in stated if each.how == BagStated.How.HANDED_BACK and each.at >= row.at]
    yield table(
        ["Tag", "When", "Against", "First officer", "Second officer"],
        [[each.bag.thing.tag, asked.said(each.at), each.paper, _act(each), _second(each, asked)] for each in back],
        widths=[15, 25, 30, 14, 18], none="Nothing had been handed back by then.",
    )  # fmt: skip
    yield words("I have received all that stands above, or what is missing is noted here:")
    yield blanks("What is missing or not as it was", "Owner, signature on return", "Date and time", columns=3)
    if large := [each for each in lines if each.bag.kind == Bag.Kind.BAGGAGE]:
        yield heading("Baggage checks")
        yield words(I_77.said)
        for each in large:
            yield heading(f"Check {each.bag.thing.tag}: to be cut apart", level=3)
            for part in ("Bag", "Form", "Owner"):
                yield fields(
                    (f"{part} part, serial number", each.bag.thing.tag), ("Person", row.person.tag), ("Date", asked.said(each.at)),
                    ("Receipt", f"{row.number} of {row.site_id}"), columns=4,
                )  # fmt: skip


def _contents(line: BagStated, stated: list[BagStated]) -> Said:
    found = bags.contents_of([each for each in stated if each.bag_id == line.bag_id and each.pk <= line.pk])
    return DISPOSED if found is None else "; ".join(found.said)


def _act(each: BagStated) -> str:
    return f"act {each.act.number.number}"


def _second(each: BagStated, asked: Asked) -> str:
    if not each.needs_second:
        return "not needed"
    found = (
        BagWitnessed.objects.filter(stated=each, act__number__number__lte=asked.known_at)
        .select_related("act__number")
        .first()
    )
    return f"act {found.act.number.number}" if found else "still to stand for it"
