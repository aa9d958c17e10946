"""`muster check` and `muster packs`: the law, without a database."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from muster.authority import packs as rule_packs
from muster.authority.checking import check_file, is_clear
from muster.authority.packs.mechanics import diff
from muster.cases import packs as standards
from muster.cases.rules import Standard
from muster.cli.answers import SOMETHING_WRONG, Json, command, given, show, table
from muster.core.errors import Fault, FaultyInput

packs_app = typer.Typer(help="The rule packs: law as data, with its sources and marks.", no_args_is_help=True)
PackFolder = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="A folder of rule packs beside those of Muster."),
]


@command
def check(
    file: Annotated[str, typer.Argument(help="A request file in TOML or JSON; - for standard input.")],
    status: Annotated[str | None, typer.Option(help="The duty status, such as T32-502f1A.")] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="The day to judge by, such as 2025-11-01.")
    ] = None,
    packs: PackFolder = None,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Say also what every other duty status would give.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check a request against the law. Exit status 1 if a line is prohibited or needs counsel."""
    answer = check_file(
        given(file), status=status, as_of=_day(as_of) if as_of else None, packs=packs, what_if=what_if
    )
    show(answer, as_json=as_json, text=lambda: _findings(answer))
    if not is_clear(answer):
        raise typer.Exit(SOMETHING_WRONG)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a day. Write it as 2025-11-01."
        raise FaultyInput([Fault(None, "--as-of", "core.not_a_day", message)]) from None


def _findings(answer: dict[str, Any]) -> str:
    lines = [f"Request {answer['request']}, {answer['status']}, as of {answer['as_of']}"]
    for line in answer["lines"]:
        lines += ["", *_note(line)]
    lines += [
        "",
        *(f"Always: {rule['words']} ({rule['rule']}, mark {rule['mark']})" for rule in answer["always"]),
    ]
    asked = {each["fact"]: each["asks"] for each in answer["could_apply"]}
    rules = {
        fact: ", ".join(each["rule"] for each in answer["could_apply"] if each["fact"] == fact)
        for fact in asked
    }
    lines += [f"Not stated: {fact}. {asks}? Then {rules[fact]} applies too." for fact, asks in asked.items()]
    if "what_if" in answer:
        lines += ["", "If the duty status were another:", _what_if(answer["what_if"])]
    return "\n".join(lines)


def _what_if(by_status: dict[str, list[dict[str, Any]]]) -> str:
    lines = [f"line {found['line']} {found['task']}" for found in next(iter(by_status.values()))]
    rows = [
        [status, *(f"{found['finding'].replace('_', ' ')} ({found['rule']})" for found in findings)]
        for status, findings in by_status.items()
    ]
    return table(["status", *lines], rows)


def _note(line: dict[str, Any]) -> list[str]:
    """A finding as a note in the margin: what, by which layer and rule, in which words, and what would change it."""
    unverified = "" if line["verified"] else " (unverified)"
    told = [f"Line {line['line']}  {line['task']}  {line['finding'].replace('_', ' ').upper()}{unverified}"]
    told.append(f"  by {line['layer']}, rule {line['rule']}: {line['words']}")
    told.append(f"  {line['citation']}")
    told += [f'  "{quote["exact"]}" ({quote["citation"]})' for quote in line["quotes"]]
    if line["pack"]:
        weaker = f", but not: {line['unverified']}" if line["unverified"] else ""
        told.append(f"  mark {line['mark'] or 'none'}{weaker}; pack {line['pack']}, {line['signed']}")
    told += [f"  if {condition}" for condition in line["conditions"]]
    return [*told, *(f"  would change it: {change}" for change in line["changes"])]


@packs_app.command("list")
@command
def packs_list(packs: PackFolder = None, as_json: Json = False) -> None:
    """The packs in use, of the law and of custody and shelter: what each holds, from when, how much was read, and who signed it."""
    found: list[rule_packs.Pack | Standard] = [
        *rule_packs.load_packs(packs).by_id.values(),
        *standards.load_standards(packs).by_id.values(),
    ]
    told = [_pack(pack) for pack in sorted(found, key=lambda pack: pack.id)]
    headings = ["pack", "version", "layer", "state", "from", "to", "holds", "C / S / GK", "sign-off"]
    rows = [
        [
            *(p["id"], p["version"], p["layer"], p["state"] or "all", p["effective_from"] or "not stated"),
            *(p["effective_to"] or "not stated", _holds(p)),
            *(" / ".join(str(count) for count in p["marks"].values()), p["sign_off"]),
        ]
        for p in told
    ]  # fmt: skip
    show({"packs": told}, as_json=as_json, text=lambda: table(headings, rows))


def _pack(pack: rule_packs.Pack | Standard) -> dict[str, Any]:
    if isinstance(pack, Standard):
        holds = {"rules": len(pack.rules), "events": len(pack.events), "overlays": len(pack.overlays)}
    else:
        holds = {
            "statuses": len(pack.statuses), "rules": len(pack.rules), "cells": len(pack.cells), "lifts": len(pack.lifts)
        }  # fmt: skip
    return {
        "id": pack.id, "version": pack.version, "title": pack.title, "layer": pack.layer, "state": pack.state,
        "effective_from": pack.effective_from and pack.effective_from.isoformat(),
        "effective_to": pack.effective_to and pack.effective_to.isoformat(),
        **holds, "marks": pack.marks, "sign_off": pack.signed,
    }  # fmt: skip


def _holds(pack: dict[str, Any]) -> str:
    parts = ("rules", "events", "overlays") if "events" in pack else ("statuses", "rules", "cells")
    return ", ".join(f"{pack[part]} {part}" for part in parts)


@packs_app.command("check")
@command
def packs_check(file: Path, as_json: Json = False) -> None:
    """Check a pack file, by itself and beside the packs in use: every fault with its line."""
    pack = standards.check(file)
    show(_pack(pack), as_json=as_json, text=lambda: f"{pack.id} {pack.version}: no faults; {pack.signed}.")


@packs_app.command("diff")
@command
def packs_diff(
    old: Annotated[str, typer.Argument(help="A pack file, or the id of a pack in use.")],
    new: Annotated[str, typer.Argument(help="The same.")],
    as_json: Json = False,
) -> None:
    """What changed from one version of a pack to another: each part, and each field of it before and after."""
    changes = diff(standards.named(old), standards.named(new))
    answer = {"changes": [asdict(change) for change in changes]}
    told = "\n".join(str(change) for change in changes) or "Nothing changed."
    show(answer, as_json=as_json, text=lambda: told)
