"""`muster`: the commands, in the order in which a newcomer meets them."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, BinaryIO
from uuid import UUID

import typer

import muster
from muster.cli import center, costs, demo, law, members, papers
from muster.cli.answers import (
    SOMETHING_WRONG,
    AtThere,
    Data,
    Json,
    KnownAt,
    command,
    given,
    open_record,
    progress,
    show,
    table,
)
from muster.core.errors import MusterError

app = typer.Typer(
    help="The system of record for civil-support missions.", no_args_is_help=True, add_completion=False,
    rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
import_app = typer.Typer(help="Take a file in: checked as a whole, then written.", no_args_is_help=True)
app.add_typer(law.packs_app, name="packs")
app.add_typer(import_app, name="import")


class By(StrEnum):
    """What persons are counted by."""

    HOLDER = "holder"
    MISSION = "mission"
    STATE = "state"


class NotLoopback(MusterError):
    """The embedded database is for one machine, so it is served to that machine alone."""

    code = "cli.loopback_only"

    def __init__(self, *, host: str) -> None:
        super().__init__(
            f"With the embedded database Muster is served on this machine alone, not on {host}. Leave --host out, or set "
            "DATABASE_URL to a PostgreSQL server first."
        )


class NotFit(MusterError):
    """The database's laws are not in force."""

    code = "database.not_fit"

    def __init__(self, *, problems: list[str]) -> None:
        super().__init__(" ".join(problems))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"muster {muster.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command()(demo.demo)


app.command()(law.check)


# --- the record ---------------------------------------------------------------------


@app.command()
@command
def migrate(data: Data = None, as_json: Json = False) -> None:
    """Bring the tables up to date, set grants and triggers anew, and destroy again what was disposed of. Safe to run again."""
    open_record(data)
    from muster import database
    from muster.custody.disposal import reapply

    database.migrate()
    with database.when_down():
        reapply()
    show({"migrated": True}, as_json=as_json, text=lambda: "The tables are up to date.")


