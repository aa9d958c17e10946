"""python -m muster_verifier DIR [--checkpoint FILE] [--public-key FILE]

Exit status 0: the export is what was signed. 1: it is not. 2: it, a key or a checkpoint cannot be used.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from muster_verifier import entries
from muster_verifier.leaves import Bad, Replay, Tree, leaves
from muster_verifier.notes import Checkpoint, Untrusted, read_checkpoint, read_keys


def check(folder: Path, checkpoints: list[Checkpoint]) -> tuple[Tree, Replay]:
    """Replay the leaves and compare the root at each checkpoint's size. Raises Bad."""
    tree, replay = Tree(), Replay()
    due = sorted(checkpoints, key=lambda checkpoint: checkpoint.size, reverse=True)
    _compare(tree, due)
    for index, leaf, row in leaves(folder / "leaves.jsonl"):
        replay.take(index, leaf, row)
        tree.add(leaf)
        _compare(tree, due)
    replay.end(tree.size)
    if due:
        raise Bad(f"a checkpoint has {due[-1].size} leaves and the export has {tree.size}")
    entries.compare(folder, replay)
    return tree, replay


def _compare(tree: Tree, due: list[Checkpoint]) -> None:
    while due and due[-1].size == tree.size:
        if due.pop().root != tree.root():
            raise Bad(f"a checkpoint has another root for the first {tree.size} leaves")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="muster_verifier", description="Check an export of a Muster record."
    )
    parser.add_argument("folder", type=Path, help="what `muster export` wrote")
    parser.add_argument("--checkpoint", type=Path, help="a checkpoint that was kept elsewhere")
    parser.add_argument(
        "--public-key", type=Path, help="public keys that you have from elsewhere, one a line"
    )
    given = parser.parse_args(arguments)
    try:
        keys = read_keys((given.public_key or given.folder / "public-key.txt").read_text("utf-8"))
        own = read_checkpoint((given.folder / "checkpoint.txt").read_text("utf-8"), keys)
        kept = [read_checkpoint(given.checkpoint.read_text("utf-8"), keys)] if given.checkpoint else []
        tree, replay = check(given.folder, [own, *kept])
        if tree.size != own.size:
            raise Bad(f"the export has {tree.size} leaves and its checkpoint {own.size}")
    except Bad as bad:
        print(f"Not as it was signed: {bad}.")
        return 1
    except (Untrusted, OSError, UnicodeDecodeError) as fault:
        print(f"Nothing was checked: {fault}.", file=sys.stderr)
        return 2
    print(
        f"As it was signed by {own.origin}: {replay.entries} entries, {tree.size} leaves, root {tree.root().hex()}."
    )
    if not given.public_key or not kept:
        print(
            "For proof, bring the public key and a checkpoint that the record's operator cannot have changed."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
