"""How the search is compiled: kept on disk, and without counting who refers to an array.

The search passes some sixty arrays from function to function. They are made once, by Python, and outlive every call, so
counting references to them, which would take most of the time, is left out; no compiled function may make an array.
"""

from __future__ import annotations

from numba import njit

compiled = njit(cache=True, _nrt=False)
within = njit(cache=True, _nrt=False, inline="always")  # compiled into each of its callers
