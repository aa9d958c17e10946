"""What the record proves of itself: exports, checkpoints, verification and proofs. For whoever runs the server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from muster.cli.answers import (
    SOMETHING_WRONG,
    Data,
    Json,
    command,
    given,
    open_record,
    show,
)


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
    from muster.decisions import signatures
    from muster.ledger import verifying

    note = take_in(given(checkpoint)) if checkpoint is not None else None
    keys = take_in(public_key).splitlines() if public_key is not None else []
    with when_down():
        answer = verifying.verify(note, [key for key in keys if key.strip()], also=[signatures.first_bad])
    show(answer, as_json=as_json, text=lambda: _verified(answer))
    if not answer["ok"]:
        raise typer.Exit(SOMETHING_WRONG)


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
