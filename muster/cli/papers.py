"""`muster paper`: what is printed of the record. `muster order`: a decision's order for programs, or on paper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.cli.answers import AtThere, Data, Json, KnownAt, NoSuchKind, command, open_record, show
from muster.core.files import write_bytes, write_text


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
        raise NoSuchKind(path=out, kinds=(".pdf", ".json"))
    open_record(data)
    from django.conf import settings

    from muster.actions import storable
    from muster.database import when_down
    from muster.decisions.orders import order_of
    from muster.decisions.queries import named
    from muster.documents.order import order_sheet

    with when_down(), storable():
        told = order_of(named(decision), at, known_at)
    if out is not None and out.suffix == ".pdf":
        write_bytes(out, order_sheet(told).pdf(demonstration=settings.CONFIG.demonstration))
    elif out is not None:
        write_text(out, json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    show(told, as_json=as_json, text=lambda: _told(told))


def _told(order: dict[str, Any]) -> str:
    heading = f"Decision {order['decision']}, as of {order['as_of']}, known at act {order['known_at']}"
    sentences = [f"  {sentence}" for sentence in order["in_force"]["sentences"]] or ["  It allows nothing."]
    return "\n".join([heading, *sentences, f"SHA-256 {order['sha256']}"])


@command
def paper(
    kind: Annotated[
        str,
        typer.Argument(
            help="ics204 of a mission or task; ics211, ics221, brief or reimbursement of a mission; worksheet, rrf, ics213rr or req-a "
            "of a request; order of a decision; slip, checklist or registration of a person; property of a receipt; handover of "
            "a handover; i216 of a trip or handover; i203 of an act of receiving or releasing; count of a headcount; record of a "
            "giving of a person's own record; kit, hourly or log of a site, log of a task; labels of SITE:NUMBER or "
            "SITE:TAG,TAG."
        ),
    ],
    record: Annotated[
        str,
        typer.Argument(help="The id of the record that it is of; of a person the tag, of an act the number."),
    ],
    out: Annotated[
        Path, typer.Option(help="Write the paper into this file: .pdf, or .csv for ics211 and ics221.")
    ],
    begins: Annotated[
        str | None,
        typer.Option("--from", help="Where the paper has a period: its first moment, or its first day."),
    ] = None,
    ends: Annotated[str | None, typer.Option("--to", help="Its latest moment, or its last day.")] = None,
    at: AtThere = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Print a paper of the record as PDF. For whoever runs the server."""
    open_record(data)
    from django.conf import settings

    from muster.actions import storable
    from muster.database import when_down
    from muster.picture.papers import Reach, csv_of, paper_of, sheet_of

    asked = {"at": at, "known_at": known_at, "begins": begins, "ends": ends}
    with when_down(), storable():
        found = paper_of(kind)
        kinds = (".pdf",) if found.table is None else (".pdf", ".csv")
        if out.suffix not in kinds:
            raise NoSuchKind(path=out, kinds=kinds)
        printed = sheet_of(found, record, Reach(), **asked)
        text = csv_of(found, record, Reach(), **asked) if out.suffix == ".csv" else ""
    if text:
        write_text(out, text)
    else:
        write_bytes(out, printed.pdf(demonstration=settings.CONFIG.demonstration))
    told = {
        "paper": kind,
        "of": record,
        "title": printed.title,
        "standing": printed.standing,
        "file": str(out),
    }
    show(told, as_json=as_json, text=lambda: f"{printed.title}, written to {out}")
