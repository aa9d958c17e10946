"""`muster plan`: who rides in which vehicle and when, from a file; needs no database."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from muster.cli.answers import SOMETHING_WRONG, Json, NoSuchKind, command, show, table
from muster.core.errors import MusterError
from muster.core.files import Unwritable, take_in, write_bytes, write_text

if TYPE_CHECKING:
    from muster.transport.planner.checking import Broken
    from muster.transport.planner.engines import Standing
    from muster.transport.planner.plan import Plan
    from muster.transport.planner.problem import Problem
    from muster.transport.planner.replanning import News, Replanned
    from muster.transport.planner.replaying import Replay

KINDS = (".json", ".csv", ".svg", ".txt", ".pdf")
SECONDS = 10.0  # of search, where neither time nor iterations are set
EVERY_S = 5.0  # between two lines of progress where there is no terminal
COMPILES = "Setting up; the first use on a machine compiles"
NOT_ASKED = (
    "The cluster was not asked: it plans problems of more than {most:,} moves in parts, by Muster's own engine, in a time that "
    "--seconds limits. Everything else is planned on this machine."
)
EXTRA = ("numpy", "numba", "llvmlite", "highspy")


class NoPlanner(MusterError):
    """The parts that the planner is made of are not installed."""

    code = "cli.no_planner"

    def __init__(self, *, part: str) -> None:
        self.part = part
        super().__init__(
            f"The planner needs {part}, which is not installed. Run: pip install 'muster-record[planner]'"
        )


class NotOfThisProblem(MusterError):
    """A plan names vehicles or moves that the problem does not have, so it can be neither written nor driven."""

    code = "transport.other_problem"

    def __init__(self, *, names: list[str]) -> None:
        self.names = names
        super().__init__(
            f"The plan names what the problem does not have: {', '.join(names[:5])}. It can be checked, but not written or "
            "replayed. Leave --out and --slower out, or bring the plan of this problem."
        )


class NotNews(MusterError):
    """What is said of a plan that is being driven names nothing of its problem, or is no number."""

    code = "transport.not_news"

    def __init__(self, *, word: str, expected: str) -> None:
        self.word, self.expected = word, expected
        super().__init__(f"{word[:60]!r} is not {expected}. Nothing was planned.")


@command
def plan(
    file: Annotated[Path, typer.Argument(help="A problem: JSON, TOML, a CSV of people, or a DARP, Li-Lim or Sartori-Buriol file.")],
    vehicles: Annotated[Path | None, typer.Option(help="With a CSV of people: the CSV of vehicles.")] = None,
    places: Annotated[Path | None, typer.Option(help="With a CSV of people: a CSV of code, latitude, longitude.")] = None,
    osrm: Annotated[str | None, typer.Option(help="With a CSV of people: the address of an OSRM server.")] = None,
    matrix: Annotated[Path | None, typer.Option(help="With a CSV of people: a CSV of minutes between places.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="How long to search; 10 without it or --iterations.")] = None,
    iterations: Annotated[int | None, typer.Option(min=1, help="How many rounds; the same seed gives the same plan.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 1,
    engine: Annotated[str, typer.Option(help="muster, ortools or vroom.")] = "muster",
    cluster: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Of a Ray cluster: auto, HOST:6379, ray://HOST:10001.")] = None,
    out: Annotated[list[Path] | None, typer.Option(help="A .json, .csv, .svg, or .txt or .pdf (lists to print). Repeatable.")] = None,
    check: Annotated[Path | None, typer.Option(help="Check this plan of the problem; nothing is searched for.")] = None,
    replan: Annotated[Path | None, typer.Option(help="Plan on from this plan, which is being driven; see the four that follow.")] = None,
    now: Annotated[str, typer.Option(help="With --replan: HH:MM on the problem's first day, or minutes from its zero.")] = "0",
    late: Annotated[list[str] | None, typer.Option(help="With --replan: VEHICLE=MINUTES behind its plan. Repeatable.")] = None,
    without: Annotated[list[str] | None, typer.Option(help="With --replan: a vehicle that does not come. Repeatable.")] = None,
    gone: Annotated[list[str] | None, typer.Option(help="With --replan: a move that is not to be made. Repeatable.")] = None,
    change_others: Annotated[bool, typer.Option(help="With --replan: routes in time may change too.")] = False,
    slower: Annotated[float | None, typer.Option(min=0.1, max=10, help="Replay with drives so many times as long: 1.2.")] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Plan transport. Ctrl+C stops the search and keeps the best plan so far. Exit status 1 if somebody is not served,
    or a checked plan breaks a rule; the input at fault is 2."""
    written = out or []
    for path in written:
        if path.suffix.lower() not in KINDS:
            raise NoSuchKind(path=path, kinds=KINDS)
        if not path.parent.is_dir():
            raise Unwritable(path=str(path), reason="there is no such folder")
    with _installed():
        from muster.transport.planner.checking import broken
        from muster.transport.planner.engines import LARGE, in_parts
        from muster.transport.planner.files import read
        from muster.transport.planner.orders import read_plan
        from muster.transport.planner.replaying import replayed

        on: Replanned | None = None
        problem = read(file, vehicles=vehicles, places=places, travel=_travel(osrm, matrix))
        if check is not None:
            found, setup, took = read_plan(take_in(check, largest=200_000_000), problem), 0.0, 0.0
            wrong = broken(problem, found)
        elif replan is not None:
            began = time.monotonic()
            news = _news(problem, now, late or [], without or [], gone or [])
            on = _planned_on(problem, replan, news, seconds, seed, change_others=change_others)
            problem, found, setup, took = on.problem, on.plan, 0.0, time.monotonic() - began
            wrong = []
        else:
            if seconds is None and iterations is None:
                seconds = SECONDS
            found, setup, took = _solved(problem, engine, seconds, iterations, seed, cluster, quiet=as_json)
            wrong = []  # an engine's plan has passed the check
        if (written or slower is not None) and (unknown := _unknown(problem, found)):
            raise NotOfThisProblem(names=unknown)
        replay = replayed(problem, found, factor=slower) if slower is not None else None
        for path in written:
            _write(path, problem, found)
        answer = _answer(problem, found, wrong, replay, seconds=took, setup_seconds=setup)
        if cluster is not None:
            asked = not (check or replan) and in_parts(problem, engine=engine, seconds=seconds)
            answer["cluster"] = cluster if asked else None
            if not asked and not as_json:
                typer.echo(NOT_ASKED.format(most=LARGE), err=True)
        if on:
            answer |= {"kept": list(on.kept), "lifted": list(on.lifted)}
        show(answer, as_json=as_json, text=lambda: _words(problem, found, wrong, replay, written, on))
    if wrong or found.unserved:
        raise typer.Exit(SOMETHING_WRONG)


