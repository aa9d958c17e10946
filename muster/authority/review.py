"""The six criteria by which a request is reviewed, who judged each and on what, and which of them nobody judged.

Source: DoDD 3025.18 paragraph 4 (read as former 32 CFR 185.4(d)-(e), which left the CFR in 2018), in the regulation's order. What each
criterion is about was read there; the wording of the questions is general knowledge.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from muster.core.errors import MusterError

Name = Literal["legality", "lethality", "risk", "cost", "appropriateness", "readiness"]
Colour = Literal["green", "amber", "red", "unjudged"]
COLOURS: tuple[Colour, ...] = get_args(Colour)
CITATION = "DoDD 3025.18 paragraph 4 (read as former 32 CFR 185.4(d)-(e))"


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One of the six: what it is about, what is asked, and what is kept as evidence of the answer."""

    name: Name
    about: str
    questions: tuple[str, ...]
    evidence: str
    mark: str  # of what it is about: C read in the former regulation; GK general knowledge


CRITERIA: Mapping[Name, Criterion] = {
    each.name: each
    for each in (
        Criterion(
            name="legality",
            about="Compliance with laws",
            questions=(
                "In which duty status, and which statute for each task?",
                "The Posse Comitatus Act, and state law?",
                "Privacy: the Privacy Act and the system notices?",
                "Rules for the use of force?",
            ),
            evidence="Legal review memorandum; the assessment of tasks by duty status",
            mark="C",
        ),
        Criterion(
            name="lethality",
            about="Potential use of lethal force by or against the force",
            questions=(
                "Armed or not, and by whose authority?",
                "Which rules for the use of force?",
                "Who may be encountered?",
            ),
            evidence="Arming order; version of the card with the rules for the use of force",
            mark="C",
        ),
        Criterion(
            name="risk",
            about="Safety of the force",
            questions=(
                "Disease, contact with persons in custody, driving, crowds?",
                "What lessens each: training, insurance, immunization?",
            ),
            evidence="Risk assessment (DD Form 2977, general knowledge)",
            mark="C",
        ),
        Criterion(
            name="cost",
            about="Source of funding and effect on the budget",
            questions=(
                "Who pays, by which authority: Economy Act, 10 USC 277(b), Stafford Act, waiver?",
                "What is estimated, and up to which ceiling?",
                "Which fund citation, and from when are costs tracked?",
            ),
            evidence="Signed reimbursement agreement; lines of the estimate; actual costs",
            mark="C",
        ),
        Criterion(
            name="appropriateness",
            about="Whether providing the support is in the interest of the Department",
            questions=(
                "Why the Guard, and not civilian staff, a contract or local mutual aid?",
                "Is the task within what was asked for?",
                "How will the public see it?",
            ),
            evidence="The alternatives that were considered; the statement of need",
            mark="GK",
        ),
        Criterion(
            name="readiness",
            about="Effect on the ability to perform other primary missions",
            questions=(
                "Who, how many and for how long?",
                "Which training is lost (10 USC 276, 32 USC 904(d))?",
            ),
            evidence="Availability of the units; dates of their other missions",
            mark="GK",
        ),
    )
}


class RationaleNeeded(MusterError):
    """A judgement says why; leaving a criterion unjudged says why too."""

    code = "authority.rationale_needed"

    def __init__(self, *, criterion: str) -> None:
        self.criterion = criterion
        super().__init__(f"Say why {criterion} is judged so, or why it is left unjudged.")


class LegalityRed(MusterError):
    """The review finds the request unlawful: nothing of it can be allowed while that stands."""

    code = "authority.legality_red"
    status = 409

    def __init__(self, *, request: str, rationale: str, assessor: str) -> None:
        self.request, self.rationale, self.assessor = request, rationale, assessor
        super().__init__(
            f'The review of {request} judges its legality red: "{rationale}" ({assessor}). Decline or refer it, or ask the assessor '
            "to judge legality again."
        )


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What one assessor judged of one criterion."""

    criterion: Name
    colour: Colour
    rationale: str
    evidence: tuple[str, ...]  # references: ids of documents, names of orders and memoranda
    assessor: str
    judged_at: datetime
    version: int  # of the request that was judged

    def __post_init__(self) -> None:
        """Raises RationaleNeeded."""
        if not self.rationale.strip():
            raise RationaleNeeded(criterion=self.criterion)


@dataclass(frozen=True, kw_only=True)
class Review:
    """The six criteria together: of each the latest judgement, and what was left open said out loud."""

    latest: Mapping[Name, Judgement]
    version: int  # of the request as it stands

    @property
    def not_judged(self) -> tuple[Name, ...]:
        """The criteria that nobody judged, and those that an assessor left unjudged, in the regulation's order."""
        return tuple(name for name in CRITERIA if self._colour(name) == "unjudged")

    @property
    def without_evidence(self) -> tuple[Name, ...]:
        """The criteria that were judged with nothing to show for it."""
        return tuple(
            name
            for name, said in self.latest.items()
            if said.colour != "unjudged" and not any(each.strip() for each in said.evidence)
        )

    @property
    def outdated(self) -> tuple[Name, ...]:
        """The criteria that were judged of an earlier version of the request."""
        return tuple(name for name, said in self.latest.items() if said.version != self.version)

    @property
    def blocks(self) -> bool:
        """Whether it bars every approval: a red legality does."""
        return self._colour("legality") == "red"

    @property
    def escalates(self) -> tuple[Name, ...]:
        """What the one who decides must see first: red and amber, but for a red legality, which blocks."""
        return tuple(
            name
            for name in CRITERIA
            if self._colour(name) in ("red", "amber") and not (name == "legality" and self.blocks)
        )

    def _colour(self, name: Name) -> Colour:
        said = self.latest.get(name)
        return said.colour if said else "unjudged"

    def in_words(self) -> str:
        """One sentence that says first what was left open."""
        said = []
        if self.not_judged:
            said.append(f"Not judged: {_listed(self.not_judged)}")
        if self.without_evidence:
            said.append(f"judged without evidence: {_listed(self.without_evidence)}")
        if self.outdated:
            said.append(f"judged of an earlier version: {_listed(self.outdated)}")
        whole = "; ".join(said)
        return f"{whole[:1].upper()}{whole[1:]}." if said else "All six criteria are judged, with evidence."


def _listed(names: Sequence[Name]) -> str:
    return ", ".join(names)


def reviewed(judgements: Iterable[Judgement], *, version: int) -> Review:
    """The review that the judgements make up, given in the order in which they were recorded: of two the later one counts."""
    latest = {said.criterion: said for said in judgements}
    return Review(latest={name: latest[name] for name in CRITERIA if name in latest}, version=version)


def check_legality(review: Review, *, request: str) -> None:
    """Check that the review bars no approval. Raises LegalityRed."""
    if review.blocks:
        said = review.latest["legality"]
        raise LegalityRed(request=request, rationale=said.rationale, assessor=said.assessor)
