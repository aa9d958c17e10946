"""`muster costs`: what a mission cost, and the package for reimbursement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.cli.answers import Data, Json, KnownAt, NoSuchKind, command, open_record, show, table
from muster.core.files import write_text


@command
def costs(
    mission: Annotated[str, typer.Argument(help="The id of the mission.")],
    out: Annotated[
        Path | None, typer.Option(help="Write the package for reimbursement into this file: .csv or .json.")
    ] = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """What a mission cost, line by line, and what its package for reimbursement lacks. For whoever runs the server."""
    if out is not None and out.suffix not in (".csv", ".json"):
        raise NoSuchKind(path=out, kinds=(".csv", ".json"))
    open_record(data)
    from django.utils import timezone

    from muster.actions import storable
    from muster.database import when_down
    from muster.ledger.queries import known
    from muster.missions.queries import named
    from muster.picture.reimbursement import as_csv, as_data, package_of

    with when_down(), storable():
        package = package_of(named(mission), timezone.now(), known(known_at))
        told = as_data(package)
    if out is not None:
        write_text(out, as_csv(package) if out.suffix == ".csv" else json.dumps(told, indent=2) + "\n")
    show(told, as_json=as_json, text=lambda: _told(told))


def _told(package: dict[str, Any]) -> str:
    heading = f"Costs of {package['mission']}, known at act {package['known_at']}"
    who = f"Paid back by {package['agency']} under {package['authority'] or 'an authority that is not recorded'}"
    rows = [
        [each["stage"], each["kind"] or "in all", each["said"], " ".join(each["lines"])]
        for each in package["totals"]
    ]
    cap = package["cap"]
    used = [f"{cap['per_cent']}% of the cost cap is used: {cap['sentence']}"] if cap else []
    lacks = [f"  missing: {each['line'] or 'the package'}: {each['words']}" for each in package["missing"]]
    return "\n".join([heading, who, table(["stage", "kind", "amount", "lines"], rows), *used, *lacks])