@contextmanager
def _installed() -> Iterator[None]:
    """Say how to install the planner where a part of it is missing. Raises NoPlanner."""
    try:
        yield
    except ModuleNotFoundError as missing:
        part = (missing.name or "").partition(".")[0]
        if part not in EXTRA:
            raise
        raise NoPlanner(part=part) from None


def _travel(osrm: str | None, matrix: Path | None) -> dict[str, Any]:
    """How distances of a table of people are reckoned, as a problem of our own says it."""
    told: dict[str, Any] = {}
    if osrm is not None:
        told["osrm"] = {"url": osrm}
    if matrix is not None:
        told["matrix"] = {"file": str(matrix.absolute())}
    return told


def _solved(
    problem: Problem,
    engine: str,
    seconds: float | None,
    iterations: int | None,
    seed: int,
    cluster: str | None,
    *,
    quiet: bool,
) -> tuple[Plan, float, float]:
    """The plan, how many seconds the engine took to be set up, and how many to search."""
    from muster.transport.planner import engines

    with _progress(seconds, iterations, quiet=quiet) as told, _nothing_printed():
        setup = engines.set_up(engine)
        began = time.monotonic()
        found = engines.solve(
            problem,
            engine=engine,
            seconds=seconds,
            iterations=iterations,
            seed=seed,
            told=told,
            cluster=cluster,
        )
        return found, setup, time.monotonic() - began


