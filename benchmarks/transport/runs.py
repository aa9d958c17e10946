"""Runs of planners on research instances: each one line of a file, made once for each version of the code, and told as figures.

A run uses one core. Its seconds are the clock's; `processor_seconds` says how much of the core it got beside other work.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatch
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import fmean

# Before numba or numpy is imported: both read these once.
os.environ["NUMBA_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from pyvrp_engine import solve_by_pyvrp

import muster
from muster.core.errors import MusterError
from muster.transport.planner import engines
from muster.transport.planner.checking import broken
from muster.transport.planner.files import read
from muster.transport.planner.ortools import solve as solve_by_ortools
from muster.transport.planner.peers import NotExpressible, NotInstalled
from muster.transport.planner.plan import Plan
from muster.transport.planner.problem import Problem

SHARED = Path(os.environ.get("MUSTER_SHARED", Path(__file__).parents[3] / "shared"))
INSTANCES = SHARED / "benchmarks"
RESULTS = Path(__file__).parent / "results"
PLANNER = Path(engines.__file__).parent
OWN = "muster"
PACKAGES = {"ortools": "ortools", "vroom": "pyvroom", "pyvrp": "pyvrp"}
DECIDES = {  # the sources that a plan comes from; a drawing or a printed list may change without a new run
    OWN: ("search/*.py", "files/*.py", "engines.py", "problem.py", "plan.py", "timing.py", "distances.py"),
    "ortools": ("ortools.py", "peers.py", "timing.py"),
    "vroom": ("vroom.py", "peers.py", "timing.py"),
    "pyvrp": ("peers.py", "timing.py"),
}


@dataclass(frozen=True, kw_only=True)
class Instance:
    """A file and what is known of it: the set it is counted in, the least cost, and the fewest vehicles where they come first."""

    name: str
    set: str
    path: Path
    best_cost: float
    best_vehicles: int | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One engine on one instance with one seed for so many seconds. `cost` is None where there is no plan that passed the check."""

    instance: str
    moves: int
    engine: str  # as `--engines` names it
    version: str  # of the package, and what its sources here hash to
    seed: int
    seconds: float  # the limit
    cost: float | None
    vehicles: int | None
    unserved: int | None
    gap_percent: (
        float | None
    )  # over the best cost known, whatever the vehicles; None where somebody is unserved
    set_up_seconds: float  # compiling, or loading what was compiled before; not in `seconds`
    took_seconds: float
    processor_seconds: float
    iterations: int | None
    checked: bool  # the independent check passed it
    machine: str
    date: str

    @property
    def key(self) -> tuple[str, str, str, int, float]:
        return self.instance, self.engine, self.version, self.seed, self.seconds

    @property
    def served(self) -> bool:
        """Whether there is a plan that moves everybody."""
        return self.cost is not None and self.unserved == 0

    @property
    def share_percent(self) -> float:
        """How much of a core it got."""
        return 100 * self.processor_seconds / self.took_seconds

    @property
    def whole_cost(self) -> float | None:
        """The cost, where everybody is moved."""
        return self.cost if self.served else None


# --- what is asked ---------------------------------------------------------------------


