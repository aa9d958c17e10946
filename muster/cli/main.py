"""`muster`: the commands, in the order in which a newcomer meets them."""

from __future__ import annotations

import getpass
import sys
from types import ModuleType
from typing import Annotated
from uuid import UUID

import typer

import muster
from muster.cli import center, costs, demo, imports, law, members, papers, plan, proofs, reads
from muster.cli.answers import (
    SOMETHING_WRONG,
    Data,
    Json,
    acting,
    command,
    given,
    open_record,
    show,
    table,
)
from muster.core.errors import MusterError

app = typer.Typer(
    help="The system of record for civil-support missions.", no_args_is_help=True, add_completion=False,
    rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
app.add_typer(law.packs_app, name="packs")
app.add_typer(imports.import_app, name="import")


class NoPort(MusterError):
    """The machine does not let Muster listen at the address."""

    code = "cli.no_port"

    def __init__(self, *, host: str, port: int, why: str) -> None:
        self.host, self.port = host, port
        super().__init__(
            f"Muster cannot listen at {host}:{port}: {why}. Name another port with --port, or stop what listens there."
        )


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
app.command()(plan.plan)


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
    from muster.core.files import read_data, take_in
    from muster.database import when_down

    with when_down(), actions.storable():
        actor = acting()
        done = actions.find(name)(actor=actor, key=key, **read_data(take_in(given(file))))
    answer = {
        "act": str(done.act),
        "known_at": done.known_at,
        "answer": actions.find(name).answers.dump_python(done.answer, mode="json", context={"door": "act"}),
    }
    show(answer, as_json=True, text=str)
    if getattr(done.answer, "report", None):
        raise typer.Exit(SOMETHING_WRONG)


app.command()(imports.replay)
app.command()(proofs.export)
app.command()(reads.census)
app.command()(reads.counts)
app.command()(reads.picture)
app.command()(reads.taskable)
app.command()(reads.used)
app.command()(reads.judge)
app.command()(center.changes)
app.command()(center.clocks)
app.command()(center.calendar)
app.command()(center.message)
app.command()(costs.costs)
app.command()(members.strength)
app.command()(members.members)
app.command()(papers.order)
app.command()(papers.paper)
app.command()(reads.history)


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


app.command()(proofs.checkpoint)
app.command()(proofs.verify)
app.command()(proofs.prove)


@app.command()
@command
def serve(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    data: Data = None,
) -> None:
    """Serve the pages. Refuses where the database's laws are not in force."""
    open_record(data)
    from waitress.server import create_server

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
    try:
        server = create_server(application, host=host, port=port, threads=8, ident="muster")
    except OSError as told:
        raise NoPort(host=host, port=port, why=told.strerror or str(told)) from None
    typer.echo(
        f"Muster {muster.__version__} at http://{host}:{port}/  (Ctrl+C stops it)"
    )  # it listens by now
    with keep_sequencing():
        server.run()


def main() -> None:
    """The entry point."""
    app()