def _news(problem: Problem, now: str, late: list[str], without: list[str], gone: list[str]) -> News:
    """What is known now, as it was written on the command line. Raises NotNews for what is not of the problem or no number."""
    from muster.transport.planner.replanning import News

    vehicles, moves = {each.code for each in problem.vehicles}, {each.code for each in problem.moves}
    behind: dict[str, float] = {}
    for word in late:
        code, _, minutes = word.rpartition("=")
        if code not in vehicles or not minutes.isdecimal():
            raise NotNews(word=word, expected="a vehicle of the problem, =, and whole minutes")
        behind[code] = float(minutes)
    for word in without:
        if word not in vehicles:
            raise NotNews(word=word, expected="a vehicle of the problem")
    for word in gone:
        if word not in moves:
            raise NotNews(word=word, expected="a move of the problem")
    return News(at=_minutes(problem, now), late=behind, out=frozenset(without), gone=frozenset(gone))


def _minutes(problem: Problem, now: str) -> float:
    """A moment in minutes from the problem's zero. Raises NotNews."""
    hour, colon, minute = now.partition(":")
    zero = problem.starts_at
    if colon and hour.isdecimal() and minute.isdecimal() and int(minute) < 60:
        return 60.0 * int(hour) + int(minute) - (60 * zero.hour + zero.minute if zero else 0)
    if not now.isdecimal():
        raise NotNews(word=now, expected="HH:MM, or whole minutes")
    return float(now)


def _planned_on(
    problem: Problem, path: Path, news: News, seconds: float | None, seed: int, *, change_others: bool
) -> Replanned:
    from muster.transport.planner.orders import read_plan
    from muster.transport.planner.replanning import ON_SECONDS, replanned

    plan = read_plan(take_in(path, largest=200_000_000), problem)
    if unknown := _unknown(problem, plan):
        raise NotOfThisProblem(names=unknown)
    with _nothing_printed():
        return replanned(
            problem, plan, news, seconds=seconds or ON_SECONDS, seed=seed, change_others=change_others
        )


@contextmanager
def _nothing_printed() -> Iterator[None]:
    """Keep the libraries of others off standard output, which is the answer's: HiGHS prints a banner there at its first use."""
    sys.stdout.flush()
    try:
        kept, away = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # it was closed by whoever called
        yield
        return
    os.dup2(away, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(away)


@contextmanager
def _progress(
    seconds: float | None, iterations: int | None, *, quiet: bool
) -> Iterator[Callable[[Standing], None]]:
    """The best cost so far on standard error: a bar on a terminal, a line now and then elsewhere, nothing with `--json`."""
    console = Console(stderr=True)
    if quiet:
        yield lambda standing: None
    elif console.is_terminal:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        ) as bar:
            task = bar.add_task(COMPILES, total=None)

            def move(standing: Standing) -> None:
                done, of = (standing.seconds, seconds) if seconds else (standing.iterations, iterations)
                bar.update(task, completed=done, total=of, description=_standing(standing))

            yield move
    else:
        compiling = Timer(EVERY_S, typer.echo, [COMPILES], {"err": True})
        compiling.start()
        said = [-EVERY_S]

        def tell(standing: Standing) -> None:
            compiling.cancel()
            if standing.seconds - said[0] >= EVERY_S:
                said[0] = standing.seconds
                typer.echo(f"{standing.seconds:.0f} s: {_standing(standing)}", err=True)

        try:
            yield tell
        finally:
            compiling.cancel()


def _standing(standing: Standing) -> str:
    left = f", {standing.unserved} not served" if standing.unserved else ""
    return f"best cost {standing.cost:,.2f}, {standing.vehicles} vehicles{left}"


def _unknown(problem: Problem, found: Plan) -> list[str]:
    """What the plan names and the problem does not have."""
    moves, vehicles = {move.code for move in problem.moves}, {vehicle.code for vehicle in problem.vehicles}
    named = [each.move for each in found.unserved if each.move not in moves]
    for route in found.routes:
        named += [route.vehicle] if route.vehicle not in vehicles else []
        named += [visit.move for visit in route.visits if visit.move not in moves]
    return list(dict.fromkeys(named))


