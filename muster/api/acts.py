"""One POST for each registered action."""

from __future__ import annotations

from dataclasses import is_dataclass
from typing import Any, get_type_hints
from uuid import UUID

import pydantic
from django.http import HttpRequest, HttpResponse
from ninja import Header, Router

from muster.actions import ACTIONS, storable
from muster.api.problems import problem
from muster.api.signing_in import asking
from muster.core.errors import MusterError
from muster.record.action import Action

router = Router(tags=["acts"])
KEY: Any = Header(None, alias="Idempotency-Key")  # type: ignore[type-arg]  # a marker, whose type says nothing


class KeptAsReport(MusterError):
    """What was sent is written down, as a report, because it contradicts the record."""

    code = "record.kept_as_report"
    status = 409

    def __init__(self, *, report: UUID) -> None:
        self.report = report
        super().__init__(
            f"It contradicts the record and is kept as the report {report}. Nothing is lost; somebody has to settle it."
        )


def _serve(verb: Action[Any]) -> None:
    answers = get_type_hints(verb.work)["return"]
    assert is_dataclass(answers)  # the answers of all actions are
    title = verb.inputs.__name__
    done_model = pydantic.create_model(
        f"{title}Done", act=(UUID, ...), known_at=(int | None, ...), answer=(answers, ...)
    )

    def act(request: HttpRequest, body: Any, key: Any = None) -> HttpResponse | dict[str, Any]:
        inputs = {name: getattr(body, name) for name in type(body).model_fields}
        with storable():
            done = verb(actor=asking(request), key=key, **inputs)
        answer = {"act": done.act, "known_at": done.known_at, "answer": done.answer}
        report = getattr(done.answer, "report", None)
        if report is None:
            return answer
        told = {**answer, "answer": verb.answers.dump_python(done.answer, mode="json")}
        return problem(KeptAsReport(report=report), report=report, **told)

    act.__annotations__ |= {"body": verb.inputs, "key": UUID | None}  # what this verb takes, for the schema
    act.__defaults__ = (KEY,)
    step, _, name = verb.name.partition(".")
    router.post(
        f"/{step}/{name}", response=done_model, operation_id=verb.name.replace(".", "_"), summary=verb.name,
        description=(verb.work.__doc__ or "").strip(),
    )(act)  # fmt: skip


for _verb in ACTIONS.values():
    _serve(_verb)
