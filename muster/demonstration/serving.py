"""The members of the exercise: stated, ordered, checked in, at work, and two who were called up and never went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from muster import actions
from muster.access.control import Actor
from muster.demonstration.exercise import NORTH_PLACE, SOUTH_PLACE
from muster.demonstration.telling import Cast

GUARD = "EX-GUARD"
UNITS = ("1st Transport Company", "2nd Support Company")
SKILLS = ("licence-c", "data entry", "case management")
STATUS = "T32-502f1A"  # in which the request was decided
STATED, ORDERED, ARRIVED, LET_GO = 30, 26, 22, 2


def serve(cast: Cast, operations: Actor) -> None:
    """State the members and take them on. Their tags are drawn anew each time, as the record draws them."""

    def do(action: str, **inputs: Any) -> Any:
        return actions.find(action)(actor=operations, **inputs).answer

    tags = do(
        "tasks.state_members", organisation=GUARD, members=[_member(n, cast) for n in range(STATED)]
    ).tags
    of = {"mission": cast.mission}
    do("tasks.nominate", members=tags[ORDERED:], at=cast.ago(39), **of)
    order = {
        "status": STATUS,
        "from_on": cast.day(2),
        "until_on": cast.day(-10),
        "order": "EX-ORDER-7",
        "at": cast.ago(38),
    }
    do("tasks.order_members", members=tags[:14], report_to=NORTH_PLACE, **order, **of)
    do("tasks.order_members", members=tags[14:ORDERED], report_to=SOUTH_PLACE, **order, **of)
    travel = {"travel": "unit vehicles", "resource_order": "EX-ORDER-7"}
    do(
        "tasks.check_in",
        members=tags[:14],
        at=cast.ago(36),
        place=NORTH_PLACE,
        departed_from=UNITS[0],
        **travel,
        **of,
    )
    do(
        "tasks.check_in",
        members=tags[14:ARRIVED],
        at=cast.ago(35),
        place=SOUTH_PLACE,
        departed_from=UNITS[1],
        **travel,
        **of,
    )
    do("tasks.assign", task=f"{cast.mission}-T1", members=tags[:10], at=cast.ago(34))
    do("tasks.make_available", members=tags[10:14], at=cast.ago(34), **of)
    do("tasks.assign", task=f"{cast.mission}-T4", members=tags[14:20], at=cast.ago(34))
    _on_shift(cast, do, tags)
    do(
        "tasks.release_members",
        members=tags[20:22],
        at=cast.ago(6),
        reason="Relieved by the next shift.",
        **of,
    )
    do(
        "tasks.check_out",
        members=tags[20:21],
        at=cast.ago(5),
        destination=UNITS[1],
        travel="unit vehicles",
        **of,
    )
    gone = tags[ORDERED - LET_GO : ORDERED]
    do(
        "tasks.release_members",
        members=gone,
        at=cast.ago(4),
        reason="Fewer were needed than were ordered.",
        **of,
    )


def _on_shift(cast: Cast, do: Callable[..., Any], tags: Sequence[str]) -> None:
    """Two shifts a day from yesterday on, with the rest that the exercise asks for; those of two who are let go later do not fit then."""
    source = {"publisher": "Example Guard", "title": "Standing order of the exercise"}
    do("tasks.state_rest", mission=cast.mission, hours=10, source=source)
    crews = (
        (tags[:5], "T1", 0),
        (tags[5:10], "T1", 8),
        (tags[14:17], "T4", 0),
        (tags[17:20], "T4", 8),
        (tags[20:22], "T4", 8),
    )
    shifts = [
        {
            "member": tag,
            "task": f"{cast.mission}-{task}",
            "begins_at": cast.ago(hours),
            "ends_at": cast.ago(hours - 8),
        }
        for crew, task, later in crews
        for day in range(5)
        for hours in [24 - 24 * day - later]
        for tag in crew
    ]
    do("tasks.plan_shifts", mission=cast.mission, shifts=shifts)


def _member(n: int, cast: Cast) -> dict[str, Any]:
    """One member, told by a number of the exercise, which the record keeps as a hash alone."""
    return {
        "member": f"EX-{n:03}", "unit": UNITS[n >= 14], "duty_status": STATUS, "status_from": cast.day(5),
        "status_until": cast.day(-25), "volunteer": True if n % 3 else None, "volunteer_on": cast.day(6) if n % 3 else None,
        "skills": [{"skill": SKILLS[n % 3], "expires_on": cast.day(-200)}],
    }  # fmt: skip