def options(told: str, *, results: str, usual_engines: str, usual_seconds: float) -> argparse.Namespace:
    """The options of a script, `told` being its docstring."""
    asked = argparse.ArgumentParser(description=told, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--instances", default="*", help="names, patterns of names, or sets; with commas")
    asked.add_argument("--engines", default=usual_engines, help="of muster, ortools[:STRATEGY], vroom, pyvrp")
    asked.add_argument("--seconds", type=float, default=usual_seconds, help="for each run")
    asked.add_argument("--seeds", default="1,2,3,4,5", help="of Muster's engine; a peer runs with the first")
    asked.add_argument(
        "--results", type=Path, default=RESULTS / results, help="the file that runs are added to"
    )
    asked.add_argument(
        "--share", type=float, default=0, help="run again what got less than so many % of a core"
    )
    asked.add_argument("--only-figures", action="store_true", help="tell what the file has, and run nothing")
    asked.add_argument("--json", action="store_true", help="each figure as an object")
    return asked.parse_args()


def chosen(instances: Iterable[Instance], patterns: str) -> list[Instance]:
    """The instances whose name or set one of the patterns fits, the smallest files first."""
    asked = patterns.split(",")
    found = [one for one in instances if any(one.set == each or fnmatch(one.name, each) for each in asked)]
    if not found:
        raise SystemExit(f"No instance in {INSTANCES} is called {patterns}.")
    return sorted(found, key=lambda one: one.path.stat().st_size)


def rows_of(folder: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """The rows of a table of best known values, each with the file of its instance."""
    with (INSTANCES / folder / "best_known.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            yield INSTANCES / folder / f"{row['instance']}.txt", row


# --- running ---------------------------------------------------------------------------


def version_of(engine: str) -> str:
    """The version of an engine's package, and a short hash of the sources that its plans come from."""
    name = engine.partition(":")[0]
    if name not in DECIDES:
        raise SystemExit(f"There is no engine {name}. There are: {', '.join(DECIDES)}.")
    paths = sorted(path for pattern in DECIDES[name] for path in PLANNER.glob(pattern))
    if name == "pyvrp":
        paths.append(Path(__file__).parent / "pyvrp_engine.py")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:8]
    try:
        number = muster.__version__ if name == OWN else version(PACKAGES[name])
    except PackageNotFoundError:
        raise SystemExit(str(NotInstalled(engine=name, package=PACKAGES[name]))) from None
    return f"{number}+{digest}"


def kept(path: Path) -> list[Run]:
    """The runs of a file, whatever their version."""
    return [Run(**json.loads(line)) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def nothing_printed() -> Iterator[None]:
    """Keep what libraries say of themselves off standard output, which is the figures': HiGHS prints a banner at its first use."""
    sys.stdout.flush()
    kept_open = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept_open, 1)
        os.close(kept_open)


@nothing_printed()
def run_missing(instances: Sequence[Instance], asked: argparse.Namespace) -> list[Run]:
    """Make and keep each run that the file lacks; all runs that were asked for, old and new.

    What a newer version of the code has not run yet is run again; lines of older versions stay in the file.
    """
    names, seeds = asked.engines.split(","), [int(seed) for seed in asked.seeds.split(",")]
    versions = {engine: version_of(engine) for engine in names}
    known = {run.key: run for run in kept(asked.results) if run.share_percent >= asked.share}
    found: list[Run] = []
    cannot: set[str] = set()
    set_up = 0.0 if asked.only_figures or OWN not in names else engines.set_up(OWN)
    for seed in seeds:
        for instance in instances:
            for engine in names:
                if engine in cannot or (engine != OWN and seed != seeds[0]):
                    continue
                key = (instance.name, engine, versions[engine], seed, asked.seconds)
                if key not in known:
                    if asked.only_figures:
                        continue
                    try:
                        known[key] = made = run(
                            instance, engine, versions[engine], seed, asked.seconds, set_up
                        )
                    except NotExpressible as refusal:
                        print(refusal, file=sys.stderr)
                        cannot.add(engine)
                        continue
                    keep(asked.results, made)
                found.append(known[key])
    return found


def run(instance: Instance, engine: str, version: str, seed: int, seconds: float, set_up: float) -> Run:
    """One run. Raises NotExpressible, NotInstalled; KeyboardInterrupt where it was not let finish."""
    problem = read(instance.path)
    began, worked = time.perf_counter(), time.process_time()
    plan: Plan | None = None
    try:
        plan = solve(problem, engine, seconds=seconds, seed=seed)
    except (NotExpressible, NotInstalled):
        raise
    except MusterError as refusal:  # the check withheld the plan: it counts as none
        print(f"{instance.name}, {engine}: {refusal}", file=sys.stderr)
    took, processor = time.perf_counter() - began, time.process_time() - worked
    if plan and not plan.finished:
        raise KeyboardInterrupt
    return Run(
        instance=instance.name,
        moves=len(problem.moves),
        engine=engine,
        version=version,
        seed=seed,
        seconds=seconds,
        cost=round(plan.cost, 4) if plan else None,
        vehicles=len(plan.routes) if plan else None,
        unserved=len(plan.unserved) if plan else None,
        gap_percent=round(100 * (plan.cost / instance.best_cost - 1), 4)
        if plan and not plan.unserved
        else None,
        set_up_seconds=round(set_up, 2) if engine == OWN else 0.0,
        took_seconds=round(took, 2),
        processor_seconds=round(processor, 2),
        iterations=plan.iterations if plan else None,
        checked=plan is not None,
        machine=machine(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def solve(problem: Problem, engine: str, *, seconds: float, seed: int) -> Plan:
    """The plan of an engine, which has passed the check. `ortools:NAME` begins by that first-solution strategy."""
    name, _, strategy = engine.partition(":")
    if name == "pyvrp":
        plan = solve_by_pyvrp(problem, seconds=seconds, seed=seed)
    elif strategy:
        plan = solve_by_ortools(problem, seconds=seconds, seed=seed, strategy=strategy)
    else:
        return engines.solve(problem, engine=engine, seconds=seconds, seed=seed)
    if found := broken(problem, plan):
        raise engines.PlanBroken(engine=engine, found=found)
    return plan


def keep(path: Path, made: Run) -> None:
    """Add a run to its file, and say it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        file.write(json.dumps(asdict(made)) + "\n")
    gap = "no gap" if made.gap_percent is None else f"{made.gap_percent:+.2f} %"
    words = f"{made.instance:<12} {made.engine:<8} seed {made.seed}: {made.cost} in {made.vehicles} vehicles, {gap}"
    left = f", {made.unserved} unserved" if made.unserved else ""
    print(f"{words}{left}; {made.processor_seconds} of {made.took_seconds} s", file=sys.stderr, flush=True)


def machine() -> str:
    """The model of the processor, as the system names it."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text().splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


# --- figures ---------------------------------------------------------------------------

ByInstance = Mapping[str, Sequence[Run]]


def by_instance(runs: Iterable[Run], engine: str) -> dict[str, list[Run]]:
    """The runs of an engine, those of all seeds together, for each instance."""
    found: dict[str, list[Run]] = defaultdict(list)
    for one in runs:
        if one.engine.partition(":")[0] == engine:
            found[one.instance].append(one)
    return found


def mean_over(runs: ByInstance, value: Callable[[Run], float | None]) -> dict[str, float]:
    """For each instance the mean over its seeds, of the runs that have a value; an instance without one is left out."""
    told = {name: [found for one in each if (found := value(one)) is not None] for name, each in runs.items()}
    return {name: fmean(values) for name, values in told.items() if values}


def about(runs: ByInstance, instances: Sequence[Instance]) -> str:
    """What a note says of the runs: how many, of what version, what they took to set up, and which failed."""
    every = [one for each in runs.values() for one in each]
    failed = sorted({f"{one.instance} (seed {one.seed})" for one in every if not one.served})
    words = (
        f"{len(runs)} of {len(instances)} instances, {len(every)} runs of {every[0].engine} {every[0].version}, "
        f"set-up {max(one.set_up_seconds for one in every):.1f} s"
    )
    shares = [one.share_percent for one in every]
    words += f", {fmean(shares):.0f} % of a core in the mean and {min(shares):.0f} % at least"
    return f"{words}; FAILED, somebody unserved or no plan: {', '.join(failed)}" if failed else words
