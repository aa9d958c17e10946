"""`muster order`: a decision's order on paper, or for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.cli.answers import AtThere, Data, Json, KnownAt, command, open_record, show
from muster.core.errors import MusterError
from muster.core.files import write_bytes, write_text


class NoSuchPaper(MusterError):
    """The order is not written in that kind of file."""

    code = "cli.no_such_paper"

    def __init__(self, *, path: Path) -> None:
        super().__init__(f"The order is written as .pdf or .json, not as {path.name}. Name such a file.")


@command
def order(
    decision: Annotated[str, typer.Argument(help="The id of the decision.")],
    out: Annotated[Path | None, typer.Option(help="Write the order into this file: .pdf or .json.")] = None,
    at: AtThere = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """A decision's order: versions, limits, sentences, the findings seen, its hash. For whoever runs the server."""
    if out is not None and out.suffix not in (".pdf", ".json"):
        raise NoSuchPaper(path=out)
    open_record(data)
    from django.conf import settings

    from muster.actions import storable
    from muster.database import when_down
    from muster.decisions.orders import order_of
    from muster.decisions.queries import named
    from muster.documents.order import order_pdf

    with when_down(), storable():
        told = order_of(named(decision), at, known_at)
    if out is not None and out.suffix == ".pdf":
        write_bytes(out, order_pdf(told, demonstration=settings.CONFIG.demonstration))
    elif out is not None:
        write_text(out, json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    show(told, as_json=as_json, text=lambda: _told(told))


def _told(order: dict[str, Any]) -> str:
    heading = f"Decision {order['decision']}, as of {order['as_of']}, known at act {order['known_at']}"
    sentences = [f"  {sentence}" for sentence in order["in_force"]["sentences"]] or ["  It allows nothing."]
    return "\n".join([heading, *sentences, f"SHA-256 {order['sha256']}"])
