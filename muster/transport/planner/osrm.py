"""Minutes and kilometres by road, from a server of OSRM: its `/table` service, in tiles, kept on disk, asked again where it fails.

Source: OSRM's HTTP API, version 1, service `table`: durations in seconds, distances in metres, null where there is no way.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import math
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import platformdirs

from muster.core.errors import Fault, FaultyFile, MusterError
from muster.transport.planner.problem import Place, Travel

TILE = 100  # sources and destinations asked for at once: what a server allows that nobody set otherwise
TRIES, FIRST_PAUSE_S, WAIT_S = 4, 0.5, 60.0
KEPT_S = 7 * 86_400.0  # roads change: after a week a tile is asked for anew
LARGEST_ANSWER = 20_000_000  # bytes; a tile has some 200,000


class NotAnswering(MusterError):
    """The server of distances does not answer, or not with a table."""

    code = "transport.osrm_not_answering"
    status = 503

    def __init__(self, *, url: str, why: str) -> None:
        self.url, self.why = url, why
        super().__init__(
            f"The server of distances at {url} gave no table: {why}. Start it or correct its address, or plan with the great "
            "circle or a matrix file."
        )


def by_road(
    places: Sequence[Place],
    *,
    url: str,
    profile: str = "driving",
    kept: Path | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Travel:
    """Ask a server for all legs between places on the globe. `kept`: the folder of tiles had before.

    Raises NotAnswering, and FaultyFile naming every two places between which there is no road.
    """
    folder = kept or platformdirs.user_cache_path("muster") / "osrm"
    base = f"{url.rstrip('/')}/table/v1/{profile}"
    size = len(places)
    time_min, distance = np.zeros((size, size)), np.zeros((size, size))
    for top in range(0, size, TILE):
        for left in range(0, size, TILE):
            rows, columns = slice(top, top + TILE), slice(left, left + TILE)
            answer = _tile(base, places[rows], places[columns], folder, pause)
            time_min[rows, columns] = answer[0] / 60
            distance[rows, columns] = answer[1] / 1000
    for matrix in (time_min, distance):
        np.fill_diagonal(matrix, 0)
    if faults := [
        Fault(None, f"{places[a].code} -> {places[b].code}", "transport.no_road",
              f"There is no road from {places[a].code} to {places[b].code}. Correct a coordinate, or state the leg.")
        for a, b in np.argwhere(~np.isfinite(time_min + distance))
    ]:  # fmt: skip
        raise FaultyFile(faults)
    return Travel(time_min=time_min, distance=distance, source=f"OSRM at {url}, {profile}")


def _tile(
    base: str, sources: Sequence[Place], ends: Sequence[Place], folder: Path, pause: Callable[[float], None]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Seconds and metres from each of the sources to each of the ends; inf where there is no way."""
    points = ";".join(f"{place.longitude:.6f},{place.latitude:.6f}" for place in (*sources, *ends))
    first = ";".join(str(n) for n in range(len(sources)))
    then = ";".join(str(n) for n in range(len(sources), len(sources) + len(ends)))
    url = f"{base}/{points}?annotations=duration,distance&sources={first}&destinations={then}"
    file = folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
    shape = (len(sources), len(ends))
    for known in (_kept(file), None):
        content = known if known is not None else _ask(url, base, pause)
        try:
            seconds, metres = _read(content, shape)
        except (ValueError, KeyError, TypeError, RecursionError) as fault:
            if known is not None:
                continue  # what was kept is broken: ask again
            raise NotAnswering(url=base, why=f"its answer is no table of {shape[0]} x {shape[1]}") from fault
        if known is None:
            _keep(file, content)
        return seconds, metres
    raise AssertionError("a tile is read or refused")


def _read(content: bytes, shape: tuple[int, int]) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    answer = json.loads(content)
    if answer["code"] != "Ok":
        raise ValueError(answer["code"])
    seconds, metres = (
        np.array([[math.inf if cell is None else float(cell) for cell in row] for row in answer[name]])
        for name in ("durations", "distances")
    )
    if seconds.shape != shape or metres.shape != shape or (seconds < 0).any() or (metres < 0).any():
        raise ValueError(seconds.shape)
    if np.isnan(seconds).any() or np.isnan(metres).any():
        raise ValueError("nan")
    return seconds, metres


def _ask(url: str, base: str, pause: Callable[[float], None]) -> bytes:
    """What the server answers. One that is busy, down or slow is asked again, after ever longer pauses. Raises NotAnswering."""
    why = ""
    for attempt in range(TRIES):
        if attempt:
            pause(FIRST_PAUSE_S * 2 ** (attempt - 1))
        try:
            with urllib.request.urlopen(
                url, timeout=WAIT_S
            ) as answer:  # the scheme was checked when the file was read
                return bytes(answer.read(LARGEST_ANSWER))
        except urllib.error.HTTPError as refused:
            why = f"it answered {refused.code}{_said(refused)}"
            if refused.code < 500 and refused.code != 429:
                break
        except (OSError, ValueError, http.client.HTTPException) as fault:
            why = str(getattr(fault, "reason", "") or fault) or type(fault).__name__
    raise NotAnswering(url=base, why=why)


def _said(refused: urllib.error.HTTPError) -> str:
    """The sentence with which OSRM refuses, where it has one."""
    with suppress(ValueError, KeyError, TypeError, OSError):
        return f" ({str(json.loads(refused.read(10_000))['message'])[:200]})"
    return ""


def _kept(file: Path) -> bytes | None:
    with suppress(OSError):
        if 0 <= time.time() - file.stat().st_mtime < KEPT_S:
            return file.read_bytes()
    return None


def _keep(file: Path, content: bytes) -> None:
    """Write whole or not at all. Where nothing can be kept, it is asked for again the next time."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, delete=False) as part:
            part.write(content)
        Path(part.name).replace(file)
