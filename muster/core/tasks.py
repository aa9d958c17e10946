"""The closed list of task categories: what a line of a request, a decision and a task can be about.

Which of them may be given, in which duty status, is not said here: that is the task table of the rule packs.
"""

from dataclasses import dataclass
from typing import Literal

Contact = Literal["none", "incidental", "direct"]  # with persons in custody, from least to most
CONTACTS: tuple[Contact, ...] = ("none", "incidental", "direct")


@dataclass(frozen=True)
class Task:
    """One category.

    `contact` is the least contact with persons in custody without which it cannot be done.
    """

    id: str
    name: str
    contact: Contact = "none"


TASKS: dict[str, Task] = {
    task.id: task
    for task in (
        Task("T01", "Clerical work, data entry"),
        Task("T02", "Case management: checklists, scheduling, moving files"),
        Task("T03", "Transport of supplies"),
        Task("T04", "Transport of detainees", "direct"),
        Task("T05", "In- and out-processing with the person present", "direct"),
        Task("T06", "Property inventory"),
        Task("T07", "Detention facility administration"),
        Task("T08", "Logistics, maintenance"),
        Task("T09", "Medical support"),
        Task("T10", "Interpretation, translation"),
        Task("T11", "Perimeter security of a facility"),
        Task("T12", "Guarding detainees", "direct"),
        Task("T13", "Arrest, apprehension", "direct"),
        Task("T14", "Search of people, vehicles, premises"),
        Task("T15", "Seizure"),
        Task("T16", "Surveillance, pursuit, locating people"),
        Task("T17", "Interrogation, questioning", "direct"),
        Task("T18", "Evidence handling, forensic testing"),
        Task("T19", "Crowd control, civil disturbance"),
        Task("T20", "Checkpoints, traffic control"),
        Task("T21", "Disaster life-saving: rescue, evacuation, sandbags, debris, water, power"),
        Task("T22", "Shelter support: registration, bedding, meals, transport of evacuees"),
        Task("T23", "Adjudication, legal officer as immigration judge"),
        Task("T24", "Service of civil or administrative papers on people in custody", "direct"),
    )
}


def contact_of(task: str, stated: Contact | None) -> Contact | None:
    """The contact that a line brings: the stated one, or the task's own least where that is more.

    None: not stated.
    """
    least = TASKS[task].contact
    if stated is None:
        return None if least == "none" else least
    return max(stated, least, key=CONTACTS.index)