@app.command()
@command
def init(
    user: Annotated[str, typer.Option(help="The name of the first administrator.")] = "administrator",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make the tables and the first administrator, whose password is asked for."""
    open_record(data)
    from muster import database
    from muster.access.control import first_administrator, new_token

    database.migrate()
    token = new_token(first_administrator(user, _password(f"A password for {user}: ")))
    show({"user": user, "token": token}, as_json=as_json, text=lambda: f"A token for {user}: {token}")


@app.command("sign-in")
@command
def sign_in(
    user: Annotated[str, typer.Option(prompt="User", help="Who signs in.")],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Print a token for MUSTER_TOKEN. The password is asked for, or read from standard input."""
    open_record(data)
    from django.contrib.auth import authenticate

    from muster.access.control import NotSignedIn, new_token
    from muster.access.models import User
    from muster.database import when_down

    with when_down():
        found = authenticate(username=user, password=_password("Password: "))
        if not isinstance(found, User):
            raise NotSignedIn()
        token = new_token(found)
    show({"token": token}, as_json=as_json, text=lambda: token)


def _password(prompt: str) -> str:
    return getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")


@app.command()
@command
def act(
    name: Annotated[str, typer.Argument(help="The action, such as custody.receive.")],
    file: Annotated[str, typer.Option(help="Its inputs as a JSON object; - for standard input.")] = "-",
    key: Annotated[UUID | None, typer.Option(help="Sent again with the same key, it is done once.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Do any action, as the user whose token is in MUSTER_TOKEN. Exit status 1 if it was kept as a report."""
    open_record(data)
    from muster import actions
    from muster.access.control import actor_of_token
    from muster.core.files import read_data, take_in
    from muster.database import when_down

    with when_down(), actions.storable():
        actor = actor_of_token(os.environ.get("MUSTER_TOKEN", ""))
        done = actions.find(name)(actor=actor, key=key, **read_data(take_in(given(file))))
    answer = {
        "act": str(done.act),
        "known_at": done.known_at,
        "answer": actions.find(name).answers.dump_python(done.answer, mode="json", context={"door": "act"}),
    }
    show(answer, as_json=True, text=str)
    if getattr(done.answer, "report", None):
        raise typer.Exit(SOMETHING_WRONG)


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
    from muster.access.control import actor_of_token
    from muster.custody import lists
    from muster.database import when_down

    with when_down(), progress("Lists", quiet=as_json) as told:
        actor = actor_of_token(os.environ.get("MUSTER_TOKEN", ""))
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


@import_app.command("requests")
@command
def import_requests(
    file: Annotated[str, typer.Argument(help="A TOML, JSON or CSV file; - for standard input.")],
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
    from muster.access.control import actor_of_token
    from muster.database import when_down

    with when_down():
        actor = actor_of_token(os.environ.get("MUSTER_TOKEN", ""))
        answer = take_in(_sent(file), actor=actor, name=file, dry_run=dry_run, keep_good=keep_good)
    show(answer, as_json=as_json, text=lambda: _imported(answer))
    if answer["refused"]:
        raise typer.Exit(SOMETHING_WRONG)


@app.command()
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
    from muster.access.control import actor_of_token
    from muster.custody.replay import replay_file
    from muster.database import when_down

    with when_down(), progress("Events", quiet=as_json) as told:
        actor = actor_of_token(os.environ.get("MUSTER_TOKEN", ""))
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


@app.command()
@command
def export(
    folder: Annotated[Path, typer.Argument(help="The folder to write into; made if it is not there.")],
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Parquet in the place of CSV; needs pyarrow.")
    ] = False,
    first: Annotated[int, typer.Option("--from-act", min=1, help="With --parquet: the first act.")] = 1,
    last: Annotated[
        int | None,
        typer.Option("--to-act", min=0, help="With --parquet: the last act; the latest without it."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write the ledger's entries as CSV or Parquet with a data package descriptor. For whoever runs the server."""
    open_record(data)
    from muster.database import when_down
    from muster.ledger import exporting
    from muster.ledger import parquet as columns

    with when_down():
        answer = columns.export(folder, first=first, last=last) if parquet else exporting.export(folder)
    show(
        answer,
        as_json=as_json,
        text=lambda: f"{answer['entries']:,} entries in {answer['folder']}, {answer['sha256']}",
    )


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


@app.command()
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


app.command()(center.changes)
app.command()(center.calendar)
app.command()(costs.costs)
app.command()(members.strength)
app.command()(members.members)
app.command()(papers.order)


app.command()(papers.paper)


@app.command()
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


@app.command("close-rolls")
@command
def close_rolls(data: Data = None, as_json: Json = False) -> None:
    """Close the rolls of the weeks that have ended, so that a census need not count from the beginning. `serve` does it daily."""
    open_record(data)
    from django.utils import timezone

    from muster.database import when_down
    from muster.ledger import rolls

    with when_down():
        closed = rolls.close(timezone.now())
    answer = {"closed": [{"at": each.at.isoformat(), "known_at": each.known_at} for each in closed]}
    rows = [[f"{each.at:%Y-%m-%d %H:%M} UTC", str(each.known_at)] for each in closed]
    told = (
        table(["closed as of", "known at act"], rows) if rows else "Every week that has ended has its rolls."
    )
    show(answer, as_json=as_json, text=lambda: told)


@app.command()
@command
def doctor(data: Data = None, as_json: Json = False) -> None:
    """Say what is set and from where, and what is wrong. Exit status 1 if something is."""
    open_record(data)
    from muster import config, database
    from muster.record.action import sequence

    kept_back = {"database_url", "migrate_url", "secret_key", "checkpoint_key"}
    settings = config.current()
    rows = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        rows.append([name, "set" if name in kept_back and value else str(value), config.where(name)])
    problems = _problems(database)
    waiting = sequence() if not problems else None
    answer = {
        "settings": [dict(zip(("name", "value", "from"), row, strict=True)) for row in rows],
        "problems": problems,
        "acts_without_number": waiting,
    }
    told = problems or [f"The database is sound; {waiting} acts wait for their number."]
    show(
        answer,
        as_json=as_json,
        text=lambda: "\n".join([table(["setting", "value", "from"], rows), "", *told]),
    )
    if problems:
        raise typer.Exit(SOMETHING_WRONG)


def _problems(database: ModuleType) -> list[str]:
    """What is wrong with the database; that it does not answer is one such thing."""
    try:
        return list(database.check())
    except MusterError as refusal:
        return [str(refusal)]


@app.command()
@command
def checkpoint(
    out: Annotated[Path | None, typer.Option(help="A file to write it to.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Sign how the record stands. Keep it where nobody who runs the server can change it. For whoever runs the server."""
    open_record(data)
    from muster.core.files import write_text
    from muster.database import when_down
    from muster.record import checkpoints

    with when_down():
        made = checkpoints.make()
        answer = {
            "size": made.size,
            "root": bytes(made.root).hex(),
            "note": made.note,
            "public_key": checkpoints.public_key(),
        }
    if out is not None:
        write_text(out, made.note)
    show(answer, as_json=as_json, text=lambda: made.note.rstrip("\n"))


@app.command()
@command
def verify(
    checkpoint: Annotated[
        str | None, typer.Option(help="A checkpoint kept elsewhere; - for standard input.")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option(help="A file of public keys, one a line, in place of this server's own.")
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Recompute the record's tree from its rows. Exit status 1, and the first bad entry, if anything was changed."""
    open_record(data)
    from muster.core.files import take_in
    from muster.database import when_down
    from muster.ledger import verifying

    note = take_in(given(checkpoint)) if checkpoint is not None else None
    keys = take_in(public_key).splitlines() if public_key is not None else []
    with when_down():
        answer = verifying.verify(note, [key for key in keys if key.strip()])
    show(answer, as_json=as_json, text=lambda: _verified(answer))
    if not answer["ok"]:
        raise typer.Exit(SOMETHING_WRONG)


@app.command()
@command
def prove(
    tag: str,
    n: Annotated[int, typer.Option("--n", min=1, help="The number of the entry in the thing's history.")],
    since: Annotated[str | None, typer.Option(help="An older checkpoint; - for standard input.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Prove that an entry is in the record as signed, and that the record still begins as an older checkpoint says."""
    open_record(data)
    from muster.core.files import take_in
    from muster.core.tags import parse_tag
    from muster.database import when_down
    from muster.ledger import proving

    with when_down():
        note = take_in(given(since)) if since is not None else None
        answer = proving.prove(parse_tag(tag), n, note)
    show(answer, as_json=True, text=str)


def _verified(answer: dict[str, Any]) -> str:
    lines = [
        f"{answer['entries']:,} entries, {answer['size']:,} leaves, root {answer['root']}",
        f"{answer['checkpoints']:,} checkpoints agree; {answer['acts_without_number']} acts wait for their number.",
    ]
    if bad := answer["first_bad"]:
        where = ", ".join(f"{name} {value}" for name, value in bad.items() if name != "why")
        lines.append(f"Not as it was: {bad['why']} ({where}).")
    return "\n".join(lines)


@app.command()
@command
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    data: Data = None,
) -> None:
    """Serve the pages. Refuses where the database's laws are not in force."""
    open_record(data)
    from waitress import serve as listen

    from muster import database
    from muster.cli.sequencer import keep_sequencing
    from muster.custody.disposal import reapply
    from muster.wsgi import application

    if database.is_embedded() and host not in ("127.0.0.1", "localhost", "::1"):
        raise NotLoopback(host=host)
    if problems := database.check():
        raise NotFit(problems=problems)
    with database.when_down():
        reapply()
    typer.echo(f"Muster {muster.__version__} at http://{host}:{port}/  (Ctrl+C stops it)")
    with keep_sequencing():
        listen(application, host=host, port=port, threads=8, ident="muster", _quiet=True)


def main() -> None:
    """The entry point."""
    app()
