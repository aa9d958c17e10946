"""`muster demo`: the demonstration on an embedded database of its own, served on this machine."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.cli.answers import Json, command, open_record, progress, show, table

Folder = Annotated[Path | None, typer.Option("--data", help="The demonstration's own folder.")]


@command
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    data: Folder = None,
    once: Annotated[bool, typer.Option("--once", help="Load and print; do not serve.")] = False,
    now: Annotated[
        str | None, typer.Option(help="The moment at which the story ends; now without it.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Other tags for another seed.")] = 1,
    as_json: Json = False,
) -> None:
    """Load the demonstration missions, print a sign-in link for each role, and serve it on 127.0.0.1."""
    began = time.monotonic()
    _claim_environment()
    open_record(data or _own_folder())
    from muster import database
    from muster.core.times import parse_moment, zone
    from muster.demonstration import loading

    ends_at = parse_moment(now, zone("UTC")) if now else datetime.now(UTC)
    with database.when_down():
        database.migrate()
        if not loading.is_loaded():
            with progress("Demonstration", quiet=as_json) as told:
                loading.load(now=ends_at, seed=seed, told=told)
        answer = {
            "missions": loading.figures(ends_at),
            "accounts": _accounts(port),
            "seconds": round(time.monotonic() - began, 1),
        }
    show(answer, as_json=as_json, text=lambda: _told(answer))
    if not once:
        from muster.cli.main import serve

        serve(port=port, host="127.0.0.1", data=None)


def _claim_environment() -> None:
    """A demonstration is a demonstration throughout, and never touches a server's database."""
    os.environ["MUSTER_DEMONSTRATION"] = "true"
    for name in ("DATABASE_URL", "MUSTER_MIGRATE_URL"):
        os.environ.pop(name, None)


def _own_folder() -> Path:
    from muster.config import default_data

    named = os.environ.get("MUSTER_DATA")
    return Path(named) if named else default_data().with_name("muster-demonstration")


def _accounts(port: int) -> list[dict[str, str]]:
    from muster.access.models import User
    from muster.demonstration.links import link_for
    from muster.demonstration.story import ACCOUNTS

    users = {user.username: user for user in User.objects.filter(username__in=[a.name for a in ACCOUNTS])}
    return [
        {
            "role": account.name,
            "link": f"http://127.0.0.1:{port}{link_for(users[account.name])}",
            "try": account.try_this,
        }
        for account in ACCOUNTS
    ]


def _told(answer: dict[str, Any]) -> str:
    missions = [
        [mission["id"], mission["kind"], mission["state"], _in_short(mission["figures"])]
        for mission in answer["missions"]
    ]
    rows = [[account["role"], account["try"]] for account in answer["accounts"]]
    links = [f"{account['role']}: {account['link']}" for account in answer["accounts"]]
    parts = [
        table(["mission", "", "decision", "figures"], missions),
        "",
        table(["role", "what to try"], rows),
    ]
    return "\n".join([*parts, "", *links, ""])


def _in_short(figures: dict[str, Any]) -> str:
    if "persons" in figures:
        sites = ", ".join(f"{count} at {site}" for site, count in figures["sites"].items())
        return f"{figures['persons']} persons in custody: {sites}"
    if "asked" in figures:
        return f"asked for: {', '.join(figures['asked'].values())}"
    named = ("people_tasked all", "authorised_total US", "people_allowed ZZ")
    shown = [
        f"{figures['shown'][name]} {name.rpartition(' ')[0].replace('_', ' ')}"
        for name in named
        if name in figures["shown"]
    ]
    return ", ".join(shown)
