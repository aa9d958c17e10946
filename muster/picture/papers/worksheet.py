"""The review worksheet of a request on paper: the six criteria, who judged each, on what, and what was left unjudged."""

from __future__ import annotations

from collections.abc import Iterator

from muster.assistance import queries as assistance
from muster.assistance.models import Request
from muster.assistance.rules import read_kept
from muster.authority import queries as authority
from muster.authority.review import CITATION, CRITERIA, Criterion, Judgement, Review
from muster.documents.sheets import Block, Sheet, blanks, facts, fields, heading, items, table, words
from muster.picture.papers.asked import Asked


def sheet(row: Request, asked: Asked) -> Sheet:
    """The worksheet of a request, of its version by the moment asked for."""
    version = assistance.version_at(row, asked.at, asked.known_at)
    request, review = (
        read_kept(version.content),
        authority.review_of(row, version=version.n, known_at=asked.known_at),
    )
    return Sheet(
        title=f"Review worksheet: {request.title}", about=f"By the six criteria of {CITATION}.", as_of=asked.at,
        exercise=request.kind == "exercise", standing=asked.standing(f"Review of {row.pk}"),
        blocks=tuple(_blocks(row, review, asked)),
    )  # fmt: skip


def _blocks(row: Request, review: Review, asked: Asked) -> Iterator[Block]:
    yield fields(
        ("Request", f"{row.pk}, version {review.version}"), ("Asked by", row.requester), ("Office asked", row.asked.title),
        columns=3,
    )  # fmt: skip
    yield words(review.in_words(), strong=True)
    if review.blocks:
        yield words("Legality is judged red: nothing of the request can be allowed.", strong=True)
    if review.escalates:
        yield words(f"For the one who decides: {', '.join(review.escalates)}.", strong=True)
    yield table(
        ["Criterion", "Judged", "By", "When"],
        [_in_short(name, review.latest.get(name), asked) for name in CRITERIA],
        widths=[10, 12, 12, 12],
    )
    for name, criterion in CRITERIA.items():
        yield from _criterion(criterion, review.latest.get(name), review.version, asked)
    yield heading("Reviewed by")
    yield blanks("Name", "Title", "Signature", "Date", columns=4)


def _in_short(name: str, judged: Judgement | None, asked: Asked) -> list[str | None]:
    if judged is None:
        return [name.capitalize(), "not judged: nobody has", None, None]
    colour = "left unjudged" if judged.colour == "unjudged" else judged.colour
    return [name.capitalize(), colour, judged.assessor, asked.said(judged.judged_at)]


def _criterion(criterion: Criterion, judged: Judgement | None, version: int, asked: Asked) -> Iterator[Block]:
    yield heading(criterion.name.capitalize())
    mark = f"Mark {criterion.mark}: {'read in the former regulation' if criterion.mark == 'C' else 'general knowledge'}."
    yield words(f"{criterion.about}. {mark} To be held as evidence: {criterion.evidence}.")
    yield items(criterion.questions)
    if judged is None:
        yield words("Not judged: nobody has judged this criterion.", strong=True)
        return
    colour = "Left unjudged" if judged.colour == "unjudged" else judged.colour.capitalize()
    earlier = f"; version {version} stands now" if judged.version != version else ""
    yield facts(
        ("Judged", colour), ("Why", judged.rationale), ("By", f"{judged.assessor}, {asked.said(judged.judged_at)}"),
        ("Of", f"version {judged.version} of the request{earlier}"),
        ("Evidence", "; ".join(each for each in judged.evidence if each.strip()) or "none was named"),
    )  # fmt: skip