def _write(path: Path, problem: Problem, found: Plan) -> None:
    """Write the plan as the kind of file that a path names. Raises Unwritable."""
    from muster.transport.planner import drawing, printing, writing

    match path.suffix.lower():
        case ".json":
            write_text(path, writing.to_json(found))
        case ".csv":
            write_text(path, writing.to_csv(problem, found))
        case ".svg":
            write_text(path, drawing.draw(problem, found))
        case ".pdf":
            write_bytes(path, printing.to_pdf(problem, found, as_of=datetime.now(UTC)))
        case _:
            write_text(path, writing.to_list(problem, found))


def _answer(
    problem: Problem,
    found: Plan,
    wrong: list[Broken],
    replay: Replay | None,
    *,
    seconds: float,
    setup_seconds: float,
) -> dict[str, Any]:
    from muster.transport.planner.stops import numbers_of_stops

    numbers = numbers_of_stops(problem)
    answer: dict[str, Any] = {
        "instance": problem.name, "engine": found.engine, "seed": found.seed, "seconds": round(seconds, 3),
        "setup_seconds": round(setup_seconds, 3), "feasible": not wrong and not found.unserved, "vehicles": len(found.routes),
        "cost": found.cost, "served": len(problem.moves) - len(found.unserved),
        "unserved": [{"request": each.move, "reason": each.why, "constraint": each.constraint} for each in found.unserved],
        "routes": [[numbers.get((visit.move, visit.part)) for visit in route.visits] for route in found.routes],
        "vehicle_codes": [route.vehicle for route in found.routes], "iterations": found.iterations,
        "finished": found.finished, "estimated": found.estimated, "distances": problem.travel.source,
        "broken": [_told(each) for each in wrong],
    }  # fmt: skip
    if replay is not None:
        answer["replay"] = {
            "factor": replay.factor, "latest_min": replay.latest_min, "broken": [_told(each) for each in replay.broken],
        }  # fmt: skip
    return answer


def _told(each: Broken) -> dict[str, Any]:
    return {"rule": str(each.rule), "vehicle": each.vehicle, "move": each.move, "message": each.message}


def _words(
    problem: Problem,
    found: Plan,
    wrong: list[Broken],
    replay: Replay | None,
    written: list[Path],
    on: Replanned | None,
) -> str:
    from muster.transport.planner.writing import hour, standing_of

    served = len(problem.moves) - len(found.unserved)
    stopped = "" if found.finished else " Stopped early; this was the best so far."
    lines = [
        f"{problem.name}: {served} of {len(problem.moves)} moves in {len(found.routes)} vehicles, cost {found.cost:,.2f}."
        f"{stopped}",
        standing_of(problem, found),
    ]
    rows = [
        [route.vehicle, hour(problem, route.leaves), hour(problem, route.back), str(len(route.visits)),
         f"{route.distance:,.1f}", f"{route.driving_min:,.0f}"]
        for route in found.routes
    ]  # fmt: skip
    if rows:
        lines += ["", table(["vehicle", "leaves", "back", "visits", "distance", "minutes driven"], rows)]
    if found.unserved:
        lines += [
            "",
            "Not served:",
            *(f"  {each.move}: {each.why} [{each.constraint}]" for each in found.unserved),
        ]
    if on:
        lines += ["", f"Unchanged: {', '.join(on.kept) or 'no route'}.", *on.lifted]
    if wrong:
        lines += ["", "The plan breaks:", *(f"  {each.message} [{each.rule}]" for each in wrong)]
    if replay is not None:
        lines += [
            "",
            f"With every drive {replay.factor:g} times as long the last vehicle is back {hour(problem, replay.latest_min)}.",
        ]
        lines += [f"  {each.message} [{each.rule}]" for each in replay.broken] or ["  Nothing breaks."]
    if written:
        lines += ["", f"Written: {', '.join(map(str, written))}"]
    return "\n".join(lines)
