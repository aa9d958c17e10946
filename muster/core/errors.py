"""The base of every refusal: a stable code, the facts, and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

NOT_ANSWERING = (
    "The record does not answer just now. Nothing was kept. Try again in a minute; "
    "an administrator finds in the server's log why."
)


class MusterError(Exception):
    """Something was refused, or cannot be done, and the person who asked can read why.

    `code` is public and stable: "step.snake_case". `status` is the HTTP status of the answer.
    """

    code: str = "core.refused"
    status: int = 422

    @property
    def abroad(self) -> str:
        """The sentence for a reader on the other side of a network: what the machine says of itself (paths, addresses) stays here."""
        return NOT_ANSWERING if self.status == 503 else str(self)

    @property
    def recorded(self) -> str:
        """The sentence that the record keeps of it, which many may read; one that names persons to its reader alone says less here."""
        return str(self)


class NotFound(MusterError):
    """There is no such record, or it is not for this reader: both read alike."""

    code = "core.not_found"
    status = 404

    def __init__(self, *, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(
            f"There is no {kind} {name} that you may see. Check the spelling, or ask who keeps it."
        )


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input: where, what, and what to do. `row` counts from 1, the header being row 1."""

    row: int | None
    column: str | None
    code: str
    message: str

    def to_json(self) -> dict[str, object]:
        return asdict(self)


class FaultyInput(MusterError):
    """An input with faults, all of them listed; nothing of it was kept."""

    code = "core.faulty_input"
    status = 422

    def __init__(self, faults: Sequence[Fault], *, what: str = "The input") -> None:
        self.faults = list(faults)
        count = len(self.faults)
        first = self.faults[0].message if self.faults else ""
        super().__init__(
            f"{what} has {count} fault{'s' if count != 1 else ''} and nothing of it was kept. {first}"
        )


class FaultyFile(FaultyInput):
    """A file with faults, by row and column."""

    code = "core.faulty_file"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults, what="The file")
