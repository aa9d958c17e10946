"""What the record answers at the command line: counts, pictures, limits, judgements and histories."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from muster.cli.answers import (
    SOMETHING_WRONG,
    AtThere,
    Data,
    Json,
    KnownAt,
    acting,
    command,
    open_record,
    show,
    table,
)


class By(StrEnum):
    """What persons are counted by."""

    HOLDER = "holder"
    MISSION = "mission"
    STATE = "state"


@command
def census(
    at: Annotated[str, typer.Option(help="A moment, or a day: its end at the site.")],
    site: Annotated[str | None, typer.Option(help="One site; all without it.")] = None,
    known_at: KnownAt = None,
    by: Annotated[By | None, typer.Option(help="Of the whole record, instead of by site.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Count the persons at sites as of a moment, as known at an act's number; or by holder, mission or state."""
    open_record(data)
    from muster.actions import storable
    from muster.custody.queries import census_of, totals_of
    from muster.database import when_down

    if by is not None:
        with when_down(), storable():
            told = totals_of(at, by=by.value, sites=None if site is None else [site], known_at=known_at)
        counts = [[entry["name"] or "(none)", f"{entry['count']:,}"] for entry in told["totals"]]
        counts.append(["in all", f"{told['total']:,}"])
        said = f"As of {told['at']}, known at act {told['known_at']}"
        show(told, as_json=as_json, text=lambda: f"{said}\n{table([by.value, 'persons'], counts)}")
        return
    with when_down(), storable():
        found = census_of(at, site=site, known_at=known_at)
    rows = [[entry["site"], f"{entry['count']:,}"] for entry in found["sites"]] + [
        ["in all", f"{found['total']:,}"]
    ]
    heading = f"As of {found['at']}, known at act {found['known_at']}"
    show(found, as_json=as_json, text=lambda: f"{heading}\n{table(['site', 'persons'], rows)}")


