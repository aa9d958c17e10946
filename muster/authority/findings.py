"""What is found about a line of a request: the finding, the rule on which it rests, and what each layer said before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, NamedTuple

Verdict = Literal["permitted", "conditional", "needs_counsel", "prohibited"]


STRICTNESS: tuple[Verdict, ...] = ("permitted", "conditional", "needs_counsel", "prohibited")


LayerName = Literal["law", "federal order", "governor's decision", "request scope", "site rule"]


LAYERS: tuple[LayerName, ...] = ("law", "federal order", "governor's decision", "request scope", "site rule")


Mark = Literal["C", "S", "GK"]  # read in a primary text; in a secondary source only; general knowledge


Facts = Mapping[str, bool | date]


@dataclass(frozen=True, kw_only=True)
class Quote:
    """The words of a law on which a rule rests, exactly as they stand in the text that was read."""

    text: str  # id of the text in its pack
    citation: str
    exact: str

    def to_json(self) -> dict[str, str]:
        """Give the quotation as data."""
        return {"text": self.text, "citation": self.citation, "exact": self.exact}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The pack from which a rule comes, and who stands for it."""

    pack: str  # id and version
    signed: str  # the office that signed and the day, or "unsigned"


@dataclass(frozen=True, kw_only=True)
class Basis:
    """The rule on which a finding rests."""

    rule: str
    citation: str
    verified: bool
    words: str
    mark: Mark | None = None  # None: not of a pack, but a decision's or a request's own words
    unverified: str = ""  # the part that is weaker than the mark
    quotes: tuple[Quote, ...] = ()
    rests_on: tuple[str, ...] = ()  # ids of the rules whose quotations stand beside it too
    origin: Origin | None = field(default=None, compare=False)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found about one line, what decided it, and what would change it: a note in the margin."""

    line: int
    task: str
    finding: Verdict
    layer: LayerName
    rule: str
    citation: str
    verified: bool  # read in a primary text, and no part of it is from memory
    words: str
    conditions: tuple[str, ...] = ()  # what must hold, each with the facts it hangs on
    mark: Mark | None = None
    unverified: str = ""
    pack: str = ""  # id and version; empty: no rule of a pack decided
    signed: str = ""  # who signed that pack and when, or "unsigned"
    quotes: tuple[Quote, ...] = ()
    asks: tuple[str, ...] = ()  # facts that nobody stated and on which it hangs
    changes: tuple[str, ...] = ()  # what would change it, in sentences

    def to_json(self) -> dict[str, Any]:
        """Give the finding as `muster check --json` prints it."""
        return {
            "line": self.line,
            "task": self.task,
            "finding": self.finding,
            "layer": self.layer,
            "rule": self.rule,
            "citation": self.citation,
            "verified": self.verified,
            "words": self.words,
            "conditions": list(self.conditions),
            "mark": self.mark or "",
            "unverified": self.unverified,
            "pack": self.pack,
            "signed": self.signed,
            "quotes": [quote.to_json() for quote in self.quotes],
            "asks": list(self.asks),
            "changes": list(self.changes),
        }


MILDNESS = {verdict: -n for n, verdict in enumerate(STRICTNESS)}


DEPTH = {layer: n for n, layer in enumerate(LAYERS)}


class Said(NamedTuple):
    """What one layer says of one line; `order` ranks rules inside the layer, the lowest first."""

    verdict: Verdict
    layer: LayerName
    order: int
    basis: Basis
    conditions: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def rank(self) -> tuple[int, int, int, str, str, str]:
        """The lowest decides: the strictest, of two the layer named first, and then whatever their order."""
        basis = self.basis
        return (
            MILDNESS[self.verdict],
            DEPTH[self.layer],
            self.order,
            basis.rule,
            basis.citation,
            basis.words,
        )
