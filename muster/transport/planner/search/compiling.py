"""How the search is compiled: kept on disk, and without counting who refers to an array.

The search passes some sixty arrays from function to function. They are made once, by Python, and outlive every call, so
counting references to them, which would take most of the time, is left out: no compiled function may make an array. What
Python calls must count, or the arrays that it passes are never freed.

What was compiled is kept in a folder of its own for these very sources. Numba looks only at the file of a function, not at
those of the functions that it calls, and would go on with what was compiled of another version of them.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import platformdirs

Function = TypeVar("Function", bound=Callable[..., object])


def _folder() -> Path:
    """Where what is compiled of these sources is kept."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    return Path(platformdirs.user_cache_dir("muster")) / "planner" / digest[:16]


FOLDER = _folder()


def _made(function: Function, **options: Any) -> Function:
    config: Any = numba.config  # its settings are made when it is imported
    before = config.CACHE_DIR
    config.CACHE_DIR = str(FOLDER)
    try:
        return cast(Function, numba.njit(cache=True, **options)(function))
    finally:
        config.CACHE_DIR = before


def compiled(function: Function) -> Function:
    """The function, compiled at its first call."""
    return _made(function, _nrt=False)


def called_from_python(function: Function) -> Function:
    """The function, compiled at its first call, with references counted."""
    return _made(function)


def within(function: Function) -> Function:
    """The function, compiled into each of its callers."""
    return _made(function, _nrt=False, inline="always")


@contextmanager
def by_one_at_a_time() -> Iterator[None]:
    """Let one process compile, and others wait for what it keeps instead of compiling the same beside it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
