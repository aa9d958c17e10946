"""How commands answer: JSON or text on standard output, faults on standard error, and the exit status."""

from __future__ import annotations

import json
import logging
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec

import typer

from muster.core.errors import FaultyInput, MusterError

P = ParamSpec("P")
AT_FAULT = 2
log = logging.getLogger(__name__)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Data = Annotated[
    Path | None, typer.Option("--data", envvar="MUSTER_DATA", help="The folder of the embedded database.")
]


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

    django.setup()


@contextmanager
def faults_told() -> Iterator[None]:
    """Turn a refusal into its lines on standard error and exit status 2; what nobody foresaw into a reference."""
    try:
        yield
    except FaultyInput as faulty:
        for fault in faulty.faults:
            where = "".join(
                f"{name} {value}: " for name, value in (("row", fault.row), ("column", fault.column)) if value
            )
            typer.echo(f"{where}{fault.message} [{fault.code}]", err=True)
        raise typer.Exit(AT_FAULT) from None
    except MusterError as refusal:
        typer.echo(f"{refusal} [{refusal.code}]", err=True)
        raise typer.Exit(AT_FAULT) from None
    except (typer.Exit, typer.Abort, KeyboardInterrupt, BrokenPipeError):
        raise
    except Exception:
        reference = secrets.token_hex(3).upper()
        log.exception("unforeseen fault %s", reference)
        typer.echo(
            f"Something went wrong that Muster did not foresee. Reference {reference}: see the log above.",
            err=True,
        )
        raise typer.Exit(AT_FAULT) from None


def command(work: Callable[P, None]) -> Callable[P, None]:
    """A command whose refusals are told."""

    @wraps(work)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        with faults_told():
            work(*args, **kwargs)

    return told


def given(name: str) -> bytes | Path:
    """The file of that name, or for `-` what standard input holds, read up to 4 MB and a little."""
    return sys.stdin.buffer.read(4_000_001) if name == "-" else Path(name)
