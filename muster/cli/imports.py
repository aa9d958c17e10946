"""`muster import` and `muster replay`: files taken in, checked as a whole and then written."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from muster.cli.answers import (
    SOMETHING_WRONG,
    Data,
    Json,
    acting,
    command,
    open_record,
    progress,
    show,
    table,
)

import_app = typer.Typer(help="Take a file in: checked as a whole, then written.", no_args_is_help=True)


# The options of every import.
Csv = Annotated[str, typer.Argument(help="A CSV file; - for standard input.")]


DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and plan; write nothing.")]


KeepGood = Annotated[
    bool,
    typer.Option(
        "--keep-good", help="Keep the good rows though others are faulty. Not for lists: a list is whole."
    ),
]


@import_app.command("rosters")
@command
def import_rosters(
    file: Csv,
    site: Annotated[str, typer.Option(help="The site's code; it is made, kept by list, when new.")],
    zone: Annotated[str, typer.Option(help="The site's time zone, such as America/New_York.")],
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take daily custody lists in, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.custody import lists
    from muster.database import when_down

    with when_down(), progress("Lists", quiet=as_json) as told:
        actor = acting()
        answer = lists.import_rosters(
            _sent(file),
            actor=actor,
            site=site,
            zone=zone,
            name=file,
            dry_run=dry_run,
            keep_good=keep_good,
            told=told,
        )
    show(answer, as_json=as_json, text=lambda: _imported(answer))


@import_app.command("claims")
@command
def import_claims(
    file: Csv, dry_run: DryRun = False, keep_good: KeepGood = False, data: Data = None, as_json: Json = False
) -> None:
    """Take published claims in, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.sources.importing import import_claims as take_in

    _import_rows(take_in, file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("facilities")
@command
def import_facilities(
    file: Csv, dry_run: DryRun = False, keep_good: KeepGood = False, data: Data = None, as_json: Json = False
) -> None:
    """Take sites in, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.sources.importing import import_facilities as take_in

    _import_rows(take_in, file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("transfers")
@command
def import_transfers(
    file: Csv,
    zone: Annotated[
        str, typer.Option(help="The zone in which the days of the file are, such as Pacific/Auckland.")
    ],
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take moves of persons whom the file does not name in, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.custody.transfers import import_transfers_of as take_in

    _import_rows(partial(take_in, zone=zone), file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("counts")
@command
def import_counts(
    file: Csv, dry_run: DryRun = False, keep_good: KeepGood = False, data: Data = None, as_json: Json = False
) -> None:
    """Keep an agency's daily counts of its sites, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.custody.agency_counts import import_counts_of as take_in

    _import_rows(take_in, file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("requests")
@command
def import_requests(
    file: Annotated[str, typer.Argument(help="A TOML, JSON, CSV or EDXL-RM file; - for standard input.")],
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take requests in as drafts, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.assistance.importing import import_requests as take_in

    _import_rows(take_in, file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("assignments")
@command
def import_assignments(
    file: Csv, dry_run: DryRun = False, keep_good: KeepGood = False, data: Data = None, as_json: Json = False
) -> None:
    """Take FEMA mission assignments in as requests, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.assistance.importing import import_assignments as take_in

    _import_rows(take_in, file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("costs")
@command
def import_costs(
    file: Csv,
    mission: Annotated[str, typer.Option(help="The id of the mission whose costs they are.")],
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take the cost lines of a mission in, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.costs.importing import import_costs as take_in

    _import_rows(partial(take_in, mission=mission), file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("members")
@command
def import_members(
    file: Csv,
    organisation: Annotated[str, typer.Option(help="The code of the organisation whose members they are.")],
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take the members of an organisation in, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.tasks.members import import_members as take_in

    _import_rows(
        partial(take_in, organisation=organisation), file, as_json, dry_run=dry_run, keep_good=keep_good
    )


@import_app.command("areas")
@command
def import_areas(
    file: Csv,
    site: Annotated[str, typer.Option(help="The code of the site whose areas they are.")],
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """State the areas of a site and what each holds, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.custody.areas import import_areas as take_in

    _import_rows(partial(take_in, site=site), file, as_json, dry_run=dry_run, keep_good=keep_good)


@import_app.command("shifts")
@command
def import_shifts(
    file: Csv,
    mission: Annotated[str, typer.Option(help="The id of the mission whose shifts they are.")],
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Plan the shifts of a file, each checked beside all others, as the user whose token is in MUSTER_TOKEN."""
    open_record(data)
    from muster.tasks.planning import import_shifts as take_in

    _import_rows(partial(take_in, mission=mission), file, as_json, dry_run=dry_run, keep_good=keep_good)


def _import_rows(
    take_in: Callable[..., dict[str, Any]], file: str, as_json: bool, *, dry_run: bool, keep_good: bool
) -> None:
    """Run one of the imports of rows. Exit status 1 where good rows were kept and faulty ones were not."""
    from muster.database import when_down

    with when_down():
        actor = acting()
        answer = take_in(_sent(file), actor=actor, name=file, dry_run=dry_run, keep_good=keep_good)
    show(answer, as_json=as_json, text=lambda: _imported(answer))
    if answer["refused"]:
        raise typer.Exit(SOMETHING_WRONG)


@command
def replay(
    file: Csv,
    zone: Annotated[
        str | None,
        typer.Option(help="The zone of times without an offset; without it that of the row's site."),
    ] = None,
    dry_run: DryRun = False,
    keep_good: KeepGood = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Take custody events in, as the user whose token is in MUSTER_TOKEN. Exit status 1 if any was kept as a report."""
    open_record(data)
    from muster.custody.replay import replay_file
    from muster.database import when_down

    with when_down(), progress("Events", quiet=as_json) as told:
        actor = acting()
        answer = replay_file(
            _sent(file), actor=actor, name=file, zone=zone, dry_run=dry_run, keep_good=keep_good, told=told
        )
    show(answer, as_json=as_json, text=lambda: _replayed(answer))
    if answer["refused"] or answer["reports"]:
        raise typer.Exit(SOMETHING_WRONG)


def _replayed(answer: dict[str, Any]) -> str:
    lines = [f"  kept as a report: row {told['row']}: {told['message']}" for told in answer["reports"]]
    rows = [
        [token["reported_at"] or "not said", str(token["known_at"] or "not written")]
        for token in answer["tokens"]
    ]
    return "\n".join([_imported(answer), *lines, table(["reported at", "known at act"], rows)])


def _sent(file: str) -> Path | BinaryIO:
    return sys.stdin.buffer if file == "-" else Path(file)


def _imported(answer: dict[str, Any]) -> str:
    lines = [f"{answer['file']}: {answer['rows']:,} rows, {answer['kept']:,} kept"]
    lines += [f"  {count:,} {kind.replace('_', ' ')}" for kind, count in answer["notices"].items()]
    lines += [f"  refused: row {f['row']}, column {f['column']}: {f['message']}" for f in answer["refused"]]
    rows = [
        [entry["date"], f"{entry['persons']:,}", str(entry["known_at"] or "not written")]
        for entry in answer.get("lists", [])
    ]
    return "\n".join([*lines, table(["list", "persons", "known at act"], rows)] if rows else lines)
