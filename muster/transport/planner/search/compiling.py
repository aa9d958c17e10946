"""How the search is compiled: kept on disk, and without counting who refers to an array.

The search passes some sixty arrays from function to function. They are made once, by Python, and outlive every call, so
counting references to them, which would take most of the time, is left out; no compiled function may make an array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])
KEPT: dict[str, Any] = {"cache": True, "_nrt": False}


def compiled(function: Function) -> Function:
    """The function, compiled at its first call."""
    made: Function = njit(**KEPT)(function)
    return made


def within(function: Function) -> Function:
    """The function, compiled into each of its callers."""
    made: Function = njit(**KEPT, inline="always")(function)
    return made
