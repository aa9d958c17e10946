"""Checkpoints: the signed root of the tree, made now and then, and kept where whoever runs the server cannot reach.

Making one is the work of the server itself and no act: it says nothing new, only how the record stands.
"""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from muster import config
from muster.core.errors import MusterError
from muster.database.streaming import streamed
from muster.record import notes
from muster.record.action import sequence
from muster.record.models import Checkpoint, Leaf
from muster.record.tree import Frontier

EVERY_LEAVES = 1_000
EVERY = timedelta(minutes=1)
NEWER = "SELECT index, leaf FROM record_leaf WHERE index >= %(size)s ORDER BY index"


class BrokenTree(MusterError):
    """The leaves are not those that the latest checkpoint has, so no further one is signed."""

    code = "record.broken_tree"

    def __init__(self, *, reason: str) -> None:
        super().__init__(
            f"Nothing was signed: {reason}. Run `muster verify`, and keep the older checkpoints."
        )


def make() -> Checkpoint:
    """The checkpoint of all the leaves there are: the latest one, or a new one. Raises BrokenTree, BadSetting.

    It goes on from the latest checkpoint's frontier and reads only the leaves since.
    """
    sequence()
    latest = Checkpoint.objects.order_by("-size").first()
    frontier = _frontier(latest)
    for index, leaf in streamed(NEWER, {"size": frontier.size}):
        if index != frontier.size:
            raise BrokenTree(reason=f"leaf {frontier.size} is missing")
        frontier.append(bytes(leaf))
    if latest is not None and latest.size == frontier.size:
        if size() < latest.size:
            raise BrokenTree(reason=f"the latest checkpoint has {latest.size} leaves and the tree has fewer")
        return latest
    stated = notes.Stated(config.current().checkpoint_origin, frontier.size, frontier.root())
    made = Checkpoint(
        size=stated.size,
        root=stated.root,
        note=signed(stated),
        frontier=frontier.to_bytes(),
    )
    # Another process may have made the same one meanwhile.
    Checkpoint.objects.bulk_create([made], ignore_conflicts=True)
    return Checkpoint.objects.get(size=stated.size)


def make_if_due() -> None:
    """Make a checkpoint if a minute has passed since the latest one, or 1,000 leaves; never one of the same leaves."""
    latest = Checkpoint.objects.order_by("-size").values_list("size", "recorded_at").first()
    at, made_at = latest or (0, None)
    new = size() - at
    if new and (made_at is None or new >= EVERY_LEAVES or timezone.now() - made_at >= EVERY):
        make()


def size() -> int:
    """How many leaves the tree has, by the index of its last."""
    last = Leaf.objects.order_by("-index").values_list("index", flat=True).first()
    return 0 if last is None else last + 1


def signed(stated: notes.Stated) -> str:
    """The note that says so, signed with this installation's key. Raises BadSetting."""
    return notes.sign(stated.text(), stated.origin, config.current().checkpoint_seed())


def public_key() -> str:
    """The key by which readers check this installation's checkpoints. Raises BadSetting."""
    settings = config.current()
    return notes.public_key(settings.checkpoint_origin, settings.checkpoint_seed())


def _frontier(latest: Checkpoint | None) -> Frontier:
    if latest is None:
        return Frontier()
    try:
        frontier = Frontier.of_bytes(latest.size, bytes(latest.frontier))
    except ValueError:
        frontier = Frontier()
    if frontier.root() != bytes(latest.root):
        raise BrokenTree(reason=f"the checkpoint of {latest.size} leaves does not fit its own root")
    return frontier
