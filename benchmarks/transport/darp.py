"""Dial-a-ride: Muster's engine on the shared instances of Cordeau and Laporte and of Ropke, beside best known costs and OR-Tools.

    uv run python benchmarks/transport/darp.py [--instances 'pr*,a*' | pr | ab] [--engines muster,ortools] [--seconds 10]
        [--seeds 1,2,3,4,5] [--results FILE] [--share 90] [--only-figures] [--json]

Each run is one line of `benchmarks/transport/results/darp.jsonl` as soon as it is made, and is not made again while the sources it
comes from are the same: end the script when you like, and start it again to go on. With `--share 90` what got less than 90 % of
a core, beside other work, is run again. The figures are told of the runs asked for: the mean over an instance's seeds, then
over the instances. A run that leaves somebody unserved has no gap and is named as failed. OR-Tools begins by
LOCAL_CHEAPEST_INSERTION; `ortools:PARALLEL_CHEAPEST_INSERTION` and the like are peers of their own, and the best of those
asked for counts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).parents[1]))
from figures import print_figure
from runs import OWN, Instance, Run, about, by_instance, chosen, mean_over, options, rows_of, run_missing

LIMITS = {"pr": {10.0: 3.0, 60.0: 1.0}, "ab": {10.0: 0.2}}  # % above best known, by seconds, in the mean
WORST_PERCENT = 2.5  # of any instance of pr at 60 s
LARGE, AHEAD_PERCENT = 72, 5.0  # from so many moves on, so far ahead of OR-Tools
PEERS = ("ortools", "vroom", "pyvrp")


def instances() -> Iterator[Instance]:
    """The shared instances: `pr`, and `ab` with the a and the b ones together."""
    for path, row in rows_of("darp"):
        group = "pr" if row["instance"].startswith("pr") else "ab"
        yield Instance(name=row["instance"], set=group, path=path, best_cost=float(row["best_known_cost"]))


def main() -> None:
    """Make the runs that are missing, then tell the figures."""
    asked = options(__doc__ or "", results="darp.jsonl", usual_engines=OWN, usual_seconds=10.0)
    found = chosen(instances(), asked.instances)
    runs = run_missing(found, asked)
    for group in LIMITS:
        members = [one for one in found if one.set == group]
        names = {one.name for one in members}
        told = [run for run in runs if run.instance in names]
        if told:
            tell(group, members, told, asked.seconds)


def tell(group: str, members: Sequence[Instance], runs: Sequence[Run], seconds: float) -> None:
    """The figures of a set of instances."""
    ours = by_instance(runs, OWN)
    gaps = mean_over(ours, lambda run: run.gap_percent)
    limits = LIMITS[group]
    reached = max((at for at in limits if at <= seconds), default=min(limits))
    if gaps:
        print_figure(
            f"darp_{group}_{seconds:g}s_gap", fmean(gaps.values()), "%", against=f"limit at {reached:g} s",
            against_value=limits[reached], note=about(ours, members),
        )  # fmt: skip
        worst = max(gaps, key=lambda name: gaps[name])
        every = [
            (run.gap_percent, run) for each in ours.values() for run in each if run.gap_percent is not None
        ]
        worst_gap, single = max(every, key=lambda found: found[0])
        print_figure(
            f"darp_{group}_{seconds:g}s_worst_gap", gaps[worst], "%", against="limit of pr at 60 s",
            against_value=WORST_PERCENT,
            note=f"{worst}; the worst single run {worst_gap:.2f} % ({single.instance}, seed {single.seed})",
        )  # fmt: skip
    for peer in PEERS:
        if beside := by_instance(runs, peer):
            compare(f"darp_{group}_{seconds:g}s", peer, members, ours, beside)


def compare(
    figure: str,
    peer: str,
    members: Sequence[Instance],
    ours: dict[str, list[Run]],
    theirs: dict[str, list[Run]],
) -> None:
    """On how many instances the mean cost is no higher than the peer's best, and by how much it is lower."""
    costs = mean_over(ours, lambda run: run.whole_cost)
    best = {
        name: min(made)
        for name, each in theirs.items()
        if (made := [cost for run in each if (cost := run.whole_cost) is not None])
    }
    # A plan that moves everybody is better than none that does.
    both = [name for name in theirs if name in ours]
    level = [name for name in both if name in costs and costs[name] <= best.get(name, float("inf")) + 1e-6]
    alone = [name for name in both if name in costs and name not in best]
    if not both:
        return
    print_figure(
        f"{figure}_level_with_{peer}", len(level), "instances", against="of", against_value=len(both),
        note=f"better or equal; {peer} left somebody on {len(alone)}: {', '.join(alone) or 'none'}. {about(theirs, members)}",
    )  # fmt: skip
    ahead = {name: 100 * (1 - costs[name] / best[name]) for name in both if name in costs and name in best}
    large = {name: value for name, value in ahead.items() if ours[name][0].moves >= LARGE}
    for words, values in (("", ahead), (f"_{LARGE}_moves_on", large)):
        if values:
            least = min(values, key=lambda name: values[name])
            print_figure(
                f"{figure}_ahead_of_{peer}{words}", fmean(values.values()), "%", against="to reach on the large ones",
                against_value=AHEAD_PERCENT, note=f"{len(values)} instances; least {values[least]:.2f} % on {least}",
            )  # fmt: skip


if __name__ == "__main__":
    main()