@command
def counts(
    on: Annotated[str, typer.Option(help="The day, such as 2023-03-01.")],
    site: Annotated[str | None, typer.Option(help="One site; all without it.")] = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """An agency's two counts of a day beside one another and the record, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.actions import storable
    from muster.custody.agency_counts import compared_told
    from muster.database import when_down
    from muster.ledger.queries import known

    with when_down(), storable():
        found = compared_told(acting(), on, site=site, known_at=None if known_at is None else known(known_at))
    rows = [
        [each["site"], *(f"{each[name]:,}" for name in ("any_time", "midnight", "apart")),
         "not recorded" if each["ours"] is None else f"{each['ours']:,}"]
        for each in found["counts"]
    ]  # fmt: skip
    rows.append(
        [
            "in all",
            f"{found['any_time']:,}",
            f"{found['midnight']:,}",
            f"{found['any_time'] - found['midnight']:,}",
            "",
        ]
    )
    heading = f"As an agency counted {found['day']}, known at act {found['known_at']}"
    columns = ["site", "at any time", "at midnight", "apart", "the record"]
    show(found, as_json=as_json, text=lambda: f"{heading}\n{table(columns, rows)}")


@command
def picture(
    at: Annotated[str, typer.Option(help="A moment, or a day: its end where the decision counts its days.")],
    mission: Annotated[str | None, typer.Option(help="One mission; all without it.")] = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Every figure of a mission as of a moment, as known at an act's number, and where each comes from."""
    open_record(data)
    from muster.actions import storable
    from muster.database import when_down
    from muster.picture.queries import picture_of, pictures_of

    with when_down(), storable():
        found = pictures_of(at, known_at) if mission is None else picture_of(mission, at, known_at)
    told = [found] if mission is not None else found["missions"]
    pictures = "\n\n".join(map(_pictured, told)) or "No mission was open by then."
    show(found, as_json=as_json, text=lambda: pictures)


def _pictured(found: dict[str, Any]) -> str:
    heading = f"Mission {found['mission']}, as of {found['at']}, known at act {found['known_at']}"
    rows = [[f["label"], f["place"], f["said"] if f["shown"] else f"({f['said']})", f["as_of"], f["source"]]
            for f in found["figures"]]  # fmt: skip
    beside = any(not figure["shown"] for figure in found["figures"])
    notes = ["In parentheses: a claim that stands beside the one shown."] if beside else []
    return "\n".join([heading, table(["what", "place", "number", "as of", "source"], rows), *notes])


@command
def taskable(
    decision: str,
    at: AtThere = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Which task categories may be tasked under a decision, and which layer and rule stop the others."""
    open_record(data)
    from muster.actions import storable
    from muster.database import when_down
    from muster.decisions.queries import named
    from muster.tasks.taskable import taskable_of

    with when_down(), storable():
        found = taskable_of(named(decision), at, known_at)
    rows = [
        [each["task"], each["name"], each["finding"].replace("_", " "), each["layer"], each["rule"]]
        for each in found["tasks"]
    ]
    heading = f"Under {decision}, as of {found['at']}, known at act {found['known_at']}"
    columns = ["task", "what", "finding", "layer", "rule"]
    show(found, as_json=as_json, text=lambda: f"{heading}\n{table(columns, rows)}")


@command
def used(
    decision: str,
    at: AtThere = None,
    known_at: KnownAt = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """How much of a decision's limits is used. Exit status 1 if more is used than is allowed."""
    open_record(data)
    from muster.actions import storable
    from muster.database import when_down
    from muster.decisions.queries import named
    from muster.tasks.usage import usage_of

    with when_down(), storable():
        usage = usage_of(named(decision), at, known_at)
    found = usage.to_json()
    rows = [
        [each.limit, each.of, *map(each.said, (each.used, each.peak, each.allowed)), each.says]
        for each in usage.limits
    ]
    heading = f"Under {decision}, as of {found['at']}, known at act {found['known_at']}"
    columns = ["limit", "of", "used then", "most from then on", "allowed", ""]
    show(found, as_json=as_json, text=lambda: f"{heading}\n{table(columns, rows)}")
    if any(each.used > each.allowed for each in usage.limits):
        raise typer.Exit(SOMETHING_WRONG)


@command
def judge(
    act: Annotated[str, typer.Argument(help="The act's number, or its UUID.")],
    known_at: Annotated[
        str | None, typer.Option("--known-at", help="An act's number, or a moment; the latest without it.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Whether an act stood inside the limits in force and known at its minute. Exit status 1 if it stood outside."""
    open_record(data)
    from muster.actions import storable
    from muster.database import when_down
    from muster.ledger.queries import known
    from muster.picture import judging

    with when_down(), storable():
        found = judging.judged_of(judging.judge(act, known(known_at)))
    show(found, as_json=as_json, text=lambda: _judged(found))
    if found["then"] and not found["then"]["inside"]:
        raise typer.Exit(SOMETHING_WRONG)


def _judged(found: dict[str, Any]) -> str:
    name = found["act"] or f"{found['id']} (waits for its number)"
    lines = [f"Act {name}, {found['name']}, by {found['by']}: {found['words']}"]
    if under := found["under"]:
        lines.append(
            f'Under {under["decision"]}, version {under["version"] or "none"}: "{under["sentence"]}"'
        )
    for words, reading in (("As it was known then", found["then"]), ("As it is known", found["now"])):
        if reading is None or (reading is found["now"] and not found["differs"]):
            continue
        rows = [
            [
                each["verdict"].replace("_", " "),
                each["taken"],
                each["allowed"],
                each["sentence"],
                each["what"],
            ]
            for each in reading["clauses"]
        ]
        heading = f"{words} (act {reading['known_at']}), under {found['decision']}, version {reading['version'] or 'none'}"
        lines += ["", heading, table(["", "taken", "allowed", "the decision says", "why"], rows)]
    return "\n".join(lines)


@command
def history(tag: str, data: Data = None, as_json: Json = False) -> None:
    """Everything the ledger has about one thing, in the order in which it was written."""
    open_record(data)
    from muster.core.tags import parse_tag
    from muster.database import when_down
    from muster.ledger import queries
    from muster.picture.under import with_clauses

    with when_down():
        found = with_clauses(queries.history(parse_tag(tag)))
    columns = ["n", "kind", "giver", "receiver", "happened_at", "known_at", "reason"]
    rows = [
        ["" if entry[name] is None else str(entry[name]) for name in columns] for entry in found["entries"]
    ]
    show(found, as_json=as_json, text=lambda: f"{found['tag']} ({found['kind']})\n{table(columns, rows)}")
