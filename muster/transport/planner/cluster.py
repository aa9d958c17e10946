"""A Ray cluster as an executor: parts are planned by all its processors as they are by those of one machine.

The same version of Muster, with the extra `planner-ray`, is installed on every machine of the cluster. Each compiles the search
at its first use, as one machine does.
"""

from __future__ import annotations

import logging
import os
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

from muster.core.errors import MusterError

AUTO = "auto"  # the cluster that this machine is part of
ADDRESS = re.compile(r"(?:ray://)?(?:\[(?P<six>[0-9a-f:.]+)\]|(?P<host>[\w.-]+)):(?P<port>\d{1,5})", re.ASCII)
ANSWERS_S = 5.0  # how long a cluster may take to answer
SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is reported to Ray's makers
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # workers run what is installed on their machine
}  # read when Ray is imported
P = ParamSpec("P")
T = TypeVar("T")


class RayNotInstalled(MusterError):
    """Ray is not there."""

    code = "transport.ray_not_installed"

    def __init__(self) -> None:
        super().__init__(
            "Planning on a cluster needs Ray, which is not installed. Run: pip install 'muster-record[planner-ray]', "
            "on every machine of the cluster; or leave --cluster out."
        )


class ClusterNotReached(MusterError):
    """No cluster answers at the address, or it does not take this machine's work."""

    code = "transport.cluster_not_reached"

    def __init__(self, *, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(
            f"There is no Ray cluster at {address[:80]}: {reason.rstrip('.')}. Correct the address, start the cluster "
            "(ray start --head), or leave --cluster out: then the processors of this machine plan."
        )


class ClusterFailed(MusterError):
    """The cluster took the work and did not finish it."""

    code = "transport.cluster_failed"

    def __init__(self, *, address: str, reason: str) -> None:
        self.address, self.reason = address, reason
        super().__init__(
            f"The Ray cluster at {address[:80]} did not finish: {reason.rstrip('.')}. On each of its machines the same version "
            "of Muster must be installed, with the extra planner-ray. Without --cluster the processors of this machine plan."
        )


@contextmanager
def on_a_cluster(address: str) -> Iterator[tuple[Executor, int]]:
    """The cluster as an executor, and how many processors it has, until the block ends; work that is not done then is dropped.

    `address` is `auto` on a machine of the cluster, `HOST:PORT` of its head from one of its machines, or `ray://HOST:PORT` from
    any other.

    Raises RayNotInstalled, ClusterNotReached; ClusterFailed where machines are lost or cannot plan.
    """
    ray = _ray()
    _check_answers(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        workers = int(ray.cluster_resources().get("CPU", 0))
    except (ImportError, OSError, RuntimeError, ValueError, ray.exceptions.RayError) as refused:
        ray.shutdown()
        raise ClusterNotReached(address=address, reason=_first_line(refused)) from refused
    try:
        if workers < 1:
            raise ClusterNotReached(address=address, reason="it has no processors for work")
        yield _Cluster(ray), workers
    except ray.exceptions.RayError as failed:
        raise ClusterFailed(address=address, reason=_last_line(failed)) from failed
    finally:
        ray.shutdown()


def _ray() -> Any:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ModuleNotFoundError:
        raise RayNotInstalled from None
    return ray


def _check_answers(address: str) -> None:
    """Raise ClusterNotReached where nothing listens: Ray would try for minutes."""
    if address == AUTO:
        return
    found = ADDRESS.fullmatch(address)
    if not found:
        reason = "that is no address. Write auto, HOST:6379 or ray://HOST:10001"
        raise ClusterNotReached(address=address, reason=reason)
    host, port = found["six"] or found["host"], int(found["port"])
    try:
        socket.create_connection((host, port), timeout=ANSWERS_S).close()
    except (OSError, OverflowError) as silent:
        raise ClusterNotReached(address=address, reason=_first_line(silent)) from None


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__


def _last_line(error: BaseException) -> str:
    """Of an error on a worker, which is told with where it arose: what was so."""
    return str(error).strip().rpartition("\n")[2] or type(error).__name__


class _Cluster(Executor):
    """Calls as tasks of one processor each; Ray begins one anew whose machine is lost."""

    def __init__(self, ray: Any) -> None:
        self._task = ray.remote(num_cpus=1)(_called)

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = self._task.remote(fn, *args, **kwargs).future()
        return future


def _called(fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    return fn(*args, **kwargs)
