"""May this be given, in which duty status, by which rule: one finding for each line of a request.

Several layers have a say, each only to narrow: the law, a federal order, the governor's decision, the scope
of the request, and a site's own rule. The strictest finding wins; of two equally strict ones, the layer
named first.
"""

from collections.abc import Sequence
from datetime import date

from muster.assistance.rules import Line, Request
from muster.authority.applying import asked_of, law_says
from muster.authority.findings import MILDNESS, Facts, Finding, Said
from muster.authority.law import Law
from muster.authority.limits import LimitLayer, has_a_say, limits_say, scope_says
from muster.core.errors import MusterError

Layer = Law | LimitLayer


class UnknownStatus(MusterError):
    """No rule pack holds that duty status."""

    code = "authority.unknown_status"

    def __init__(self, *, status: str, known: Sequence[str]) -> None:
        self.status_id, self.known = status, tuple(known)
        super().__init__(f"{status[:40]!r} is not a duty status. Write one of: {', '.join(known)}.")


def assess(
    request: Request, status: str, on_date: date, layers: Sequence[Layer], facts: Facts
) -> tuple[Finding, ...]:
    """Find for each line whether it may be given, in the order of the lines.

    `status` is the id of a duty status; `facts` says what is known, by fact: a fact that is missing leaves
    its condition open, which is *conditional*; one known to be false breaks it, which is *prohibited*. In
    which order the layers come does not matter.

    Raises UnknownStatus.
    """
    laws = [layer for layer in layers if isinstance(layer, Law)]
    limits = [layer for layer in layers if isinstance(layer, LimitLayer) and has_a_say(layer, on_date)]
    if len(limits) > 1:
        limits.sort(key=lambda layer: layer.place)
    if not any(status in law.statuses for law in laws):
        raise UnknownStatus(status=status, known=[name for law in laws for name in law.statuses])
    allowed = any(
        layer.name == "governor's decision" and layer.contact in ("incidental", "direct") for layer in limits
    )
    if allowed and "governor_allows_contact" not in facts:
        # A decision without contact does not make the law's own condition false: that refusal is the
        # governor's to give. One that was stated to be false stays so, for a layer only narrows.
        facts = {**facts, "governor_allows_contact": True}
    asked = [asked_of(law, request, status, on_date, facts) for law in laws]
    findings = []
    for line in request.lines:
        said: list[Said] = []
        for one in asked:
            said += law_says(one, line)
        for layer in limits:
            said += limits_say(layer, line, status, on_date, facts)
        said += scope_says(request, line, on_date)
        findings.append(_strictest(line, said))
    return tuple(findings)


def _strictest(line: Line, said: Sequence[Said]) -> Finding:
    strictness = min(MILDNESS[word.verdict] for word in said)
    strictest = [word for word in said if MILDNESS[word.verdict] == strictness]
    decides = strictest[0] if len(strictest) == 1 else min(strictest, key=lambda word: word.rank)
    basis, conditions, asks, changes = decides.basis, decides.conditions, decides.asks, decides.changes
    if decides.verdict == "prohibited":
        conditions = asks = ()
    elif len(said) > 1:
        conditions = tuple(dict.fromkeys([each for word in said for each in word.conditions]))
        asks = tuple(dict.fromkeys([each for word in said for each in word.asks]))
        changes = tuple(dict.fromkeys([each for word in (decides, *said) for each in word.changes]))
    if decides.verdict != "permitted":
        below = [word for word in said if word.layer != decides.layer and word.verdict != "permitted"]
        if below:
            changes = (*changes, _without(decides, min(below, key=lambda word: word.rank)))
    return Finding(
        line=line.n,
        task=line.task,
        finding=decides.verdict,
        layer=decides.layer,
        rule=basis.rule,
        citation=basis.citation,
        verified=basis.verified,
        words=basis.words,
        conditions=conditions,
        mark=basis.mark,
        unverified=basis.unverified,
        pack=basis.origin.pack if basis.origin else "",
        signed=basis.origin.signed if basis.origin else "",
        quotes=basis.quotes,
        asks=asks,
        changes=changes,
    )


def _without(decides: Said, next_one: Said) -> str:
    verdict = next_one.verdict.replace("_", " ")
    return f"Without the {decides.layer}, the {next_one.layer} would still say {verdict} ({next_one.basis.rule})."
