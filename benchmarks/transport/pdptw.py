"""Pickup and delivery: Muster's engine on the shared instances of Li and Lim and of Sartori and Buriol, beside PyVRP and VROOM.

    uv run --group peers python benchmarks/transport/pdptw.py [--instances 'lc1*,bar*' | lilim-100,sartori-n200 ...]
        [--engines muster,pyvrp,vroom,ortools] [--seconds 60] [--seeds 1,2,3,4,5] [--results FILE] [--share 90] [--only-figures] [--json]

The fewest vehicles come first, then the least distance (Li and Lim) or driving time (Sartori and Buriol). Runs are kept and
taken up again as `darp.py` says. Sets are `lilim-100` to `lilim-1000` and `sartori-n100` to `sartori-n400`. Costs are compared where the
vehicles are equal; a run that leaves somebody unserved counts in no mean and is named as failed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from runs import OWN, Instance, Run, about, by_instance, chosen, mean_over, options, rows_of, run_missing

VEHICLES_PERCENT, DISTANCE_PERCENT = 95.0, 1.0  # of Li and Lim's 100 and 200, at 60 s
LIMIT = "limit of lilim-100 and -200 at 60 s"
PEERS = ("pyvrp", "vroom", "ortools")


def instances() -> Iterator[Instance]:
    """The shared instances, in sets by where they are from and their size."""
    for folder, group, cost in (("lilim", "lilim-", "distance"), ("sartori_buriol", "sartori-n", "cost")):
        for path, row in rows_of(f"pdptw/{folder}"):
            yield Instance(
                name=row["instance"], set=f"{group}{row['size']}", path=path, best_cost=float(row[cost]),
                best_vehicles=int(row["vehicles"]),
            )  # fmt: skip


def main() -> None:
    """Make the runs that are missing, then tell the figures."""
    asked = options(__doc__ or "", results="pdptw.jsonl", usual_engines=OWN, usual_seconds=60.0)
    found = chosen(instances(), asked.instances)
    runs = run_missing(found, asked)
    for group in dict.fromkeys(one.set for one in instances()):
        members = {one.name: one for one in found if one.set == group}
        told = [run for run in runs if run.instance in members]
        if told:
            tell(f"{group}_{asked.seconds:g}s", members, told)


def tell(figure: str, members: Mapping[str, Instance], runs: Sequence[Run]) -> None:
    """The figures of a set of instances: Muster's engine beside what is best known, then beside each peer."""
    for engine in (OWN, *PEERS):
        if made := by_instance(runs, engine):
            beside_best_known(f"{figure}_{engine}", members, made)
    ours = by_instance(runs, OWN)
    for peer in PEERS:
        theirs = by_instance(runs, peer)
        both = [name for name in theirs if name in ours]
        if both:
            compare(figure, peer, {name: ours[name] for name in both}, {name: theirs[name] for name in both})


def beside_best_known(figure: str, members: Mapping[str, Instance], made: dict[str, list[Run]]) -> None:
    """How often the vehicles are as few as is known, and the cost above the best known where they are."""

    def is_fewest(run: Run) -> float:
        return 100.0 * (run.served and (run.vehicles or 0) <= (members[run.instance].best_vehicles or 0))

    def gap(run: Run) -> float | None:
        return run.gap_percent if run.vehicles == members[run.instance].best_vehicles else None

    print_figure(
        f"{figure}_fewest_vehicles", fmean(mean_over(made, is_fewest).values()), "%", against=LIMIT,
        against_value=VEHICLES_PERCENT, note=about(made, list(members.values())),
    )  # fmt: skip
    gaps = mean_over(made, gap)
    if gaps:
        worst = max(gaps, key=lambda name: gaps[name])
        print_figure(
            f"{figure}_gap", fmean(gaps.values()), "%", against=LIMIT, against_value=DISTANCE_PERCENT,
            note=f"{len(gaps)} instances with as few vehicles; worst {gaps[worst]:.2f} % on {worst}",
        )  # fmt: skip


def compare(figure: str, peer: str, ours: dict[str, list[Run]], theirs: dict[str, list[Run]]) -> None:
    """Vehicles in the mean, cost in the mean where the vehicles are equal, and on how many instances ours is no worse."""
    (our_vehicles, our_costs), (vehicles, costs) = (
        (mean_over(runs, lambda run: run.vehicles if run.served else None), mean_over(runs, lambda run: run.whole_cost))
        for runs in (ours, theirs)
    )  # fmt: skip
    served = [name for name in ours if name in our_vehicles and name in vehicles]
    level = [
        name for name in our_vehicles
        if name not in vehicles or (our_vehicles[name], our_costs[name]) <= (vehicles[name], costs[name] + 1e-6)
    ]  # fmt: skip
    print_figure(
        f"{figure}_level_with_{peer}", len(level), "instances", against="of", against_value=len(ours),
        note=f"vehicles first; worse on {', '.join(name for name in ours if name not in level) or 'none'}",
    )  # fmt: skip
    if not served:
        return
    print_figure(
        f"{figure}_vehicles_beside_{peer}", fmean(our_vehicles[name] for name in served), "vehicles in the mean",
        against=peer, against_value=fmean(vehicles[name] for name in served), note=f"{len(served)} instances",
    )  # fmt: skip
    equal = [name for name in served if our_vehicles[name] == vehicles[name]]
    if equal:
        print_figure(
            f"{figure}_cost_beside_{peer}", fmean(our_costs[name] for name in equal), "in the mean", against=peer,
            against_value=fmean(costs[name] for name in equal), note=f"{len(equal)} instances with as many vehicles",
        )  # fmt: skip


if __name__ == "__main__":
    main()
