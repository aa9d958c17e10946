"""Passages: where in a text something stands, after the W3C text-quote selector. Plain Python.

Source: W3C Web Annotation Data Model, 2017, section 4.2.4: `exact` is the text itself, `prefix` and `suffix` what stands just
before and after it.
"""

from __future__ import annotations

from dataclasses import dataclass

from muster.core.errors import MusterError

AROUND = 32  # characters kept before and after


class PassageNotFound(MusterError):
    """The document does not hold the passage."""

    code = "assistance.passage_not_found"

    def __init__(self, *, exact: str) -> None:
        self.exact = exact
        super().__init__(
            f"{exact[:80]!r} does not stand in the document. Copy the passage as it stands there, spaces and all."
        )


class PassageNotUnique(MusterError):
    """The document holds the passage more than once."""

    code = "assistance.passage_not_unique"

    def __init__(self, *, exact: str, times: int) -> None:
        self.exact, self.times = exact, times
        super().__init__(
            f"{exact[:80]!r} stands {times} times in the document. Copy more of what stands around it."
        )


@dataclass(frozen=True)
class Passage:
    """A stretch of a text, with what stands around it."""

    exact: str
    prefix: str
    suffix: str


def passage_at(text: str, begin: int, end: int) -> Passage:
    """The passage from `begin` up to but not including `end`."""
    return Passage(text[begin:end], text[max(0, begin - AROUND) : begin], text[end : end + AROUND])


def places(text: str, passage: Passage) -> list[int]:
    """Where the passage begins, each place in which all of it and of what is around it stands."""
    whole = passage.prefix + passage.exact + passage.suffix
    found, at = list[int](), text.find(whole)
    while at >= 0:
        found.append(at + len(passage.prefix))
        at = text.find(whole, at + 1)
    return found


def find(text: str, exact: str, prefix: str = "", suffix: str = "") -> Passage:
    """The passage of a text that somebody copied out of it. Raises PassageNotFound, PassageNotUnique."""
    found = places(text, Passage(exact, prefix, suffix))
    if not exact.strip() or not found:
        raise PassageNotFound(exact=exact)
    if len(found) > 1:
        raise PassageNotUnique(exact=exact, times=len(found))
    return passage_at(text, found[0], found[0] + len(exact))


def marked(text: str, passages: list[Passage]) -> list[tuple[str, bool]]:
    """The text in pieces, in its order, each with whether a passage covers it. Overlapping passages are one piece."""
    covered = sorted((at, at + len(p.exact)) for p in passages for at in places(text, p)[:1])
    pieces, done = list[tuple[str, bool]](), 0
    for begin, end in covered:
        if end <= done:
            continue
        pieces += [(text[done : max(done, begin)], False), (text[max(done, begin) : end], True)]
        done = end
    return [piece for piece in [*pieces, (text[done:], False)] if piece[0]]
