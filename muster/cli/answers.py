"""How commands answer: JSON or text on standard output, faults on standard error, and the exit status."""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer
from rich.console import Console
from rich.progress import Progress

from muster.core.errors import Fault, FaultyInput, MusterError

if TYPE_CHECKING:
    from muster.access.control import Actor

P = ParamSpec("P")
SOMETHING_WRONG, AT_FAULT = 1, 2
log = logging.getLogger(__name__)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Data = Annotated[
    Path | None, typer.Option("--data", envvar="MUSTER_DATA", help="The folder of the embedded database.")
]

AtThere = Annotated[
    str | None,
    typer.Option(
        "--at", help="A moment, or a day: its end where the decision counts its days; now without it."
    ),
]
KnownAt = Annotated[str | None, typer.Option("--known-at", help="An act's number, or a moment.")]


class NoSuchKind(MusterError):
    """What was asked for is not written in that kind of file."""

    code = "cli.no_such_kind"

    def __init__(self, *, path: Path, kinds: tuple[str, ...]) -> None:
        self.path, self.kinds = path, kinds
        super().__init__(f"It is written as {' or '.join(kinds)}, not as {path.name}. Name such a file.")


def show(answer: dict[str, Any], *, as_json: bool, text: Callable[[], str]) -> None:
    """Print the answer: the object itself, or the text that is made of it."""
    typer.echo(json.dumps(answer, ensure_ascii=False, default=str) if as_json else text())


def table(headings: list[str], rows: list[list[str]]) -> str:
    """Rows in columns as wide as their widest cell; the last is not padded."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in [headings, *rows])  # fmt: skip
    return "\n".join(lines)


def open_record(data: Path | None) -> None:
    """Make Django ready for a command that needs the database, in the data folder named."""
    if data is not None:
        os.environ["MUSTER_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "muster.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


@contextmanager
def faults_told(*, as_json: bool = False) -> Iterator[None]:
    """Turn a refusal into its lines on standard error and exit status 2; what nobody foresaw into a reference.

    With `as_json` one JSON object follows the lines, for programs.
    """
    try:
        yield
    except MusterError as refusal:
        faults = refusal.faults if isinstance(refusal, FaultyInput) else []
        for line in [_line(fault) for fault in faults] or [f"{refusal} [{refusal.code}]"]:
            typer.echo(line, err=True)
        if as_json:
            told = {"code": refusal.code, "message": str(refusal), "faults": [f.to_json() for f in faults]}
            typer.echo(json.dumps(told, ensure_ascii=False), err=True)
        raise typer.Exit(AT_FAULT) from None
    except (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception as fault:
        reference = secrets.token_hex(3).upper()
        place = traceback.extract_tb(fault.__traceback__)[-1]
        # One line, without values: a full traceback would write persons' names to the terminal.
        log.error("%s: %s at %s:%s", reference, type(fault).__name__, place.filename, place.lineno)
        typer.echo(
            f"Something went wrong that Muster did not foresee. Tell an administrator the reference {reference}.",
            err=True,
        )
        raise typer.Exit(AT_FAULT) from None


def _line(fault: Fault) -> str:
    places = (("row", fault.row), ("column", fault.column))
    where = "".join(f"{name} {value}: " for name, value in places if value)
    return f"{where}{fault.message} [{fault.code}]"


def command(work: Callable[P, None]) -> Callable[P, None]:
    """A command whose refusals are told."""

    @wraps(work)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        with faults_told(as_json=kwargs.get("as_json") is True):
            work(*args, **kwargs)

    return told


def acting() -> Actor:
    """The user whose token is in MUSTER_TOKEN, of an open record. Raises NotSignedIn."""
    from muster.access.control import actor_of_token

    return actor_of_token(os.environ.get("MUSTER_TOKEN", ""))


def given(name: str) -> bytes | Path:
    """The file of that name, or for `-` what standard input holds, read up to 4 MB and a little."""
    return sys.stdin.buffer.read(4_000_001) if name == "-" else Path(name)


@contextmanager
def progress(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal's standard error; nothing where there is no terminal, or with `--json`."""
    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda done, of: None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what)
        yield lambda done, of: bar.update(task, completed=done, total=of)
